"""The loop: asked and told by the caller, the same wherever it was cut, and never mixed with another run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.evolution.made_up import Pages, towards, tried
from workbench.core.errors import EvolutionError, StoreFull
from workbench.evolution.budget import Budget
from workbench.evolution.ledger import RunLedger
from workbench.evolution.lines import Plan
from workbench.evolution.loop import Evolution
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.trial import Trial

WORTH = towards(0.9, 0.1, -0.4, 0.0)
GENERATIONS = 6
BUDGET = Budget(evaluations=5 * 10 * GENERATIONS)


def search(seed: int = 0) -> CmaSearch:
    return CmaSearch(("aa", "bb"), groups=2, size=5, seed=seed)


def finished(pages: Pages, seed: int = 0) -> Evolution:
    evolution = Evolution(search(seed), pages, BUDGET)
    while not evolution.is_over:
        evolution.tell(tried(evolution.ask(), WORTH))
    return evolution


@pytest.mark.parametrize("cut", range(0, 5 * GENERATIONS, 3))
def test_a_run_cut_after_any_trial_and_resumed_ends_like_an_unbroken_one(cut: int) -> None:
    whole = finished(Pages())
    resumed = finished(Pages(list(whole.trials[:cut])))
    assert resumed.trials == whole.trials
    assert resumed.champion == whole.champion
    assert resumed.ledger.trials() == whole.trials


def test_lines_of_a_generation_that_was_cut_short_stay_as_they_were_written() -> None:
    whole = finished(Pages())
    slow = [replace(one, seconds=99.0) for one in whole.trials[:7]]
    resumed = finished(Pages(slow))
    assert [one.seconds for one in resumed.trials[:8]] == [99.0] * 7 + [0.0]
    assert len(resumed.ledger.trials()) == len(whole.trials)


@pytest.mark.parametrize("lost", [0, 7, 12])
def test_a_lost_line_in_the_middle_is_tried_again_and_the_later_ones_stay(lost: int) -> None:
    whole = finished(Pages())
    kept = [replace(one, seconds=9.0) for one in whole.trials if one.number != lost]
    resumed = finished(Pages(kept))
    assert [one.genome for one in resumed.trials] == [one.genome for one in whole.trials]
    assert [one.number for one in resumed.trials if one.seconds != 9.0] == [lost]


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_a_lost_line_that_comes_out_otherwise_leads_on_and_the_past_it_leaves_no_longer_counts(
    generation: int, tmp_path: Path
) -> None:
    whole = finished(Pages())
    lost = max(whole.trials[5 * generation : 5 * generation + 5], key=lambda one: WORTH(one.genome))
    with RunLedger(tmp_path) as ledger:
        ledger.begin(Plan("cma", ("aa", "bb"), "f00d"))
        for one in whole.trials:
            if one != lost:
                ledger.append(one)
        evolution = Evolution(search(), ledger, BUDGET)
        while not evolution.is_over:
            trials = tried(evolution.ask(), WORTH)
            evolution.tell(
                replace(one, fitness=None, failure="!") if one.number == lost.number else one for one in trials
            )
        now, then = [[one.genome for one in run.trials] for run in (evolution, whole)]
        same = 5 * generation + 5
        assert now[:same] == then[:same]
        assert now[same] != then[same]
        assert ledger.trials() == evolution.trials
        assert Evolution(search(), ledger, BUDGET).champion == evolution.champion


def test_another_seeds_trials_are_refused() -> None:
    other = finished(Pages(), seed=1)
    with pytest.raises(EvolutionError, match="not what generation 0 proposed"):
        Evolution(search(), Pages(list(other.trials)), BUDGET)


def test_trials_out_of_order_are_refused_and_nothing_is_kept() -> None:
    evolution = Evolution(search(), Pages(), Budget(1))
    trials = tried(evolution.ask(), WORTH)
    with pytest.raises(EvolutionError, match="in their order"):
        evolution.tell(reversed(trials))
    assert evolution.ledger.trials() == ()
    evolution.tell(trials)
    assert evolution.is_over


def test_a_disk_that_fills_up_in_a_generation_loses_no_line_and_the_generation_is_told_again() -> None:
    class Full(Pages):
        room = 7

        def append(self, trial: Trial) -> None:
            if len(self.kept) == self.room:
                raise StoreFull("No space is left")
            super().append(trial)

    pages = Full()
    evolution = Evolution(search(), pages, BUDGET)
    evolution.tell(tried(evolution.ask(), WORTH))
    generation = evolution.ask()
    with pytest.raises(StoreFull):
        evolution.tell(tried(generation, WORTH))
    pages.room = 100
    assert evolution.ask() == generation
    evolution.tell(tried(generation, WORTH))
    assert [one.number for one in pages.kept] == list(range(10))


@pytest.mark.parametrize(("allowed", "spent"), [(1, 50), (120, 100), (149, 100), (150, 150)])
def test_a_generation_that_would_not_fit_in_the_budget_does_not_begin(allowed: int, spent: int) -> None:
    evolution = Evolution(search(), Pages(), Budget(allowed))
    while not evolution.is_over:
        evolution.tell(tried(evolution.ask(), WORTH))
    assert (evolution.spending.evaluations, len(evolution.trials)) == (spent, spent // 10)


def test_a_stopped_or_failed_candidate_is_never_the_champion() -> None:
    evolution = Evolution(search(), Pages(), Budget(1))
    with pytest.raises(EvolutionError, match="No candidate"):
        _ = evolution.champion
    trials = tried(evolution.ask(), WORTH)
    order = sorted(trials, key=lambda one: -WORTH(one.genome))
    told = [
        replace(one, stopped=True) if one == order[0] else replace(one, fitness=None) if one == order[1] else one
        for one in trials
    ]
    evolution.tell(told)
    assert evolution.champion.genome == order[2].genome
