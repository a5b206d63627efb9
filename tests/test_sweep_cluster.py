"""Beyond one machine: a scheduler and two workers on loopback, one of them killed; the rows are those made here."""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd
import pytest

import rebal_kit
from rebal_kit import sweep_drive, sweep_executors
from rebal_kit.bootstrap_paths import bootstrap_paths
from rebal_kit.findings import RebalError
from rebal_kit.paths import Paths
from rebal_kit.policy import BUY_AND_HOLD
from rebal_kit.sweep import sweep
from rebal_kit.sweep_executors import check_address, run_piece
from tests.sweeps import BASE, HOUSEHOLD, MARKET, drawn
from tests.worlds import random_market

ROOT = Path(rebal_kit.__file__).parents[1]
DASK = (sys.executable, "-m", "dask")
N = 400

pytestmark = pytest.mark.compiled


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A dask process that finds the tests and ends with the test."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([*DASK, *command], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as running:
        try:
            yield running
        finally:
            running.kill()


def worker(scheduler: str):
    return process(
        "worker", scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"
    )


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    port = free_port()
    with process("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-jupyter"):
        yield f"tcp://127.0.0.1:{port}"


def a_path(at: int):
    return random_market(100 + at, MARKET.symbols, 120)


def test_a_killed_worker_loses_nothing(scheduler: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sweep_drive, "PART_SECONDS", 0.0)
    monkeypatch.setattr(sweep_executors, "_WORKER_ROWS", 8)
    design, local = drawn(N), sweep(MARKET, HOUSEHOLD, drawn(N))
    out = tmp_path / "rows.parquet"
    with ExitStack() as stack:
        workers = [stack.enter_context(worker(scheduler)) for _ in range(2)]
        seen: list[int] = []

        def tell(done: int, total: int) -> None:
            assert total == N
            seen.append(done)
            if done >= N // 4 and workers[0].poll() is None:
                workers[0].send_signal(signal.SIGKILL)
                workers[0].wait()

        table = sweep(MARKET, HOUSEHOLD, design, executor="dask", scheduler=scheduler, progress=tell, out=out)
        assert workers[0].returncode == -signal.SIGKILL
        assert seen == sorted(seen)
        assert seen[-1] == N
        pd.testing.assert_frame_equal(table.drop(columns="key"), local, check_exact=True)

        # Interrupted on the cluster, finished here.
        def stop(done: int, _: int) -> None:
            if done >= N // 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            sweep(
                MARKET,
                HOUSEHOLD,
                design,
                out=out,
                fresh=True,
                progress=stop,
                executor="dask",
                scheduler=scheduler,
            )
        counts: list[int] = []
        again = sweep(MARKET, HOUSEHOLD, design, out=out, progress=lambda done, _: counts.append(done))
        assert counts[0] >= N // 2
        pd.testing.assert_frame_equal(again, table, check_exact=True)

        # All workers gone, and with them the prices: whoever comes next is sent them again.
        def replace_all(done: int, _: int) -> None:
            if done >= N // 4 and len(workers) == 2:
                workers[1].send_signal(signal.SIGKILL)
                workers[1].wait()
                workers.append(stack.enter_context(worker(scheduler)))

        far = sweep(MARKET, HOUSEHOLD, design, executor="dask", scheduler=scheduler, progress=replace_all)
        assert len(workers) == 3
        pd.testing.assert_frame_equal(far, local, check_exact=True)

        # Histories that are made where they are wanted.
        for paths in (Paths(a_path, 4), bootstrap_paths(MARKET, 4, block=20, seed=1)):
            asked = (paths, [HOUSEHOLD, HOUSEHOLD], [BASE, BUY_AND_HOLD])
            far = sweep(*asked, executor="dask", scheduler=scheduler)
            pd.testing.assert_frame_equal(far, sweep(*asked), check_exact=True)

        # What a worker finds wrong is said, and not tried again and again.
        monkeypatch.setattr(sweep_executors, "engine_fingerprint", lambda: "of another version")
        with pytest.raises(
            RebalError, match=r"a dask worker: has another version .* install the same everywhere"
        ):
            sweep(MARKET, HOUSEHOLD, design, executor="dask", scheduler=scheduler)


def test_a_scheduler_without_workers_and_none_at_all_are_said(scheduler: str, monkeypatch) -> None:
    monkeypatch.setattr(sweep_executors, "_PATIENCE", 0.5)
    with pytest.raises(
        RebalError, match=r"has had no worker for 0.5 s — start some with: dask worker tcp://"
    ):
        sweep(MARKET, HOUSEHOLD, [BASE], executor="dask", scheduler=scheduler)
    with pytest.raises(RebalError, match=r"scheduler tcp://127.0.0.1:9: does not answer: .* dask scheduler"):
        sweep(MARKET, HOUSEHOLD, [BASE], executor="dask", scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    "address", ["nonsense://x", "tcp://127.0.0.1", "127.0.0.1", "tcp://:8786", "tcp://x:99999", "tcp://x:0", 5, "a b:1"]
)  # fmt: skip
def test_what_is_no_address_is_said_and_nothing_hangs(address: object) -> None:
    message = f"sweep: scheduler is {address!r}, not the address of one — give scheme, host and port"
    with pytest.raises(RebalError, match=re.escape(message)):
        sweep(MARKET, HOUSEHOLD, [BASE], executor="dask", scheduler=address)


@pytest.mark.parametrize(
    "address", ["tcp://[::1]:8786", "localhost:8786", "tls://some.host:1", "inproc://1.2.3.4/5/1"]
)
def test_what_is_an_address_is_taken(address: str) -> None:
    assert list(check_address(address)) == []


def test_a_scheduler_that_dies_leaves_what_is_done(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sweep_drive, "PART_SECONDS", 0.0)
    monkeypatch.setattr(sweep_executors, "_WORKER_ROWS", 8)
    monkeypatch.setattr(sweep_executors, "_PATIENCE", 20.0)
    out = tmp_path / "rows.parquet"
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    with (
        process("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-jupyter") as head,
        worker(address),
    ):
        seen: list[int] = []

        def tell(done: int, _: int) -> None:
            seen.append(done)
            if done >= N // 4 and head.poll() is None:
                monkeypatch.setattr(sweep_executors, "_PATIENCE", 1.0)
                head.send_signal(signal.SIGKILL)
                head.wait()

        with pytest.raises(RebalError) as caught:
            sweep(MARKET, HOUSEHOLD, drawn(N), out=out, executor="dask", scheduler=address, progress=tell)
    (finding,) = caught.value.findings
    assert finding.where == f"scheduler {address}"
    assert finding.what.startswith("is gone: ")
    assert finding.what.endswith(f"; {seen[-1]} of {N} rows are kept in {out}.parts")
    assert finding.remedy == "start scheduler and workers again; the same call goes on from there"
    assert len(pd.read_parquet(f"{out}.parts")) == seen[-1] >= N // 4
    counts: list[int] = []
    table = sweep(MARKET, HOUSEHOLD, drawn(N), out=out, progress=lambda done, _: counts.append(done))
    assert counts[0] == seen[-1]
    local = sweep(MARKET, HOUSEHOLD, drawn(N))
    pd.testing.assert_frame_equal(table.drop(columns="key"), local, check_exact=True)


def test_without_dask_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RebalError, match=r"not installed — pip install 'rebal_kit\[cluster\]'"):
        sweep(MARKET, HOUSEHOLD, [BASE], executor="dask", scheduler="tcp://127.0.0.1:9")


def test_a_piece_of_work_is_a_few_numbers() -> None:
    assert len(pickle.dumps((run_piece, tuple(range(128)), "0" * 64))) < 1_000


def test_tls_without_certificates_is_said() -> None:
    with pytest.raises(RebalError, match=r"scheduler tls://x:1: asks for TLS, .* names no certificates"):
        sweep(MARKET, HOUSEHOLD, [BASE], executor="dask", scheduler="tls://x:1")
