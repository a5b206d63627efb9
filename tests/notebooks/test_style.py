"""The notebooks are written as their README says: a question, few-line cells, what we saw; stored executed, small."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rebal_kit

FOLDER = Path(rebal_kit.__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

LARGEST_FILE = 600_000
MOST_LINES = 12
FEWEST_CHECKED = 3
CHECKED = "# NBVAL_CHECK_OUTPUT"
IMPORTABLE = ("rebal_kit.views", "IPython.display", "dataclasses", "datetime", "tempfile")
NOT_IN_A_CELL = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.AsyncFor,
    ast.While,
)
STORABLE = {"text/plain", "text/html", "image/png", "image/svg+xml"}
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
PICTURE_OR_CODE = re.compile(r"`[^`]*`|\]\([^)]*\)")

Notebook = dict[str, Any]
Cell = dict[str, Any]


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def texts(cell: Cell) -> Iterator[str]:
    """Whatever text a cell stored as output."""
    for output in cell.get("outputs", ()):
        yield "".join(output.get("text", ""))
        yield from (
            "".join(data) for kind, data in output.get("data", {}).items() if kind.startswith("text/")
        )


def code_cells(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def faults_of_the_story(notebook: Notebook) -> Iterator[str]:
    cells = notebook["cells"]
    first, last = cells[0], cells[-1]
    title = source(first).splitlines()[0]
    if first["cell_type"] != "markdown" or not re.fullmatch(r"# [A-Z].*\?", title):
        yield f"the title is no question: {title!r}"
    if "will see" not in source(first):
        yield "the first cell does not tell what one will see"
    if last["cell_type"] != "markdown":
        yield "the last cell is no text"
    for heading in ("What we saw", "What it does not show", "Exercise"):
        if f"## {heading}\n" not in source(last):
            yield f"the last cell has no {heading!r}"
    for before, cell in zip([None, *cells], cells, strict=False):
        if cell["cell_type"] == "code" and (before is None or before["cell_type"] != "markdown"):
            yield f"no text stands before cell {cell['id']!r}"


def faults_of_the_code(notebook: Notebook) -> Iterator[str]:
    importing = []
    for cell in code_cells(notebook):
        lines = [line for line in source(cell).splitlines() if line.strip()]
        if len(lines) > MOST_LINES:
            yield f"cell {cell['id']!r} has {len(lines)} lines"
        for node in ast.walk(ast.parse(source(cell))):
            if isinstance(node, NOT_IN_A_CELL):
                yield f"cell {cell['id']!r} holds a {type(node).__name__}"
            if isinstance(node, ast.Import):
                importing.append(cell["id"])
                if [(name.name, name.asname) for name in node.names] != [("rebal_kit", "rk")]:
                    yield f"cell {cell['id']!r} imports {ast.unparse(node)!r}"
            if isinstance(node, ast.ImportFrom):
                importing.append(cell["id"])
                if not (node.module or "").startswith(IMPORTABLE):
                    yield f"cell {cell['id']!r} imports {ast.unparse(node)!r}"
    if len(set(importing)) != 1:
        yield f"imports stand in cells {sorted(set(importing))}, not in one"


def faults_of_the_outputs(notebook: Notebook) -> Iterator[str]:
    cells = code_cells(notebook)
    if [cell["execution_count"] for cell in cells] != list(range(1, len(cells) + 1)):
        yield "was not stored from one run from top to bottom"
    if "widgets" in notebook["metadata"]:
        yield "widget state is stored"
    for cell in cells:
        for output in cell["outputs"]:
            if output["output_type"] == "error" or output.get("name") == "stderr":
                yield f"cell {cell['id']!r} stored an error or a warning"
            for kind in set(output.get("data", {})) - STORABLE:
                yield f"cell {cell['id']!r} stored {kind}"
        if any("<script" in text for text in texts(cell)):
            yield f"cell {cell['id']!r} stored a script"
        if any(re.search(r"/(?:home|root|tmp|Users)/| at 0x[0-9a-f]{6}", text) for text in texts(cell)):
            yield f"cell {cell['id']!r} stored a path or an address in memory"
    checked = [cell for cell in cells if source(cell).startswith(CHECKED)]
    if len(checked) < FEWEST_CHECKED:
        yield f"only {len(checked)} cells are marked {CHECKED}"
    for cell in checked:
        if not any(text.strip() for text in texts(cell)):
            yield f"checked cell {cell['id']!r} stored no text to compare"


def faults_of_the_ids(notebook: Notebook) -> Iterator[str]:
    ids = [cell["id"] for cell in notebook["cells"]]
    for name in ids:
        if not re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", name) or re.fullmatch(r"[0-9a-f]{8}", name):
            yield f"cell id {name!r} is no name"
    if len(set(ids)) < len(ids):
        yield "two cells have the same id"


def faults_of_the_numbers(notebook: Notebook) -> Iterator[str]:
    """A number in the text stands in the code or in what a cell printed."""
    cells = code_cells(notebook)
    shown = set(NUMBER.findall("\n".join([*map(source, cells), *(t for cell in cells for t in texts(cell))])))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            words = re.sub(r"^\s*\d+\. ", "", PICTURE_OR_CODE.sub(" ", source(cell)), flags=re.MULTILINE)
            yield from (
                f"{n} in cell {cell['id']!r} comes from no cell"
                for n in NUMBER.findall(words)
                if n not in shown
            )


CHECKS = (
    faults_of_the_story, faults_of_the_code, faults_of_the_outputs, faults_of_the_ids, faults_of_the_numbers,
)  # fmt: skip


def test_there_are_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS[:2]] == ["00", "01"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_written_as_the_readme_says(path, check):
    assert list(check(json.loads(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_small_and_listed(path):
    assert path.stat().st_size < LARGEST_FILE
    assert f"]({path.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")


def good() -> Notebook:
    text = {"cell_type": "markdown", "metadata": {}}
    code = {"cell_type": "code", "metadata": {}}
    print_three = [{"output_type": "stream", "name": "stdout", "text": ["saved 3\n"]}]
    return {
        "metadata": {},
        "cells": [
            {**text, "id": "title", "source": ["# Why?\n", "You will see."]},
            {**code, "id": "imports", "source": ["import rebal_kit as rk"], "execution_count": 1, "outputs": []},
            *(
                cell
                for i in range(2, 5)
                for cell in (
                    {**text, "id": f"about-{i}", "source": ["It saved 3."]},
                    {**code, "id": f"run-{i}", "source": [f"{CHECKED}\n", "print('saved', 3)"],
                     "execution_count": i, "outputs": copy.deepcopy(print_three)},
                )
            ),
            {**text, "id": "end", "source": ["## What we saw\n", "## What it does not show\n", "## Exercise\n", "Go."]},
        ],
    }  # fmt: skip


def test_a_good_notebook_passes():
    assert [fault for check in CHECKS for fault in check(good())] == []


FAULTY = {
    "the title is no question": lambda nb: nb["cells"][0].update(source=["# Results\n", "You will see."]),
    "what one will see": lambda nb: nb["cells"][0].update(source=["# Why?\n"]),
    "the last cell is no text": lambda nb: nb["cells"].pop(),
    "has no 'Exercise'": lambda nb: nb["cells"][-1]["source"].pop(2),
    "no text stands before": lambda nb: nb["cells"].pop(2),
    "has 13 lines": lambda nb: nb["cells"][3].update(source=["x = 1\n"] * 13),
    "holds a For": lambda nb: nb["cells"][3].update(source=["for day in days:\n", "    pass"]),
    "holds a Lambda": lambda nb: nb["cells"][3].update(source=["f = lambda x: x"]),
    "imports 'import numpy": lambda nb: nb["cells"][1].update(source=["import numpy as np"]),
    "not in one": lambda nb: nb["cells"][3].update(source=["from IPython.display import HTML"]),
    "from one run": lambda nb: nb["cells"][3].update(execution_count=None),
    "widget state": lambda nb: nb["metadata"].update(widgets={}),
    "an error or a warning": lambda nb: nb["cells"][3]["outputs"][0].update(name="stderr"),
    "stored application/": lambda nb: nb["cells"][3]["outputs"][0].update(
        data={"application/javascript": "x"}
    ),
    "stored a script": lambda nb: nb["cells"][3]["outputs"][0].update(text="<script src=x>"),
    "an address in memory": lambda nb: nb["cells"][3]["outputs"][0].update(text="<Run at 0x7f00aa11>"),
    "only 2 cells are marked": lambda nb: nb["cells"][3].update(source=["print(3)"]),
    "no text to compare": lambda nb: nb["cells"][3].update(outputs=[]),
    "is no name": lambda nb: nb["cells"][3].update(id="1f2e3d4c"),
    "the same id": lambda nb: nb["cells"][3].update(id="title"),
    "comes from no cell": lambda nb: nb["cells"][2].update(source=["It saved 4.7 %."]),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_fault_is_found(fault):
    notebook = good()
    FAULTY[fault](notebook)
    found = [message for check in CHECKS for message in check(notebook)]
    assert any(fault in message for message in found), found
