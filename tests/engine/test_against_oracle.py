"""The engine's book against the exact ledger in `tests/oracle`, on random histories, to a cent."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings

from tests.engine.examples import examples
from tests.engine.stories import told
from tests.engine.strategies import stories
from tests.oracle.ledger import settle

EXAMPLES = examples(compiled=150, interpreted=30)
CENT = 0.005
SHARE = 1e-6


def as_told(story):
    """Return the oracle's answers under the keys of `Told`."""
    outcome = settle(story)
    taxable = {name for name, account in story["accounts"].items() if account["kind"] == "taxable"}
    disposals = defaultdict(lambda: np.zeros(7))
    for d in outcome.disposals:
        key = (d.place, d.label, d.start.isoformat(), "LT" if d.long else "ST")
        disposals[key] += [
            float(x)
            for x in (d.quantity, d.proceeds, d.basis, d.gain, d.disallowed, d.permanent, d.recognized)
        ]
    open_lots = defaultdict(lambda: np.zeros(3))
    for p in outcome.purchases:
        for piece in p.pieces:
            key = (p.account, p.symbol, p.label, piece.start.isoformat())
            added = piece.count * piece.added
            open_lots[key] += [float(x) for x in (piece.count, piece.count * p.each + added, added)]
    assert not any(row[2] for (account, *_), row in open_lots.items() if account not in taxable)
    return disposals, open_lots


def assert_same(found, expected, shares_to):
    for key in found.keys() | expected.keys():
        mine, theirs = found.get(key), expected.get(key)
        width = len(theirs if theirs is not None else mine)
        mine, theirs = (row if row is not None else np.zeros(width) for row in (mine, theirs))
        assert mine[0] == pytest.approx(theirs[0], rel=0, abs=shares_to), key
        assert mine[1:] == pytest.approx(theirs[1:], rel=0, abs=CENT), key


@settings(max_examples=EXAMPLES)
@given(stories())
def test_every_disposal_and_every_open_lot(story):
    result = told(story)
    disposals, open_lots = as_told(story)
    assert_same(result.disposals, disposals, SHARE)
    assert_same(result.open_lots, open_lots, SHARE)
