"""A run that `rebal compare --save` kept, run again for its report, or refused where it is not the same any more."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rebal_kit.cli_household import loaded
from rebal_kit.cli_manners import OpenWith
from rebal_kit.findings import Finding, RebalError

if TYPE_CHECKING:
    from rebal_kit.backtest import Backtest
    from rebal_kit.domain import Household
    from rebal_kit.market import Market
    from rebal_kit.policy import RebalancePolicy
    from rebal_kit.record import RunRecord

#: US$ by which a figure of a year may differ: it was kept as text.
_CENT = 0.01


@dataclass(frozen=True, eq=False)
class Rerun:
    """What is back-tested for a report, and over which days.

    Attributes
    ----------
    household : Household
    policy : RebalancePolicy
    market : Market
    start, end : date or None
    open_with : {'lots', 'values'} or None
    kept : RunRecord or None
        What the run must give again.
    """

    household: Household
    policy: RebalancePolicy
    market: Market
    start: dt.date | None = None
    end: dt.date | None = None
    open_with: OpenWith | None = None
    kept: RunRecord | None = None

    def within(self, start: dt.date | None, end: dt.date | None, open_with: OpenWith | None) -> Rerun:
        """Return the same over other days, or opened otherwise."""
        return replace(self, start=start, end=end, open_with=open_with)

    def check(self, run: Backtest) -> None:
        """Refuse a run that gives other figures than were kept.

        Raises
        ------
        RebalError
            It does.
        """
        if self.kept is None:
            return
        mine, theirs = run.record.years, self.kept.years
        same = mine.index.equals(theirs.index)
        if not same or bool(((mine - theirs[mine.columns]).abs() > _CENT).to_numpy().any()):
            what = "run again, it gives other gains or taxes than were kept"
            remedy = "prices or version are others: keep it anew with rebal compare --save"
            raise RebalError(Finding("error", f"kept run of '{self.policy.name}'", what, remedy))


def rerun_of(
    folder: Path, policy: str | None, market: str, refused: list[Finding], *, strict: bool
) -> Rerun | None:
    """Return what was kept in a folder as inputs to run again; None, with findings, where they cannot be had.

    A run keeps its household and days, but its policy and prices by name only.

    Parameters
    ----------
    folder : Path
        Of one run, or of a comparison of one policy.
    policy : str, optional
        The policy's file; a bundled one of the folder's name when not given.
    market : str
        Where prices come from.
    refused : list of Finding
        Is added to.
    strict : bool
        Whether prices that look wrong are refused.
    """
    from rebal_kit.files.result_files import load_result
    from rebal_kit.sources.load import load_market

    place = loaded(_run_in, folder, refused)
    if place is None:
        return None
    record = loaded(load_result, place, refused)
    rule = loaded(partial(_policy, place), policy, refused)
    prices = loaded(partial(load_market, strict=strict), market, refused)
    if record is None or rule is None or prices is None:
        return None
    if repr(rule) != record.about.get("policy"):
        what, remedy = (
            f"'{rule.name}' is not the policy of this run any more",
            "give --policy with its file as it was",
        )
        refused.append(Finding("error", str(place), what, remedy))
    if f"{prices.name}: {prices.source}" != record.about.get("market"):
        what = f"was made with the prices '{record.about.get('market')}'"
        refused.append(Finding("error", str(place), what, "give --market with the same prices"))
    opened = record.about.get("opened_with")
    open_with = OpenWith(opened) if opened in set(OpenWith) else None
    return Rerun(record.household, rule, prices, record.first, record.last, open_with, record)


def _run_in(folder: Path) -> Path:
    kept = [
        path.parent
        for path in (folder / "result.json", *sorted(folder.glob("*/result.json")))
        if path.is_file()
    ]
    if not kept:
        remedy = "give the folder that rebal compare --save made, or PROPOSAL.json"
        raise RebalError(Finding("error", str(folder), "is a folder without a kept run", remedy))
    if len(kept) > 1 and kept[0] != folder:
        names = ", ".join(str(path) for path in kept)
        raise RebalError(
            Finding("error", str(folder), f"holds {len(kept)} kept runs", f"give one of {names}")
        )
    return kept[0]


def _policy(place: Path, policy: str | None) -> RebalancePolicy:
    from rebal_kit.files.policy import load_policy

    if policy is not None:
        return load_policy(policy)
    try:
        return load_policy(place.resolve().name)
    except RebalError:
        what = f"its policy '{place.resolve().name}' is not a bundled one, and is kept by name only"
        raise RebalError(Finding("error", str(place), what, "give --policy with its file")) from None
