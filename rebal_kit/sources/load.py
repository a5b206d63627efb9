"""One door to every price source."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from rebal_kit.findings import Finding, MarketError
from rebal_kit.market import Market
from rebal_kit.sources import bundled

BUNDLED = {"etf": bundled.etf_market, "stocks": bundled.stocks_market, "dow30": bundled.dow30_market}


def load_market(source: str | Path) -> Market:
    """Return a bundled market by name, or the market in a file.

    Parameters
    ----------
    source : str or Path
        ``"etf"``: SPY, IYR, GLD and computed Treasuries UST_2Y, UST_5Y, UST_8_5Y, BILL, 2000-2012.
        ``"stocks"``: 127 US stocks with size tiers, and SPY, 2000-2012.
        ``"dow30"``: adjusted closes of 30 large US stocks, 2003-2025.
        Anything else is the path of a CSV or parquet file: long (a row a session and ticker), wide (a column a ticker),
        or one security's history, with the column names Yahoo uses. ``data/README.md`` gives the rules in full.

    Returns
    -------
    Market
        Its `findings` say what a reader of results must know.

    Raises
    ------
    MarketError
        The source is unknown or the file has errors; it carries all of them, each with file, row, column and value.

    Notes
    -----
    Sessions are all dates on which any security has a row. A close missing inside a security's life carries the last
    close forward, is not `traded`, and is counted in a finding. More than ten missing sessions in a row, of one
    security or of all, are an error; a file that is weekly or monthly throughout is only told so. Before the first and
    after the last quote the price is NaN.
    """
    if not isinstance(source, (str, Path)):
        raise MarketError(
            Finding("error", "load_market", f"source is {source!r}, neither a name nor a path",
                    f"use {', '.join(BUNDLED)} or the path of a .csv or .parquet file")
        )  # fmt: skip
    if isinstance(source, str) and source in BUNDLED:
        return BUNDLED[source]()
    path = Path(source)
    with suppress(RuntimeError):  # ~stranger: there is no such user
        path = path.expanduser()
    if source == "" or not path.exists():
        raise MarketError(
            Finding("error", str(source) or "(empty name)", "is neither a bundled market nor a file",
                    f"use {', '.join(BUNDLED)} or the path of a .csv or .parquet file")
        )  # fmt: skip
    from rebal_kit.sources.table_files import read_market  # needs pandas, which bundled markets do not

    return read_market(path)
