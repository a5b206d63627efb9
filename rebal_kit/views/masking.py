"""Account numbers masked wherever they stand in a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rebal_kit.files.account_number import masked

#: Six digits or more, in groups or not, are taken for an account number.
_NUMBER = re.compile(r"\d(?:[ -]?\d){5,}")


def masking(names: Iterable[str]) -> Callable[[str], str]:
    """Return a function that masks, in any text, the account numbers that stand in `names`.

    Parameters
    ----------
    names : iterable of str
        Of household, accounts, brokers and owners.
    """
    masks: dict[str, str] = {}
    for number in dict.fromkeys(found for name in names for found in _NUMBER.findall(name)):
        digits = re.sub(r"\D", "", number)
        if digits in masks:
            masks[number] = masks[digits]
            continue
        shown = masked(digits)
        alike = len({mask for mask in masks.values() if mask.startswith(shown)})
        masks[number] = masks[digits] = shown + (f" ({alike + 1})" if alike else "")
    if not masks:
        return lambda text: text
    longest_first = sorted(masks, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda text: pattern.sub(lambda found: masks[found[0]], text)
