"""Runs begin, are killed, go on, end and are found again, on real adapters of the real small model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.runs.homes import SPECIALISTS
from workbench.adapters.training import Progress
from workbench.core.errors import AdapterNotFound, EvolutionError, ExamplesError, StoreLocked
from workbench.corpus.skills import generate
from workbench.evolution.genome import Lesson
from workbench.learning import Learning
from workbench.runs import Materials, Run, Runs
from workbench.runs.finals import NEW
from workbench.runs.recipe import Lessons

Opened = Callable[..., Learning]


def through(run: Run) -> Run:
    while not run.is_over:
        run.step()
    return run


def test_a_run_begins_with_the_specialists_of_the_shelf_as_they_are(open_home: Opened, materials: Materials) -> None:
    learning = open_home()
    with Runs(learning).begin(materials) as run:
        first = run.step()
    labels = [learning.shelf.find(one.genome.parents[0]).label for one in first]
    assert sorted(labels) == sorted(SPECIALISTS)
    assert all(one.operator == "seed" and one.seen == len(materials.tune) for one in first)
    assert run.best_parent is not None


def test_a_run_that_was_cut_off_after_any_generation_ends_at_the_same_champion(
    open_home: Opened, materials: Materials
) -> None:
    runs = Runs(open_home(evolution__evaluations=41))
    generations = 0
    while True:
        with runs.begin(materials) as broken:  # each time as a new process would
            if broken.is_over:
                break
            broken.step()
            generations += 1
    runs.delete(broken.name)
    with runs.begin(materials) as unbroken:
        through(unbroken)
    assert generations == 1 + unbroken.trials[-1].generation > 2
    assert [one.adapter for one in broken.trials] == [one.adapter for one in unbroken.trials]
    assert broken.champion.adapter == unbroken.champion.adapter


def test_another_seed_is_another_run(open_home: Opened, materials: Materials) -> None:
    names = []
    for seed in (0, 1):
        with Runs(open_home(evolution__seed=seed)).begin(materials) as run:
            names.append(run.name)
    assert len(set(names)) == 2
    assert {card.name for card in Runs(open_home()).list()} == set(names)


async def test_without_fresh_examples_the_champion_is_shelved_with_all_it_has_seen_and_nothing_deployed(
    open_home: Opened, materials: Materials
) -> None:
    learning = open_home(evolution__evaluations=24)
    bare = Materials.of(materials.tune, confirm=0.3)
    with Runs(learning).begin(bare, parents=SPECIALISTS) as run:
        ending = await through(run).end(name="child")
    assert (ending.judged, ending.verdict, ending.deployed) == (None, None, False)
    assert "nothing deployed" in ending.words
    assert ending.adapter == run.champion.adapter
    assert learning.shelf.champion() is None
    assert all(one.fresh is None for one in ending.finalists)
    shelved = learning.shelf.find(ending.adapter)
    seen = learning.experience.seen_by(shelved)
    if shelved.label not in SPECIALISTS:  # a parent that won knows of its own lessons alone
        assert {one.id for one in materials.tune} <= seen
    for parent in shelved.card.origin.parents:
        assert learning.experience.seen_by(learning.shelf.find(parent.identity)) <= seen


async def test_finalists_are_measured_on_fresh_examples_and_one_is_judged_by_others_once_and_for_all(
    open_home: Opened, materials: Materials
) -> None:
    learning = open_home(evolution__evaluations=24)
    with Runs(learning).begin(materials) as run:
        ending = await through(run).end(name="child")
        assert await run.end(name="child") == ending == Runs(learning).find(run.name).ending
        (run.folder / "ending.json").unlink()  # as if it had been killed just before
        again = await run.end(name="child")
    assert (again.verdict, again.adapter) == (ending.verdict, ending.adapter)
    assert {one.fresh.n for one in ending.finalists if one.fresh} == {len(materials.confirm)}
    assert any("lesson" in one.label for one in ending.finalists)
    [look] = learning.ledger.lines()
    assert set(look["ids"]) == {one.id for one in materials.judge}
    [score] = learning.shelf.find(ending.adapter).card.scores
    assert (score.skill, score.n) == ("name_date", len(materials.judge)), "what the gate saw stands on the card"
    assert look["decision"] == ending.decision != "promote"
    assert look["words"] == ending.words
    assert learning.shelf.champion() is None


async def test_a_parent_that_always_comes_is_a_finalist_though_another_parent_is_better(
    open_home: Opened, materials: Materials
) -> None:
    learning = open_home(evolution__evaluations=8, evolution__teach_steps=0)
    with Runs(learning).begin(materials) as usual:
        assert usual.best_parent is None, "nothing is tried yet"
        through(usual)
        assert usual.always_measured == ()
        best = usual.best_parent
    assert best is not None
    [other] = [one for one in learning.shelf.list() if one.identity != best.adapter]
    with Runs(learning).begin(materials, always=[other]) as run:
        assert run.name != usual.name
        ending = await through(run).end()
    assert {other.identity, best.adapter} == {one.adapter for one in ending.finalists}
    seen = learning.experience.seen_by(learning.shelf.find(ending.adapter))
    assert {one.id for one in materials.deciding} <= seen, "it was chosen by them"
    [new] = [one for one in ending.finalists if one.adapter == other.identity]
    assert new.label == NEW


async def test_what_answers_now_is_not_judged_against_itself(open_home: Opened, materials: Materials) -> None:
    learning = open_home(evolution__evaluations=8, evolution__teach_steps=0)
    with Runs(learning).begin(materials) as run:
        best = through(run).best_parent
        assert best is not None
        learning.deploy(str(best.adapter), insist=True)
        ending = await run.end()
    assert ending.adapter == best.adapter, "nothing but parents was tried"
    assert (ending.verdict, ending.deployed) == (None, False)
    assert "answers now and stays" in ending.words
    assert learning.ledger.lines() == ()


async def test_an_older_look_over_another_incumbent_is_no_verdict_of_this_run(
    open_home: Opened, materials: Materials
) -> None:
    learning = open_home(evolution__evaluations=8, evolution__teach_steps=0)
    with Runs(learning).begin(materials) as run:
        best = through(run).best_parent
        assert best is not None
        await learning.gate(str(best.adapter), materials.judge)  # over the plain base
        [other] = [one for one in learning.shelf.list() if one.identity != best.adapter]
        learning.deploy(other.identity, insist=True)
        with pytest.raises(ExamplesError, match="earlier looks used them"):
            await run.end()
    assert run.ending is None


def test_two_processes_do_not_go_on_with_one_run(open_home: Opened, materials: Materials) -> None:
    runs = Runs(open_home())
    with runs.begin(materials) as run, pytest.raises(StoreLocked, match="close it"):
        Runs(open_home()).resume(run.name)
    with runs.resume(run.name) as again:
        assert again.materials == materials


def test_an_encrypted_home_keeps_no_examples_and_says_how_to_go_on(open_home: Opened, materials: Materials) -> None:
    sealed = Runs(open_home(memory__encrypt_memory=True))
    with sealed.begin(materials) as run:
        pass
    assert {one.name for one in run.folder.glob("*.jsonl")} == {"trials.jsonl"}
    with pytest.raises(EvolutionError, match="give the same files again"):
        sealed.resume(run.name)


def test_no_more_adapters_begin_than_the_settings_allow_and_those_are_the_best(
    open_home: Opened, materials: Materials
) -> None:
    learning = open_home(evolution__parents=1, evolution__search="random")
    with Runs(learning).begin(materials) as run:
        [chosen] = run.parents
    tune = {one.identity: learning.score(materials.tune, one.identity).logprob for one in learning.shelf.list()}
    assert tune[chosen] == max(tune.values(), key=lambda each: each or 0.0)


def test_what_cannot_begin_is_refused_in_a_sentence(open_home: Opened, materials: Materials) -> None:
    runs = Runs(open_home())
    with pytest.raises(AdapterNotFound, match="nobody"):
        runs.begin(materials, parents=["nobody"])
    with pytest.raises(EvolutionError, match="No run begins with"):
        runs.resume("abcd")
    for one in SPECIALISTS:
        runs.learning.shelf.delete(one)
    with pytest.raises(EvolutionError, match="train one"):
        runs.begin(materials)


def test_a_run_is_deleted_and_its_adapters_stay(open_home: Opened, materials: Materials) -> None:
    runs = Runs(open_home())
    with runs.begin(materials) as run:
        with pytest.raises(StoreLocked):
            Runs(open_home()).delete(run.name)
        run.step()
    runs.delete(run.name[:6])
    assert runs.list() == ()
    assert {one.label for one in runs.learning.shelf.list()} == set(SPECIALISTS)


def test_fresh_examples_of_another_skill_do_not_make_another_run(open_home: Opened, materials: Materials) -> None:
    runs = Runs(open_home())
    other = Materials.of(materials.tune, fresh=generate("name_ticket", 6, seed=3), confirm=0.3)
    with runs.begin(materials) as run:
        run.step()
    with runs.begin(other) as again:
        assert (again.name, again.trials) == (run.name, run.trials)


def test_a_lesson_about_other_examples_begins_anew_where_one_was_cut_off(
    open_home: Opened, materials: Materials
) -> None:
    learning = open_home(training__checkpoint_steps=1)
    start, lesson = learning.shelf.get(SPECIALISTS[0]), Lesson(3, 1e-3, 2, seed=0)

    def cut_off(now: Progress) -> None:
        if now.step == 2:
            raise KeyboardInterrupt

    with Runs(learning).begin(materials) as run:
        lessons = Lessons(learning.base, learning.settings, run.folder, cut_off)
        with pytest.raises(KeyboardInterrupt):
            lessons.given(start, lesson, materials.tune[:2])
        whole = replace(lessons, on_lesson=None)
        other = whole.given(start, lesson, materials.tune[2:])
    assert other.identity != whole.given(start, lesson, materials.tune[:2]).identity
