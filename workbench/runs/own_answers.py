"""A run's own right answers: what its candidates said to the tune examples themselves, and a checker found right.

    trials, the best first ─► examples that only this one got right ─► it answers them, greedily ─► right? kept

Where only verdicts are known there is no gold answer to learn from, but any candidate may have found one, also one that
is far from the champion. Learning from answers of one's own that passed is STaR's way (Zelikman et al. 2022, arXiv
2203.14465), without its hints. Gold answers serve for the verdict alone. It does not train.

>>> own_answers(run.worker, run.trials, materials.tune, run.learning.scorer)[0].answer            # doctest: +SKIP
'{"name": "Ada", "date": "2024-05-01"}'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.core.examples import Example
from workbench.evolution.trial import Trial, ranked

if TYPE_CHECKING:
    from workbench.evaluation.scoring import Said, Scorer
    from workbench.evolution.worker import Worker

RIGHT = 0.5  # an outcome above this is a right answer, where nothing but the verdict is in it


def own_replies(
    worker: Worker, trials: Sequence[Trial], examples: Sequence[Example], scorer: Scorer
) -> tuple[Said, ...]:
    """Replies to every example that some candidate got right, each written anew by the best one that did.

    Args:
        trials: of a run in which only verdicts are known; outcomes beyond the examples are not looked at.
    """
    said: list[Said] = []
    for trial, places in _solvers(trials, len(examples)):
        adapter = worker.weights(trial.genome)
        said += scorer.replies(adapter, [examples[place] for place in places])
        worker.clear()
    return tuple(said)


def own_answers(
    worker: Worker, trials: Sequence[Trial], examples: Sequence[Example], scorer: Scorer
) -> tuple[Example, ...]:
    """The examples that some candidate got right, with its own words as their answers; none where nothing passed."""
    return tuple(one.own for one in own_replies(worker, trials, examples, scorer) if one.right)


def _solvers(trials: Sequence[Trial], examples: int) -> list[tuple[Trial, list[int]]]:
    """Who answers what: each example that anybody got right, once."""
    left, found = set(range(examples)), list[tuple[Trial, list[int]]]()
    for trial in ranked(trials):
        mine = [at for at in sorted(left) if at < len(trial.outcomes) and (trial.outcomes[at] or 0.0) > RIGHT]
        if mine:
            found.append((trial, mine))
            left -= set(mine)
    return found
