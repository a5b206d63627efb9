"""Tickers as a market and as a quote: real yfinance, and a Yahoo that restates prices as the real one does."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from rebal_kit.findings import MarketError
from rebal_kit.sources.load import load_market
from rebal_kit.sources.price_cache import read_history
from rebal_kit.sources.yahoo import load_quote, market_of, tickers, yahoo_market
from rebal_kit.sources.yahoo_refresh import refresh
from tests.sources.yahoo_server import QUICK, Listing, Yahoo, after, on_disk, sessions

FRIDAY, MONDAY = after("2024-05-31"), after("2024-06-03")


def test_prices_come_back_as_they_were_on_the_day(yahoo: Yahoo) -> None:
    spy = yahoo.list(
        "SPY", split={"2024-02-14": 3.0, "2024-04-10": 2.0}, dividend={"2024-01-19": 1.2, "2024-03-15": 0.6}
    )
    agg = yahoo.list("AGG", dividend={"2024-02-01": 0.3})
    market = yahoo_market(["spy", "AGG"], now=FRIDAY, patience=QUICK)
    assert (market.symbols, market.name, market.badge) == (("SPY", "AGG"), "SPY AGG", "")
    assert np.array_equal(market.dates, sessions("2024-01-02", "2024-05-31"))
    for name in ("open", "high", "low", "close"):
        assert np.allclose(getattr(market, name), np.column_stack([spy.close, agg.close]), rtol=1e-12)
    assert np.allclose(market.volume, 1000)
    assert market.traded.all()
    acts = {
        (str(market.dates[i]), market.symbols[j]): market.split[i, j]
        for i, j in np.argwhere(market.split != 1)
    }
    assert acts == {("2024-02-14", "SPY"): 3.0, ("2024-04-10", "SPY"): 2.0}
    paid = {
        str(market.dates[i]): round(market.dividend[i, j], 9) for i, j in np.argwhere(market.dividend > 0)
    }
    assert paid == {"2024-01-19": 1.2, "2024-03-15": 0.6, "2024-02-01": 0.3}
    assert market.securities[0].name == "SPY of the tests"
    assert market.source == (
        "Yahoo Finance by yfinance 1.7.0 (for personal use: see Yahoo's terms), 2024-01-02 to 2024-05-31,"
        " fetched 2024-05-31 22:00 UTC"
    )
    assert [str(f) for f in market.findings] == [
        "SPY AGG: dividends are taken as fully qualified — say otherwise under securities in the household"
    ]


def test_what_is_current_is_asked_for_no_more_and_new_sessions_are_joined(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    asked = yahoo.asked["SPY"]
    (one,) = refresh(["SPY"], after("2024-06-02"), QUICK)  # a Sunday
    assert (one.state, yahoo.asked["SPY"]) == ("current", asked)
    longer = yahoo.list("SPY", last="2024-06-20", dividend={"2024-06-10": 0.5})
    (one,) = refresh(["SPY"], after("2024-06-20"), QUICK)
    assert (one.state, one.added, one.findings) == ("extended", 13, ())
    history = read_history("SPY")
    assert history is not None
    assert np.allclose(history.fields["close"], longer.close)
    assert history.fields["dividend"].sum() == 0.5
    assert history.origin.exchange == "NYSEArca"


def test_a_new_split_restates_yahoo_and_not_what_is_kept(yahoo: Yahoo) -> None:
    yahoo.list("SPY", dividend={"2024-03-15": 0.6})
    refresh(["SPY"], FRIDAY, QUICK)
    later = yahoo.list("SPY", last="2024-06-20", dividend={"2024-03-15": 0.6}, split={"2024-06-10": 4.0})
    asked = yahoo.asked["SPY"]
    market = yahoo_market(["SPY"], now=after("2024-06-20"), patience=QUICK)
    assert yahoo.asked["SPY"] == asked + 1  # the overlap agreed: the whole was not needed
    assert np.allclose(market.close[:, 0], later.close)
    assert market.dividend.sum() == pytest.approx(0.6)


def test_a_split_that_yahoo_announces_before_it_restates_is_not_undone(yahoo: Yahoo) -> None:
    split = {"2024-05-30": 2.0}
    lagging = yahoo.list("SPY", split=split, restated=False)
    early = yahoo_market(["SPY"], now=FRIDAY, patience=QUICK)
    assert np.allclose(early.close[:, 0], lagging.close)
    assert "had not restated them" in early.findings[0].what
    yahoo.list("SPY", last="2024-06-03", split=split)
    market = yahoo_market(["SPY"], now=MONDAY, patience=QUICK)
    assert np.allclose(market.close[:-1, 0], lagging.close)


def test_a_restated_overlap_fetches_the_whole_again_and_says_so(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    other = yahoo.list("SPY", last="2024-06-03")
    other.close = other.close * 1.02
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, one.added) == ("replaced", 1)
    assert "replaced by the whole history of today" in one.findings[0].what
    history = read_history("SPY")
    assert history is not None
    assert np.allclose(history.fields["close"], other.close)


def test_a_corrected_last_close_is_taken_without_ado(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    better = yahoo.list("SPY", last="2024-06-03")
    better.close[-2] *= 1.004
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, one.findings) == ("extended", ())
    assert one.history is not None
    assert np.allclose(one.history.fields["close"], better.close)


def test_a_forced_refresh_fetches_the_whole_though_nothing_is_new(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    yahoo.list("SPY", dividend={"2024-01-19": 1.2})  # booked late, before any overlap
    (one,) = refresh(["SPY"], FRIDAY, QUICK, force=True)
    assert (one.state, one.added) == ("replaced", 0)
    assert one.history is not None
    assert one.history.fields["dividend"].sum() == 1.2
    assert "Yahoo's dividend of 2024-01-19 was 0 and is 1.2: replaced by" in one.findings[0].what


def test_a_dividend_that_the_overlap_lacks_is_not_lost_in_silence(yahoo: Yahoo) -> None:
    yahoo.list("SPY", dividend={"2024-05-28": 1.2})
    refresh(["SPY"], FRIDAY, QUICK)
    yahoo.list("SPY", last="2024-06-03")
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert one.state == "replaced"
    assert "Yahoo's dividend of 2024-05-28 was 1.2 and is 0" in one.findings[0].what


def test_a_session_that_is_not_over_is_a_price_and_no_close(yahoo: Yahoo) -> None:
    spy = yahoo.list("SPY", last="2024-06-03")
    noon = after("2024-06-03", 16)
    market = yahoo_market(["SPY"], now=noon, patience=QUICK)
    assert str(market.dates[-1]) == "2024-05-31"
    assert market.badge == ""
    quote = load_quote("SPY", now=noon, patience=QUICK)
    assert quote.close.tolist() == [spy.close[-1]]
    assert str(quote.date) == "2024-06-03"


def test_a_row_of_today_with_the_time_of_its_price_is_no_close_either(yahoo: Yahoo) -> None:
    """While a session is open, Yahoo's last row does not stand at the opening bell."""
    spy = yahoo.list("SPY", last="2024-06-03", live=True)
    noon = after("2024-06-03", 16)
    quote = load_quote("SPY", now=noon, patience=QUICK)
    assert quote.times is not None
    assert (quote.times.astype(str).tolist(), quote.stale) == (["2024-06-03T15:30:07"], ())
    kept = read_history("SPY")
    assert kept is not None
    assert str(kept.last) == "2024-05-31"
    late = load_quote("SPY", now=after("2024-06-03", 16.5), patience=QUICK)
    assert late.stale == ("SPY",)  # 59 minutes old in an open session
    spy.live = False
    spy.close[-1] *= 1.03
    (one,) = refresh(["SPY"], MONDAY, QUICK)
    assert (one.state, one.added, one.findings) == ("extended", 1, ())


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
def test_the_machine_s_time_zone_changes_nothing(
    yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        spy = yahoo.list("SPY")
        refresh(["SPY"], FRIDAY, QUICK)
        spy = yahoo.list("SPY", last="2024-06-03")
        here = MONDAY.astimezone(ZoneInfo(zone))
        market = yahoo_market(["SPY"], now=here, patience=QUICK)
        assert np.array_equal(market.dates, sessions("2024-01-02", "2024-06-03"))
        assert np.allclose(market.close[:, 0], spy.close)
        quote = load_quote("SPY", now=here, patience=QUICK)
        assert quote.times is not None
        assert quote.times.astype(str).tolist() == ["2024-06-03T20:00:00"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_ticker_without_the_last_session_is_asked_for_again_after_an_hour(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    market = yahoo_market(["SPY"], now=MONDAY, patience=QUICK)
    assert "its last price is of 2024-05-31, 1 session before it was fetched" in market.findings[0].what
    assert market.badge == ""
    asked = yahoo.asked["SPY"]
    refresh(["SPY"], MONDAY + dt.timedelta(minutes=10), QUICK)
    assert yahoo.asked["SPY"] == asked
    yahoo.list("SPY", last="2024-06-03")
    (one,) = refresh(["SPY"], MONDAY + dt.timedelta(minutes=70), QUICK)
    assert (one.state, one.added) == ("extended", 1)


def test_one_stale_ticker_ends_the_market_for_all(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "AGG"):
        yahoo.list(symbol)
    refresh(["SPY", "AGG"], FRIDAY, QUICK)
    yahoo.list("SPY", last="2024-06-03")
    yahoo.always["AGG"] = "500"
    market = yahoo_market(["SPY", "AGG"], now=MONDAY, patience=QUICK)
    assert str(market.dates[-1]) == "2024-05-31"
    assert market.badge.startswith("STALE PRICES: AGG ends on 2024-05-31, 1 session ago")
    assert any("ends on 2024-05-31, the last session" in finding.what for finding in market.findings)
    assert market.between(end="2024-03-01").select(["SPY"]).badge == market.badge


def test_one_that_yahoo_forgot_has_ended_and_the_others_go_on(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "OLD"):
        yahoo.list(symbol)
    refresh(["SPY", "OLD"], FRIDAY, QUICK)
    yahoo.list("SPY", last="2024-06-20")
    del yahoo.listings["OLD"]
    market = yahoo_market(["SPY", "OLD"], now=after("2024-06-20"), patience=QUICK)
    assert str(market.dates[-1]) == "2024-06-20"
    assert np.isnan(market.close[-1, 1])
    assert "OLD ends on 2024-05-31, 13 sessions ago" in market.badge


def test_capital_gains_other_currencies_and_actions_without_a_close(yahoo: Yahoo) -> None:
    yahoo.list(
        "FND",
        gains={"2024-03-15": 0.7},
        dividend={"2024-03-15": 0.2, "2024-04-01": 0.1},
        silent=("2024-04-01",),
    )
    yahoo.list("LON", currency="GBp")
    yahoo.list("NIL", currency="")
    fund, london, nowhere = refresh(["FND", "LON", "NIL"], FRIDAY, QUICK)
    assert fund.history is not None
    dividend = dict(zip(fund.history.dates.astype(str), fund.history.fields["dividend"], strict=True))
    assert dividend["2024-03-15"] == pytest.approx(0.9)
    assert dividend["2024-04-02"] == pytest.approx(0.1)
    assert "2024-04-01" not in dividend
    said = " ".join(finding.what for finding in fund.history.origin.findings)
    assert "capital gains it distributed are counted as dividends" in said
    assert "2024-04-01 (counted on 2024-04-02)" in said
    assert (london.trouble, nowhere.trouble) == ("foreign", "unreadable")
    assert str(london.findings[0]) == (
        "LON: is quoted in GBp, and rebal_kit counts in US$ — take a listing in US$, or leave it out"
    )
    assert "names no currency" in nowhere.findings[0].what


def test_one_whose_currency_is_lost_is_late_and_has_not_ended(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "AGG"):
        yahoo.list(symbol)
    refresh(["SPY", "AGG"], FRIDAY, QUICK)
    yahoo.list("SPY", last="2024-06-03")
    for currency in ("", "EUR"):
        yahoo.list("AGG", last="2024-06-03", currency=currency)
        market = yahoo_market(["SPY", "AGG"], now=MONDAY, patience=QUICK)
        assert str(market.dates[-1]) == "2024-05-31"
        assert market.badge


def test_coins_give_no_weekends_to_a_stock(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-06-01"))
    yahoo.listings["BTC-USD"] = Listing(days, np.linspace(40_000, 70_000, len(days)), kind="CRYPTOCURRENCY")
    market = yahoo_market(["SPY", "BTC-USD"], now=after("2024-06-01", 1), patience=QUICK)
    assert np.is_busday(market.dates).all()
    assert "SPY BTC-USD: 42 closes of weekends are left out: not all of its tickers trade then" in map(
        str, market.findings
    )
    alone = yahoo_market(["BTC-USD"], now=after("2024-06-01", 1), patience=QUICK)
    assert not np.is_busday(alone.dates).all()


def test_a_long_gap_is_refused_until_one_starts_after_it(yahoo: Yahoo) -> None:
    first, second = sessions("2015-01-02", "2015-12-31"), sessions("2024-01-02", "2024-05-31")
    close = np.concatenate([np.full(len(first), 3.0), np.linspace(100, 110, len(second))])
    yahoo.listings["TWO"] = Listing(np.concatenate([first, second]), close)
    with pytest.raises(MarketError) as caught:
        yahoo_market(["TWO"], now=FRIDAY, patience=QUICK)
    (finding,) = caught.value.findings
    assert "has no close for 2012 sessions after 2015-12-31 (3), until 2024-01-02 (100)" in finding.what
    assert yahoo_market(["TWO"], start="2024-01-02", now=FRIDAY, patience=QUICK).close.min() == 100


def test_quotes_have_times_and_tell_what_is_stale(yahoo: Yahoo) -> None:
    spy, agg = yahoo.list("SPY"), yahoo.list("AGG")
    quote = load_quote(["SPY", "AGG"], now=FRIDAY, patience=QUICK)
    assert quote.close.tolist() == [spy.close[-1], agg.close[-1]]
    assert quote.times is not None
    assert quote.times.astype(str).tolist() == ["2024-05-31T20:00:00"] * 2
    assert (quote.stale, quote.findings, str(quote.date)) == ((), (), "2024-05-31")
    yahoo.away = True
    late = load_quote(["SPY", "AGG"], now=after("2024-06-04", 15), patience=QUICK)
    assert late.stale == ("SPY", "AGG")
    assert late.close.tolist() == quote.close.tolist()
    assert "STALE PRICES: SPY, AGG" in late.source
    assert (
        sum("STALE: the price is of 2024-05-31 20:00 UTC" in finding.what for finding in late.findings) == 2
    )
    with pytest.raises(MarketError, match="GLD: Yahoo cannot be reached"):
        load_quote("SPY, GLD", now=after("2024-06-04", 15), patience=QUICK)


def test_an_open_market_is_asked_again_after_a_quarter_of_an_hour(yahoo: Yahoo) -> None:
    yahoo.list("SPY", last="2024-06-03")
    noon = after("2024-06-03", 16)
    load_quote("SPY", now=noon, patience=QUICK)
    asked = yahoo.asked["SPY"]
    load_quote("SPY", now=noon + dt.timedelta(minutes=10), patience=QUICK)
    assert yahoo.asked["SPY"] == asked
    load_quote("SPY", now=noon + dt.timedelta(minutes=20), patience=QUICK)
    assert yahoo.asked["SPY"] == asked + 1


@pytest.mark.parametrize(
    "bad", ["", "../x", "A B", "ABC/DEF", "a" * 30, ".A", "SPY;", "ÄÖ", "ﬁ", "ß", None, float("nan"), 7]
)
def test_what_cannot_be_a_ticker_never_becomes_a_file_or_a_request(yahoo: Yahoo, bad: Any) -> None:
    with pytest.raises(MarketError, match="cannot be a ticker"):
        load_market([bad, "SPY"])
    assert yahoo.asked.total() == 0


def test_what_cannot_be_a_ticker_is_shown_so_that_a_terminal_can_bear_it() -> None:
    with pytest.raises(MarketError) as caught:
        tickers(["\x1b[31mx", "\udcff", None, " a b "])
    shown = [finding.where.isascii() and finding.where for finding in caught.value.findings]
    assert shown == [r"'\x1b[31mx'", r"'\udcff'", "None", "a b"]


def test_tickers_are_cleaned_and_a_bundled_name_among_them_is_refused(yahoo: Yahoo) -> None:
    assert tickers([" spy", "SPY", "brk-b", "^vix"]) == ("SPY", "BRK-B", "^VIX")
    with pytest.raises(MarketError, match="none are given"):
        load_market([])
    with pytest.raises(MarketError, match="'etf' is a bundled market"):
        load_market(["etf", "SPY"])


def test_load_market_takes_lists_and_text_and_adds_what_looks_wrong(yahoo: Yahoo) -> None:
    for symbol in ("SPY", "^VIX"):
        yahoo.list(symbol)
    yahoo.listings["SPY"].close[50] *= 1.5
    listed, text = load_market(["SPY", "^VIX"]), load_market("yahoo:spy, ^vix", start="2024-02-01")
    assert listed.symbols == text.symbols == ("SPY", "^VIX")
    assert str(text.dates[0]) == "2024-02-01"
    assert "2024-02-01 to 2024-05-31" in text.source
    assert any("spike: the close is" in finding.what for finding in listed.findings)
    with pytest.raises(MarketError, match="spike: the close is"):
        load_market(["SPY"], strict=True)


def test_a_damaged_file_is_said_and_fetched_again(yahoo: Yahoo) -> None:
    yahoo.list("SPY")
    refresh(["SPY"], FRIDAY, QUICK)
    from rebal_kit.sources.price_cache import cache_path

    cache_path("SPY").write_bytes(on_disk("SPY")[:-40])
    yahoo.away = True
    (one,) = refresh(["SPY"], FRIDAY, QUICK)
    assert one.state == "failed"
    assert "the kept prices are damaged" in one.findings[0].what
    yahoo.away = False
    (one,) = refresh(["SPY"], FRIDAY, QUICK)
    assert one.state == "new"
    assert market_of([one], FRIDAY).traded.all()
