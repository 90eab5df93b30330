from __future__ import annotations

import time
from itertools import pairwise

import pytest

from workbench.core.schema import ImportanceSettings
from workbench.memory.weighing.importance import (
    PARTS,
    asked_to_remember,
    feedback_balance,
    importance,
    parts_of,
    specificity,
)
from workbench.memory.weighing.telling import telling
from workbench.memory.weighing.wording import information

DIALS = ImportanceSettings()


def parts(text: str = "I hate olives.", **given: object) -> dict[str, float]:
    return parts_of(
        text,
        **{
            "nearest": 0.4,
            "feedback": 0.0,
            "recall_count": 0,
            "idle_days": 10.0,
            "half_life_days": 30.0,
            **given,
        },  # type: ignore[arg-type]
    )


def test_every_part_is_named_in_order_and_lies_between_0_and_1() -> None:
    extremes = [
        parts("", nearest=None, feedback=-99, recall_count=10**9, idle_days=1e9),
        parts("x" * 10_000, nearest=-1.0, feedback=99, idle_days=-5),
        parts("Remember: 1 2 3 4 5 6 7 8 9 Anna Bob 2023-05-07", nearest=1.0),
    ]
    for found in extremes:
        assert tuple(found) == PARTS
        assert all(0 <= value <= 1 for value in found.values())
        assert 0 <= importance(found, DIALS) <= 1


def test_what_the_store_says_already_is_less_novel() -> None:
    assert parts(nearest=None)["novelty"] == 1
    assert parts(nearest=0.9)["novelty"] == pytest.approx(0.1)
    assert importance(parts(nearest=0.9), DIALS) < importance(parts(nearest=0.2), DIALS)


@pytest.mark.parametrize(
    ("vague", "specific"),
    [
        ("Wow, that's really great, thanks!", "My dog is called Rufus."),
        ("I went there.", "I went to Oslo on 7 May 2019."),
        ("How is your new flat in Berlin?", "I have a new flat."),
        ("ありがとうございます。", "私は東京に住んでいます。"),
    ],
)
def test_names_figures_dates_and_own_statements_make_a_text_specific(vague: str, specific: str) -> None:
    assert specificity(vague) < specificity(specific)


def test_a_capital_counts_as_a_name_only_within_a_sentence_and_may_only_as_a_month() -> None:
    assert information("Yes. Rufus barks.") == 2
    assert information("Yes, my Rufus barks.") == 5
    assert information("We met in May.") == 5
    assert information("May we meet?") == information("we may meet") == 1


def test_an_answer_tells_more_than_the_same_words_unasked() -> None:
    assert telling("In Oslo.", answers=True) > telling("In Oslo.") > telling("Where is it?")


@pytest.mark.parametrize(
    "text",
    [
        "Remember that my key is under the mat.",
        "remember: tea at five",
        "Please don't forget my birthday.",
        "Hi! Keep in mind that I am vegan.",
        "Can you remember that I am vegan?",
        "I want you to remember my number.",
        "Note that the shop closes at 5.",
        "From now on, answer in French.",
        "覚えておいて、私はビーガンです。",
        "私の誕生日を覚えてね",
        "忘れないで、会議は金曜日です。",
    ],
)
def test_a_request_to_remember_reaches_the_threshold_by_itself(text: str) -> None:
    assert asked_to_remember(text)
    worst = parts(text, nearest=1.0, feedback=-9, idle_days=1e6)
    assert importance(worst, DIALS) >= DIALS.threshold


@pytest.mark.parametrize(
    "text",
    [
        "Remember when we met?",
        "Do you remember what I said?",
        "I remember it well.",
        "I can't remember.",
        "She wrote a note to me.",
        "覚えています。",
        "昔のことを覚えていますか？",
    ],
)
def test_musing_about_memory_is_no_request(text: str) -> None:
    assert not asked_to_remember(text)


def test_requests_are_still_ordered_by_the_other_parts_and_can_be_switched_off() -> None:
    poor, rich = parts("Remember this.", nearest=0.9), parts("Remember that Anna was born on 7 May 2019.")
    assert DIALS.threshold <= importance(poor, DIALS) < importance(rich, DIALS)
    assert importance(poor, ImportanceSettings(explicit=0.0)) < DIALS.threshold


def test_importance_is_the_weighted_mean_of_the_parts() -> None:
    dials = ImportanceSettings(novelty=3, specificity=1, explicit=0, feedback=0, recalled=0, recency=0)
    assert importance({"novelty": 0.5, "specificity": 0.1}, dials) == pytest.approx(0.4)
    assert importance(parts(), ImportanceSettings(**dict.fromkeys(PARTS, 0.0))) == 0.0  # type: ignore[arg-type]


def test_thumbs_raise_and_lower_and_corrections_lower() -> None:
    assert feedback_balance(["up", "up", "down", "correct"]) == 0
    values = [parts(feedback=balance)["feedback"] for balance in (-3, -1, 0, 1, 3)]
    assert values == sorted(set(values))
    assert values[2] == 0.5


def test_recalls_count_less_and_less() -> None:
    values = [parts(recall_count=count)["recalled"] for count in (0, 1, 2, 3, 10)]
    steps = [after - before for before, after in pairwise(values)]
    assert values[0] == 0
    assert values[3] == 0.5
    assert steps[0] > steps[1] > steps[2] > 0


def test_recency_halves_with_every_half_life_and_never_favours_the_older() -> None:
    ages = [parts(idle_days=days)["recency"] for days in (-3, 0, 30, 60, 3_000)]
    assert ages[:4] == [1, 1, 0.5, 0.25]
    assert ages == sorted(ages, reverse=True)


def test_a_text_is_weighed_in_well_under_a_millisecond() -> None:
    text = "I adopted a dog named Rufus in Oslo last May, and my sister Anna took the 2 cats. How are you? " * 2
    started = time.perf_counter()
    for _ in range(100):
        importance(parts(text), DIALS)
    assert (time.perf_counter() - started) / 100 < 0.003  # ten times what it takes, for a busy machine
