"""YAML text that describes one value: read, checked by its model, and every problem said at once."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rebal_kit.files.explain import explain
from rebal_kit.files.yaml_text import read_yaml
from rebal_kit.findings import PolicyError, capped

_Model = TypeVar("_Model", bound=BaseModel)


def model_of(text: str, model: type[_Model], where: str) -> _Model:
    """Return what YAML text says as a value of the model; messages call the text `where`.

    Raises
    ------
    PolicyError
        With every problem of the text: place, value and remedy.
    """
    document = read_yaml(text, where)
    findings = list(document.findings)
    found = None
    if document.data is not None:
        try:
            found = model.model_validate(document.data)
        except ValidationError as error:
            findings += explain(error, model, document.data, document.where, document.reported)
    if findings or found is None:
        raise PolicyError(capped(findings, where))
    return found
