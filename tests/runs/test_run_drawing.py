"""Trials become what the figures draw: descent with names, scores of those that saw every example."""

from __future__ import annotations

from workbench.evolution.genome import Genome
from workbench.evolution.trial import Fitness, SkillFitness, Trial
from workbench.runs.drawing import SIZE, candidates, scored

DATES, NAMES = "d" * 64, "n" * 64
HALF = SkillFitness(right=2, n=4, logprob=-1.0)
WHOLE = Trial(
    3,
    1,
    Genome((DATES, NAMES), ((0.5, 0.0), (0.0, 0.0))),
    "cma-es",
    fitness=Fitness({"both": HALF}, {"dates": SkillFitness(1, 4)}, size_bytes=7),
)
STOPPED = Trial(
    4, 1, Genome((NAMES,), ((1.0, 1.0),)), "seed", fitness=Fitness({"both": HALF}), stopped=True, estimate=0.1
)
FAILED = Trial(5, 1, Genome((NAMES,), ((2.0, 2.0),)), "cma-es", failure="no weights")


def test_a_candidate_hangs_on_the_adapters_that_it_takes_weights_from_by_name() -> None:
    whole, stopped, _ = candidates([WHOLE, STOPPED, FAILED], {DATES: "dates"})
    assert whole.parents == ("dates",)
    assert stopped.parents == (NAMES[:12],)


def test_what_a_race_stopped_has_its_estimate_and_what_failed_has_nothing() -> None:
    assert [one.value for one in candidates([WHOLE, STOPPED, FAILED])] == [WHOLE.fitness.value, 0.1, None]  # type: ignore[union-attr]
    assert [one.stopped for one in candidates([WHOLE, STOPPED, FAILED])] == [False, True, False]


def test_only_those_that_saw_every_example_are_compared_by_skill_and_by_held_skill() -> None:
    [one] = scored([WHOLE, STOPPED, FAILED])
    assert one.name == WHOLE.genome.identity
    assert one.scores == {"both": 0.5, "dates": 0.25, SIZE: 7.0}


def test_where_nothing_is_right_the_smooth_score_tells_who_is_nearer() -> None:
    [one] = scored([WHOLE], smooth=True)
    assert one.scores == {"both": 0.25, "dates": 0.25, SIZE: 7.0}
