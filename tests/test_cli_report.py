"""`rebal report`: files written whole or not at all, exit code 2 with everything that is wrong."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from rebal_kit.cli import app
from tests.views import reports

runner = CliRunner()


def rebal(*arguments: str | Path) -> Result:
    return runner.invoke(app, ["report", *map(str, arguments)])


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    path = tmp_path / "proposal.json"
    path.write_text(json.dumps(reports.plain()), encoding="utf-8")
    return path


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    path = tmp_path / "firm.yaml"
    path.write_text("name: Example & Example Advisers\n", encoding="utf-8")
    return path


def test_a_proposal_becomes_a_page(proposal: Path, firm: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "page.html"
    done = rebal(proposal, "--html", page, "--firm", firm, "--paper", "a4")
    assert done.exit_code == 0, done.output
    assert f"written: {page}" in done.stderr
    text = page.read_text(encoding="utf-8")
    assert "Example &amp; Example Advisers" in text
    assert "a4 portrait" in text
    assert [path.name for path in page.parent.iterdir()] == ["page.html"]


def test_both_files_are_written(proposal: Path, tmp_path: Path) -> None:
    page, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    assert rebal(proposal, "--html", page, "--pdf", pdf).exit_code == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert page.is_file()


def test_without_the_library_nothing_is_written_and_the_extra_is_named(
    proposal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    page, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    done = rebal(proposal, "--html", page, "--pdf", pdf)
    assert done.exit_code == 2
    assert "a PDF needs typst, which is not installed — pip install 'rebal_kit[report]'" in done.stderr
    assert not page.exists()
    assert not pdf.exists()


def test_a_back_test_is_run_and_reported(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = rebal("--household", "starter", "--policy", "quarterly_harvest", "--open-with", "values",
                 "--start", "2009-01-02", "--end", "2009-03-31", "--html", page)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "the same without harvesting" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), ("nothing to report is given", "no file to write is given")),
        (("--household", "starter"), ("only --household given",)),
        (("PROPOSAL", "--household", "starter", "--html", "x.html"), ("proposal.json and --household are given",)),
        (("PROPOSAL", "--against", "quarterly", "--html", "x.html"), ("proposal.json and --against are given",)),
        (("PROPOSAL", "--html", "x", "--pdf", "x"), ("is x, as --html is",)),
        (("none.json", "--firm", "none.yaml", "--html", "x.html"), ("none.json: there", "none.yaml: there")),
        (
            ("--household", "none.yaml", "--policy", "nothing", "--against", "nought", "--html", "x.html"),
            ("none.yaml", "'nothing'"),
        ),
        (("PROPOSAL", "--html", "."), ("cannot be written",)),
    ],
)  # fmt: skip
def test_misuse_is_said_whole(
    arguments: tuple[str, ...],
    said: tuple[str, ...],
    proposal: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = rebal(*(str(proposal) if one == "PROPOSAL" else one for one in arguments))
    assert done.exit_code == 2
    for part in said:
        assert part in done.stderr, done.stderr
    assert not list(tmp_path.glob("x*"))


def test_a_changed_proposal_is_refused(proposal: Path, tmp_path: Path) -> None:
    proposal.write_text(proposal.read_text(encoding="utf-8").replace("-22.6", "-99.6"), encoding="utf-8")
    done = rebal(proposal, "--html", tmp_path / "x.html")
    assert done.exit_code == 2
    assert "was changed after it was made" in done.stderr


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the kept run of one policy."""
    folder = tmp_path_factory.mktemp("kept") / "runs"
    done = runner.invoke(
        app, ["compare", "--household", "starter", "--policy", "quarterly_harvest", "--start", "2009-01-02",
              "--end", "2009-03-31", "--open-with", "values", "--save", str(folder)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder


def test_a_kept_run_is_run_again_and_reported(kept: Path, tmp_path: Path) -> None:
    pages = []
    for at, folder in enumerate((kept, kept / "quarterly_harvest")):
        page = tmp_path / f"{at}.html"
        done = rebal(folder, "--html", page)
        assert done.exit_code == 0, done.output
        pages.append(page.read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    assert "January 2, 2009 to March 31, 2009" in pages[0]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--policy", "quarterly"), "'quarterly' is not the policy of this run any more"),
        (("--market", "stocks"), "was made with the prices 'etf: "),
        (("--household", "starter"), "and --household are given"),
        (("--start", "2009-02-02"), "and --start, --end or --open-with are given"),
        (("--against", "nought"), "nought"),
    ],
)
def test_a_kept_run_is_what_was_kept(
    arguments: tuple[str, str], part: str, kept: Path, tmp_path: Path
) -> None:
    done = rebal(kept, *arguments, "--html", tmp_path / "x.html")
    assert done.exit_code == 2
    assert part in done.stderr


def test_a_kept_run_with_other_figures_is_refused(kept: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "quarterly_harvest"
    shutil.copytree(kept / "quarterly_harvest", spoilt)
    years = pd.read_csv(spoilt / "years.csv")
    years["tax"] += 1.0
    years.to_csv(spoilt / "years.csv", index=False)
    done = rebal(spoilt, "--html", tmp_path / "x.html")
    assert done.exit_code == 2
    assert "gives other gains or taxes than were kept" in done.stderr
    assert not (tmp_path / "x.html").exists()


def test_folders_that_are_not_one_kept_run_are_refused(kept: Path, tmp_path: Path) -> None:
    assert "is a folder without a kept run" in rebal(tmp_path, "--html", tmp_path / "x.html").stderr
    for name in ("one", "two"):
        shutil.copytree(kept / "quarterly_harvest", tmp_path / name)
    assert "holds 2 kept runs" in rebal(tmp_path, "--html", tmp_path / "x.html").stderr
    assert "give --policy with its file" in rebal(tmp_path / "one", "--html", tmp_path / "x.html").stderr


def test_a_proposal_with_errors_is_written_and_said(tmp_path: Path) -> None:
    path = tmp_path / "proposal.json"
    path.write_text(json.dumps(reports.full()), encoding="utf-8")
    done = rebal(path, "--html", tmp_path / "x.html")
    assert done.exit_code == 0
    assert "warning: This proposal cannot be approved as it is." in done.stderr
