"""Proposal documents and a firm that a report must cope with: full, empty, hostile."""

from __future__ import annotations

from typing import Any

from rebal_kit.files.firm import Firm
from tests.files.proposals import document, lot, signed

EVIL = "</td><script>alert('x')</script><img src=x onerror=alert(1)> #image(\"/etc/passwd\") $x$ \\"
NUMBER = "12345678"
FIRM = Firm(
    name="Example & Example Advisers", address=("120 Front Street", "Portland, ME 04101"), contact=("(207) 555-0142",),
    colour="#1F4E5F", disclosure=("Registration implies no level of skill.",),
)  # fmt: skip


def _class(name: str, before: float, after: float, target: float, **more: Any) -> dict[str, Any]:
    row = {"class": name, "target": target, "low": max(target - 0.03, 0.0), "high": target + 0.03, "before": before,
           "after": after}  # fmt: skip
    return {**row, **more}


def plain(**changes: Any) -> dict[str, Any]:
    """A proposal as `rebal propose` writes it: harvested losses, a wash sale, a window, warnings."""
    found = document()
    trades = found["trades"]
    trades[1]["lots"] = [
        lot("SPY-3", 8.0, basis=4_129.6, gain=-120.0),
        lot("SPY-7", 4.5, basis=2_285.9, gain=-30.5, acquired="2024-01-05", term="short", disallowed=10.25),
    ]
    trades[1] |= {
        "gain": -150.5,
        "disallowed": 10.25,
        "cost": 1.23,
        "why": "harvest a loss; US$ 150 below its basis",
    }
    return signed({
        **found,
        "law_year": 2024,
        "trades": trades,
        "cost": 1.23,
        "tax": {"short_gain": -20.25, "long_gain": -120.0, "disallowed": 10.25, "permanent": 4.5, "tax_now": -22.6,
                "tax_of_year_before": 310.4, "tax_of_year_after": 287.8},
        "classes": [_class("US stocks", 0.531, 0.502, 0.5), _class("Bonds", 0.42, 0.451, 0.45),
                    _class("cash", 0.049, 0.047, 0.05, low=None, high=None)],
        "findings": [
            {"severity": "warning", "where": "household 'Two million'",
             "what": "is of 2024-08-01: trades since are unknown", "remedy": "export the positions again"},
            {"severity": "note", "where": "prices",
             "what": "closes of 2024-08-12 from a test; valid through 2024-08-14", "remedy": ""},
            {"severity": "note", "where": "law",
             "what": "law of 2024, mfj; tax now is what the trades add", "remedy": ""},
        ],
        **changes,
    })  # fmt: skip


def full() -> dict[str, Any]:
    """More of everything than a page has room for, with long names."""
    long = "A rather long name of an asset class that goes on and on"
    found = plain()
    trade = found["trades"][1]
    trades = [
        {**trade, "trade": at + 1, "symbol": f"SYMBOL{at:03d}",
         "account": f"Account {at % 7} of somebody with a long name", "why": "weight left its tolerance band; " * 4}
        for at in range(120)
    ]  # fmt: skip
    blocked = [
        {"symbol": f"SYM{at}", "account": "Account of somebody with a long name", "until": "2024-09-12",
         "why": "a loss of US$ 13,965 would be washed: bought on 2024-08-14 in the household " * 2}
        for at in range(25)
    ]  # fmt: skip
    warnings = [
        {"severity": "warning", "where": f"thing {at}", "what": "is not as it should be and this takes words " * 3,
         "remedy": "mend it"}
        for at in range(30)
    ]  # fmt: skip
    errors = [
        {"severity": "error", "where": "trade 3", "what": "its lots are not there " * 8, "remedy": "x"}
    ] * 3
    return signed({
        **found,
        "household": f"The household of {long} {long}",
        "policy": f"policy {long}",
        "trades": trades,
        "classes": [_class(f"{at} {long}", 0.05, 0.04, 0.045) for at in range(23)],
        "blocked": blocked,
        "findings": [*found["findings"], *warnings, *errors],
    })  # fmt: skip


def full_firm() -> Firm:
    """The most that a firm's file may say."""
    lines = tuple(f"{at} {'line of an address that is long'}"[:60].ljust(60, "x") for at in range(4))
    return Firm(
        "A firm with a name that is as long as may be, sixty letters.",
        lines,
        lines,
        "#1F4E5F",
        ("word " * 180,),
    )


def hostile() -> dict[str, Any]:
    """Names that would do harm in a page, and an account number."""
    found = plain()
    account = f"Joint {NUMBER} {EVIL}"
    trades = [
        {**trade, "account": account, "broker": f"Broker {EVIL}", "why": f"of {account}"}
        for trade in found["trades"]
    ]
    return signed({
        **found,
        "household": f"{EVIL} {NUMBER}",
        "policy": EVIL,
        "trades": trades,
        "cash": [{"account": account, "before": 100.0, "after": 455.0}],
        "classes": [_class(EVIL, 0.5, 0.5, 0.5), *found["classes"]],
        "blocked": [{"account": account, "symbol": "IVV", "until": "2024-09-12", "why": EVIL}],
        "findings": [*found["findings"],
                     {"severity": "warning", "where": f"account '{account}'", "what": EVIL, "remedy": EVIL}],
    })  # fmt: skip


def empty() -> dict[str, Any]:
    """Nothing to trade, nothing to say."""
    none = {"short_gain": 0.0, "long_gain": 0.0, "disallowed": 0.0, "tax_now": 0.0}
    return document(trades=[], tax=none, blocked=[], findings=[], overrides=[], cash=[])
