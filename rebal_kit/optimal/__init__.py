"""The optimal plan: which lots to sell and what to buy, so that tax, cost and drift together are least.

Arrays in, trades out; nothing here changes a ledger, and the tax of a plan is asked of the rule book. A reader starts
at `problem` (what is asked), `plan` (what is answered) and `optimise` (the way from one to the other). `offers` says
what may be traded, `tax_shape` how a year's tax becomes linear; `model` writes everything down as rows and columns, in
the parts of `sheet`; `search` finds the best solution with `highs`; `settle` works out what the trades really come to,
`words` says what binds and why nothing is possible, `frontier` asks often.

After Moehle, Kochenderfer, Boyd and Ang, "Tax-aware portfolio construction via convex optimization", Journal of
Optimization Theory and Applications 189, 2021. They relax what is not convex; here it is solved, with a proven gap.
"""
