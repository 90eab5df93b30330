"""A population: the fittest are selected, crossed, mutated; who decides each of these is chosen by argument.

    told ─► survivors ─► parents ─► crossover (a share of the time) ─► mutation ─► children, no genome twice in a run

Adapters that selection has lost come back: now and then a mutant takes in one that it lacks, with a small coefficient.
The first generation is what it was seeded with, specialists as they are and blends of them, up to its size. It keeps
every trial of the run, because a selection may look back.

>>> search = PopulationSearch(seeds, groups=LayerGroups(30), select=SELECTIONS["tournament"], …)   # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from workbench.adapters.merging import LayerGroups
from workbench.core.errors import EvolutionError
from workbench.evolution.crossover import CROSSOVERS, Cross, possible
from workbench.evolution.genome import Genome
from workbench.evolution.mutation import Mutate
from workbench.evolution.search import Proposal
from workbench.evolution.selection import Selection
from workbench.evolution.trial import Trial

CROSSED = 0.7  # share of children that have two parents
JOINED, JOINING = 0.3, 0.3  # chance that a mutant takes in an adapter it lacks, and how strongly (standard deviation)
TRIES = 50  # to make a child that is not known yet


class PopulationSearch:
    """Generations of children.

    Args:
        seeds: genomes to begin with, such as the shelf's specialists.
        groups: the layer groups that coefficients tell apart.
        selection: who stays, and who becomes a parent.
        crossovers: by name; None is all that the groups allow.
        mutations: by name; each child draws one of each.
        size: of the population and of each generation of children.
        crossed: share of children that have two parents; the others are mutants of one.
    Raises:
        EvolutionError: there is nothing to begin with, or the groups leave a crossover nothing to exchange.
    """

    def __init__(
        self,
        seeds: Sequence[Genome],
        *,
        groups: LayerGroups,
        selection: Selection,
        mutations: Mapping[str, Mutate],
        crossovers: Mapping[str, Cross] | None = None,
        size: int = 16,
        crossed: float = CROSSED,
        seed: int = 0,
    ) -> None:
        if not seeds:
            raise EvolutionError("A population needs at least one genome to begin with; train a specialist first")
        self.groups, self.selection, self.size, self.seed = groups, selection, size, seed
        self.crossovers = possible(groups) if crossovers is None else dict(crossovers)
        self.mutations, self.crossed = dict(mutations), crossed
        if refused := sorted((self.crossovers.keys() & CROSSOVERS.keys()) - possible(groups).keys()):
            raise EvolutionError(
                f"Crossover {refused[0]} has nothing to exchange between {groups.columns} columns of coefficients; "
                "leave it out, or tell more depths or kinds apart"
            )
        self._first = tuple(dict.fromkeys(seeds))
        self._adapters = tuple(sorted({parent for one in seeds for parent in one.parents}))
        self._known: set[Genome] = set()
        self._people: tuple[Trial, ...] = ()
        self._generation = 0

    is_over = False  # there is always another candidate

    def ask(self) -> tuple[Proposal, ...]:
        rng = random.Random(f"{self.seed} {self._generation}")
        if self._generation == 0:
            return self._beginning(rng)
        parents = self.selection.select(self._people, 2 * self.size, generation=self._generation, rng=rng)
        made: dict[Genome, Proposal] = {}
        for first, second in zip(parents[::2], parents[1::2], strict=True):
            child = self._child(first, second, rng, made)
            made[child.genome] = child
        return tuple(made.values())

    def tell(self, trials: Sequence[Trial]) -> None:
        self._known.update(one.genome for one in trials)
        self._people = self.selection.survivors((*self._people, *trials), self.size, generation=self._generation)
        self._generation += 1

    def _beginning(self, rng: random.Random) -> tuple[Proposal, ...]:
        """The seeds, then children of seeds until the generation is full."""
        made = {one: Proposal(one, "seed") for one in self._first[: self.size]}
        while len(made) < self.size:
            founder, other = rng.choice(self._first), rng.choice(self._first)
            child = self._made(founder, other, (0.0, 0.0), rng)
            if child.genome in made:
                child = self._mutated(child, rng)
            made.setdefault(child.genome, child)
        return tuple(made.values())

    def _child(self, first: Trial, second: Trial, rng: random.Random, made: Mapping[Genome, Proposal]) -> Proposal:
        """A child that is new to the run; after many tries one that only this generation lacks is good enough."""
        values = tuple(one.fitness.value if one.fitness else 0.0 for one in (first, second))
        for _ in range(TRIES):
            child = self._made(first.genome, second.genome, (values[0], values[1]), rng)
            if child.genome not in self._known and child.genome not in made:
                return child
        raise EvolutionError(
            "No new candidate was found; allow other mutations, a larger step, or more parents than these"
        )

    def _made(self, first: Genome, second: Genome, fitness: tuple[float, float], rng: random.Random) -> Proposal:
        if first != second and rng.random() < self.crossed and self.crossovers:
            name = rng.choice(sorted(self.crossovers))
            genome = self.crossovers[name](first, second, fitness=fitness, groups=self.groups, rng=rng)
            crossed = Proposal(genome, name, (first.identity, second.identity))
            return self._mutated(crossed, rng) if genome in (first, second) else crossed
        return self._mutated(Proposal(first, "", (first.identity,)), rng)

    def _mutated(self, one: Proposal, rng: random.Random) -> Proposal:
        name = rng.choice(sorted(self.mutations))
        genome = self.mutations[name](self._joined(one.genome, rng), groups=self.groups, rng=rng)
        return Proposal(genome, f"{one.operator} + {name}" if one.operator else name, one.made_of)

    def _joined(self, genome: Genome, rng: random.Random) -> Genome:
        """Now and then with one adapter more."""
        absent = [name for name in self._adapters if name not in genome.parents]
        if not absent or rng.random() >= JOINED:
            return genome
        coefficient = rng.normalvariate(0.0, JOINING)
        return replace(
            genome,
            parents=(*genome.parents, rng.choice(absent)),
            coefficients=(*genome.coefficients, (coefficient,) * genome.groups),
        )
