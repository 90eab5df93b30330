"""Two genomes side by side, column by column, and a child made of them.

    first    aa  1  1  1                 aa  1  1  1 │ 0  0  0
    second   bb .5 .5 .5         ─►      bb  0  0  0 │.5 .5 .5         an adapter that a parent lacks has coefficient 0

A child names its adapters in the order of their identities. An adapter whose every coefficient is 0 changes nothing and
is left out, so that one candidate is not two genomes; the last one stays. It does not know how genes are chosen.

>>> from workbench.evolution.genome import only
>>> exchanged(only("aa", 2), only("bb", 2), (True, False), frame=only("aa", 2)).coefficients
((1.0, 0.0), (0.0, 1.0))
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from workbench.adapters.merging import LayerGroups
from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome

Row = tuple[float, ...]
T = TypeVar("T")


def widened(genome: Genome, groups: LayerGroups) -> Genome:
    """The genome with one column for each of `groups`; a single column stands for all of them.

    Raises:
        EvolutionError: it has another number of columns.
    """
    rows = tuple(_filled(row, groups) for row in genome.coefficients)
    stretch = _filled(genome.stretch, groups) if genome.stretch else ()
    return replace(genome, coefficients=rows, stretch=stretch)


def fitter(first: Genome, second: Genome, fitness: tuple[float, float], rng: random.Random) -> Genome:
    """The parent of higher fitness; of equal ones either."""
    if fitness[0] == fitness[1]:
        return rng.choice((first, second))
    return first if fitness[0] > fitness[1] else second


def adapters_of(first: Genome, second: Genome) -> list[str]:
    """Identities of the adapters of either, in their order."""
    return sorted({*first.parents, *second.parents})


def row_of(genome: Genome, adapter: str) -> Row:
    """Its coefficients of an adapter; all 0 of one that it lacks."""
    if adapter not in genome.parents:
        return (0.0,) * genome.groups
    return genome.coefficients[genome.parents.index(adapter)]


def stretch_of(genome: Genome, column: int) -> Row:
    """Its factors of singular values in a column; none where it leaves them."""
    return genome.stretch[column] if genome.stretch else ()


def exchanged(first: Genome, second: Genome, takes: Sequence[bool], *, frame: Genome) -> Genome:
    """The child whose columns come whole, coefficients and stretch, from one parent or the other.

    Args:
        first, second: with a column for each of `takes`.
        takes: by column, whether it comes from the first.
        frame: where rule, share, rank, seed and lesson come from.
    """
    givers = [first if take else second for take in takes]
    rows = {
        adapter: tuple(row_of(giver, adapter)[column] for column, giver in enumerate(givers))
        for adapter in adapters_of(first, second)
    }
    return assembled(frame, rows, [stretch_of(giver, column) for column, giver in enumerate(givers)])


def assembled(frame: Genome, rows: Mapping[str, Row], stretch: Sequence[Row]) -> Genome:
    """A genome of these rows, in their order, and this stretch by column; the rest is as in `frame`."""
    kept = [adapter for adapter in rows if any(rows[adapter])] or [min(rows)]
    return replace(
        frame,
        parents=tuple(kept),
        coefficients=tuple(rows[adapter] for adapter in kept),
        stretch=tuple(stretch) if any(stretch) else (),
    )


def _filled(columns: tuple[T, ...], groups: LayerGroups) -> tuple[T, ...]:
    if len(columns) == groups.columns:
        return columns
    if len(columns) == 1:
        return columns * groups.columns
    raise EvolutionError(
        f"A genome has {len(columns)} columns where the layer groups make {groups.columns}; give both the same groups"
    )
