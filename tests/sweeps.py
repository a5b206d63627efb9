"""A small sweep for tests, and a process that runs it and can be killed."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

from rebal_kit import sweep_drive
from rebal_kit.axes import Between
from rebal_kit.design import Design
from rebal_kit.domain import AccountKind
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.sweep import book_of, hands_of, sweep
from rebal_kit.sweep_drive import on_disk
from rebal_kit.sweep_store import opened
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold
from tests.worlds import account, household_of, random_market

MARKET = random_market(11, ("A", "A2", "B", "C"), 400)
HOUSEHOLD = household_of(
    {AssetClass("stocks", {"A": 1, "A2": 0}): 0.5, "B": 0.3, "C": 0.15},
    account(value=50_000.0), account("IRA", AccountKind.IRA, value=20_000.0),
    tax=TaxProfile(ordinary_income=200_000, state_rate=0.04),
)  # fmt: skip
N = 300
BASE = RebalancePolicy("base", Threshold(), harvest=Harvest(min_loss_usd=50.0))


def drawn(n: int) -> Design:
    """So many settings, one in five of which cannot be run."""
    fields = {
        "triggers[0].band.absolute": Between(0.005, 0.08), "harvest.min_loss_pct": Between(0.0, 0.1),
        "lot_method": ["fifo", "hifo"], "costs.by_symbol": [(), (), (), (), (("NONE", 1.0),)],
    }  # fmt: skip
    return Design.random(BASE, fields, n, seed=5)


def run_slowly(out: Path, n: int) -> None:
    """Keep every piece at once and say so, so that there is a moment to be killed in."""
    sweep_drive.PART_SECONDS = 0.0
    sweep(MARKET, HOUSEHOLD, drawn(n), out=out, workers=1, progress=lambda done, _: print(done, flush=True))


if __name__ == "__main__":
    run_slowly(Path(sys.argv[1]), int(sys.argv[2]))


def parts(out: Path) -> Path:
    return out.with_name(f"{out.name}.parts")


def run(out: Path, design: Design, **more) -> tuple[pd.DataFrame, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = sweep(MARKET, HOUSEHOLD, design, out=out, **more)
    return table, [str(warning.message) for warning in caught]


def course(out: Path, design: Design, **more) -> tuple[int, int]:
    """How many rows were there, and how many had to be computed."""
    book = book_of(MARKET, HOUSEHOLD, design)
    with opened(book, out, fresh=False) as store:
        swept = on_disk(store, hands_of(1, "threads", None, None), lambda *_: None, **more)
    return swept.kept, swept.computed


def interrupted_after(out: Path, design: Design, rows: int, kind=KeyboardInterrupt, **more) -> BaseException:
    def tell(done: int, total: int) -> None:
        assert total == len(design)
        if done >= rows:
            raise kind

    with pytest.raises(kind) as caught:
        sweep(MARKET, HOUSEHOLD, design, out=out, workers=1, progress=tell, **more)
    return caught.value


def same(table: pd.DataFrame, straight: pd.DataFrame) -> None:
    assert table.columns[0] == "key"
    assert table["key"].is_unique
    pd.testing.assert_frame_equal(table.drop(columns="key"), straight, check_exact=True)


@pytest.fixture(scope="module", name="straight")
def straight_table() -> pd.DataFrame:
    """The table of a sweep that nothing happens to."""
    return sweep(MARKET, HOUSEHOLD, drawn(N))


@pytest.fixture(name="out")
def out_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a sweep keeps its rows, each piece at once."""
    monkeypatch.setattr(sweep_drive, "PART_SECONDS", 0.0)
    return tmp_path / "rows.parquet"
