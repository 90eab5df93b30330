"""Where only right or wrong is known: nothing else reaches a search, and lessons are a run's own right answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.runs.homes import SPECIALISTS
from workbench.adapters.adapter import Adapter
from workbench.core.errors import SettingsError
from workbench.core.examples import Example
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.evolution.genome import Lesson
from workbench.evolution.trial import Trial
from workbench.learning import Learning
from workbench.runs import Materials, Runs
from workbench.runs.finals import EVOLVED, PARENT, TAUGHT
from workbench.runs.own_answers import ROUNDS, SAMPLES, own_answers, own_replies

Opened = Callable[..., Learning]
TUNE = generate("name_date", 4, seed=1)


def ran(learning: Learning, tune: Sequence[Example]) -> tuple[str, tuple[Trial, ...]]:
    with Runs(learning).begin(Materials.of(tune, confirm=0.3), parents=SPECIALISTS) as run:
        run.through()
        return run.name, run.trials


def answered(*texts: str) -> tuple[Example, ...]:
    return tuple(replace(one, answer=text, check="exact") for one, text in zip(TUNE, texts, strict=True))


def test_another_gold_text_that_nobody_says_changes_nothing_but_the_name(open_home: Opened) -> None:
    learning = open_home(evolution__verdicts_only=True)
    first, second = (ran(learning, answered(*([text] * 4))) for text in ("qqq", "a longer one"))
    assert first[0] != second[0]
    assert [one.genome for one in first[1]] == [one.genome for one in second[1]]
    assert [one.fitness for one in first[1]] == [one.fitness for one in second[1]]
    assert all(
        skill.logprob is None for one in first[1] for skill in (one.fitness.skills if one.fitness else {}).values()
    )
    assert {each for one in first[1] for each in one.outcomes if each is not None} == {0.0}


def test_with_gold_known_the_same_texts_do_change_the_fitness(open_home: Opened) -> None:
    learning = open_home(evolution__evaluations=8)
    first, second = (ran(learning, answered(*([text] * 4)))[1] for text in ("qqq", "a longer one"))
    assert [one.fitness for one in first] != [one.fitness for one in second]


def test_it_is_a_run_of_its_own_and_others_keep_their_names(open_home: Opened) -> None:
    names = []
    for only in (True, False):
        learning = open_home(evolution__verdicts_only=only)
        with Runs(learning).begin(Materials.of(TUNE, confirm=0.3), parents=SPECIALISTS) as run:
            names.append(run.name)
            assert run.verdicts_only is only
            assert ("verdicts_only" in run.plan.settings) is only
    assert len(set(names)) == 2


async def test_the_lesson_is_about_what_a_candidate_said_itself(open_home: Opened) -> None:
    learning = open_home(evolution__verdicts_only=True, evolution__evaluations=8)
    parent = learning.shelf.get(SPECIALISTS[0])
    said = learning.scorer.replies(parent, TUNE)[2].own.answer
    tune = answered("qqq", "qqq", said, "qqq")
    fresh = generate("name_date", 8, seed=2)
    with Runs(learning).begin(Materials.of(tune, fresh=fresh, confirm=0.9), parents=SPECIALISTS) as run:
        run.through()
        assert run.recipe.lessons == ()
        own = own_answers(run.worker, run.trials, tune, learning.scorer)
        ending = await run.end(deploy=False)
        assert run.worker.teaching is not None
        assert run.worker.teaching.lessons == own
    assert [one.answer for one in own] == [said]
    assert own[0].messages == TUNE[2].messages
    assert TAUGHT in {one.label for one in ending.finalists}


def test_the_taught_champion_answers_what_nobody_did_until_there_is_nothing_left(open_home: Opened) -> None:
    learning = open_home(evolution__verdicts_only=True, evolution__evaluations=8)
    parent = learning.shelf.get(SPECIALISTS[0])
    tune = tuple(replace(one.own, check="exact") for one in learning.scorer.replies(parent, TUNE))
    unanswered = replace(tune[1], answer="qqq")
    taught: list[tuple[str, ...]] = []
    with Runs(learning).begin(Materials.of((tune[0], unanswered), confirm=0.3), parents=SPECIALISTS) as run:
        run.through()
        teaching = run.worker.teaching
        assert teaching is not None

        def noted(adapter: Adapter, lesson: Lesson, examples: Sequence[Example]) -> Adapter:
            taught.append(tuple(one.answer for one in examples))
            return teaching.teach(adapter, lesson, examples)

        run.worker.teaching = replace(teaching, teach=noted)
        scorer, lesson = learning.scorer, Lesson(1, 1e-3, batch=2)
        said = own_replies(run.worker, run.trials, (tune[0], unanswered), scorer, lesson=lesson)
        assert taught == [(tune[0].answer,)] * ROUNDS
        assert [one.example.id for one in said] == [tune[0].id] + [unanswered.id] * ROUNDS * SAMPLES
        own_replies(run.worker, run.trials, tune[:1], scorer, lesson=lesson)
        assert len(taught) == ROUNDS, "everything is answered"


async def test_where_nobody_was_right_there_is_no_lesson(open_home: Opened) -> None:
    learning = open_home(evolution__verdicts_only=True, evolution__evaluations=8)
    fresh = generate("name_date", 8, seed=2)
    materials = Materials.of(answered(*["qqq"] * 4), fresh=fresh, confirm=0.9)
    with Runs(learning).begin(materials, parents=SPECIALISTS) as run:
        run.through()
        ending = await run.end(deploy=False)
    assert {one.label for one in ending.finalists} <= {EVOLVED, PARENT}


def test_lessons_within_a_search_are_refused_with_both_settings_named() -> None:
    with pytest.raises(SettingsError, match=r"evolution\.verdicts_only.*evolution\.lessons"):
        load_settings(overrides={"evolution.verdicts_only": True, "evolution.lessons": True})
