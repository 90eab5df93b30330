"""Thinking is told from the answer, wherever the stream cuts the tags."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workbench.models.thinking import Split, ThinkSplitter


def split(*chunks: str) -> Split:
    splitter = ThinkSplitter()
    parts = [splitter.feed(chunk) for chunk in chunks] + [splitter.finish()]
    return Split("".join(part.text for part in parts), "".join(part.thinking for part in parts))


@given(st.text("<think>/ \na", max_size=40), st.lists(st.integers(0, 40), max_size=5))
def test_where_the_chunks_are_cut_makes_no_difference(reply: str, cuts: list[int]) -> None:
    borders = [0, *sorted(min(cut, len(reply)) for cut in cuts), len(reply)]
    chunks = [reply[start:end] for start, end in pairwise(borders)]
    assert split(*chunks) == split(reply)


@given(st.text().filter(lambda reply: not reply.lstrip().startswith("<think>")))
def test_a_reply_without_an_opening_tag_is_untouched(reply: str) -> None:
    assert split(*reply) == Split(reply, "")


def test_blank_space_between_thinking_and_answer_is_dropped() -> None:
    assert split("<think>hm</think>\n\n", " Yes ") == Split("Yes ", "hm")


def test_a_later_tag_belongs_to_the_answer() -> None:
    assert split("<think>a</think>b <think>c</think>") == Split("b <think>c</think>", "a")


def test_thinking_that_never_ends_is_not_an_answer() -> None:
    assert split("<think>on and", " on") == Split("", "on and on")
