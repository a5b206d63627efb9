"""Why the engine traded, or why it did not, as numbers that journals keep and as sentences."""

from __future__ import annotations

from enum import IntEnum


class Reason(IntEnum):
    """Why the engine traded, or why it did not. Stored in the journal; the numbers never change."""

    OPENING = 0
    CALENDAR = 1
    THRESHOLD = 2
    TIER = 3
    BALANCE = 4
    INVEST_CASH = 5
    HARVEST = 6
    REPLACEMENT = 7
    REINVEST = 8
    RAISE_TAX = 9
    GIVEN = 10
    RAISE_CASH = 11
    REFILL_CASH = 12
    PAIRED = 13
    SWITCH_BACK = 14
    SWAP = 15
    LEGACY = 16
    OPTIMAL = 17
    # why not
    WASH_WINDOW_BUY = 20
    WASH_WINDOW_SALE = 21
    NO_REPLACEMENT = 22
    BELOW_MINIMUM = 23
    GAIN_GUARD = 24
    NOT_TRADED = 25
    RESTRICTED = 26
    SHORT_GAIN = 27
    GAIN_BUDGET = 28
    CASH_ELSEWHERE = 29
    UNPAID = 30
    LITTLE_TO_GAIN = 31
    NOT_CALM = 32
    LIMIT_NOT_REACHED = 33
    VOLUME_SHARE = 34
    LOSS_GONE = 35
    ORDER_ENDED = 36

    @property
    def sentence(self) -> str:
        """The reason as an advisor would say it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.OPENING: "invest the opening cash",
    Reason.CALENDAR: "scheduled rebalancing date",
    Reason.THRESHOLD: "weight left its tolerance band",
    Reason.TIER: "weight left its tier's tolerance band",
    Reason.BALANCE: "other side of a class that left its band",
    Reason.INVEST_CASH: "invest idle cash in underweight classes",
    Reason.HARVEST: "harvest a loss",
    Reason.REPLACEMENT: "replace a harvested holding",
    Reason.REINVEST: "reinvest a dividend",
    Reason.RAISE_TAX: "raise cash for income tax due",
    Reason.GIVEN: "given in a history of trades",
    Reason.RAISE_CASH: "raise cash for a withdrawal",
    Reason.REFILL_CASH: "restore the account's cash reserve",
    Reason.PAIRED: "loss taken beside a gain",
    Reason.SWITCH_BACK: "return to the preferred member",
    Reason.SWAP: "exchange between classes inside an account, so that another account can hold its target",
    Reason.LEGACY: "sell a holding outside the targets",
    Reason.OPTIMAL: "part of the plan with the least tax, cost and drift",
    Reason.WASH_WINDOW_BUY: "not bought: sold at a loss in the household within the wash-sale window",
    Reason.WASH_WINDOW_SALE: "loss not taken: bought in the household within the wash-sale window",
    Reason.NO_REPLACEMENT: "loss not taken: no replacement may be bought",
    Reason.BELOW_MINIMUM: "below the minimum trade",
    Reason.GAIN_GUARD: "short-term gain postponed: the lot turns long-term soon",
    Reason.NOT_TRADED: "no price in this session",
    Reason.RESTRICTED: "not traded: restricted in this account",
    Reason.SHORT_GAIN: "short-term gain not realised",
    Reason.GAIN_BUDGET: "gain not realised: the year's budget is spent",
    Reason.CASH_ELSEWHERE: "not bought: no account that may hold it has cash to spare",
    Reason.UNPAID: "withdrawal not paid: nothing is left to sell",
    Reason.NOT_CALM: "waits for a calm session",
    Reason.LIMIT_NOT_REACHED: "not filled: the session's range did not reach the limit",
    Reason.VOLUME_SHARE: "waits: the day's share of the volume is used up",
    Reason.LOSS_GONE: "loss not taken: it was gone when the order could be filled",
    Reason.ORDER_ENDED: "not traded: the order ended, as its shares, its cash or any price were gone",
    Reason.LITTLE_TO_GAIN: "not rebalanced: it would move less than the policy asks for",
}
