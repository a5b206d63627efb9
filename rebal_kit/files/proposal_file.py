"""A proposal in a JSON file: trades that were computed and that nobody has approved yet.

The *document* is the JSON object itself, a plain dict. Its id is the beginning of the SHA-256 of all the rest, so that
a figure that was changed after the proposal was made is seen.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from rebal_kit.canonical import ID_DIGITS, canonical, digest
from rebal_kit.files.explain import explain
from rebal_kit.files.fields import STRICT, Dollars, Name, PlannedDate, PositiveDollars, refusal
from rebal_kit.files.json_text import read_json
from rebal_kit.files.reading import read_text
from rebal_kit.files.yaml_text import Path as FieldPath
from rebal_kit.files.yaml_text import dotted
from rebal_kit.findings import Finding, RebalError, capped, raise_errors
from rebal_kit.safe_files import replacing

FORMAT = "rebal_kit proposal 1"
#: By so many shares, or such a part of them, the lots of a sale may miss its quantity.
_SHARE = 1e-6


class ProposalError(RebalError):
    """A proposal is not what was made, or cannot be approved."""


def _one_line(value: str) -> str:
    if value and not value.isprintable():
        raise refusal(f"is {value!r}, with characters that do not print", "remove them")
    return value


Text = Annotated[str, AfterValidator(_one_line)]
Shares = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="64 hex digits, the SHA-256 of the input")]


class Part(BaseModel):
    """Part of a proposal: no unknown fields, no conversion between types."""

    model_config = STRICT


class LotPart(Part):
    """Shares of one lot that a trade sells."""

    lot: Name
    acquired: PlannedDate
    quantity: Shares = Field(description="Shares, above 0")
    term: Literal["long", "short", ""]
    basis: Dollars = 0.0
    gain: Dollars = Field(description="The gain in US$, a loss below 0")
    disallowed: PositiveDollars = Field(description="The part of a loss that a wash sale disallows, in US$")


class TradePart(Part):
    """An order to be given."""

    trade: int = Field(ge=1, description="A number, each once")
    account: Name
    broker: Text
    symbol: Name
    side: Literal["sell", "buy"]
    quantity: Shares = Field(description="Shares, above 0")
    price: Shares = Field(description="The price in US$ that was reckoned with, above 0")
    amount: PositiveDollars
    cost: PositiveDollars
    gain: Dollars = 0.0
    disallowed: PositiveDollars = 0.0
    limit: Shares | None
    lots: list[LotPart]
    reason: Text
    why: Text = ""


class TaxPart(Part):
    """What the trades do to the tax of the year."""

    short_gain: Dollars
    long_gain: Dollars
    disallowed: PositiveDollars
    permanent: Dollars = Field(0.0, description="The part of it that no basis takes over")
    tax_now: Dollars
    tax_of_year_before: Dollars = 0.0
    tax_of_year_after: Dollars = 0.0


class DriftPart(Part):
    """How far the weights are from their targets."""

    before: Dollars
    after: Dollars


class CashPart(DriftPart):
    """The cash of an account."""

    account: Name
    moved: Dollars = Field(0.0, description="Flows and taxes of the day")
    min_cash: Dollars = 0.0


class ClassPart(DriftPart):
    """The weight of an asset class, or of cash."""

    name: Text = Field(alias="class")
    target: Dollars
    low: Dollars | None = None
    high: Dollars | None = None


class AimsPart(Part):
    """What the solver weighed against each other, US$ for a US$."""

    drift: Dollars
    member_drift: Dollars
    later_rate: Dollars
    carried_rate: Dollars


class ObjectivePart(Part):
    """What a solver has reached, and what could be reached at best."""

    value: Dollars | None
    bound: Dollars | None
    gap: Dollars | None


class BlockedPart(Part):
    """A trade that was not allowed."""

    account: str
    symbol: str
    until: str | None
    why: str


class FindingPart(Part):
    """A finding, as it was said."""

    severity: Literal["error", "warning", "note"]
    where: str
    what: str
    remedy: str


class InputsPart(Part):
    """What the proposal was made from."""

    household: Hash
    policy: Hash
    prices: Hash


class Proposal(Part):
    """A proposal document whose fields are what they must be."""

    format: Literal["rebal_kit proposal 1"]
    proposal: str = Field(pattern=r"^[0-9a-f]{12}$", description="12 hex digits, the id of the proposal")
    version: Text
    asof: PlannedDate
    expires: PlannedDate
    solver: Literal["greedy", "optimal"]
    household: Text
    policy: Text
    inputs: InputsPart
    law_year: int | None = None
    trades: list[TradePart]
    tax: TaxPart
    cost: Dollars
    drift: DriftPart
    classes: list[ClassPart] = []
    cash: list[CashPart]
    objective: ObjectivePart
    aims: AimsPart | None = None
    blocked: list[BlockedPart]
    not_done: list[Any]
    overrides: list[dict[str, Any]]
    findings: list[FindingPart]


def proposal_id(document: Mapping[str, Any]) -> str:
    """Return the id of a document: the first 12 hex digits of its hash."""
    return document_hash(document)[:ID_DIGITS]


def document_hash(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document in canonical JSON without the key ``proposal``.

    Raises
    ------
    ProposalError
        The document holds what JSON has no word for.
    """
    try:
        return digest({key: value for key, value in document.items() if key != "proposal"})
    except (TypeError, ValueError, RecursionError) as problem:
        raise ProposalError(_no_json(problem)) from None


def load_proposal_document(path: str | Path) -> dict[str, Any]:
    """Return the proposal document in a JSON file.

    Raises
    ------
    ProposalError
        With every problem of the file: field, value and remedy; also when it was changed after it was made.
    """
    data, findings = read_json(read_text(Path(path), ProposalError), str(path))
    raise_errors(ProposalError, capped(findings, str(path)))
    as_proposal(data, str(path))
    document: dict[str, Any] = data
    return document


def save_proposal_document(document: Mapping[str, Any], path: str | Path) -> Path:
    """Write a proposal document into a JSON file, whole or not at all, and return its path; nothing in it is set.

    A file that is there is replaced, and a link too: it is not followed.

    Raises
    ------
    ProposalError
        The document is not what a proposal must be, or the file cannot be written.
    """
    as_proposal(document)
    target = Path(path)
    text = json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    try:
        if target.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with replacing(target) as file:
            file.write(text.encode())
    except OSError as problem:
        what = f"cannot be written: {problem.strerror or type(problem).__name__}"
        raise ProposalError(
            Finding("error", str(target), what, "give another path, nothing was written")
        ) from None
    return target


def as_proposal(document: Any, name: str = "proposal") -> Proposal:
    """Return a document as a value whose fields have names; messages call it `name`.

    Raises
    ------
    ProposalError
        With everything that the document cannot be.
    """
    try:
        plain = json.loads(canonical(document))
    except (TypeError, ValueError, RecursionError) as problem:
        raise ProposalError(_no_json(problem, name)) from None
    where = partial(_where, name)
    if isinstance(plain, dict) and plain.get("format") != FORMAT:
        what, remedy = f"is {str(plain.get('format'))[:60]!r}", f"give a document of the format '{FORMAT}'"
        raise ProposalError(Finding("error", where(("format",)), what, remedy))
    try:
        proposal = Proposal.model_validate(plain)
    except ValidationError as error:
        raise ProposalError(capped(explain(error, Proposal, plain, where), name)) from None
    raise_errors(ProposalError, capped(_contradictions(plain, proposal, where), name))
    return proposal


def _contradictions(plain: dict[str, Any], proposal: Proposal, where: Any) -> Iterator[Finding]:
    made = proposal_id(plain)
    if made != proposal.proposal:
        what = f"is {proposal.proposal}, but what stands in the file has the id {made}"
        remedy = "the file was changed after it was made: propose anew"
        yield Finding("error", where(("proposal",)), what, remedy)
    if proposal.expires < proposal.asof:
        what = f"is {proposal.expires}, before the prices of {proposal.asof}"
        yield Finding("error", where(("expires",)), what, "propose anew")
    times = Counter(trade.trade for trade in proposal.trades)
    for at, trade in enumerate(proposal.trades):
        if times[trade.trade] > 1:
            what = f"{trade.trade} is there {times[trade.trade]} times"
            yield Finding(
                "error", where(("trades", at, "trade")), what, "give each trade a number of its own"
            )
        named = sum(lot.quantity for lot in trade.lots)
        if trade.side == "sell" and trade.lots and abs(named - trade.quantity) > _SHARE * max(1, named):
            what = f"have {named:,.10g} shares, the trade sells {trade.quantity:,.10g}"
            yield Finding("error", where(("trades", at, "lots")), what, "propose anew")


def _where(name: str, path: FieldPath) -> str:
    return f"{name}, {dotted(path)}" if path else name


def _no_json(problem: Exception, name: str = "proposal") -> Finding:
    reason = str(problem) or type(problem).__name__
    return Finding("error", name, f"cannot be written as JSON: {reason}", "give text, numbers and lists only")
