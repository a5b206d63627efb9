"""Where households, policies and ledgers come from: YAML and CSV files, checked at the rim, turned into frozen values.

``household``, ``policy`` and ``ledger_file`` are the doors. ``household_file`` and ``policy_file`` say what a file may
hold, ``lots_file`` reads tax lots; ``yaml_text``, ``csv_text``, ``fields`` and ``explain`` make every problem a finding
with file, line, field and remedy.

Brokers' files come in by ``household_import``, or by the ``holdings`` of a household file. ``schwab``, ``fidelity``,
``vanguard`` and ``interactive_brokers`` are tables of layouts (``dialect``); ``broker_tables`` cuts a file by them,
``broker_csv`` and ``ofx`` read it into statements (``statement``), one an account. ``broker_accounts`` gives each to an
account, ``account_filling`` makes lots of it, ``reconcile`` and ``lot_checks`` say what cannot be right.
"""
