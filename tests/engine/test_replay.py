"""Playing a history: what cannot be played is marked, rooms grow, nothing is written outside them, two doors agree."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.engine.desk import Desk
from rebal_kit.engine.history import play
from rebal_kit.engine.ledger import JOURNAL_FULL, LOSSES_FULL, LOTS_FULL, NEXT_PURCHASE, OK
from rebal_kit.engine.replay import OVERSOLD, UNKNOWN_LOT, replay
from rebal_kit.engine.tape import BOUGHT, COMMISSION, ENTRIES, SOLD, TRADES
from tests.engine.examples import examples
from tests.engine.stories import arrays, law, retell, told
from tests.engine.strategies import stories
from tests.engine.test_wash import on, story

ROOT = Path(__file__).parents[2]


def played(*trades, **room):
    facts = arrays(story(*trades))
    desk = facts.desk(**({"lots": 16, "losses": 16, "journal": 64} | room))
    return facts, desk, replay(desk, facts.events, facts.picks)


def test_more_than_there_is_cannot_be_sold():
    facts, desk, status = played(
        on(0, "buy", 10, 50, "A"),
        on(5, "sell", 11, 50),
        on(6, "sell", 4, 50, lots=[("A", 4)]),
        on(7, "sell", 7, 50, lots=[("A", 7)]),
        on(8, "sell", 6, 50),
        on(9, "sell", 0.001, 50),
    )
    assert status == OVERSOLD
    assert facts.events.status.tolist() == [OK, OVERSOLD, OK, OVERSOLD, OK, OVERSOLD]
    assert facts.events.order.tolist() == [0, -1, 1, -1, 2, -1]
    assert desk.ledger.lot_count.sum() == 0
    assert desk.ledger.held.sum() == 0.0


def test_a_lot_must_be_there():
    buy = on(0, "buy", 10, 50, "A")
    elsewhere = on(0, "buy", 10, 50, "I", account="IRA1")
    sold = on(3, "sell", 10, 50, lots=[("A", 10)])
    again = on(4, "buy", 10, 50, "B")
    later = on(9, "buy", 10, 50, "C")
    for name in ("A", "I", "C"):  # sold out, in another account, not bought yet
        facts, _, status = played(
            buy, elsewhere, sold, again, on(5, "sell", 5, 50, lots=[(name, 5)]), later, on(9, "sell", 5, 50)
        )
        assert status == UNKNOWN_LOT
        assert facts.events.status.tolist() == [OK, OK, OK, OK, UNKNOWN_LOT, OK, OK]


def test_the_first_status_is_returned_and_every_one_marked():
    facts, _, status = played(
        on(0, "buy", 10, 50, "A"),
        on(1, "sell", 5, 50, lots=[("B", 5)]),
        on(2, "buy", 1, 50, "B"),
        on(3, "sell", 99, 50),
    )
    assert status == UNKNOWN_LOT
    assert facts.events.status.tolist() == [OK, UNKNOWN_LOT, OK, OVERSOLD]


def test_one_lot_may_be_named_twice():
    result = told(story(on(0, "buy", 10, 50, "A"), on(5, "sell", 7, 60, lots=[("A", 3), ("A", 4)])))
    assert [row[0] for row in result.disposals.values()] == [7.0]
    assert [row[0] for row in result.open_lots.values()] == [3.0]


def test_a_lot_named_twice_has_no_more_shares_than_it_has():
    _, desk, status = played(
        on(0, "buy", 10, 50, "A"), on(0, "buy", 10, 50, "B"), on(5, "sell", 12, 60, lots=[("A", 6), ("A", 6)])
    )
    assert status == OVERSOLD
    assert desk.ledger.held[0, 0] == 20.0


def test_a_position_sold_out_holds_nothing_not_even_rounding():
    _, desk, _ = played(
        *[on(0, "buy", 0.1, 10, f"L{n}") for n in range(10)],
        *[on(5, "sell", 0.1, 12) for _ in range(10)],
    )
    assert desk.ledger.held[0, 0] == 0.0
    assert desk.ledger.lot_count[0, 0] == 0


def test_of_a_divided_purchase_the_adjusted_shares_are_sold_first():
    result = told(
        story(
            on(0, "buy", 4, 50, "A"),
            on(40, "sell", 4, 45),
            on(50, "buy", 10, 45, "B"),
            on(90, "sell", 5, 60, lots=[("B", 5)]),
        )
    )
    assert result.total("basis") == pytest.approx(200 + 4 * 50 + 45)


def test_shares_that_differ_by_rounding_are_all_of_them():
    trades = [on(0, "buy", 0.1, 10, f"L{n}") for n in range(10)]
    result = told(story(*trades, on(40, "sell", 1.0, 12)))
    assert not result.open_lots
    assert result.total("gain") == pytest.approx(2.0)


def test_numbers_orders_and_totals():
    facts, desk, _ = played(
        on(0, "buy", 10, 50, "A", fees=1),
        on(1, "reinvest", 1, 51, "B"),
        on(2, "sell", 5, 60, fees=2),
    )
    assert facts.events.purchase.tolist() == [0, 1, -1]
    assert facts.events.order.tolist() == [0, 1, 2]
    assert desk.ledger.state[NEXT_PURCHASE] == 2
    assert desk.ledger.cash[0] == pytest.approx(-501 - 51 + 298)
    assert desk.tape.counts[TRADES] == 2  # a reinvested dividend is no trade
    assert desk.tape.totals[[BOUGHT, SOLD, COMMISSION]].tolist() == [500, 300, 3]
    sale = desk.tape.journal[2]
    assert (sale.quantity, sale.price, sale.cost) == (5, 60, 2)
    assert (sale.basis, sale.gain) == pytest.approx((250.5, 47.5))


def test_an_empty_history():
    given = arrays(story(on(0, "buy", 1, 1, "A"))).history
    desk = play(given._replace(events=given.events[:0], day=given.day[:0], price=given.price[:0]), law())
    assert desk.tape.counts[ENTRIES] == 0


def test_what_a_caller_must_have_checked():
    given = arrays(story(on(0, "buy", 1, 1, "A"), on(9, "sell", 1, 1))).history
    with pytest.raises(ValueError, match="sort the events"):
        play(given._replace(day=given.day[::-1].copy()), law())
    given.events.quantity[0] = 0.0
    with pytest.raises(ValueError, match="positive"):
        play(given, law())


LOSSES = (on(0, "buy", 10, 50, "A"), on(40, "sell", 5, 45), on(41, "sell", 5, 45))


@pytest.mark.parametrize(
    ("room", "trades", "status"),
    [
        ({"lots": 2}, [on(n, "buy", 10, 50, f"L{n}") for n in range(3)], LOTS_FULL),
        # A purchase after the loss is divided as it arrives, one before it afterwards.
        ({"lots": 1}, [*LOSSES[:2], on(50, "buy", 9, 45, "B", account="IRA1")], LOTS_FULL),
        (
            {"lots": 1},
            [on(0, "buy", 5, 50, "A"), on(50, "buy", 9, 45, "B", account="IRA1"), on(51, "sell", 5, 45)],
            LOTS_FULL,
        ),
        ({"losses": 1}, LOSSES, LOSSES_FULL),
        ({"journal": 2}, LOSSES, JOURNAL_FULL),
    ],
)
def test_a_full_room_says_so_and_a_larger_one_is_found(room, trades, status):
    facts, _, found = played(*trades, **room)
    assert found == status
    played_whole = play(facts.history, law())
    assert not facts.events.status.any()
    assert played_whole.tape.counts[ENTRIES] >= len(trades)


def fenced(array, canary=77):
    """Return a copy of an array in the middle of a larger one, and the fence around it as bytes."""
    size = array.nbytes
    memory = np.full(3 * size, canary, np.uint8)
    middle = memory[size : 2 * size].view(array.dtype).reshape(array.shape)
    middle[...] = array
    return middle.view(np.recarray) if array.dtype.names else middle, memory, size


@settings(max_examples=examples(compiled=150, interpreted=30))
@given(stories(), st.integers(1, 5), st.integers(1, 3), st.integers(1, 40))
def test_nothing_is_written_outside_a_room_however_small(story, lots, losses, journal):
    facts = arrays(story)
    desk = facts.desk(lots=lots, losses=losses, journal=journal)
    fences = []
    moved = []
    for part in (desk.ledger, desk.tape, desk.work):
        fields = {}
        for name, array in part._asdict().items():
            fields[name], memory, size = fenced(array)
            fences.append((name, memory, size))
        moved.append(part._replace(**fields))
    ledger, tape, work = moved
    desk = Desk(desk.prices, desk.structure, desk.plan, desk.table, ledger, tape, work)
    status = replay(desk, facts.events, facts.picks)
    for name, memory, size in fences:
        assert (memory[:size] == 77).all(), name
        assert (memory[2 * size :] == 77).all(), name
    assert status in (OK, LOTS_FULL, LOSSES_FULL, JOURNAL_FULL)
    if status == OK:
        assert retell(facts, desk).years == told(story).years


def fingerprint(seed=7, histories=40):
    """Return a hash of every bit that random histories leave in journal and ledger."""
    from tests.engine.strategies import ACCOUNTS, SYMBOLS, story_of

    rng, digest = random.Random(seed), hashlib.sha256()
    for _ in range(histories):
        intents = [
            (
                rng.choice([0, 0, 1, 5, 20, 31, 200]), rng.choice(["buy", "sell", "sell", "reinvest"]),
                rng.randrange(4), rng.choice(SYMBOLS), rng.choice([0.3, 1, 2.5, 33.333]), round(rng.uniform(5, 15), 2),
                rng.choice([0, 1.5]), rng.choice([1, 2, 3]), rng.choice(["fifo", "lifo", "hifo", "named"]),
            )
            for _ in range(30)
        ]  # fmt: skip
        facts = arrays(story_of(ACCOUNTS, intents))
        desk = facts.desk(lots=64, losses=64, journal=256)
        assert replay(desk, facts.events, facts.picks) == OK
        for array in (*desk.ledger, desk.tape.journal, desk.tape.totals, desk.tape.counts, facts.events):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@pytest.mark.compiled
def test_compiled_and_interpreted_leave_the_same_bits():
    program = (
        "import json; from tests.engine.test_replay import fingerprint; print(json.dumps(fingerprint()))"
    )
    plain = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(plain.stdout) == fingerprint()
