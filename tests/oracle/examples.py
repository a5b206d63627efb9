"""Worked examples of what the cases of `tests/cases` leave open, in their words, each reckoned by hand in its comment.

Every example has `readings`: conventions, and what is expected under them.
"""

from __future__ import annotations

from typing import Any

TX = {"TX1": {"kind": "taxable", "owner": "A"}}


def buy(
    date: str, lot: str, quantity: float, price: float, account: str = "TX1", **rest: Any
) -> dict[str, Any]:
    return {
        "date": date, "account": account, "side": "buy", "symbol": "X", "quantity": quantity, "price": price,
        "lot": lot, **rest,
    }  # fmt: skip


def sell(
    date: str, price: float, *lots: tuple[str, float], account: str = "TX1", **rest: Any
) -> dict[str, Any]:
    quantity = sum(shares for _, shares in lots)
    sale = {
        "date": date,
        "account": account,
        "side": "sell",
        "symbol": "X",
        "quantity": quantity,
        "price": price,
    }
    return {**sale, **({"lots": [list(lot) for lot in lots]} if lots else {}), **rest}


def split(date: str, ratio: float) -> dict[str, Any]:
    return {"date": date, "side": "split", "symbol": "X", "ratio": ratio}


def reading(
    conventions: dict[str, Any], sales: list[tuple[Any, ...]], lots: list[tuple[Any, ...]], **totals: float
) -> dict[str, Any]:
    """Sales: lot, shares, gain, disallowed, term. Open lots: lot, shares, basis, holding start."""
    names = "lot", "quantity", "gain", "disallowed", "term"
    left = "lot", "quantity", "basis", "holding_start"
    return {
        "conventions": conventions,
        "disposals": [dict(zip(names, sale, strict=True)) for sale in sales],
        "open_lots": [dict(zip(left, lot, strict=True)) for lot in lots],
        "totals": totals,
    }


# fmt: off
EXAMPLES: list[dict[str, Any]] = [
    {
        # Both lots are inside the window and leave in one order. Row by row: A loses 100 x (10 - 9) = 100,
        # and B, not yet sold, replaces it. B then costs 1,200 + 100 and is sold for 900; its start is 7 days
        # before its purchase.
        "id": "ROW-1",
        "accounts": TX,
        "trades": [
            buy("2025-03-03", "A", 100, 10),
            buy("2025-03-04", "B", 100, 12),
            sell("2025-03-10", 9, ("A", 100), ("B", 100)),
        ],
        "readings": [
            reading({}, [("A", 100, -100, 0, "ST"), ("B", 100, -300, 0, "ST")], [], recognized=-400,
                    disallowed=0),
            reading({"row_level_matching": True}, [("A", 100, -100, 100, "ST"), ("B", 100, -400, 0, "ST")],
                    [], recognized=-400, disallowed=100),
            # Shares sold in the same order have not been sold before it.
            reading({"count_disposed_purchases": True}, [("A", 100, -100, 0, "ST"),
                    ("B", 100, -300, 0, "ST")], [], recognized=-400, disallowed=0, unattached=0),
        ],
    },
    {
        # Only 40 of the 100 B replace A, whose loss is 40: B is sold in two rows. 40 x 9 - (480 + 40) = -160
        # and 60 x (9 - 12) = -180.
        "id": "ROW-2",
        "accounts": TX,
        "trades": [
            buy("2025-03-03", "A", 40, 10),
            buy("2025-03-04", "B", 100, 12),
            sell("2025-03-10", 9, ("A", 40), ("B", 100)),
        ],
        "readings": [
            reading({"row_level_matching": True}, [("A", 40, -40, 40, "ST"), ("B", 40, -160, 0, "ST"),
                    ("B", 60, -180, 0, "ST")], [], recognized=-340, disallowed=40),
        ],
    },
    {
        # C stays and was bought first: it takes 50 of A's loss (1 a share), B, waiting to be sold, the other
        # 50. Row by row B is 50 x 9 - (600 + 50) = -200 and 50 x (9 - 12) = -150; C has no share left that
        # could replace. All at once A has 50 disallowed, and B loses 300. C: A was held from 2024-06-03 to
        # 2025-03-10, 280 days; 280 days before 2025-02-20 is 2024-05-16.
        "id": "ROW-3",
        "accounts": TX,
        "trades": [
            buy("2024-06-03", "A", 100, 10),
            buy("2025-02-20", "C", 50, 12),
            buy("2025-03-04", "B", 100, 12),
            sell("2025-03-10", 9, ("A", 100), ("B", 100)),
        ],
        "readings": [
            reading({}, [("A", 100, -100, 50, "ST"), ("B", 100, -300, 0, "ST")],
                    [("C", 50, 650, "2024-05-16")], recognized=-350, disallowed=50),
            reading({"row_level_matching": True}, [("A", 100, -100, 100, "ST"), ("B", 50, -200, 0, "ST"),
                    ("B", 50, -150, 0, "ST")], [("C", 50, 650, "2024-05-16")], recognized=-350,
                    disallowed=100),
        ],
    },
    {
        # 100 of the 200 L1 replace L0 (loss 500): basis 2,100, start 56 days before 2025-03-05. They are sold
        # for 1,400: -700. The other 100 of L1 are fresh and 15 days old: they replace where a purchase may
        # replace its own worn shares, and cost 1,600 + 700 then; 71 days from 2025-01-08 to 2025-03-20, taken
        # from 2025-03-05.
        "id": "PARENT-1",
        "accounts": TX,
        "trades": [
            buy("2025-01-06", "L0", 100, 20),
            sell("2025-03-03", 15, ("L0", 100)),
            buy("2025-03-05", "L1", 200, 16),
            sell("2025-03-20", 14, ("L1", 100)),
        ],
        "readings": [
            reading({}, [("L0", 100, -500, 500, "ST"), ("L1", 100, -700, 0, "ST")],
                    [("L1", 100, 1600, "2025-03-05")], recognized=-700, disallowed=500),
            reading({"parent_excluded": False}, [("L0", 100, -500, 500, "ST"), ("L1", 100, -700, 700, "ST")],
                    [("L1", 100, 2300, "2024-12-24")], recognized=0, disallowed=1200),
        ],
    },
    {
        # As before, but 60 of the fresh half are sold, for 60 x (14 - 16) = -120: what is left of their own
        # purchase does not replace fresh shares under either reading (Rev. Rul. 56-602).
        "id": "PARENT-2",
        "accounts": TX,
        "trades": [
            buy("2025-01-06", "L0", 100, 20),
            sell("2025-03-03", 15, ("L0", 100)),
            buy("2025-03-05", "L1", 200, 16),
            sell("2025-03-20", 14, ("L1#2", 60)),
        ],
        "readings": [
            reading({"parent_excluded": excluded}, [("L0", 100, -500, 500, "ST"), ("L1", 60, -120, 0, "ST")],
                    [("L1", 100, 2100, "2025-01-08"), ("L1", 40, 640, "2025-03-05")], recognized=-120,
                    disallowed=500)
            for excluded in (True, False)
        ],
    },
    {
        # Two executions of one order cost 600 + 6 + 440 + 4 = 1,050, 10.50 a share: 50 sold for 450 lose 75,
        # and the rest of the purchase replaces nothing. Told apart they cost 10.10 and 11.10 a share: 50 of
        # the first lose 55, and the 40 of the second replace 40 of them: 44 goes into their 444. Start 7 days
        # before 2025-03-03.
        "id": "FILLS-1",
        "accounts": TX,
        "trades": [
            buy("2025-03-03", "L1", 60, 10, fees=6),
            buy("2025-03-03", "L1", 40, 11, fees=4),
            sell("2025-03-10", 9, ("L1", 50)),
        ],
        "readings": [
            reading({}, [("L1", 50, -75, 0, "ST")], [("L1", 50, 525, "2025-03-03")], recognized=-75,
                    disallowed=0),
            reading({"merge_fills": False}, [("L1", 50, -55, 44, "ST")], [("L1", 10, 101, "2025-03-03"),
                    ("L1 (2)", 40, 488, "2025-02-24")], recognized=-11, disallowed=44),
        ],
    },
    {
        # Told apart, a sale of 80 L1 takes 60 x (9 - 10) = -60 and 20 x (9 - 11) = -40. The 20 that stay of
        # the second replace 20 of the first: 20 disallowed, 220 + 20. Together they cost 1,040: 80 x (9 -
        # 10.4) = -112.
        "id": "FILLS-2",
        "accounts": TX,
        "trades": [
            buy("2025-03-03", "L1", 60, 10),
            buy("2025-03-03", "L1", 40, 11),
            sell("2025-03-10", 9, ("L1", 80)),
        ],
        "readings": [
            reading({}, [("L1", 80, -112, 0, "ST")], [("L1", 20, 208, "2025-03-03")], recognized=-112,
                    disallowed=0),
            reading({"merge_fills": False}, [("L1", 60, -60, 20, "ST"), ("L1 (2)", 20, -40, 0, "ST")],
                    [("L1 (2)", 20, 240, "2025-02-24")], recognized=-80, disallowed=20),
        ],
    },
    {
        # 30 of 100 shares (loss 5 each) are replaced in an HSA: 150 lost for good, or nothing at all.
        "id": "KINDS-1",
        "accounts": {**TX, "HSA": {"kind": "hsa", "owner": "A"}},
        "trades": [
            buy("2025-01-06", "L1", 100, 20),
            sell("2025-03-10", 15, ("L1", 100)),
            buy("2025-03-14", "H1", 30, 15.5, "HSA"),
        ],
        "readings": [
            reading({}, [("L1", 100, -500, 150, "ST")], [("H1", 30, 465, "2025-03-14")], recognized=-350,
                    disallowed=150, permanent=150),
            reading({"ignore_account_types": ["hsa"]}, [("L1", 100, -500, 0, "ST")],
                    [("H1", 30, 465, "2025-03-14")], recognized=-500, disallowed=0, permanent=0),
        ],
    },
    {
        # 100 shares lose 10 each; two for one makes them 200 that lose 5 each. 120 new shares replace 60 old
        # ones: 600 into 2,520. 273 days from 2024-06-03 to 2025-03-03, taken from 2025-03-17: 2024-06-17.
        "id": "SPLIT-1",
        "accounts": TX,
        "trades": [
            buy("2024-06-03", "L0", 100, 50),
            sell("2025-03-03", 40, ("L0", 100)),
            split("2025-03-10", 2),
            buy("2025-03-17", "L1", 120, 21),
        ],
        "readings": [
            reading({}, [("L0", 100, -1000, 600, "ST")], [("L1", 120, 3120, "2024-06-17")], recognized=-400,
                    disallowed=600),
        ],
    },
    {
        # 20 L1 for 840 are 40 when 200 L0 are sold at 20 - 25 = -5 each: 200 disallowed, into 840. Held 280
        # days, from 2024-06-03 to 2025-03-10; 280 days before 2025-02-24 is 2024-05-20. One for four leaves
        # 10 shares for 1,040, of which 5 are sold for 5 x 90 - 520 = -70.
        "id": "SPLIT-2",
        "accounts": TX,
        "trades": [
            buy("2024-06-03", "L0", 100, 50),
            buy("2025-02-24", "L1", 20, 42),
            split("2025-03-03", 2),
            sell("2025-03-10", 20, ("L0", 200)),
            split("2025-03-20", 0.25),
            sell("2025-06-02", 90, ("L1", 5)),
        ],
        "readings": [
            reading({}, [("L0", 200, -1000, 200, "ST"), ("L1", 5, -70, 0, "LT")],
                    [("L1", 5, 520, "2024-05-20")], recognized=-870, disallowed=200),
        ],
    },
    {
        # 20 C, bought inside the window, are sold again; two for one would have made them 40. A's 200 new shares
        # lose 2 each: by the letter "has acquired" 40 of them are replaced, and no lot carries the 80.
        "id": "SPLIT-3",
        "accounts": TX,
        "trades": [
            buy("2025-01-02", "A", 100, 20),
            buy("2025-02-20", "C", 20, 18),
            sell("2025-03-03", 18, ("C", 20)),
            split("2025-03-05", 2),
            sell("2025-03-10", 8, ("A", 200)),
        ],
        "readings": [
            reading({}, [("C", 20, 0, 0, "ST"), ("A", 200, -400, 0, "ST")], [], recognized=-400, disallowed=0),
            reading({"count_disposed_purchases": True}, [("C", 20, 0, 0, "ST"), ("A", 200, -400, 80, "ST")], [],
                    recognized=-320, disallowed=80, permanent=0, unattached=80),
        ],
    },
    {
        # L loses 3 a share, and 50 of the 100 C replace it: +150, start 20 days before 2024-11-01. The
        # position is then 200 shares, 2,400 paid and 150 added: 12.75 each. 100 A are sold for 1,500 - 1,275
        # = 225, long-term; 20 of the adjusted C for 300 - 255 = 45. 80 shares carry 0.75 each on.
        "id": "AVERAGE-1",
        "accounts": TX,
        "trades": [
            buy("2023-01-03", "A", 100, 10),
            buy("2024-10-01", "L", 50, 18),
            sell("2024-10-21", 15, ("L", 50)),
            buy("2024-11-01", "C", 100, 14),
            sell("2025-03-03", 15, quantity=120, lot_method="average"),
        ],
        "readings": [
            reading({}, [("L", 50, -150, 150, "ST"), ("A", 100, 225, 0, "LT"), ("C", 20, 45, 0, "ST")],
                    [("C", 30, 382.5, "2024-10-12"), ("C", 50, 637.5, "2024-11-01")], recognized=270,
                    disallowed=150, deferred=60),
        ],
    },
    {
        # The sale at the average of 12 loses 100 x 2 = 200 on A; C, bought inside the window and fresh,
        # replaces it: 1,200 + 200. Held 805 days, from 2023-01-03 to 2025-03-18; 805 days before 2025-03-03
        # is 2022-12-19.
        "id": "AVERAGE-2",
        "accounts": TX,
        "trades": [
            buy("2023-01-03", "A", 100, 10),
            buy("2025-03-03", "C", 100, 14),
            sell("2025-03-18", 10, quantity=100, lot_method="average"),
        ],
        "readings": [
            reading({}, [("A", 100, -200, 200, "LT")], [("C", 100, 1400, "2022-12-19")], recognized=0,
                    disallowed=200),
        ],
    },
    {
        # P (5 a share, 56 days) and Q (3 a share, 53 days) are replaced by 30 R each; 40 R are fresh. Of the
        # second piece 10 are sold for 240 - 230, of the third 5 for 120 - 100.
        "id": "PIECES-1",
        "accounts": TX,
        "trades": [
            buy("2025-01-06", "P", 30, 30),
            buy("2025-01-10", "Q", 30, 28),
            sell("2025-03-03", 25, ("P", 30)),
            sell("2025-03-04", 25, ("Q", 30)),
            buy("2025-03-05", "R", 100, 20),
            sell("2025-05-05", 24, ("R#2", 10), ("R#3", 5)),
        ],
        "readings": [
            reading({}, [("P", 30, -150, 150, "ST"), ("Q", 30, -90, 90, "ST"), ("R", 10, 10, 0, "ST"),
                    ("R", 5, 20, 0, "ST")], [("R", 30, 750, "2025-01-08"), ("R", 20, 460, "2025-01-11"),
                    ("R", 35, 700, "2025-03-05")], recognized=30, disallowed=240),
        ],
    },
    {
        # A loses 5 a share on 2025-03-10. By the letter "has acquired": 30 in the IRA, sold meanwhile, 150
        # lost for good; 40 C, sold meanwhile, 200 that no lot carries; 30 of the 50 D, 150 into 450.
        # Otherwise 50 D, 250 into 750. 67 days from 2025-01-02 to 2025-03-10, taken from 2025-03-12:
        # 2025-01-04.
        "id": "DISPOSED-1",
        "accounts": {**TX, "IRA1": {"kind": "ira", "owner": "A"}},
        "trades": [
            buy("2025-01-02", "A", 100, 20),
            buy("2025-02-18", "I", 30, 18, "IRA1"),
            buy("2025-02-20", "C", 40, 18),
            sell("2025-02-25", 18, ("I", 30), account="IRA1"),
            sell("2025-03-03", 19, ("C", 40)),
            sell("2025-03-10", 15, ("A", 100)),
            buy("2025-03-12", "D", 50, 15),
        ],
        "readings": [
            reading({}, [("C", 40, 40, 0, "ST"), ("A", 100, -500, 250, "ST")],
                    [("D", 50, 1000, "2025-01-04")], recognized=-210, disallowed=250, permanent=0,
                    unattached=0),
            reading({"count_disposed_purchases": True}, [("C", 40, 40, 0, "ST"),
                    ("A", 100, -500, 500, "ST")], [("D", 30, 600, "2025-01-04"),
                    ("D", 20, 300, "2025-03-12")], recognized=40, disallowed=500, permanent=150,
                    unattached=200, deferred=150),
        ],
    },
    {
        # Of 50 S in the spouse's account 20 were sold before; 30 are there. A's 40 shares lose 5 each. The 30
        # that are there come first, then 10 of those sold: 150 into 540, 50 without a lot; or 200 lost for
        # good. 67 days, taken from 2025-02-20: 2024-12-15.
        "id": "DISPOSED-2",
        "accounts": {**TX, "SP": {"kind": "taxable", "owner": "B"}},
        "trades": [
            buy("2025-01-02", "A", 40, 20),
            buy("2025-02-20", "S", 50, 18, "SP"),
            sell("2025-03-03", 18, ("S", 20), account="SP"),
            sell("2025-03-10", 15, ("A", 40)),
        ],
        "readings": [
            reading({"count_disposed_purchases": True}, [("S", 20, 0, 0, "ST"), ("A", 40, -200, 200, "ST")],
                    [("S", 30, 690, "2024-12-15")], recognized=0, disallowed=200, permanent=0, unattached=50),
            reading({"count_disposed_purchases": True, "spouse_basis": "permanent"}, [("S", 20, 0, 0, "ST"),
                    ("A", 40, -200, 200, "ST")], [("S", 30, 540, "2025-02-20")], recognized=0,
                    disallowed=200, permanent=200, unattached=0),
        ],
    },
    {
        # Both bought on one day, A first in the file. B loses 200. A is older by the order in the file. 7
        # days, taken from 2025-03-03.
        "id": "OLDER-1",
        "accounts": TX,
        "trades": [
            buy("2025-03-03", "A", 100, 10),
            buy("2025-03-03", "B", 100, 11),
            sell("2025-03-10", 9, ("B", 100)),
        ],
        "readings": [
            reading({}, [("B", 100, -200, 200, "ST")], [("A", 100, 1200, "2025-02-24")], recognized=0,
                    disallowed=200),
            reading({"ignore_lots_older_than_sold_lot": True}, [("B", 100, -200, 0, "ST")],
                    [("A", 100, 1000, "2025-03-03")], recognized=-200, disallowed=0),
        ],
    },
    {
        # The old date of L0 is taken over by L1 (bought after the sale), but L2, bought earlier, keeps its
        # own: L0 is bought on 2025-03-05 and L2 on 2025-03-03. 10 L0 lose 2 each: 5 L2 first, then 5 L1.
        # Tacking adds 5 days (2025-03-05 to 2025-03-10) to each.
        "id": "HOLDING-1",
        "accounts": TX,
        "trades": [
            buy("2025-03-03", "L2", 5, 10),
            buy("2025-03-05", "L0", 10, 11),
            sell("2025-03-10", 9, ("L0", 10)),
            buy("2025-03-12", "L1", 5, 9),
        ],
        "readings": [
            reading({"holding": holding}, [("L0", 10, -20, 20, "ST")], [("L2", 5, 60, older),
                    ("L1", 5, 55, newer)], recognized=0, disallowed=20)
            for holding, older, newer in (
                ("tacking", "2025-02-26", "2025-03-07"),
                ("replacement_method", "2025-03-03", "2025-03-05"),
            )
        ],
    },
]
# fmt: on
