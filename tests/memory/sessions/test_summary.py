from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.core.tokens import tokens_of
from workbench.memory.sessions.summary import (
    CUT,
    LONGEST_LINE_CHARS,
    STORED_TOKENS,
    Line,
    Summary,
    extended,
    flattened,
    lines_of,
    most_informative,
    retold,
)

FACTS = (
    "My dog Rufus was born in May 2019.",
    "I work as a nurse at Bergen hospital.",
    "My sister Hanna lives in Kyoto.",
    "私の娘は桜という名前です。",
)
LINES = st.lists(st.builds(Line, st.integers(1, 99), st.sampled_from(["user", "assistant"]), st.text(max_size=80)))


def chatter(number: int) -> tuple[Line, ...]:
    return lines_of(number, "Hello there! How are you today?", "I am fine, thanks for asking.")


def test_a_summary_takes_statements_and_the_first_sentence_of_an_answer() -> None:
    said = lines_of(3, "Hi! My dog is called Rufus. What should he eat?", "Meat is good. Add vegetables.")
    assert said == (Line(3, "user", "My dog is called Rufus."), Line(3, "assistant", "Meat is good."))


def test_an_answer_that_is_code_or_missing_gives_no_line() -> None:
    assert lines_of(1, "What is 2 + 2?", None) == ()
    assert lines_of(1, "Show me a loop.", "```python\nfor x in y: pass\n```") == ()


def test_planted_facts_survive_forty_turns_of_chatter_in_a_small_budget() -> None:
    summary = Summary()
    for number in range(1, 45):
        fact = FACTS[number // 10 - 1] if number % 10 == 0 else None
        said = lines_of(number, fact, "I see.") if fact else chatter(number)
        summary = extended(summary, said, number)
    shown = [line.text for line in most_informative(summary.lines, 100)]
    assert [text for text in shown if text in FACTS] == list(FACTS)


def test_what_was_said_twice_is_shown_once() -> None:
    again = [Line(number, "user", "My dog is called Rufus.") for number in range(9)]
    assert len(most_informative(again, 1_000)) == 1


def test_a_persons_words_win_over_an_answer_that_says_as_much() -> None:
    lines = [Line(1, "assistant", "Rufus likes Bergen."), Line(1, "user", "Hanna likes Kyoto.")]
    assert most_informative(lines, 8) == (lines[1],)


@given(LINES, st.integers(0, 200))
def test_chosen_lines_fit_and_keep_their_order(lines: list[Line], tokens: int) -> None:
    chosen = most_informative(lines, tokens)
    assert tokens_of("\n".join(line.text for line in chosen)) <= max(tokens, 1)
    places = iter(lines)
    assert all(line in places for line in chosen)


def test_growing_turn_by_turn_stays_within_what_is_stored() -> None:
    summary = Summary()
    for number in range(300):
        line = Line(number, "user", f"My locker number {number} holds item {number * 7919}.")
        summary = extended(summary, [line], number)
    assert tokens_of("\n".join(line.text for line in summary.lines)) <= STORED_TOKENS
    assert summary.upto == 299
    assert len(summary.lines) > 50


def test_a_summary_comes_back_from_json_as_it_was() -> None:
    summary = Summary(7, (Line(6, "user", "a \x00 b"), Line(7, "assistant", "\u202eb")), "told", 5)
    assert Summary.from_json(summary.to_json(), 7) == summary


def test_a_models_words_replace_the_lines_it_has_read() -> None:
    summary = Summary(4, tuple(Line(number, "user", f"I own {number} cats.") for number in range(1, 5)))
    after = retold(summary, "The user owns cats.\n", 3)
    assert (after.told, after.told_upto, after.upto) == ("The user owns cats.", 3, 4)
    assert [line.number for line in after.lines] == [4]


def test_a_long_sentence_is_cut_with_a_mark() -> None:
    line = flattened("word " * 200)
    assert len(line) <= LONGEST_LINE_CHARS
    assert line.endswith(CUT)
    assert flattened("a\n\n b\tc") == "a b c"
