"""`python -m tests.public.fuzz 20000`: random household histories, each reported and held against the exact ledger.

A history is told by its seed. The first that differs is cut down to the fewest trades that still do, printed, and the
exit code is 1; `python -m tests.public.fuzz 1 SEED` tries it again.
"""

from __future__ import annotations

import os
import pprint
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tqdm import tqdm

import rebal_kit as rk
from tests.oracle.histories import history
from tests.oracle.ledger import settle
from tests.public.agreement import differences
from tests.public.variations import VARIATIONS, report_of, varied

AT_ONCE = 50
SHOWN = 12


def trouble(story: dict[str, Any], number: int) -> list[str]:
    """What is wrong with the report of a story, told straight and in one other way; `number` says which."""
    try:
        report = report_of(story)
        return differences(story, report) + varied(story, report, VARIATIONS[number % len(VARIATIONS)])
    except rk.RebalError as refused:
        return [f"refused: {finding}" for finding in refused.findings]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a counterexample
        return [f"{type(error).__name__}: {error}"]


def try_seeds(first: int, end: int) -> list[int]:
    """Return the seeds whose histories are in trouble."""
    return [seed for seed in range(first, end) if trouble(history(seed), seed)]


def cut_down(story: dict[str, Any], number: int) -> dict[str, Any]:
    """Leave out trades, readings and accounts as long as there is trouble."""

    def still(other: dict[str, Any]) -> bool:
        try:
            settle(other)
        except (AssertionError, IndexError, KeyError):
            return False  # it sells what is not there any more
        used = {trade["account"] for trade in other["trades"] if "account" in trade}
        return bool(other["trades"]) and used <= {*other["accounts"]} and bool(trouble(other, number))

    smaller = True
    while smaller:
        smaller = False
        for at in reversed(range(len(story["trades"]))):
            other = {**story, "trades": story["trades"][:at] + story["trades"][at + 1 :]}
            if still(other):
                story, smaller = other, True
        for kept in ("conventions", "accounts"):
            for name in list(story[kept]):
                other = {**story, kept: {key: value for key, value in story[kept].items() if key != name}}
                if still(other):
                    story, smaller = other, True
    return story


def main(count: int, first: int = 0) -> int:
    """Try so many seeds on all processors; return the exit code."""
    starts = range(first, first + count, AT_ONCE)
    ends = [min(start + AT_ONCE, first + count) for start in starts]
    wrong: list[int] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        tried = pool.map(try_seeds, starts, ends)
        with tqdm(total=count, unit=" histories", mininterval=2.0) as line:
            for found, start, end in zip(tried, starts, ends, strict=True):
                wrong += found
                for seed in found:
                    line.write(f"seed {seed} differs")
                line.update(end - start)
                line.set_postfix(wrong=len(wrong))
    if not wrong:
        print(f"{count:,} histories from seed {first}: the report and the exact ledger agree on all of them")
        return 0
    seed = wrong[0]
    story = cut_down(history(seed), seed)
    print(f"{len(wrong)} of {count:,} histories differ: seeds {', '.join(map(str, wrong[:SHOWN]))}")
    print(f"seed {seed}, cut down:")
    pprint.pprint(story, width=160, sort_dicts=False)
    print("\n".join(trouble(story, seed)))
    return 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
