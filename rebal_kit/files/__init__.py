"""Where households and policies come from: YAML and CSV files, checked at the rim and turned into frozen values.

``household`` and ``policy`` are the doors. ``household_file`` and ``policy_file`` say what a file may hold,
``lots_file`` reads tax lots; ``yaml_text``, ``fields`` and ``explain`` make every problem a finding with file, line,
field and remedy.
"""
