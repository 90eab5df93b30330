"""Order and letters of words, and the look-up in a table: each answer made again from the prompt."""

from __future__ import annotations

import re

from workbench.corpus.skills import generate
from workbench.corpus.skills.lookup import COLOURS
from workbench.corpus.skills.words import ADJECTIVES, FIRST_NAMES, LAST_NAMES, THINGS

N = 600
LABEL_WORDS = {*THINGS, *ADJECTIVES}


def words_after_colon(prompt: str) -> list[str]:
    return prompt.split(": ", 1)[1].split()


def table_of(prompt: str) -> dict[str, str]:
    """Every pair of a thing and a value that stands in the text."""
    pairs = re.findall(r"([a-z]+)(?: |=|: )(\d+|[a-z]+)(?=[,;.]|$)", prompt)
    return {key: value for key, value in pairs if value.isdigit() or value in COLOURS}


def asked_in(prompt: str, table: dict[str, str]) -> list[str]:
    """The things named once more outside the table, in their order."""
    words = re.findall(r"[a-z]+", prompt)
    return [key for key in dict.fromkeys(words) if key in table and words.count(key) > 1]


def test_words_come_back_from_last_to_first() -> None:
    for one in generate("reverse_words", N, seed=14):
        assert one.answer.split()[::-1] == words_after_colon(one.prompt)


def test_a_label_is_written_in_capitals_and_not_otherwise_changed() -> None:
    for one in generate("capitals", N, seed=14):
        assert one.answer == one.answer.upper()
        assert one.answer.lower() in one.prompt
        assert set(one.answer.lower().split()) <= LABEL_WORDS
        assert 2 <= len(one.answer.split()) <= 3


def test_initials_are_the_first_letters_of_the_names() -> None:
    asking = {"Initials", "Write", "Give", "Signed", "Signed by"}
    for one in generate("initials", N, seed=14):
        names = [word for word in re.findall(r"[A-Z][a-z]+", one.prompt) if word not in asking]
        assert one.answer == "".join(name[0] + "." for name in names)


def test_a_file_name_is_the_title_in_small_letters_joined_by_underscores() -> None:
    for one in generate("snake_case", N, seed=14):
        assert re.fullmatch(r"[a-z]+(_[a-z]+){1,2}", one.answer)
        assert " ".join(word.capitalize() for word in one.answer.split("_")) in one.prompt


def test_a_name_in_an_index_has_the_surname_before_the_comma() -> None:
    for one in generate("surname_first", N, seed=14):
        last, first = one.answer.split(", ")
        assert f"{first} {last}" in one.prompt
        assert (first in FIRST_NAMES, last in LAST_NAMES) == (True, True)


def test_a_value_looked_up_is_the_one_beside_its_key() -> None:
    for one in generate("look_up", N, seed=14):
        table = table_of(one.prompt)
        (key,) = asked_in(one.prompt, table)
        assert len(table) == 4
        assert one.answer == table[key]


def test_numbers_and_colours_are_looked_up_about_as_often() -> None:
    numbers = sum(one.answer.isdigit() for one in generate("look_up", 1_000, seed=14))
    assert 400 < numbers < 600
