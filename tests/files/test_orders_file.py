"""Orders for brokers: one file each, sales first, nothing that a spreadsheet runs, no number in full."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.files.orders_file import COLUMNS, file_names, orders_files
from rebal_kit.files.proposal_file import ProposalError
from tests.files.proposals import document, lot, with_trade


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_a_broker_with_all_columns() -> None:
    made = document()
    files = orders_files(made)
    assert list(files) == ["orders_no_broker_named.csv", "orders_schwab.csv", "orders_vanguard.csv"]
    sell, buy = rows(files["orders_schwab.csv"])
    assert tuple(sell) == COLUMNS
    assert sell == {
        "proposal": made["proposal"], "trade": "2", "account": "Joint", "symbol": "SPY", "action": "SELL",
        "quantity": "12.5", "order_type": "MARKET", "limit_price": "",
        "lots": "8 of SPY-3 acquired 2021-03-04; 4.5 of SPY-7 acquired 2022-01-05", "time_in_force": "DAY",
        "expires": "2024-08-14", "reason": "harvest a loss",
    }  # fmt: skip
    assert (buy["trade"], buy["action"], buy["order_type"], buy["limit_price"]) == ("1", "BUY", "LIMIT", "99")
    assert buy["lots"] == ""


def test_cells_that_a_spreadsheet_would_run_are_neutral() -> None:
    evil = '=HYPERLINK("http://x";"y")'
    files = orders_files(with_trade(3, account=evil, symbol="+VTI", reason="@now", lots=[lot("-1", 10.0)]))
    (row,) = rows(files["orders_vanguard.csv"])
    assert (row["account"], row["symbol"], row["reason"]) == (f"'{evil}", "'+VTI", "'@now")
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


def test_account_numbers_are_masked_and_must_still_differ() -> None:
    text = orders_files(with_trade(3, account="Roth 123456789", reason="from Z12345678"))[
        "orders_vanguard.csv"
    ]
    assert "123456789" not in text
    assert "Z12345678" not in text
    assert rows(text)[0]["account"] == "Roth …6789"
    trades = document()["trades"]
    trades[0]["account"], trades[1]["account"] = "A 111116789", "A 222226789"
    with pytest.raises(ProposalError, match="2 accounts at 'Schwab' are all shown as 'A …6789'"):
        orders_files(document(trades=trades))


@pytest.mark.parametrize(
    "broker", ["../../x", "/etc/passwd", "..", "a/b", "=HYPERLINK(1)", "证券", "C:\\x", "x" * 500, "…"]
)
def test_a_broker_of_any_name_gives_a_plain_file_name(broker: str) -> None:
    (name,) = [
        n
        for n in orders_files(with_trade(3, broker=broker))
        if n not in ("orders_schwab.csv", "orders_no_broker_named.csv")
    ]
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.")
    assert name.startswith("orders_")
    assert name.endswith(".csv")
    assert name.count(".") == 1
    assert len(name) < 100


@given(st.lists(st.text(max_size=12).filter(str.strip), unique=True, max_size=12))
def test_brokers_never_share_a_file(brokers: list[str]) -> None:
    names = file_names(["", *brokers])
    assert len({name.lower() for name in names.values()}) == len(brokers) + 1
    assert names[""] == "orders_no_broker_named.csv"


def test_brokers_that_look_alike_are_told_apart() -> None:
    names = file_names(["", "Schwab", "schwab", "SCHWAB!", "no broker named"])
    assert len(set(names.values())) == 5
    assert file_names(["Charles Schwab"]) == {"Charles Schwab": "orders_charles_schwab.csv"}
