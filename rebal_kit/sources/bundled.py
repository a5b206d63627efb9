"""The markets shipped in ``data/prices``; ``data/README.md`` says where every file comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rebal_kit.domain import Security
from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import FIELDS, Market
from rebal_kit.shipped import shipped_data
from rebal_kit.sources.actions import ADJUSTED_ONLY
from rebal_kit.sources.sessions import carry_forward
from rebal_kit.sources.treasury import Curve, bill_fund, bond_fund

if TYPE_CHECKING:
    import pyarrow as pa

#: Maturity in years of each computed fund of the "etf" market.
TREASURIES = {"UST_2Y": 2.0, "UST_5Y": 5.0, "UST_8_5Y": 8.5}

#: Years to maturity of the curve's columns.
_TENORS = {
    "1month": 1 / 12, "3month": 0.25, "6month": 0.5, "1year": 1.0, "2year": 2.0, "3year": 3.0, "5year": 5.0,
    "7year": 7.0, "10year": 10.0, "20year": 20.0, "30year": 30.0,
}  # fmt: skip

_ETFS = (
    Security("SPY", "SPDR S&P 500 ETF", qualified_share=1.0),
    Security("IYR", "iShares US Real Estate ETF", qualified_share=0.0),
    Security("GLD", "SPDR Gold Shares", qualified_share=0.0),
)

_SPY_GAPS = Finding(
    "warning",
    "SPY",
    "two dividends are missing in the source: 2001-12-21 (about $0.39) and 2010-03-19 (about $0.48)",
    "its return is about 0.8 % too low over the whole history",
)


def data_folder() -> Path:
    """Return the project's data folder: ``REBAL_DATA`` if set, else ``data`` beside the package.

    Raises
    ------
    MarketError
        There is no such folder.
    """
    folder = shipped_data()
    if not folder.is_dir():
        why = (
            "REBAL_DATA names a folder that does not exist, or is not set and no data lies beside the package"
        )
        raise MarketError(
            Finding(
                "error", str(folder), why, "set REBAL_DATA to the `data` folder of a checkout of rebal_kit"
            )
        )
    return folder


def bundled_table(name: str) -> pa.Table:
    """Return a file of ``data/prices`` as it is.

    Raises
    ------
    MarketError
        The file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    path = data_folder() / "prices" / name
    try:
        if path.suffix == ".csv":
            return pa.csv.read_csv(path)
        return pa.parquet.ParquetFile(
            path
        ).read()  # read_table would import pandas, which takes most of a second
    except FileNotFoundError:
        found = Finding(
            "error", str(path), "bundled file is missing", "restore it from a checkout of rebal_kit"
        )
    except (pa.ArrowException, OSError) as problem:
        reason = str(problem).splitlines()[0]
        found = Finding(
            "error", str(path), f"cannot be read: {reason}", "restore it from a checkout of rebal_kit"
        )
    raise MarketError(found)


def treasury_curve() -> Curve:
    """Return the bundled par curve, 1990-01-02 to 2017-03-29."""
    table = bundled_table("treasury_par_curve.parquet")
    yields = np.column_stack([_numbers(table[name]) for name in _TENORS])
    return Curve(_days(table), np.array(list(_TENORS.values())), yields)


def etf_market() -> Market:
    """Return SPY, IYR and GLD with computed Treasuries and bills, on SPY's sessions 2000-02-01 to 2012-09-12."""
    table = bundled_table("etfs.parquet")
    sessions, arrays = _cube(table, [s.symbol for s in _ETFS])
    curve = treasury_curve()
    funds = [bond_fund(curve, sessions, years) for years in TREASURIES.values()] + [
        bill_fund(curve, sessions)
    ]
    arrays["close"] = np.column_stack([arrays["close"], *(close for close, _ in funds)])
    arrays["dividend"] = np.column_stack([arrays["dividend"], *(dividend for _, dividend in funds)])
    for name in ("open", "high", "low", "volume"):
        arrays[name] = np.pad(arrays[name], ((0, 0), (0, len(funds))), constant_values=np.nan)
    for name in ("split", "traded"):
        arrays[name] = np.pad(arrays[name], ((0, 0), (0, len(funds))), constant_values=1)
    computed = [
        Security(symbol, f"{years:g}-year constant-maturity Treasury (computed)", 0.0, state_exempt=True)
        for symbol, years in TREASURIES.items()
    ]
    computed.append(
        Security("BILL", "Treasury bills at the 3-month yield (computed)", 0.0, state_exempt=True)
    )
    holidays = int((~np.isin(sessions, curve.dates)).sum())
    return Market(
        name="etf", dates=sessions, securities=(*_ETFS, *computed), volatility_index=_vix(sessions),
        source="QSTK 0.2.8 (BSD-3) and the Treasury par curve of zipline-reloaded 3.2.1 (Apache-2.0),"
               f" {sessions[0]} to {sessions[-1]}; Treasuries and bills are computed",
        findings=(
            _SPY_GAPS,
            Finding("warning", "etf: IYR", "four dividends are missing in the source: 2006-12-20, 2007-06-28,"
                    " 2007-12-27, 2008-03-25", "its return is too low by about a year's dividends"),
            Finding("note", "etf: IYR", "REIT dividends are taxed as ordinary income; the deduction of IRC §199A is"
                    " not modelled"),
            Finding("note", "etf: GLD", "taxed like a stock; the 28 % rate on collectibles (IRC §1(h)(4)) is not"
                    " modelled"),
            Finding("note", "etf: UST_2Y, UST_5Y, UST_8_5Y, BILL", "constant-maturity Treasuries computed from the par"
                    f" curve without fees or trading costs; closes only; on {holidays} bond holidays the last curve"
                    " stands in"),
        ),
        **arrays,
    )  # fmt: skip


def stocks_market() -> Market:
    """Return 127 US stocks with their size tier, and SPY as the last column, 2000-02-01 to 2012-09-12."""
    universe = bundled_table("us_stocks_universe.csv").to_pylist()
    securities = [
        Security(row["ticker"], size=row["size"], qualified_share=float(row["qualified_share"]))
        for row in universe
    ]
    sessions, arrays = _cube(bundled_table("us_stocks.parquet"), [s.symbol for s in securities])
    _, etfs = _cube(bundled_table("etfs.parquet"), [s.symbol for s in _ETFS])  # SPY has every session
    arrays = {name: np.column_stack([array, etfs[name][:, 0]]) for name, array in arrays.items()}
    missed = ~arrays["traded"]
    return Market(
        name="stocks", dates=sessions, securities=(*securities, _ETFS[0]), volatility_index=_vix(sessions),
        source=f"QSTK 0.2.8 (BSD-3), {sessions[0]} to {sessions[-1]}",
        findings=(
            Finding("warning", "stocks", f"{int(missed.sum())} closes of {int(missed.any(axis=0).sum())} stocks are"
                    f" missing on {', '.join(str(d) for d in sessions[missed.any(axis=1)])}",
                    "the last close stands in and the stock cannot be traded in that session"),
            Finding("warning", "stocks", "stocks that failed before 2008 are absent (survivor bias)",
                    "compare rules with each other, not with an index"),
            _SPY_GAPS,
            Finding("warning", "stocks: MS", "the spin-off of Discover on 2007-07-02 is booked as a 6-for-5 split",
                    "its return is right, the tax on the spin-off is not modelled"),
            Finding("note", "stocks", "dividends and splits were recovered from raw against adjusted closes; 2008"
                    " payments of JNJ, XOM, KO, GE and IBM agree to 0.1 cent; dividends are taken as qualified, those"
                    " of the REITs AVB, HST, PCL, PLD and PSA as ordinary"),
        ),
        **arrays,
    )  # fmt: skip


def dow30_market() -> Market:
    """Return the 30 Dow members of 2025 by adjusted close, 2003-12-31 to 2025-07-17."""
    table = bundled_table("dow30_adjusted.parquet")
    frame = table.to_pandas().set_index("date")
    return Market.from_close(
        frame, name="dow30",
        source=f"optimalportfolios 6.14.0 (MIT), {frame.index[0]} to {frame.index[-1]}; adjusted closes",
        findings=(
            Finding("warning", "dow30", ADJUSTED_ONLY, "read the results as if no dividend had been taxed"),
            Finding("warning", "dow30", "the Dow members of 2025 are followed back to 2003 (strong survivor bias)",
                    "compare rules with each other, not with an index"),
        ),
    )  # fmt: skip


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column without nulls as an array. pyarrow's own `to_numpy` would import pandas for this."""
    return np.from_dlpack(column.combine_chunks())


def _days(table: pa.Table) -> np.ndarray:
    return _numbers(table["date"].cast("int32")).astype("datetime64[D]")


def _vix(sessions: np.ndarray) -> np.ndarray:
    """Return the VIX close of each session, in percent; NaN where it has none."""
    table = bundled_table("vix.parquet")
    days, close = _days(table), _numbers(table["close"])
    at = np.minimum(np.searchsorted(days, sessions), len(days) - 1)
    return np.where(days[at] == sessions, close[at], np.nan)


def _cube(table: pa.Table, symbols: list[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Spread a long table over sessions × symbols; a missed session carries the last close and is not traded.

    Returns
    -------
    sessions : ndarray
        (n_sessions,) datetime64[D].
    arrays : dict of str to ndarray
        (n_sessions, n_symbols), one for each field of `Market`.
    """
    ticker = table["ticker"].combine_chunks().dictionary_encode()
    place = np.array([symbols.index(symbol) for symbol in ticker.dictionary.to_pylist()])
    column = place[np.from_dlpack(ticker.indices)]
    sessions, session = np.unique(_days(table), return_inverse=True)
    shape = (len(sessions), len(symbols))
    arrays = {}
    for name in FIELDS:
        filler = {"dividend": 0.0, "split": 1.0}.get(name, np.nan)
        arrays[name] = np.full(shape, filler)
        arrays[name][session, column] = _numbers(table[name])
    arrays["close"], arrays["traded"], _ = carry_forward(arrays["close"])
    return sessions, arrays
