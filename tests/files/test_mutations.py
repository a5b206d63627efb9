"""However a file is damaged, it loads or is refused with findings; it never ends in a traceback."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rebal_kit.domain import Household
from rebal_kit.files.bundled import bundled_folder
from rebal_kit.files.household import load_household
from rebal_kit.files.ledger_file import load_ledger
from rebal_kit.files.policy import load_policy
from rebal_kit.findings import Finding, RebalError
from rebal_kit.shipped import shipped_data
from rebal_kit.transactions import Transaction
from tests.files.households import readme_example

SNIPPETS = (
    "", " ", "\n", ":", "- ", "[", "]", "{", "}", '"', "'", "#", "&a ", "*a", "!!", "|", ">", "%", "@", "\t", ",", ";",
    "null", "~", "true", "NaN", ".inf", "-1", "0", "1e999", "99999999999999999999", "2012-02-30", "9999-12-31",
    "é", "\x85", "\0", "\x07", "---\n", "...\n", "? ", "<<: ", "1,000", "$5", "5 %", "-5 %", "\u2028", "=SUM(A1)",
    "[]", "{}",
)  # fmt: skip


def damaged(text: str, dice: random.Random) -> str:
    """Return `text` after one to three random edits: cut, repeat, insert, replace a word, swap lines."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text) + 1)
        to = min(len(text), at + dice.randint(1, 30))
        lines = text.split("\n")
        one, two = dice.randrange(len(lines)), dice.randrange(len(lines))
        kind = dice.randrange(6)
        if kind == 0:
            text = text[:at]
        elif kind == 1:
            text = text[:to] + text[at:]
        elif kind == 2:
            text = text[:at] + dice.choice(SNIPPETS) + text[at:]
        elif kind == 3:
            text = text[:at] + text[to:]
        elif kind == 4:
            lines[one], lines[two] = lines[two], lines[one]
            text = "\n".join(lines)
        else:
            words = lines[one].split(" ")
            words[dice.randrange(len(words))] = dice.choice(SNIPPETS)
            lines[one] = " ".join(words)
            text = "\n".join(lines)
    return text


#: Files of the test's own, for fields that the bundled ones do without.
OWN = {
    "retired.yaml": readme_example(),
    "midyear.yaml": readme_example("loss_sales:"),
    "limits.yaml": """\
# An invented policy: what it realises is kept within limits that somebody has set for a calendar year, short-term gains
# come last, and what was left over from before is sold little by little.
name: within limits
triggers:
  - calendar: {every: quarter}
dividends: drip # the broker's own plan
withdraw: taxable_first
harvest: {december_min_loss_pct: 2 %, december_min_loss_usd: 100, switch_back: no_short_gain}
gains: # in US$ a calendar year, net of losses
  short: minimise
  pair: true
  max_gain_usd: 5000
  max_tax_usd: 1000 # at the household's marginal rates
  sell_legacy: true
  max_legacy_gain_usd: 2000
""",
}


@pytest.mark.parametrize(
    "target",
    [
        "two_million.yaml",
        "two_million_lots.csv",
        "tiered_harvest.yaml",
        "retired.yaml",
        "midyear.yaml",
        "limits.yaml",
    ],
)
def test_damaged_files(target: str, tmp_path: Path) -> None:
    dice = random.Random(target)
    for path in (*bundled_folder("policies").glob("t*"), *bundled_folder("households").glob("t*")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = OWN.get(target) or (tmp_path / target).read_text(encoding="utf-8")
    outcomes: Counter[str] = Counter()
    findings: list[Finding] = []
    for _ in range(400):
        (tmp_path / target).write_text(damaged(whole, dice), encoding="utf-8")
        try:
            if target in ("tiered_harvest.yaml", "limits.yaml"):
                load_policy(tmp_path / target)
            else:
                load_household(tmp_path / target.replace("_lots.csv", ".yaml"))
        except RebalError as refused:
            findings += refused.findings
            outcomes["refused"] += 1
        else:
            outcomes["loaded"] += 1
    assert [f for f in findings if not (f.where.startswith(str(tmp_path)) and f.what and f.remedy)] == []
    assert min(outcomes["refused"], outcomes["loaded"]) > 20, outcomes


def in_cells(
    change: Callable[[list[str], random.Random], list[str]],
) -> Callable[[bytes, random.Random], bytes]:
    """Damage done to the cells of one line, or of all of them."""

    def damage(raw: bytes, dice: random.Random) -> bytes:
        lines = raw.decode("utf-8", "replace").split("\n")
        seed, chosen = dice.random(), dice.choice((None, dice.randrange(len(lines))))
        for at, line in enumerate(lines):
            if line and chosen in (None, at):
                lines[at] = ",".join(change(line.split(","), random.Random(seed)))
        return "\n".join(lines).encode()

    return damage


def swapped(cells: list[str], dice: random.Random) -> list[str]:
    one, two = dice.randrange(len(cells)), dice.randrange(len(cells))
    cells[one], cells[two] = cells[two], cells[one]
    return cells


def dropped(cells: list[str], dice: random.Random) -> list[str]:
    del cells[dice.randrange(len(cells))]
    return cells


def replaced(pattern: bytes, others: tuple[bytes, ...]) -> Callable[[bytes, random.Random], bytes]:
    """Damage done to one place that matches."""

    def damage(raw: bytes, dice: random.Random) -> bytes:
        places = list(re.finditer(pattern, raw))
        if not places:
            return raw
        place = dice.choice(places)
        return raw[: place.start()] + dice.choice(others) + raw[place.end() :]

    return damage


def flipped(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ (1 << dice.randrange(8))]) + raw[at + 1 :]


def without_lines(raw: bytes, dice: random.Random) -> bytes:
    lines = raw.split(b"\n")
    at = dice.randrange(len(lines))
    return b"\n".join(lines[:at] + lines[at + dice.randint(1, 4) :])


def cut_off(raw: bytes, dice: random.Random) -> bytes:
    return raw[: dice.randrange(len(raw))]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flipped, without_lines, cut_off, in_cells(swapped), in_cells(dropped),
    lambda raw, dice: damaged(raw.decode("utf-8", "replace"), dice).encode("utf-8", "surrogatepass"),
    replaced(rb"(?<![-\d])\d+(?:\.\d+)?(?![-\d])",
             (b"ten", b"", b"-5", b"0", b"1e999", b"nan", b"$5", b'"1,000"', b"1;2", b"007")),
    replaced(rb"\d{4}-\d\d-\d\d", (b"2024-02-30", b"2999-01-02", b"1024-01-02", b"01/02/2024", b"2024-01-02", b"2024")),
    replaced(rb"\b(?:BUY|SELL|REINVEST|SPLIT|EX_DIVIDEND)\b",
             (b"buy", b"SELL", b"SPLIT", b"GIFT", b"", b"EX_DIVIDEND", b"\xff")),
    replaced(rb"\b(?:Dana|Robin)\b", (b"dana", b"=Dana", b"Dana,", b"'", b'"', "Dän".encode())),
    replaced(rb"[:;#]", (b";", b":", b"#", b"::", b" ", b",", b"\t")),
)  # fmt: skip


def tried(load: Callable[[], object]) -> tuple[object, tuple[Finding, ...]]:
    """What is loaded, or why not; anything but findings fails the test."""
    try:
        return load(), ()
    except RebalError as refused:
        assert refused.findings  # noqa: PT017
        return None, refused.findings


def test_damaged_ledgers_and_their_households(tmp_path: Path) -> None:
    dice = random.Random("ledger")
    names = ("example.csv", "example.yaml")
    whole = {name: (shipped_data() / "ledgers" / name).read_bytes() for name in names}
    ledger, household = (tmp_path / name for name in names)
    outcomes: Counter[str] = Counter()
    for at in range(300):
        raw = dict(whole)
        for name in names if at % 3 == 0 else names[:1]:
            for _ in range(dice.randint(1, 2)):
                raw[name] = dice.choice(DAMAGES)(raw[name], dice)
            (tmp_path / name).write_bytes(raw[name])
        household.write_bytes(raw["example.yaml"])
        people, findings = tried(partial(load_household, household))
        accounts = [account.name for account in people.accounts] if isinstance(people, Household) else None
        trades, found = tried(partial(load_ledger, ledger, accounts))
        findings += found
        assert [f for f in findings if not (f.where.startswith(str(tmp_path)) and f.what and f.remedy)] == []
        if isinstance(trades, tuple):
            assert trades
            assert {type(line) for line in trades} == {Transaction}
        outcomes["household" if people else "no household"] += 1
        outcomes["ledger" if trades else "no ledger"] += 1
    assert len(outcomes) == 4
    assert min(outcomes.values()) > 30, outcomes
