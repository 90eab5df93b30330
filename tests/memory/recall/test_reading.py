from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.memory.recall.reading import ask, read

LONG = 200_000


def test_what_is_asked_is_kept_apart_from_what_is_stated() -> None:
    reading = read("I went to Oslo last May. Have you been to Bergen?")
    assert {"oslo", "last"} <= set(reading.stated)
    assert "bergen" in reading.asked
    assert not set(reading.stated) & set(reading.asked)
    assert (reading.first_person, reading.ends_asking, reading.tells_time) == (True, True, True)


def test_the_name_before_a_colon_is_not_part_of_what_was_said() -> None:
    assert read("Anna: hello from Rome", "Anna") == read("hello from Rome", "Anna")
    assert "anna" in read("Anna: hello from Rome").stated


def test_the_caption_of_a_picture_neither_asks_nor_tells_a_time() -> None:
    assert read("Look at this? [a dog in 2019]").ends_asking
    assert not read("Look at this. [a dog in 2019]").tells_time
    assert read("Look at this. [a dog]").stated["dog"] == 1


@pytest.mark.parametrize(
    ("text", "asks", "time"),
    [("昨日、犬を買った。", False, True), ("犬を飼っていますか。", True, False), ("3月に引っ越した", False, True)],
)
def test_japanese_is_read_by_its_own_rules(text: str, asks: bool, time: bool) -> None:
    reading = read(text)
    assert (reading.ends_asking, reading.tells_time) == (asks, time)


@given(st.text())
def test_any_text_can_be_read_and_asked(text: str) -> None:
    reading = read(text)
    assert reading.length == sum(reading.stated.values()) + sum(reading.asked.values())
    assert len(set(ask(text).terms)) == len(ask(text).terms)


@pytest.mark.parametrize(
    "text",
    [
        " " * LONG + "x",
        "\n" * LONG + "x",
        "1" * LONG + "x",
        "[" * LONG,
        "[a" * LONG,
        "? " * LONG,
        "x" * LONG,
        "の" * LONG,
    ],
    ids=["blanks", "lines", "digits", "brackets", "captions", "questions", "letters", "hiragana"],
)
def test_no_text_takes_longer_than_its_length_warrants(text: str) -> None:
    began = time.process_time()
    read(text)
    ask(text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("question", "months", "years", "wants_time"),
    [
        ("What did we do in May 2023?", {5}, {2023}, False),
        ("When may I call you?", set(), set(), True),
        ("Jan or December?", {1, 12}, set(), False),
        ("いつ犬を買った？", set(), set(), True),
        ("12月に何をした？", {12}, set(), False),
        ("It cost 12023 crowns", set(), set(), False),
    ],
)
def test_a_question_names_months_and_years_or_asks_for_a_time(
    question: str, months: set[int], years: set[int], wants_time: bool
) -> None:
    asked = ask(question)
    assert (asked.months, asked.years, asked.wants_time) == (months, years, wants_time)


def test_a_speakers_name_is_no_word_to_look_for() -> None:
    asked = ask("Where does Anna live?", ["Anna Berg", "Bob"])
    assert asked.named == {"Anna Berg"}
    assert "anna" not in asked.terms


def test_my_is_about_whoever_asks_unless_somebody_is_named() -> None:
    assert ask("What is my dog called?").of_the_asker
    assert not ask("Did Anna like my dog?", ["Anna"]).of_the_asker
    assert ask("田中さんは何が好き？", ["田中"]).named == {"田中"}
