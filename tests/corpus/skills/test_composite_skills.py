"""Composites: both halves of each answer made again from the prompt."""

from __future__ import annotations

import json
import re

from tests.corpus.skills.test_skills_of_extraction import class_of
from tests.corpus.skills.test_skills_with_dates import day_of, japanese_day_of, japanese_time_of, time_of
from tests.corpus.skills.test_skills_with_words import asked_in, table_of, words_after_colon
from workbench.corpus.skills import generate
from workbench.corpus.skills.japanese_words import CITIES_JA
from workbench.corpus.skills.words import FIRST_NAMES

N = 400


def name_in(prompt: str) -> str:
    """The only first name in the text."""
    (name,) = [word for word in re.findall(r"[A-Z][a-z]+", prompt) if word in FIRST_NAMES]
    return name


def test_name_and_date_are_those_of_the_prompt() -> None:
    for one in generate("name_date", N, seed=15):
        assert json.loads(one.answer) == {"name": name_in(one.prompt), "date": day_of(one.prompt)}


def test_name_and_class_are_those_of_the_ticket() -> None:
    for one in generate("name_ticket", N, seed=15):
        assert json.loads(one.answer) == {"name": name_in(one.prompt), "class": class_of(one.prompt)}


def test_name_and_time_are_those_of_the_appointment() -> None:
    for one in generate("name_time", N, seed=15):
        assert json.loads(one.answer) == {"name": name_in(one.prompt), "time": time_of(one.prompt)}


def test_words_are_reversed_and_in_capitals() -> None:
    for one in generate("reverse_capitals", N, seed=15):
        assert one.answer == " ".join(word.upper() for word in words_after_colon(one.prompt)[::-1])


def test_two_values_of_the_table_are_added() -> None:
    for one in generate("look_up_add", N, seed=15):
        table = table_of(one.prompt)
        first, second = asked_in(one.prompt, table)
        assert int(one.answer) == int(table[first]) + int(table[second])


def test_a_colour_is_looked_up_and_put_in_capitals() -> None:
    for one in generate("look_up_capitals", N, seed=15):
        table = table_of(one.prompt)
        (key,) = asked_in(one.prompt, table)
        assert one.answer == table[key].upper()


def test_a_file_name_begins_with_the_date_and_goes_on_with_the_title() -> None:
    for one in generate("dated_file", N, seed=15):
        day, title = one.answer.split("_", 1)
        assert day == day_of(one.prompt)
        assert title.replace("_", " ").title() in one.prompt


def test_a_japanese_moment_has_its_day_and_its_time() -> None:
    for one in generate("ja_moment", N, seed=15):
        assert one.answer == f"{japanese_day_of(one.prompt)} {japanese_time_of(one.prompt)}"


def test_a_japanese_city_and_date_are_those_of_the_prompt() -> None:
    for one in generate("ja_date_city", N, seed=15):
        (city,) = [city for city in CITIES_JA if city in one.prompt]
        assert json.loads(one.answer) == {"city": city, "date": japanese_day_of(one.prompt)}
