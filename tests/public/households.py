"""Random households with their histories for hypothesis, drawn so that a counterexample shrinks to few trades."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.oracle.histories import draw_history


@st.composite
def histories(draw: st.DrawFn, longest: int = 26) -> dict[str, Any]:
    """Draw accounts, owners, readings and trades; every sale sells what is there."""
    return draw_history(draw(st.randoms(use_true_random=False)), 1, longest)
