"""backtest(): one household, one policy, one history; and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rebal_kit.assumptions import coverage, trading
from rebal_kit.audit import Audit, audit
from rebal_kit.closing import closing_household, with_accounts
from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.engine.ledger import date_of
from rebal_kit.findings import Finding
from rebal_kit.journal_ledger import transactions_of
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.record import SALE_COLUMNS, YEAR_COLUMNS, RunRecord
from rebal_kit.run import OpenWith, Room, Setting, prepare
from rebal_kit.transactions import Trade, Transaction

if TYPE_CHECKING:
    import vectorbt

#: Journal rows given at first; a run that needs more is repeated with four times as many.
JOURNAL_ROWS = 1 << 14


@dataclass(frozen=True, eq=False)
class Backtest:
    """What came of a policy. Every table is read from the engine's tape; nothing is computed twice.

    Attributes
    ----------
    policy : RebalancePolicy
    setting : Setting
        Household, market and law as they were encoded.
    metrics : dict of str to float
        The measures of `rebal_kit.run.METRICS`; US$, fractions, or counts.
    """

    policy: RebalancePolicy
    setting: Setting
    metrics: dict[str, float]
    _room: Room

    @property
    def household(self) -> Household:
        """The household as it opened."""
        return self.setting.household

    @property
    def market(self) -> Market:
        """The securities and sessions used."""
        return self.setting.market

    @property
    def opened_with(self) -> OpenWith:
        """Whether the run opened with lots or with account values."""
        return self.setting.opened_with

    @cached_property
    def assumptions(self) -> tuple[Finding, ...]:
        """Data, period, law and whatever a reader must know before using a figure."""
        where = f"policy '{self.policy.name}'"
        unpaid = float(self._room.ledger.years[:, books.UNPAID].sum())
        missing = self.metrics["unpaid_withdrawals"]
        found = [*coverage(self.setting), *trading(self.setting, self.policy, self.journal)]
        if unpaid > 0.005:
            what = f"US$ {unpaid:,.2f} of tax could not be paid when due and is still owed"
            found.append(Finding("warning", where, what))
        if missing > 0.005:
            what = f"US$ {missing:,.2f} of withdrawals could not be paid: nothing was left to sell"
            found.append(Finding("warning", where, what, "see passed_over for the days; withdraw less"))
        return tuple(found)

    @cached_property
    def dates(self) -> pd.DatetimeIndex:
        """The sessions."""
        return pd.DatetimeIndex(self.market.dates.astype("datetime64[ns]"), name="date")

    @cached_property
    def daily(self) -> pd.DataFrame:
        """By session: value after taxes and costs paid so far, the same before tax, cash, drift, tax, dividends."""
        daily = self._room.tape.daily
        opening = daily[0, tapes.VALUE] / daily[0, tapes.BEFORE_TAX]
        moving = bool(self.setting.structure.flowing.any())
        return pd.DataFrame(
            {
                "value": daily[:, tapes.VALUE],
                "before_tax": daily[:, tapes.GROWN] if moving else daily[:, tapes.BEFORE_TAX] * opening,
                "cash": daily[:, tapes.CASH],
                "drift": daily[:, tapes.DRIFT],
                "tax_paid": daily[:, tapes.TAX_PAID],
                "dividends": daily[:, tapes.DIVIDENDS],
                "flow": daily[:, tapes.FLOW],
            },
            index=self.dates,
        )

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Money that really came in (positive) or went out: date, account, amount in US$, and what for.

        Tax paid from taxable accounts is not among them; a withdrawal from another account to pay tax is.
        """
        rows = pd.DataFrame(np.asarray(self._room.tape.flows[: self._room.tape.counts[tapes.FLOWS]]))
        names = np.array([account.name for account in self.household.accounts], dtype=object)
        return pd.DataFrame(
            {
                "date": self.dates[rows["session"]],
                "account": names[rows["account"]],
                "amount": rows["amount"],
                "purpose": np.where(
                    rows["for_tax"] == 1, "tax", np.where(rows["amount"] > 0, "deposit", "withdrawal")
                ),
            }
        )

    @cached_property
    def weights(self) -> pd.DataFrame:
        """Weight of each class and of cash at the close, by session."""
        names = [c.name for c in self.household.targets.classes]
        return pd.DataFrame(self._room.tape.weights, index=self.dates, columns=[*names, "cash"])

    @cached_property
    def bands(self) -> pd.DataFrame:
        """Target of each class with the lower and upper edge of its band (NaN where the policy has none)."""
        plan, structure = self.setting.plan(self.policy), self.setting.structure
        rows = []
        for c, (asset_class, target) in enumerate(self.household.targets.weights):
            first = structure.class_first[c]
            rules = [r for r in range(len(plan.scheduled))
                     if plan.applies[r, first] and not plan.scheduled[r] and not plan.by_sleeve[r]]  # fmt: skip
            lower = max((target - plan.below[r, first] for r in rules), default=np.nan)
            upper = min((target + plan.above[r, first] for r in rules), default=np.nan)
            edges = (max(lower, 0.0), min(upper, 1.0)) if rules else (np.nan, np.nan)
            rows.append((asset_class.name, target, *edges))
        return pd.DataFrame(rows, columns=["class", "target", "lower", "upper"]).set_index("class")

    @cached_property
    def journal(self) -> pd.DataFrame:
        """Every trade, a row for each lot it bought or sold, with gain and reason.

        `amount` is quantity times price; `cost` what trading cost: the sum of `commission`, `spread` and `impact`;
        `gain` is proceeds net of cost less basis; `recognized` is the gain plus what the wash-sale rule disallowed of a
        loss. US$. `lot_quantity` is what the order sells of the lot or piece, of which a row may
        have only a part: shares sold at a loss can be replaced by others of the order.
        """
        rows = pd.DataFrame(np.asarray(self._room.tape.journal[: self._room.tape.counts[tapes.ENTRIES]]))
        opening = self.setting.opening_lots
        sold = rows["side"] < 0
        taxed = np.array([account.taxable for account in self.household.accounts])[rows["account"]]
        symbols = np.array(self.market.symbols, dtype=object)[rows["security"]]
        names = np.array([account.name for account in self.household.accounts], dtype=object)
        return pd.DataFrame(
            {
                "order": rows["order"],
                "date": self.dates[rows["session"]],
                "account": names[rows["account"]],
                "symbol": symbols,
                "side": np.where(sold, "sell", "buy"),
                "quantity": rows["quantity"],
                "price": rows["price"],
                "amount": rows["quantity"] * rows["price"],
                "decision_price": rows["decided"],
                "cost": rows["cost"],
                "commission": rows["commission"],
                "spread": rows["spread"],
                "impact": rows["impact"],
                "shortfall": rows["cost"]
                + rows["side"] * rows["quantity"] * (rows["price"] - rows["decided"]),
                "reason": [Reason(code).sentence for code in rows["reason"]],
                "reason_code": rows["reason"],
                "lot": [
                    opening[purchase] if purchase < len(opening) else f"{symbol}-{purchase}"
                    for symbol, purchase in zip(symbols, rows["purchase"], strict=True)
                ],
                "piece": rows["piece"],
                "lot_quantity": rows["whole"],
                "acquired": rows["acquired"].to_numpy().astype("datetime64[D]").astype("datetime64[ns]"),
                "holding_start": rows["start"].to_numpy().astype("datetime64[D]").astype("datetime64[ns]"),
                "term": np.where(sold & taxed, np.where(rows["long"] == 1, "LT", "ST"), ""),
                "basis": rows["basis"],
                "gain": rows["gain"],
                "disallowed": rows["disallowed"],
                "permanent": rows["permanent"],
                "recognized": rows["gain"] + rows["disallowed"],
            }
        )

    @cached_property
    def passed_over(self) -> pd.DataFrame:
        """Trades that were not made and why; a standing obstacle is noted on the first day it stands."""
        rows = pd.DataFrame(np.asarray(self._room.tape.passed[: self._room.tape.counts[tapes.PASSED_OVER]]))
        names = np.array([account.name for account in self.household.accounts], dtype=object)
        return pd.DataFrame(
            {
                "date": self.dates[rows["session"]],
                "account": names[rows["account"]],
                "symbol": np.array([*self.market.symbols, ""], dtype=object)[rows["security"]],
                "reason": [Reason(code).sentence for code in rows["reason"]],
                "amount": rows["amount"],
            }
        )

    @cached_property
    def years(self) -> pd.DataFrame:
        """The tax return's figures by year, US$: recognised gains, income, harvests, wash sales, carryovers, tax.

        The last year is settled to its last session; its tax is accrued, not paid.
        """
        figures = self._room.ledger.years
        first = int(self.market.dates[0].astype("datetime64[Y]").astype(int)) + 1970
        columns = {
            "short": books.SHORT, "long": books.LONG, "qualified": books.QUALIFIED, "ordinary": books.ORDINARY,
            "exempt": books.EXEMPT, "harvested": books.HARVESTED, "disallowed": books.DISALLOWED,
            "permanent": books.PERMANENT,
            "deduction": books.DEDUCTION, "carry_short": books.CARRY_SHORT, "carry_long": books.CARRY_LONG,
            "tax": books.TAX, "losses": books.LOSSES, "distributions": books.DISTRIBUTIONS,
            "sheltered_deferred": books.SHELTERED_DEFERRED, "sheltered_roth": books.SHELTERED_ROTH,
            "latent_short": books.LATENT_SHORT, "latent_long": books.LATENT_LONG,
        }  # fmt: skip
        index = pd.RangeIndex(first, first + len(figures), name="year")
        frame = pd.DataFrame({name: figures[:, column] for name, column in columns.items()}, index=index)
        by_year = self.daily.groupby(self.dates.year)
        frame["value"] = by_year["value"].last().reindex(index)
        frame["flow"] = by_year["flow"].sum().reindex(index, fill_value=0.0)
        return frame

    @cached_property
    def transactions(self) -> tuple[Transaction, ...]:
        """The run as a history of trades, with dividends and splits: what `rebal_kit.tax_report` reads."""
        return transactions_of(
            self.journal, self.setting.prices, self.market.symbols, [a.name for a in self.household.accounts],
            self.setting.opening_shares, self.setting.bought_on_first, self.flows,
        )  # fmt: skip

    @cached_property
    def record(self) -> RunRecord:
        """The run's trades beside its figures, to be kept and audited."""
        household = self.household
        if self.opened_with == "values":
            household = with_accounts(household, tuple(replace(a, lots=()) for a in household.accounts))
        own = {security.symbol for security in household.securities}
        from_market = tuple(s for s in self.market.securities if s.symbol not in own)
        taxed = {account.name for account in household.accounts if account.taxable}
        sales = self.journal[(self.journal["side"] == "sell") & self.journal["account"].isin(taxed)]
        return RunRecord(
            self.transactions, replace(household, securities=(*household.securities, *from_market)),
            date_of(self.setting.prices.day[0]), date_of(self.setting.prices.day[-1]),
            sales.assign(proceeds=sales["amount"] - sales["cost"])[list(SALE_COLUMNS)].reset_index(drop=True),
            self.years[list(YEAR_COLUMNS)],
            {
                "policy": repr(self.policy), "market": f"{self.market.name}: {self.market.source}",
                "opened_with": self.opened_with, "version": version("rebal_kit"),
            },
        )  # fmt: skip

    def audit(self) -> Audit:
        """Replay the trades through the tax report; return every gain, disallowance and tax that differs."""
        return audit(self.record)

    @property
    def trades(self) -> tuple[Trade, ...]:
        """The journal as orders: one `Trade` for each order, its lots summed."""
        orders = self.journal.groupby("order", sort=True).agg(
            date=("date", "first"), account=("account", "first"), symbol=("symbol", "first"), side=("side", "first"),
            quantity=("quantity", "sum"), price=("price", "first"), cost=("cost", "sum"),
            reason=("reason_code", "first"),
        )  # fmt: skip
        rows: list[dict[str, Any]] = orders.to_dict("records")  # type: ignore[assignment]
        return tuple(
            Trade(**{**row, "date": row["date"].date(), "reason": Reason(row["reason"])}) for row in rows
        )

    @property
    def closing_household(self) -> Household:
        """The household as it stands after the last session: lots, cash, open loss windows and the tax year so far.

        It is ready for a proposal on the next session. Losses carried into the year stand in its tax profile.
        """
        return closing_household(self.setting, self._room.ledger)

    def to_vectorbt(self) -> vectorbt.Portfolio:
        """Return the run as a vectorbt Portfolio, rebuilt from the journal's orders (needs the extra `vectorbt`)."""
        from rebal_kit.vectorbt_bridge import portfolio_from

        with_lots = self.opened_with == "lots"
        cash = sum((a.cash if with_lots else a.opening_value) or 0.0 for a in self.household.accounts)
        return portfolio_from(self.market, self.journal, self.daily, self.setting.opening_positions, cash)

    def __repr__(self) -> str:
        return (
            f"<Backtest {self.policy.name!r} of {self.household.name!r},"
            f" {self.market.dates[0]} to {self.market.dates[-1]}:"
            f" US$ {self.metrics['value_after_tax']:,.0f} after tax>"
        )


def backtest(
    market: Market, household: Household, policy: RebalancePolicy, *,
    start: Any = None, end: Any = None, open_with: OpenWith | None = None,
) -> Backtest:  # fmt: skip
    """Simulate `policy` for `household` on `market`, lot by lot, with taxes and wash sales.

    Parameters
    ----------
    market : Market
    household : Household
    policy : RebalancePolicy
    start, end : date or ISO string, optional
        First and last session; by default the longest span on which every security has a price.
    open_with : {'lots', 'values'}, optional
        Open with the household's lots, or with its opening values invested on the first session.

    Returns
    -------
    Backtest

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    return backtest_in(prepare(market, household, start=start, end=end, open_with=open_with), policy)


def backtest_in(setting: Setting, policy: RebalancePolicy) -> Backtest:
    """Run one policy in a setting prepared before."""
    plan = setting.plan(policy)
    room = setting.run_to_end(plan, setting.room(journal=JOURNAL_ROWS))
    return Backtest(policy, setting, setting.measure(plan, room), room)


def warm(say: Callable[[str], None] | None = None) -> Backtest:
    """Compile the engine, so that the first back-test does not have to wait for it.

    Returns
    -------
    Backtest
        A tiny run. Its `audit` compiles what tax reports need beside the engine.
    """
    from rebal_kit.policy import Harvest
    from rebal_kit.targets import TargetAllocation

    if say is not None:
        say("compiling the engine; a minute at most, and only once")
    close = pd.DataFrame(
        {"A": [10.0, 9.0, 11.0], "B": [10.0, 10.0, 10.0]},
        index=pd.DatetimeIndex(["2024-01-02", "2024-01-03", "2025-04-15"]),
    )
    household = Household(
        "warm-up",
        (Account("a", "owner", AccountKind.TAXABLE, opening_value=1000.0),),
        TargetAllocation({"A": 0.6, "B": 0.4}),
    )
    return backtest(Market.from_close(close), household, RebalancePolicy(harvest=Harvest()))
