"""Where prices come from. Only the rim of the package calls this folder; it knows the nouns and `Market`, nothing else.

load         `load_market`: a bundled market by name, a user's file by path, or tickers
bundled      the markets shipped in ``data/prices``
treasury     bond funds computed from the Treasury par curve
table_files  a user's CSV or parquet file as a market
cells        a file as columns of cells, with the row numbers a spreadsheet shows
columns      what each column means
values       cells as dates and numbers; what is wrong with them, each with its place
quotes       rows as one table a field: duplicates, order, currency
sessions     missing sessions: what stands in for them, when there are too many
quality      what looks wrong in a market's prices; nothing is repaired
yahoo        tickers as a market or a quote: cache first, Yahoo Finance for what it lacks
yahoo_refresh, yahoo_history, yahoo_download
             what is asked again and compared; Yahoo's table made raw; the one place that speaks with Yahoo (yfinance)
price_cache  downloaded histories on disk, a parquet file each with its origin, replaced whole or not at all
actions      dividends and splits; undoing split adjustment
"""
