"""The studio's panel for today: the alert first, then a proposal that can be changed, then its approval."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w

from rebal_kit.files.account_number import without_numbers
from rebal_kit.files.approval import approve
from rebal_kit.files.approval_checks import flags
from rebal_kit.files.proposal_file import as_proposal
from rebal_kit.findings import RebalError
from rebal_kit.proposal.proposal import Proposal
from rebal_kit.proposal.propose import propose
from rebal_kit.proposal.revise import revise
from rebal_kit.proposal.scan import Scan, scan
from rebal_kit.scenario import Scenario
from rebal_kit.views.scan_words import alert_of
from rebal_kit.views.studio_model import Kept
from rebal_kit.views.studio_widgets import Table
from rebal_kit.views.studio_work import Job, Work
from rebal_kit.views.tables import number, said
from rebal_kit.views.tax_words import money

#: Reads the scenario that the controls describe; None where they describe none.
Asking = Callable[[], Scenario | None]
_LIKE_THE_ENGINE = {"The back-test's own decision": "greedy", "Least tax, cost and drift (solver)": "optimal"}
_ALLOW = {"wash_sale": "Allow the wash sale", "overspend": "Allow the negative cash"}
_COLUMNS: tuple[dict[str, Any], ...] = (
    {"key": "keep", "title": "Keep", "kind": "check", "tip": "Untick to take the trade out of the proposal"},
    {"key": "trade", "title": "#", "kind": "text", "tip": "Number of the trade, in the order in which they are made"},
    {"key": "order", "title": "Order", "kind": "text", "strong": True,
     "tip": "What is bought or sold, in which account"},
    {"key": "shares", "title": "Shares", "kind": "number", "width": "92px", "tip": "Change the shares; 0 takes it out"},
    {"key": "amount", "title": "US$", "kind": "text", "right": True, "tip": "Shares times price"},
    {"key": "gain", "title": "Gain", "kind": "text", "right": True, "tip": "Gain or loss of the lots sold, US$"},
    {"key": "why", "title": "Why", "kind": "text", "wide": True, "tip": "What brought the trade about"},
)  # fmt: skip


_FIRST = (
    "Begin with a look: nothing is proposed before the alert has been shown. Today is about the lots and cash that the"
    " household holds, whatever the back-test opens with."
)


class Today:
    """The panel. Nothing in it sends an order: an approved proposal is files in a folder and a line in a log.

    Parameters
    ----------
    kept : Kept
    asking : callable
    work : Work
    folder : path
        Where orders and log go that are named without a folder.
    clock : callable, optional
        Returns the moment of approval.
    """

    def __init__(
        self, kept: Kept, asking: Asking, work: Work, folder: Path,
        clock: Callable[[], dt.datetime] | None = None,
    ):  # fmt: skip
        self._kept, self._asking, self._work, self._folder = kept, asking, work, folder
        self._clock = clock or (lambda: dt.datetime.now().astimezone())
        self._of: Scenario | None = None
        self.alert_shown: Scan | None = None
        self.proposal: Proposal | None = None
        self.day = w.Text(description="As of", placeholder="the last session", continuous_update=False,
                          tooltip="The day of the prices, year-month-day", layout=w.Layout(width="230px"))  # fmt: skip
        self.look = _button(
            "1  Look at today", "Show what is due, losses to harvest and wash-sale windows: the alert"
        )
        self.alert = w.HTML(_box("empty", _FIRST))
        self.solver = w.Dropdown(description="Found by", options=_LIKE_THE_ENGINE, layout=w.Layout(width="340px"),
                                 tooltip="As the back-test decides, or the least of tax, cost and drift")  # fmt: skip
        self.now = w.Checkbox(description="Look today whatever the day", indent=False,
                              tooltip="Let rules look and losses be harvested although no look is due")  # fmt: skip
        self.ask = _button("2  Propose", "Propose trades, lot by lot; nothing is sent anywhere")
        self.trades = Table(_COLUMNS, "Trades that are proposed", self._edited)
        self.sums = w.HTML()
        self.again = w.Checkbox(description="Decide the rest anew", indent=False,
                                tooltip="Decide anew around what was changed and taken out")  # fmt: skip
        self.change = _button(
            "Revise", "Settle the proposal anew with the trades as they are ticked and sized here"
        )
        self.who = w.Text(
            description="Approved by", placeholder="name", tooltip="Who approves; it stands in the log"
        )
        self.orders = w.Text(
            value="orders", description="Orders to", tooltip="A folder for the orders files and the log"
        )
        self.allow = {name: w.Checkbox(description=title, indent=False, layout=w.Layout(display="none"),
                                       tooltip="It is flagged: approve it nevertheless, and have the log say so")
                      for name, title in _ALLOW.items()}  # fmt: skip
        self.sign = _button("3  Approve", "Write orders files and a line in the audit log; both or neither")
        self.said = w.HTML()
        self.look.on_click(lambda _: self._look())
        self.ask.on_click(lambda _: self._propose())
        self.change.on_click(lambda _: self._revise())
        self.sign.on_click(lambda _: self._approve())
        self.day.observe(lambda _: self.forget(), "value")
        revise_row = w.HBox([self.change, self.again])
        signing = w.HBox([self.who, self.orders, *self.allow.values(), self.sign])
        signing.add_class("rk-row")
        self._proposed = w.VBox([self.trades, self.sums, revise_row, signing])
        asking_row = w.HBox([self.ask, self.solver, self.now])
        self.box = w.VBox([w.HBox([self.look, self.day]), self.alert, asking_row, self._proposed, self.said])
        self.forget()

    def forget(self) -> None:
        """The scenario or the day is another one: what was found for the one before must not be acted upon."""
        if self.alert_shown is not None:
            self.alert.value = _box(
                "warning", "The scenario or the day was changed after the look: look again."
            )
        self.alert_shown, self._of = None, None
        self._take(None)
        self.said.value = ""

    def _take(self, found: Proposal | None) -> None:
        self.proposal = found
        self._proposed.layout.display = None if found is not None else "none"
        self.ask.disabled = self.alert_shown is None
        if found is None:
            return
        self._sizes = {
            int(n): float(q) for n, q in zip(found.trades["trade"], found.trades["quantity"], strict=True)
        }
        self._kept_trades = dict.fromkeys(self._sizes, True)
        self._wrong: dict[str, str] = {}
        self._shares = {number_: _shares(size) for number_, size in self._sizes.items()}
        self._show_trades()
        self.sums.value = _sums(found)
        flagged = flags(as_proposal(found.document))
        for name, box in self.allow.items():
            box.value = False
            box.layout.display = None if name in flagged else "none"

    def _show_trades(self) -> None:
        assert self.proposal is not None
        rows = [
            {"keep": self._kept_trades[row["trade"]], "trade": str(row["trade"]), "_name": f"trade {row['trade']}",
             "order": f"{row['side'].upper()} {row['symbol']}\n{without_numbers(row['account'])}",
             "shares": self._shares[row["trade"]], "amount": money(row["amount"], 0),
             "gain": money(row["gain"], 0) if row["side"] == "sell" else "", "why": without_numbers(row["why"])}
            for row in self.proposal.trades.to_dict("records")
        ]  # fmt: skip
        self.trades.show(rows, self._wrong)

    def _edited(self, row: int, column: str, value: Any) -> None:
        trade = row + 1
        if column == "keep":
            self._kept_trades[trade] = bool(value)
        else:
            self._shares[trade] = str(value)
            size = _size(str(value))
            self._wrong.pop(f"{row}.shares", None)
            if size is None:
                self._wrong[f"{row}.shares"] = f"'{value}' is no number of shares"
            else:
                self._kept_trades[trade] = size > 0
        self._show_trades()
        self.said.value = _box(
            "warning", "Trades were changed here: revise the proposal before it can be approved."
        )

    @property
    def changed(self) -> bool:
        """Whether trades stand otherwise in the table than in the proposal."""
        return bool(self._wrong) or bool(self._forbidden()) or bool(self._resized())

    def _forbidden(self) -> list[int]:
        return [trade for trade, kept in self._kept_trades.items() if not kept]

    def _resized(self) -> dict[int, float]:
        asked = {trade: _size(text) for trade, text in self._shares.items() if self._kept_trades[trade]}
        return {
            t: size
            for t, size in asked.items()
            if size is not None and _shares(size) != _shares(self._sizes[t])
        }

    def _look(self) -> None:
        scenario = self._asking()
        if scenario is None:
            self.alert.value = _box("error", "The scenario has faults: mend what is marked, then look again.")
            return
        if not self._outdated(scenario):
            self._start(lambda job: self._scanned(scenario, job), lambda found: self._looked(scenario, found))

    def _outdated(self, scenario: Scenario) -> bool:
        """Say so where the household's files are others by now: its lots must not be acted upon."""
        changed = self._kept.changed_behind(scenario.household)
        if changed:
            said = f"The household '{scenario.household}' was changed on disk since it was read: read it again first."
            self.said.value = _box("error", said)
        return changed

    def _scanned(self, scenario: Scenario, job: Job) -> Scan:
        job.step("Looking the household over")
        home = scenario.applied_to(self._kept.household(scenario.household))
        return scan(
            self._kept.market(scenario.market), home, scenario.policy, asof=self.day.value.strip() or None
        )

    def _looked(self, scenario: Scenario, found: Scan) -> None:
        title, text = alert_of(found)
        self.alert.value = _box("warning" if found.is_due else "good-news", f"{title}\n{text}")
        self.alert_shown, self._of = found, scenario
        self._take(None)

    def _propose(self) -> None:
        if self._of is None or self.alert_shown is None or self._outdated(self._of):
            return
        scenario, day = self._of, self.alert_shown.asof
        given: dict[str, Any] = {"solver": self.solver.value, "look": "now" if self.now.value else "due"}

        def do(job: Job) -> Proposal:
            job.step("Deciding; the solver takes 10 seconds at most")
            home = scenario.applied_to(self._kept.household(scenario.household))
            return propose(self._kept.market(scenario.market), home, scenario.policy, asof=day, **given)

        self._start(do, self._take)

    def _revise(self) -> None:
        found, forbidden, resized = self.proposal, self._forbidden(), self._resized()
        if found is None or self._of is None or self._wrong or self._outdated(self._of):
            return

        def do(job: Job) -> Proposal:
            job.step("Settling the proposal anew")
            return revise(found, forbid=forbidden, resize=resized, again=bool(self.again.value))

        self._start(do, self._take)

    def _approve(self) -> None:
        if self.proposal is None or self._of is None or self._outdated(self._of):
            return
        if self.changed:
            self.said.value = _box(
                "error", "Trades were changed here and not revised yet: press Revise, look, then approve."
            )
            return
        folder = self._folder / Path(self.orders.value.strip() or "orders").expanduser()
        allow = [name for name, box in self.allow.items() if box.value]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            done = approve(self.proposal.document, folder, who=self.who.value, log=folder / "audit.jsonl",
                           now=self._clock(), allow=allow)  # fmt: skip
        except RebalError as error:
            self.said.value = _box("error", "Not approved, and nothing was written:\n" + _lines(error))
            return
        except OSError as problem:
            self.said.value = _box("error", f"{folder} cannot be written: {problem.strerror or problem}")
            return
        files = ", ".join(path.name for path in done.files)
        self.said.value = _box(
            "good-news",
            f"Approved by {done.who}: {files} in {done.folder}; line {done.line} of the log."
            " Nothing was sent to a broker.",
        )

    def _start(self, do: Callable[[Job], Any], done: Callable[[Any], None]) -> None:
        self.said.value = ""
        self._work.start(do, done, self._failed)

    def _failed(self, error: Exception) -> None:
        self.said.value = _box("error", _lines(error))


def _sums(found: Proposal) -> str:
    tax, drift = found.tax, found.drift
    rows = {
        "Tax now, US$": money(tax["tax_now"], 0), "Short-term gain, US$": money(tax["short_gain"], 0),
        "Long-term gain, US$": money(tax["long_gain"], 0), "Cost, US$": money(found.settlement.cost, 0),
        "Drift before, %": number(100 * drift["before"], 2), "Drift after, %": number(100 * drift["after"], 2),
    }  # fmt: skip
    head = f"<b>{len(found.trades)} trades</b> of {found.asof}, to be approved until {found.expires}"
    body = "".join(f"<tr><th>{name}</th><td>{text}</td></tr>" for name, text in rows.items())
    know = [*(f"changed by hand: {one.what}: {one.trade}" for one in found.overrides), *said(found.findings)]
    know += [f"{one.symbol} may not be bought until {one.until}: {one.why}" for one in found.blocked]
    items = "".join(f"<li>{html.escape(without_numbers(text))}</li>" for text in know)
    return f"<div>{head}</div><table class='rk-figures'>{body}</table><div class='rk-know'><ul>{items}</ul></div>"


def _size(text: str) -> float | None:
    try:
        size = float(text.replace(",", "").strip())
    except ValueError:
        return None
    return size if 0 <= size < float("inf") else None


def _shares(size: float) -> str:
    """Return shares as a broker's screen shows them: with four decimals at most."""
    return f"{size:.4f}".rstrip("0").rstrip(".")


def _lines(error: Exception) -> str:
    findings = getattr(error, "findings", None)
    return "\n".join(str(finding) for finding in findings) if findings else f"{type(error).__name__}: {error}"


def _button(title: str, tip: str) -> Any:
    return w.Button(description=title, tooltip=tip, layout=w.Layout(width="auto"))


def _box(kind: str, text: str) -> str:
    role = " role='alert'" if kind == "error" else ""
    return f"<div class='rk-box rk-{kind}'{role}>{html.escape(text)}</div>"
