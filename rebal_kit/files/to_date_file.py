"""What a household file may hold of the months before its date: losses just taken, and the tax year so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

from pydantic import Field

from rebal_kit.files.fields import Date, Dollars, FileModel, Name, PositiveDollars
from rebal_kit.files.reading import did_you_mean
from rebal_kit.files.yaml_text import Path
from rebal_kit.findings import Finding
from rebal_kit.to_date import LossSale, YearToDate


class LossSaleFile(FileModel):
    """Shares sold at a loss in the 30 days before as_of, as far as no purchase has replaced them."""

    account: Name = Field(description="The name of the account it was sold in")
    symbol: Name = Field(description="A ticker")
    sold: Date = Field(description="The trade date of the sale, as year-month-day")
    quantity: PositiveDollars = Field(
        description="Shares that nothing has replaced yet, counted as on the household's date; 0 where all are replaced"
    )
    loss: PositiveDollars = Field(description="The loss on these shares in US$, as a positive number")
    acquired: Date | None = Field(
        default=None, description="The trade date of their purchase; the day of the sale when not given"
    )
    holding_start: Date | None = Field(
        default=None, description="Start of the holding period, where a wash sale moved it"
    )
    lot: Name = Field(
        default="", description="The name of the lot they came from, where a rest of it is held"
    )

    def build(self) -> LossSale:
        """Return the sale."""
        return LossSale(**{name: getattr(self, name) for name in type(self).model_fields})


class YearToDateFile(FileModel):
    """The tax year of the household's date, so far, in US$."""

    short: Dollars = Field(
        default=0.0, description="Net short-term gain realised, a loss negative, disallowed losses left out"
    )
    long: Dollars = Field(
        default=0.0, description="Net long-term gain realised, a loss negative, disallowed losses left out"
    )
    qualified: PositiveDollars = Field(default=0.0, description="Dividends that are qualified")
    ordinary: PositiveDollars = Field(
        default=0.0, description="Dividends and interest that are not qualified"
    )
    exempt: PositiveDollars = Field(
        default=0.0, description="Dividends and interest among these that states may not tax"
    )
    distributions: PositiveDollars = Field(
        default=0.0, description="What tax-deferred accounts have paid out"
    )
    legacy_gain: Dollars = Field(default=0.0, description="Gains among these on holdings outside the targets")
    tax_owed: Dollars = Field(
        default=0.0,
        description="Tax of the year before that is still to be paid; a refund to come is negative",
    )

    def build(self) -> YearToDate:
        """Return the year so far."""
        return YearToDate(**{name: getattr(self, name) for name in type(self).model_fields})


def misplaced(
    sales: Sequence[LossSaleFile], accounts: Collection[str], as_of: dt.date | None
) -> Iterator[tuple[Path, Finding]]:
    """Find loss sales in accounts that are not there, or after the household's date; with the place of each."""
    for at, sale in enumerate(sales):
        if sale.account not in accounts:
            what, remedy = (
                f"'{sale.account}' is no account of the household",
                did_you_mean(sale.account, accounts),
            )
            yield ("loss_sales", at, "account"), Finding("error", "", what, remedy)
        if as_of is not None and sale.sold > as_of:
            what = f"is {sale.sold}, after the household's as_of {as_of}"
            yield ("loss_sales", at, "sold"), Finding("error", "", what, "check both dates")
