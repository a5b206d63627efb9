"""The wash-sale trail: which purchase replaced which loss, and what became of the loss."""

from __future__ import annotations

import pandas as pd

#: US$ that rounding leaves.
_NOTHING = 5e-9

#: What became of a disallowed loss.
IN_BASIS, LOST, UNATTACHED = (
    "in the basis of the replacement",
    "lost for good",
    "in no lot: shares sold before",
)


def trail_of(sold: pd.DataFrame, matches: pd.DataFrame) -> pd.DataFrame:
    """Return losses beside their replacements, in the order of the sales.

    Parameters
    ----------
    sold : DataFrame
        `rebal_kit.playback.Played.sold` with the date of each sale.
    matches : DataFrame
        `rebal_kit.playback.Played.matches`.
    """
    lost = matches["permanent"] > _NOTHING
    fate = pd.Series(IN_BASIS, index=matches.index).mask(~matches["attached"].astype(bool), UNATTACHED)
    loss = sold.reindex(matches["sold"])
    trail = pd.DataFrame(
        {
            "date": loss["date"].to_numpy(),
            "account": loss["account"].to_numpy(),
            "symbol": loss["symbol"].to_numpy(),
            "lot": loss["lot"].to_numpy(),
            "bought": matches["acquired"].to_numpy(),
            "in_account": matches["account"].to_numpy(),
            "in_symbol": matches["symbol"].to_numpy(),
            "in_lot": matches["lot"].to_numpy(),
            "quantity": matches["quantity"].to_numpy(),
            "disallowed": matches["disallowed"].to_numpy(),
            "permanent": matches["permanent"].to_numpy(),
            "fate": fate.mask(lost, LOST).to_numpy(),
            "at": loss["at"].to_numpy(),
        }
    )
    return trail.sort_values(["at", "bought"], kind="stable", ignore_index=True).drop(columns="at")
