"""After-tax back-tests of rebalancing rules: ``import rebal_kit as rk`` and everything one needs is ``rk.…``.

Each name is loaded on first use, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what editors and type checkers see; `_HOMES` is the same list for the running program
    from rebal_kit.alerts import send_alert as send_alert
    from rebal_kit.audit import Audit as Audit
    from rebal_kit.axes import Between as Between
    from rebal_kit.backtest import Backtest as Backtest
    from rebal_kit.backtest import backtest as backtest
    from rebal_kit.bootstrap import Bootstrap as Bootstrap
    from rebal_kit.bootstrap import bootstrap as bootstrap
    from rebal_kit.bootstrap_paths import bootstrap_paths as bootstrap_paths
    from rebal_kit.carried_over import carried_over as carried_over
    from rebal_kit.carried_over import state_from_ledger as state_from_ledger
    from rebal_kit.compare import Comparison as Comparison
    from rebal_kit.compare import compare as compare
    from rebal_kit.conventions import WashSaleConventions as WashSaleConventions
    from rebal_kit.costs import Costs as Costs
    from rebal_kit.design import Design as Design
    from rebal_kit.domain import Account as Account
    from rebal_kit.domain import AccountKind as AccountKind
    from rebal_kit.domain import Household as Household
    from rebal_kit.domain import Security as Security
    from rebal_kit.domain import TaxLot as TaxLot
    from rebal_kit.execution import Execution as Execution
    from rebal_kit.files.approval import Approval as Approval
    from rebal_kit.files.approval import approve as approve
    from rebal_kit.files.audit_log import load_audit_log as load_audit_log
    from rebal_kit.files.audit_log import verify_audit_log as verify_audit_log
    from rebal_kit.files.fills_file import load_fills as load_fills
    from rebal_kit.files.household import HouseholdReading as HouseholdReading
    from rebal_kit.files.household import load_household as load_household
    from rebal_kit.files.household import read_household as read_household
    from rebal_kit.files.household import save_household as save_household
    from rebal_kit.files.household_import import import_household as import_household
    from rebal_kit.files.household_import import write_household as write_household
    from rebal_kit.files.ledger_file import load_ledger as load_ledger
    from rebal_kit.files.policy import dump_policy as dump_policy
    from rebal_kit.files.policy import load_policy as load_policy
    from rebal_kit.files.proposal_file import load_proposal_document as load_proposal_document
    from rebal_kit.files.proposal_file import save_proposal_document as save_proposal_document
    from rebal_kit.files.reconciliation import Reconciliation as Reconciliation
    from rebal_kit.files.reconciliation import reconcile as reconcile
    from rebal_kit.files.result_files import load_result as load_result
    from rebal_kit.files.result_files import save_result as save_result
    from rebal_kit.files.scenario import load_scenario as load_scenario
    from rebal_kit.files.scenario import save_scenario as save_scenario
    from rebal_kit.findings import Finding as Finding
    from rebal_kit.findings import HouseholdError as HouseholdError
    from rebal_kit.findings import LawError as LawError
    from rebal_kit.findings import LedgerError as LedgerError
    from rebal_kit.findings import MarketError as MarketError
    from rebal_kit.findings import PolicyError as PolicyError
    from rebal_kit.findings import RebalError as RebalError
    from rebal_kit.findings import SimulationError as SimulationError
    from rebal_kit.flows import CashFlow as CashFlow
    from rebal_kit.gain_limits import GainLimits as GainLimits
    from rebal_kit.gifts import gift_lots as gift_lots
    from rebal_kit.holdings import holdings as holdings
    from rebal_kit.household_comparison import HouseholdComparison as HouseholdComparison
    from rebal_kit.household_comparison import compare_household as compare_household
    from rebal_kit.location import LocationRanks as LocationRanks
    from rebal_kit.location import location_ranks as location_ranks
    from rebal_kit.market import Market as Market
    from rebal_kit.market import Quote as Quote
    from rebal_kit.overfitting import Overfitting as Overfitting
    from rebal_kit.overfitting import overfitting as overfitting
    from rebal_kit.paths import Paths as Paths
    from rebal_kit.plateau import Plateau as Plateau
    from rebal_kit.plateau import plateau as plateau
    from rebal_kit.policy import BUY_AND_HOLD as BUY_AND_HOLD
    from rebal_kit.policy import Harvest as Harvest
    from rebal_kit.policy import RebalancePolicy as RebalancePolicy
    from rebal_kit.proposal.aims import Aims as Aims
    from rebal_kit.proposal.frontier import TaxFrontier as TaxFrontier
    from rebal_kit.proposal.frontier import tax_frontier as tax_frontier
    from rebal_kit.proposal.gifting import gift_suggestion as gift_suggestion
    from rebal_kit.proposal.proposal import Proposal as Proposal
    from rebal_kit.proposal.propose import propose as propose
    from rebal_kit.proposal.revise import revise as revise
    from rebal_kit.proposal.scan import Scan as Scan
    from rebal_kit.proposal.scan import scan as scan
    from rebal_kit.proposal.transition import TransitionPlan as TransitionPlan
    from rebal_kit.proposal.transition import transition_plan as transition_plan
    from rebal_kit.published import published as published
    from rebal_kit.reasons import Reason as Reason
    from rebal_kit.regimes import Regimes as Regimes
    from rebal_kit.regimes import regimes as regimes
    from rebal_kit.reproduction import Reproduction as Reproduction
    from rebal_kit.rules.income import IncomeTax as IncomeTax
    from rebal_kit.rules.income import income_tax as income_tax
    from rebal_kit.rules.income import marginal_rates as marginal_rates
    from rebal_kit.scenario import Scenario as Scenario
    from rebal_kit.sensitivity import Sensitivity as Sensitivity
    from rebal_kit.sensitivity import Variation as Variation
    from rebal_kit.sensitivity import sensitivity as sensitivity
    from rebal_kit.sensitivity import variations as variations
    from rebal_kit.sources.load import load_market as load_market
    from rebal_kit.sources.quality import quality as quality
    from rebal_kit.sources.yahoo import load_quote as load_quote
    from rebal_kit.study import Study as Study
    from rebal_kit.study import study as study
    from rebal_kit.sweep import sweep as sweep
    from rebal_kit.targets import AssetClass as AssetClass
    from rebal_kit.targets import TargetAllocation as TargetAllocation
    from rebal_kit.tax_alpha import TaxAlpha as TaxAlpha
    from rebal_kit.tax_alpha import tax_alpha as tax_alpha
    from rebal_kit.tax_profile import TaxProfile as TaxProfile
    from rebal_kit.tax_report import TaxReport as TaxReport
    from rebal_kit.tax_report import tax_report as tax_report
    from rebal_kit.to_date import LossSale as LossSale
    from rebal_kit.to_date import YearToDate as YearToDate
    from rebal_kit.transactions import Action as Action
    from rebal_kit.transactions import Trade as Trade
    from rebal_kit.transactions import Transaction as Transaction
    from rebal_kit.triggers import Calendar as Calendar
    from rebal_kit.triggers import Threshold as Threshold
    from rebal_kit.triggers import Tier as Tier
    from rebal_kit.triggers import Tiered as Tiered
    from rebal_kit.triggers import ToleranceBand as ToleranceBand
    from rebal_kit.views.studio import studio as studio
    from rebal_kit.walk_forward import WalkForward as WalkForward
    from rebal_kit.walk_forward import walk_forward as walk_forward

_HOMES = {
    "alerts": "send_alert",
    "audit": "Audit",
    "axes": "Between",
    "backtest": "Backtest backtest",
    "carried_over": "carried_over state_from_ledger",
    "bootstrap": "Bootstrap bootstrap",
    "bootstrap_paths": "bootstrap_paths",
    "compare": "Comparison compare",
    "conventions": "WashSaleConventions",
    "domain": "Account AccountKind Household Security TaxLot",
    "files.approval": "Approval approve",
    "files.audit_log": "load_audit_log verify_audit_log",
    "files.fills_file": "load_fills",
    "files.household": "HouseholdReading load_household read_household save_household",
    "files.household_import": "import_household write_household",
    "files.ledger_file": "load_ledger",
    "costs": "Costs",
    "design": "Design",
    "execution": "Execution",
    "files.policy": "dump_policy load_policy",
    "files.proposal_file": "load_proposal_document save_proposal_document",
    "files.reconciliation": "Reconciliation reconcile",
    "files.result_files": "load_result save_result",
    "files.scenario": "load_scenario save_scenario",
    "findings": "Finding HouseholdError LawError LedgerError MarketError PolicyError RebalError SimulationError",
    "flows": "CashFlow",
    "gain_limits": "GainLimits",
    "gifts": "gift_lots",
    "holdings": "holdings",
    "household_comparison": "HouseholdComparison compare_household",
    "location": "LocationRanks location_ranks",
    "market": "Market Quote",
    "overfitting": "Overfitting overfitting",
    "paths": "Paths",
    "plateau": "Plateau plateau",
    "policy": "BUY_AND_HOLD Harvest RebalancePolicy",
    "proposal.scan": "Scan scan",
    "proposal.frontier": "TaxFrontier tax_frontier",
    "proposal.gifting": "gift_suggestion",
    "proposal.transition": "TransitionPlan transition_plan",
    "proposal.aims": "Aims",
    "proposal.proposal": "Proposal",
    "proposal.propose": "propose",
    "proposal.revise": "revise",
    "published": "published",
    "reasons": "Reason",
    "regimes": "Regimes regimes",
    "reproduction": "Reproduction",
    "rules.income": "IncomeTax income_tax marginal_rates",
    "scenario": "Scenario",
    "sensitivity": "Sensitivity Variation sensitivity variations",
    "sources.load": "load_market",
    "sources.quality": "quality",
    "sources.yahoo": "load_quote",
    "study": "Study study",
    "sweep": "sweep",
    "targets": "AssetClass TargetAllocation",
    "tax_alpha": "TaxAlpha tax_alpha",
    "tax_profile": "TaxProfile",
    "tax_report": "TaxReport tax_report",
    "to_date": "LossSale YearToDate",
    "transactions": "Action Trade Transaction",
    "triggers": "Calendar Threshold Tier Tiered ToleranceBand",
    "views.studio": "studio",
    "walk_forward": "WalkForward walk_forward",
}
_HOME_OF = {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - one list of names is enough


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version(__name__)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})


class _Vocabulary(ModuleType):
    """A package in which importing the module ``backtest`` does not hide the function ``backtest``."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Vocabulary
