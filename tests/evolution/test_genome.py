"""A genome is what it says: equal ones have one identity, and what cannot be a candidate is refused."""

from __future__ import annotations

import pytest

from workbench.core.errors import EvolutionError
from workbench.evolution.genome import Genome, Lesson, from_dict, only, to_dict


def test_equal_genomes_have_one_identity_however_their_numbers_were_written() -> None:
    one, other = Genome(("a",), ((1, -0.0),)), Genome(("a",), ((1.0, 0.0),))  # type: ignore[arg-type]
    assert one == other
    assert one.identity == other.identity


def test_each_field_makes_another_identity() -> None:
    plain = Genome(("a", "b"), ((1.0,), (0.5,)))
    others = [
        Genome(("a", "c"), ((1.0,), (0.5,))),
        Genome(("a", "b"), ((1.0,), (0.5000000001,))),
        Genome(("a", "b"), ((1.0,), (0.5,)), stretch=((1.1,),)),
        Genome(("a", "b"), ((1.0,), (0.5,)), rule="ties"),
        Genome(("a", "b"), ((1.0,), (0.5,)), share=0.2),
        Genome(("a", "b"), ((1.0,), (0.5,)), rank=8),
        Genome(("a", "b"), ((1.0,), (0.5,)), seed=1),
        Genome(("a", "b"), ((1.0,), (0.5,)), lesson=Lesson(4, 1e-3)),
        Genome(("a", "b"), ((1.0,), (0.5,)), lesson=Lesson(4, 1e-3, wrong_first=True)),
    ]
    assert len({one.identity for one in (plain, *others)}) == len(others) + 1


def test_a_genome_is_read_back_as_it_was() -> None:
    one = Genome(("a", "b"), ((0.1, 1 / 3), (2.0, -1.5)), ((1.2, 0.7), (1.0,)), "dare", 0.4, 16, 7, Lesson(8, 2e-3))
    assert from_dict(to_dict(one)) == one


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (lambda: Genome((), ()), "name at least one"),
        (lambda: Genome(("a", "a"), ((1.0,), (1.0,))), "each once"),
        (lambda: Genome(("a", "b"), ((1.0,),)), "one row of coefficients for each parent"),
        (lambda: Genome(("a", "b"), ((1.0,), (1.0, 2.0))), "all of one length"),
        (lambda: Genome(("a",), ((float("nan"),),)), "finite"),
        (lambda: Genome(("a",), ((1.0,),), stretch=((-1.0,),)), "at least 0"),
        (lambda: from_dict({"parents": ["a"]}), "no genome"),
        (lambda: from_dict(to_dict(only("a")) | {"coefficients": [["x"]]}), "no genome"),
    ],
)
def test_what_cannot_be_a_candidate_is_a_sentence(made: object, sentence: str) -> None:
    with pytest.raises(EvolutionError, match=sentence):
        made()  # type: ignore[operator]
