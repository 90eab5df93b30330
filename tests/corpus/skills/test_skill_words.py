"""The word lists: long enough, each word once, and plurals as they are spelled."""

from __future__ import annotations

import pytest

from workbench.corpus.skills.japanese_words import CITIES_JA, GOODS
from workbench.corpus.skills.wording import snake_case
from workbench.corpus.skills.words import ADJECTIVES, CITIES, FIRST_NAMES, LAST_NAMES, THINGS, TITLE_WORDS, plural

LISTS = {
    "first names": (FIRST_NAMES, 180),
    "last names": (LAST_NAMES, 180),
    "cities": (CITIES, 150),
    "things": (THINGS, 180),
    "adjectives": (ADJECTIVES, 90),
    "title words": (TITLE_WORDS, 110),
    "Japanese cities": (CITIES_JA, 40),
    "Japanese goods": (tuple(item for items in GOODS.values() for item in items), 70),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_word_list_is_long_and_has_each_word_once(name: str) -> None:
    words, fewest = LISTS[name]
    assert len(words) == len(set(words)) >= fewest


def test_no_first_name_is_also_a_city() -> None:
    """Else `Sofia lives in Oslo` would have two cities."""
    assert not set(FIRST_NAMES) & set(CITIES)


def test_no_two_things_have_the_same_plural_and_none_is_its_own() -> None:
    plurals = {plural(thing) for thing in THINGS}
    assert len(plurals) == len(THINGS)
    assert not plurals & set(THINGS)


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        ("lamp", "lamps"),
        ("box", "boxes"),
        ("dress", "dresses"),
        ("bench", "benches"),
        ("brush", "brushes"),
        ("battery", "batteries"),
        ("key", "keys"),
        ("knife", "knives"),
        ("tomato", "tomatoes"),
        ("radio", "radios"),
        ("scarf", "scarves"),
    ],
)
def test_a_plural_is_spelled_as_people_spell_it(thing: str, said: str) -> None:
    assert plural(thing) == said


def test_a_title_becomes_a_file_name() -> None:
    assert snake_case("Monthly Sales Report") == "monthly_sales_report"
