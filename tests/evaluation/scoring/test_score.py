from __future__ import annotations

import json

from workbench.evaluation import wilson_interval
from workbench.evaluation.scoring import Cost, Score, Scored

SCORE = Score(
    "base",
    (
        Scored("a", "add", True, "forced", -0.5),
        Scored("b", "dates", False, "generated", -1.5, "no"),
        Scored("c", "add", False, "cached"),
    ),
    Cost(2.0, 10, 5, 3),
)


def test_counts_share_and_interval_follow_from_the_outcomes() -> None:
    assert (SCORE.total, SCORE.correct, SCORE.mean) == (3, 1, 1 / 3)
    assert SCORE.interval == wilson_interval(1, 3)


def test_the_log_probability_is_of_those_that_have_one() -> None:
    assert SCORE.logprob == -1.0
    assert Score("none", (Scored("a", "add", True, "generated"),)).logprob is None


def test_each_skill_is_a_score_of_its_own_in_order_of_appearance() -> None:
    parts = SCORE.by_skill()
    assert list(parts) == ["add", "dates"]
    assert (parts["add"].correct, parts["add"].total, parts["dates"].correct) == (1, 2, 0)


def test_verdicts_can_be_paired_by_example() -> None:
    assert SCORE.right == {"a": True, "b": False, "c": False}


def test_the_figures_are_plain_json() -> None:
    figures = json.loads(json.dumps(SCORE.to_dict()))
    assert figures["by_skill"]["add"]["correct"] == 1
    assert figures["cost"] == {"seconds": 2.0, "tokens_read": 10, "tokens_written": 5, "passes": 3}
