"""`rebal app` and `rebal lab`: the tuning studio in a browser; and the scenarios it saves, on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebal_kit.cli_manners import findings_instead_of_traceback
from rebal_kit.findings import Finding, PolicyError, RebalError
from rebal_kit.shipped import shipped_data

if TYPE_CHECKING:
    from rebal_kit.domain import Household
    from rebal_kit.policy import RebalancePolicy
    from rebal_kit.scenario import Scenario

#: What the page's template is called.
_TEMPLATE = "rebal"
#: Lab neither asks for news nor whether it may.
_NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
#: After which a kernel ends that no page is connected to.
_IDLE_SECONDS = 900
_ENDS_ITS_KERNEL = """<script>
const beacon = navigator.sendBeacon.bind(navigator);
navigator.sendBeacon = (address, data) => {
  if (!String(address).includes("/api/shutdown/")) return beacon(address, data);
  const token = Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");
  document.cookie = `_xsrf=${token}; path=/; SameSite=Strict`;
  fetch(address, {method: "POST", keepalive: true, headers: {"X-XSRFToken": token}});
  return true;
};
</script>
"""
Port = Annotated[
    int, typer.Option(help="Where the page is served on this machine; a free one near it if taken.")
]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Print the address and open no browser.")]


@dataclass(frozen=True)
class Asked:
    """What is to be compared, from options or from a scenario and options beside it."""

    household: str
    market: str
    policies: Sequence[str]
    own: Mapping[str, RebalancePolicy] = field(default_factory=dict)
    span: Mapping[str, Any] = field(default_factory=dict)
    scenario: Scenario | None = None

    def laid_over(self, household: Household) -> Household:
        """Return the household with what the scenario changes in it."""
        return self.scenario.applied_to(household) if self.scenario else household


def asked_for(
    household: str | None, scenario: Path | None, market: str | None, policies: Sequence[str]
) -> Asked:
    """Return what options ask for; a scenario stands for household, period and a policy, and names a market.

    Raises
    ------
    PolicyError
        Household or policy is missing, the household is given twice, or the scenario has faults.
    """
    if scenario is None:
        missing = [name for name, given in (("--household", household), ("--policy", policies)) if not given]
        if missing or household is None:
            remedy = "give a household and policies, or --scenario FILE.yaml"
            raise PolicyError([Finding("error", name, "is missing", remedy) for name in missing])
        return Asked(household, market or "etf", policies)
    from rebal_kit.files.scenario import load_scenario

    if household is not None:
        what = f"is {household!r} beside --scenario, which names a household"
        raise PolicyError(Finding("error", "--household", what, "leave one of them out"))
    found = load_scenario(scenario)
    name = found.policy.name or found.name
    span = {"start": found.start, "end": found.end, "open_with": found.open_with}
    own = {name: replace(found.policy, name=name)}
    return Asked(found.household, market or found.market, policies, own, span, found)


def open_app(
    scenario: Annotated[
        Path | None,
        typer.Option(metavar="FILE.yaml", help="A scenario to begin with, as the studio saves it."),
    ] = None,
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where scenarios, figures and approved orders go.")
    ] = Path(),
    port: Port = 8866,
    no_browser: NoBrowser = False,
) -> None:
    """Open the tuning studio as a page in the browser. It is served to this machine only and needs no network."""
    with findings_instead_of_traceback():
        _needs("voila", "app")
        if scenario is not None:
            from rebal_kit.files.scenario import load_scenario

            load_scenario(scenario)
        with tempfile.TemporaryDirectory(prefix="rebal-app-") as home:
            page = Path(home) / "studio.ipynb"
            page.write_text(json.dumps(notebook_of(scenario, folder)), encoding="utf-8")
            command = [
                sys.executable, "-m", "voila", str(page), f"--port={port}", "--Voila.ip=127.0.0.1",
                f"--template={_TEMPLATE}", "--preheat_kernel=True", "--pool_size=1", "--show_tracebacks=True",
                "--VoilaConfiguration.file_allowlist=[]", "--MappingKernelManager.cull_interval=60",
                f"--MappingKernelManager.cull_idle_timeout={_IDLE_SECONDS}", *(["--no-browser"] if no_browser else []),
            ]  # fmt: skip
            offline_template(Path(home))
            known = os.environ.get("JUPYTER_PATH")
            found = os.pathsep.join([home, *([known] if known else [])])
            raise typer.Exit(_served(command, {**os.environ, "JUPYTER_PATH": found}))


def open_lab(port: Port = 8888, no_browser: NoBrowser = False) -> None:
    """Open JupyterLab on the notebooks, at the first one: 00_start_here."""
    with findings_instead_of_traceback():
        _needs("jupyterlab", "lab")
        first = shipped_data().parent / "notebooks" / "00_start_here.ipynb"
        if not first.is_file():
            what = (
                "is not there: the notebooks come with the project's folder, not with the installed package"
            )
            raise RebalError(Finding("error", str(first), what, "run it where the project was unpacked"))
        with tempfile.TemporaryDirectory(prefix="rebal-lab-") as home:
            (Path(home) / "overrides.json").write_text(json.dumps(_NO_NEWS), encoding="utf-8")
            command = [
                sys.executable, "-m", "jupyterlab", str(first), f"--port={port}", f"--LabApp.app_settings_dir={home}",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                *(["--no-browser"] if no_browser else []),
            ]  # fmt: skip
            raise typer.Exit(_served(command))


def notebook_of(scenario: Path | None, folder: Path) -> dict[str, Any]:
    """Return the notebook that the app shows: the studio alone."""
    given = [f"folder={os.path.abspath(folder)!r}"]
    given += [f"scenario={os.path.abspath(scenario)!r}"] if scenario is not None else []
    cell: dict[str, Any] = {"cell_type": "code", "id": "studio", "metadata": {}, "execution_count": None, "outputs": [],
            "source": f"import rebal_kit as rk\n\nrk.studio({', '.join(given)})"}  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    named = {"kernelspec": kernel, "language_info": {"name": "python"}, "title": "Tuning studio"}
    return {"cells": [cell], "metadata": named, "nbformat": 4, "nbformat_minor": 5}


def _needs(module: str, extra: str) -> None:
    if find_spec(module) is None:
        remedy = f"pip install 'rebal_kit[views,lab,{extra}]'"
        raise RebalError(Finding("error", module, "is not installed", remedy))


def offline_template(home: Path) -> Path:
    """Write Voila's page without the style sheets that it asks a network for: the icons are in its script as well.

    A page that is closed or reloaded ends its kernel. Voila means to, but its request lacks the token that it wants.

    Parameters
    ----------
    home : path
        A folder on the path of Jupyter's data.
    """
    found = find_spec("voila")
    roots = [Path(found.origin).parent] if found and found.origin else []
    roots += [Path(sys.prefix) / "share" / "jupyter" / "voila"]
    page = next(
        (r / "templates" / "lab" / "index.html.j2" for r in roots if (r / "templates" / "lab").is_dir()), None
    )
    if page is None:
        raise RebalError(Finding("error", "voila", "has no template 'lab'", "pip install 'voila>=0.5'"))
    folder = home / "voila" / "templates" / _TEMPLATE
    folder.mkdir(parents=True)
    lines = page.read_text(encoding="utf-8").splitlines(keepends=True)
    at = next((n for n, line in enumerate(lines) if "https://" in line), 0)
    offline = [line for line in lines[at:] if "https://" not in line]
    (folder / "index.html.j2").write_text(
        "".join([*lines[:at], _ENDS_ITS_KERNEL, *offline]), encoding="utf-8"
    )
    (folder / "conf.json").write_text(json.dumps({"base_template": "lab"}), encoding="utf-8")
    return folder


def _served(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Serve until interrupted or told to end, and leave nothing running; return the exit code."""
    child = subprocess.Popen(command, env=environment)  # noqa: S603 - our own interpreter and arguments
    before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)
