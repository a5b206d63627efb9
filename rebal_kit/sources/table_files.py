"""A user's CSV or parquet file as a market."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from rebal_kit.domain import Security
from rebal_kit.market import Market
from rebal_kit.sources.actions import jump_findings, payout_findings, priced
from rebal_kit.sources.cells import read_cells
from rebal_kit.sources.columns import read_layout
from rebal_kit.sources.quotes import read_quotes
from rebal_kit.sources.sessions import carry_forward, check_gaps, exchange_findings
from rebal_kit.sources.values import Problems


def read_market(path: Path, today: dt.date | None = None) -> Market:
    """Read a price file.

    Parameters
    ----------
    path : Path
        CSV or parquet; see `load_market` for the layouts.
    today : date, optional
        Later dates are errors. The day of the call when not given.

    Returns
    -------
    Market
        Named like the file.

    Raises
    ------
    MarketError
        With every error of the file, up to 20 of them one by one.
    """
    cells = read_cells(path)
    quotes = read_quotes(cells, read_layout(cells), today or dt.date.today())
    problems = Problems(quotes.file)
    arrays, findings = priced(quotes, problems)
    close, traded, alive = carry_forward(arrays.pop("close"))
    findings += check_gaps(quotes.dates, quotes.symbols, traded, alive, problems)
    findings += jump_findings(quotes, close, arrays["split"])
    findings += payout_findings(quotes, close, arrays["dividend"])
    findings += exchange_findings(quotes.dates, quotes.first_row, problems)
    problems.raise_any()
    return Market(
        name=path.stem,
        dates=quotes.dates,
        securities=tuple(Security(symbol) for symbol in quotes.symbols),
        close=close,
        traded=traded,
        source=f"{path.name}, {quotes.dates[0]} to {quotes.dates[-1]}",
        findings=(*quotes.findings, *findings),
        **arrays,
    )
