"""Every layout as it should be, and every fault of a row with its place, value and remedy."""

from __future__ import annotations

import datetime as dt

import pytest

from rebal_kit.files.statement import Statement
from tests.files.broker_files import (
    ACTIVITY,
    CSVS,
    DAY,
    FIDELITY,
    FIDELITY_LOTS,
    FLEX,
    FLEX_CASH,
    SCHWAB,
    SCHWAB_LOTS,
    VANGUARD,
    VANGUARD_LOTS,
    exported,
    faults,
)


def only(text: str) -> Statement:
    (statement,) = exported(text).statements
    return statement


def positions(statement: Statement) -> list[tuple[object, ...]]:
    return [(p.symbol, p.quantity, p.price, p.value, p.cost, p.refused) for p in statement.positions]


def lots(statement: Statement) -> list[tuple[object, ...]]:
    return [(o.symbol, o.quantity, o.basis, o.acquired, o.value) for o in statement.lots]


def test_schwab_positions() -> None:
    found = only(SCHWAB)
    assert (found.broker, found.number, found.account, found.as_of) == ("Schwab", "123", "…123", DAY)
    assert positions(found) == [
        ("SPY", 1010.0, 400.0, 404000.0, 300500.25, ""), ("BRK/B", 10.5, 360.0, 3780.0, 2000.0, ""),
    ]  # fmt: skip
    assert (found.cash, found.lots, found.listed) == (61.04, (), True)
    (total,) = found.totals
    assert (total.value, total.cost, total.quantity, total.with_cash) == (407841.04, 302500.25, None, True)
    assert faults(exported(SCHWAB)) == []


def test_schwab_names_columns_in_several_ways() -> None:
    plain = SCHWAB.replace("Qty (Quantity)", "Quantity").replace("Mkt Val (Market Value)", "Market Value")
    assert positions(only(plain)) == positions(only(SCHWAB))
    assert positions(only(SCHWAB.replace("Security Type", "Asset Type"))) == positions(only(SCHWAB))
    assert only(SCHWAB.replace("Account Total", "Positions Total")).totals[0].value == 407841.04


def test_schwab_accounts_one_after_the_other() -> None:
    second = SCHWAB.replace("...123 as of 03:45 PM ET, 2024/01/05", "...456").replace("1,010", "7")
    first, other = exported(f"{SCHWAB}\n{second}").statements
    assert (first.number, other.number, other.as_of) == ("123", "456", DAY)
    assert (first.positions[0].quantity, other.positions[0].quantity) == (1010.0, 7.0)


def test_schwab_lots() -> None:
    found = only(SCHWAB_LOTS)
    assert (found.number, found.as_of, found.positions, found.cash) == ("123", DAY, (), None)
    assert lots(found) == [
        ("SPY", 610.0, 200500.25, dt.date(2020, 7, 10), 244000.0),
        ("SPY", 400.0, 100000.0, dt.date(2017, 10, 30), 160000.0),
        ("BRK/B", 10.5, 2000.0, dt.date(2016, 3, 16), 3780.0),
    ]
    assert [(t.symbol, t.quantity, t.cost) for t in found.totals] == [
        ("SPY", 1010.0, 300500.25),
        ("BRK/B", 10.5, 2000.0),
    ]
    assert faults(exported(SCHWAB_LOTS)) == []


def test_schwab_lots_of_an_account_that_no_line_names() -> None:
    found = only(SCHWAB_LOTS.replace(" for Individual ...123 as of 03:46 PM ET, 01/05/2024", ""))
    assert (found.number, found.label, found.account, found.as_of) == ("", "", "without a number", None)
    assert [o.symbol for o in found.lots] == ["SPY", "SPY", "BRK/B"]


@pytest.mark.parametrize(
    ("title", "number", "label"),
    [
        ("SPY Lot Details", "", ""), ("SPY Lot Details as of 01/05/2024", "", ""),
        ("SPY Lot Details for Mine", "", "Mine"),
        ("SPY Lot Details for XXXX-5792 as of 08:03 AM ET, 01/05/2024", "5792", "XXXX-5792"),
    ],
)  # fmt: skip
def test_titles_of_schwab_lots(title: str, number: str, label: str) -> None:
    found = only(f'"{title}"' + SCHWAB_LOTS[SCHWAB_LOTS.index("\n") :].split('"BRK/B')[0])
    assert (found.number, found.label, [o.symbol for o in found.lots]) == (number, label, ["SPY", "SPY"])


def test_schwab_lots_with_columns_for_account_and_symbol() -> None:
    text = (
        "Account Name,Symbol,Open Date,Quantity,Price,Cost Per Share,Market Value,Cost Basis,Gain/Loss"
        " ($),Holding Period\n"
        "Individual ...123,SPY,03/16/2020,50,400,240,20000,12000,8000,Long Term\n"
    )
    assert (only(text).number, lots(only(text))) == (
        "123",
        [("SPY", 50.0, 12000.0, dt.date(2020, 3, 16), 20000.0)],
    )


def test_fidelity_positions() -> None:
    roth, own = exported(FIDELITY).statements
    assert (roth.number, roth.label, roth.account, roth.as_of) == ("Z12345678", "Roth IRA", "…5678", DAY)
    assert positions(roth) == [("GLD", 5.125, 180.0, 922.5, 871.25, "")]
    assert (roth.cash, own.cash) == (500.0, 0.4)
    assert [p.quantity for p in own.positions] == [100.0, 20.0]
    assert faults(exported(FIDELITY)) == []
    assert "Z12345678" not in repr(roth)


def test_fidelity_money_on_its_way_is_a_warning_and_no_cash() -> None:
    text = FIDELITY.replace("\n\n", "\nZ12345678,Roth IRA,Pending Activity,,,,,$25.50,,,,,\n\n", 1)
    roth, _ = exported(text).statements
    assert (roth.cash, roth.pending) == (500.0, 25.5)
    assert faults(exported(text)) == [
        (
            "warning: x.csv row 7, column Current Value: $25.50 on its way"
            " — it is not in the cash; export again when it has settled"
        )
    ]


def test_fidelity_lots() -> None:
    roth, own = exported(FIDELITY_LOTS).statements
    assert (roth.label, roth.number, roth.account, own.account) == (
        "Roth IRA",
        "",
        "'Roth IRA'",
        "'Individual'",
    )
    assert lots(roth) == [("GLD", 5.125, 871.25, dt.date(2020, 3, 16), 922.5)]
    assert lots(own) == [("AGG", 120.0, 10800.0, dt.date(2023, 6, 1), 11820.0)]
    assert faults(exported(FIDELITY_LOTS)) == []


def test_vanguard_positions() -> None:
    found = only(VANGUARD)
    assert (found.number, found.as_of, found.cash) == ("44445555", None, 1000.25)
    assert positions(found) == [("VTI", 50.0, 240.5, 12025.0, None, "")]
    assert faults(exported(VANGUARD)) == [
        "note: x.csv row 6: Vanguard transactions are not read — holdings are taken as the file lists them"
    ]


def test_vanguard_lots() -> None:
    found = only(VANGUARD_LOTS)
    assert (found.number, found.as_of) == ("44445555", DAY)
    assert lots(found) == [
        ("VTI", 20.0, 2600.0, dt.date(2020, 3, 16), 4810.0), ("VTI", 30.0, 6600.0, dt.date(2021, 6, 1), 7215.0),
    ]  # fmt: skip
    assert faults(exported(VANGUARD_LOTS)) == []


def test_activity_statement() -> None:
    found = only(ACTIVITY)
    assert (found.broker, found.number, found.as_of) == ("Interactive Brokers", "U7654321", DAY)
    assert positions(found) == [("VOO", 10.0, 430.5, 4305.0, 3001.0, "")]
    assert lots(found) == [
        ("VOO", 4.0, 1201.0, dt.date(2021, 6, 1), 1722.0), ("VOO", 6.0, 1800.0, dt.date(2022, 2, 14), 2583.0),
    ]  # fmt: skip
    assert (found.cash, found.listed) == (50.5, False)
    (total,) = found.totals
    assert (total.value, total.cost, total.kind, total.with_cash) == (4305.0, 3001.0, "Stocks", False)
    assert faults(exported(ACTIVITY)) == []


def test_an_activity_statement_in_any_order_of_sections() -> None:
    head, rest = ACTIVITY.removeprefix("\ufeff").split("Open Positions,Header")
    turned = only(f"Open Positions,Header{rest}{head}")
    assert (turned.number, turned.as_of, turned.cash) == ("U7654321", DAY, 50.5)
    assert lots(turned) == lots(only(ACTIVITY))


def test_flex_query() -> None:
    found = only(FLEX)
    assert (found.number, found.as_of, found.cash) == ("U7654321", DAY, None)
    assert positions(found) == [("VOO", 10.0, 430.5, 4305.0, 3001.0, "")]
    assert [(o.quantity, o.acquired, o.holding_start) for o in found.lots] == [
        (4.0, dt.date(2021, 6, 1), dt.date(2021, 6, 1)), (6.0, dt.date(2022, 2, 14), dt.date(2022, 1, 10)),
    ]  # fmt: skip
    assert faults(exported(FLEX)) == []
    assert (only(FLEX_CASH).cash, only(FLEX_CASH).positions, faults(exported(FLEX_CASH))) == (50.5, (), [])


@pytest.mark.parametrize("name", CSVS)
def test_line_ends_blanks_and_quotes_do_not_matter(name: str) -> None:
    text = CSVS[name].removeprefix("\ufeff")
    dosed = text.replace("\n", "\r\n")
    assert exported(dosed).statements == exported(text).statements


def test_text_with_line_ends_and_formulas_is_data() -> None:
    text = SCHWAB.replace("SPDR S&P 500, ETF TRUST", '=cmd()|""x""\nSecond, line')
    assert positions(only(text)) == positions(only(SCHWAB))
    assert only(text).positions[1].place.row == "x.csv row 5"
    symbol = only(SCHWAB.replace('"SPY"', '"=cmd()"')).positions[0]
    assert (symbol.symbol, symbol.refused) == ("=cmd()", "is no ticker of a share or a fund")


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (SCHWAB, '"1,010"', '"1.010,5"', "error: x.csv row 4, column Qty (Quantity): is '1.010,5', not a number"),
        (SCHWAB, '"1,010"', '"--"', "error: x.csv row 4, column Qty (Quantity): is '--' — give the number"),
        (SCHWAB, '"1,010"', '""', "error: x.csv row 4, column Qty (Quantity): is empty — give the number"),
        (SCHWAB, '"SPY"', '""', "error: x.csv row 4, column Symbol: has no ticker"),
        (SCHWAB, '"$61.04"', '"--"', "error: x.csv row 6, column Mkt Val (Market Value): is '--' — give the number"),
        (SCHWAB, '"$300,500.25"', '"€300"', "error: x.csv row 4, column Cost Basis: is '€300', not a number"),
        (SCHWAB, '"Price"', '"Gossip"', "note: x.csv row 3: column 'Gossip' is not known and was not read"),
        (SCHWAB, '"Price"', '"Symbol"', "error: x.csv row 3: column 'Symbol' is there twice — keep one"),
        (SCHWAB, '"SPDR S&P 500, ETF TRUST"', "SPDR, ETF", "error: x.csv row 4: has 10 cells under 8 columns"),
        (SCHWAB_LOTS, "07/10/2020 00:00:00", "31.12.2020",
         "error: x.csv row 4, column Open Date: is '31.12.2020', which is no date — write it as 01/05/2024"),
        (SCHWAB_LOTS, "07/10/2020 00:00:00", "02/30/2020", "is '02/30/2020', which is no date"),
        (FIDELITY_LOTS, "Mar-16-2020", "Mrz-16-2020", "write it as Jan-05-2024 or 01/05/2024"),
        (ACTIVITY, "Data,Lot,Stocks", "Data,Bot,Stocks", "error: x.csv row 10, column DataDiscriminator: is 'Bot'"),
        (ACTIVITY, "Base Currency,USD", "Base Currency,EUR", "error: x.csv row 7, column Field Value: is EUR"),
        (ACTIVITY, "Account,U7654321", "Account,U1 (Custom Consolidated)", "is of several accounts together"),
        (ACTIVITY, "Ending Cash,USD,50.5", "Ending Cash,CAD,5.5",
         "error: x.csv row 17, column Total: is 5.5 CAD, and accounts are in US$"),
        (ACTIVITY, ",Cost Basis,", ",Gossip,", "'open positions' cannot be read — its header lacks cost basis"),
        (FLEX, '"20240105","10"', '"5 Jan","10"', ("error: x.csv row 2, column ReportDate: is '5 Jan', which is"
                                                  " no date")),
    ],
)  # fmt: skip
def test_one_fault_one_finding(text: str, old: str, new: str, said: str) -> None:
    assert old in text
    found = faults(exported(text.replace(old, new, 1)))
    assert sum(said in fault for fault in found) == 1
    assert len(found) == 1


def test_all_faults_are_told_at_once() -> None:
    text = SCHWAB.replace('"1,010"', '"x"').replace('"10.5"', '"y"').replace('"$61.04"', '"z"')
    assert len(faults(exported(text))) == 3


def test_foreign_positions_and_cash() -> None:
    row = "Open Positions,Data,Summary,Stocks,CAD,XIU,-,10,1,3,30,4,40,10,\n"
    text = ACTIVITY.replace("Open Positions,Total", row + "Open Positions,Total").replace(
        "Trades,Header", "Cash Report,Data,Ending Cash,CAD,0,0,0,\nTrades,Header", 1
    )
    assert only(text).positions[1].refused == "is in CAD, and accounts are in US$"
    assert only(text).cash == 50.5
    assert faults(exported(text)) == []


def test_other_kinds_are_said_for_what_they_are() -> None:
    option = SCHWAB.replace('"BRK/B"', '"AAPL 01/16/2026 250.00 C"').replace('"Equity"', '"Option"')
    assert only(option).positions[1].refused == "is 'Option', neither a share nor a fund"
    bond = VANGUARD.replace("ETF,VTI,50", "NOTE,null,50")
    assert faults(exported(bond))[0].startswith("error: x.csv row 2, column Symbol: has no ticker")


def test_a_basis_or_date_the_broker_does_not_know_stays_open() -> None:
    text = SCHWAB_LOTS.replace('"$200,500.25"', '"Incomplete"', 1).replace("07/10/2020 00:00:00", "N/A")
    lot = only(text).lots[0]
    assert (lot.basis, lot.acquired, lot.place.said("cost")) == (None, None, "Incomplete")
    assert lot.place.of("acquired") == "x.csv row 4, column Open Date"
    assert faults(exported(text)) == []


@pytest.mark.parametrize("text", [SCHWAB.split('"SPY"')[0], ACTIVITY.split("Open Positions")[0]])
def test_a_header_without_rows_is_no_empty_account(text: str) -> None:
    assert faults(exported(text)) == [
        "error: x.csv: holds no position, lot or cash — export the file again, with all rows"
    ]


def test_an_account_that_is_called_by_its_number_has_no_other_name() -> None:
    roth = exported(FIDELITY_LOTS.replace("Roth IRA", "Z12345678")).statements[0]
    assert (roth.number, roth.label, roth.account) == ("Z12345678", "", "…5678")


def test_cash_of_an_account_in_dollars_that_lists_no_currencies() -> None:
    text = ACTIVITY.replace("Cash Report,Data,Ending Cash,USD,50.5,50.5,0,\n", "")
    assert only(text).cash == 50.5
    assert only(text.replace("Base Currency,USD", "Base Currency,")).cash is None
    assert only(FLEX_CASH.split('"U7654321","USD"')[0]).cash is None


def test_one_number_is_one_account_whatever_it_is_called() -> None:
    text = FIDELITY.replace("X87654321,Individual,AGG", "X87654321,Mine,AGG", 1)
    assert [statement.number for statement in exported(text).statements] == ["Z12345678", "X87654321"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (VANGUARD_LOTS[: VANGUARD_LOTS.rindex("6600.00") + 2], "x.csv row 4: has 8 cells under 14 columns"),
        (FIDELITY[: FIDELITY.index("$9,850.00") + 9] + '"', "x.csv row 4: has 8 cells under 13 columns"),
        (FLEX[: FLEX.rindex(',"Long"')], "x.csv row 4, column LevelOfDetail: is ''"),
    ],
)  # fmt: skip
def test_a_row_that_was_cut_off_is_not_taken(text: str, where: str) -> None:
    export = exported(text)
    assert any(fault.startswith(f"error: {where}") for fault in faults(export)), faults(export)
    assert all(statement.incomplete for statement in export.statements)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (ACTIVITY + "Cash Report,Data,Ending Cash,USD,50.5,50.5,0,\n", "x.csv row 21: is cash as that of x.csv row 17"),
        (ACTIVITY + "Cash Report,Data,Ending Cash,USD,60,60,0,\n", "x.csv row 21: is cash as that of x.csv row 17"),
        (FLEX_CASH + FLEX_CASH.splitlines()[-1], "x.csv row 4: is cash as that of x.csv row 3"),
        (
            VANGUARD.replace("1000.25,\n", "1000.25,\n44445555,VANGUARD FEDERAL,VMFXX,1000.25,1.0,1000.25,\n"),
            "x.csv row 4: is cash as that of x.csv row 3",
        ),
    ],
)  # fmt: skip
def test_cash_is_not_counted_twice(text: str, row: str) -> None:
    assert any(fault.startswith(f"error: {row}") for fault in faults(exported(text))), faults(exported(text))


def test_cash_in_two_funds_is_added_up() -> None:
    other = VANGUARD.replace("1000.25,\n", "1000.25,\n44445555,VANGUARD TREASURY,VMRXX,5,1.0,5.0,\n")
    assert only(other).cash == 1005.25


@pytest.mark.parametrize("other", [("U7654321", "U1112222"), ("January 5, 2024", "January 6, 2024")])
def test_statements_of_two_accounts_or_periods_in_one_file_are_refused(other: tuple[str, str]) -> None:
    second = ACTIVITY.removeprefix("\ufeff").replace("VOO", "IVV").replace(*other)
    (fault,) = (f for f in faults(exported(ACTIVITY + second)) if "several statements" in f)
    assert fault.startswith("error: x.csv row 2")
    assert f"{other[1]}, and " in fault
    assert fault.endswith("give a file a statement")


def test_tables_of_several_days_in_one_file_are_said() -> None:
    text = SCHWAB_LOTS.replace("03:46 PM ET, 01/05/2024", "03:46 PM ET, 12/05/2023", 1)
    assert only(text).as_of == DAY
    assert faults(exported(text)) == [
        "warning: x.csv: is of several days: 2023-12-05, 2024-01-05; the last is taken — export all on one day"
    ]


def test_cash_in_a_fund_is_worth_its_shares() -> None:
    (fault,) = (f for f in faults(exported(VANGUARD.replace("1.0,1000.25", "1.0,100025"))) if "error" in f)
    assert fault.startswith(
        "error: x.csv row 3, column Total Value: is 100,025.00, but price times quantity is 1,000.25"
    )


def test_a_row_whose_cells_are_whole_as_far_as_they_are_read_is_taken() -> None:
    assert only(VANGUARD_LOTS.replace(",Covered,9.32%", "")).lots == only(VANGUARD_LOTS).lots
    assert only(SCHWAB.replace('"--","--","Cash and Money Market",', '"--"')).cash == 61.04
