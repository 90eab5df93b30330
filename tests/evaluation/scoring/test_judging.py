from __future__ import annotations

from collections.abc import Sequence

import pytest

from workbench.core.examples import example
from workbench.evaluation.scoring.forced import Place
from workbench.evaluation.scoring.judging import Judge, Judged

WORDS = {1: "To", 2: "kyo", 3: "Tokyo", 4: "Kyoto", 0: ""}


def text_of(tokens: Sequence[int]) -> str:
    return "".join(WORDS[token] for token in tokens)


JUDGE = Judge(text_of, frozenset({0}), tolerance=0.01)
GOLD = (3, 0)  # Tokyo, end
SURE_END = Place(-0.1, 0.0, 0, 4, 5.0)


@pytest.mark.parametrize(
    ("first", "judged"),
    [
        (Place(-0.1, 0.0, 3, 4, 2.0), Judged(True)),
        (Place(-3.0, 2.0, 4, 3, 1.0), Judged(False)),  # says Kyoto
        (Place(-3.0, 2.0, 1, 4, 1.0), Judged(None, "the rest", (1,))),  # begins with To: may become Tokyo
        (Place(-3.0, 2.0, 0, 4, 1.0), Judged(False)),  # says nothing
        (Place(-0.7, 0.0, 3, 4, 0.001), Judged(None, "all")),  # gold leads by nearly nothing
        (Place(-0.7, 0.005, 4, 3, 0.005), Judged(None, "all")),  # gold lags by nearly nothing
        (Place(-3.0, 2.0, 1, 4, 0.001), Judged(None, "all")),  # To or Kyoto, nearly equal, and it matters
        (Place(-3.0, 2.0, 4, 0, 0.001), Judged(False)),  # Kyoto or nothing: wrong in both cases
    ],
)
def test_a_place_where_the_model_parts_from_gold(first: Place, judged: Judged) -> None:
    assert JUDGE.of_places(example("?", "Tokyo"), GOLD, (first, SURE_END), longest=32) == judged


def test_an_answer_that_does_not_end_may_go_on() -> None:
    goes_on = Place(-3.0, 2.0, 4, 0, 1.0)
    places = (Place(-0.1, 0.0, 3, 4, 2.0), goes_on)
    assert JUDGE.of_places(example("?", "Tokyo"), GOLD, places, longest=32) == Judged(False)
    loose = example("?", "Tokyo", check="number")
    assert JUDGE.of_places(loose, GOLD, places, longest=32) == Judged(None, "the rest", (3, 4))


def test_a_reply_at_its_longest_is_judged_as_it_stands() -> None:
    assert JUDGE.verdict(example("?", "Tokyo"), (1, 2), longest=2) is True
    assert JUDGE.verdict(example("?", "Tokyo"), (1, 2), longest=3) is None
