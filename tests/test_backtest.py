"""backtest(): worked by hand, the way an accountant would, and the tables that are read from the tape."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pandas as pd
import pytest

from rebal_kit.backtest import Backtest, backtest, warm
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, Security, TaxLot
from rebal_kit.findings import PolicyError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.reasons import Reason
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.worlds import account, household_of, market_of

HALF_YEARS = RebalancePolicy("half-years", Calendar("half-year"), lot_method="fifo", invest_cash_above=1.0)


def cents(value: float) -> float:
    return pytest.approx(value, abs=0.005)


def sales(run: Backtest) -> list[tuple]:
    sold = run.journal[run.journal["side"] == "sell"]
    return [
        (
            f"{row.date:%Y-%m-%d}",
            row.symbol,
            round(row.quantity, 4),
            round(row.gain, 2),
            row.term,
            Reason(row.reason_code),
        )
        for row in sold.itertuples()
    ]


def test_two_years_at_flat_rates() -> None:
    """30 % on short-term gains, 15 % on long-term gains, 20 % on qualified dividends."""
    market = market_of(
        {"A": [10, 12, 15, 10, 11, 9], "B": [10, 10, 10, 14, 14, 4]},
        ["2024-01-02", "2024-03-01", "2024-07-01", "2025-01-03", "2025-04-15", "2025-07-01"],
        dividend={"A": {"2024-03-01": 0.50}},
    )
    household = household_of(
        {"A": 0.6, "B": 0.4}, account(value=10_000.0), tax=TaxProfile(flat=(0.30, 0.15, 0.20))
    )
    run = backtest(market, household, HALF_YEARS)
    # 2024-01-02  $10,000: 600 A and 400 B at $10.
    # 2024-03-01  dividend 600 × $0.50 = $300, qualified.
    # 2024-07-01  600 × $15 + 400 × $10 + $300 = $13,300; targets $7,980 and $5,320. Sell $1,020 of A = 68 shares, cost
    #             $680: short-term gain $340. Buy $1,320 of B = 132 shares with $1,020 + $300.
    # 2025-01-03  532 × $10 + 532 × $14 = $12,768; targets $7,660.80 and $5,107.20. Sell $2,340.80 of B = 167.2 shares
    #             of the first 400, held a year and a day: cost $1,672, long-term gain $668.80. Buy 234.08 A at $10.
    # 2025-04-15  tax of 2024: 30 % × $340 + 20 % × $300 = $162. No cash; A at $11 is overweight: sell 14.7273 A
    #             of the first lot: long-term gain $14.73.
    # 2025-07-01  751.3527 × $9 + 364.8 × $4 = $8,221.37; target of A $4,932.82. Sell $1,829.35 = 203.2611 A of the
    #             first lot, cost $10: long-term loss $203.26.
    sold = 162 / 11
    assert sales(run) == [
        ("2024-07-01", "A", 68.0, 340.0, "ST", Reason.CALENDAR),
        ("2025-01-03", "B", 167.2, 668.8, "LT", Reason.CALENDAR),
        ("2025-04-15", "A", round(sold, 4), 14.73, "LT", Reason.RAISE_TAX),
        ("2025-07-01", "A", 203.2611, -203.26, "LT", Reason.CALENDAR),
    ]
    shares = 600 - 68 + 234.08 - sold
    value = shares * 9 + 364.8 * 4
    long_term = 668.80 + sold * 1.00 - (shares * 9 - 0.6 * value) / 9
    assert run.years["short"].tolist() == [cents(340.0), cents(0.0)]
    assert run.years["long"].tolist() == [cents(0.0), cents(long_term)]
    assert run.years["qualified"].tolist() == [cents(300.0), 0.0]
    assert run.years["tax"].tolist() == [cents(162.0), cents(0.15 * long_term)]
    assert run.daily["tax_paid"].tolist() == [0.0, 0.0, 0.0, 0.0, cents(162.0), 0.0]
    assert run.daily["dividends"].tolist() == [0.0, cents(300.0), 0.0, 0.0, 0.0, 0.0]
    assert run.daily["value"].tolist() == [
        cents(10_000), cents(11_500), cents(13_300), cents(12_768), cents(766.08 * 11 + 364.8 * 14 - 162), cents(value)
    ]  # fmt: skip
    # Liquidation on 2025-07-01. Long-term: what is left of the first A, and 232.8 B of the first. Short-term: 234.08 A
    # of January, 132 B of 2024-07-01 (a year to the day is not yet more than a year); today's B at no gain.
    first_a = 0.6 * value / 9 - 234.08
    further_long = first_a * (9 - 10) + 232.8 * (4 - 10)
    further_short = 234.08 * (9 - 10) + 132 * (4 - 10)
    net = long_term + further_long + further_short
    # A net loss is deducted up to $3,000 at the ordinary rate; all of it is below that.
    assert -3000 < net < 0
    assert run.metrics["liquidation_tax"] == cents(0.30 * net - 0.15 * long_term)
    assert run.metrics["tax_accrued"] == cents(0.15 * long_term)
    assert run.metrics["value_after_tax"] == cents(value - 0.15 * long_term)
    # Before tax: the growth between the flows of tax, chained.
    before = 12_768 * (766.08 * 11 + 364.8 * 14) / 12_768 * value / (766.08 * 11 + 364.8 * 14 - 162)
    assert run.metrics["value_before_tax"] == cents(before)


def test_two_years_in_the_brackets_with_a_loss_carried_over() -> None:
    """Married, $120,000 of wages, law of 2026: $87,800 of taxable income, 12 % bracket, gains at 0 % up to $98,900."""
    market = market_of(
        {"A": [100, 100, 100, 100, 110, 40, 40], "B": [100, 100, 200, 200, 200, 20, 20]},
        ["2026-01-02", "2026-03-02", "2026-07-01", "2027-01-04", "2027-04-15", "2027-07-01", "2028-04-17"],
        dividend={"A": {"2026-03-02": 40.0}},
    )
    profile = TaxProfile("mfj", 2026, 120_000, state_rate=0.05)
    run = backtest(
        market, household_of({"A": 0.5, "B": 0.5}, account(value=100_000.0), tax=profile), HALF_YEARS
    )
    # 2026  dividend 500 × $40 = $20,000. On 07-01 $170,000; sell $15,000 of B = 75 shares, short-term gain $7,500.
    #       Ordinary taxable $87,800 + $7,500 = $95,300: 12 % × $7,500 = $900.
    #       Dividends lie on top: $98,900 − $95,300 = $3,600 at 0 %, $16,400 at 15 % = $2,460.
    #       State 5 % × $27,500 = $1,375. No net investment income tax below $250,000. Together $4,735.
    # 2027  04-15: 850 × $110 + 425 × $200 = $178,500; A is $4,250 over its half: sold first, then $485 more of the
    #       largest class, A again: 43.0455 A, cost $100, held since 2026-01-02: long-term gain $430.45.
    #       07-01: A at $40, B at $20: sell down A to half; the first lot, cost $100: long-term loss.
    raised = 4_735 / 110
    held = 850 - raised
    sold = (held * 40 - (held * 40 + 425 * 20) / 2) / 40
    long_2027 = raised * 10 - sold * 60
    assert run.years["tax"].iloc[0] == cents(900 + 2_460 + 1_375)
    assert run.years["short"].iloc[0] == cents(7_500)
    assert run.years["long"].iloc[1] == cents(long_2027)
    assert run.years["deduction"].tolist() == [0.0, 3000.0, 3000.0]
    assert run.years["carry_long"].tolist() == [0.0, cents(-long_2027 - 3_000), cents(-long_2027 - 6_000)]
    assert run.years["carry_short"].tolist() == [0.0, 0.0, 0.0]
    # The deduction saves 12 % federal and 5 % state: $510, credited in April.
    assert run.years["tax"].tolist()[1:] == [cents(-510), cents(-510)]
    assert run.daily["tax_paid"].tolist() == [0, 0, 0, 0, cents(4_735), 0, cents(-510)]
    assert run.metrics["tax_paid"] == cents(4_735 - 510)
    assert run.metrics["tax_accrued"] == cents(-510)
    # Everything left is at a loss, and $3,000 are deducted already: selling it all changes no tax.
    assert run.metrics["liquidation_tax"] == cents(0.0)
    reasons = run.journal.loc[run.journal["date"] == "2027-04-15", "reason_code"]
    assert set(reasons) == {Reason.RAISE_TAX}


def test_liquidation_is_taxed_by_kind_of_account() -> None:
    lot = TaxLot("1", "A", 1000, 20_000.0, dt.date(2020, 1, 2))
    young = TaxLot("2", "A", 100, 3_000.0, dt.date(2023, 12, 1))
    accounts = (
        account(cash=500.0, lots=(lot, young)),
        account(
            "IRA", AccountKind.IRA, cash=1_000.0, lots=(TaxLot("3", "A", 500, 1.0, dt.date(2020, 1, 2)),)
        ),
        account("401k", AccountKind.K401, cash=4_000.0),
        account("Roth", AccountKind.ROTH_IRA, lots=(TaxLot("4", "A", 700, 1.0, dt.date(2020, 1, 2)),)),
        account("HSA", AccountKind.HSA, cash=2_000.0),
    )
    market = market_of({"A": [50, 50, 50]})
    flat = TaxProfile(flat=(0.30, 0.15, 0.20), retirement_rate=0.24, state_rate=0.05)
    hold = RebalancePolicy(triggers=())
    run = backtest(market, household_of({"A": 1.0}, *accounts, tax=flat), hold)
    # Long-term 1,000 × $50 − $20,000 = $30,000 at 15 + 5 %; short-term 100 × $50 − $3,000 = $2,000 at 30 + 5 %;
    # deferred: IRA $25,000 + $1,000 and 401(k) $4,000 at 24 %; Roth and health savings nothing.
    assert run.metrics["liquidation_tax"] == cents(30_000 * 0.20 + 2_000 * 0.35 + 30_000 * 0.24)
    value = 2300 * 50 + 500 + 1_000 + 4_000 + 2_000
    assert run.metrics["value_after_liquidation"] == cents(
        value - 30_000 * 0.20 - 2_000 * 0.35 - 30_000 * 0.24
    )
    # Without a rate of its own the profile's next ordinary dollar counts: 12 % federal and 5 % state.
    brackets = TaxProfile("mfj", 2026, 100_000, state_rate=0.05)
    only = household_of({"A": 1.0}, *accounts[1:3], tax=brackets)
    assert backtest(market, only, hold).metrics["liquidation_tax"] == cents(30_000 * 0.17)


def test_a_household_without_taxable_account_pays_nothing_by_year() -> None:
    market = market_of(
        {"A": [10, 30, 10, 10], "B": [10, 10, 30, 30]}, ["2024-01-02", "2024-07-01", "2025-01-03", "2025-04-15"],
        dividend={"A": {"2024-07-01": 1.0}},
    )  # fmt: skip
    taxed = TaxProfile(ordinary_income=500_000, retirement_rate=0.0)
    run = backtest(
        market,
        household_of({"A": 0.5, "B": 0.5}, account("IRA", AccountKind.IRA, value=1e5), tax=taxed),
        HALF_YEARS,
    )
    assert run.metrics["realized_short"] == run.metrics["realized_long"] == 0.0
    assert run.metrics["tax_paid"] == run.metrics["tax_accrued"] == run.metrics["liquidation_tax"] == 0.0
    assert run.metrics["value_before_tax"] == pytest.approx(run.metrics["value_after_tax"], rel=1e-12)
    assert set(run.journal["term"]) == {""}
    assert len(sales(run)) == 2


def test_zero_rates_tax_nothing() -> None:
    market = market_of(
        {"A": [10, 30, 10, 12], "B": [10, 10, 30, 31]}, ["2024-01-02", "2024-07-01", "2025-01-03", "2025-04-15"],
        dividend={"A": {"2024-07-01": 1.0}},
    )  # fmt: skip
    run = backtest(market, household_of({"A": 0.5, "B": 0.5}, tax=TaxProfile.untaxed()), HALF_YEARS)
    assert run.metrics["realized_short"] > 0
    assert run.years["tax"].tolist() == [0.0, 0.0]
    assert run.metrics["tax_paid"] == run.metrics["tax_accrued"] == run.metrics["liquidation_tax"] == 0.0
    assert run.metrics["cagr_before_tax"] == pytest.approx(run.metrics["cagr_after_tax"], rel=1e-12)
    pd.testing.assert_series_equal(run.daily["value"], run.daily["before_tax"], check_names=False, rtol=1e-12)


def test_harvesting_keeps_to_the_smallest_order() -> None:
    # A position of $4,000 falls by a fifth: five replacements of $640 would be too small, three of $1,066 are not.
    symbols = "ABCDEF"
    market = market_of({s: [10, 8 if s == "A" else 10] for s in symbols})
    household = household_of(
        {AssetClass("all", dict.fromkeys(symbols, 1 / 6)): 1.0},
        account(value=24_000.0),
        tax=TaxProfile(flat=(0.3, 0.15, 0.15)),
    )
    policy = RebalancePolicy(triggers=(), harvest=Harvest(0.1, 100), min_trade_usd=1000.0)
    run = backtest(market, household, policy)
    second = run.journal[run.journal["date"] == run.dates[1]]
    assert second["side"].tolist() == ["sell", "buy", "buy", "buy"]
    assert second["amount"].tolist() == pytest.approx([3200, 3200 / 3, 3200 / 3, 3200 / 3])
    tiny = backtest(market, household, replace(policy, min_trade_usd=3_300.0))
    assert not (tiny.journal["side"] == "sell").any()
    assert tiny.passed_over["reason"].tolist() == [Reason.BELOW_MINIMUM.sentence]


def test_half_way_back_of_sixty_percent_with_a_fifth_is_sixty_six() -> None:
    wide = ToleranceBand(absolute=0.9)
    market = market_of({"A": [10, 19], "B": [10, 10], "C": [10, 10]})
    for destination, weight in (("target", 0.60), ("half", 0.66), ("edge", 0.72), (0.25, 0.63)):
        policy = RebalancePolicy(
            "p",
            Threshold(ToleranceBand(relative=0.20), bands={"B": wide, "C": wide}),
            destination=destination,
        )
        run = backtest(market, household_of({"A": 0.6, "B": 0.2, "C": 0.2}), policy)
        drifted = 0.2 / (0.6 * 1.9 + 0.4)
        assert 1 - 2 * drifted > 0.72
        assert run.weights["A"].iloc[-1] == pytest.approx(weight, abs=1e-12)
        first = min(0.2, 1 - weight - drifted)
        # The proceeds go to the class furthest below its target, as far as that, and then to the next.
        assert run.weights.iloc[-1].tolist() == pytest.approx(
            [weight, first, 1 - weight - first, 0.0], abs=1e-12
        )


def test_drift_of_four_quarters_that_went_to_30_20_30_20_is_ten_percent() -> None:
    market = market_of({"A": [10, 12], "B": [10, 8], "C": [10, 12], "D": [10, 8]})
    run = backtest(market, household_of(dict.fromkeys("ABCD", 0.25)), RebalancePolicy(triggers=()))
    assert run.daily["drift"].tolist() == pytest.approx([0.0, 0.10])


def test_opening_lots_are_harvested_on_the_first_session_one_looks() -> None:
    old = TaxLot("1", "A", 100, 2_000.0, dt.date(2022, 1, 3))
    stocks = AssetClass("stocks", {"A": 1, "P": 0})
    policy = RebalancePolicy("h", triggers=(), harvest=Harvest(0.05, 500.0))
    run = backtest(
        market_of({"A": [10, 10], "P": [30, 30]}), household_of({stocks: 1.0}, account(lots=(old,))), policy
    )
    assert sales(run) == [("2024-01-02", "A", 100.0, -1000.0, "LT", Reason.HARVEST)]
    bought = run.journal.iloc[1]
    assert (bought["symbol"], bought["reason_code"]) == ("P", Reason.REPLACEMENT)
    assert bought["amount"] == cents(1_000.0)
    assert run.metrics["harvested"] == cents(1_000.0)


def test_a_loss_is_measured_after_the_cost_of_selling() -> None:
    """$95.90 less 1 % is $94.94: more than 5 % below $100 a share, fee included in what the share cost."""
    stocks = AssetClass("stocks", {"A": 1, "P": 0})
    old = TaxLot("1", "A", 100, 10_000.0, dt.date(2022, 1, 3))
    policy = RebalancePolicy("h", triggers=(), harvest=Harvest(0.05, 500.0), costs=Costs(100))
    for price, gain in ((95.9, -505.9), (96.0, None)):
        household = household_of({stocks: 1.0}, account(lots=(old,)), tax=TaxProfile(flat=(0.5, 0.5, 0.5)))
        run = backtest(market_of({"A": [price], "P": [30]}), household, policy)
        assert [sale[3] for sale in sales(run)] == ([] if gain is None else [gain])


def test_journal_trades_and_closing_household_tell_the_same_story() -> None:
    market = market_of(
        {"A": [10, 20, 20], "B": [10, 10, 10]}, securities=(Security("A"), Security("B", qualified_share=0))
    )
    policy = RebalancePolicy("q", Threshold(ToleranceBand(absolute=0.05)), costs=Costs(10))
    run = backtest(market, household_of({"A": 0.5, "B": 0.5}), policy)
    assert [t.side for t in run.trades] == ["buy", "buy", "sell", "buy"]
    assert [t.reason for t in run.trades] == [
        Reason.OPENING,
        Reason.OPENING,
        Reason.THRESHOLD,
        Reason.THRESHOLD,
    ]
    assert run.trades[0].date == dt.date(2024, 1, 2)
    assert sum(t.cost for t in run.trades) == cents(run.metrics["cost"])
    assert run.journal["reason"].iloc[0] == "invest the opening cash"
    closing = run.closing_household
    assert closing.as_of == dt.date(2024, 1, 4)
    held = (
        sum(lot.quantity * {"A": 20, "B": 10}[lot.symbol] for lot in closing.lots) + closing.accounts[0].cash
    )
    assert held == cents(run.daily["value"].iloc[-1])
    assert len({lot.lot for lot in closing.lots}) == len(closing.lots)
    assert closing.accounts[0].opening_value == 100_000.0
    again = backtest(market, closing, BUY_AND_HOLD, start="2024-01-04", open_with="lots")
    assert again.daily["value"].iloc[0] == cents(held)
    assert repr(run).startswith("<Backtest 'q' of 'test', 2024-01-02 to 2024-01-04: US$ ")


def test_a_trade_passed_over_is_told_with_its_reason() -> None:
    stocks = AssetClass("stocks", {"A": 1})
    policy = RebalancePolicy("h", triggers=(), harvest=Harvest(0.05, 1.0))
    run = backtest(market_of({"A": [10, 8, 7]}), household_of({stocks: 1.0}), policy)
    assert run.passed_over["reason"].tolist() == [Reason.NO_REPLACEMENT.sentence]
    assert run.passed_over["amount"].tolist() == [cents(20_000.0)]
    assert run.passed_over["account"].tolist() == ["Main"]


def test_bands_show_the_narrowest_rule_of_each_class() -> None:
    policy = RebalancePolicy(
        "b",
        (
            Threshold(ToleranceBand(absolute=0.05, lower=ToleranceBand(absolute=0.70))),
            Threshold(ToleranceBand(relative=0.05)), Calendar(),
        ),
    )  # fmt: skip
    market = market_of({"A": [10, 10], "B": [10, 10]})
    bands = backtest(market, household_of({"A": 0.6, "B": 0.4}), policy).bands
    assert bands.loc["A"].tolist() == pytest.approx([0.6, 0.57, 0.63])
    assert bands.loc["B"].tolist() == pytest.approx([0.4, 0.38, 0.42])
    none = backtest(market, household_of({"A": 1.0}), RebalancePolicy(triggers=(Calendar(),))).bands
    assert none[["lower", "upper"]].isna().all().all()


def test_a_policy_that_names_what_is_not_there_is_refused() -> None:
    policy = RebalancePolicy("p", Threshold(bands={"bonds": ToleranceBand(absolute=0.1)}))
    with pytest.raises(PolicyError) as caught:
        backtest(market_of({"A": [1, 2]}), household_of({"A": 1.0}), policy)
    assert str(caught.value) == (
        "policy 'p': names bonds, which the targets do not have — use a class or a weighted member: A"
    )


def test_warming_up_says_what_it_does() -> None:
    said: list[str] = []
    warm(said.append)
    assert said == ["compiling the engine; a minute at most, and only once"]
    warm()
