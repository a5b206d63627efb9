"""Processes that do one thing and may be killed at a chosen call, as by a power cut."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import textwrap
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import rebal_kit

ROOT = Path(rebal_kit.__file__).parents[1]

#: Imports once and forks a process for every request, which counts its calls to the disk and is killed at one of them.
_SERVER = """
import errno, json, os, signal, sys, tempfile, traceback
from rebal_kit.files import approval, audit_log

def counted(name, real, at, what, count):
    def call(*args, **kwargs):
        count[0] += 1
        here = count[0] == at
        if here and what == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if here and what == "half" and name == "write":
            real(args[0], bytes(args[1])[: len(args[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        if count[0] >= at and what == "full" and name in ("write", "mkdir", "fsync"):
            if here and name == "write":
                return real(args[0], bytes(args[1])[: len(args[1]) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if here and what == "once" and name in ("write", "mkdir", "fsync", "rename", "replace"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if here and what == "interrupt":
            raise KeyboardInterrupt
        result = real(*args, **kwargs)
        if here and what == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

for request in sys.stdin:
    body, at, what, arguments = json.loads(request)
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if not pid:
            os.dup2(said.fileno(), 2)
            end, count = 0, [0]
            for name in ("open", "write", "fsync", "mkdir", "rename", "replace", "unlink", "rmdir", "ftruncate"):
                setattr(os, name, counted(name, getattr(os, name), at, what, count))
            try:
                exec(body, {"approval": approval, "audit_log": audit_log, "arguments": arguments})
            except BaseException:
                at = 0
                traceback.print_exc()
                sys.stderr.flush()
                end = 1
            at, calls = 0, count[0]
            with open(writing, "w") as pipe:
                print(calls, file=pipe, flush=True)
            os._exit(end)
        os.close(writing)
        with open(reading) as pipe:
            calls = pipe.read()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said.seek(0)
        answer = {"returncode": code, "calls": int(calls or 0), "stderr": said.read().decode()}
    print(json.dumps(answer), flush=True)
"""


class Death(NamedTuple):
    """How a process ended: its exit code, how often it called the disk if it lived, what it said."""

    returncode: int
    calls: int
    stderr: str


@cache
def _server() -> subprocess.Popen[str]:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(server.kill)
    return server


def dying(body: str, at: int, what: str, *arguments: Any) -> Death:
    """Run `body` in a process of its own, where its `at`-th call to the disk is its last, or fails.

    `what` is *before*, *after* or *half* (killed before it, after it, or in the middle of a write), *full* (from then
    on the disk is full), *once* (this one fails) or *interrupt*. With `at` 0 it lives. The body finds the modules
    `approval` and `audit_log`, and `arguments` as a list of text.
    """
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    request = [textwrap.dedent(body), at or 10**9, what, [str(a) for a in arguments]]
    print(json.dumps(request), file=server.stdin, flush=True)
    return Death(**json.loads(server.stdout.readline()))
