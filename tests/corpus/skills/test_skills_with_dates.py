"""Dates and times, in English and in Japanese: read again by the standard library's own parser."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from workbench.corpus.skills import generate
from workbench.corpus.skills.dates import MONTHS, ordinal

N = 600
MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS)])
DAY_FIRST = re.compile(rf"(\d+)(?:st|nd|rd|th)?(?: of)? ({MONTH}) (\d{{4}})")
MONTH_FIRST = re.compile(rf"({MONTH}) (\d+), (\d{{4}})")


def day_of(prompt: str) -> str:
    """The ISO date of the only English date in a text."""
    if found := DAY_FIRST.search(prompt):
        day, month, year = found.groups()
    else:
        month, day, year = MONTH_FIRST.search(prompt).groups()  # type: ignore[union-attr]
    return datetime.strptime(f"{day} {month[:3]} {year}", "%d %b %Y").date().isoformat()


def time_of(prompt: str) -> str:
    """The 24-hour time of the only time with am or pm in a text."""
    clock, half = re.search(r"(\d+:\d\d) ([ap])\.?m", prompt, re.IGNORECASE).groups()  # type: ignore[union-attr]
    return datetime.strptime(f"{clock} {half}m", "%I:%M %p").strftime("%H:%M")


def japanese_day_of(prompt: str) -> str:
    found = re.search(r"\d+年\d+月\d+日", prompt)
    return datetime.strptime(found[0], "%Y年%m月%d日").date().isoformat()  # type: ignore[index]


def japanese_time_of(prompt: str) -> str:
    half, hour, minute = re.search(r"(午前|午後)(\d+)時(\d+)分", prompt).groups()  # type: ignore[union-attr]
    return f"{int(hour) + {'午前': 0, '午後': 12}[half]:02d}:{int(minute):02d}"


def test_an_iso_date_is_the_day_of_the_prompt() -> None:
    for one in generate("iso_date", N, seed=12):
        assert one.answer == day_of(one.prompt)


def test_a_time_is_that_of_the_prompt_noon_and_midnight_included() -> None:
    some = generate("clock", 2_000, seed=12)
    assert all(one.answer == time_of(one.prompt) for one in some)
    assert {"00", "12"} <= {one.answer[:2] for one in some}


def test_a_japanese_date_is_the_day_of_the_prompt() -> None:
    for one in generate("ja_date", N, seed=12):
        assert one.answer == japanese_day_of(one.prompt)


def test_a_japanese_time_is_that_of_the_prompt() -> None:
    for one in generate("ja_time", N, seed=12):
        assert one.answer == japanese_time_of(one.prompt)


def test_a_japanese_order_is_confirmed_with_the_goods_number_and_counter_of_the_prompt() -> None:
    for one in generate("ja_order", N, seed=12):
        goods, number, counter = re.fullmatch(r"(\D+)(\d+)(個|本|枚|冊)、承りました。", one.answer).groups()  # type: ignore[union-attr]
        assert re.search(rf"{goods}を?{number}{counter}|{number}{counter}の{goods}", one.prompt)


def test_no_sentence_has_two_full_stops() -> None:
    assert not any(".." in one.prompt for one in generate("clock", 2_000, seed=12))


@pytest.mark.parametrize(
    ("n", "said"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (22, "22nd")],
)
def test_days_of_a_month_have_their_english_ending(n: int, said: str) -> None:
    assert ordinal(n) == said
