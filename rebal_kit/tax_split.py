"""What became of a tax saving: deferred, converted to another rate, or permanent. Two sets of yearly figures, compared.

Pure: tables and a `TaxTable` in, tables out. `rebal_kit.tax_alpha` is the front door for two back-tests.
"""

from __future__ import annotations

from itertools import permutations, product
from typing import NamedTuple

import numpy as np
import pandas as pd

from rebal_kit.rules.brackets import Carryover, tax_return
from rebal_kit.rules.law import TaxTable

#: What is read of each run's years, US$; `latent_short` and `latent_long` of the last year only.
NEEDED = (
    "short", "long", "qualified", "ordinary", "exempt", "distributions", "permanent",
    "sheltered_deferred", "sheltered_roth", "latent_short", "latent_long",
)  # fmt: skip
PARTS = ("deferred", "converted", "permanent")


class Resale(NamedTuple):
    """Tax on selling everything on the last day, this run less the other, and where the difference comes from. US$.

    Attributes
    ----------
    tax : float
        The sum of the next four. Negative: this run owes less.
    deferred : float
        What deferred gains bring back at the long-term rate: the total of `deferred`, as far as it came from gains.
    other_gains : float
        Tax at the same rate on gains that one run has made and the other has not: the holdings differed.
    other_rates : float
        What selling all in one year adds to that or takes from it: higher brackets, gains still short-term.
    retirement : float
        On balances of tax-deferred accounts.
    """

    tax: float
    deferred: float
    other_gains: float
    other_rates: float
    retirement: float


def split_by_year(
    table: TaxTable, opening: Carryover, mine: pd.DataFrame, theirs: pd.DataFrame, long_rate: float | None = None
) -> pd.DataFrame:  # fmt: skip
    r"""Split what `mine` saves in tax against `theirs`, year by year; the three parts sum to it.

    Both are returns of the same household, so that only portfolio figures differ: recognised gains, the *kind* of
    income, and its *amount*. The saving is attributed to the three by recomputing every return, carryovers and all,
    with each subset of them exchanged, and averaging over the orders of exchange (the Shapley value, which is exact
    and treats both runs alike). An equal amount of one kind of income for another is a change of kind; what is left
    over is a change of amount.

    With :math:`r` the rate on long-term gains, :math:`\rho` that on withdrawals in retirement and, each year,
    :math:`g, k, a` the saving on gains, kind and amount of income;
    :math:`u` the gains kept off the return (recognised gains of the other less this run's, less what went into
    carryovers); :math:`p` the wash-sale losses lost for good, this run's less the other's; :math:`m` income that moved
    into tax-deferred accounts, taken as no more than what left the return, and :math:`a_m` the saving on it:

    - deferred :math:`= r(u + p) + \rho m`: it comes back when the shares are sold or the account is drawn on;
    - converted :math:`= (g - r u) + k + (a_m - \rho m)`: the same dollars at another rate, now against later or by
      kind. Negative where the later rate is the higher one;
    - permanent :math:`= (a - a_m) - r p`: income that moved to Roth accounts or that one run never had, less
      the tax on losses that no basis takes up. What was saved only because there was less income is no merit of the
      policy and stands apart as *not_earned*, a part of permanent.

    A lost wash-sale loss appears twice: no tax was saved, yet the gain it leaves behind is taxed later (deferred),
    and it is this tax that is lost (permanent).

    *Sources*: deferral and character: Sosner, Krasner and Pyne, "The Tax Benefits of Relaxing the Long-Only
    Constraint", Journal of Wealth Management 21 (2019); kinds of gain and their rates: IRC §1222, §1(h), §1411;
    carryovers: §1212(b); lost losses: Rev. Rul. 2008-5; order: Shorrocks, "Decomposition procedures for
    distributional analysis", Journal of Economic Inequality 11 (2013).
    *Not modelled*: the step-up at death (§1014), which makes deferred tax permanent; the time value of a deferral.
    Gains inside retirement accounts leave no trace on a return: they are in `Resale.retirement` only.

    Parameters
    ----------
    table : TaxTable
    opening : Carryover
        Losses carried into the first year.
    mine, theirs : DataFrame
        The columns `NEEDED`, US$, by tax year; the same years.
    long_rate : float, optional
        :math:`r`; the table's marginal rate on one more dollar of long-term gain when not given.

    Returns
    -------
    DataFrame
        By year, US$: saved, deferred, converted, permanent, and not_earned within it; and what they were made of:
        on_gains, on_kind, on_amount (the saving by cause), kept_off, lost_losses, to_deferred, to_roth, not_had (gains,
        losses and income).
    """
    rate = table.marginal_long if long_rate is None else long_rate
    on_gains, on_kind, on_amount, carried = _causes(table, opening, mine, theirs)

    recognised = _gains(theirs).sum(axis=1) - _gains(mine).sum(axis=1)
    kept_off = recognised - np.diff(carried, prepend=0.0)
    lost = (mine["permanent"] - theirs["permanent"]).to_numpy(np.float64)
    left = _incomes(theirs).sum(axis=1) - _incomes(mine).sum(axis=1)
    to_deferred = _moved(left, _of(mine, theirs, "sheltered_deferred") - _of(mine, theirs, "distributions"))
    to_roth = _moved(left - to_deferred, _of(mine, theirs, "sheltered_roth"))
    not_had = left - to_deferred - to_roth
    rate_saved = _ratio(on_amount, left)
    saved_on_it = to_deferred * rate_saved

    deferred = rate * (kept_off + lost) + table.retirement_rate * to_deferred
    converted = on_gains - rate * kept_off + on_kind + saved_on_it - table.retirement_rate * to_deferred
    permanent = on_amount - saved_on_it - rate * lost
    return pd.DataFrame(
        {
            "saved": on_gains + on_kind + on_amount, "deferred": deferred, "converted": converted,
            "permanent": permanent, "not_earned": rate_saved * not_had,
            "on_gains": on_gains, "on_kind": on_kind, "on_amount": on_amount,
            "kept_off": kept_off, "lost_losses": lost, "to_deferred": to_deferred, "to_roth": to_roth,
            "not_had": not_had,
        },
        index=mine.index,
    )  # fmt: skip


def split_resale(
    table: TaxTable, opening: Carryover, mine: pd.DataFrame, theirs: pd.DataFrame, liquidation_tax: float,
    long_rate: float | None = None,
) -> Resale:  # fmt: skip
    """Say where the difference in tax on selling everything comes from.

    Gains recognised and gains not yet realised sum to what the holdings made (but for losses lost for good), so that
    what is latent beyond the deferred gains was made by different holdings.

    Parameters
    ----------
    table, opening, mine, theirs, long_rate
        As in `split_by_year`.
    liquidation_tax : float
        The further tax if everything were sold on the last day, this run less the other, US$.
    """
    rate = table.marginal_long if long_rate is None else long_rate
    parts = split_by_year(table, opening, mine, theirs, rate)
    latent, carried, on_sale = [], [], []
    for years in (mine, theirs):
        sold = _gains(years)
        last = years[["latent_short", "latent_long"]].to_numpy(np.float64)[-1]
        before, losses = returns_in_sequence(table, opening, sold, _incomes(years))
        sold[-1] += last
        after, _ = returns_in_sequence(table, opening, sold, _incomes(years))
        latent.append(last.sum())
        carried.append(losses[-1])
        on_sale.append(after[-1] - before[-1])
    further = latent[0] - latent[1] - (carried[0] - carried[1])
    kept_off = float((parts["kept_off"] + parts["lost_losses"]).sum())
    sale = on_sale[0] - on_sale[1]
    return Resale(
        tax=liquidation_tax,
        deferred=rate * kept_off,
        other_gains=float(rate * (further - kept_off)),
        other_rates=float(sale - rate * further),
        retirement=float(liquidation_tax - sale),
    )


def returns_in_sequence(
    table: TaxTable, opening: Carryover, gains: np.ndarray, incomes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Settle the household's returns one after the other; return tax and losses carried out, US$.

    The tax is that of the whole return. What the household would pay without the portfolio is the same whatever the
    portfolio did, and falls out of every difference.

    Parameters
    ----------
    table : TaxTable
    opening : Carryover
    gains : ndarray
        (n_years, 2) short- and long-term, US$.
    incomes : ndarray
        (n_years, 4) qualified dividends, interest that states tax, interest that they may not, withdrawals from
        tax-deferred accounts, US$.
    """
    tax, carried = np.zeros(len(gains)), np.zeros(len(gains))
    short, long = float(opening.short), float(opening.long)
    rows = zip(gains.tolist(), incomes.tolist(), strict=True)
    for year, ((own_short, own_long), (qualified, taxed, exempt, withdrawn)) in enumerate(rows):
        settled = tax_return(
            table, withdrawn, own_short + table.outside_short, own_long + table.outside_long, qualified,
            taxed + exempt, exempt, short, long,
        )  # fmt: skip
        short, long = settled.net.carry_short, settled.net.carry_long
        tax[year] = settled.ordinary_tax + settled.gains_tax + settled.niit + settled.state
        carried[year] = short + long
    return tax, carried


def _causes(
    table: TaxTable, opening: Carryover, mine: pd.DataFrame, theirs: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the saving on gains, on the kind and on the amount of income, and the carryovers of mine less theirs."""
    gains = (_gains(theirs), _gains(mine))
    own, other = _incomes(mine), _incomes(theirs)
    exchanged = _exchanged(other, own)
    # By whether the kind, then the amount of income is this run's already.
    incomes = {(0, 0): other, (1, 0): exchanged, (0, 1): other + own - exchanged, (1, 1): own}
    tax, carried = {}, {}
    for corner in product((0, 1), repeat=3):
        settled = returns_in_sequence(table, opening, gains[corner[0]], incomes[corner[1], corner[2]])
        tax[corner], carried[corner] = settled
    orders = list(permutations(range(3)))
    saved = [np.zeros(len(mine)) for _ in range(3)]
    for order in orders:
        at = [0, 0, 0]
        for cause in order:
            before = tax[tuple(at)]
            at[cause] = 1
            saved[cause] += (before - tax[tuple(at)]) / len(orders)
    return saved[0], saved[1], saved[2], carried[1, 1, 1] - carried[0, 0, 0]


def _exchanged(theirs: np.ndarray, mine: np.ndarray) -> np.ndarray:
    """Return their incomes with as many dollars of what they have more of turned into what they have less of."""
    more, less = np.maximum(theirs - mine, 0.0), np.maximum(mine - theirs, 0.0)
    amount = np.minimum(more.sum(axis=1), less.sum(axis=1))
    out, into = _ratio(amount, more.sum(axis=1)), _ratio(amount, less.sum(axis=1))
    turned: np.ndarray = theirs - more * out[:, None] + less * into[:, None]
    return turned


def _gains(years: pd.DataFrame) -> np.ndarray:
    return np.array(years[["short", "long"]], np.float64)


def _incomes(years: pd.DataFrame) -> np.ndarray:
    exempt = years["exempt"]
    kinds = (years["qualified"], years["ordinary"] - exempt, exempt, years["distributions"])
    return np.column_stack(kinds).astype(np.float64)


def _of(mine: pd.DataFrame, theirs: pd.DataFrame, name: str) -> np.ndarray:
    """Return what `mine` has more of a column than `theirs`."""
    return (mine[name] - theirs[name]).to_numpy(np.float64)


def _moved(left: np.ndarray, arrived: np.ndarray) -> np.ndarray:
    """Return how much of what left one place arrived at the other: of the same sign, and no more than left."""
    moved: np.ndarray = np.clip(arrived, np.minimum(left, 0.0), np.maximum(left, 0.0))
    return moved


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    ratio: np.ndarray = np.divide(above, below, out=np.zeros(len(above)), where=below != 0.0)
    return ratio
