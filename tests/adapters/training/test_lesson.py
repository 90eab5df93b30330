from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.adapters.training.tiny import sums
from workbench.adapters.bases import Base, load_tokenizer
from workbench.adapters.training.lesson import draws, lesson
from workbench.core.errors import TrainingError
from workbench.core.examples import example


def test_every_example_is_read_once_in_a_pass() -> None:
    read = [index for step in range(7) for index in draws(10, 3, step=step, seed=5)]
    assert Counter(read[:10]) == Counter(range(10))
    assert Counter(read[10:20]) == Counter(range(10))
    assert read[:10] != read[10:20]


def test_a_batch_larger_than_the_examples_takes_several_passes() -> None:
    assert Counter(draws(2, 5, step=0, seed=0)) in (Counter({0: 3, 1: 2}), Counter({0: 2, 1: 3}))
    assert draws(1, 4, step=3, seed=0) == (0, 0, 0, 0)


def test_the_order_in_which_examples_are_given_does_not_count(tiny: Base) -> None:
    tokenizer = load_tokenizer(tiny)
    assert lesson(sums(9), tokenizer, 256) == lesson(sums(9)[::-1], tokenizer, 256)


def test_examples_that_are_too_long_are_left_out_by_name(tiny: Base) -> None:
    long = example("x" * 300, "y")
    found = lesson([*sums(3), long], load_tokenizer(tiny), 256)
    assert len(found.items) == 3
    assert found.left_out == (long.id,)


def test_nothing_left_to_read_is_an_error_that_says_what_to_do(tiny: Base) -> None:
    tokenizer = load_tokenizer(tiny)
    with pytest.raises(TrainingError, match="no example to train on"):
        lesson([], tokenizer, 256)
    with pytest.raises(TrainingError, match=r"longer than 64 tokens.*training\.sequence_tokens"):
        lesson([example("x" * 300, "y")], tokenizer, 64)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_weighs_nothing_is_refused(tiny: Base, weight: float) -> None:
    with pytest.raises(TrainingError, match="give a number above 0"):
        lesson([replace(sums(1)[0], weight=weight)], load_tokenizer(tiny), 256)
