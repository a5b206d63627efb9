"""Which year a sale belongs to.

The window of a wash sale knows no years: after a sale at a loss on 31 December it runs to 30 January
(`rebal_kit.rules.wash_sale.blocked_until`), and a loss disallowed by a purchase in January is disallowed in the
year of the sale. *Not modelled*: short sales, which close on delivery (Reg. §1.1233-1(a)), and constructive sales
(§1259), so that "short against the box" moves no gain; fiscal years.
"""

from __future__ import annotations

from rebal_kit.compiled import compiled
from rebal_kit.rules.holding import year_month_day


@compiled
def tax_year(trade_day: int) -> int:
    """Return the year to which a sale belongs: that of its trade date, whenever it settles.

    *Source*: IRC §453(k)(2) (no instalment reporting of listed securities); Rev. Rul. 93-84 (gains and losses
    alike).

    Parameters
    ----------
    trade_day : int
        Trade date of the sale.
    """
    return year_month_day(trade_day)[0]
