"""Where households, policies and ledgers come from: YAML and CSV files, checked at the rim, turned into frozen values.

``household``, ``policy`` and ``ledger_file`` are the doors. ``household_file`` and ``policy_file`` say what a file may
hold, ``lots_file`` reads tax lots; ``yaml_text``, ``csv_text``, ``fields`` and ``explain`` make every problem a finding
with file, line, field and remedy.
"""
