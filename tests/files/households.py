"""Households of every shape, for property tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import strategies as st

from rebal_kit.domain import DIVIDENDS, Account, AccountKind, Household, Security, TaxLot
from rebal_kit.files.bundled import bundled_folder
from rebal_kit.flows import CashFlow
from rebal_kit.periods import EVERY
from rebal_kit.restrictions import TRADING
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import LossSale, YearToDate

NAMES = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8)
MONEY = st.floats(0, 1e9)
RATES = st.floats(0, 0.99)
DATES = st.dates(dt.date(1950, 1, 1), dt.date(2020, 1, 1))
PROFILES = st.builds(
    TaxProfile,
    filing=st.sampled_from(("single", "mfj", "mfs", "hoh")),
    law_year=st.integers(2024, 2026),
    ordinary_income=st.floats(-1e6, 1e7),
    outside_short=st.floats(-1e6, 1e7),
    outside_long=st.floats(-1e6, 1e7),
    carryover_short=MONEY,
    carryover_long=MONEY,
    state_rate=RATES,
    flat=st.none() | st.tuples(RATES, RATES, RATES),
    retirement_rate=st.none() | RATES,
)

SECURITIES = st.builds(
    Security, NAMES, st.text(max_size=6), st.floats(0, 1), st.booleans(), st.sampled_from(("", "large"))
)


YEARS_TO_DATE = st.builds(
    YearToDate,
    short=st.floats(-1e9, 1e9),
    long=st.floats(-1e9, 1e9),
    qualified=MONEY,
    ordinary=MONEY,
    exempt=MONEY,
    distributions=MONEY,
    legacy_gain=st.floats(-1e9, 1e9),
    tax_owed=st.floats(-1e9, 1e9),
)


def readme_example(holding: str = "flows:") -> str:
    """The household with these words that the README of the bundled ones shows."""
    text = (bundled_folder("households") / "README.md").read_text(encoding="utf-8")
    shown = (part.split("```")[0] for part in text.split("```yaml\n")[1:])
    return next(part for part in shown if holding in part)


@st.composite
def loss_sales(draw: st.DrawFn, accounts: list[str]) -> LossSale:
    """A sale at a loss in one of the accounts, before the day of any household."""
    days = sorted(draw(st.lists(DATES, min_size=3, max_size=3)))
    start, acquired = draw(st.sampled_from(((None, None), (None, days[1]), (days[0], None), tuple(days[:2]))))
    quantity, loss = draw(st.floats(0, 1e9)), draw(MONEY)
    sale = LossSale(draw(st.sampled_from(accounts)), draw(NAMES), days[2], quantity, loss, acquired, start)
    return replace(sale, lot=draw(st.just("") | NAMES))


@st.composite
def lots(draw: st.DrawFn, name: str) -> TaxLot:
    basis = draw(MONEY)
    acquired = draw(DATES)
    start = draw(st.none() | st.dates(dt.date(1940, 1, 1), acquired))
    quantity = draw(st.floats(1e-6, 1e9))
    return TaxLot(name, draw(NAMES), quantity, basis, acquired, start, draw(st.floats(0, basis)))


@st.composite
def targets(draw: st.DrawFn) -> TargetAllocation:
    symbols = draw(st.lists(NAMES, max_size=8, unique=True))
    classes: list[tuple[AssetClass, float]] = []
    location: dict[str, list[int]] = {}
    for at in range(0, len(symbols), 2):
        members = {symbols[at]: 1.0} | dict.fromkeys(symbols[at + 1 : at + 2], draw(st.sampled_from((0.0,))))
        if len(members) == 2 and draw(st.booleans()):
            members = dict.fromkeys(members, 0.5)
        classes.append((AssetClass(f"class {at}", members), draw(st.floats(0, 1)) / len(symbols)))
        if draw(st.booleans()):
            location[f"class {at}"] = draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))
    return TargetAllocation(classes, "auto" if classes and draw(st.booleans()) else location)


@st.composite
def flows(draw: st.DrawFn, accounts: list[str]) -> CashFlow:
    """A flow into or out of one of the accounts, or a withdrawal from any."""
    amount = draw(st.floats(-1e9, -0.01) | st.floats(0.01, 1e9))
    account = draw(st.sampled_from(accounts) if amount > 0 else st.none() | st.sampled_from(accounts))
    days = sorted(draw(st.lists(st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)), min_size=2, max_size=2)))
    if draw(st.booleans()):
        return CashFlow(amount, account, on=days[0])
    first, last = draw(st.none() | st.just(days[0])), draw(st.none() | st.just(days[1]))
    growth = draw(st.floats(-1, 1, exclude_min=True))
    return CashFlow(amount, account, draw(st.sampled_from(EVERY)), None, first, last, growth)


@st.composite
def restricted(draw: st.DrawFn, account: Account, known: list[str]) -> Account:
    """The account with restrictions, as far as it trades."""
    trading = draw(st.sampled_from(TRADING))
    tickers = st.lists(st.sampled_from(known), max_size=3, unique=True) if known else st.just([])
    trades = trading == "managed"
    return replace(
        account, trading=trading, min_cash=draw(MONEY) if trades else 0.0,
        do_not_buy=draw(tickers) if trades else (), do_not_sell=draw(tickers) if trades else (),
    )  # fmt: skip


@st.composite
def households(draw: st.DrawFn) -> Household:
    names = iter(draw(st.lists(NAMES, min_size=12, max_size=12, unique=True)))
    accounts = [
        Account(
            name, draw(NAMES), draw(st.sampled_from(AccountKind)), draw(st.text(max_size=6)), draw(MONEY),
            tuple(draw(lots(next(names))) for _ in range(draw(st.integers(0, 3)))), draw(st.none() | MONEY),
            draw(st.none() | st.sampled_from(DIVIDENDS)),
        )
        for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    ]  # fmt: skip
    wanted = draw(targets())
    known = list(dict.fromkeys((*wanted.symbols, *(lot.symbol for a in accounts for lot in a.lots))))
    # the first account may trade everything, so that every target can be bought
    accounts[1:] = [draw(restricted(a, known)) for a in accounts[1:]]
    unsold = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
    unbought = draw(
        st.lists(st.sampled_from([s for s in known if s not in wanted.symbols] or [""]), max_size=1)
    )
    paying = [a.name for a in accounts if a.trading != "excluded"]
    groups = draw(st.lists(NAMES, max_size=6, unique=True))
    return Household(
        name=draw(st.text(min_size=1, max_size=10)),
        accounts=tuple(accounts),
        targets=wanted,
        tax=draw(PROFILES),
        identical=tuple(tuple(groups[i : i + 2]) for i in range(0, len(groups) - 1, 2)),
        as_of=draw(st.dates(dt.date(2020, 1, 1), dt.date(2024, 1, 1))),
        complete=draw(st.booleans()),
        securities=tuple(draw(st.lists(SECURITIES, max_size=2, unique_by=lambda security: security.symbol))),
        do_not_buy=tuple(filter(None, unbought)),
        do_not_sell=tuple(unsold),
        flows=tuple(draw(st.lists(flows(paying), max_size=3))),
        loss_sales=draw(st.none() | st.lists(loss_sales([a.name for a in accounts]), max_size=3)),
        year_to_date=draw(st.just(YearToDate()) | YEARS_TO_DATE),
        looks_from=draw(st.none() | st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1))),
        reviewed=draw(st.none() | DATES),
    )
