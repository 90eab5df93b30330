"""Checkers decide alike for everyone: right answers pass, near misses do not."""

from __future__ import annotations

import pytest

from workbench.core.checkers import check


@pytest.mark.parametrize(
    ("checker", "answer", "gold", "verdict"),
    [
        ("exact", " Paris\n", "Paris", True),
        ("exact", "paris", "Paris", False),
        ("exact", "Paris.", "Paris", False),
        ("exact", "cafe\u0301", "café", True),
        ("json", '{"b": 2, "a": "x"}', '{"a":"x","b":2}', True),
        ("json", '```json\n{"a": 1}\n```', '{"a": 1}', True),
        ("json", '{"a": 1} as asked', '{"a": 1}', False),
        ("json", '{"a": true}', '{"a": 1}', False),
        ("json", "[1, 2]", "[2, 1]", False),
        ("json", "[" * 5_000, "[]", False),
        ("number", "17 + 25 = 42.", "42", True),
        ("number", "17 + 25 = 32.", "42", False),
        ("number", "It is 1,200", "1200", True),
        ("number", "about 142", "42", False),
        ("number", "no idea", "42", False),
        ("number", "-3", "3", False),
        ("number", "0.30", "0.3", True),
        ("contains", "The capital of France is Paris.", "Paris", True),
        ("contains", "The comparison", "Paris", False),
        ("contains", "It is 2024-02-28 (Wednesday)", "2024-02-28", True),
        ("contains", "scold", "cold", False),
        ("choice", "A bat is a mammal.", "mammal", True),
        ("choice", "mammal, not a bird", "mammal", True),
        ("choice", "It is a mammal or a bird", "mammal", False),
        ("choice", "", "mammal", False),
    ],
)
def test_each_checker_tells_right_from_near(checker: str, answer: str, gold: str, verdict: bool) -> None:
    assert check(checker, answer, gold) is verdict


def test_an_unknown_checker_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        check("taste", "a", "a")
