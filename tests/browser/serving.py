"""A server of ours on this machine, and a browser that notes whatever leaves the machine or goes wrong in the page."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rebal_kit

ROOT = Path(rebal_kit.__file__).parents[1]
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HERE = {"127.0.0.1", "localhost", ""}
#: Said by Lab and Voila themselves about the versions of each other's parts; none of it is ours.
NOT_OURS = ("shared singleton", "shared module")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command: list[str], port: int, folder: Path, ready: str) -> Iterator[Path]:
    """Serve until the block ends; the log is yielded. A request would start a kernel, so that the log tells when."""
    log = folder / "server.log"
    environment = {
        **os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state"), "PYTHONUNBUFFERED": "1",
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"), "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_DATA_DIR": str(folder / "data"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, *command, f"--port={port}", "--no-browser"],
            cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + 120
        while ready not in log.read_text(errors="replace"):
            assert child.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.1)
        yield log
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


class Watched:
    """A page with what it asked for and what it complained about."""

    def __init__(self, context: Any):
        self.page = context.new_page()
        self.left: list[str] = []
        self.wrong: list[str] = []
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def _asked(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in HERE:
            self.left.append(request.url)

    def _said(self, message: Any) -> None:
        if message.type == "error" and not any(part in message.text for part in NOT_OURS):
            self.wrong.append(message.text)
