"""Alerts by mail or chat, through the library apprise. Addresses hold passwords: none is ever shown or written down."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rebal_kit.findings import Finding

#: Seconds after which a service that does not answer is given up.
_PATIENCE = 30.0
_REMEDY = "look at the address, and whether the service can be reached from here"


def send_alert(title: str, body: str, targets: Sequence[str]) -> tuple[Finding, ...]:
    """Send a message to every target, and return what could not be sent.

    Parameters
    ----------
    title, body : str
        Plain text.
    targets : sequence of str
        Addresses as apprise writes them, such as ``mailto://…`` or ``slack://…``. Each is tried, whatever became of the
        others.

    Returns
    -------
    tuple of Finding
        An error for each target that failed, by its number and kind: an address is full of secrets and stands nowhere.
        None where all were reached.
    """
    if not targets:
        return ()
    try:
        import apprise
    except ModuleNotFoundError as error:
        what = f"alerts need {error.name}, which is not installed"
        return (Finding("error", "alerts", what, "pip install 'rebal_kit[alerts]'"),)
    found = []
    # Nothing is kept on disk, and what the library would log may quote an address.
    asset = apprise.AppriseAsset(
        app_id="rebal_kit", storage_mode=apprise.PersistentStoreMode.MEMORY, async_mode=False
    )
    with _silent("apprise"):
        for number, target in enumerate(targets, start=1):
            where = f"alert {number} ({kind_of(target)})"
            service = apprise.Apprise(asset=asset)
            if not service.add(target):
                what = "is no address that apprise understands"
                found.append(Finding("error", where, what, "see https://github.com/caronc/apprise/wiki"))
            elif not service.notify(
                body=body, title=title, body_format=apprise.NotifyFormat.TEXT, timeout=_PATIENCE
            ):
                found.append(Finding("error", where, "could not be sent", _REMEDY))
    return tuple(found)


def kind_of(target: str) -> str:
    """Return what kind of service an address is of, and nothing else of it."""
    scheme, between, _ = target.partition("://")
    return scheme if between and scheme.isalnum() else "unknown"


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """Keep a library from logging."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
