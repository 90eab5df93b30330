"""Trials as a run tells them, for tests of who is chosen among them."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from workbench.evolution.genome import Genome
from workbench.evolution.trial import Fitness, SkillFitness, Trial

OF = 10  # examples a skill


def told(
    number: int,
    right: Mapping[str, int] | None,
    *,
    held: Mapping[str, int] | None = None,
    size_bytes: int = 0,
    stopped: bool = False,
    gene: float | None = None,
    seen: int = OF,
    logprob: float | None = None,
) -> Trial:
    """A trial with so many right of ten; None has failed. Its genome is its own unless `gene` says which."""
    scores = [
        {name: SkillFitness(count, OF, logprob) for name, count in part.items()} for part in (right or {}, held or {})
    ]
    return Trial(
        number,
        0,
        Genome(("aa",), ((float(number if gene is None else gene),),)),
        "noise",
        fitness=None if right is None else Fitness(scores[0], scores[1], size_bytes),
        seen=seen,
        stopped=stopped,
        failure="out of memory" if right is None else None,
    )


@st.composite
def scored_trials(draw: st.DrawFn, least: int = 1, most: int = 14) -> list[Trial]:
    """All scored to the end on two skills and a held one, each genome once; few levels, so that ties are frequent."""
    level = st.integers(0, 4)
    return [
        told(i, {"dates": draw(level), "sums": draw(level)}, held={"json": draw(level)}, size_bytes=draw(level))
        for i in range(draw(st.integers(least, most)))
    ]


@st.composite
def any_trials(draw: st.DrawFn) -> list[Trial]:
    """As a run leaves them: failed ones, stopped ones without a skill or two, genomes told more than once."""
    found = []
    for i in range(draw(st.integers(1, 14))):
        fate = draw(st.sampled_from(["scored", "stopped", "failed"]))
        right = {"dates": draw(st.integers(0, OF)), "sums": draw(st.integers(0, OF))}
        if fate == "stopped" and draw(st.booleans()):
            del right["sums"]
        found.append(
            told(
                i,
                None if fate == "failed" else right,
                held={"json": draw(st.integers(0, OF))},
                stopped=fate == "stopped",
                gene=draw(st.integers(0, 6)),
                seen=draw(st.integers(1, 3)),
            )
        )
    return found
