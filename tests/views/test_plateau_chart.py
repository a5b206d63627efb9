"""The map of a sweep: every setting a cell, a border around the plateau, no mark on the peak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.compare import compare
from rebal_kit.findings import PolicyError
from rebal_kit.plateau import Plateau, plateau
from rebal_kit.sweep import sweep
from rebal_kit.views import style
from rebal_kit.views.plateau_chart import _DARKER, plateau_map
from tests.test_plateau import DESIGN, HOUSEHOLD, MARKET
from tests.views.test_charts import found, rows_with

BAND, LOOK = "triggers[0].band.absolute", "triggers[0].look"


@pytest.fixture(scope="module")
def swept() -> pd.DataFrame:
    return sweep(MARKET, HOUSEHOLD, DESIGN)


@pytest.fixture(scope="module")
def flat() -> Plateau:
    return plateau(compare(MARKET, HOUSEHOLD, list(DESIGN)))


def with_members(of: Plateau, members: list[int]) -> Plateau:
    return replace(of, table=of.table.assign(plateau=np.isin(np.arange(len(of.table)), members)))


def sides(chart) -> set[tuple[float, ...]]:
    return {
        (row["x1"], row["x2"], row["y1"], row["y2"]) for row in rows_with(chart, "x1") if "value" not in row
    }


def test_every_setting_is_a_cell_with_its_figure(swept: pd.DataFrame, flat: Plateau) -> None:
    chart = plateau_map(swept, flat, LOOK, BAND)
    cells = {(row["across"], row["down"]): row for row in rows_with(chart, "value")}
    assert len(cells) == 12
    for at, row in enumerate(swept.to_dict("records")):
        cell = cells[f"{row[LOOK]:g}", f"{row[BAND]:g}"]
        assert cell["value"] == pytest.approx(100 * row["cagr_after_liquidation"], abs=1e-5)
        assert cell["behind"] == pytest.approx(1e4 * flat.table["behind"].iloc[at], abs=0.01)
        assert cell["plateau"] == ("yes" if flat.table["plateau"].iloc[at] else "no")
    exprs = [text for text in found(chart.to_dict(), "labelExpr") if isinstance(text, str)]
    assert any("'1', '5', '21'" in text for text in exprs)
    assert any("'1', '3', '5', '8'" in text for text in exprs)  # percentage points


def test_the_border_goes_around_the_plateau_and_the_others_are_crossed(
    swept: pd.DataFrame, flat: Plateau
) -> None:
    everywhere = plateau_map(swept, with_members(flat, list(range(12))), LOOK, BAND)
    assert len(sides(everywhere)) == 2 * (3 + 4)
    one = plateau_map(swept, with_members(flat, [4]), LOOK, BAND)  # the second band, the second look
    assert sides(one) == {
        (0.5, 0.5, 0.5, 1.5),
        (1.5, 1.5, 0.5, 1.5),
        (0.5, 1.5, 0.5, 0.5),
        (0.5, 1.5, 1.5, 1.5),
    }
    assert ": 1 of 12 settings" in one.to_dict()["title"]["subtitle"][0]
    neighbours = plateau_map(swept, with_members(flat, [3, 4]), LOOK, BAND)
    assert len(sides(neighbours)) == 6
    assert sum(row["plateau"] == "no" for row in rows_with(neighbours, "value")) == 10
    assert "×" in str(one.to_dict()["layer"])


def test_the_peak_is_not_marked(swept: pd.DataFrame, flat: Plateau) -> None:
    spec = plateau_map(swept, with_members(flat, list(range(12))), LOOK, BAND).to_dict()
    marks = [mark["type"] for mark in found(spec, "mark") if isinstance(mark, dict)]
    assert sorted(marks) == ["rect", "rule", "text", "text"]
    assert flat.best not in str(spec)


def test_noise_looks_even_and_order_is_read_in_grey(swept: pd.DataFrame, flat: Plateau) -> None:
    spec = plateau_map(swept, flat, LOOK, BAND).to_dict()
    (domain,) = {
        tuple(scale["domain"])
        for scale in found(spec, "scale")
        if isinstance(scale, dict) and len(scale.get("range", ())) == len(_DARKER)
    }
    top = 100 * swept["cagr_after_liquidation"].max()
    assert domain[1] == pytest.approx(top, abs=1e-5)
    assert domain[1] - domain[0] >= 100 * flat.reach - 1e-9
    grey = [
        sum(weight * int(colour[at : at + 2], 16) for weight, at in ((0.299, 1), (0.587, 3), (0.114, 5)))
        for colour in _DARKER
    ]
    assert (np.diff(grey) < -15).all()


@pytest.mark.parametrize("measure", ["cagr_after_tax", "value_after_liquidation", "value_after_tax"])
def test_other_measures_have_their_units(swept: pd.DataFrame, flat: Plateau, measure: str) -> None:
    spec = plateau_map(swept, flat, LOOK, BAND, measure).to_dict()
    assert ("%" if "cagr" in measure else "US$ thousands") in spec["title"]["subtitle"][0]


def test_a_setting_that_did_not_run_is_blank(swept: pd.DataFrame, flat: Plateau) -> None:
    broken = swept.copy()
    broken.loc[3, "cagr_after_liquidation"] = np.nan
    less = replace(flat, table=flat.table.drop(flat.table.index[3]), comparison=None)
    rows = rows_with(plateau_map(broken, less, LOOK, BAND), "behind")
    (blank,) = [row for row in rows if row["value"] is None]
    assert blank["plateau"] == "no"


def test_a_chart_is_titled_described_and_self_contained(swept: pd.DataFrame, flat: Plateau) -> None:
    chart = plateau_map(swept, flat, LOOK, BAND)
    spec = chart.to_dict()
    below = " ".join(spec["title"]["subtitle"])
    for words in (
        "after tax and liquidation, %",
        "prices 'random 5'",
        "US federal law",
        "2023-01-02",
        "at 90%",
    ):
        assert words in below
    assert "4 by 3 settings" in spec["description"]
    assert spec["config"]["font"] == style.FONT
    titles = [title for title in found(spec, "title") if isinstance(title, str)]
    assert "Band around the target, percentage points" in titles
    assert "Look at the drift every so many sessions" in titles
    import vl_convert

    assert "<svg" in vl_convert.vegalite_to_svg(chart.to_json())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"across": "triggers[0].lock"}, "no column triggers\\[0\\].lock"),
        ({"measure": "turnover"}, "measure is 'turnover'"),
        ({"down": LOOK}, "several settings have the same"),
        ({"swept": lambda table: pd.concat([table, table])}, "several settings have the same"),
        ({"swept": lambda table: table.iloc[:-1]}, "11 rows are not the 12 settings"),
        ({"swept": lambda table: table.iloc[::-1]}, "12 rows are not the 12 settings"),
    ],
)
def test_what_is_no_map_is_refused(swept: pd.DataFrame, flat: Plateau, change: dict, message: str) -> None:
    given = {"swept": swept, "found": flat, "across": LOOK, "down": BAND, **change}
    if callable(given["swept"]):
        given["swept"] = given["swept"](swept)
    with pytest.raises(PolicyError, match=message):
        plateau_map(**given)
