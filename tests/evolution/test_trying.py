"""A generation tried: weights from genomes, a race over the examples, trials that say what came of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from tests.evolution.columns import (
    GROUPS,
    LAYERS,
    NAMES,
    SPECIALISTS,
    TUNE,
    generation,
    judged,
    mixed,
    pool_of_columns,
    run,
    specialist,
    unmeasured,
)
from tests.evolution.made_up import Pages
from workbench.adapters.adapter import Adapter
from workbench.core.errors import AdapterDamaged, AdapterUnfit, EvolutionError, StoreFull, TrainingError
from workbench.core.examples import Example
from workbench.evaluation.scoring import Score
from workbench.evolution.executors import InProcess
from workbench.evolution.genome import Genome, Lesson, only
from workbench.evolution.pool import Pool, size_bytes
from workbench.evolution.racing import doubling_rungs
from workbench.evolution.trial import ranked
from workbench.evolution.trying import Trier
from workbench.evolution.worker import Job, JobResult, ScoreThem, Teaching, Worker


@pytest.fixture
def pool() -> Pool:
    return pool_of_columns()


def test_a_genome_that_is_one_adapter_is_that_adapter(pool: Pool) -> None:
    assert pool.expressed(only(NAMES[1], 3)) is SPECIALISTS[1]


def test_coefficients_act_on_the_change_of_the_weights_by_depth(pool: Pool) -> None:
    child = pool.expressed(Genome((NAMES[0], NAMES[2]), ((1.0, 2.0, 3.0), (0.0, 0.0, -1.0))))
    deltas = [child.spec.scale * (child.factors[layer].b @ child.factors[layer].a) for layer in LAYERS]
    assert [float(delta[0, 0]) for delta in deltas] == pytest.approx([1, 1, 2, 2, 3, 3])
    assert [float(delta[0, 2]) for delta in deltas] == pytest.approx([0, 0, 0, 0, -1, -1], abs=1e-6)


@pytest.mark.parametrize("rule", ["ties", "dare"])
def test_structure_that_coefficients_cannot_express_reaches_the_weights(pool: Pool, rule: str) -> None:
    plain, other = mixed(1.0, 0.5, 0.2), replace(mixed(1.0, 0.5, 0.2), rule=rule, seed=4)
    assert pool.expressed(other).identity != pool.expressed(plain).identity
    assert pool.expressed(other).identity == pool.expressed(other).identity


def test_a_stretched_genome_has_larger_singular_values(pool: Pool) -> None:
    child = pool.expressed(replace(only(NAMES[0], 3), stretch=((2.0,), (1.0,), (1.0,))))
    norms = [float(torch.linalg.matrix_norm(child.spec.scale * pair.b @ pair.a)) for pair in child.factors.values()]
    assert norms == pytest.approx([4, 4, 2, 2, 2, 2], rel=1e-5)


def test_parents_of_two_bases_an_empty_pool_and_an_unknown_parent_are_sentences(pool: Pool) -> None:
    with pytest.raises(AdapterUnfit, match="different bases"):
        Pool({"a": SPECIALISTS[0], "b": specialist(1, "c" * 64)}, GROUPS)
    with pytest.raises(EvolutionError, match="workbench train"):
        Pool({}, GROUPS)
    with pytest.raises(EvolutionError, match="No adapter zz"):
        pool.expressed(only("zz", 3))


def test_a_generation_comes_back_as_one_trial_for_each_proposal_in_order(pool: Pool) -> None:
    genomes = [mixed(0.9, 0.5, -0.3), mixed(0, 0, 0), only(NAMES[0], 3)]
    trials = Trier(in_process(pool), TUNE).tried(generation(*genomes))
    assert [one.genome for one in trials] == genomes
    assert [one.number for one in trials] == [0, 1, 2]
    best = trials[0]
    assert best.fitness is not None
    assert (best.seen, best.stopped, best.fitness.share) == (60, False, pytest.approx(59 / 60))
    assert best.adapter == pool.expressed(genomes[0]).identity
    assert best.fitness.size_bytes == size_bytes(pool.expressed(genomes[0]))
    assert best.estimate == pytest.approx(sum(each for each in best.outcomes if each is not None) / 60)


def test_the_hopeless_are_stopped_early_and_what_was_not_asked_is_not_charged(pool: Pool) -> None:
    hopeless = [mixed(-3.0 - n, 4, 5) for n in range(8)]
    trials = Trier(in_process(pool), TUNE, keep=1).tried(generation(mixed(0.9, 0.5, -0.3), *hopeless))
    assert not trials[0].stopped
    assert all(one.stopped and one.seen < 60 for one in trials[1:])
    assert all(one.evaluations == one.seen == sum(each is not None for each in one.outcomes) for one in trials)
    assert ranked(trials)[0] == trials[0]


def test_held_skills_race_along_and_are_told_apart(pool: Pool) -> None:
    held = [one for one in TUNE if one.skill == "column 2"]
    learned = [one for one in TUNE if one.skill != "column 2"]
    [trial] = Trier(in_process(pool), learned, held=held).tried(generation(mixed(0.9, 0.5, 0.9)))
    assert trial.fitness is not None
    assert set(trial.fitness.skills) == {"column 0", "column 1"}
    assert set(trial.fitness.held) == {"column 2"}
    assert trial.fitness.held["column 2"].share < trial.fitness.share


def test_a_candidate_that_cannot_be_made_or_scored_is_a_trial_with_its_reason(pool: Pool) -> None:
    def score(adapter: Adapter, examples: Sequence[Example]) -> Score:
        if adapter.identity == NAMES[0]:
            raise AdapterDamaged("its weights are not numbers")
        return judged(adapter, examples)

    lesson = replace(only(NAMES[1], 3), lesson=Lesson(4, 1e-3))
    trials = Trier(in_process(pool, score), TUNE).tried(
        generation(only(NAMES[0], 3), only("zz", 3), lesson, mixed(0.9, 0.5, 0))
    )
    assert [one.failure is None for one in trials] == [False, False, False, True]
    assert "not numbers" in str(trials[0].failure)
    assert "teaches nothing" in str(trials[2].failure)
    assert ranked(trials)[0] == trials[3]


def test_a_generation_of_failures_alone_is_told_and_the_run_goes_on(pool: Pool) -> None:
    trials = Trier(in_process(pool), TUNE).tried(generation(only("yy", 3), only("zz", 3)))
    assert all(one.failure and one.fitness is None for one in trials)


def test_a_full_disk_ends_the_generation_and_is_not_taken_for_a_bad_candidate(pool: Pool) -> None:
    def score(adapter: Adapter, examples: Sequence[Example]) -> Score:
        raise StoreFull("No space is left for the score cache")

    with pytest.raises(StoreFull):
        Trier(in_process(pool, score), TUNE).tried(generation(only(NAMES[0], 3)))


def test_a_lesson_is_about_what_the_merged_candidate_gets_wrong(pool: Pool) -> None:
    asked: list[set[str]] = []

    def teach(adapter: Adapter, lesson: Lesson, examples: Sequence[Example]) -> Adapter:
        asked.append({one.id for one in examples})
        return SPECIALISTS[2]

    good_at_two = mixed(0.9, 0.5, 9.0)
    for wrong_first in (True, False):
        taught = replace(good_at_two, lesson=Lesson(4, 1e-3, wrong_first=wrong_first))
        [trial] = Trier(in_process(pool, teaching=Teaching(teach, tuple(TUNE[3:]))), TUNE[3:]).tried(generation(taught))
        assert trial.adapter == NAMES[2]
    wrong = {one.id for one in judged(pool.expressed(good_at_two), TUNE[3:]).outcomes if not one.right}
    assert asked == [wrong, {one.id for one in TUNE[3:]}]
    assert len(wrong) < len(TUNE[3:])


def test_a_lesson_that_fails_is_a_failed_trial(pool: Pool) -> None:
    def teach(adapter: Adapter, lesson: Lesson, examples: Sequence[Example]) -> Adapter:
        raise TrainingError("The loss is no number; lower the learning rate")

    taught = replace(only(NAMES[0], 3), lesson=Lesson(4, 1.0))
    [trial] = Trier(in_process(pool, teaching=Teaching(teach, tuple(TUNE))), TUNE).tried(generation(taught))
    assert trial.failure == "The loss is no number; lower the learning rate"


def test_weights_that_were_dropped_between_rungs_are_merged_again_the_same(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    genomes = [mixed(0.9, 0.5 + n / 50, -0.3) for n in range(6)]
    whole = Trier(in_process(pool), TUNE).tried(generation(*genomes))
    monkeypatch.setattr("workbench.evolution.worker.KEPT_BYTES", 1)
    dropped = Trier(in_process(pool), TUNE).tried(generation(*genomes))
    assert unmeasured(whole) == unmeasured(dropped)


def in_process(pool: Pool, score: ScoreThem = judged, teaching: Teaching | None = None) -> InProcess:
    return InProcess(Worker(pool, score, teaching=teaching))


def test_cma_es_with_racing_climbs_and_spends_less_than_scoring_everything(pool: Pool) -> None:
    evolution = run(in_process(pool), Pages(), evaluations=8_000)
    first = max(one.fitness.share for one in evolution.trials[:8] if one.fitness and not one.stopped)
    champion = evolution.champion.fitness
    assert champion is not None
    assert champion.share > first + 0.1
    assert evolution.spending.evaluations < 60 * len(evolution.trials)
    assert not math.isnan(champion.value)


@pytest.mark.parametrize("cut", [0, 5, 8, 41])
def test_a_run_cut_anywhere_and_resumed_has_the_same_champion_weights_and_spending(pool: Pool, cut: int) -> None:
    whole = run(in_process(pool), Pages(), evaluations=2_000)
    resumed = run(in_process(pool), Pages(list(whole.trials[:cut])), evaluations=2_000)
    assert resumed.champion.adapter == whole.champion.adapter
    assert resumed.spending.evaluations == whole.spending.evaluations


def test_no_example_or_one_given_twice_is_a_sentence(pool: Pool) -> None:
    with pytest.raises(EvolutionError, match="at least one"):
        Trier(in_process(pool), [])
    with pytest.raises(EvolutionError, match="given twice"):
        Trier(in_process(pool), TUNE, held=TUNE[:1])


def test_rungs_double_so_that_weights_are_laid_over_the_base_seldom(pool: Pool) -> None:
    asked: list[int] = []

    def score(adapter: Adapter, examples: Sequence[Example]) -> Score:
        asked.append(len(examples))
        return judged(adapter, examples)

    Trier(in_process(pool, score), TUNE).tried(generation(mixed(0.9, 0.5, -0.3)))
    assert asked == [8, 8, 16, 28]
    assert doubling_rungs(60) == (8, 16, 32, 60)
    assert doubling_rungs(8) == (8,)


def test_a_trial_says_how_much_memory_it_took_at_its_peak(pool: Pool) -> None:
    held = 64 << 20

    def score(adapter: Adapter, examples: Sequence[Example]) -> Score:
        taken = torch.ones(held // 4 if len(examples) == 16 else 1)
        assert taken.numel()
        return judged(adapter, examples)

    [trial] = Trier(in_process(pool, score), TUNE).tried(generation(mixed(0.9, 0.5, -0.3)))
    [plain] = Trier(in_process(pool), TUNE).tried(generation(mixed(0.9, 0.5, -0.3)))
    assert plain.peak_bytes > 0
    assert trial.peak_bytes > held


def test_progress_is_told_candidate_by_candidate_in_each_rung(pool: Pool) -> None:
    told: list[tuple[int, int]] = []
    Trier(in_process(pool), TUNE[:12]).tried(
        generation(mixed(0.9, 0.5, -0.3), mixed(0.8, 0.5, -0.3)), on_progress=lambda *said: told.append(said)
    )
    assert told == [(1, 2), (2, 2)] * 2


def test_weights_are_made_once_for_all_rungs_of_a_generation_and_dropped_after_it(pool: Pool) -> None:
    class Counting(Pool):
        made = 0

        def expressed(self, genome: Genome) -> Adapter:
            self.made += 1
            return super().expressed(genome)

    counting = Counting(pool.adapters, GROUPS)
    trier = Trier(in_process(counting), TUNE)
    for expected in (1, 2):
        trier.tried(generation(mixed(0.9, 0.5, -0.3)))
        assert counting.made == expected


def test_a_job_comes_back_with_its_outcomes_in_the_order_of_its_examples(pool: Pool) -> None:
    found = Worker(pool, judged).run(Job(7, mixed(0.9, 0.5, -0.3), tuple(TUNE[5:2:-1])))
    assert [one.id for one in found.outcomes] == [one.id for one in TUNE[5:2:-1]]
    assert (found.candidate, found.failure) == (7, None)
    failed = Worker(pool, judged).run(Job(8, only("zz", 3), tuple(TUNE)))
    assert replace(failed, seconds=0.0, peak_bytes=0) == JobResult(8, failure=failed.failure)
    assert "No adapter zz" in str(failed.failure)
