"""From settings, examples and names to a run: which adapters it begins with, its plan, its search.

    shelf ─► trained and imported ones on this base, and the champion ─► too many? the best at the examples ─► parents

The plan says everything that decides the run, so that its hash can name it; equal arguments give an equal plan.

>>> parents = chosen_parents(learning, [], materials)                    # doctest: +SKIP
>>> plan = planned(learning.settings.evolution, parents, materials, base)     # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from workbench.core.errors import AdapterUnfit, EvolutionError
from workbench.core.examples import data_hash
from workbench.evolution.genome import only
from workbench.evolution.lines import Plan
from workbench.evolution.search.pairs import pairs_of
from workbench.evolution.trial import outcome
from workbench.runs.walking import FEWEST_STEPS, steps_within

if TYPE_CHECKING:
    from workbench.adapters.merging import LayerGroups
    from workbench.adapters.shelf import Shelved
    from workbench.core.schema import EvolutionSettings
    from workbench.evolution.search import Search
    from workbench.learning import Learning
    from workbench.runs.materials import Materials
    from workbench.runs.walking import Walk

VERDICTS_ONLY, ALWAYS = "verdicts_only", "always"
LESSONS = ("hyper", "teach")  # mutations that train
DECIDING = ("search", "selection", "size", "depths", "kinds", "rank", "keep", "error", "lessons")
BUDGET = ("evaluations", "seconds")


def chosen_parents(
    learning: Learning, refs: Sequence[str], materials: Materials, always: Sequence[Shelved] = ()
) -> tuple[Shelved, ...]:
    """The adapters that a run begins with, by identity.

    Args:
        refs: by name; none are those of the shelf that were trained or imported on this base, the best at the examples
            where there are many, and the champion; without what learned from something that was forgotten.
        always: come in addition, whatever they do at the examples.
    Raises:
        AdapterNotFound: there is none of a name.
        AdapterUnfit: one that was named lies on another base.
        EvolutionError: there is none to begin with.
    """
    base = learning.base.identity
    if refs:
        named = [learning.shelf.find(ref) for ref in dict.fromkeys(refs)]
        for one in named:
            if one.card.spec.base != base:
                raise AdapterUnfit(
                    f"{one.label} lies on {one.card.origin.base_name}, not on {learning.base.name}; choose others, or "
                    "set training.base"
                )
        return _by_identity([*named, *always])
    champion, tainted = learning.shelf.champion(), learning.experience.tainted()
    every = [one for one in learning.shelf.list() if one.card.spec.base == base and one not in tainted]
    made = [one for one in every if one.card.origin.how != "merge"]
    answers = [one for one in every if champion is not None and one.identity == champion.identity]
    if not made and not answers and not always:
        raise EvolutionError(
            f"There is no adapter on {learning.base.name} to begin with; train one: workbench train --skill NAME"
        )
    return _by_identity([*_best(learning, made, materials), *answers, *always])


def planned(
    dials: EvolutionSettings,
    parents: Sequence[Shelved],
    materials: Materials,
    base: str,
    always: Sequence[Shelved] = (),
) -> Plan:
    """Everything that decides the run.

    Args:
        base: identity of what the parents lie on.
        always: those of the parents that are finalists whatever the search makes of them.
    """
    said = dials.model_dump(mode="json") | {"search": _searched_by(dials, len(parents), materials)}
    settings = {name: said[name] for name in DECIDING} | {"base": base, "held": data_hash(materials.held)}
    if dials.verdicts_only:  # named only then, so that all other runs keep their names
        settings[VERDICTS_ONLY] = True
    if always:
        settings[ALWAYS] = [one.identity for one in _by_identity(always)]
    budget = {name: said[name] for name in BUDGET if said[name] is not None}
    return Plan(
        said["search"],
        tuple(one.identity for one in parents),
        data_hash(materials.tune),
        seed=dials.seed,
        budget=budget,
        settings=settings,
    )


def search_of(plan: Plan, groups: LayerGroups, walk: Walk) -> Search:
    """Who proposes candidates: first the parents as they are.

    Args:
        walk: of a gradient search.
    """
    from workbench.evolution.search.seeded import Seeded

    return Seeded([only(one, groups.columns) for one in plan.parents], _proposing(plan, groups, walk))


def _searched_by(dials: EvolutionSettings, parents: int, materials: Materials) -> str:
    """By name; `auto` is settled here, so that the plan says what was done."""
    if dials.search != "auto":
        return dials.search
    steps = steps_within(dials.evaluations, parents=parents, examples=len(materials.seen))
    if dials.verdicts_only:
        few = 2 * pairs_of(parents) * len(materials.seen) <= dials.evaluations
        return "pairs" if parents > 1 and few else "cma"
    return "gradient" if steps >= FEWEST_STEPS else "cma"


def _proposing(plan: Plan, groups: LayerGroups, walk: Walk) -> Search:
    from workbench.evolution.search.cma import CmaSearch
    from workbench.evolution.search.gradient import GradientSearch
    from workbench.evolution.search.pairs import PairsFirst
    from workbench.evolution.search.random_search import RandomSearch

    size, rank = plan.settings["size"], plan.settings["rank"]
    if plan.search == "gradient":
        return GradientSearch(plan.parents, walk.rows, groups=groups.columns, spent=walk.evaluations, rank=rank)
    cma = partial(CmaSearch, plan.parents, groups=groups.columns, size=size, seed=plan.seed, rank=rank)
    if plan.search == "pairs":
        return PairsFirst(plan.parents, lambda start: cma(start=start), groups=groups.columns, rank=rank)
    if plan.search == "cma":
        return cma()
    if plan.search == "random":
        return RandomSearch(plan.parents, groups=groups.columns, size=size, seed=plan.seed, rank=rank)
    return _population(plan, groups)


def _population(plan: Plan, groups: LayerGroups) -> Search:
    from workbench.evolution.crossover import possible
    from workbench.evolution.mutation import MUTATIONS
    from workbench.evolution.search.population import PopulationSearch
    from workbench.evolution.selection import SELECTIONS

    allowed = {name: one for name, one in MUTATIONS.items() if plan.settings["lessons"] or name not in LESSONS}
    return PopulationSearch(
        [only(one, groups.columns) for one in plan.parents],
        groups=groups,
        selection=SELECTIONS[plan.settings["selection"]],
        crossovers=possible(groups),
        mutations=allowed,
        size=plan.settings["size"],
        seed=plan.seed,
    )


def _best(learning: Learning, every: Sequence[Shelved], materials: Materials) -> Sequence[Shelved]:
    """No more than the settings allow: those that do best at the examples to be learned."""
    most = learning.settings.evolution.parents
    if len(every) <= most:
        return every

    def value(one: Shelved) -> float:
        score = learning.score(materials.tune, one.identity)
        if learning.settings.evolution.verdicts_only:
            score = score.verdicts_alone
        return fmean(outcome(each.right, each.logprob) for each in score.outcomes)

    return sorted(every, key=lambda one: (-value(one), one.identity))[:most]


def _by_identity(some: Sequence[Shelved]) -> tuple[Shelved, ...]:
    each = {one.identity: one for one in some}
    return tuple(each[name] for name in sorted(each))
