"""What holds for every mutation, whatever the genome."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.evolution.crossover.genomes import SEED, few, populated, rng
from workbench.adapters.merging import LayerGroups
from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome, from_dict, only, to_dict
from workbench.evolution.mutation import MUTATIONS


@few
@given(populated(), SEED)
def test_a_mutant_is_another_genome_of_the_same_adapters_and_groups(one: tuple[LayerGroups, Genome], seed: int) -> None:
    groups, genome = one
    for mutate in MUTATIONS.values():
        mutant = mutate(genome, groups=groups, rng=rng(seed))
        assert mutant != genome
        assert [parent for parent in genome.parents if parent in mutant.parents] == list(mutant.parents)
        assert mutant.groups == groups.columns
        assert len(mutant.stretch) in (0, groups.columns)
        assert from_dict(to_dict(mutant)) == mutant


@few
@given(populated(), SEED)
def test_equal_arguments_give_equal_mutants_and_leave_the_generator_alike(
    one: tuple[LayerGroups, Genome], seed: int
) -> None:
    groups, genome = one
    for mutate in MUTATIONS.values():
        left, right = rng(seed), rng(seed)
        mutants = [mutate(genome, groups=groups, rng=each) for each in (left, right)]
        assert mutants[0].identity == mutants[1].identity
        assert left.getstate() == right.getstate()


@pytest.mark.parametrize("name", ["noise", "stretch"])
def test_a_genome_for_other_groups_is_refused(name: str) -> None:
    with pytest.raises(EvolutionError, match="2 columns where the layer groups make 3"):
        MUTATIONS[name](only("aa", 2), groups=LayerGroups(30), rng=rng())
