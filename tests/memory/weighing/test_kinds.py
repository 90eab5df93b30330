from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from workbench.memory.weighing.kinds import event_time, kind_of

MONDAY = datetime(2023, 5, 8, 9, tzinfo=UTC).timestamp()


def day_of(text: str, said_at: float = MONDAY) -> str | None:
    found = event_time(text, said_at)
    return None if found is None else datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%d %H")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Always water the roses in the evening.", "procedure"),
        ("To start it, first press the red button.", "procedure"),
        ("Anna: Never mix acid and water.", "procedure"),
        ("Please remember: when it rains, always close the roof.", "procedure"),
        ("The trick to good rice is to wait.", "procedure"),
        ("まずボタンを押して、次に待つ。", "procedure"),
        ("お米は必ず洗ってください。", "procedure"),
        ("I hate olives.", "preference"),
        ("Melanie: I really love pottery.", "preference"),
        ("I can't stand noise.", "preference"),
        ("My favourite colour is blue.", "preference"),
        ("She prefers tea.", "preference"),
        ("猫が好きです。", "preference"),
        ("私は辛いものが苦手です。", "preference"),
        ("I went to Oslo yesterday.", "event"),
        ("Anna was born on 7 May 2019.", "event"),
        ("We marry next Friday.", "event"),
        ("昨日、東京に行った。", "event"),
        ("2024-02-29 was a Thursday.", "event"),
        ("The fair is on 29 February.", "event"),
        ("My dog is called Rufus.", "fact"),
        ("I would like to hear more.", "fact"),
        ("That looks like a dog.", "fact"),
        ("I'd love to see it!", "fact"),
        ("Do you like olives?", "fact"),
        ("私は東京に住んでいます。", "fact"),
        ("", "fact"),
    ],
)
def test_the_kind_is_found_by_rule(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("We met on 2023-04-30.", "2023-04-30"),
        ("The 7th of May, 2021 was fine.", "2021-05-07"),
        ("May 7th was nice.", "2023-05-07"),
        ("We fly on December 30.", "2022-12-30"),
        ("We fly on Sept. 3, 2024.", "2024-09-03"),
        ("5月7日に会った。", "2023-05-07"),
        ("2022年6月3日に引っ越した。", "2022-06-03"),
        ("2022年６月に引っ越した。", "2022-06-01"),
        ("It was yesterday.", "2023-05-07"),
        ("昨日、東京に行った。", "2023-05-07"),
        ("一昨日", "2023-05-06"),
        ("The day before yesterday, not yesterday.", "2023-05-06"),
        ("明日、会います。", "2023-05-09"),
        ("See you tomorrow.", "2023-05-09"),
        ("Today I passed.", "2023-05-08"),
        ("Two weeks ago we met.", "2023-04-24"),
        ("A couple of days ago.", "2023-05-06"),
        ("三日前に会った。", "2023-05-05"),
        ("2週間後に会う。", "2023-05-22"),
        ("In three months we marry.", "2023-08-08"),
        ("Last week was hard.", "2023-05-01"),
        ("先週は大変だった。", "2023-05-01"),
        ("We went last Friday.", "2023-05-05"),
        ("We go next Friday.", "2023-05-12"),
        ("We met last Monday.", "2023-05-01"),
        ("来週の金曜日に会う。", "2023-05-19"),
        ("Next month I start.", "2023-06-08"),
        ("去年、結婚した。", "2022-05-08"),
        ("Last weekend we camped.", "2023-05-06"),
        ("I moved in March 2022.", "2022-03-01"),
        ("Last May I moved.", "2022-05-01"),
        ("I have lived here since 2016.", "2016-01-01"),
    ],
)
def test_dates_and_words_that_count_from_when_it_was_said_become_noon_of_a_day(text: str, day: str) -> None:
    assert day_of(text) == f"{day} 12"


@pytest.mark.parametrize(
    "text",
    [
        "I may like 3 cats in the sun.",
        "We march on.",
        "On 31 February 2023 nothing happened.",
        "9000 years ago",
        "My room is 2023.",
        "A dog",
        "",
    ],
)
def test_what_only_looks_like_a_date_tells_no_time(text: str) -> None:
    assert day_of(text) is None


def test_a_month_without_a_year_is_the_nearest_across_new_year() -> None:
    january = datetime(2023, 1, 5, tzinfo=UTC).timestamp()
    assert day_of("We met on 28 December.", january) == "2022-12-28 12"
    assert day_of("We met in December.", january) == "2022-12-01 12"
    assert day_of("See you a month ago.", datetime(2023, 3, 31, tzinfo=UTC).timestamp()) == "2023-02-28 12"


def test_yesterday_is_counted_in_the_persons_zone() -> None:
    early_in_tokyo = datetime(2023, 5, 8, 23, tzinfo=UTC).timestamp()  # 9 May there
    found = event_time("昨日、東京に行った。", early_in_tokyo, zone=ZoneInfo("Asia/Tokyo"))
    assert found == datetime(2023, 5, 8, 12, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp()


def test_a_hostile_text_is_read_in_no_time() -> None:
    started = time.perf_counter()
    for text in (
        "a" * 100_000,
        "1 " * 50_000,
        "first " * 20_000,
        "I like " * 20_000,
        "前" * 50_000,
        "I went\n" * 20_000,
    ):
        kind_of(text)
        event_time(text, MONDAY)
    assert time.perf_counter() - started < 5


def test_importing_the_room_loads_no_rules_of_dates() -> None:
    code = "import sys, workbench.memory; print('workbench.memory.weighing.event_dates' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
