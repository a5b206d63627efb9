"""The charts' script for pages that open offline: Vega, Vega-Lite and Vega-Embed in one piece, made once and kept."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def script() -> str:
    """Return JavaScript that defines ``draw(selector, spec, options)``, safe inside a ``<script>`` element.

    Bundling takes a second, so the piece is kept in the user's cache folder, named by the version that made it.
    """
    import vl_convert

    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rebal_kit"
    kept = root / f"draw-{vl_convert.__version__}.js"
    with suppress(OSError, UnicodeDecodeError):
        text = kept.read_text(encoding="utf-8")
        if text.endswith(_END):
            return text
    text = vl_convert.javascript_bundle("window.draw = vegaEmbed;").replace("</script", "<\\/script") + _END
    with suppress(OSError):
        root.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        part.replace(kept)  # whole or not at all, whoever else is writing
    return text


#: Marks a file that was written to its end.
_END = "\n// drawn by rebal_kit\n"
