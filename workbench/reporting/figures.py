"""Figures as HTML that plotly draws when the page is opened, and the hashes by which a browser knows their scripts.

    Picture ─► its texts made harmless ─► plotly's own HTML: a box and the script that draws in it
    page    ─► plotly.js once ─► SHA-256 of every script ─► Content-Security-Policy: no other script runs

It knows no page.

>>> script_hashes(["<script>alert(1)</script>"])
"'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from workbench.reporting.escaping import plain
from workbench.reporting.record import Picture

HEIGHT_PX = 450  # of a figure that does not say its own
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
# In a closed fold a figure has no width; when the fold opens, it takes the width that is there.
_FITS_WHEN_SHOWN = """
const box = document.getElementById("{plot_id}");
new ResizeObserver(() => {
  if (box.clientWidth && box.clientWidth !== box._fullLayout.width) Plotly.Plots.resize(box);
}).observe(box);
"""


def drawn_figure(picture: Picture, name: str) -> str:
    """The figure in plotly's own HTML, without plotly.js: as wide as the page unless it has a width of its own.

    Args:
        name: the id of its box; one page has each once.
    """
    from plotly.io import to_html

    return str(
        to_html(
            _harmless(picture.figure.to_dict()),
            config={"displaylogo": False, "responsive": False},  # _FITS_WHEN_SHOWN sees the window change too
            full_html=False,
            include_plotlyjs=False,
            post_script=_FITS_WHEN_SHOWN,
            default_height=HEIGHT_PX,
            div_id=name,
            validate=False,  # it was, when the figure was made
        )
    )


def plotly_script() -> str:
    """Plotly.js, to stand in the page once."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def script_hashes(parts: Iterable[str]) -> str:
    """Sources of Content-Security-Policy that allow the scripts in these parts of a page, and no other."""
    scripts = [script for part in parts for script in _SCRIPT.findall(part)]
    return " ".join(f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in scripts)


def _harmless(value: Any) -> Any:
    """Every text of a figure made `plain`; what is drawn is whole. Plotly itself escapes what could end its script."""
    if isinstance(value, str):
        return plain(value, len(value))
    if isinstance(value, dict):
        return {key: _harmless(one) for key, one in value.items()}
    if getattr(getattr(value, "dtype", None), "hasobject", False):  # of numpy's arrays these alone hold texts
        value = value.tolist()
    return [_harmless(one) for one in value] if isinstance(value, (list, tuple)) else value
