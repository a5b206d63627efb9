"""What people look at: charts, tables, the offline page and still pictures.

Nothing here calculates results: every figure comes from `backtest`; a view only picks, thins, labels and draws.
"""
