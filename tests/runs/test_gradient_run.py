"""A run that learns coefficients by gradient, on two real adapters: within its budget, and the same after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from workbench.core.errors import SettingsError
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.learning import Learning
from workbench.runs import Materials, Run, Runs
from workbench.runs.walking import steps_within

Opened = Callable[..., Learning]
BUDGET = 68  # four steps over four examples, beside two parents and three places
DIALS: dict[str, Any] = {"evolution__evaluations": BUDGET}


@pytest.fixture(scope="module")
def materials() -> Materials:
    """To the letter: a wrong answer is then known without writing it."""
    return Materials.of([replace(one, check="exact") for one in generate("iso_date", 4, seed=1)], confirm=0.3)


def test_the_search_is_chosen_by_what_is_known_of_answers_and_by_the_budget(
    open_home: Opened, materials: Materials
) -> None:
    verdicts = {"evolution__verdicts_only": True}
    for search, dials in (
        ("gradient", DIALS),
        ("cma", {"evolution__evaluations": 40}),
        ("pairs", {**DIALS, **verdicts}),
        ("cma", {"evolution__evaluations": 7, **verdicts}),
    ):
        with Runs(open_home(**dials)).begin(materials) as run:
            assert run.plan.search == search


def test_it_goes_on_from_the_path_that_was_walked_and_ends_at_the_same_champion_within_its_budget(
    open_home: Opened, materials: Materials
) -> None:
    told: list[str] = []
    with Runs(open_home("broken", **DIALS)).begin(materials) as run:
        run.step()
        run.evolution.ask()  # walks the path, and is killed before a place of it is scored
        walked = (run.folder / "path.json").read_bytes()
    with Runs(open_home("broken", **DIALS)).begin(materials) as broken:
        broken.through(lambda what, *_: told.append(what))
        assert (broken.folder / "path.json").read_bytes() == walked
    with Runs(open_home("whole", **DIALS)).begin(materials) as whole:
        whole.through(lambda what, *_: told.append(what))
    assert told.count("learning coefficients") == len(json.loads(walked)["places"]) + 1 == 4
    assert [one.adapter for one in broken.trials] == [one.adapter for one in whole.trials]
    assert broken.champion.genome == whole.champion.genome
    assert_charged(whole)


def assert_charged(run: Run) -> None:
    places = [one for one in run.trials if one.operator == "gradient"]
    assert [one.evaluations - one.seen for one in places] == [48, 0, 0]
    assert sum(one.evaluations for one in run.trials) == BUDGET


def test_no_budget_is_overdrawn_whatever_its_size() -> None:
    for budget in range(0, 4000, 37):
        for parents, examples in ((1, 4), (2, 32), (8, 32), (10, 200)):
            steps = steps_within(budget, parents=parents, examples=examples)
            assert steps == 0 or 3 * steps * min(32, examples) + (parents + 3) * examples <= budget


def test_a_gradient_without_gold_answers_is_a_contradiction() -> None:
    with pytest.raises(SettingsError, match="a gradient needs gold answers"):
        load_settings(overrides={"evolution.verdicts_only": True, "evolution.search": "gradient"})
