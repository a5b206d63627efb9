"""JSON read without its surprises."""

from __future__ import annotations

import json
from typing import Any

from rebal_kit.findings import Finding


def read_json(text: str, name: str) -> tuple[Any, list[Finding]]:
    """Return the values of a JSON text, None where it is none, and what is wrong with it; messages call it `name`.

    NaN and infinities, keys given twice, and text that cannot be written as UTF-8 are findings.
    """
    findings: list[Finding] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        held = dict(items)
        if len(held) < len(items):
            twice = sorted({key for key, _ in items if [k for k, _ in items].count(key) > 1})
            findings.extend(Finding("error", name, f"'{key}' is given twice", "keep one") for key in twice)
        return held

    def constant(word: str) -> None:
        findings.append(Finding("error", name, f"holds {word}, which is no number", "give a number"))

    try:
        data = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
        json.dumps(data, ensure_ascii=False).encode()
    except json.JSONDecodeError as problem:
        where, what = f"{name} line {problem.lineno}", f"is not JSON: {problem.msg}"
        return None, [Finding("error", where, what, "check that the file was saved completely")]
    except UnicodeEncodeError:
        return None, [Finding("error", name, "holds half a character", "give the file as it was made")]
    except (ValueError, RecursionError) as problem:
        reason = "nested too deep" if isinstance(problem, RecursionError) else "a number is too long"
        return None, [Finding("error", name, f"cannot be read: {reason}", "give the file as it was made")]
    return data, findings
