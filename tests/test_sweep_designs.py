"""sweep() over designs, households and histories: each row is the single run of what its columns say."""

from __future__ import annotations

import datetime as dt
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rebal_kit.axes import Between
from rebal_kit.backtest import backtest
from rebal_kit.costs import Costs
from rebal_kit.design import Design
from rebal_kit.findings import HouseholdError, MarketError, PolicyError, RebalError
from rebal_kit.location import location_ranks
from rebal_kit.paths import Paths
from rebal_kit.policy import BUY_AND_HOLD
from rebal_kit.run import METRICS
from rebal_kit.sweep import sweep
from rebal_kit.sweep_book import Book
from rebal_kit.sweep_keys import Keys
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from tests.sweeps import BASE, HOUSEHOLD, MARKET, drawn
from tests.worlds import account, household_of, random_market


def bits(row) -> bytes:
    return np.array([row[name] for name in METRICS], float).tobytes()


def test_columns_say_what_was_varied_and_rows_are_its_single_runs() -> None:
    fields = {
        "triggers[0].band.absolute": [0.01, 0.05], "triggers[0].look": [1, "month"],
        "harvest": {"never": None, "often": BASE.harvest}, "whole_shares": [False, True], "min_trade_usd": [0, 50],
        "gains.max_gain_usd": [None, 100.0],
    }  # fmt: skip
    design = Design.grid(BASE, fields)
    table = sweep(MARKET, HOUSEHOLD, design)
    assert list(table.columns) == ["policy", *fields, "status", *METRICS]
    assert set(table["policy"]) == {"base"}
    assert table["triggers[0].band.absolute"].dtype == float
    assert table["min_trade_usd"].dtype == int
    assert table["whole_shares"].dtype == bool
    assert set(table["triggers[0].look"]) == {"1", "month"}
    assert set(table["harvest"]) == {"never", "often"}
    assert table["gains.max_gain_usd"].isna().sum() == 32
    for at in range(0, 64, 7):
        assert bits(table.loc[at]) == bits(backtest(MARKET, HOUSEHOLD, design[at]).metrics)
    wide = table[table["harvest"] == "often"].pivot_table(
        "value_after_tax", "triggers[0].band.absolute", "triggers[0].look"
    )
    assert wide.shape == (2, 2)


@pytest.mark.parametrize("workers", [1, 3])
def test_the_household_is_varied_too(workers: int) -> None:
    fields = {
        "lot_method": ["fifo", "hifo"], "tax.ordinary_income": [200_000.0, 400_000.0, 900_000.0],
        "targets": {"as it is": HOUSEHOLD.targets, "half": TargetAllocation({"A": 0.5, "B": 0.5})},
    }  # fmt: skip
    design = Design.grid(BASE, fields)
    table = sweep(MARKET, HOUSEHOLD, design, workers=workers)
    assert table["status"].eq("ok").all()
    assert table["value_after_tax"].nunique() == 12
    for at, row in table.iterrows():
        tax = replace(HOUSEHOLD.tax, ordinary_income=row["tax.ordinary_income"])
        home = replace(HOUSEHOLD, tax=tax, targets=fields["targets"][row["targets"]])
        policy = replace(BASE, lot_method=row["lot_method"], name=design[at].name)
        assert bits(row) == bits(backtest(MARKET, home, policy).metrics), at


def test_many_tax_profiles_need_few_settings_in_memory() -> None:
    design = Design.random(BASE, {"tax.state_rate": Between(0.0, 0.1), "tax.filing": ["mfj", "single"]}, 40)
    book = Book((MARKET,), (HOUSEHOLD,), design)
    rows = book.run(range(40))
    assert set(rows.status) == {"ok"}
    assert len(np.unique(rows.figures[:, METRICS.index("value_after_tax")])) == 40
    assert len(book._prepared) <= 4
    profile = replace(HOUSEHOLD.tax, **{name.removeprefix("tax."): said for name, said in zip(
        ("tax.state_rate", "tax.filing"), design.labels(7)[1:], strict=True)})  # fmt: skip
    single = backtest(MARKET, replace(HOUSEHOLD, tax=profile), design[7])
    assert rows.figures[7].tobytes() == bits(single.metrics)


def test_a_tax_profile_that_cannot_be_is_replaced_by_ones_that_can() -> None:
    bygone = replace(HOUSEHOLD, tax=TaxProfile(law_year=1950))
    design = Design.grid(BASE, {"tax.law_year": [2024, 1950, 2026], "tax.ordinary_income": [90_000.0]})
    table = sweep(MARKET, bygone, design)
    assert (table["status"] == "ok").tolist() == [True, False, True]
    for at in (0, 2):
        home = replace(
            HOUSEHOLD, tax=TaxProfile(law_year=table.loc[at, "tax.law_year"], ordinary_income=90_000.0)
        )
        assert bits(table.loc[at]) == bits(backtest(MARKET, home, design[at]).metrics)


def test_location_ranks_that_are_derived_follow_the_tax_profile() -> None:
    targets = TargetAllocation({"A": 0.3, "B": 0.3, "C": 0.4}, location="auto")
    home = replace(HOUSEHOLD, targets=targets)
    flat = [(0.0, 0.0, 0.0), (0.4, 0.05, 0.0), (0.01, 0.4, 0.4)]
    ranks = [location_ranks(MARKET, replace(home, tax=TaxProfile(flat=rates))).ranks for rates in flat]
    assert len(set(ranks)) == 3
    design = Design.grid(BASE, {"tax.flat": flat})
    table = sweep(MARKET, home, design)
    assert table["status"].eq("ok").all()
    for at, rates in enumerate(flat):
        alone = backtest(MARKET, replace(home, tax=replace(home.tax, flat=rates)), design[at])
        assert bits(table.loc[at]) == bits(alone.metrics)


def test_a_larger_household_does_not_run_in_a_smaller_one_s_room() -> None:
    more = household_of({"A": 0.4, "B": 0.3, "C": 0.3}, *(account(f"{n}", value=9_000.0) for n in range(4)))
    small = household_of({"A": 1.0}, account(value=5_000.0))
    table = sweep(MARKET, [small, more, HOUSEHOLD, small], [BASE, BUY_AND_HOLD], workers=1)
    for at, row in table.iterrows():
        home = [small, more, HOUSEHOLD, small][at // 2]
        assert bits(row) == bits(backtest(MARKET, home, [BASE, BUY_AND_HOLD][at % 2]).metrics)


def test_what_fails_keeps_its_row_and_its_labels() -> None:
    fields = {
        "tax.law_year": [2026, 1950], "destination": ["target", "half"], "triggers[0].level": ["class", "security"],
        "costs": [Costs(), Costs(by_symbol={"NONE": 1})],
    }  # fmt: skip
    table = sweep(MARKET, HOUSEHOLD, Design.grid(BASE, fields))
    assert len(table) == 16
    ok = table["status"] == "ok"
    expected = (
        (table["tax.law_year"] == 2026)
        & ~((table["destination"] == "half") & (table["triggers[0].level"] == "security"))
        & (table["costs"] == "Costs()")
    )
    assert (ok == expected).all()
    assert ok.sum() == 3
    assert table.loc[~ok, list(METRICS)].isna().all(axis=None)
    assert table.loc[ok, list(METRICS)].notna().all(axis=None)
    said = table[(table["tax.law_year"] == 2026) & (table["costs"] != "Costs()")]["status"]
    assert said.str.contains("costs name NONE").sum() == 3
    assert table[table["tax.law_year"] == 1950]["status"].str.contains("1950").all()


def test_a_book_of_households_on_several_histories() -> None:
    others = [random_market(seed, MARKET.symbols, 300) for seed in (1, 2)]
    poor = replace(household_of({"A": 0.5, "B": 0.5}, account(value=9_000.0)), name="poor")
    stranger = replace(household_of({"Z": 1.0}), name="stranger")
    design = Design.grid([BASE, BUY_AND_HOLD], {"lot_method": ["fifo", "hifo"]})
    table = sweep(others, [HOUSEHOLD, poor, stranger], design, workers=2)
    assert list(table.columns[:4]) == ["path", "household", "policy", "lot_method"]
    assert table["path"].tolist() == [0] * 12 + [1] * 12
    assert table["household"].tolist() == (["test"] * 4 + ["poor"] * 4 + ["stranger"] * 4) * 2
    lost = table["household"] == "stranger"
    assert table[lost]["status"].str.contains("has no Z").all()
    assert table[~lost]["status"].eq("ok").all()
    for at in (1, 6, 14, 19):
        row = table.loc[at]
        home = {"test": HOUSEHOLD, "poor": poor}[row["household"]]
        assert bits(row) == bits(backtest(others[row["path"]], home, design[at % 4]).metrics)


def key(book: Book, number: int) -> str:
    return str(Keys(book).of((number,))[0], "ascii")


def path(at: int):
    return random_market(100 + at, MARKET.symbols, 120)


def test_paths_are_made_when_they_are_wanted() -> None:
    made: list[int] = []

    def make(at: int):
        made.append(at)
        return path(at)

    table = sweep(Paths(make, 6), HOUSEHOLD, [BASE, BUY_AND_HOLD], workers=1)
    assert made == [0, 1, 2, 3, 4, 5]
    assert table["path"].tolist() == sorted([*range(6)] * 2)
    assert bits(table.loc[9]) == bits(backtest(path(4), HOUSEHOLD, BUY_AND_HOLD).metrics)
    with pytest.raises(IndexError):
        Paths(make, 6)[6]


@pytest.mark.parametrize(
    ("make", "count", "key", "message"),
    [
        (path, -1, "", "count is -1 — give a whole number of paths"), (path, 1.5, "", "count is 1.5, not a whole"),
        (path, "3", "", "count is '3', not a number"), (path, 10**400, "", r"count is 10\^400"),
        (5, 3, "", "make is 5 — give a function"), (path, 3, None, "key is None, no str"),
    ],
)  # fmt: skip
def test_what_makes_no_paths_is_refused(make, count, key, message: str) -> None:
    with pytest.raises(MarketError, match=f"paths: {message}"):
        Paths(make, count, key)


def test_a_path_that_is_no_market_is_said_in_its_rows_with_or_without_a_file(tmp_path) -> None:
    paths = Paths(lambda at: None if at == 1 else path(at), 3)
    said = "paths: path 1 is None, no Market — let make return a Market for every number"
    in_memory = sweep(paths, HOUSEHOLD, [BASE])
    assert in_memory["status"].tolist() == ["ok", said, "ok"]
    kept = sweep(paths, HOUSEHOLD, [BASE], out=tmp_path / "rows.parquet").drop(columns="key")
    pd.testing.assert_frame_equal(kept, in_memory, check_exact=True)
    for out in (None, tmp_path / "one.parquet"):
        with pytest.raises(MarketError, match="path 0 is None, no Market"):
            sweep(Paths(lambda _: None, 1), HOUSEHOLD, [BASE], out=out)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (5, "sweep: out is 5, no path — give a file that ends in .parquet"),
        (b"a.parquet", "out is b'a.parquet', no path"),
        ("a\0b.parquet", "which holds a character that no file's name may have"),
        ("\ud800.parquet", "which holds a character"), ("x" * 300 + ".parquet", "out has a name of 308 bytes"),
        ("é" * 100 + ".parquet", "out has a name of 208 bytes"), ("x" * 300 + "/a.parquet", "File name too long"),
        ("", "is a folder"),
    ],
)  # fmt: skip
def test_what_can_be_no_file_is_said_before_anything_runs(tmp_path, monkeypatch, out, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RebalError, match=message) as caught:
        sweep(MARKET, HOUSEHOLD, [BASE], out=out)
    assert len(caught.value.findings) == 1
    assert not list(tmp_path.iterdir())


def test_the_longest_name_that_is_taken_can_be_written(tmp_path) -> None:
    out = tmp_path / ("x" * 192 + ".parquet")
    sweep(MARKET, HOUSEHOLD, [BASE], out=out)
    assert [each.name for each in tmp_path.iterdir()] == [out.name]


@pytest.mark.parametrize(
    "day", [pd.Timestamp, dt.date.fromisoformat, dt.datetime.fromisoformat, np.datetime64]
)
def test_a_day_is_the_same_day_however_it_is_written(day) -> None:
    told, meant = (
        key(Book((MARKET,), (HOUSEHOLD,), Design((BASE,)), (made("2022-06-01"), made("2022-12-01"), None)), 0)
        for made in (str, day)
    )
    assert told == meant
    other = Book((MARKET,), (HOUSEHOLD,), Design((BASE,)), (day("2022-06-02"), day("2022-12-01"), None))
    assert key(other, 0) != told


def test_a_row_s_key_is_that_of_all_it_rests_on_and_of_nothing_else() -> None:
    later = replace(MARKET, name="other")
    richer = replace(HOUSEHOLD, tax=TaxProfile(ordinary_income=1.0))
    close = MARKET.close.copy()
    close[-1, 0] *= 1.0001
    calmer = replace(MARKET, volatility_index=MARKET.volatility_index * 0.9)
    unknown = replace(MARKET, volatility_index=None)
    books = {
        "index": Book((calmer,), (HOUSEHOLD,), Design((BASE,))),
        "no index": Book((unknown,), (HOUSEHOLD,), Design((BASE,))),
        "as it is": Book((MARKET,), (HOUSEHOLD,), Design((BASE,))),
        "price": Book((replace(MARKET, close=close),), (HOUSEHOLD,), Design((BASE,))),
        "name": Book((later,), (HOUSEHOLD,), Design((BASE,))),
        "household": Book((MARKET,), (richer,), Design((BASE,))),
        "policy": Book((MARKET,), (HOUSEHOLD,), Design((replace(BASE, lot_method="fifo"),))),
        "start": Book((MARKET,), (HOUSEHOLD,), Design((BASE,)), ("2022-06-01", None, None)),
        "end": Book((MARKET,), (HOUSEHOLD,), Design((BASE,)), (None, "2022-06-01", None)),
        "opening": Book((MARKET,), (HOUSEHOLD,), Design((BASE,)), (None, None, "values")),
    }
    keys = {name: key(book, 0) for name, book in books.items()}
    assert len(set(keys.values())) == len(keys)
    assert all(len(key) == 32 for key in keys.values())
    grid = Design.grid([BUY_AND_HOLD, BASE])
    assert key(Book((MARKET, later), (richer, HOUSEHOLD), grid), 3) == keys["as it is"]
    assert key(Book((MARKET, later), (richer, HOUSEHOLD), grid), 7) == keys["name"]
    varied = Design.grid(BASE, {"tax.ordinary_income": [1.0], "tax.state_rate": [0.0]})
    same = Book((MARKET,), (HOUSEHOLD,), Design((varied[0],)))
    assert key(Book((MARKET,), (HOUSEHOLD,), varied), 0) != key(same, 0)
    assert key(Book((MARKET,), (richer,), Design((varied[0],))), 0) == key(
        Book((MARKET,), (HOUSEHOLD,), varied), 0
    )


def test_paths_are_known_by_their_key_where_they_have_one() -> None:
    design = Design((BASE,))
    plain, named, again, other = (
        Book(Paths(path, 3, key), (HOUSEHOLD,), design) for key in ("", "seed 1", "seed 1", "seed 2")
    )
    assert key(plain, 1) == key(Book((path(0), path(1)), (HOUSEHOLD,), design), 1)
    assert key(named, 1) == key(again, 1) != key(other, 1)
    assert len({key(plain, 1), key(named, 0), key(named, 1), key(other, 1)}) == 4


def test_a_book_pickles_without_what_it_has_prepared_and_gives_the_same_rows() -> None:
    book = Book((MARKET,), (HOUSEHOLD,), drawn(30))
    rows = book.run(range(30))
    packed = pickle.dumps(book)
    assert len(packed) < len(pickle.dumps(MARKET)) + 5_000
    again = pickle.loads(packed).run(range(30))
    assert again.status == rows.status
    assert again.figures.tobytes() == rows.figures.tobytes()
    assert 0 < sum(said != "ok" for said in rows.status) < 15


def test_rows_that_are_stopped_are_fewer() -> None:
    book = Book((MARKET,), (HOUSEHOLD,), drawn(30))
    left = iter([False, False, True])
    rows = book.run(range(4, 30), lambda: next(left))
    assert rows.numbers == (4, 5)
    assert rows.figures.shape == (2, len(METRICS))
    assert book.run((), lambda: False).figures.shape == (0, len(METRICS))


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"market": []}, MarketError, "sweep: no markets"),
        ({"market": [MARKET, "etf"]}, MarketError, "market is 'etf', no Market"),
        ({"household": ()}, HouseholdError, "sweep: no households"),
        ({"household": "starter"}, HouseholdError, "household is 'starter', no Household"),
        ({"fresh": 1}, PolicyError, "fresh is 1"),
        ({"executor": "ray"}, PolicyError, "executor is 'ray' — use threads or dask"),
        ({"executor": "dask"}, PolicyError, "there is no scheduler — give its address"),
        ({"executor": "dask", "scheduler": "tcp://x:1", "workers": 2}, PolicyError, "a cluster has its own"),
        ({"scheduler": "tcp://x:1"}, PolicyError, "executor is 'threads' — use executor 'dask'"),
        ({"cancel": True}, PolicyError, "cancel is True, no Event"),
        ({"policies": Design.grid(BASE, {"tax.state_rate": [3.0]})}, PolicyError, "state_rate is 3"),
        ({"policies": Design.grid(BASE, {"accounts[7].cash": [3.0]})}, PolicyError, "accounts has places 0 to 1"),
    ],
)  # fmt: skip
def test_what_keeps_every_row_from_running_is_said_first(given, kind, message: str) -> None:
    asked = {"market": MARKET, "household": HOUSEHOLD, "policies": [BASE]} | given
    with pytest.raises(kind, match=message.replace("(", r"\(")):
        sweep(asked.pop("market"), asked.pop("household"), asked.pop("policies"), **asked)


def test_a_row_does_not_depend_on_who_ran_it_nor_on_what_ran_before() -> None:
    design = drawn(60)
    tables = [sweep(MARKET, HOUSEHOLD, design, workers=workers) for workers in (1, 2, 5)]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0], check_exact=True)


@pytest.mark.parametrize(
    ("values", "column"),
    [([1, 10**20], [1.0, 1e20]), ([1.5, 2**53 + 1], ["1.5", str(2**53 + 1)]), ([1, 2**63 - 1], [1, 2**63 - 1]),
     ([1, 10**20 + 1], ["1", str(10**20 + 1)])],
)  # fmt: skip
def test_numbers_that_a_column_cannot_hold_are_held_otherwise(tmp_path, values: list, column: list) -> None:
    design = Design.grid(BASE, {"min_trade_usd": values})
    table = sweep(MARKET, HOUSEHOLD, design, out=tmp_path / "rows.parquet")
    assert table["min_trade_usd"].tolist() == column
    assert table["status"].tolist() == ["ok", "ok"]


def test_more_rows_than_fit_are_refused() -> None:
    paths = Paths(lambda _: MARKET, 10**8)
    with pytest.raises(
        PolicyError, match="with 2 settings are 200,000,000 rows — give 100,000,000 rows at most"
    ):
        sweep(paths, HOUSEHOLD, Design.grid(BASE, {"lot_method": ["fifo", "hifo"]}))
