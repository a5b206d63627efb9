"""Dividends and splits: which close to use, and how to undo Yahoo's split adjustment.

Yahoo's Close, Open, High, Low, Volume and Dividends are all restated in today's shares. In the shares of the day it
was: raw price = price × product of the later splits.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.findings import Finding, some_of
from rebal_kit.sources.quotes import Quotes
from rebal_kit.sources.sessions import carry_forward
from rebal_kit.sources.values import Problems

ADJUSTED_ONLY = "adjusted prices only: dividends unknown, tax on them not modelled"

#: In log terms: from 3-for-2 up, no ordinary day's move can be taken for a split, or hide one.
_TELLING_SPLIT = 0.35

#: A move by more than this factor in one session is said.
INCREDIBLE = 10.0


def priced(quotes: Quotes, problems: Problems) -> tuple[dict[str, np.ndarray], list[Finding]]:
    """Return open, high, low, close, volume, dividend and split, unadjusted where the file allows.

    With Close and Dividends the raw prices are rebuilt. Otherwise Adj Close is used, or Close as if it were adjusted,
    and a finding says that the tax on dividends cannot be modelled.

    Returns
    -------
    arrays : dict of str to ndarray
        (n_sessions, n_symbols) float64; close is NaN where the file has none.
    findings : list of Finding
    """
    fields = quotes.fields
    shape = (len(quotes.dates), len(quotes.symbols))
    blank = np.full(shape, np.nan)
    arrays = {name: fields.get(name, blank) for name in ("open", "high", "low", "close", "volume")}
    split = fields.get("split", blank)
    arrays["split"] = np.where(np.isfinite(split) & (split > 0), split, 1.0)
    gains = np.nan_to_num(fields.get("capital_gain", blank))
    arrays["dividend"] = np.nan_to_num(fields.get("dividend", blank)) + gains
    findings: list[Finding] = []
    if "dividend" not in fields:
        findings.append(Finding("warning", quotes.file, ADJUSTED_ONLY, "add a Dividends column to model it"))
    elif "close" not in fields:
        what = f"{ADJUSTED_ONLY}: Adj Close holds them, so the Dividends column is left out"
        findings.append(Finding("warning", quotes.file, what, "add a Close column to model it"))
    elif gains.any():
        what = "Capital Gains are added to Dividends and taxed like them"
        findings.append(Finding("warning", quotes.file, what, "check the tax on them"))
    if "adj_close" in fields and ("dividend" not in fields or "close" not in fields):
        return _adjusted(arrays, fields["adj_close"]), findings
    _check_actions(quotes, arrays, problems)
    if (arrays["dividend"] > 0).any():
        what, remedy = (
            "dividends are taken as fully qualified",
            "say otherwise under securities in the household",
        )
        findings.append(Finding("note", quotes.file, what, remedy))
    findings += _undo_splits(quotes, arrays, problems)
    return arrays, findings


def _adjusted(arrays: dict[str, np.ndarray], adj_close: np.ndarray) -> dict[str, np.ndarray]:
    """Restate the other prices like the adjusted close; dividends and splits are in it."""
    factor = adj_close / arrays["close"]
    restated = {name: arrays[name] * factor for name in ("open", "high", "low")}
    nothing = {"dividend": np.zeros(adj_close.shape), "split": np.ones(adj_close.shape)}
    return {**arrays, **restated, "close": adj_close, **nothing}


def _check_actions(quotes: Quotes, arrays: dict[str, np.ndarray], problems: Problems) -> None:
    """A split or dividend in a session without a close would change a price that is only carried forward."""
    silent = ~np.isfinite(arrays["close"])
    for name, nothing in (("dividend", 0.0), ("split", 1.0)):
        for session, column in np.argwhere(silent & (arrays[name] != nothing)):
            problems.about(
                f", {quotes.symbols[column]}", f"has a {name} of {arrays[name][session, column]:g} but no close on"
                f" {quotes.dates[session]}", "give the close of that session",
            )  # fmt: skip


def _undo_splits(quotes: Quotes, arrays: dict[str, np.ndarray], problems: Problems) -> list[Finding]:
    """Restate today's shares in the shares of the day, in place, unless closes show them to be raw."""
    split = arrays["split"]
    happened = split != 1
    if not happened.any():
        return []
    move = _log_moves(arrays["close"])
    size = np.log(split)
    # Above 0 where the close fell by the split's factor that day, below 0 where it did not.
    evidence = np.where(happened & np.isfinite(move), np.abs(move) - np.abs(move + size), 0.0)
    clear = np.where(np.abs(size) > _TELLING_SPLIT, evidence, 0.0)
    if (clear > 0).any() and (clear < 0).any():
        (fell, one), (stayed, other) = np.argwhere(clear > 0)[0], np.argwhere(clear < 0)[0]
        problems.about(
            "", f"the close of {quotes.symbols[one]} falls by the split's factor on {quotes.dates[fell]}, that of"
            f" {quotes.symbols[other]} does not on {quotes.dates[stayed]}",
            "give closes that are all adjusted for splits, or none; check both splits",
        )  # fmt: skip
        return []
    names = [
        symbol for symbol, any_split in zip(quotes.symbols, happened.any(axis=0), strict=True) if any_split
    ]
    if evidence.sum() > 0:
        what = f"closes fall by the splits' factors on the days of splits: taken as raw ({some_of(names, 5)})"
        return [Finding("note", quotes.file, what)]
    later = later_splits(split)
    for name in ("open", "high", "low", "close", "dividend"):
        arrays[name] = arrays[name] * later
    arrays["volume"] = arrays["volume"] / later
    what = f"prices and dividends before splits were restated in the shares of the day ({some_of(names, 5)})"
    return [Finding("note", quotes.file, what, "Yahoo's are in today's shares")]


def later_splits(split: np.ndarray) -> np.ndarray:
    """Return the product of the splits after each session: what a price in today's shares lacks to be raw.

    Parameters
    ----------
    split : ndarray
        (n_sessions, …) float64, new shares per old share.
    """
    factor: np.ndarray = np.cumprod(split[::-1], axis=0)[::-1] / split
    return factor


def unapplied_splits(close: np.ndarray, split: np.ndarray) -> np.ndarray:
    """Tell the splits, from 3-for-2 up, by whose factor the close moved on their day: it was not restated for them.

    Parameters
    ----------
    close, split : ndarray
        (n_sessions,) float64; every close is known.

    Returns
    -------
    ndarray
        (n_sessions,) bool.
    """
    move = np.diff(np.log(close), prepend=np.nan)
    size = np.log(split)
    telling = np.isfinite(move) & (np.abs(size) > _TELLING_SPLIT)
    return np.asarray(telling & (np.abs(move + size) < np.abs(move)))


def jump_findings(quotes: Quotes, close: np.ndarray, split: np.ndarray) -> list[Finding]:
    """Warn, once a security, of moves in one session that no split explains: most are slips of the keyboard.

    Parameters
    ----------
    quotes : Quotes
    close : ndarray
        (n_sessions, n_symbols) float64, US$ a share of the day, carried forward over missing sessions.
    split : ndarray
        (n_sessions, n_symbols) float64, new shares per old share.
    """
    with np.errstate(over="ignore"):  # an infinite move is incredible too
        move = np.log(close[1:] * split[1:] / close[:-1])
    jumped = np.abs(np.nan_to_num(move)) > np.log(INCREDIBLE)
    findings = []
    for column in np.flatnonzero(jumped.any(axis=0)):
        at = int(np.argmax(jumped[:, column])) + 1
        count = int(jumped[:, column].sum())
        more = f" ({count} such moves)" if count > 1 else ""
        what = (
            f"the close goes from {close[at - 1, column]:g} to {close[at, column]:g} on {quotes.dates[at]},"
            f" and no split says why{more}"
        )
        where = f"{quotes.file}, {quotes.symbols[column]}"
        findings.append(Finding("warning", where, what, "check the price, or give the split"))
    return findings


def payout_findings(quotes: Quotes, close: np.ndarray, dividend: np.ndarray) -> list[Finding]:
    """Warn, once a security, of dividends that are more than the share was worth after them.

    Parameters
    ----------
    quotes : Quotes
    close, dividend : ndarray
        (n_sessions, n_symbols) float64, US$ a share of the day.
    """
    large = dividend > close
    findings = []
    for column in np.flatnonzero(large.any(axis=0)):
        at, count = int(np.argmax(large[:, column])), int(large[:, column].sum())
        more = f" ({count} such dividends)" if count > 1 else ""
        what = (
            f"the dividend of {dividend[at, column]:g} on {quotes.dates[at]} is more than that session's close of"
            f" {close[at, column]:g}{more}"
        )
        where = f"{quotes.file}, {quotes.symbols[column]}"
        findings.append(Finding("warning", where, what, "check it: dividends are US$ a share"))
    return findings


def _log_moves(close: np.ndarray) -> np.ndarray:
    """Return the log change since the last close before; NaN where there is none."""
    filled, _, _ = carry_forward(close)
    moves = np.diff(np.log(filled), axis=0, prepend=np.nan)
    return np.where(np.isfinite(close), moves, np.nan)
