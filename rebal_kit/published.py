"""published(): the studies one may ask for by name, each on the data that comes with the package."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rebal_kit.checking import as_tuple
from rebal_kit.findings import Finding, PolicyError, raise_errors
from rebal_kit.market import Market
from rebal_kit.reproduce import daryanani_2008, lee_2008, leland_turnover, vanguard_2010
from rebal_kit.reproduce_tax import harvesting_by_period, location_worth, lots_by_method, one_harvest
from rebal_kit.reproduction import Reproduction
from rebal_kit.targets import TargetAllocation

#: Reads a bundled market by name: `rebal_kit.load_market`.
Load = Callable[[str], Market]

_PERIODS = ("2000-02-01", "2003-01-02", "2006-01-03", "2009-01-02", "2012-09-12")
_FEW_STOCKS = 20


def _large(market: Market) -> tuple[str, ...]:
    return tuple(security.symbol for security in market.securities if security.size == "large")


def _daryanani(load: Load) -> Reproduction:
    return daryanani_2008(
        load("etf"), TargetAllocation({"SPY": 0.5, "IYR": 0.1, "UST_8_5Y": 0.3, "UST_2Y": 0.1})
    )


def _lee(load: Load) -> Reproduction:
    targets = TargetAllocation({"SPY": 0.5, "IYR": 0.05, "GLD": 0.05, "UST_8_5Y": 0.4})
    return lee_2008(load("etf"), targets, "2009-01-01")


def _harvesting(load: Load) -> Reproduction:
    stocks = load("stocks")
    return harvesting_by_period(stocks, _large(stocks), _PERIODS)


def _lots(load: Load) -> Reproduction:
    stocks = load("stocks")
    return lots_by_method(stocks, _large(stocks)[:_FEW_STOCKS])


#: The studies in the order in which they are told.
STUDIES: dict[str, Callable[[Load], Reproduction]] = {
    "vanguard_2010": lambda load: vanguard_2010(load("fama_french")),
    "daryanani_2008": _daryanani,
    "lee_2008": _lee,
    "leland_1999": lambda _: leland_turnover(),
    "harvesting_by_period": _harvesting,
    "one_harvest": lambda _: one_harvest(),
    "lots_by_method": _lots,
    "asset_location": lambda load: location_worth(load("etf"), "SPY", "UST_8_5Y"),
}


def published(
    load: Load, studies: str | Iterable[str] | None = None, *, progress: Callable[[str], object] | None = None
) -> dict[str, Reproduction]:  # fmt: skip
    """Run published studies again: their figures beside ours, what is accepted, and why they differ.

    Parameters
    ----------
    load : callable
        Reads a bundled market by name: ``rk.published(rk.load_market)``.
    studies : str or iterable of str, optional
        Names in `STUDIES`; all of them when not given.
    progress : callable, optional
        Called with each study's name when it is done.

    Returns
    -------
    dict of str to Reproduction

    Raises
    ------
    PolicyError
        With every name that is none.
    """
    names = tuple(STUDIES) if studies is None else tuple(dict.fromkeys(as_tuple(studies)))
    remedy = f"use {', '.join(STUDIES)}"
    strange = [name for name in names if name not in STUDIES]
    raise_errors(
        PolicyError,
        (Finding("error", "published", f"no study is called {name!r}", remedy) for name in strange),
    )
    found = {}
    for name in names:
        found[name] = STUDIES[name](load)
        if progress is not None:
            progress(name)
    return found
