"""Is a loss worth taking. Whether a wash sale would follow is asked in `rebal_kit.rules.wash_sale`."""

from __future__ import annotations

from rebal_kit.compiled import compiled


@compiled
def qualifies(basis: float, value: float, min_loss_pct: float, min_loss_usd: float) -> bool:
    """Say whether a lot has lost enough, in percent AND in dollars; a loss of exactly the minimum is enough.

    A lot at cost or at a gain never qualifies, even with both minima at 0.

    Parameters
    ----------
    basis, value : float
        Adjusted basis and market value of the whole lot, US$.
    min_loss_pct : float
        Fraction of basis.
    min_loss_usd : float
        US$.
    """
    loss = basis - value
    return loss > 0.0 and loss >= min_loss_pct * basis and loss >= min_loss_usd


@compiled
def qualifying_price(basis: float, quantity: float, min_loss_pct: float, min_loss_usd: float) -> float:
    """Return the price per share, net of cost, at or below which a lot can qualify.

    Parameters
    ----------
    basis : float
        Adjusted basis of the whole lot, US$.
    quantity : float
        Shares.
    min_loss_pct, min_loss_usd : float
        As in `qualifies`.
    """
    return (basis - max(min_loss_pct * basis, min_loss_usd)) / quantity


@compiled
def tax_saved(loss: float, rate: float, cost: float) -> float:
    """Return what a loss saves in tax now, net of the cost of trading, US$; negative when it costs more.

    An upper bound: the basis given up is taxed later, and a loss beyond the year's gains is worth only what
    the limit of IRC §1211(b) lets it offset. `rebal_kit.rules.brackets.year_tax` settles what it was worth in
    the end.

    Parameters
    ----------
    loss : float
        US$, positive.
    rate : float
        Marginal rate of the gain that it offsets (`TaxTable.marginal_short`, `TaxTable.marginal_long`).
    cost : float
        Of the sale and of the purchase that replaces it, US$.
    """
    return loss * rate - cost
