"""The searches of the first setting, each with the same budget of example-evaluations. Run by `evolution.py`.

    plain     every candidate is scored on every tune example: random search, CMA-ES, LoraHub's way
    raced     the run of `workbench evolve`: parents first, then CMA-ES, hopeless candidates stop early

CMA-ES over one coefficient for each specialist and third of the layers is the way of mergekit's `mergekit-evolve`.
LoraHub (Huang et al. 2023, arXiv 2307.13269) has one coefficient w for each adapter, in [−1.5, 1.5] from 0, and

    ΔW = s · (Σ wᵢ Bᵢ) · (Σ wᵢ Aᵢ)        minimised: mean loss of the gold answers + 0.05 · mean |wᵢ|

as in its published code, where nevergrad's NGOpt searches. Here CMA-ES does, first step 0.5, a sixth of the range, and
it gets the budget of the others instead of 40 candidates. Its second form sums ΔW exactly, Σ wᵢ Bᵢ Aᵢ, and is no part
of the paper: it shows what is due to the sum and what to the search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from workbench.adapters.adapter import Adapter, Factors
from workbench.core.errors import EvolutionError
from workbench.core.examples import Example, data_hash
from workbench.evaluation.scoring import Scored
from workbench.evolution.budget import Budget
from workbench.evolution.genome import Genome
from workbench.evolution.ledger import RunLedger
from workbench.evolution.lines import Plan
from workbench.evolution.loop import Evolution, Generation
from workbench.evolution.pool import Pool
from workbench.evolution.search import Proposal, Search
from workbench.evolution.search.coefficients import genome_of
from workbench.evolution.trial import Fitness, SkillFitness, Trial, outcome
from workbench.evolution.worker import Job, Worker

WIDEST, FIRST_STEP, PENALTY = 1.5, 0.5, 0.05  # of LoraHub
WORST_LOGPROB = -100.0

Value = Callable[[Trial], float]


class Best(NamedTuple):
    """Of a search: the candidate it chose, how many it tried, and what they cost."""

    trial: Trial
    candidates: int
    evaluations: int
    peak_bytes: int


def best_of(trials: Sequence[Trial], value: Value) -> Best:
    """The candidate of the highest value; of equals the first."""
    whole = [one for one in trials if one.fitness is not None and not one.stopped]
    return Best(
        max(whole, key=value),
        len(trials),
        sum(one.evaluations for one in trials),
        max(one.peak_bytes for one in trials),
    )


def by_fitness(trial: Trial) -> float:
    """What the workbench climbs."""
    assert trial.fitness is not None, "a failed candidate is never chosen"
    return trial.fitness.value


def by_loss(trial: Trial) -> float:
    """What LoraHub climbs: the negative of its loss with the penalty."""
    assert trial.fitness is not None, "a failed candidate is never chosen"
    logprob = fmean(one.logprob or 0.0 for one in trial.fitness.skills.values())
    return logprob - PENALTY * fmean(abs(row[0]) for row in trial.genome.coefficients)


class LoraHubSearch:
    """CMA-ES within LoraHub's bounds, for LoraHub's goal."""

    is_over = False

    def __init__(self, parents: Sequence[str], *, size: int, seed: int) -> None:
        import numpy as np
        from cmaes import CMA

        self.parents = tuple(parents)
        bounds = np.array([[-WIDEST, WIDEST]] * len(self.parents))
        start = np.zeros(len(self.parents))
        self._engine = CMA(mean=start, sigma=FIRST_STEP, bounds=bounds, population_size=size, seed=seed)
        self._asked: tuple[Any, ...] | None = None

    def ask(self) -> tuple[Proposal, ...]:
        if self._asked is None:
            self._asked = tuple(self._engine.ask() for _ in range(self._engine.population_size))
        return tuple(Proposal(genome_of(self.parents, one.tolist(), groups=1), "lorahub") for one in self._asked)

    def tell(self, trials: Sequence[Trial]) -> None:
        losses = [-by_loss(one) if one.fitness is not None else -WORST_LOGPROB for one in trials]
        self._engine.tell(list(zip(self._asked or (), losses, strict=True)))
        self._asked = None


class FactorsSummed(Pool):
    """The specialists of LoraHub: A and B are summed apart, so products of different adapters come in."""

    def expressed(self, genome: Genome) -> Adapter:
        """
        Raises:
            EvolutionError: the adapters differ in rank, scale or layers, or have more than one coefficient.
        """
        parents = [self.adapters[one] for one in genome.parents]
        weights = [row[0] for row in genome.coefficients]
        spec, layers = parents[0].spec, parents[0].factors.keys()
        if genome.groups != 1 or any(one.spec != spec or one.factors.keys() != layers for one in parents):
            raise EvolutionError("LoraHub's sum needs adapters of one shape and one coefficient each")

        def summed(layer: str, which: int) -> Any:
            return sum(each * one.factors[layer][which] for each, one in zip(weights, parents, strict=True))

        return Adapter(spec, {layer: Factors(summed(layer, 0), summed(layer, 1)) for layer in layers})


def plan_of(name: str, parents: Sequence[str], tune: Sequence[Example], seed: int, evaluations: int) -> Plan:
    """Of a plain search."""
    return Plan(name, tuple(parents), data_hash(tune), seed, {"evaluations": evaluations}, {"race": False})


def plainly(
    search: Search, worker: Worker, tune: Sequence[Example], *, plan: Plan, folder: Path, lap: Callable[[], Any]
) -> tuple[Trial, ...]:
    """Generation after generation, every candidate on every example; goes on where it was stopped.

    Args:
        lap: a context around each generation, which may refuse to begin it.
    """
    with RunLedger(folder) as ledger:
        ledger.begin(plan)
        evolution = Evolution(search, ledger, Budget(**plan.budget))
        while not evolution.is_over:
            with lap():
                evolution.tell(tried(worker, evolution.ask(), tune))
        return evolution.trials


def tried(worker: Worker, generation: Generation, tune: Sequence[Example]) -> list[Trial]:
    """One trial for each proposal."""
    trials = []
    for number, proposal in enumerate(generation.proposals, start=generation.first):
        found = worker.run(Job(number, proposal.genome, tuple(tune)))
        worker.clear()
        trials.append(
            Trial(
                number=number,
                generation=generation.number,
                genome=proposal.genome,
                operator=proposal.operator,
                made_of=proposal.made_of,
                fitness=Fitness(_by_skill(found.outcomes), {}, found.size_bytes) if found.failure is None else None,
                seen=len(found.outcomes),
                evaluations=len(found.outcomes),
                outcomes=tuple(outcome(one.right, one.logprob) for one in found.outcomes),
                seconds=found.seconds,
                peak_bytes=found.peak_bytes,
                adapter=found.adapter,
                failure=found.failure,
            )
        )
    return trials


def _by_skill(outcomes: Sequence[Scored]) -> Mapping[str, SkillFitness]:
    """There is one skill: the composite."""
    logprobs = [max(WORST_LOGPROB, one.logprob) for one in outcomes if one.logprob is not None]
    right = sum(one.right for one in outcomes)
    return {outcomes[0].skill: SkillFitness(right, len(outcomes), fmean(logprobs) if logprobs else None)}
