"""Whatever a figure says, its HTML is two boxes and one script, and every text and number in it is found again."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import numpy as np
import plotly.graph_objects as go
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.reporting import Picture
from workbench.reporting.escaping import plain
from workbench.reporting.figures import HEIGHT_PX, drawn_figure, script_hashes

HOSTILE = "</script><script>alert(1)</script><!-- <script> ]]> \" ' \\ \u2028 \u202e \ud800 {plot_id} {{ 7 * 7 }}"


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")


def drawn_data(html: str) -> Any:
    """The traces that the script hands to plotly."""
    return json.JSONDecoder().raw_decode(html[html.index("[{") :])[0]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="</script>!-\"'\\&{}\n\u2028", max_size=40))
@example(HOSTILE)
def test_any_text_in_a_figure_is_found_again_and_does_not_end_its_script(text: str) -> None:
    made = go.Figure(go.Bar(x=np.array([text, "b"], dtype=object), y=[1, 2], name=text, customdata=[[text], ["c"]]))
    html = drawn_figure(Picture(made, "Bars"), "figure_1")
    html.encode()
    assert Tags(html).found == ["div", "div", "/div", "script", "/script", "/div"]
    [trace] = drawn_data(html)
    assert (trace["name"], trace["x"][0], trace["customdata"][0][0]) == (plain(text, 999),) * 3


def test_many_numbers_are_whole() -> None:
    made = go.Figure(go.Scatter(y=np.arange(30_000) / 7))
    [trace] = drawn_data(drawn_figure(Picture(made, "A line"), "figure_1"))
    assert trace["y"] == made.to_dict()["data"][0]["y"]


def test_a_figure_is_as_wide_as_the_page_and_as_high_as_it_says() -> None:
    assert 'style="height:360px; width:100%;"' in drawn_figure(Picture(go.Figure(layout={"height": 360}), "a"), "b")
    assert f'style="height:{HEIGHT_PX}px; width:100%;"' in drawn_figure(Picture(go.Figure(), "a"), "b")


def test_a_hash_is_given_for_each_script_and_for_nothing_else() -> None:
    both = script_hashes(["<p>a</p><script>alert(1)</script>", "<script>\n2\n</script>"]).split()
    assert both[0] == "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
    assert len(both) == 2
    assert script_hashes(["<p>a</p>"]) == ""
