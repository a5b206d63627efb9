"""What was not saved when a kernel stopped or a page was reloaded: kept as drafts, offered to the next studio."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from rebal_kit.files.scenario import dump_scenario, parse_scenario
from rebal_kit.findings import RebalError
from rebal_kit.safe_files import replacing
from rebal_kit.scenario import Scenario

#: Drafts older than this are thrown away.
_KEPT_DAYS = 30
_OF = "# draft of: "


@dataclass(frozen=True)
class Draft:
    """Work of a studio that was not saved.

    Attributes
    ----------
    path : path
    when : datetime
        When it was last changed.
    of : str
        The file that it was to be saved to; '' for none.
    scenario : Scenario
    open : bool
        Whether the program that wrote it is still running: another studio, or a page that was reloaded.
    """

    path: Path
    when: dt.datetime
    of: str
    scenario: Scenario
    open: bool


def drafts_folder() -> Path:
    """Return where drafts are kept: the user's own folder for the state of programs."""
    root = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(root) / "rebal_kit" / "drafts"


def new_draft() -> Path:
    """Return the path of this studio's draft; no file is there yet."""
    return drafts_folder() / f"{os.getpid()}-{uuid4().hex[:8]}.yaml"


def write_draft(path: Path, scenario: Scenario, of: str) -> bool:
    """Keep a draft; say whether that could be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(f"{_OF}{of}\n{dump_scenario(scenario)}".encode())
    except (OSError, RebalError):
        return False
    return True


def drop_draft(path: Path) -> None:
    """Throw a draft away."""
    with suppress(OSError):
        path.unlink()


def left_behind(own: Path) -> list[Draft]:
    """Return drafts of other studios, the latest first; what is too old or cannot be read is passed over."""
    found = []
    folder = drafts_folder()
    for path in folder.glob("*.yaml") if folder.is_dir() else ():
        with suppress(OSError, UnicodeDecodeError, RebalError):
            when = dt.datetime.fromtimestamp(path.stat().st_mtime)
            if dt.datetime.now() - when > dt.timedelta(days=_KEPT_DAYS):
                drop_draft(path)
            elif path != own:
                text = path.read_text(encoding="utf-8")
                first = text.partition("\n")[0]
                of = first.removeprefix(_OF) if first.startswith(_OF) else ""
                found.append(Draft(path, when, of, parse_scenario(text, str(path)), _runs(path)))
    return sorted(found, key=lambda draft: draft.when, reverse=True)


def _runs(path: Path) -> bool:
    number = path.stem.partition("-")[0]
    if not number.isdigit() or int(number) == os.getpid():
        return number.isdigit()
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
