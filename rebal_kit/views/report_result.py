"""A back-test as a report for a client: tax saved and what became of it, growth after tax, before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from rebal_kit.files.firm import Firm
from rebal_kit.views.masking import masking
from rebal_kit.views.nouns import FILINGS
from rebal_kit.views.report_charts import growth_drawing
from rebal_kit.views.report_content import Column, Figure, Report, Section, Table
from rebal_kit.views.report_prose import RESULT_DISCLOSURES
from rebal_kit.views.report_result_appendix import result_appendices
from rebal_kit.views.report_words import (
    capital,
    change,
    fitting,
    long_day,
    percent,
    points,
    sentence,
    short,
    spoken,
    usd,
)
from rebal_kit.views.shape import annualised, badge, label

if TYPE_CHECKING:
    from rebal_kit.backtest import Backtest
    from rebal_kit.compare import Comparison
    from rebal_kit.tax_alpha import TaxAlpha

MOST_CLASSES = 9
#: US$ that round to nothing.
_NOTHING = 0.5
#: What becomes of a dollar of tax saved, in words.
MEANINGS = {
    "Deferred": "falls due when shares are sold or accounts drawn on",
    "Converted": "taxed at another rate, or as another kind of income",
    "Permanent": "never falls due",
    "Income differed": "no gain: one of the two had less income",
}
_RESALE = {
    "deferred": "Deferred gains fall due",
    "other_gains": "Gains of other holdings",
    "other_rates": "Sold all in one year: other rates",
    "retirement": "Balances of tax-deferred accounts",
}
#: Measures side by side: the key of a back-test's metrics, name, how it is written.
_MEASURES: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("value_after_tax", "Value after tax", usd),
    ("value_after_liquidation", "Value after selling all", usd),
    ("cagr_after_tax", "Growth after tax", lambda value: percent(value, 2)),
    ("cagr_after_liquidation", "Growth after selling all", lambda value: percent(value, 2)),
    ("tax_paid", "Tax paid", usd),
    ("harvested", "Losses harvested", usd),
    ("disallowed", "Disallowed by wash sales", usd),
    ("cost", "Cost of trading", usd),
    ("average_drift", "Away from target, average", percent),
    ("max_drawdown", "Largest fall", percent),
)


def result_report(comparison: Comparison, policy: str, other: str, firm: Firm | None = None) -> Report:
    """Return the report of a back-test against another one.

    Parameters
    ----------
    comparison : Comparison
    policy, other : str
        Names of its runs: the one that is reported, and the benchmark.
    firm : Firm, optional
        Whose name it bears.

    Raises
    ------
    PolicyError
        The comparison has no run of such a name.
    """
    alpha = comparison.tax_saved(policy, other)
    mine, theirs = comparison.runs[policy], comparison.runs[other]
    household, dates = mine.household, mine.market.dates
    first, last = str(dates[0]), str(dates[-1])
    report = Report(
        title="Tax-aware rebalancing: a back-test",
        household=capital(short(household.name, 60)),
        subtitle=(
            f"{long_day(first)} to {long_day(last)}",
            f"Policy: {short(policy)}; held against: {short(other)}",
        ),
        date=last,
        alarm=badge(comparison),
        lead=(_lead(comparison, alpha, mine, theirs),),
        figures=_figures(comparison, alpha, mine, theirs),
        rows=tuple(_rows(comparison, alpha, mine, theirs)),
        small=_small(comparison, alpha, firm or Firm()),
        appendices=result_appendices(comparison, alpha),
        footer=f"Back-test of {short(policy)}, {first} to {last}",
        firm=Firm(),
    )
    names = [household.name]
    for account in household.accounts:
        names += [account.name, account.broker, account.owner]
    return replace(_masked(report, masking(names)), firm=firm or Firm())


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a value with every text in it masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, tuple):
        return tuple(_masked(inner, mask) for inner in value)
    if isinstance(value, (Report, Section, Table, Column, Figure)):
        return replace(value, **{one.name: _masked(getattr(value, one.name), mask) for one in fields(value)})
    return value


def _lead(comparison: Comparison, alpha: TaxAlpha, mine: Backtest, theirs: Backtest) -> str:
    first, last = (long_day(str(mine.market.dates[at])) for at in (0, -1))
    a_year = " a year" if annualised(comparison) else ""
    grew, other = (percent(run.metrics["cagr_after_tax"], 2) for run in (mine, theirs))
    return (
        f"From {first} to {last}, this policy would have {_saved(alpha)} After tax the portfolio returned"
        f" {grew}{a_year}, against {other}. Had everything been sold and taxed on the last day,"
        f" {_left(alpha.value_after_liquidation)}"
    )


def _saved(alpha: TaxAlpha) -> str:
    lasting = alpha.permanent - alpha.not_earned
    parts = (alpha.saved, alpha.deferred, alpha.converted, lasting, alpha.not_earned)
    if max(map(abs, parts)) < _NOTHING:
        return f"saved no tax against {short(alpha.other)}."
    saved, deferred, converted, permanent, differed = (
        usd(part if alpha.saved >= 0 else -part) for part in parts
    )
    other = short(alpha.other)
    if alpha.saved < 0:
        return (
            f"cost {saved} more tax than {other}. Of this, {deferred} is only paid earlier and not owed later,"
            f" {converted} comes of other rates, {permanent} is permanent, and {differed} comes only from income that"
            " differed."
        )
    return (
        f"saved {saved} of tax against {other}. Of this, {deferred} is deferred and comes back later, {converted} was"
        f" converted to other rates, {permanent} is permanent, and {differed} comes only from income that differed."
    )


def _left(change_in_value: float) -> str:
    if abs(change_in_value) < _NOTHING:
        return "as much would have been left."
    more = "more" if change_in_value > 0 else "less"
    return f"{usd(abs(change_in_value))} {more} would have been left, though not by tax alone."


def _figures(comparison: Comparison, alpha: TaxAlpha, mine: Backtest, theirs: Backtest) -> tuple[Figure, ...]:
    years = len(alpha.by_year)
    a_year = " a year" if annualised(comparison) else ""
    lasting = alpha.converted + alpha.permanent - alpha.not_earned
    return (
        Figure("Tax saved", usd(alpha.saved), f"in {years} tax {'year' if years == 1 else 'years'}"),
        Figure("Of it not merely deferred", usd(lasting), "converted and permanent"),
        Figure(f"Growth after tax{a_year}", percent(mine.metrics["cagr_after_tax"], 2),
               f"against {percent(theirs.metrics['cagr_after_tax'], 2)}"),
        Figure("If all were sold", change(alpha.value_after_liquidation), "change in value after all tax"),
    )  # fmt: skip


def _rows(
    comparison: Comparison, alpha: TaxAlpha, mine: Backtest, theirs: Backtest
) -> Iterator[tuple[Section, ...]]:
    yield _split(alpha), _resale(alpha)
    run = {label(alpha.policy): mine.daily["value"], label(alpha.other): theirs.daily["value"]}
    yield (
        Section(
            "Growth after tax",
            drawing=growth_drawing(run),
            note="Value after the taxes and costs paid so far.",
        ),
        _measures(comparison, alpha, mine, theirs),
    )
    known = _known(comparison)
    yield (_weights(mine), known) if known else (_weights(mine),)


def _split(alpha: TaxAlpha) -> Section:
    parts = (alpha.deferred, alpha.converted, alpha.permanent - alpha.not_earned, alpha.not_earned)
    rows = [(name, usd(part), MEANINGS[name]) for name, part in zip(MEANINGS, parts, strict=True)]
    rows.append(("Tax saved", usd(alpha.saved), ""))
    columns = (Column("Part"), Column("Amount", right=True), Column("What becomes of it", wide=True))
    return Section("What became of the tax saved", table=Table(columns, tuple(rows), total=True))


def _resale(alpha: TaxAlpha) -> Section:
    rows = [(name, change(getattr(alpha.resale, key))) for key, name in _RESALE.items()]
    rows.append(("Further tax", change(alpha.resale.tax)))
    columns = (Column("Tax, this policy less the other", wide=True), Column("Amount", right=True))
    after, left = change(alpha.value_after_tax), change(alpha.value_after_liquidation)
    note = f"Change in value: {after} before such a sale, {left} after it."
    return Section(
        "If everything were sold on the last day", table=Table(columns, tuple(rows), total=True), note=note
    )


def _measures(comparison: Comparison, alpha: TaxAlpha, mine: Backtest, theirs: Backtest) -> Section:
    columns = (Column("", wide=True), Column("Policy", right=True), Column("Against", right=True))
    rows = tuple(
        (name, words(float(mine.metrics[key])), words(float(theirs.metrics[key])))
        for key, name, words in _MEASURES
        if key in mine.metrics and key in theirs.metrics
    )
    a_year = "Growth: a year. " if annualised(comparison) else "Growth: over the whole time. "
    return Section("Side by side", table=Table(columns, rows), note=f"{a_year}Against: {short(alpha.other)}.")


def _weights(run: Backtest) -> Section:
    opening, closing, target = run.weights.iloc[0], run.weights.iloc[-1], run.bands["target"]
    columns = (
        Column("Class", wide=True),
        *(Column(name, right=True) for name in ("Target", "First day", "Last day", "Change")),
    )
    names = [*target.index, "cash"]
    aimed = {**target.to_dict(), "cash": run.household.targets.cash}
    rows = tuple(
        (capital(short(str(name), 26)), percent(float(aimed[name])), percent(float(opening[name])),
         percent(float(closing[name])), points(float(closing[name] - opening[name])))
        for name in names[:MOST_CLASSES]
    )  # fmt: skip
    more = len(names) - MOST_CLASSES
    note = (
        f"{more} more are not shown." if more > 0 else "Change in percentage points; after each day's trades."
    )
    return Section("Weights before and after", table=Table(columns, rows), note=note)


def _known(comparison: Comparison) -> Section | None:
    warnings = [
        sentence(spoken(f"{one.where}: {one.what}"))
        for one in comparison.assumptions
        if one.severity != "note"
    ]
    if not warnings:
        return None
    shown, more = fitting(warnings, 3, 330)
    return Section(
        "Before you conclude", points=tuple(shown), note=f"{more} more in the appendix." if more else ""
    )


def _small(comparison: Comparison, alpha: TaxAlpha, firm: Firm) -> tuple[Section, ...]:
    run = comparison.runs[alpha.policy]
    tax = run.household.tax
    law = (
        "flat tax rates"
        if tax.flat
        else f"United States federal tax law of {tax.law_year}, {FILINGS[tax.filing]}, in every year"
    )
    opens = (
        "its tax lots" if run.opened_with == "lots" else "account values, invested at target on the first day"
    )
    assumed = (
        f"Prices: {run.market.source or run.market.name}. {capital(law)}. The household opens with {opens}."
        f" Deferred gains are taken to be taxed at {percent(alpha.long_rate)}, withdrawals in retirement at"
        f" {percent(alpha.retirement_rate)}. The last year is settled to its last day."
    )
    return (
        Section("Assumptions", paragraphs=(assumed,)),
        Section("Disclosures", paragraphs=(*RESULT_DISCLOSURES, *firm.disclosure)),
    )
