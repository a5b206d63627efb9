"""The report against the exact ledger in `tests/oracle`, on random households, to a cent; `make fuzz` tries many more.

Compared are disposals, open lots, the wash-sale trail, totals, years, returns, the broker's boxes and dividends; and
that what is recognised is the economic gain with what is deferred and lost, that no share replaces twice, that no more
is disallowed than was lost.
"""

from __future__ import annotations

from hypothesis import given, settings

from tests.public.agreement import differences
from tests.public.households import histories
from tests.public.variations import report_of


@settings(max_examples=max(500, settings().max_examples))
@given(histories())
def test_the_report_is_that_of_the_exact_ledger(story):
    assert differences(story, report_of(story)) == []
