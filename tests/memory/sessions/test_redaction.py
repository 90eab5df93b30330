from __future__ import annotations

import json
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.core.records import Message, Recalled, Thought, ToolCall, ToolUse, Turn
from workbench.memory.sessions.redaction import FORGOTTEN, Trace

DOG = "My dog is called Rufus."


def trace(*texts: str) -> Trace:
    return Trace.of({f"m{number}": text for number, text in enumerate(texts)})


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("My dog is called Rufus. What does he eat?", "[forgotten] What does he eat?"),
        ("so: my  DOG\nis called rufus!", "so: [forgotten]"),
        ('{"input": "My dog is called Rufus."}', '{"input": "[forgotten]"}'),
        ("My dog is called Rufus and he is brown.", "[forgotten] and he is brown."),
        ("My dog is called Rufusina.", "My dog is called Rufusina."),
        ("Tommy dog is called Rufus.", "Tommy dog is called Rufus."),
        ("Your dog is Rufus.", "Your dog is Rufus."),
    ],
)
def test_the_words_of_a_statement_are_found_whatever_the_case_and_the_spaces(text: str, clean: str) -> None:
    assert trace(DOG).redacted(text) == clean


def test_a_statement_with_quotes_is_found_inside_json_inside_a_text() -> None:
    said = 'My code is "abc\\def" 桜.'
    plan = json.dumps({"steps": [{"input": said}]})
    assert "abc" not in trace(said).redacted(plan)
    assert "abc" not in trace(said).redacted(json.dumps({"steps": [{"input": said}]}, ensure_ascii=False))


def test_a_short_statement_takes_no_other_sentence_along() -> None:
    assert trace("I am.").redacted("I am happy. I am.") == f"I am happy. {FORGOTTEN}"


def test_japanese_is_found_without_spaces_around_it() -> None:
    said = "私の犬はルーファスという名前です。"
    assert trace(said).redacted(f"覚えました{said}次は?") == f"覚えました{FORGOTTEN}次は?"


def test_what_a_store_cannot_hold_is_found_in_the_raw_record() -> None:
    stored = "My key is \ufffd\ufffd here."
    assert trace(stored).redacted("My key is \0\ud800 here. Why?") == "[forgotten] Why?"


@pytest.mark.parametrize("cut", ["Hi. My dog is cal […] end.", "Hi […] called Rufus. What?", "My dog […]"])
def test_a_copy_cut_through_the_statement_goes_whole(cut: str) -> None:
    assert trace(DOG).redacted(cut) == FORGOTTEN


def test_a_cut_elsewhere_stays() -> None:
    assert trace(DOG).redacted("Hello the […] re, friend.") == "Hello the […] re, friend."


def test_a_turn_loses_the_recalled_memory_and_every_copy_of_its_text() -> None:
    turn = Turn(
        question=f"{DOG} What does he eat?",
        answer=f"You said: {DOG}",
        history=(Message("system", f"Facts:\n- {DOG}"), Message("user", "Hi")),
        recalled=(Recalled("m0", DOG, 0.9, "why", 1.0), Recalled("x", "I live in Oslo.", 0.5, "why", 1.0)),
        thoughts=(Thought("plan", json.dumps({"input": DOG})),),
        tool_uses=(ToolUse(ToolCall("memory", {"text": DOG, "deep": [DOG]}), output=DOG),),
        memory_ids=("m0", "m7"),
    )
    clean = trace(DOG).in_turn(turn.to_dict())
    assert clean is not None
    assert "Rufus" not in json.dumps(clean)
    assert [one["memory_id"] for one in clean["recalled"]] == ["x"]
    assert clean["memory_ids"] == ["m7"]
    assert clean["question"] == "[forgotten] What does he eat?"


def test_a_turn_without_it_is_left_as_it_is() -> None:
    assert trace(DOG).in_turn(Turn(question="Where is Oslo?").to_dict()) is None


def test_a_memory_recalled_in_other_words_than_it_has_now_goes_in_those_words_too() -> None:
    turn = Turn(question="Q", answer="My cat is Tom, you said.", recalled=(Recalled("m0", "My cat is Tom", 1, "", 1),))
    clean = trace(DOG).in_turn(turn.to_dict())
    assert clean is not None
    assert "Tom" not in json.dumps(clean)


@given(st.lists(st.text(min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=8), st.text(max_size=20))
@example(["a", "a b", "a b c", "a b c d"], "")
@example(["İstanbul ß", "ﬁne"], "x")
@example(["...", ". .", "(", "[a-z]"], "(")
def test_every_statement_is_found_in_a_text_that_holds_it(statements: list[str], around: str) -> None:
    found = Trace.of({str(n): text for n, text in enumerate(statements)})
    for text in statements:
        assert found.redacted(f"{around} {text} {around}").count(FORGOTTEN) >= 1


def test_thousands_of_statements_are_searched_at_once() -> None:
    many = trace(*(f"My locker number {n} holds item {n * 7919} of the list." for n in range(5_000)))
    text = "Nothing of it is here, my locker is empty and so is yours. " * 200
    started = time.perf_counter()
    for _ in range(5):
        assert many.redacted(text) == text
    assert time.perf_counter() - started < 2  # a pattern for each takes twice that
    assert many.redacted("my locker number 4999 holds item 39587081 of the list") == FORGOTTEN
    assert many.redacted("My locker number 49 holds […] item") == FORGOTTEN


def test_statements_that_begin_with_each_other_do_not_overflow_the_pattern() -> None:
    chain = [" ".join(["word"] * size) for size in range(1, 300)]
    assert trace(*chain).redacted(f"so {chain[-1]} it is") == f"so {FORGOTTEN} it is"
