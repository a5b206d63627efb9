"""What a policy file may hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from rebal_kit.costs import Costs
from rebal_kit.domain import Dividends
from rebal_kit.execution import Execution
from rebal_kit.files.fields import Destination, FileModel, Fraction, Look, Name
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.gain_limits import GainLimits, ShortGains
from rebal_kit.periods import Every
from rebal_kit.policy import Harvest, LotMethod, RebalancePolicy
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand, Trigger

BasisPoints = Annotated[float, Field(ge=0, lt=10_000)]
AtLeastZero = Annotated[float, Field(ge=0)]


class BandFile(FileModel):
    """A tolerance band: an absolute width, a relative one, or both."""

    absolute: Fraction | None = Field(
        default=None, description="Fraction of the portfolio, such as 0.05 or 5 %"
    )
    relative: Fraction | None = Field(
        default=None, description="Fraction of the target, such as 0.20 or 20 %"
    )
    combine: Literal["either", "both"] = Field(
        default="either", description="either: leave the band when one is exceeded"
    )
    lower: BandFile | None = Field(default=None, description="A different band below the target")

    def build(self) -> ToleranceBand:
        """Return the band."""
        lower = self.lower.build() if self.lower else None
        return ToleranceBand(self.absolute, self.relative, self.combine, lower)


class CalendarFile(FileModel):
    """Rebalance to target on a schedule."""

    every: Every = Field(default="quarter", description="The first session of each such period")
    offset: int = Field(default=0, ge=0, description="A number of sessions after that")

    def build(self) -> Calendar:
        """Return the trigger."""
        return Calendar(self.every, self.offset)


class ThresholdFile(FileModel):
    """Rebalance classes that have left their band, on the days one looks."""

    band: BandFile = Field(
        default=BandFile(absolute=0.05), description="The band of every class not named in bands"
    )
    look: Look = Field(default=1, description="How often one looks: a number of sessions, or a period")
    bands: dict[Name, BandFile] = Field(
        default={}, description="Bands of single classes (or securities) by name"
    )
    level: Literal["class", "security"] = Field(
        default="class", description="What is compared with its target"
    )

    def build(self) -> Threshold:
        """Return the trigger."""
        bands = tuple((name, band.build()) for name, band in self.bands.items())
        return Threshold(self.band.build(), self.look, bands, self.level)


class TierFile(FileModel):
    """Some classes or securities with a look interval and a band of their own."""

    members: list[Name] = Field(description="Names of classes, or tickers")
    band: BandFile = Field(description="The tolerance band of the tier")
    look: Look = Field(default=1, description="How often one looks: a number of sessions, or a period")

    def build(self) -> Tier:
        """Return the tier."""
        return Tier(tuple(self.members), self.band.build(), self.look)


class TriggerFile(FileModel):
    """One trigger: exactly one of calendar, threshold and tiered."""

    calendar: CalendarFile | None = Field(default=None, description="A schedule")
    threshold: ThresholdFile | None = Field(default=None, description="A band, and how often one looks")
    tiered: list[TierFile] | None = Field(default=None, description="A list of tiers", min_length=1)

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    def build(self) -> Trigger:
        """Return the trigger."""
        given = [name for name in ("calendar", "threshold", "tiered") if getattr(self, name) is not None]
        if len(given) != 1:
            what = f"names {' and '.join(given) or 'nothing'}"
            raise PolicyError(Finding("error", "trigger", what, "name one of calendar, threshold and tiered"))
        if self.tiered is not None:
            return Tiered(tuple(tier.build() for tier in self.tiered))
        one = self.calendar or self.threshold
        assert one is not None
        return one.build()


class HarvestFile(FileModel):
    """When to sell a lot for its loss."""

    min_loss_pct: Fraction = Field(
        default=0.05, description="Loss as a fraction of basis, such as 0.05 or 5 %"
    )
    min_loss_usd: AtLeastZero = Field(default=500.0, description="Loss of the lot in US$")
    min_tax_saved_usd: AtLeastZero = Field(default=0.0, description="Tax saved, net of trading cost, in US$")
    look: Look = Field(default=1, description="How often one looks: a number of sessions, or a period")

    replacements: int = Field(
        default=5, ge=1, description="A number of members that may replace one without a partner"
    )
    december_min_loss_pct: Fraction | None = Field(
        default=None, description="Loss as a fraction of basis in December; as in other months when not given"
    )
    december_min_loss_usd: AtLeastZero | None = Field(
        default=None, description="Loss of the lot in US$ in December; as in other months when not given"
    )
    switch_back: Literal["at_loss", "no_short_gain"] = Field(
        default="at_loss", description="When a partner gives way to the member it stands in for"
    )
    choose: Literal["underweight", "correlated"] = Field(
        default="underweight", description="Which members replace one without a partner"
    )

    def build(self) -> Harvest:
        """Return the harvest rule."""
        return Harvest(**{name: getattr(self, name) for name in type(self).model_fields})


class GainLimitsFile(FileModel):
    """Which gains rebalancing may realise, and how much of them in a year."""

    short: ShortGains = Field(
        default="allow", description="What becomes of short-term gains: allow, minimise or never"
    )
    pair: bool = Field(default=False, description="Whether a sale at a gain looks for losses beside it")
    max_gain_usd: AtLeastZero | None = Field(
        default=None, description="The most net gain in a calendar year in US$; no limit when not given"
    )
    max_tax_usd: AtLeastZero | None = Field(
        default=None, description="The most tax on gains in a calendar year in US$; no limit when not given"
    )
    sell_legacy: bool = Field(default=False, description="Whether holdings outside the targets are sold")
    max_legacy_gain_usd: AtLeastZero | None = Field(
        default=None,
        description="The most net gain on those in a calendar year in US$; no limit when not given",
    )

    def build(self) -> GainLimits:
        """Return the limits."""
        return GainLimits(**{name: getattr(self, name) for name in type(self).model_fields})


class CostsFile(FileModel):
    """What a trade costs."""

    half_spread_bps: BasisPoints = Field(
        default=0.0, description="Half the spread, in hundredths of a percent"
    )
    by_symbol: dict[Name, BasisPoints] = Field(default={}, description="Half spreads of single securities")
    estimate_spread: bool = Field(
        default=False,
        description="Whether half spreads are estimated from closes, highs and lows where known",
    )
    commission_usd: AtLeastZero = Field(default=0.0, description="US$ an order")
    per_share_usd: AtLeastZero = Field(default=0.0, description="US$ a share")
    non_native: dict[Name, dict[Name, AtLeastZero]] = Field(
        default={}, description="By broker: what an order in other houses' securities costs there beside, US$"
    )
    impact: AtLeastZero = Field(
        default=0.0,
        description="k of the square-root law of market impact, about 1; 0 is none. Needs volumes",
    )

    def build(self) -> Costs:
        """Return the costs."""
        return Costs(**{name: getattr(self, name) for name in type(self).model_fields})


class ExecutionFile(FileModel):
    """How orders are carried out."""

    fill: Literal["close", "next_open", "limit"] = Field(
        default="close", description="At the close of the decision, the next opening, or by limit orders"
    )
    limit_bps: BasisPoints = Field(
        default=0.0, description="How much better than the last close the limit is, hundredths of a percent"
    )
    limit_days: int = Field(default=1, ge=1, description="Sessions for which limit orders are tried")
    otherwise: Literal["close", "cancel"] = Field(
        default="close", description="What becomes of orders that the last of them does not fill"
    )
    wait_for_calm: Literal["own", "vix"] | None = Field(
        default=None, description="Trade when the security's own volatility, or the VIX, is low enough"
    )
    calm_below: float = Field(
        default=1.0, gt=0, le=1000, description="Times the security's usual volatility, or points of the VIX"
    )
    max_wait: int = Field(default=10, ge=1, description="Sessions to wait for that at most")
    max_volume_share: Fraction | None = Field(
        default=None, description="A fraction of a security's daily volume traded in a session at most"
    )

    def build(self) -> Execution:
        """Return the execution."""
        return Execution(**{name: getattr(self, name) for name in type(self).model_fields})


class PolicyFile(FileModel):
    """A rebalancing policy."""

    name: str | None = Field(
        default=None, description="How results call the policy; the file's name when not given"
    )
    triggers: list[TriggerFile] = Field(description="A list of triggers; [] is buy and hold")
    destination: Destination = Field(
        default="target", description="How far a class that left its band is brought back"
    )
    lot_method: LotMethod = Field(default="hifo", description="Which lots are sold first")
    gain_guard_days: int = Field(
        default=0,
        ge=0,
        description="A number of days: short-term gains that turn long-term within it are postponed",
    )
    harvest: HarvestFile | None = Field(
        default=None, description="When to sell a lot for its loss; {} for the defaults"
    )
    dividends: Dividends = Field(
        default="cash", description="What becomes of dividends, unless an account says otherwise"
    )
    invest_cash_above: Fraction = Field(
        default=0.01, description="A fraction of the portfolio: idle cash beyond it is invested at a look"
    )
    avoid_wash_sales: bool = Field(
        default=True, description="Whether trades that would make a wash sale are refused"
    )
    min_trade_usd: AtLeastZero = Field(default=0.0, description="The smallest order in US$")
    min_improvement: Fraction = Field(
        default=0.0,
        description="A fraction of the portfolio: what moves less closer to the targets is not rebalanced",
    )
    whole_shares: bool = Field(default=False, description="Whether orders are for whole shares")
    costs: CostsFile = Field(default=CostsFile(), description="What a trade costs")
    execution: ExecutionFile = Field(default=ExecutionFile(), description="How orders are carried out")
    coordinate: bool = Field(
        default=True,
        description="Whether the household holds the targets together; false: each account alone",
    )
    locate: bool = Field(
        default=True,
        description="Whether purchases follow the location ranks; false: they go where the cash is",
    )
    gains: GainLimitsFile = Field(default=GainLimitsFile(), description="Which gains may be realised")
    withdraw: Literal["least_tax", "taxable_first"] = Field(
        default="least_tax", description="Where withdrawals that name no account are paid from"
    )

    def build(self) -> RebalancePolicy:
        """Return the policy."""
        plain: dict[str, Any] = {
            name: getattr(self, name) for name in type(self).model_fields
            if name not in ("name", "triggers", "harvest", "costs", "execution", "gains")
        }  # fmt: skip
        return RebalancePolicy(
            name=self.name or "", triggers=tuple(trigger.build() for trigger in self.triggers),
            harvest=self.harvest.build() if self.harvest else None, costs=self.costs.build(),
            execution=self.execution.build(),
            gains=self.gains.build(), **plain,
        )  # fmt: skip
