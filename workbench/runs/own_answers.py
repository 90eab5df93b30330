"""A run's own right answers: what its candidates said to the tune examples themselves, and a checker found right.

    trials, the best first ─► examples that only this one got right ─► it answers them, greedily ─► right? kept
    the champion, taught what is kept ─► samples answers to the others ─► right? kept            (a few rounds)

Where only verdicts are known there is no gold answer to learn from, but any candidate may have found one, also one that
is far from the champion. Learning from answers of one's own that passed, to find more of them, is STaR's way (Zelikman
et al. 2022, arXiv 2203.14465), without its hints. Gold answers serve for the verdict alone.

>>> own_answers(run.worker, run.trials, materials.tune, run.learning.scorer)[0].answer            # doctest: +SKIP
'{"name": "Ada", "date": "2024-05-01"}'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.core.examples import Example
from workbench.evolution.trial import Trial, champion, ranked

if TYPE_CHECKING:
    from workbench.evaluation.scoring import Said, Scorer
    from workbench.evolution.genome import Lesson
    from workbench.evolution.worker import Worker

ROUNDS, SAMPLES, TEMPERATURE = 3, 4, 0.8  # of the champion's own search: replies to each example in each round
RIGHT = 0.5  # an outcome above this is a right answer, where nothing but the verdict is in it


def own_replies(
    worker: Worker,
    trials: Sequence[Trial],
    examples: Sequence[Example],
    scorer: Scorer,
    *,
    lesson: Lesson | None = None,
) -> tuple[Said, ...]:
    """Replies to every example that some candidate got right, each written anew by the best one that did; then those
    of the taught champion to the others.

    Args:
        trials: of a run in which only verdicts are known; outcomes beyond the examples are not looked at.
        lesson: given to the champion before each round; None has no rounds.
    Raises:
        TrainingError: a lesson cannot be given.
    """
    said = list(_found_again(worker, trials, examples, scorer))
    for number in range(ROUNDS if lesson is not None else 0):
        own = right_of(said)
        left = [one for one in examples if one.id not in {each.id for each in own}]
        if not own or not left:
            break
        worker.teach_about(own)
        taught = worker.weights(replace(champion(trials).genome, lesson=lesson))
        seed = 1_000 * (lesson.seed if lesson else 0) + number
        said += scorer.replies(taught, left, samples=SAMPLES, temperature=TEMPERATURE, seed=seed)
    return tuple(said)


def _found_again(
    worker: Worker, trials: Sequence[Trial], examples: Sequence[Example], scorer: Scorer
) -> tuple[Said, ...]:
    said: list[Said] = []
    for trial, places in _solvers(trials, len(examples)):
        adapter = worker.weights(trial.genome)
        said += scorer.replies(adapter, [examples[place] for place in places])
        worker.clear()
    return tuple(said)


def own_answers(
    worker: Worker,
    trials: Sequence[Trial],
    examples: Sequence[Example],
    scorer: Scorer,
    *,
    lesson: Lesson | None = None,
) -> tuple[Example, ...]:
    """The examples that were answered rightly, with a model's own words as their answers; none where nothing passed.

    Args:
        lesson: as for `own_replies`.
    """
    return right_of(own_replies(worker, trials, examples, scorer, lesson=lesson))


def right_of(said: Sequence[Said]) -> tuple[Example, ...]:
    """The first right reply to each example, as an example of its own."""
    first: dict[str, Example] = {}
    for one in said:
        if one.right:
            first.setdefault(one.example.id, one.own)
    return tuple(first.values())


def _solvers(trials: Sequence[Trial], examples: int) -> list[tuple[Trial, list[int]]]:
    """Who answers what: each example that anybody got right, once."""
    left, found = set(range(examples)), list[tuple[Trial, list[int]]]()
    for trial in ranked(trials):
        mine = [at for at in sorted(left) if at < len(trial.outcomes) and (trial.outcomes[at] or 0.0) > RIGHT]
        if mine:
            found.append((trial, mine))
            left -= set(mine)
    return found
