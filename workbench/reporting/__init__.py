"""Reports: one record in, one Markdown page and one self-contained HTML page out.

`record` is what a page says, `pages` turns it into text, `figures` lets plotly draw in it, `writing` puts it on the
disk; `escaping` makes strings harmless. It does not know what was learned or evolved.

>>> page = Page("Cycle 3", "Promoted: +9 points", ["It learned dates."], [], now, "workbench learn", ["Nothing to do."])
>>> write_page(page, Path("reports/cycle-3"))                             # doctest: +SKIP
"""

from workbench.reporting.pages import to_html, to_markdown
from workbench.reporting.record import Block, Fold, Page, Picture, Section, Table, Verbatim
from workbench.reporting.writing import Written, write_page

__all__ = [
    "Block",
    "Fold",
    "Page",
    "Picture",
    "Section",
    "Table",
    "Verbatim",
    "Written",
    "to_html",
    "to_markdown",
    "write_page",
]
