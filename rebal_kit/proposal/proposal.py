"""What is proposed: trades with their lots and reasons, and what they come to, as one value and as a JSON document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd

from rebal_kit.canonical import ID_DIGITS, digest
from rebal_kit.findings import Finding
from rebal_kit.fingerprint import market_fingerprint, text_fingerprint
from rebal_kit.optimal.plan import Figures, Plan
from rebal_kit.proposal.aims import Aims
from rebal_kit.proposal.bands import class_bands
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.explain import NotDone, why_traded
from rebal_kit.proposal.greedy import Decision
from rebal_kit.proposal.names import lot_names
from rebal_kit.proposal.problem import Asked
from rebal_kit.proposal.settlement import Settlement
from rebal_kit.proposal.windows import Blocked
from rebal_kit.reasons import Reason

Solver = Literal["greedy", "optimal"]

#: What a reader of a document knows it by.
FORMAT = "rebal_kit proposal 1"
#: Why a trade is made that somebody has added.
BY_HAND = "asked for by hand"
#: US$ below which a disallowed loss, or cash that is missing, is rounding.
_CENT = 0.005
#: Places after which a figure of a document is rounding: a millionth of a share, of a US$, of a weight.
_PLACES = 9


@dataclass(frozen=True)
class Override:
    """What somebody changed in a proposal.

    Attributes
    ----------
    what : {'pin', 'forbid', 'resize', 'add'}
    trade : str
        Which one, in words.
    quantity : float, optional
        Shares it was changed to.
    """

    what: str
    trade: str
    quantity: float | None = None


@dataclass(frozen=True, eq=False)
class Proposal:
    """Trades for one household on one day. Nothing is sent anywhere.

    Attributes
    ----------
    day : Day
        Household, policy and prices.
    solver : {'greedy', 'optimal'}
    settlement : Settlement
        What the trades come to by the book.
    decision : Decision
        The engine's own of the day.
    aims : Aims
    asked : Asked
        The day as the solver sees it.
    figures : Figures
        Of these trades by the solver's objective: they can be compared with those of any other trades.
    plan : Plan, optional
        The solver's, with bound and gap.
    blocked : tuple of Blocked
        What may not be traded yet, and until when.
    not_done : tuple of NotDone
        What was not traded and why.
    overrides : tuple of Override
    greedy : Proposal, optional
        Beside an optimal one, the engine's own.
    """

    day: Day
    solver: Solver
    settlement: Settlement
    decision: Decision
    aims: Aims
    asked: Asked
    figures: Figures
    plan: Plan | None = None
    blocked: tuple[Blocked, ...] = ()
    not_done: tuple[NotDone, ...] = ()
    overrides: tuple[Override, ...] = ()
    greedy: Proposal | None = field(default=None, repr=False)

    @property
    def asof(self) -> dt.date:
        """The day of the prices."""
        return self.day.asof

    @property
    def expires(self) -> dt.date:
        """The last day on which these prices are fresh enough: the next day on which there can be a session."""
        later: Any = np.busday_offset(np.datetime64(self.asof, "D"), 1, roll="backward").item()
        return dt.date.fromordinal(later.toordinal())

    @cached_property
    def lots(self) -> pd.DataFrame:
        """A row for each lot sold: trade, account, symbol, lot, acquired, quantity, term, basis, gain, disallowed."""
        rows = pd.DataFrame(self.settlement.journal)
        taxed = self.settlement.desk.structure.kind[rows["account"]] == 0
        sold = (rows["side"] < 0).to_numpy()
        frame = pd.DataFrame(
            {
                "trade": [self.settlement.numbers.index(order) + 1 for order in rows["order"]],
                "account": [self.day.household.accounts[a].name for a in rows["account"]],
                "symbol": [self.day.setting.market.symbols[s] for s in rows["security"]],
                "lot": lot_names(self.day, self.settlement.journal),
                "acquired": rows["acquired"].to_numpy().astype("datetime64[D]").astype("datetime64[ns]"),
                "quantity": rows["quantity"],
                "term": np.where(taxed, np.where(rows["long"] == 1, "long", "short"), ""),
                "basis": rows["basis"],
                "gain": rows["gain"],
                "disallowed": rows["disallowed"],
            }
        )  # fmt: skip
        return frame[sold].reset_index(drop=True)

    @cached_property
    def trades(self) -> pd.DataFrame:
        """A row for each order, in the order in which they are made."""
        rows = pd.DataFrame(self.settlement.journal)
        household, symbols = self.day.household, self.day.setting.market.symbols
        found = []
        for number, order in enumerate(self.settlement.orders, start=1):
            mine = rows[rows["order"] == self.settlement.numbers[number - 1]]
            price = float(self.day.price[order.security])
            # An order whose lots are not there is shown as it was asked for, and comes to nothing.
            there = self.settlement.numbers[number - 1] >= 0
            quantity = self.settlement.shares[number - 1] if there else order.quantity
            found.append(
                {
                    "trade": number,
                    "account": household.accounts[order.account].name,
                    "broker": household.accounts[order.account].broker,
                    "symbol": symbols[order.security],
                    "side": "sell" if order.sells else "buy",
                    "quantity": quantity,
                    "price": price,
                    "amount": quantity * price,
                    "cost": float(mine["cost"].sum()),
                    "gain": float(mine["gain"].sum()),
                    "disallowed": float(mine["disallowed"].sum()),
                    "reason": order.reason.sentence if order.reason != Reason.GIVEN else BY_HAND,
                    "why": why_traded(self.settlement, number - 1),
                }
            )
        columns = ["trade", "account", "broker", "symbol", "side", "quantity", "price", "amount", "cost", "gain",
                   "disallowed", "reason", "why"]  # fmt: skip
        return pd.DataFrame(found, columns=columns)

    @property
    def tax(self) -> dict[str, float]:
        """What the trades realise, and what they add to the year's tax, US$; negative where they save some."""
        done = self.settlement
        return {
            "short_gain": done.short_gain,
            "long_gain": done.long_gain,
            "disallowed": done.disallowed,
            "permanent": done.permanent,
            "tax_now": done.tax_now,
            "tax_of_year_before": done.tax_before.tax,
            "tax_of_year_after": done.tax_after.tax,
        }

    @property
    def drift(self) -> dict[str, float]:
        """Half the sum of absolute deviations of classes and cash from their targets, before and after."""
        done = self.settlement
        return {"before": done.drift(done.weights_before), "after": done.drift(done.weights_after)}

    @cached_property
    def classes(self) -> pd.DataFrame:
        """Weights of classes and cash: target, the edges of the band, before, after; holdings outside not counted."""
        targets, done = self.day.household.targets, self.settlement
        names = [*(asset_class.name for asset_class in targets.classes), "cash"]
        bands = class_bands(self.day).reindex(names)
        return pd.DataFrame(
            {
                "target": [*(weight for _, weight in targets.weights), targets.cash],
                "low": bands["low"],
                "high": bands["high"],
                "before": done.weights_before,
                "after": done.weights_after,
            },
            index=pd.Index(names, name="class"),
        )

    @property
    def outside(self) -> float:
        """US$ in holdings outside the targets, in the accounts that count, before any trade: no drift counts them."""
        desk = self.settlement.start.desk
        inside = desk.structure.sleeve_of >= 0
        return float((desk.ledger.held * self.day.price)[desk.structure.counted][:, ~inside].sum())

    @cached_property
    def cash(self) -> pd.DataFrame:
        """Cash by account, US$: before, what moves beside trades (flows, taxes due), after, and the reserve."""
        accounts, done = self.day.household.accounts, self.settlement
        before = done.start.desk.ledger.cash
        return pd.DataFrame(
            {
                "account": [account.name for account in accounts],
                "before": before,
                "moved": done.start.moved.cash,
                "after": done.cash,
                "min_cash": [account.min_cash for account in accounts],
            }
        )

    @property
    def objective(self) -> dict[str, float | None]:
        """What the solver makes least, US$: of these trades; of any trades at least; and how much apart at most."""
        plan = self.plan
        found = plan is not None and np.isfinite(plan.bound)
        return {
            "value": self.figures.objective,
            "bound": plan.bound if found and plan is not None else None,
            "gap": plan.gap if found and plan is not None else None,
        }

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What a reader must know, errors first: a proposal with errors cannot be approved."""
        from rebal_kit.proposal.doubts import doubts

        return doubts(self)

    @cached_property
    def document(self) -> dict[str, Any]:
        """The proposal as a JSON document: what `rebal propose --json` prints and `rebal approve` reads."""
        lots = dict(iter(self.lots.groupby("trade")))
        trades = []
        for row in self.trades.to_dict("records"):
            mine = lots.get(row["trade"])
            row["limit"] = self._limit(str(row["side"]), float(row["price"]))
            row["lots"] = [] if mine is None else [
                {**lot, "acquired": lot["acquired"].date().isoformat()}
                for lot in mine.drop(columns=["trade", "account", "symbol"]).to_dict("records")
            ]  # fmt: skip
            trades.append(row)
        setting = self.day.setting
        document = {
            "format": FORMAT,
            "version": version("rebal_kit"),
            "asof": self.asof.isoformat(),
            "expires": self.expires.isoformat(),
            "solver": self.solver,
            "household": self.day.household.name,
            "policy": self.day.policy.name,
            "inputs": {
                "household": text_fingerprint(repr(self.day.household)),
                "policy": text_fingerprint(repr(self.day.policy)),
                "prices": market_fingerprint(setting.history),
            },
            "law_year": self.day.household.tax.law_year,
            "trades": trades,
            "tax": self.tax,
            "cost": self.settlement.cost,
            "drift": self.drift,
            "classes": self.classes.reset_index().to_dict("records"),
            "cash": self.cash.to_dict("records"),
            "objective": self.objective,
            "aims": {
                "drift": self.asked.problem.aims.drift, "member_drift": self.asked.problem.aims.sleeve_drift,
                "later_rate": self.asked.problem.aims.later_rate, "carried_rate": self.asked.problem.aims.carried_long,
            },
            "blocked": [one.as_dict() for one in self.blocked],
            "not_done": [one.as_dict() for one in self.not_done],
            "overrides": [
                {"what": one.what, "trade": one.trade, "quantity": one.quantity} for one in self.overrides
            ],
            "findings": [
                {"severity": f.severity, "where": f.where, "what": f.what, "remedy": f.remedy} for f in self.findings
            ],
        }  # fmt: skip
        document = rounded(document)
        return {"proposal": identifier(document), **document}

    def _limit(self, side: str, price: float) -> float | None:
        """Return the limit price that the policy asks for, US$ a share."""
        execution = self.day.policy.execution
        if execution.fill != "limit":
            return None
        better = 1.0 if side == "sell" else -1.0
        return round(price * (1.0 + better * execution.limit_bps / 10_000), 2)

    @property
    def id(self) -> str:
        """What the proposal is known by: a hash of all that stands in its document."""
        return str(self.document["proposal"])

    @property
    def washes(self) -> bool:
        """Whether some loss is disallowed."""
        return self.settlement.disallowed > _CENT

    @property
    def overspends(self) -> bool:
        """Whether some account has less than no cash afterwards."""
        return bool((self.settlement.cash < -_CENT).any())

    def __repr__(self) -> str:
        return (
            f"<Proposal {self.id} for {self.day.household.name!r} on {self.asof}: {len(self.settlement.orders)} trades,"
            f" tax now US$ {self.tax['tax_now']:,.0f}, drift {self.drift['before']:.1%} to {self.drift['after']:.1%}>"
        )


def identifier(document: Mapping[str, Any]) -> str:
    """Return what a document is known by: of its canonical JSON without the id."""
    told = {key: value for key, value in document.items() if key != "proposal"}
    return digest(told)[:ID_DIGITS]


def rounded(value: Any) -> Any:
    """Return a document without the last digits of its figures, and with nothing that JSON does not know."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), _PLACES) + 0.0 if np.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
