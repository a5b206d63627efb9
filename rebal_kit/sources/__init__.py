"""Where prices come from. Only the rim of the package calls this folder; it knows the nouns and `Market`, nothing else.

load         `load_market`: a bundled market by name, or a user's file by path
bundled      the markets shipped in ``data/prices``
treasury     bond funds computed from the Treasury par curve
table_files  a user's CSV or parquet file as a market
cells        a file as columns of cells, with the row numbers a spreadsheet shows
columns      what each column means
values       cells as dates and numbers; what is wrong with them, each with its place
quotes       rows as one table a field: duplicates, order, currency
sessions     missing sessions: what stands in for them, when there are too many
actions      dividends and splits; undoing split adjustment
"""
