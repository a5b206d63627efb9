"""The groups of rows: one run beside its peers, a thousand settings, growth, first use, larger households."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import rebal_kit as rk
from benchmarks.case import (
    CONTESTS,
    OPENING_VALUE,
    Contest,
    equal_weights,
    household_of_five,
    ledger,
    setting_of,
    stock_prices,
    untaxed_path,
)
from benchmarks.measure import Row, Times, available_gib, exponent, interleave, run_job
from benchmarks.optimal import optimal_plans
from benchmarks.peers import bare_loop, run_bt, run_cvxportfolio, run_vectorbt, target_orders
from benchmarks.proposals import proposals
from benchmarks.shares import shares
from benchmarks.studio import changes
from benchmarks.sweeps import cluster, sweeps
from rebal_kit.files.ledger_file import write_ledger
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import Room, Setting, prepare

#: GiB that must be free before vectorbt is given a thousand settings; and how many it gets otherwise.
SWEEP_NEEDS_GIB, FEWER_SETTINGS = 17.0, 100
SETTINGS, FEW_SETTINGS = 1_000, (10, 100)
LARGEST_DIFFERENCE = 1e-9
CVXPORTFOLIO_SESSIONS = 1_000
#: US$ of an account that holds all bundled stocks, and years in five of them.
INDEX_VALUE, INDEX_YEARS = 2_000_000.0, 12
#: All parts of what a trade can cost, and shares of each stock that change hands in every session.
ALL_COSTS = rk.Costs(2.0, commission_usd=1.0, per_share_usd=0.005, impact=1.0)
DAILY_SHARES = 5e6


def ready(setting: Setting, policy: RebalancePolicy) -> tuple[Callable[[], Any], Room, dict[str, float]]:
    """Return a call that runs the policy, the room it runs in, and the measures of the run."""
    plan = setting.plan(policy)
    room = setting.run_to_end(plan, setting.room())
    return (lambda: setting.run(plan, room)), room, setting.measure(plan, room)


def one_run(prices: pd.DataFrame, contest: Contest, rounds: int) -> Iterator[Row]:
    """Time one taxed run beside vectorbt, bt and a bare loop, after checking that all follow the same rule."""
    name = contest.policy.name
    setting = setting_of(prices)
    run, room, measured = ready(setting, contest.policy)
    sessions, untaxed = untaxed_path(prices, contest)
    size = target_orders(prices, sessions)
    close, loop_value, trades = (
        np.ascontiguousarray(prices),
        np.zeros(len(prices)),
        np.isin(np.arange(len(prices)), sessions),
    )
    opening = float(untaxed[0])
    bare_loop(close, trades, opening, loop_value)
    values = {
        "vectorbt": run_vectorbt(prices, size).value().to_numpy(),
        "bt": run_bt(prices, contest.band).strategy.values.to_numpy()[1:],
        "bare loop": loop_value,
    }
    differences = {peer: float(np.abs(value / untaxed - 1.0).max()) for peer, value in values.items()}
    for peer, difference in differences.items():
        yield Row(f"{name}: largest difference of values", difference, "relative", peer, aim="≤ 1e-9",
                  note="rebal_kit without taxes and harvests, against the peer")  # fmt: skip
    times = interleave(
        {
            "rebal_kit": (run, 5),
            "vectorbt": (lambda: run_vectorbt(prices, size), 1),
            "bare loop": (lambda: bare_loop(close, trades, opening, loop_value), 5),
            "bt": (lambda: run_bt(prices, contest.band), 0),
        },
        rounds,
    )
    mine = times["rebal_kit"]
    done = (f"{measured['trades']:,.0f} trades, {int(room.ledger.lot_count.sum()):,} lots at the end, "
            f"US$ {measured['harvested']:,.0f} of losses harvested; {mine}")  # fmt: skip
    aims = {"vectorbt": "≤ 4 ms; ≥ 8×", "bt": "≥ 400×", "bare loop": ""}
    for peer, aim in aims.items():
        yield Row(
            f"{name}: one run", mine.median * 1e3, "ms", peer, times[peer].median / mine.median, aim, done
        )
        yield Row(f"{name}: one run of {peer}", times[peer].median * 1e3, "ms",
                  note=f"no lots, no taxes, {len(sessions):,} sessions trade; {times[peer]}")  # fmt: skip
    whole = interleave({"whole": (lambda: ready_and_measure(setting, contest.policy, room), 5)}, rounds)[
        "whole"
    ]
    yield Row(
        f"{name}: one run, policy encoded and result measured", whole.median * 1e3, "ms", note=str(whole)
    )
    arrays = [array for part in (room.ledger, room.tape, room.work) for array in part]
    yield Row(f"{name}: memory of one run", sum(array.nbytes for array in arrays) / 2**20, "MiB",
              note="ledger, tape and working space")  # fmt: skip


def beside_cvxportfolio(prices: pd.DataFrame, rounds: int) -> Iterator[Row]:
    """Time the first policy on the last sessions beside cvxportfolio's simulator, which would take a minute for all."""
    lately = prices.iloc[-CVXPORTFOLIO_SESSIONS:]
    contest = CONTESTS[0]
    sessions, untaxed = untaxed_path(lately, contest)
    peer, name = "cvxportfolio", f"{contest.policy.name}, {len(lately):,} sessions"
    value = run_cvxportfolio(lately, sessions).to_numpy()
    yield Row(f"{name}: largest difference of values", float(np.abs(value / untaxed[:-1] - 1.0).max()), "relative",
              peer, aim="≤ 1e-9", note="rebal_kit without taxes and harvests, against the peer")  # fmt: skip
    run, _, measured = ready(setting_of(lately), contest.policy)
    times = interleave({"rebal_kit": (run, 3), peer: (lambda: run_cvxportfolio(lately, sessions), 0)}, rounds)
    mine = times["rebal_kit"]
    yield Row(f"{name}: one run", mine.median * 1e3, "ms", peer, times[peer].median / mine.median,
              note=f"{measured['trades']:,.0f} trades; {mine}; the peer: no lots, no taxes, {times[peer]}")  # fmt: skip


def ready_and_measure(setting: Setting, policy: RebalancePolicy, room: Room) -> dict[str, float]:
    """Do what a sweep does for each of its settings."""
    plan = setting.plan(policy)
    return setting.measure(plan, setting.run_to_end(plan, room))


def many_settings() -> Iterator[Row]:
    """Run a thousand settings, each tool in a process of its own so that the peak of memory is its own."""
    free = available_gib()
    given = SETTINGS if free >= SWEEP_NEEDS_GIB else FEWER_SETTINGS
    both = run_job("sweep_rebal_kit", SETTINGS, 2)
    alone = run_job("sweep_rebal_kit", SETTINGS, 1)
    peer = run_job("sweep_vectorbt", given)
    idle = run_job("sweep_vectorbt", 1)["peak_mib"]
    scale = SETTINGS / given
    seconds = peer["seconds"] * scale
    memory = idle + (peer["peak_mib"] - idle) * scale
    scaled = "" if given == SETTINGS else f"SCALED from {given} settings: {free:.0f} GiB were free"
    name = f"{SETTINGS:,} settings"
    note = f"two threads; {both['trades']:,.0f} trades, {both['failed']:.0f} failed"
    yield Row(f"{name}: time", both["seconds"], "s", "vectorbt", seconds / both["seconds"], "≥ 50×", note)
    yield Row(f"{name}: time on one thread", alone["seconds"], "s", "vectorbt", seconds / alone["seconds"],
              note="vectorbt uses one thread, too")  # fmt: skip
    yield Row(f"{name}: peak memory of the process", both["peak_mib"], "MiB", "vectorbt", memory / both["peak_mib"],
              "≥ 10×")  # fmt: skip
    yield Row(f"{name}: time of vectorbt", seconds, "s",
              note=scaled or f"from_orders alone, no taxes; {peer['trades']:,.0f} trades")  # fmt: skip
    yield Row(f"{name}: peak memory of vectorbt", memory, "MiB", note=scaled)
    few = {n: run_job("sweep_rebal_kit", n, 2)["seconds"] for n in FEW_SETTINGS} | {SETTINGS: both["seconds"]}
    for n, taken in few.items():
        yield Row(f"growth: {n:,} settings", taken, "s", note="two threads")
    yield Row("growth with settings", exponent(list(few), list(few.values())), "power")


def growth(prices: pd.DataFrame, rounds: int) -> Iterator[Row]:
    """Time the first policy on more of everything, and fit the power of the size with which time grows."""
    policy = CONTESTS[0].policy
    cases: dict[str, dict[int, Setting]] = {
        "securities": {n: setting_of(prices.iloc[:, :n]) for n in (5, 10, 20)},
        "years": {n: setting_of(prices.iloc[max(0, len(prices) - n * 252) :]) for n in (8, 16, 33)},
        "accounts": {n: setting_of(prices, accounts=n) for n in (1, 2, 4)},
    }
    for what, settings in cases.items():
        prepared = {n: ready(setting, policy) for n, setting in settings.items()}
        times = interleave({str(n): (run, 3) for n, (run, _, _) in prepared.items()}, rounds)
        for n, (_, _, measured) in prepared.items():
            yield Row(
                f"growth: {n} {what}",
                times[str(n)].median * 1e3,
                "ms",
                note=f"{measured['trades']:,.0f} trades",
            )
        yield Row(
            f"growth with {what}", exponent(list(prepared), [times[str(n)].median for n in prepared]), "power"
        )


def first_use() -> Iterator[Row]:
    """Time what a newcomer waits for: imports, and the first run compiled or from the cache."""
    imports = [run_job("import_package") for _ in range(3)]
    for key, name in (
        ("import", "import rebal_kit"),
        ("vocabulary", "import rebal_kit and load every public name"),
    ):
        yield Row(name, float(np.median([job[key] for job in imports])), "s", aim="< 0.7 s" if key == "import" else "",
                  note=f"fastest {min(job[key] for job in imports):.3f} s of 3 processes")  # fmt: skip
    with tempfile.TemporaryDirectory() as cache:
        cold = run_job("first_run", cache=cache)
        warm = [run_job("first_run", cache=cache) for _ in range(2)]
    yield Row("first run, compiled", cold["seconds"], "s", aim="< 40 s", note="an empty cache")
    yield Row("first tax report, compiled", cold["report"], "s", note="after a first run")
    yield Row("first run, from the cache", float(np.median([job["seconds"] for job in warm])), "s", aim="< 2 s",
              note=f"a new process; fastest {min(job['seconds'] for job in warm):.2f} s of 2")  # fmt: skip


def five_accounts(prices: pd.DataFrame, rounds: int) -> Iterator[Row]:
    """Time the stocks in the five accounts of a couple beside the same money in one of them."""
    market = rk.Market.from_close(prices, "S&P 500 stocks")
    five = household_of_five(list(prices.columns))
    only = replace(five.accounts[0], opening_value=OPENING_VALUE)
    for policy in (CONTESTS[0].policy, CONTESTS[2].policy):
        many, _, in_many = ready(prepare(market, five), policy)
        one, _, in_one = ready(prepare(market, replace(five, accounts=(only,))), policy)
        times = interleave({"five": (many, 3), "one": (one, 3)}, rounds)
        cost = times["five"].median / times["one"].median
        yield Row(f"5 accounts × {len(prices.columns)}, {policy.name}: one run", times["five"].median * 1e3, "ms",
                  note=f"{cost:.2f} times 1 × {len(prices.columns)} ({times['one'].median * 1e3:.2f} ms); "
                  f"{in_many['trades']:,.0f} and {in_one['trades']:,.0f} trades; {times['five']}")  # fmt: skip


def traded_market(prices: pd.DataFrame) -> rk.Market:
    """Return the stocks with made-up volumes, openings halfway to the close, and ranges half a percent wider."""
    opening = prices.shift(1).fillna(prices) ** 0.5 * prices**0.5
    return rk.Market.from_close(
        prices, "S&P 500 stocks", volume=np.full(prices.shape, DAILY_SHARES), open=opening.to_numpy(),
        high=np.maximum(opening, prices).to_numpy() * 1.005, low=np.minimum(opening, prices).to_numpy() / 1.005,
    )  # fmt: skip


def execution(prices: pd.DataFrame, rounds: int) -> Iterator[Row]:
    """Time all costs and each way to carry orders out beside the same policy at the close and for free."""
    setting = prepare(traded_market(prices), equal_weights(list(prices.columns)))
    ways = {
        "next opening": rk.Execution("next_open"),
        "limits for a session": rk.Execution("limit", limit_bps=20.0),
        "limits for three sessions": rk.Execution("limit", limit_bps=20.0, limit_days=3),
        "waiting for calm": rk.Execution(wait_for_calm="own"),
        "a twentieth of the volume": rk.Execution(max_volume_share=0.05),
    }
    for policy in (CONTESTS[0].policy, CONTESTS[2].policy):
        runs = {n: ready(setting, replace(policy, costs=ALL_COSTS, execution=way)) for n, way in ways.items()}
        runs["free"] = ready(setting, policy)
        times = interleave({n: (run, 3) for n, (run, _, _) in runs.items()}, rounds)
        free = times["free"].median
        for name in ways:
            more, trades = times[name].median / free, runs[name][2]["trades"] / runs["free"][2]["trades"]
            yield Row(f"costs and {name}: {policy.name}", times[name].median * 1e3, "ms", aim="≤ 1.5×",
                      note=f"{more:.2f} times the same at the close for free, with {trades:.2f} times the trades;"
                      f" {times[name]}")  # fmt: skip


def costs(prices: pd.DataFrame, rounds: int) -> Iterator[Row]:
    """Time policies with commission, spread and market impact beside the same without costs."""
    setting = prepare(traded_market(prices), equal_weights(list(prices.columns)))
    for policy in (CONTESTS[0].policy, CONTESTS[2].policy):
        priced, _, paid = ready(setting, replace(policy, costs=ALL_COSTS))
        free, _, unpaid = ready(setting, policy)
        times = interleave({"priced": (priced, 3), "free": (free, 3)}, rounds)
        more = times["priced"].median / times["free"].median
        yield Row(f"costs: {policy.name}", times["priced"].median * 1e3, "ms", aim="≤ 1.5×",
                  note=f"{more:.2f} times the same without costs ({times['free'].median * 1e3:.2f} ms); "
                  f"{paid['trades']:,.0f} and {unpaid['trades']:,.0f} trades; US$ {paid['commission']:,.0f} of "
                  f"commission, {paid['spread']:,.0f} of spread, {paid['impact']:,.0f} of impact; "
                  f"{times['priced']}")  # fmt: skip


def households(rounds: int) -> Iterator[Row]:
    """Time the example of four accounts, and every single stock that is bundled: in one account, and in five."""
    quarterly = rk.load_policy("quarterly_harvest")
    stocks = rk.load_market("stocks")
    names = [security.symbol for security in stocks.securities if security.size]
    last = stocks.dates[-1]
    years = stocks.between(last - pd.DateOffset(years=INDEX_YEARS), last)
    five = prepare(years, household_of_five(names, 5 * INDEX_VALUE))
    cases = {
        "two_million on etf": (
            prepare(rk.load_market("etf"), rk.load_household("two_million")),
            quarterly,
            "",
        ),
        f"{len(names)} stocks as an index": (
            prepare(stocks, equal_weights(names, value=INDEX_VALUE)),
            quarterly,
            "",
        ),
    } | {
        f"{len(names)} stocks × 5 accounts × {INDEX_YEARS} years, {policy.name}": (five, policy, "≤ 60 ms")
        for policy in (quarterly, CONTESTS[2].policy)
    }
    for name, (setting, policy, aim) in cases.items():
        run, room, measured = ready(setting, policy)
        times: Times = interleave({"run": (run, 3)}, rounds)["run"]
        yield Row(f"{name}: one run", times.median * 1e3, "ms", aim=aim,
                  note=f"{len(setting.market.dates):,} sessions, {measured['trades']:,.0f} trades, "
                  f"{int(room.ledger.lot_count.sum()):,} lots at the end; {times}")  # fmt: skip


def tax_reports(rounds: int) -> Iterator[Row]:
    """Time tax reports of ten years in six accounts: from the trades, and from a ledger file of the largest."""
    sizes = (5_000, 10_000, 20_000)
    histories = {n: ledger(n) for n in sizes}
    calls = {str(n): (partial(rk.tax_report, *history), 1) for n, history in histories.items()}
    last = rk.tax_report(*histories[sizes[-1]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.csv"
        path.write_text(write_ledger(histories[sizes[-1]][0]), encoding="utf-8", newline="")
        calls["file"] = (partial(rk.load_ledger, path), 1)
        times = interleave(calls, rounds)
    name = f"tax report: 10 years, {sizes[-1]:,} trades, 6 accounts"
    yield Row(name, times[str(sizes[-1])].median, "s", aim="< 2 s",
              note=f"{len(last.disposals):,} rows of Form 8949, {len(last.wash_sales):,} replacements; "
              f"{times[str(sizes[-1])]}")  # fmt: skip
    yield Row(f"{name}: reading the file", times["file"].median, "s", note=str(times["file"]))
    for n in sizes[:-1]:
        yield Row(f"tax report: 10 years, {n:,} trades", times[str(n)].median, "s")
    yield Row(
        "growth of a tax report with trades", exponent(sizes, [times[str(n)].median for n in sizes]), "power"
    )


def everything(rounds: int = 9) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield the groups with what to say while they are measured."""
    prices = stock_prices()
    for contest in CONTESTS:
        yield f"one run: {contest.policy.name}", one_run(prices, contest, rounds)
    yield "cvxportfolio", beside_cvxportfolio(prices, 3)
    yield "where the time goes", shares(prices, 5)
    yield "growth", growth(prices, 5)
    yield "five accounts", five_accounts(prices, 5)
    yield "costs", costs(prices, 5)
    yield "execution", execution(prices, 5)
    yield "larger households", households(5)
    yield "tax reports", tax_reports(5)
    yield "optimal plans", optimal_plans(5)
    yield "proposals", proposals(5)
    yield "the studio", changes(5)
    yield "first use", first_use()
    yield f"{SETTINGS:,} settings", many_settings()
    yield "sweeps", sweeps()
    yield "a cluster", cluster()


def timed(rows: Iterator[Row]) -> tuple[list[Row], float]:
    """Return the rows and how many seconds it took to get them."""
    begun = time.perf_counter()
    return list(rows), time.perf_counter() - begun
