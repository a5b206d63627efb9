"""OFX and QFX by ofxtools: positions and cash, and whatever breaks the specification as a finding."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rebal_kit.files.ofx import is_ofx, read_ofx
from rebal_kit.files.statement import Export
from tests.files.broker_files import DAY, OFX


def read(text: str) -> Export:
    return read_ofx(text.encode(), "x.qfx")


def test_positions_and_cash() -> None:
    (found,) = read(OFX).statements
    assert (found.broker, found.number, found.as_of, found.cash) == ("example.com", "99998888", DAY, 55.5)
    assert (found.listed, found.lots, found.cash_in_doubt) == (True, (), "")
    assert [(p.symbol, p.quantity, p.price, p.value, p.cost, p.refused) for p in found.positions] == [
        ("VTI", 10.0, 240.0, 2400.0, None, ""), ("VTSAX", 2.5, 100.0, 250.0, 225.0, ""),
    ]  # fmt: skip
    assert read(OFX).findings == ()
    assert found.positions[0].place.of("quantity") == "x.qfx, position VTI, column UNITS"


@pytest.mark.parametrize(
    "start", ["OFXHEADER:100\n", "\ufeffOFXHEADER:100", '<?xml version="1.0"?>', "<?OFX a?>", "\n<OFX>"]
)
def test_the_first_bytes_tell(start: str) -> None:
    assert is_ofx(start.encode())


@pytest.mark.parametrize("start", ["Symbol,OFX\n", "", "<html>", "account,lot"])
def test_other_files_are_no_ofx(start: str) -> None:
    assert not is_ofx(start.encode())


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("POSTYPE>LONG<UNITS>10", "POSTYPE>SHORT<UNITS>10", (-10.0, "")),
        ("POSTYPE>LONG<UNITS>10", "POSTYPE>SHORT<UNITS>-10", (-10.0, "")),
        ("<TICKER>VTI", "", (10.0, "has no ticker")),
        ("<TICKER>VTI", "<TICKER>91282CPU9", (10.0, ("has a CUSIP for its ticker, as bonds and certificates of deposit"
                                                    " have"))),
        ("<MKTVAL>2400", "<MKTVAL>2400<DTPRICEASOF>20240105120000<CURRENCY><CURRATE>1.1<CURSYM>EUR</CURRENCY><MEMO>x",
         (10.0, "is in EUR, and accounts are in US$")),
    ],
)  # fmt: skip
def test_what_cannot_be_held(old: str, new: str, said: tuple[float, str]) -> None:
    text = OFX.replace(old, new, 1)
    if "CURRENCY" in new:
        text = text.replace("<MEMO>x<DTPRICEASOF>20240105120000", "<MEMO>x")
    position = read(text).statements[0].positions[0]
    assert (position.quantity, position.refused) == said


def test_options_and_bonds_are_named() -> None:
    text = OFX.replace("<POSSTOCK>", "<POSDEBT>").replace("</POSSTOCK>", "</POSDEBT>")
    assert read(text).statements[0].positions[0].refused == "is 'bond', neither a share nor a fund"


def test_a_settlement_fund_is_cash_and_counted_once() -> None:
    fund = OFX.replace("VTSAX", "VMFXX")
    alone = read(fund.replace("<AVAILCASH>55.5", "<AVAILCASH>0")).statements[0]
    assert (alone.cash, [p.symbol for p in alone.positions]) == (250.0, ["VTI"])
    assert read(fund.replace("<AVAILCASH>55.5", "<AVAILCASH>250.00")).statements[0].cash == 250.0
    assert read(fund.replace("<AVAILCASH>55.5", "<AVAILCASH>250.01")).statements[0].cash is None
    doubt = read(fund).statements[0]
    assert doubt.cash is None
    assert doubt.cash_in_doubt == "AVAILCASH is 55.50, and 250.00 are in a settlement fund"


def test_balances_that_are_left_out() -> None:
    start, rest = OFX.split("<INVBAL>")
    (found,) = read(start + rest.split("</INVBAL>")[1]).statements
    assert (found.cash, found.cash_in_doubt) == (None, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OFX.replace("<CURDEF>USD", "<CURDEF>EUR"), "error: x.qfx, CURDEF: is EUR — accounts are in US$"),
        (OFX.replace("<UNITS>10", "<UNITS>ten"), "error: x.qfx: is not OFX as its specification has it: "),
        (OFX[:900], "error: x.qfx: is not OFX as its specification has it: "),
        ("OFXHEADER:100\n", "error: x.qfx: is not OFX as its specification has it: OFX header is malformed"),
        (OFX.replace("INVSTMTRS", "ODD"), "error: x.qfx: holds no investment account — download the account's"),
        (OFX.replace("<CURDEF>", "<FANCY>1<CURDEF>"), ("note: x.qfx: While parsing INVSTMTRS, encountered"
                                                      " unknown tag FANCY")),
    ],
)  # fmt: skip
def test_one_fault_one_finding(text: str, said: str) -> None:
    found = [f"{finding.severity}: {finding}" for finding in read(text).findings]
    assert sum(fault.startswith(said) for fault in found) == 1, found


def test_a_broken_file_has_no_statements() -> None:
    assert read(OFX.replace("<UNITS>10", "<UNITS>ten")).statements == ()


def test_without_ofxtools_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ofxtools.Parser", None)
    (finding,) = read(OFX).findings
    assert str(finding).endswith("is not installed — pip install 'rebal_kit[brokers]'")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_is_a_traceback(data: st.DataObject) -> None:
    raw = bytearray(OFX.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        end = data.draw(st.integers(at, min(at + 40, len(raw))))
        raw[at:end] = data.draw(st.binary(max_size=20))
    export = read_ofx(bytes(raw), "x.qfx")
    assert export.statements or any(finding.severity == "error" for finding in export.findings)
