"""Answers that contradict what the others teach: each half is read by what the other half taught.

    examples ─by hash─┬─► half ─► a short lesson ─► how likely are the other half's answers, for their own questions and
                      └─► half ─► a short lesson ─►                                         for questions like these

An answer contradicts the others where both hold (natural logarithms, the whole answer):

    −log p(answer | question) > SURPRISE + the median of that over questions like it    those are learned, this is not
    log p(answer | question) − log mean p(answer | like question) < FITS, or a share of the surprise: it fits no better

The first alone would find long answers. Against the median, facts that nothing else can teach are no surprise, for none
of those like them can be foretold; and before anything is learned, nothing is. Out of fold nobody knows an answer by
heart (confident learning: Northcutt et al. 2021, arXiv 1911.00068); the second is pointwise V-information (Ethayarajh
et al. 2022, arXiv 2110.08420) against questions that are alike. It trains nothing and stores nothing.

>>> suspects(half, vectors, partial(scorer.options, adapter))                             # doctest: +SKIP
(Suspect(example='5f…', turn='01K…', session='01K…', surprise=21.4, fit=-3.1),)
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.core.examples import Example
    from workbench.evaluation.scoring import Chosen, OptionQuestion

SURPRISE, FITS = 8.0, 3.0  # nats
OF_SURPRISE = 0.25  # long answers fit a little by chance, and are as much more surprising
NEAREST = 8  # questions alike with another answer, of which the half nearest are asked for this one
FEWEST = 4  # with fewer nothing is said
LIKE = 0.4  # cosine; two questions of different tasks are hardly ever nearer (0.41 at most, of ten tasks)
Read = Callable[[Sequence["OptionQuestion"]], Sequence["Chosen"]]


@dataclass(frozen=True, slots=True)
class Suspect:
    """One answer that contradicts what others teach.

    Args:
        example, turn, session: their ids.
        surprise: how much less likely it is than answers of questions like it are for theirs, in nats.
        fit: how much likelier it is for its own question than for others like it, in nats.
    """

    example: str
    turn: str
    session: str
    surprise: float
    fit: float


def halves(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """By the hash of what is asked, so that a question is always in the same half, whatever is said of it later."""
    sides: tuple[list[Example], list[Example]] = ([], [])
    for one in examples:
        sides[hashlib.sha256(one.prompt.encode()).digest()[0] % 2].append(one)
    return sides


def suspects(half: Sequence[Example], vectors: NDArray[np.floating], read: Read) -> tuple[Suspect, ...]:
    """Those of a half that contradict what the reader was taught, which was the other half.

    Args:
        vectors: of their questions, L2-normalised rows, shape (N, D).
        read: log-probabilities of options, by whoever was taught.
    """
    from workbench.evaluation.scoring import OptionQuestion

    alike = [_alike(place, half, vectors) for place in range(len(half))]
    asked: list[list[int]] = [[place] for place in range(len(half))]  # whose answers are put to a question
    for place, some in enumerate(alike):
        for other in some[:FEWEST]:
            asked[other].append(place)
    read_for = read(
        [OptionQuestion(one.messages, tuple(half[at].answer for at in asked[place])) for place, one in enumerate(half)]
    )
    likely = {
        (question, answer): logprob
        for question, chosen in enumerate(read_for)
        for answer, logprob in zip(asked[question], chosen.logprobs, strict=True)
    }
    found = []
    for place, some in enumerate(alike):
        if len(some) < FEWEST:
            continue
        own = likely[place, place]
        surprise = median(likely[other, other] for other in some) - own
        fit = own - _log_mean([likely[other, place] for other in some[:FEWEST]])
        if surprise > SURPRISE and fit < max(FITS, OF_SURPRISE * surprise):
            one, at = half[place], half[place].origin.place
            found.append(Suspect(one.id, at.get("turn", ""), at.get("session", ""), surprise, fit))
    return tuple(found)


def _alike(place: int, half: Sequence[Example], vectors: NDArray[np.floating]) -> list[int]:
    """The nearest questions that have another answer."""
    cosines = vectors @ vectors[place]
    nearest = sorted(map(int, np.flatnonzero(cosines >= LIKE)), key=lambda at: (-cosines[at], at))
    return [at for at in nearest if half[at].answer != half[place].answer][:NEAREST]


def _log_mean(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + math.log(sum(math.exp(one - most) for one in logs) / len(logs))
