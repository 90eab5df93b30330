from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.full_disk import files_at_most
from workbench.core.checkers import CHECKERS
from workbench.core.errors import ExamplesError
from workbench.core.examples import Example, Origin, example
from workbench.core.records import Message
from workbench.corpus.jsonl import LONGEST_LINE_BYTES, BadLine, read_examples, write_examples

GOOD = {"prompt": "What is 2 + 2?", "answer": "4"}


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "mine.jsonl"
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def reason(folder: Path, line: Any) -> str:
    """Why a line is bad; a good one stands beside it and is kept."""
    reading = read_examples(written(folder, GOOD, line))
    assert len(reading.examples) == 1
    [bad] = reading.bad
    assert bad.number == 2
    return bad.reason


def test_every_field_of_a_line_arrives(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    line = {"messages": messages, "answer": "Hello!", "skill": "greet", "check": "contains", "weight": 2}
    [one] = read_examples(written(tmp_path, line)).examples
    assert one == Example(
        (Message("system", "Be brief."), Message("user", "Hi")), "Hello!", skill="greet", check="contains", weight=2.0
    )
    assert one.origin.source == "file"
    assert one.origin.place == {"file": "mine.jsonl", "line": "1"}


def test_what_is_left_out_takes_its_default(tmp_path: Path) -> None:
    [one] = read_examples(written(tmp_path, GOOD)).examples
    assert (one.prompt, one.skill, one.check, one.weight) == ("What is 2 + 2?", "general", "exact", 1.0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "not an object"),
        ("[" * 100_000, "nested too deep"),
        ('{"prompt": "a", "prompt": "b", "answer": "c"}', "'prompt' stands there twice"),
        ({"prompt": "a", "messages": [], "answer": "b"}, "not both"),
        ({"answer": "b"}, "either 'prompt' or 'messages'"),
        ({"prompt": "a"}, "'answer' is missing"),
        ({"prompt": "a", "answer": " \n"}, "'answer' is blank"),
        ({"prompt": "a", "answer": 4}, "'answer' must be text"),
        ({"prompt": None, "answer": "b"}, "'prompt' must be text"),
        ({**GOOD, "colour": "red"}, "'colour' is no key"),
        ({**GOOD, "check": "fuzzy"}, "'check' must be one of"),
        ({**GOOD, "check": ["exact"]}, "'check' must be one of"),
        ('{"prompt": "a", "answer": "b", "weight": NaN}', "above 0 and finite"),
        ('{"prompt": "a", "answer": "b", "weight": 1e999}', "above 0 and finite"),
        (f'{{"prompt": "a", "answer": "b", "weight": 1{"0" * 400}}}', "finite"),
        (f'{{"prompt": "a", "answer": "b", "weight": 1{"0" * 5000}}}', "too long"),
        ({**GOOD, "weight": 0}, "above 0 and finite"),
        ({**GOOD, "weight": True}, "must be a number"),
        ({**GOOD, "weight": "2"}, "must be a number"),
        ({"prompt": "a\0b", "answer": "c"}, "NUL"),
        ({"prompt": "a", "answer": "\ud800"}, "surrogate"),
        ({"messages": "Hi", "answer": "b"}, "must be a list"),
        ({"messages": ["Hi"], "answer": "b"}, "'role' and 'content'"),
        ({"messages": [{"role": "wizard", "content": "x"}], "answer": "b"}, "a role must be one of"),
        ({"messages": [{"role": ["user"], "content": "x"}], "answer": "b"}, "a role must be one of"),
        ({"messages": [{"role": "assistant", "content": "x"}], "answer": "b"}, "the last of 'messages'"),
        (
            {"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "y"}] * 2, "answer": "b"},
            "the last of 'messages'",
        ),
        (
            {"messages": [{"role": r, "content": "x"} for r in ("user", "system", "user")], "answer": "b"},
            "only the first",
        ),
    ],
)
def test_a_bad_line_is_kept_with_its_number_and_reason(tmp_path: Path, line: Any, why: str) -> None:
    assert why in reason(tmp_path, line)


def test_a_line_that_is_too_long_is_passed_over_without_being_read_whole(tmp_path: Path) -> None:
    long = {"prompt": "x" * (3 * LONGEST_LINE_BYTES), "answer": "b"}
    reading = read_examples(written(tmp_path, long, GOOD, {**GOOD, "answer": "four"}))
    assert reading.bad == (BadLine(1, "it is longer than 1 MiB"),)
    assert [one.origin.place["line"] for one in reading.examples] == ["2", "3"]


def test_duplicates_are_dropped_and_counted_and_the_first_stays(tmp_path: Path) -> None:
    reading = read_examples(written(tmp_path, GOOD, {**GOOD, "skill": "add"}, "", {**GOOD, "check": "number"}))
    assert reading.duplicates == 1
    assert [(one.skill, one.check) for one in reading.examples] == [("general", "exact"), ("general", "number")]


def test_a_prompt_with_two_answers_is_kept_and_reported_as_a_contradiction(tmp_path: Path) -> None:
    other = {"prompt": "What is 3 + 3?", "answer": "6"}
    reading = read_examples(written(tmp_path, GOOD, other, {**GOOD, "answer": "5"}))
    assert len(reading.examples) == 3
    [found] = reading.contradictions
    assert (found.prompt, found.answers) == ("What is 2 + 2?", ("4", "5"))
    assert str(found) == "'What is 2 + 2?' is answered by '4' and by '5'"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(
        b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n\r\n" + json.dumps({**GOOD, "answer": "5"}).encode()
    )
    reading = read_examples(path)
    assert [one.answer for one in reading.examples] == ["4", "5"]
    assert not reading.bad


def test_another_encoding_is_refused_with_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + '{"prompt": "é", "answer": "b"}'.encode("latin-1"))
    with pytest.raises(ExamplesError, match=r"mine.jsonl, line 2: byte 13 is not UTF-8; save the file as UTF-8"):
        read_examples(path)
    path.write_text(json.dumps(GOOD), encoding="utf-16")
    with pytest.raises(ExamplesError, match="line 1: byte 1 is not UTF-8"):
        read_examples(path)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_file_is_refused_with_the_form_to_write(tmp_path: Path, content: str) -> None:
    with pytest.raises(ExamplesError, match="is empty; write one object a line"):
        read_examples(written(tmp_path, content))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match="There is no file"):
        read_examples(tmp_path / "none.jsonl")
    with pytest.raises(ExamplesError, match="cannot be read"):
        read_examples(tmp_path)


def test_a_file_of_bad_lines_only_gives_no_example_and_every_reason(tmp_path: Path) -> None:
    reading = read_examples(written(tmp_path, "nonsense", "{}"))
    assert reading.examples == ()
    assert [bad.number for bad in reading.bad] == [1, 2]


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
turns = st.tuples(st.sampled_from(["user", "assistant"]), texts).map(lambda pair: Message(*pair))
examples = st.builds(
    lambda opening, earlier, prompt, answer, skill, check, weight: Example(
        (*opening, *earlier, Message("user", prompt)), answer, skill=skill, check=check, weight=weight
    ),
    st.lists(texts.map(lambda text: Message("system", text)), max_size=1),
    st.lists(turns, max_size=3),
    texts,
    texts,
    texts,
    st.sampled_from(sorted(CHECKERS)),
    st.floats(min_value=1e-9, max_value=1e9),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(examples, min_size=1, max_size=6, unique_by=lambda one: one.id))
def test_what_was_written_is_read_back_equal(tmp_path: Path, given_examples: list[Example]) -> None:
    path = tmp_path / "round.jsonl"
    write_examples(path, given_examples)
    reading = read_examples(path)
    assert list(reading.examples) == given_examples
    assert not reading.bad


@pytest.mark.parametrize("text", ["a\0b", "\ud800", " "])
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(ExamplesError, match="cannot be written"):
        write_examples(path, [example("fine", "fine"), example("prompt", text)])
    assert read_examples(path).examples[0].answer == "4"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["mine.jsonl"]


def test_a_folder_that_is_not_there_is_named_in_the_refusal(tmp_path: Path) -> None:
    with pytest.raises(ExamplesError, match="cannot be written"):
        write_examples(tmp_path / "none" / "mine.jsonl", [example("a", "b")])


def test_a_full_disk_asks_for_space_and_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with files_at_most(20), pytest.raises(ExamplesError, match=r"cannot be written.*free some space"):
        write_examples(path, [example("a", "b")])
    assert read_examples(path).examples[0].answer == "4"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["mine.jsonl"]


def test_the_turn_of_an_example_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "used.jsonl"
    origin = Origin("interaction", {"turn": "t1", "session": "s1", "feedback": "up"})
    write_examples(path, [example("Who?", "Ada", origin=origin)])
    [back] = read_examples(path).examples
    assert back.origin == Origin("interaction", {"turn": "t1", "session": "s1"})
    path.write_text('{"prompt": "Who?", "answer": "Ada", "origin": {"file": "x"}}\n', encoding="utf-8")
    assert "'origin'" in read_examples(path).bad[0].reason
