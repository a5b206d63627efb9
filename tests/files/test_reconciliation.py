"""Ordered and filled, trade by trade: worked by hand; fills of no trade, doubled, late, beyond their limit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.files.approval import approve
from rebal_kit.files.fills_file import Fill, read_fills
from rebal_kit.files.fills_log import log_fills
from rebal_kit.files.log_chain import AuditLogError, read_log
from rebal_kit.files.proposal_file import ProposalError
from rebal_kit.files.reconciliation import Reconciliation, reconcile
from tests.files.proposals import NOW, document, with_trade

ALL = """trade,quantity,price,date,fees
1,60,98.6,2024-08-13,1
2,8,501,2024-08-13,
2,4.5,502,2024-08-14,0.5
3,10,100,2024-08-13,
4,10,99,2024-08-13,
"""


def of(text: str, **changes: object) -> Reconciliation:
    return reconcile(document(**changes), read_fills(text, "f"))


def said(found: Reconciliation, severity: str) -> list[str]:
    return [str(finding) for finding in found.findings if finding.severity == severity]


def test_everything_filled_worked_by_hand() -> None:
    found = of(ALL)
    assert found.complete
    assert found.findings == ()
    agg, spy, vti, bnd = found.trades
    assert (agg.filled, agg.left, agg.price, agg.fees) == (60, 0, pytest.approx(98.6), 1)
    assert agg.shortfall == pytest.approx(60 * 0.1)  # bought 10 cents dearer
    assert (spy.filled, spy.fees, spy.price) == (12.5, 0.5, pytest.approx((8 * 501 + 4.5 * 502) / 12.5))
    assert spy.shortfall == pytest.approx(8 * 0.2 - 4.5 * 0.8)  # sold 20 cents cheaper, and 80 cents dearer
    assert (vti.shortfall, bnd.shortfall) == (0, -10)
    assert found.shortfall == pytest.approx(6 + 1.6 - 3.6 - 10)
    assert found.fees == 1.5
    table = found.table
    assert list(table["trade"]) == [1, 2, 3, 4]
    assert table["filled"].sum() == 92.5


def test_fills_by_account_symbol_and_side() -> None:
    text = "account,symbol,side,quantity,price,date\nJoint,spy,sell,12.5,501.2,2024-08-13\n"
    assert of(text).trades[1].filled == 12.5
    for row, words in (
        ("Joint,SPY,buy", "no trade of the proposal is buy SPY in 'Joint'"),
        ("Kim,SPY,sell", "no trade of the proposal is sell SPY in 'Kim'"),
    ):
        found = of(f"account,symbol,side,quantity,price,date\n{row},1,501.2,2024-08-13\n")
        assert words in said(found, "error")[0]
        assert len(found.unmatched) == 1
        assert not found.complete
    twins = [*document()["trades"], {**document()["trades"][1], "trade": 9, "lots": []}]
    assert (
        "sell spy in 'Joint' is trades 2, 9 — say which under trade"
        in said(of(text, trades=twins), "error")[0]
    )


def test_an_account_may_be_written_as_in_the_orders_file() -> None:
    made = with_trade(3, account="Roth 123456789")
    for name in ("Roth 123456789", "Roth …6789"):
        fills = read_fills(
            f"account,symbol,side,quantity,price,date\n{name},VTI,sell,10,100,2024-08-13\n", "f"
        )
        found = reconcile(made, fills)
        assert found.trades[2].left == 0
        assert "123456789" not in json.dumps(found.as_json())
    row = "Roth 987654321,VTI,sell,1,1,2024-08-13"
    wrong = reconcile(made, read_fills(f"account,symbol,side,quantity,price,date\n{row}\n", "f"))
    assert "987654321" not in json.dumps(wrong.as_json())


def test_what_is_left_is_a_warning_and_too_much_an_error() -> None:
    found = of("trade,quantity,price,date\n1,20,98.5,2024-08-13\n3,11,100,2024-08-13\n")
    assert [t.left for t in found.trades] == [40, 12.5, -1, 10]
    assert "trade 1, buy AGG: 20 of 60 shares were filled — propose anew for what is left" in said(
        found, "warning"
    )
    assert "trade 2, sell SPY: was not filled — propose anew for what is left" in said(found, "warning")
    assert "trade 3, sell VTI: 11 of 10 shares were filled, more than ordered" in said(found, "error")[0]
    assert found.trades[1].price is None
    assert not found.complete


def test_a_fill_listed_twice_counts_once() -> None:
    found = of(ALL + "3,10,100,2024-08-13,\n")
    assert found.trades[2].filled == 10
    assert "f row 7: is the fill of f row 5 again" in said(found, "error")[0]
    assert len(found.duplicates) == 1
    two = "trade,quantity,price,date,fill\n3,5,100,2024-08-13,A\n3,5,100,2024-08-13,B\n3,5,100,2024-08-13,B\n"
    found = of(two)
    assert found.trades[2].filled == 10
    assert len(found.duplicates) == 1


def test_fills_that_cannot_be_of_this_proposal() -> None:
    head = "proposal,trade,account,symbol,side,quantity,price,date\n"
    found = of(
        head
        + "000000000000,1,,,,1,98.5,2024-08-13\n"
        + ",7,,,,1,98.5,2024-08-13\n"
        + ",1,Kim,SPY,sell,1,98.5,2024-08-13\n"
        + f"{document()['proposal']},1,Joint,AGG,buy,60,98.5,2024-08-13\n"
    )
    wrong = said(found, "error")
    assert f"f row 2: is of proposal 000000000000, not of {document()['proposal']}" in wrong[0]
    assert "f row 3: trade 7 is not in the proposal — its trades are 1, 2, 3, 4" in wrong[1]
    assert (
        "f row 4: trade 1: account is 'Kim', not 'Joint'; symbol is 'SPY', not 'AGG'; side is 'sell'"
        in wrong[2]
    )
    assert len(found.unmatched) == 3
    assert found.trades[0].left == 0


def test_prices_and_days_that_are_odd_are_said() -> None:
    found = of("trade,quantity,price,date\n1,60,99.2,2024-08-13\n3,10,80,2024-08-20\n")
    assert "f row 2: 99.2 is beyond the limit of 99" in said(found, "error")[0]
    assert any("f row 3: 80 is -20.0% from the proposal's 100" in text for text in said(found, "warning"))
    assert any(
        "is of 2024-08-20, the orders were for 2024-08-12 to 2024-08-14" in text
        for text in said(found, "warning")
    )


def test_a_changed_proposal_is_not_reconciled() -> None:
    with pytest.raises(ProposalError, match="was changed"):
        reconcile({**document(), "cost": 3.0}, read_fills(ALL, "f"))


@given(st.lists(st.tuples(st.integers(1, 6), st.floats(0.001, 100), st.floats(0.01, 1e4)), max_size=8))
def test_no_share_is_lost(rows: list[tuple[int, float, float]]) -> None:
    fills = [
        Fill(f"row {n}", shares, price, NOW.date(), trade=t) for n, (t, shares, price) in enumerate(rows)
    ]
    found = reconcile(document(), fills)
    counted = sum(t.filled for t in found.trades)
    aside = sum(fill.quantity for fill in (*found.unmatched, *found.duplicates))
    assert counted + aside == pytest.approx(sum(fill.quantity for fill in fills))
    json.dumps(found.as_json(), allow_nan=False)


def test_fills_are_logged_once(tmp_path: Path) -> None:
    log, found = tmp_path / "audit.jsonl", of(ALL)
    approve(document(), tmp_path / "out", who="Ann", log=log, now=NOW)
    assert log_fills(log, "Kim", document(), found, ALL.encode()) == ()
    (again,) = log_fills(log, "Kim", document(), found, ALL.encode())
    assert "has these fills" in again.what
    line = read_log(log).lines[1]
    assert (line["event"], line["who"], line["details"]["complete"]) == ("fills", "Kim", True)
    assert line["details"]["trades"][1]["filled"] == 12.5
    assert len(read_log(log).lines) == 2
    (odd,) = log_fills(tmp_path / "other.jsonl", "Kim", document(), found, ALL.encode())
    assert (odd.severity, "but no approval of it" in odd.what) == ("warning", True)
    log.write_bytes(log.read_bytes()[:-3])
    with pytest.raises(AuditLogError):
        log_fills(log, "Kim", document(), found, b"more")
