"""What a worked case expects of trades, held against a report as plain values: `rebal tax --json` has the same form."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rebal_kit.cli import app
from rebal_kit.engine.ledger import date_of, day_of
from rebal_kit.rules.holding import first_long_term_day

HALF_A_CENT = 0.005
AMOUNTS = ("quantity", "proceeds", "basis", "gain", "disallowed", "permanent", "recognized")
DAY = dt.timedelta(days=1)

Told = dict[str, Any]


def answered(ledger: Path, household: Path) -> Told:
    """What `rebal tax --json` says."""
    done = CliRunner().invoke(app, ["tax", str(ledger), "--household", str(household), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def check(told: Told, case: dict[str, Any], expect: dict[str, Any]) -> set[str]:
    """Hold a report against what a case expects; return what was compared."""
    return {name for name in expect if name in CHECKS and CHECKS[name](told, case, expect[name]) is None}


def cents(value: Any) -> Any:
    return pytest.approx(value, rel=0, abs=HALF_A_CENT)


def summed(rows: Iterable[dict[str, Any]], keys: tuple[str, ...], names: tuple[str, ...]) -> dict[Any, Any]:
    sums: dict[Any, Any] = defaultdict(lambda: np.zeros(len(names)))
    for row in rows:
        sums[tuple(row[key] for key in keys)] += [row[name] for name in names]
    return sums


def same(found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        assert found[key] == cents(row), key


def check_disposals(told: Told, case: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    keys = ("date", "lot", "term")
    same(summed(told["disposals"], keys, AMOUNTS), summed(rows, keys, AMOUNTS))
    assert [row["date"] for row in told["disposals"]] == sorted(row["date"] for row in told["disposals"])
    check_form(told)


def check_form(told: Told) -> None:
    """Form 8949 has each disposal: (h) = (d) - (e) + (g), code W where a loss was disallowed, part II is long-term."""
    form = [
        ("LT" if row["part"] == "II" else "ST", *_form_row(row, "sold", "adjustment", "gain"))
        for row in told["form_8949"]
    ]
    sold = [(row["term"], *_form_row(row, "date", "disallowed", "recognized")) for row in told["disposals"]]
    assert sorted(form) == sorted(sold)
    for row in told["form_8949"]:
        assert row["gain"] == cents(row["proceeds"] - row["basis"] + row["adjustment"])
        assert row["code"] == ("W" if row["adjustment"] > 0 else "")
        assert row["box"] == {"I": "A", "II": "D"}[row["part"]]


def _form_row(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    date, *amounts = names
    return (
        row[date],
        row["acquired"],
        row["lot"],
        *(round(row[name], 2) + 0.0 for name in ("proceeds", "basis", *amounts)),
    )


def check_open_lots(told: Told, case: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    keys, names = ("lot", "holding_start"), ("quantity", "basis")
    same(summed(told["open_lots"], keys, names), summed(rows, keys, names))
    held = {trade["lot"]: (trade["account"], trade["symbol"]) for trade in case["trades"] if "lot" in trade}
    assert all((row["account"], row["symbol"]) == held[row["lot"]] for row in told["open_lots"])


def check_totals(told: Told, case: dict[str, Any], totals: dict[str, float]) -> None:
    assert {name: told["totals"][name] for name in totals} == {
        name: cents(value) for name, value in totals.items()
    }


def check_by_year(told: Told, case: dict[str, Any], years: dict[str, dict[str, float]]) -> None:
    for year, terms in years.items():
        assert {term: told["by_year"][year][term] for term in terms} == {
            t: cents(v) for t, v in terms.items()
        }
        assert told["by_year"][year]["recognized"] == cents(sum(terms.values()))


def check_tax_year(told: Told, case: dict[str, Any], year: int) -> None:
    assert {row["date"][:4] for row in told["disposals"]} == {str(year)}
    assert [y for y, row in told["by_year"].items() if row["recognized"]] == [str(year)]


def first_long_term(told: Told) -> dt.date:
    """The first long-term day of the lots left, or of those sold where none are left."""
    rows = told["open_lots"] or told["disposals"]
    (first,) = {first_long_term_day(day_of(dt.date.fromisoformat(row["holding_start"]))) for row in rows}
    return date_of(first)


def check_first_long_term_date(told: Told, case: dict[str, Any], date: str) -> None:
    assert first_long_term(told).isoformat() == date


def check_days(back: int) -> Callable[..., None]:
    def days(told: Told, case: dict[str, Any], count: int) -> None:
        bought = dt.date.fromisoformat(case["trades"][0]["date"])
        assert (first_long_term(told) - back * DAY - bought).days == count

    return days


def check_box_1g(told: Told, case: dict[str, Any], amount: float) -> None:
    assert sum(row["box_1g"] for row in told["broker_view"]) == cents(amount)
    apart = [row for row in told["broker_view"] if abs(row["disallowed"] - row["box_1g"]) > HALF_A_CENT]
    assert apart, "the case is there to show a difference"
    assert all(row["why"] for row in apart)


def check_qualified(told: Told, case: dict[str, Any], qualified: bool) -> None:
    (row,) = told["dividends"]
    assert row["qualified"] is qualified
    assert row["qualified_amount"] == cents(row["amount"] if qualified else 0.0)
    (year,) = {row["ex_date"][:4]}
    assert told["schedule_d"][year]["qualified"] == cents(row["qualified_amount"])


def check_days_in_window(told: Told, case: dict[str, Any], days: int) -> None:
    assert [row["days"] for row in told["dividends"]] == [days]


def check_dividend(told: Told, case: dict[str, Any], amount: float) -> None:
    assert [row["amount"] for row in told["dividends"]] == [cents(amount)]


CHECKS: dict[str, Callable[..., None]] = {
    "disposals": check_disposals,
    "open_lots": check_open_lots,
    "totals": check_totals,
    "by_year": check_by_year,
    "tax_year": check_tax_year,
    "first_long_term_date": check_first_long_term_date,
    "days_on_last_short_term_day": check_days(1),
    "days_on_first_long_term_day": check_days(0),
    "broker_1099b_box_1g": check_box_1g,
    "qualified": check_qualified,
    "days_held_in_window": check_days_in_window,
    "dividend": check_dividend,
}
