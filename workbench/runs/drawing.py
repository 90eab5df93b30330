"""The trials of a run as the figures want them: candidates with their descent, and candidates with their scores.

    Trial ─┬─► Candidate     fitness_by_generation, lineage_graph
           └─► Scored        pareto_plot; goals are skills, and `bytes` of the adapter

It draws nothing; `workbench.plots` does, and loads plotly.

>>> fitness_by_generation(candidates(run.trials))                          # doctest: +SKIP
>>> pareto_plot(scored(run.trials), Goal("name_date", …), Goal("iso_date", …))      # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.evolution.trial import Trial

if TYPE_CHECKING:
    from workbench.plots import Candidate, Scored

SHORT = 12  # digits of an identity that name an adapter without a name
SIZE = "bytes"


def candidates(trials: Sequence[Trial], labels: Mapping[str, str] | None = None) -> list[Candidate]:
    """Every trial; one that a race stopped has what the race estimates.

    Args:
        labels: of adapters, by identity.
    """
    from workbench.plots import Candidate

    return [
        Candidate(
            one.genome.identity,
            one.generation,
            one.operator,
            one.estimate if one.stopped else one.fitness.value if one.fitness else None,
            one.stopped,
            one.made_of,
            tuple(
                named(parent, labels or {})
                for parent, row in zip(one.genome.parents, one.genome.coefficients, strict=True)
                if any(row)
            ),
        )
        for one in trials
    ]


def scored(trials: Sequence[Trial], *, smooth: bool = False) -> list[Scored]:
    """Those that were scored on every example, with the share right of each skill and of each held one.

    Args:
        smooth: with the tie-break by log-probability, which tells apart those that get nothing right.
    """
    from workbench.plots import Scored

    found = []
    for one in trials:
        if one.fitness is not None and not one.stopped:
            skills = {**one.fitness.skills, **one.fitness.held}
            shares = {name: each.value if smooth else each.share for name, each in skills.items()}
            found.append(Scored(one.genome.identity, {**shares, SIZE: float(one.fitness.size_bytes)}))
    return found


def named(identity: str, labels: Mapping[str, str]) -> str:
    """What people read for an adapter."""
    return labels.get(identity, identity[:SHORT])
