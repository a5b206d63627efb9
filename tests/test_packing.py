"""What is packed comes back to the last bit, and is small where it can be."""

from __future__ import annotations

import math
import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rebal_kit.findings import Finding, MarketError, PolicyError, RebalError
from rebal_kit.market import Market
from rebal_kit.packing import Packed, pack, unpack
from tests.worlds import random_market

FEW = arrays(
    np.float64, st.tuples(st.integers(0, 6), st.integers(0, 6)),
    elements=st.sampled_from([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.0, 1.0, math.inf, math.nan]),
)  # fmt: skip
OTHER_NAN = np.frombuffer(np.uint64(0x7FF8000000000001).tobytes())


@given(FEW, st.sampled_from([0.0, 1.0, math.nan]))
def test_every_bit_comes_back(array: np.ndarray, usual: float) -> None:
    again = unpack(pack(array, usual))
    assert (again.shape, again.dtype) == (array.shape, array.dtype)
    assert again.tobytes() == array.tobytes()


@pytest.mark.parametrize("value", [-0.0, OTHER_NAN[0], 5e-324])
def test_what_only_looks_alike_is_told_apart(value: float) -> None:
    for usual in (0.0, math.nan):
        array = np.full((50, 3), usual)
        array[7, 1] = value
        packed = pack(array, usual)
        assert isinstance(packed, Packed)
        assert packed.places.tolist() == [22]
        assert unpack(packed).tobytes() == array.tobytes()


def test_a_mask_and_a_full_array() -> None:
    traded = np.ones((400, 20), bool)
    traded[:30, 4] = False
    assert unpack(pack(traded, True)).tobytes() == traded.tobytes()
    assert len(pickle.dumps(pack(traded, True))) < 1_000
    close = np.random.default_rng(1).random((10, 3))
    assert pack(close, math.nan) is close


def test_a_market_pickles_to_what_it_holds() -> None:
    market = random_market(4, ("A", "B", "C"), 500)
    again = pickle.loads(pickle.dumps(market))
    for item in fields(Market):
        one, other = getattr(market, item.name), getattr(again, item.name)
        if isinstance(one, np.ndarray):
            assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes()), item.name
        else:
            assert one == other, item.name
    assert not again.close.flags.writeable
    bare = Market.from_close(market.frame())
    _ = bare.months
    assert len(pickle.dumps(bare)) < bare.close.nbytes + 8 * len(bare.dates) + 2_000


@pytest.mark.parametrize("kind", [RebalError, PolicyError, MarketError])
def test_findings_come_back_from_another_process(kind: type[RebalError]) -> None:
    error = kind([Finding("error", "here", "is 1", "give 2"), Finding("note", "there", "too")])
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert again.findings == error.findings
    assert str(again) == str(error)
