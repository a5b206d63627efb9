"""The income tax of a whole return, and what one more dollar of each kind costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from rebal_kit.checking import check_choice, check_kind, check_number, is_number
from rebal_kit.findings import Finding, LawError, raise_errors
from rebal_kit.rules.brackets import tax_return
from rebal_kit.rules.law import known_filings, known_years, load_law, tax_table
from rebal_kit.rules.marginal import MarginalRates, rates_of_a_dollar
from rebal_kit.tax_profile import FilingStatus, TaxProfile

_WHERE = "income tax"
_STANDARD: Final = "standard"
#: What a profile says, by the name of the argument that says it without one.
_IN_THE_PROFILE = {
    "year": "law_year",
    "filing": "filing",
    "wages": "ordinary_income",
    "carry_in_st": "carryover_short",
    "carry_in_lt": "carryover_long",
}


@dataclass(frozen=True, repr=False)
class IncomeTax:
    """The tax of one return, US$. Short- and long-term are spelt st and lt.

    Attributes
    ----------
    year : int
    filing : {'single', 'mfj', 'mfs', 'hoh'}
    agi : float
        Adjusted gross income (Form 1040 line 11).
    taxable_income : float
        After the standard deduction, not below zero (line 15). With flat rates: what they are on.
    ordinary_taxable : float
        The part of it taxed as ordinary income.
    at_0, at_15, at_20 : float
        The other part, net long-term gain and qualified dividends, by rate. All 0 with flat rates.
    ordinary_tax, pref_tax : float
        Tax on the two parts. The second never exceeds what ordinary rates would take (§1(h)(1)), so that it may be
        less than `at_15` and `at_20` at their rates.
    income_tax : float
        Both (line 16).
    niit_base, niit : float
        Net investment income as far as it is taxed, and the tax on it (Form 8960 lines 16 and 17).
    state : float
        The profile's flat state rate on gains and dividends; the state's tax on wages is not in it.
    total : float
        `income_tax`, `niit` and `state`.
    net_st, net_lt, net : float
        Gains after the losses carried in, and their sum (Schedule D lines 7, 15, 16); losses are negative.
    taxed_as_st, taxed_as_lt : float
        Net gain taxed as ordinary income and at the rates for long-term gains.
    loss_deduction : float
        Net loss deducted from other income, positive (line 21).
    carry_st, carry_lt : float
        Losses carried to next year, positive.
    sources : tuple of str
        Where the law's numbers stand.
    """

    year: int
    filing: FilingStatus
    agi: float
    taxable_income: float
    ordinary_taxable: float
    at_0: float
    at_15: float
    at_20: float
    ordinary_tax: float
    pref_tax: float
    income_tax: float
    niit_base: float
    niit: float
    state: float
    total: float
    net_st: float
    net_lt: float
    net: float
    taxed_as_st: float
    taxed_as_lt: float
    loss_deduction: float
    carry_st: float
    carry_lt: float
    sources: tuple[str, ...]

    def __repr__(self) -> str:
        amounts = {
            item.name: getattr(self, item.name)
            for item in fields(self)
            if item.name not in ("year", "filing", "sources")
        }
        # a nought that was subtracted from is none below zero
        lines = [f"  {name:<17}{round(amount, 2) + 0.0:>16,.2f}" for name, amount in amounts.items()]
        return "\n".join([f"IncomeTax {self.year} {self.filing}, US$", *lines])


def income_tax(
    profile: TaxProfile | None = None,
    *,
    year: int | None = None,
    filing: FilingStatus | None = None,
    wages: float | None = None,
    net_st: float = 0.0,
    net_lt: float = 0.0,
    qualified_dividends: float = 0.0,
    ordinary_dividends: float = 0.0,
    carry_in_st: float | None = None,
    carry_in_lt: float | None = None,
    deduction: float | Literal["standard"] = _STANDARD,
) -> IncomeTax:
    """Settle a whole federal return, by the function that settles every year of a back-test.

    *Source*: IRC §1(h), (j), §63(c), §1211(b), §1212(b), §1411; Form 1040 lines 1–16, Schedule D with its Capital
    Loss Carryover Worksheet, Qualified Dividends and Capital Gain Tax Worksheet, Form 8960. *Not modelled*:
    alternative minimum tax, credits, itemised deductions but for the amount given, payroll tax on wages, phase-outs,
    §199A, the 25 % and 28 % rates, the additional deduction of the aged and blind, local tax.

    Parameters
    ----------
    profile : TaxProfile, optional
        Gives year, filing status, wages, gains from outside, losses carried in and the state rate; `net_st` and
        `net_lt` are then on top of the gains from outside. With flat rates only gains, dividends and the loss deducted
        are taxed, at these rates.
    year : int
        2024, 2025 or 2026.
    filing : {'single', 'mfj', 'mfs', 'hoh'}
    wages : float, default 0
        And other income that is neither a gain nor from investments, US$; a loss is negative.
    net_st, net_lt : float
        The year's recognised net short- and long-term gains, US$; losses are negative.
    qualified_dividends : float
        US$.
    ordinary_dividends : float
        Dividends that are *not* qualified, and interest, US$. Line 3b of Form 1040 has the qualified ones in it;
        leave them out here.
    carry_in_st, carry_in_lt : float, default 0
        Losses carried in, US$ and positive.
    deduction : 'standard' or float
        Or the itemised deductions, US$.

    Returns
    -------
    IncomeTax

    Raises
    ------
    LawError
        The year or the status is not known, an amount is none, or something is said twice; all findings at once.

    Examples
    --------
    >>> income_tax(year=2025, filing="single", wages=45_750, net_lt=20_000).total
    3609.0
    """
    named: dict[str, Any] = {
        "year": year,
        "filing": filing,
        "wages": wages,
        "carry_in_st": carry_in_st,
        "carry_in_lt": carry_in_lt,
    }
    named = {name: value for name, value in named.items() if value is not None}
    amounts = {"net_st": net_st, "net_lt": net_lt}
    dividends = {"qualified_dividends": qualified_dividends, "ordinary_dividends": ordinary_dividends}
    found = [
        *(_check_alone(named) if profile is None else _check_profile(profile, named)),
        *_check_amounts(amounts, dividends, named),
        *_check_deduction(profile, deduction),
    ]
    raise_errors(LawError, found)
    if profile is None:
        profile = TaxProfile(**{_IN_THE_PROFILE[name]: value for name, value in named.items()})

    law, table = load_law(profile.law_year, profile.filing), tax_table(profile)
    if not isinstance(deduction, str):
        table = table._replace(standard_deduction=float(deduction))
    settled = tax_return(
        table, 0.0, table.outside_short + float(net_st), table.outside_long + float(net_lt),
        float(qualified_dividends), float(ordinary_dividends), 0.0,
        float(profile.carryover_short), float(profile.carryover_long),
    )  # fmt: skip
    on_income = settled.ordinary_tax + settled.gains_tax
    return IncomeTax(
        year=law.year,
        filing=law.filing,
        agi=settled.adjusted_gross_income,
        taxable_income=settled.taxable_income,
        ordinary_taxable=settled.ordinary_taxable,
        at_0=settled.at_lowest,
        at_15=settled.at_middle,
        at_20=settled.at_highest,
        ordinary_tax=settled.ordinary_tax,
        pref_tax=settled.gains_tax,
        income_tax=on_income,
        niit_base=settled.niit_base,
        niit=settled.niit,
        state=settled.state,
        total=on_income + settled.niit + settled.state,
        net_st=settled.net.net_short,
        net_lt=settled.net.net_long,
        net=settled.net.net,
        taxed_as_st=settled.net.taxed_short,
        taxed_as_lt=settled.net.taxed_long,
        loss_deduction=settled.net.deduction,
        carry_st=settled.net.carry_short,
        carry_lt=settled.net.carry_long,
        sources=law.sources,
    )


def marginal_rates(profile: TaxProfile) -> MarginalRates:
    """Return the tax on one more dollar of each kind on top of a profile: the return with it less without it.

    A rate is often none of the brackets':

    - An ordinary dollar takes room below a gain. Where that gain lies at the edge, it pushes a dollar of gain from 0
      to 15 %: 12 % + 15 % = 27 %, or from 15 to 20 %: 5 points on top.
    - Above the threshold wages too cost the net investment income tax, as long as investment income is not yet taxed
      in full: they are no investment income, but adjusted gross income.
    - Between the edge of the 0 % rate and that of the 12 % bracket a long-term dollar costs 12 %, not 15 %.
    - A dollar within the standard deduction costs nothing.
    - A dollar of gain that meets a loss, from outside or carried in, costs nothing this year, or what the deduction
      of that loss from other income would have saved: so small a loss makes a long-term gain as dear as wages. What a
      harvest is worth to the engine leaves such losses out (`TaxTable.marginal_short`, `TaxTable.marginal_long`).
    - A profile with flat rates has these and the state's.

    *Source*: as `income_tax`. The state's rate is the profile's, flat, on every kind.

    Parameters
    ----------
    profile : TaxProfile

    Returns
    -------
    MarginalRates
        Of each kind `federal` (with the net investment income tax), `state` and `total`, as fractions.

    Raises
    ------
    LawError
        `profile` is none, or its year is not known.

    Examples
    --------
    >>> profile = TaxProfile("single", 2025, ordinary_income=55_750, outside_long=20_000)
    >>> marginal_rates(profile).ordinary_income.federal
    0.27
    """
    raise_errors(LawError, _check_profile(profile, {}))
    table = tax_table(profile)
    return rates_of_a_dollar(
        table, table.outside_short, table.outside_long,
        float(profile.carryover_short), float(profile.carryover_long),
    )  # fmt: skip


def _check_alone(named: dict[str, Any]) -> Iterator[Finding]:
    years = ", ".join(map(str, known_years()))
    if "year" not in named:
        yield Finding("error", _WHERE, "year is not given", f"give {years}, or a tax profile")
    elif not is_number(named["year"]) or named["year"] not in known_years():
        yield Finding("error", _WHERE, f"year is {named['year']!r}", f"use {years}")
    if "filing" not in named:
        remedy = f"give {', '.join(known_filings())}, or a tax profile"
        yield Finding("error", _WHERE, "filing is not given", remedy)
    else:
        remedy = f"use {', '.join(known_filings())}"
        yield from check_choice(_WHERE, "filing", named["filing"], known_filings(), remedy)


def _check_profile(profile: Any, named: dict[str, Any]) -> Iterator[Finding]:
    yield from check_kind(_WHERE, "profile", profile, TaxProfile, "make it with TaxProfile(…)")
    if not isinstance(profile, TaxProfile):
        return
    if profile.law_year not in known_years():
        remedy = f"use {', '.join(map(str, known_years()))}"
        yield Finding("error", "tax profile", f"law_year is {profile.law_year}", remedy)
    for name, value in named.items():
        said = getattr(profile, _IN_THE_PROFILE[name])
        what = f"{name} is {value!r}, but the profile says {_IN_THE_PROFILE[name]} {said!r}"
        yield Finding("error", _WHERE, what, "leave it out, or change the profile")


def _check_amounts(
    gains: dict[str, Any], dividends: dict[str, Any], named: dict[str, Any]
) -> Iterator[Finding]:
    for name, value in gains.items():
        yield from check_number(_WHERE, name, value, "give US$; a loss is negative")
    for name, value in dividends.items():
        yield from check_number(_WHERE, name, value, "give US$, 0 or more", least=0)
    if "wages" in named:
        yield from check_number(_WHERE, "wages", named["wages"], "give US$; a loss is negative")
    for name in ("carry_in_st", "carry_in_lt"):
        if name in named:
            remedy = "give a loss carried in as a positive number"
            yield from check_number(_WHERE, name, named[name], remedy, least=0)


def _check_deduction(profile: TaxProfile | None, deduction: Any) -> Iterator[Finding]:
    if isinstance(deduction, str):
        yield from check_choice(_WHERE, "deduction", deduction, (_STANDARD,), "give 'standard' or US$")
        return
    yield from check_number(_WHERE, "deduction", deduction, "give 'standard' or US$, 0 or more", least=0)
    if isinstance(profile, TaxProfile) and profile.flat is not None:
        what = f"deduction is {deduction!r}, but the profile has flat rates"
        yield Finding("error", _WHERE, what, "leave it out: flat rates know no deduction")
