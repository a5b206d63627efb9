"""Wash sales in the book, worked by hand: chains, splits inside a window, days, and what rounding must not do."""

from __future__ import annotations

import datetime as dt

import pytest

from rebal_kit.engine.history import play
from rebal_kit.engine.ledger import OK, OPEN_LOSSES
from rebal_kit.engine.replay import replay
from tests.engine.stories import arrays, law, told

FIRST = dt.date(2025, 1, 6)


def cents(amount):
    return pytest.approx(amount, rel=0, abs=1e-9)


def on(day, side, quantity, price, lot=None, *, account="TX1", symbol="X", fees=0.0, lots=None, method=None):
    """A trade so many days after the first."""
    trade = {"date": (FIRST + dt.timedelta(days=day)).isoformat(), "account": account, "symbol": symbol, "side": side,
             "quantity": quantity, "price": price, "fees": fees}  # fmt: skip
    if lot:
        trade["lot"] = lot
    if lots:
        trade["lots"] = lots
    if method:
        trade["lot_method"] = method
    return trade


def split(day, ratio, symbol="X"):
    return {
        "date": (FIRST + dt.timedelta(days=day)).isoformat(),
        "side": "split",
        "symbol": symbol,
        "ratio": ratio,
    }


def story(*trades, identical=()):
    accounts = {"TX1": {"kind": "taxable", "owner": "A"}, "IRA1": {"kind": "ira", "owner": "A"}}
    return {"accounts": accounts, "identical": identical, "trades": list(trades)}


def start_of(day, after=0):
    return (FIRST + dt.timedelta(days=day + after)).isoformat()


def test_a_chain_carries_every_loss_to_the_last_lot():
    # 10 a share is lost on each of the first two sales; each time the loss moves on to the next purchase.
    result = told(
        story(
            on(0, "buy", 100, 50, "A"),
            on(10, "sell", 100, 40),
            on(20, "buy", 100, 41, "B"),  # basis 41 + 10 = 51
            on(30, "sell", 100, 41),
            on(40, "buy", 100, 38, "C"),  # basis 38 + 10 = 48
            on(100, "sell", 100, 40),
        )
    )
    gains = [row[3] for row in result.disposals.values()]
    assert gains == [cents(-1000), cents(-1000), cents(-800)]
    assert [row[4] for row in result.disposals.values()] == [cents(1000), cents(1000), 0.0]
    assert result.total("recognized") == cents(-800)  # paid 12,900, received 12,100


def test_holding_periods_add_up_along_a_chain():
    # A was held 10 days, B 10 days of its own: C bought on day 40 has been held, for the law, since day 20.
    result = told(
        story(
            on(0, "buy", 100, 50, "A"),
            on(10, "sell", 100, 40),
            on(20, "buy", 100, 41, "B"),
            on(30, "sell", 100, 40),
            on(40, "buy", 100, 38, "C"),
        )
    )
    assert [key[3] for key in result.open_lots] == [start_of(20)]


@pytest.mark.parametrize(("day", "washed"), [(-31, 0), (-30, 1), (0, 1), (30, 1), (31, 0)])
@pytest.mark.parametrize("account", ["TX1", "IRA1"])
def test_the_window_has_61_days(day, washed, account):
    sale = 40
    trades = [
        on(0, "buy", 10, 50, "A"),
        on(sale, "sell", 10, 45, lots=[("A", 10)]),
        on(sale + day, "buy", 10, 45, "B", account=account),
    ]
    result = told(story(*trades))
    assert result.total("disallowed") == cents(50 * washed)
    assert result.total("permanent") == cents(50 * washed * (account == "IRA1"))


@pytest.mark.parametrize("bought_first", [True, False])
def test_a_purchase_on_the_day_of_the_sale_replaces_whichever_came_first(bought_first):
    sale, purchase = on(60, "sell", 10, 45, lots=[("A", 10)]), on(60, "buy", 4, 45, "B")
    trades = [purchase, sale] if bought_first else [sale, purchase]
    result = told(story(on(0, "buy", 10, 50, "A"), *trades))
    assert result.total("disallowed") == cents(20)
    assert result.open_lots["TX1", "X", "B", start_of(0)][:2] == cents([4, 200])


def test_a_split_between_loss_and_replacement():
    # 100 old shares are 200 new ones. 150 new ones are bought: three quarters of the loss of 1,000 wait in them.
    result = told(
        story(
            on(0, "buy", 100, 50, "A"),
            on(60, "sell", 100, 40),
            split(65, 2),
            on(70, "buy", 150, 19, "B"),
        )
    )
    assert result.total("disallowed") == cents(750)
    assert result.open_lots["TX1", "X", "B", start_of(10)][:2] == cents([150, 150 * 19 + 750])


def test_a_split_between_replacement_and_loss():
    # 25 shares bought before the 4-for-1 split are 100 when the old lot is sold: all of the loss waits in them.
    result = told(
        story(
            on(0, "buy", 25, 200, "A"),
            on(50, "buy", 25, 160, "B"),
            split(55, 4),
            on(60, "sell", 100, 40, lots=[("A", 100)]),
        )
    )
    assert result.total("disallowed") == cents(1000)
    assert result.open_lots["TX1", "X", "B", start_of(-10)][:2] == cents([100, 5000])


def test_a_reverse_split_inside_the_window_and_a_fund_that_did_not_split():
    # 100 sold, consolidated 1 for 10: the loss of 1,000 now sits on 10 shares; 4 of its twin replace 4 of them.
    result = told(
        story(
            on(0, "buy", 100, 50, "A"),
            on(60, "sell", 100, 40),
            split(62, 0.1),
            on(70, "buy", 4, 410, "B", symbol="Y"),
            identical=[["X", "Y"]],
        )
    )
    assert result.total("disallowed") == cents(400)


@pytest.mark.parametrize("ratio", [4, 0.1])
def test_a_split_moves_the_price_at_which_lots_can_be_harvested(ratio):
    given = arrays(story(on(0, "buy", 10, 50, "A"), on(1, "buy", 10, 60, "B"), split(9, ratio)))
    desk = play(given.history, law())
    assert desk.work.ripe[0, 0] == pytest.approx(60 / ratio, rel=1e-8)
    assert desk.ledger.held[0, 0] == cents(20 * ratio)


def test_a_sale_at_cost_is_no_loss_after_any_number_of_cuts():
    # Shares cut from a lot in thirds keep their basis per share; a rounding "loss" would use up the purchase on day
    # 95, which must stay free for the real loss on day 100.
    trades = [on(0, "buy", 33.333, 9.99, "A"), on(0, "buy", 5, 12.5, "D")]
    trades += [on(90, "sell", 1.111, 9.99, lots=[("A", 1.111)]) for _ in range(29)]
    trades += [on(95, "buy", 5, 9.0, "B")]
    trades += [on(96, "sell", 1.114, 9.99, lots=[("A", 1.114)])]
    trades += [on(100, "sell", 5, 10.0, lots=[("D", 5)])]
    result = told(story(*trades))
    assert result.total("disallowed") == cents(12.5)
    assert result.open_lots["TX1", "X", "B", start_of(-5)][:2] == cents([5, 57.5])


def test_a_sale_at_cost_opens_no_window():
    trades = [on(0, "buy", 33.333, 9.99, "A")]
    trades += [on(90, "sell", 33.333 / 7, 9.99) for _ in range(7)]
    desk = play(arrays(story(*trades)).history, law())
    assert desk.ledger.state[OPEN_LOSSES] == 0
    assert desk.ledger.blocked.max() < 0


@pytest.mark.parametrize(
    ("price", "shares", "cuts"),
    [
        (9.99, 4.715, [1.773, 1.245]),
        (33.33, 46.311, [22.179]),
        (12.37, 44.607, [23.305, 8.206, 7.672]),
        (9.99, 99_999.999, [99_999.998]),
        (33.33, 1_000_000.0, [666_666.667, 333_333.332]),
    ],
)
def test_lots_at_one_price_tie_after_any_number_of_cuts(price, shares, cuts):
    # The older lot goes first, although what was paid for a share of it has been rounded.
    trades = [on(0, "buy", shares, price, "A"), on(1, "buy", 10, price, "B")]
    trades += [on(5, "sell", cut, 40, lots=[("A", cut)]) for cut in cuts]
    result = told(story(*trades, on(40, "sell", 0.0005, 40, method="hifo")))
    assert [key[1] for key in result.disposals if key[0] == len(trades)] == ["A"]


def test_a_sale_that_lots_fill_exactly_takes_nothing_of_the_next():
    # 0.8 − 0.1 is more than 0.7 in binary.
    trades = [on(0, "buy", 0.1, 10, "A"), on(1, "buy", 0.7, 10, "B"), on(2, "buy", 5, 10, "C")]
    result = told(story(*trades, on(40, "sell", 0.8, 12)))
    assert {key[1] for key in result.disposals} == {"A", "B"}


def test_a_loss_that_purchases_fill_exactly_takes_nothing_of_the_next():
    trades = [on(0, "buy", 0.8, 10, "A"), on(40, "sell", 0.8, 9)]
    trades += [on(41, "buy", 0.1, 9, "B"), on(42, "buy", 0.7, 9, "C"), on(43, "buy", 5, 9, "D")]
    desk = play(arrays(story(*trades)).history, law())
    assert desk.ledger.lot_count[0, 0] == 3
    assert desk.ledger.lots[0, 0, 2].fresh == 1


def test_a_lot_that_a_loss_fills_exactly_is_not_divided():
    # 0.3 − 0.1 is less than 0.2 in binary.
    trades = [on(0, "buy", 0.3, 10, "A"), on(38, "buy", 0.1, 9, "B"), on(39, "buy", 0.2, 9, "C")]
    desk = play(arrays(story(*trades, on(40, "sell", 0.3, 9, lots=[("A", 0.3)]))).history, law())
    assert desk.ledger.lot_count[0, 0] == 2
    assert desk.ledger.lots[0, 0, :2].fresh.tolist() == [0, 0]


@pytest.mark.parametrize(("first", "second", "lost"), [("IRA1", "TX1", 50), ("TX1", "IRA1", 0)])
@pytest.mark.parametrize("sale", [38, 42])
def test_of_two_purchases_on_one_day_the_one_listed_first_replaces(first, second, lost, sale):
    trades = [
        on(0, "buy", 10, 50, "A"),
        on(40, "buy", 10, 45, "B", account=first),
        on(40, "buy", 10, 45, "C", account=second),
        on(sale, "sell", 10, 45, lots=[("A", 10)]),
    ]
    result = told(story(*trades))
    assert result.total("disallowed") == cents(50)
    assert result.total("permanent") == cents(lost)


def test_the_rest_of_a_purchase_does_not_replace_what_was_sold_of_it():
    # Rev. Rul. 56-602: 200 bought, half of them sold at a loss within days.
    result = told(story(on(0, "buy", 200, 50, "A"), on(11, "sell", 100, 40)))
    assert result.total("disallowed") == 0.0
    # … but another purchase does, and what is left of this one can still replace shares of the other.
    result = told(
        story(
            on(0, "buy", 200, 50, "A"),
            on(5, "buy", 40, 45, "B"),
            on(11, "sell", 100, 40, lots=[("A", 100)]),
            on(12, "sell", 40, 40, lots=[("B", 40)]),
        )
    )
    # 400 of A's loss go to B, whose loss is then 5 + 10 a share and goes to 40 of A's remaining 100.
    assert [row[4] for row in result.disposals.values()] == [cents(400), cents(600)]
    assert sorted(row[1] for row in result.open_lots.values()) == [cents(40 * 50 + 600), cents(60 * 50)]


def test_windows_that_have_closed_make_room():
    trades = []
    for n in range(12):
        trades += [on(80 * n, "buy", 10, 50, f"L{n}"), on(80 * n + 40, "sell", 10, 45)]
    given = arrays(story(*trades))
    desk = given.desk(lots=2, losses=1, journal=64)
    assert replay(desk, given.events, given.picks) == OK


def test_losses_are_replaced_in_the_order_of_the_sales():
    # Two losses are open, of 1,000 and 500; 150 shares replace the 100 of the first and 50 of the second.
    result = told(
        story(
            on(0, "buy", 100, 50, "A"),
            on(1, "buy", 100, 45, "B"),
            on(60, "sell", 100, 40, lots=[("A", 100)]),
            on(61, "sell", 100, 40, lots=[("B", 100)]),
            on(70, "buy", 150, 41, "C"),
        )
    )
    assert [row[4] for row in result.disposals.values()] == [cents(1000), cents(250)]
    (key,) = result.open_lots  # both pieces were held 60 days by the shares sold
    assert key[3] == start_of(10)
    assert result.open_lots[key] == cents([150, 150 * 41 + 1250, 1250])
