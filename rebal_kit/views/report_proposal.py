"""A proposal's document as a report for a client: what is proposed and why on one page, and all of it behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rebal_kit.files.firm import Firm
from rebal_kit.reasons import Reason
from rebal_kit.views.masking import masking
from rebal_kit.views.nouns import FILINGS
from rebal_kit.views.report_appendix import appendices
from rebal_kit.views.report_charts import weights_drawing
from rebal_kit.views.report_content import Column, Figure, Report, Section, Table
from rebal_kit.views.report_prose import PROPOSAL_DISCLOSURES
from rebal_kit.views.report_words import (
    capital,
    change,
    fitting,
    listed,
    long_day,
    percent,
    points,
    quoted,
    sentence,
    short,
    spoken,
    usd,
)
from rebal_kit.views.tables import number
from rebal_kit.views.tax_words import count

#: Rows of the first page's tables; the appendices have all.
MOST_CLASSES, MOST_TRADES, MOST_BLOCKED = 9, 8, 3
#: Below half a cent and below a ten-thousandth of the portfolio there is nothing to say.
_CENT, _DUST = 0.005, 5e-5
#: What is told apart from names and never masked.
_NO_NAMES = frozenset({"proposal", "format", "version", "inputs", "asof", "expires", "acquired", "until"})
_HARVESTED = frozenset({Reason.HARVEST.sentence, Reason.PAIRED.sentence})


def proposal_report(document: Mapping[str, Any], firm: Firm | None = None) -> Report:
    """Return the report of a proposal.

    Parameters
    ----------
    document : mapping
        As `rebal_kit.files.proposal_file.load_proposal_document` gives it: checked.
    firm : Firm, optional
        Whose name it bears.
    """
    plain = _masked(document)
    asof, expires = plain["asof"], plain["expires"]
    return Report(
        title="Rebalancing proposal",
        household=capital(short(plain["household"], 60)),
        subtitle=(
            f"Prices of {long_day(asof)}; valid through {long_day(expires)}",
            f"Policy: {short(plain['policy'])}; proposal {plain['proposal']}",
        ),
        date=asof,
        alarm=_alarm(plain),
        lead=tuple(_lead(plain)),
        figures=_figures(plain),
        rows=tuple(_rows(plain)),
        small=_small(plain, firm or Firm()),
        appendices=appendices(plain),
        footer=f"Proposal {plain['proposal']}, prices of {asof}, valid through {expires}",
        firm=firm or Firm(),
    )


def _masked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with account numbers masked in all that is said."""
    names = [document["household"], *(row["account"] for row in document["cash"])]
    for trade in document["trades"]:
        names += [trade["account"], trade["broker"]]
    names += [one["account"] for one in document["blocked"]]
    mask = masking(names)

    def walk(value: Any, key: str = "") -> Any:
        if key in _NO_NAMES:
            return value
        if isinstance(value, Mapping):
            return {name: walk(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, key) for inner in value]
        return mask(value) if isinstance(value, str) else value

    found: dict[str, Any] = walk(document)
    return found


def _alarm(plain: Mapping[str, Any]) -> str:
    errors = [f"{one['where']}: {one['what']}" for one in plain["findings"] if one["severity"] == "error"]
    if not errors:
        return ""
    shown, more = fitting([quoted(text) for text in errors], 2, 300)
    rest = f" {count(more, 'more error')} in the appendix." if more and shown else ""
    told_ = "; ".join(shown) if shown else f"{count(more, 'error')}, in the appendix"
    return f"This proposal cannot be approved as it is. {sentence(told_)}{rest}"


def _lead(plain: Mapping[str, Any]) -> Iterator[str]:
    trades, tax, drift = plain["trades"], plain["tax"], plain["drift"]
    if not trades:
        yield (
            f"We propose no trades today. At the closing prices of {long_day(plain['asof'])},"
            f" {percent(drift['before'])} of the portfolio is away from its target mix; the policy asks for no more."
        )
        return
    accounts = len({trade["account"] for trade in trades})
    amount = sum(trade["amount"] for trade in trades)
    text = f"We propose {count(len(trades), 'trade')} for {usd(amount)} in {count(accounts, 'account')}. "
    yield text + _drifting(plain) + _taxed(tax)


def _drifting(plain: Mapping[str, Any]) -> str:
    drift = plain["drift"]
    outside = [
        f"{short(row['class'], 24)} ({percent(row['before'])} against a target of {percent(row['target'])})"
        for row in plain.get("classes", ())
        if row.get("low") is not None and not row["low"] - _DUST <= row["before"] <= row["high"] + _DUST
    ]
    before, after = (percent(drift[part]) for part in ("before", "after"))
    moved = f"{before} of the portfolio is away from its target mix today, {after} afterwards"
    if not outside:
        return f"{moved}. "
    more = [f"{len(outside) - 3} more"] if len(outside) > 3 else []
    verb = "has" if len(outside) == 1 else "have"
    return f"{listed([*outside[:3], *more])} {verb} left the range that the policy allows; {moved}. "


def _taxed(tax: Mapping[str, float]) -> str:
    now = tax["tax_now"]
    if now <= -_CENT:
        return f"The trades lower this year's tax by {usd(-now)}."
    return (
        f"The trades add {usd(now)} to this year's tax."
        if now >= _CENT
        else "The trades change no tax this year."
    )


def _taxable(plain: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the lots sold in taxable accounts, each with its trade."""
    return [(trade, lot) for trade in plain["trades"] for lot in trade["lots"] if lot["term"]]


def _figures(plain: Mapping[str, Any]) -> tuple[Figure, ...]:
    tax, trades = plain["tax"], plain["trades"]
    losses = [(trade, lot) for trade, lot in _taxable(plain) if lot["gain"] < 0]
    lost = -sum(lot["gain"] for _, lot in losses)
    on_purpose = -sum(lot["gain"] for trade, lot in losses if trade["reason"] in _HARVESTED)
    if not losses:
        harvest = "no lot is sold at a loss"
    elif tax["disallowed"] >= _CENT:
        harvest = f"{usd(tax['disallowed'])} disallowed by wash sales"
    else:
        harvest = f"{usd(on_purpose)} harvested on purpose, the rest in rebalancing"
        if lost - on_purpose < _CENT:
            harvest = "all harvested on purpose"
        elif on_purpose < _CENT:
            harvest = "in the course of rebalancing"
    year = f"{usd(tax.get('tax_of_year_before', 0.0))} before, {usd(tax.get('tax_of_year_after', 0.0))} after"
    if not tax.get("tax_of_year_before") and not tax.get("tax_of_year_after"):
        year = "what the trades add to it"
    amount = sum(trade["amount"] for trade in trades)
    return (
        Figure("Change in this year's tax", change(tax["tax_now"]), year),
        Figure("Losses realised", usd(lost), harvest),
        Figure("Cost of trading", usd(plain["cost"]), f"for {usd(amount)} traded"),
        Figure(
            "Away from target",
            percent(plain["drift"]["after"]),
            f"{percent(plain['drift']['before'])} before",
        ),
    )


def _rows(plain: Mapping[str, Any]) -> Iterator[tuple[Section, ...]]:
    classes = plain.get("classes", [])
    if classes:
        yield (Section("Weights before and after", table=_weights(classes), note=_left_out(classes)),
               Section("Where they move", drawing=weights_drawing(classes[:MOST_CLASSES])))  # fmt: skip
    if plain["trades"]:
        yield (_trades(plain), _gains(plain))
    blocked, known = _blocked(plain), _known(plain)
    if blocked or known:
        yield tuple(section for section in (blocked, known) if section)


def _weights(classes: Sequence[Mapping[str, Any]]) -> Table:
    figures = ("Target", "Range", "Before", "After", "Change")
    columns = (Column("Class", wide=True), *(Column(name, right=True) for name in figures))
    rows = []
    for row in classes[:MOST_CLASSES]:
        low, high = row.get("low"), row.get("high")
        band = f"{percent(low, 0)}–{percent(high, 0)}" if low is not None and high is not None else ""
        rows.append((
            capital(short(row["class"], 24)), percent(row["target"]), band, percent(row["before"]),
            percent(row["after"]), points(row["after"] - row["before"]),
        ))  # fmt: skip
    return Table(columns, tuple(rows))


def _left_out(classes: Sequence[Any]) -> str:
    more = len(classes) - MOST_CLASSES
    return (
        f"{more} more in the appendix."
        if more > 0
        else "Range: how far the policy lets a class drift. Change in percentage points."
    )


def _trades(plain: Mapping[str, Any]) -> Section:
    sums: dict[tuple[str, str], list[float]] = {}
    for trade in plain["trades"]:
        found = sums.setdefault((trade["side"], trade["symbol"]), [0.0, 0.0])
        found[0] += trade["quantity"]
        found[1] += trade["amount"]
    ordered = sorted(sums.items(), key=lambda item: (item[0][0] != "sell", -item[1][1], item[0][1]))
    digits = 0 if all(quantity == round(quantity) for quantity, _ in sums.values()) else 2
    columns = (Column("", wide=True), Column("Shares", right=True), Column("Amount", right=True))
    rows = tuple(
        (f"{side.capitalize()} {symbol[:24]}", number(quantity, digits), usd(amount))
        for (side, symbol), (quantity, amount) in ordered[:MOST_TRADES]
    )
    more = len(ordered) - MOST_TRADES
    rest = f"{more} more {'security' if more == 1 else 'securities'}"
    return Section(
        "What we would trade", table=Table(columns, rows),
        note=f"{rest} and all trades with their accounts and lots in the appendix." if more > 0
        else "Summed over accounts; each trade with its account, lots and reason in the appendix.",
    )  # fmt: skip


def _gains(plain: Mapping[str, Any]) -> Section:
    tax, lots = plain["tax"], [lot for _, lot in _taxable(plain)]
    rows = []
    for name, key in (("Short-term", "short"), ("Long-term", "long")):
        gains = [lot["gain"] for lot in lots if lot["term"] == key]
        rows.append((
            name, usd(sum(gain for gain in gains if gain > 0)), usd(sum(gain for gain in gains if gain < 0)),
            usd(tax[f"{key}_gain"]),
        ))  # fmt: skip
    lost = f", {usd(tax['permanent'])} of them for good" if tax.get("permanent", 0.0) >= _CENT else ""
    rows.append(("Change in this year's tax", "", "", change(tax["tax_now"])))
    washed = (
        f"{usd(tax['disallowed'])} of losses are disallowed by the wash-sale rule{lost}; net is after that."
        if tax["disallowed"] >= _CENT
        else "No loss is disallowed by the wash-sale rule."
    )
    columns = (
        Column("Taxable accounts", wide=True),
        *(Column(name, right=True) for name in ("Gains", "Losses", "Net")),
    )
    return Section("Gains realised, by term", table=Table(columns, tuple(rows), total=True), note=washed)


def _blocked(plain: Mapping[str, Any]) -> Section | None:
    told_ = [
        f"{one['symbol']}{' in ' + short(one['account'], 30) if one['account'] else ''} until"
        f" {long_day(one['until']) if one['until'] else 'further notice'}: {spoken(one['why'])}."
        for one in sorted(
            plain["blocked"], key=lambda one: (one["until"] or "9", one["symbol"], one["account"])
        )
    ]
    if not told_:
        return None
    shown, more = fitting(told_, MOST_BLOCKED, 360)
    return Section(
        "Blocked for now", points=tuple(shown), note=f"{more} more in the appendix." if more else ""
    )


def _known(plain: Mapping[str, Any]) -> Section | None:
    warnings = [_warning(one) for one in plain["findings"] if one["severity"] == "warning"]
    changed = [
        sentence(f"changed by hand: {one.get('what', '')} {one.get('trade', '')}")
        for one in plain["overrides"]
    ]
    told_ = list(dict.fromkeys([*changed, *warnings]))
    if not told_:
        return None
    shown, more = fitting(told_, 3, 300)
    note = (
        f"{more} {'more ' if shown else ''}in the appendix, with what to do."
        if more
        else "What to do is in the appendix."
    )
    return Section("Before you decide", points=tuple(shown), note=note)


def _warning(one: Mapping[str, str]) -> str:
    if one["where"].startswith("household '"):
        return sentence(spoken(f"the household's file {one['what']}"))
    return sentence(spoken(f"{one['where']}: {one['what']}"))


def _small(plain: Mapping[str, Any], firm: Firm) -> tuple[Section, ...]:
    kept = [
        one
        for one in plain["findings"]
        if one["severity"] == "note" and one["where"] in ("prices", "law", "execution")
    ]
    shown, _ = fitting([sentence(spoken(_in_words(one["what"]))) for one in kept], 3, 480)
    law = (
        f"Law of {plain['law_year']}. "
        if plain.get("law_year") and not any(one["where"] == "law" for one in kept)
        else ""
    )
    assumed = (
        f"{law}{' '.join(shown)} Lots, cost basis and the year so far are as the household's file gives them."
    )
    return (
        Section("Assumptions", paragraphs=(assumed.strip(),)),
        Section("Disclosures", paragraphs=(*PROPOSAL_DISCLOSURES, *firm.disclosure)),
    )


def _in_words(text: str) -> str:
    """Return what a note says of the law with the filing status in words."""
    for code, words in FILINGS.items():
        text = text.replace(f", {code};", f", {words};")
    return f"United States federal tax {text}" if text.startswith("law of ") else text
