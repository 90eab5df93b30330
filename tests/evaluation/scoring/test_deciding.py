from __future__ import annotations

import json

import pytest
from hypothesis import example as tried
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.checkers import CHECKERS
from workbench.core.examples import example
from workbench.evaluation.scoring.deciding import decided

LETTERS = st.text(alphabet='aAbé\u0301 \n.`{}"1,:-yesno[]', max_size=12)
GOLDS = st.sampled_from(["a b", "yes", "no", "12", '{"a": 1}', '["a"]', '"a"', "1", "é", "a\u0301 b", "true", "words"])


@given(LETTERS, GOLDS, st.sampled_from(sorted(CHECKERS)), st.integers(0, 12))
@tried("a b. yes", "a b", "contains", 5)
@tried("yes no", "yes", "choice", 4)
@tried('{"a": 1} no', '{"a": 1}', "json", 10)
@tried("e\u0301", "é", "exact", 1)
def test_what_is_settled_early_is_the_checkers_verdict(reply: str, gold: str, check: str, cut: int) -> None:
    one = example("?", gold, check=check)
    verdict = decided(one, reply[:cut])
    assert verdict in (None, one.is_answered_by(reply))


@pytest.mark.parametrize(
    ("check", "gold", "begun", "verdict"),
    [
        ("exact", "Tokyo", "Kyoto", False),
        ("exact", "Tokyo", " Tok", None),
        ("exact", "Tokyo", "Tokyo\n", None),
        ("exact", "Tokyo", "Tokyo is", False),
        ("exact", "東京", "東\N{REPLACEMENT CHARACTER}", None),
        ("json", '{"a": 1}', "Sure", False),
        ("json", '{"a": 1}', "```json\n", None),
        ("json", '{"a": 1}', '{"a": 1}', None),
        ("json", '{"a": 1}', '{"a": 1} is', False),
        ("json", "12", "1", None),
        ("choice", "yes", "Yes, ", True),
        ("choice", "yes", "Ye", None),
        ("choice", "yes", "I say no\n", False),
        ("choice", "yes", "I say yes\n", True),
        ("contains", "red", "It is red ", True),
        ("contains", "red", "It is red", None),
        ("number", "12", "The 13 ", None),
    ],
)
def test_a_beginning_settles_no_more_than_it_can(check: str, gold: str, begun: str, verdict: bool | None) -> None:
    assert decided(example("?", gold, check=check), begun) is verdict


def test_json_that_cannot_come_is_wrong_at_once() -> None:
    for value in ({"a": 1}, ["a"], "a", 1.5, None, True):
        one = example("?", json.dumps(value), check="json")
        assert decided(one, "The answer") is False
        assert decided(one, json.dumps(value)[:1]) is None
