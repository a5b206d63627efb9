"""A household told otherwise gets the same report: in files, dearer, split, in another order, in other years."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.public.households import histories
from tests.public.variations import VARIATIONS, report_of, varied


@pytest.mark.parametrize("variation", VARIATIONS, ids=lambda variation: variation.__name__)
@settings(max_examples=max(40, settings().max_examples // 4))
@given(histories())
def test_told_otherwise(variation, story):
    assert varied(story, report_of(story), variation) == []
