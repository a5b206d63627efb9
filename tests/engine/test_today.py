"""The day's decision once more, after some trades: compiled as interpreted, and as the day loop decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.today import decide_today
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.day import Day, prepare_day
from rebal_kit.proposal.orders import orders_of
from rebal_kit.proposal.settlement import settle
from tests.proposal.households import market_of, random_household
from tests.proposal.scanned import POLICY, small_household, small_market


def undecided(day: Day) -> Desk:
    """The desk before the day's decision, with the plan that decides."""
    return settle(day, ()).desk._replace(plan=day.plan)


def decided(desk: Desk, day: Day) -> np.ndarray:
    begins = int(desk.tape.counts[tapes.ENTRIES])
    assert decide_today(desk, day.last) == books.OK
    return np.asarray(desk.tape.journal[begins : desk.tape.counts[tapes.ENTRIES]]).copy()


@pytest.mark.parametrize("policy", [POLICY, replace(POLICY, harvest=None), replace(POLICY, coordinate=False)])
def test_on_an_untouched_ledger_it_is_the_day_s_own_decision(policy: RebalancePolicy) -> None:
    day = prepare_day(small_market(), small_household(), policy)
    room = day.run()
    own = np.asarray(room.tape.journal[: room.tape.counts[tapes.ENTRIES]])
    found = decided(undecided(day), day)
    assert len(own) > 0
    assert orders_of(found) == orders_of(own)


@pytest.mark.parametrize("seed", range(25))
def test_random_days_are_decided_as_the_day_loop_does(seed: int) -> None:
    household, policy, closes, _ = random_household(seed)
    day = prepare_day(market_of(closes), household, policy)
    room = day.run()
    own = np.asarray(room.tape.journal[: room.tape.counts[tapes.ENTRIES]])
    assert orders_of(decided(undecided(day), day)) == orders_of(own)


def test_after_the_decision_there_is_nothing_left_to_decide() -> None:
    day = prepare_day(small_market(), small_household(), POLICY)
    desk = undecided(day)
    assert len(decided(desk, day)) > 0
    assert len(decided(desk, day)) == 0


def test_what_was_traded_today_is_remembered() -> None:
    """Impact grows with what was traded of a security in the session, by whomever."""
    day = prepare_day(small_market(), small_household(), POLICY)
    desk = undecided(day)
    desk.work.traded[:] = (7.0, 8.0, 9.0)
    desk.work.traded_on[:] = (day.last, day.last - 1, day.last)
    desk = desk._replace(plan=desk.plan._replace(looked=np.zeros_like(desk.plan.looked), harvest_look=np.zeros_like(
        desk.plan.harvest_look)))  # fmt: skip
    assert len(decided(desk, day)) == 0
    assert desk.work.traded.tolist() == [7.0, 8.0, 9.0]
    assert desk.work.traded_on.tolist() == [day.last, day.last - 1, day.last]
