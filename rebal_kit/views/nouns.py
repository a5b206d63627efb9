"""Kinds of account and filing statuses in words."""

from __future__ import annotations

KINDS = {
    "taxable": "taxable", "ira": "traditional IRA", "roth_ira": "Roth IRA", "401k": "401(k)", "hsa": "HSA",
}  # fmt: skip
FILINGS = {
    "single": "single", "mfj": "married, jointly", "mfs": "married, separately", "hoh": "as head of household",
}  # fmt: skip
