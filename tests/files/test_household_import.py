"""Brokers' files in, the project's own files out, and the same lots when those are read again."""

from __future__ import annotations

import datetime as dt
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rebal_kit.files.household import HouseholdReading, load_household
from rebal_kit.files.household_import import import_household, write_household
from rebal_kit.files.statement import Statement
from rebal_kit.findings import HouseholdError, RebalError
from tests.files.broker_files import CSVS, DAY, OFX, exported

TOLD = (
    "123=Joint,Alex,taxable", "5678=Roth,Alex,roth_ira", "4321=Bonds,Kim,taxable", "5555=IRA,Kim,ira",
    "4321=Trading,Kim,401k",
)  # fmt: skip
FILES = [name for name in CSVS if name not in ("flex.csv", "flex_cash.csv", "activity.csv")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in CSVS.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("ira.qfx").write_text(OFX, encoding="utf-8")
    return tmp_path


def refused(*args: object, **named: object) -> list[str]:
    with pytest.raises(RebalError) as caught:
        import_household(*args, **named)  # type: ignore[arg-type]
    return [str(finding) for finding in caught.value.findings]


def test_what_is_imported_is_what_is_read_again(folder: Path) -> None:
    found = import_household(FILES, TOLD[:4], name="home")
    paths = write_household(found, "out")
    assert paths == (Path("out/home.yaml"), Path("out/home_lots.csv"))
    again = load_household("out/home.yaml")
    assert again == found.household
    assert (again.as_of, len(again.lots), sum(a.cash for a in again.accounts)) == (
        DAY,
        7,
        pytest.approx(1561.69),
    )
    written = "".join(path.read_text(encoding="utf-8") for path in paths)
    for number in ("12345678", "87654321", "44445555"):
        assert number not in written


def test_a_household_file_tells_the_rest(folder: Path) -> None:
    Path("house").mkdir()
    Path("house/home.yaml").write_text(
        "name: Two of us\ntax: {filing: single}\naccounts:\n"
        "- {name: Joint, owner: Alex, type: taxable, number: '123'}\n"
        "- {name: Plan, owner: Kim, type: 401k, cash: 7}\n"
        "targets: {classes: [{name: S, weight: 100 %, members: SPY}]}\n",
        encoding="utf-8",
    )
    found = import_household(["house/home.yaml", "schwab.csv", "schwab_lots.csv"]).household
    assert (found.tax.filing, found.targets.symbols, found.name) == ("single", ("SPY",), "Two of us")
    assert [(a.name, a.cash, len(a.lots)) for a in found.accounts] == [("Joint", 61.04, 3), ("Plan", 7.0, 0)]
    both = import_household(
        ["house/home.yaml", *FILES], TOLD[1:4], name="more", as_of=dt.date(2024, 1, 5)
    ).household
    assert [a.name for a in both.accounts] == ["Joint", "Plan", "Roth", "Bonds", "IRA"]
    assert (both.name, len(both.lots)) == ("more", 7)
    write_household(import_household(["house/home.yaml", "schwab.csv", "schwab_lots.csv"]), "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["Two_of_us.yaml", "Two_of_us_lots.csv"]


def test_cash_that_no_file_tells_stands_behind_the_type(folder: Path) -> None:
    (joint,) = import_household(["schwab_lots.csv"], ["123=Joint,Alex,taxable,12.5"]).household.accounts
    assert joint.cash == 12.5
    assert refused(["schwab_lots.csv"], ["123=Joint,Alex,taxable"]) == [
        (
            "--account, accounts[0]: no file tells its cash — say it: cash in the household file, or after the type"
            " in --account"
        )
    ]
    assert "cash: is 'x', not a number" in refused(["schwab_lots.csv"], ["123=Joint,Alex,taxable,x"])[0]


def test_owner_and_type_are_asked_for_and_never_guessed(folder: Path) -> None:
    said = refused(FILES)
    assert len(said) == 4
    assert [fault.partition(" is no")[0] for fault in said] == [
        "schwab.csv and schwab_lots.csv: account …123",
        "fidelity.csv and fidelity_lots.csv: account …5678",
        "fidelity.csv and fidelity_lots.csv: account …4321",
        "vanguard.csv and vanguard_lots.csv: account …5555",
    ]
    assert '— add it with --account "5678=Roth IRA,OWNER,TYPE", or in the household file' in said[1]


def test_files_are_checked_even_when_no_account_is_told(folder: Path) -> None:
    Path("schwab.csv").write_text(CSVS["schwab.csv"].replace("$407,841.04", "$1.00"), encoding="utf-8")
    said = refused(["schwab.csv"])
    assert [fault.partition(":")[0] for fault in said] == [
        "schwab.csv row 7, column Mkt Val (Market Value)",
        "schwab.csv",
    ]


def test_the_day_that_no_file_says(folder: Path) -> None:
    Path("vanguard_lots.csv").write_text(
        CSVS["vanguard_lots.csv"].replace(" as of 01/05/2024 02:17 PM, ET", ""), "utf-8"
    )
    files, told = ["vanguard.csv", "vanguard_lots.csv"], ["5555=IRA,Kim,ira"]
    assert "no file says its date" in refused(files, told)[0]
    assert import_household(files, told, as_of=dt.date(2024, 2, 1)).household.as_of == dt.date(2024, 2, 1)


def test_symbols_are_left_out_of_every_account(folder: Path) -> None:
    found = import_household(["schwab.csv", "schwab_lots.csv"], TOLD[:1], leave_out=["BRK/B", "BRK/B"])
    assert [lot.symbol for lot in found.household.lots] == ["SPY", "SPY"]


@pytest.mark.parametrize(
    ("files", "accounts", "said"),
    [
        (["schwab.csv", "./schwab.csv"], (), "schwab.csv: is given twice — give each file once"),
        (["a.yaml", "b.yml"], (), "b.yml: is a household file as a.yaml is — give one household file"),
        ([], (), "files: there is none — give the files of your brokers"),
        (["schwab.csv"], ["Joint,Alex,taxable"], "--account: is 'Joint,Alex,taxable' — write LAST4=NAME,OWNER,TYPE or"),
        (["schwab.csv"], ["123=Joint"], "--account: is 'Joint' — write LAST4=NAME,OWNER,TYPE or"),
        (["schwab.csv"], ["123=J,A,taxable,1,2"], "--account: is 'J,A,taxable,1,2' — write"),
        (["schwab.csv"], ["123=J,A,taxible"], "--account, accounts[0].type: is 'taxible' — did you mean 'taxable'?"),
        (["schwab.csv"], ["123=,A,taxable"], "--account, accounts[0].name: is empty — give a name"),
        (["schwab.csv"], ["12345=J,A,taxable"], ("--account, accounts[0].number: is '…2345', cut short here —"
                                                " give its last")),
        (["no.csv"], ["123=J,A,taxable"], "no.csv: there is no such file"),
        (["no.yaml"], (), "no.yaml: there is no such file"),
        (["list.yaml"], ["123=J,A,taxable"], "list.yaml line 1: is a list of 1, not named values"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said(folder: Path, files: list[str], accounts: list[str], said: str) -> None:
    Path("list.yaml").write_text("- 1\n", encoding="utf-8")
    assert any(fault.startswith(said) for fault in refused(files, accounts)), refused(files, accounts)


def test_the_households_name_holds_no_account_number(folder: Path) -> None:
    (said,) = refused(["vanguard.csv", "vanguard_lots.csv"], TOLD[3:4], name="of 44445555")
    assert "name: the household's name holds an account number" in said
    assert "4444" not in said


@pytest.mark.parametrize("word", ["Z12345678 Joint,Alex,taxable", "5678=Joint 12345678,Alex"])
def test_a_number_in_a_word_that_is_refused_is_not_shown(folder: Path, word: str) -> None:
    (said,) = refused(["schwab.csv"], [word])
    assert "…5678" in said
    assert "1234" not in said


def test_a_household_file_in_a_folder_that_is_a_link(folder: Path) -> None:
    """`link/..` is another folder than the one that `link` stands in."""
    Path("far/deep").mkdir(parents=True)
    Path("link").symlink_to("far/deep")
    Path("far/schwab.csv").write_text("not the file that was given", encoding="utf-8")
    home = Path("link/home.yaml")
    home.write_text("accounts:\n- {name: J, owner: A, type: ira, number: '123'}\n", encoding="utf-8")
    found = import_household([home, "schwab.csv", "schwab_lots.csv"]).household
    assert [(a.name, len(a.lots)) for a in found.accounts] == [("J", 3)]


def test_links_in_a_loop_are_no_file(folder: Path) -> None:
    Path("loop.csv").symlink_to("loop.csv")
    assert refused(["loop.csv"], TOLD[:1])[0].startswith("loop.csv: there is no such file")


def test_files_that_are_there_are_kept(folder: Path) -> None:
    found = import_household(["schwab.csv", "schwab_lots.csv"], TOLD[:1])
    Path("out").mkdir()
    Path("out/household_lots.csv").write_text("mine")
    with pytest.raises(
        HouseholdError, match=r"household_lots\.csv: is there already — give another folder, or --overwrite"
    ):
        write_household(found, "out")
    assert [path.name for path in Path("out").iterdir()] == ["household_lots.csv"]
    assert Path("out/household_lots.csv").read_text() == "mine"
    write_household(found, "out", overwrite=True)
    assert load_household("out/household.yaml") == found.household


def test_a_link_is_replaced_and_not_followed(folder: Path) -> None:
    found = import_household(["schwab.csv", "schwab_lots.csv"], TOLD[:1])
    Path("out").mkdir()
    Path("out/household.yaml").symlink_to("../elsewhere.yaml")
    with pytest.raises(HouseholdError, match="is there already"):
        write_household(found, "out")
    write_household(found, "out", overwrite=True)
    assert not Path("elsewhere.yaml").exists()


@pytest.mark.parametrize("name", ["../out", "a/b", "..", ".hidden", "a\\b", "a:b", " a", "a\nb"])
def test_output_stays_in_its_folder(folder: Path, name: str) -> None:
    before = sorted(folder.rglob("*"))
    found = import_household(["schwab.csv", "schwab_lots.csv"], TOLD[:1])
    object.__setattr__(found.household, "name", name)
    with pytest.raises(RebalError):
        write_household(found, "out")
    assert sorted(folder.rglob("*")) == before


def test_names_that_a_spreadsheet_would_run_are_written_as_text(folder: Path) -> None:
    found = import_household(["schwab.csv", "schwab_lots.csv"], ["123==cmd(),@Alex,taxable"])
    _, lots = write_household(found, "out")
    rows = lots.read_text(encoding="utf-8").splitlines()[1:]
    assert all(row.startswith("'=cmd(),'=cmd() ") for row in rows)
    assert load_household("out/household.yaml") == found.household


SAMPLES = [text.removeprefix("\ufeff") for text in CSVS.values()]
CELLS = st.one_of(
    st.sampled_from(["", "--", "n/a", "-1", "0", "1e9", "$", "(3)", "=cmd()", "SPY", "Total", "Header", "Data", "nan",
                     "99/99/9999", "01/05/2024", "12/31/9999", "0001-01-01", '"', ",", "\n", "\r", "\x00", "\u2028"]),
    st.text(string.printable, max_size=12),
    st.text(max_size=8),
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """An export of which cells were replaced, rows cut, doubled or moved."""
    text = draw(st.sampled_from(SAMPLES))
    rows = text.split("\n")
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(rows) - 1))
        cells = rows[at].split(",")
        match draw(st.integers(0, 4)):
            case 0:
                cells[draw(st.integers(0, len(cells) - 1))] = draw(CELLS)
                rows[at] = ",".join(cells)
            case 1:
                rows[at] = rows[at][: draw(st.integers(0, len(rows[at])))]
            case 2:
                rows.insert(at, rows[draw(st.integers(0, len(rows) - 1))])
            case 3:
                rows[at] = draw(st.sampled_from(draw(st.sampled_from(SAMPLES)).split("\n")))
            case _:
                del rows[at]
                rows = rows or [""]
    return "\n".join(rows)


def usable(statement: Statement) -> bool:
    numbers = [p.quantity for p in statement.positions] + [o.quantity for o in statement.lots]
    return all(number == number and abs(number) != float("inf") for number in numbers)


@settings(max_examples=400, deadline=None)
@given(damaged() | st.text(max_size=200))
def test_no_text_is_a_traceback(text: str) -> None:
    export = exported(text)
    assert export.statements or any(finding.severity == "error" for finding in export.findings)
    assert all(usable(statement) for statement in export.statements)
    assert all(finding.what for finding in export.findings)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged(), damaged(), st.sampled_from(["123", "5678", "4321", "5555"]))
def test_no_damage_is_imported_that_cannot_be_written(folder: Path, one: str, two: str, number: str) -> None:
    Path("one.csv").write_text(one, encoding="utf-8", newline="")
    Path("two.csv").write_text(two, encoding="utf-8", newline="")
    found = attempted(number)
    if isinstance(found, RebalError):
        assert all(f.severity == "error" and f.where and f.what for f in found.findings)
        assert not any(whole in str(found) for whole in ("Z12345678", "X87654321", "44445555", "U7654321"))
        return
    write_household(found, "out", overwrite=True)
    assert load_household("out/household.yaml") == found.household


def attempted(number: str) -> HouseholdReading | RebalError:
    try:
        return import_household(["one.csv", "two.csv"], [f"{number}=A,B,ira"], as_of=DAY)
    except RebalError as error:
        return error
