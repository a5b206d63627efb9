"""Tax saved by year and what becomes of it, and what a household's switches are worth: tables as text, and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from rebal_kit.views.comparison_json import as_json, plain
from rebal_kit.views.shape import annualised, label
from rebal_kit.views.tables import number, said

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rebal_kit.household_comparison import HouseholdComparison
    from rebal_kit.tax_alpha import TaxAlpha

_SPLIT = {
    "saved": "tax saved", "deferred": "deferred", "converted": "converted", "permanent": "permanent",
    "not_earned": "income differed",
}  # fmt: skip
_WORTH = {
    "value_after_tax": ("value after tax", "$k"),
    "value_after_liquidation": ("value after liquidation", "$k"),
    "bp_after_tax": ("worth, after tax", "bp"),
    "bp_after_liquidation": ("worth, after liquidation", "bp"),
    "saved": ("tax saved against it", "$"),
    "deferred": ("deferred", "$"),
    "converted": ("converted", "$"),
    "permanent": ("permanent", "$"),
    "not_earned": ("of which income differed", "$"),
    "tax_on_liquidation": ("further tax if all were sold", "$"),
}
#: Why the further tax on selling everything differs, by the fields of `rebal_kit.tax_split.Resale`.
_RESALE = {
    "deferred": "deferred gains fall due",
    "other_gains": "gains of other holdings",
    "other_rates": "sold all in one year: other rates",
    "retirement": "tax-deferred balances",
}
NOTES = (
    "deferred: falls due when shares are sold or tax-deferred accounts are drawn on",
    "converted: taxed at another rate now than later, or as another kind of income; permanent: never falls due",
    "income differed: the part of permanent that comes only from less or more income; nobody is better off for it",
)


#: What the first rows of `worth` are.
WHAT_WORTH_IS = (
    "worth: growth of the policy as it is less that of the run; what one part is worth depends on the others"
)


def split(alpha: TaxAlpha) -> pd.DataFrame:
    """Return the split as text: a row a year and a total, a column a part, US$; the last is tax saved over value."""
    years = alpha.by_year
    rows = {
        str(year): [*(number(row[key], 0) for key in _SPLIT), f"{number(row['alpha'] * 100, 2)} %"]
        for year, row in years.iterrows()
    }
    rows["all years"] = [*(number(float(years[key].sum()), 0) for key in _SPLIT), ""]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*_SPLIT.values(), "of value"])


def resale(alpha: TaxAlpha) -> pd.DataFrame:
    """Return the liquidation line as text: what selling everything adds in tax, and why; and what is left then, US$."""
    found = alpha.resale
    rows = {name: getattr(found, key) for key, name in _RESALE.items()}
    rows |= {
        "further tax if all were sold": found.tax,
        "change in value after tax": alpha.value_after_tax,
        "change in value after liquidation": alpha.value_after_liquidation,
    }
    return pd.DataFrame({"US$": [number(value, 0) for value in rows.values()]}, index=list(rows))


def worth(comparison: HouseholdComparison) -> pd.DataFrame:
    """Return what each switch is worth as text: a row a figure (name, unit), a column a run."""
    table = comparison.worth
    a_year = "bp/yr" if annualised(comparison) else "bp"
    rows, index = [], []
    for key, (name, unit) in _WORTH.items():
        of = table[key] / 1_000 if unit == "$k" else table[key]
        rows.append([number(value, {"$k": 1, "bp": 1}.get(unit, 0)) for value in of])
        if key not in ("value_after_tax", "value_after_liquidation"):
            rows[-1][0] = ""  # against itself
        index.append((name, a_year if unit == "bp" else unit))
    return pd.DataFrame(
        rows, index=pd.MultiIndex.from_tuples(index, names=["measure", "unit"]), columns=list(table.index)
    )


def split_terminal(alpha: TaxAlpha) -> list[RenderableType]:
    """Return the split and the liquidation line as tables for a terminal."""
    title = f"Tax saved by {label(alpha.policy)} against {label(alpha.other)}, US$"
    return [*_split(alpha, title), *_dim((_rates(alpha), *NOTES))]


def worth_terminal(comparison: HouseholdComparison) -> list[RenderableType]:
    """Return what each switch is worth as a table for a terminal."""
    notes = (*(str(found) for found in comparison.notes), *NOTES)
    return [*_worth(comparison), *_dim((WHAT_WORTH_IS, *notes))]


def household_terminal(comparison: HouseholdComparison) -> list[RenderableType]:
    """Return what each switch is worth, the split against each run, and once what a reader must know."""
    alphas = comparison.tax_alphas
    parts = _worth(comparison)
    for name, alpha in alphas.items():
        parts += _split(alpha, f"Tax saved against {name}, US$")
    rates = [_rates(alpha) for alpha in alphas.values()][:1]
    notes = (WHAT_WORTH_IS, *rates, *NOTES)
    return [
        *parts,
        *_dim((*notes, *said(comparison.assumptions), "a back-test, no forecast; not tax advice")),
    ]


def worth_title(comparison: HouseholdComparison) -> str:
    """Return the heading of the table of what each switch is worth."""
    run = next(iter(comparison.runs.values()))
    first, last = run.market.dates[0], run.market.dates[-1]
    return (
        f"{label(run.household.name)}: what each part of {label(run.policy.name)} is worth, {first} to {last}"
    )


def _worth(comparison: HouseholdComparison) -> list[RenderableType]:
    table = worth(comparison)
    table.index = [f"{name} ({unit})" for name, unit in table.index]
    return _drawn(table, worth_title(comparison))


def _split(alpha: TaxAlpha, title: str) -> list[RenderableType]:
    return [*_drawn(split(alpha), title), *_drawn(resale(alpha), "If everything were sold, US$")]


def _rates(alpha: TaxAlpha) -> str:
    return (
        f"deferred gains at {alpha.long_rate:.1%}, withdrawals in retirement at {alpha.retirement_rate:.1%};"
        " a last year that is not over is settled to its last session"
    )


def split_json(alpha: TaxAlpha) -> dict[str, Any]:
    """Return the split and the liquidation line as JSON values; what is not known is null."""
    years = alpha.by_year.join(alpha.causes)
    return {
        "policy": alpha.policy,
        "other": alpha.other,
        "long_rate": plain(alpha.long_rate),
        "retirement_rate": plain(alpha.retirement_rate),
        "years": [
            {"year": int(year), **{str(key): plain(value) for key, value in row.items()}}
            for year, row in zip(years.index, years.to_dict("records"), strict=True)
        ],
        "total": {key: plain(getattr(alpha, key)) for key in _SPLIT},
        "liquidation": {key: plain(value) for key, value in alpha.resale._asdict().items()},
        "value_after_tax": plain(alpha.value_after_tax),
        "value_after_liquidation": plain(alpha.value_after_liquidation),
        "cagr_after_tax": plain(alpha.cagr_after_tax),
        "cagr_after_liquidation": plain(alpha.cagr_after_liquidation),
    }


def household_json(comparison: HouseholdComparison) -> dict[str, Any]:
    """Return a household comparison as JSON values: what `as_json` gives, what each switch is worth, and each split."""
    return {
        **as_json(comparison),
        "worth": {
            str(name): {str(key): plain(value) for key, value in row.items()}
            for name, row in comparison.worth.to_dict("index").items()
        },
        "tax_alpha": {name: split_json(alpha) for name, alpha in comparison.tax_alphas.items()},
    }


def _drawn(table: pd.DataFrame, title: str) -> list[RenderableType]:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    grid.add_column("", overflow="fold")
    for column in table.columns:  # a heading may wrap, a figure may not
        width = max(len(str(figure)) for figure in table[column])
        grid.add_column(Text(str(column)), justify="right", min_width=width, overflow="fold")
    for name, row in zip(table.index, table.to_numpy(), strict=True):
        grid.add_row(Text(str(name)), *(Text(str(figure)) for figure in row))
    return [Text(title, style="bold"), grid, Text()]


def _dim(notes: tuple[str, ...]) -> list[RenderableType]:
    from rich.text import Text

    return [Text(f"· {sentence}", style="dim") for sentence in notes]
