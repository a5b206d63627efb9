"""A file is cut into tables of known layouts; one of no known layout is told which there are, and the closest."""

from __future__ import annotations

import pytest

from rebal_kit.files.broker_tables import DIALECTS, read_tables
from rebal_kit.files.dialect import heading
from tests.files.broker_files import CSVS, FIDELITY, SCHWAB, exported, faults


@pytest.mark.parametrize(
    ("name", "dialects"),
    [
        ("schwab.csv", ["Schwab positions"]), ("schwab_lots.csv", ["Schwab lot details"] * 2),
        ("fidelity.csv", ["Fidelity positions"]), ("fidelity_lots.csv", ["Fidelity lots"]),
        ("vanguard.csv", ["Vanguard holdings", "Vanguard transactions"]), ("vanguard_lots.csv", [("Vanguard cost"
            " basis")]),
        ("activity.csv", ["Interactive Brokers activity statement"] * 4),
        ("flex.csv", ["Interactive Brokers Flex open positions"]),
        ("flex_cash.csv", ["Interactive Brokers Flex cash report"]),
    ],
)  # fmt: skip
def test_every_layout_is_known_by_its_header(name: str, dialects: list[str]) -> None:
    cut = read_tables(CSVS[name].removeprefix("\ufeff"), name)
    assert [table.dialect.name for table in cut.tables] == dialects
    assert cut.findings == []


def test_no_header_fits_two_layouts_as_well() -> None:
    for text in CSVS.values():
        for table in read_tables(text.removeprefix("\ufeff"), "x").tables:
            fitting = [
                d for d in DIALECTS if d.section == table.dialect.section and not d.lacks(table.header)
            ]
            most = max(len(d.places(table.header)) for d in fitting)
            assert [d for d in fitting if len(d.places(table.header)) == most] == [table.dialect]


def test_layouts_are_written_in_the_spelling_they_are_looked_up_by() -> None:
    for dialect in DIALECTS:
        names = [name for names in dialect.columns.values() for name in names]
        assert [heading(name) for name in (*names, *dialect.others)] == [*names, *dialect.others]
        assert set(dialect.needed) <= set(dialect.columns)
        assert not set(names) & set(dialect.others)


def test_headings_lose_case_blanks_and_the_moment_of_prices() -> None:
    assert heading(" Market  value as of 01/05/2024 02:17 PM, ET") == "market value"


def test_an_unknown_header_names_the_closest_layout_and_all_there_are() -> None:
    (fault,) = faults(exported("a line\nSymbol,Quantity,Cost Basis,Colour\nSPY,1,2,red\n"))
    assert fault.startswith(
        "error: x.csv row 2: the header is of no known layout; closest is Schwab positions, but market value is"
        " missing;"
        " not known there: Colour — known are Schwab positions, Schwab lot details, Fidelity positions, Fidelity lots,"
        " Vanguard holdings, Vanguard cost basis, Interactive Brokers activity statement, Interactive Brokers Flex open"
        " positions, OFX/QFX"
    )


def test_two_known_columns_are_enough_to_be_close() -> None:
    assert (
        "closest is Schwab positions, but market value, cost basis are missing"
        in faults(exported("Symbol,Quantity\n"))[0]
    )


@pytest.mark.parametrize(
    ("text", "said"), [("a;b;c\n", "is of no known layout"), ("a;b;c;d\n", "not separated by commas")]
)
def test_a_line_with_a_few_semicolons_is_text(text: str, said: str) -> None:
    assert said in faults(exported(text))[0]


def test_several_missing_columns_are_all_named() -> None:
    (fault,) = faults(exported("Account Number,Symbol,Cost Basis Total\n"))
    assert "closest is Fidelity positions, but quantity, current value are missing — known" in fault


@pytest.mark.parametrize("text", ["hello\n", "a,b\n1,2\n", "Symbol\n", "Symbol;x\n"])
def test_text_that_is_like_no_layout(text: str) -> None:
    (fault,) = faults(exported(text))
    assert fault.startswith("error: x.csv: is of no known layout — known are Schwab positions")


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_separators_are_named(mark: str) -> None:
    text = FIDELITY.replace("\ufeff", "").replace('"', "").replace(",", mark)
    (fault,) = faults(exported(text))
    assert "row 1: columns are not separated by commas — save the file as comma-separated CSV" in fault


def test_broken_quotes_are_located() -> None:
    (fault,) = faults(exported(SCHWAB.replace('"BERKSHIRE"', '"BERK"SHIRE"')))
    assert fault.startswith("error: x.csv row 5: is not CSV: ")


def test_rows_behind_a_line_of_text_are_not_lost() -> None:
    text = FIDELITY.replace("\ufeff", "") + "\nZ12345678,Roth IRA,SPY,x,1,2,,2,,,2,,Cash\n"
    assert faults(exported(text)) == [("error: x.csv row 12: stands under no header — export the file again, and change"
                                      " nothing in it")]  # fmt: skip


def test_a_row_cut_short_is_no_line_of_text() -> None:
    found = faults(exported(SCHWAB.split('"Cash &')[0] + "VTI"))
    assert found == [
        "error: x.csv row 6, column Qty (Quantity): is empty — give the number, or take the row out"
    ]


def test_rows_of_a_section_without_a_header() -> None:
    text = "Statement,Header,Field Name,Field Value\nOpen Positions,Data,Summary,Stocks,USD,VOO\n"
    assert "x.csv row 2: stands under no header" in faults(exported(text))[0]
