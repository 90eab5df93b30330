"""What came of a candidate: its scores skill by skill, what they cost, or why there are none.

The value that a search climbs is smooth where exact match is flat:

    value = mean over skills of (share right + ¼ · max(mean log-probability of the gold answers, −4))

so that of two candidates that get nothing right the one nearer to it is ahead. It does not know who asked.

>>> Fitness({"dates": SkillFitness(right=3, n=4, logprob=-0.4)}).value
0.65
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome

TIE_BREAK = 0.25  # of the log-probability beside a right answer
FLOOR = -4.0  # below this a gold answer is equally out of reach


def outcome(right: bool, logprob: float | None) -> float:
    """What one example adds to a candidate's value, from −1 to 1."""
    return float(right) + tie_break(logprob)


def tie_break(logprob: float | None) -> float:
    """From −1 to 0; a log-probability that is no number counts as the floor."""
    return 0.0 if logprob is None else TIE_BREAK * max(FLOOR, logprob)


@dataclass(frozen=True, slots=True)
class SkillFitness:
    """One skill: right answers of n, and the mean log-probability of the gold answers, if anybody measured it."""

    right: int
    n: int
    logprob: float | None = None

    @property
    def share(self) -> float:
        return self.right / self.n

    @property
    def value(self) -> float:
        """Share right with the tie-break, at most 1."""
        return self.share + tie_break(self.logprob)


@dataclass(frozen=True, slots=True)
class Fitness:
    """Scores by skill, and what the candidate weighs.

    Args:
        skills: what is to be learned.
        held: what must not be forgotten, on the same terms.
        size_bytes: of the adapter's factors.
    """

    skills: Mapping[str, SkillFitness]
    held: Mapping[str, SkillFitness] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def value(self) -> float:
        """What a search with one goal climbs; higher is better."""
        return fmean(one.value for one in (*self.skills.values(), *self.held.values()))

    @property
    def share(self) -> float:
        """Mean share of right answers over the skills to be learned; 0 where a race ended before any was asked."""
        return fmean(one.share for one in self.skills.values()) if self.skills else 0.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate, tried.

    Args:
        number: from 0, over the whole run.
        operator: what made the genome, such as "specialist", "cma-es", "blend + noise".
        made_of: identities of the genomes it was made of.
        fitness: None where it failed.
        seen: examples that it was scored on.
        evaluations: of those, how many had to be computed.
        stopped: the race ended it before the last example.
        estimate: of its mean outcome over all examples, as the race has it; exact where it was not stopped.
        outcomes: by the examples' places; None where it was not scored.
        adapter: identity of its weights.
    """

    number: int
    generation: int
    genome: Genome
    operator: str
    made_of: tuple[str, ...] = ()
    fitness: Fitness | None = None
    seen: int = 0
    evaluations: int = 0
    stopped: bool = False
    estimate: float | None = None
    outcomes: tuple[float | None, ...] = ()
    seconds: float = 0.0
    peak_bytes: int = 0
    adapter: str | None = None
    failure: str | None = None


def ranked(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The best first: those that were scored on every example, then those that a race stopped, then the failed.

    Means over different examples cannot be compared, so the stopped stand by what the race estimates. Equal values keep
    the order of their numbers, so the same trials give the same order.
    """

    def place(one: Trial) -> tuple[int, float, int]:
        if one.fitness is None:
            return (2, 0.0, one.number)
        if one.stopped and one.estimate is not None:
            return (1, -one.estimate, one.number)
        return (int(one.stopped), -one.fitness.value, one.number)

    return tuple(sorted(trials, key=place))


def champion(trials: Sequence[Trial]) -> Trial:
    """The best candidate that was scored on every example.

    Raises:
        EvolutionError: there is none yet.
    """
    whole = [one for one in trials if one.fitness is not None and not one.stopped]
    if not whole:
        raise EvolutionError("No candidate has been scored yet; tell a generation first")
    return ranked(whole)[0]
