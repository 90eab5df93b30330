from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.checkers import same_json
from workbench.evaluation.scoring.parting import parts

WORDS = st.sampled_from(["", "a", "ab", "b", "A\\n", 'c"d', "é", "1"])
VALUES = st.one_of(WORDS, st.integers(-12, 12), st.booleans(), st.none(), st.lists(WORDS, max_size=2))
OBJECTS = st.dictionaries(WORDS, st.one_of(VALUES, st.dictionaries(WORDS, VALUES, max_size=2)), max_size=3)


@given(OBJECTS, OBJECTS, st.booleans(), st.integers(1, 60), st.text(alphabet='{}[]",: \n\\\\a1', max_size=6))
def test_what_parts_is_never_the_gold_object_whatever_follows(
    gold: dict[str, object], said: dict[str, object], spaced: bool, cut: int, rest: str
) -> None:
    reply = json.dumps(said, ensure_ascii=spaced, indent=1 if spaced else None)
    for text in (reply, reply[:cut] + rest, reply + rest):
        if parts(text[:cut], gold):
            assert not same_json(text, json.dumps(gold))


@given(OBJECTS, st.integers(1, 80))
def test_no_beginning_of_the_gold_object_parts_from_it(gold: dict[str, object], cut: int) -> None:
    for text in (json.dumps(gold), json.dumps(gold, indent=2), json.dumps(dict(reversed(gold.items())))):
        assert not parts(text[:cut], gold)


@pytest.mark.parametrize(
    "begun",
    [
        "{}",
        "{'",
        "{name",
        '{"nom',
        '{"name": "Bo',
        '{"name": "Adam"',
        '{"name": 1',
        '{"name": ["Ada"], ',
        '{"name": "Ada"}',
        '{"name": "Ada";',
        '{"name": "Ada", }',
        '{"name": "Ada", "name',
        '{"name": "Ada", "born": "1815',
        '{"name": "Ada", "born": 1816,',
        '{"name" = ',
    ],
)
def test_a_beginning_that_cannot_become_the_gold_object_parts_at_once(begun: str) -> None:
    assert parts(begun, {"name": "Ada", "born": 1815})


@pytest.mark.parametrize(
    "begun", ["{", '{ "', '{"na', '{"born": 18', '{"born": 1815', '{"name": "A\\u0064', '{"name":']
)
def test_one_that_still_can_does_not(begun: str) -> None:
    assert not parts(begun, {"name": "Ada", "born": 1815})


def test_a_key_that_stands_twice_is_wrong_whichever_value_comes_last() -> None:
    assert not same_json('{"a": 2, "a": 1}', '{"a": 1}')
    assert not same_json('{"a": {"b": 1, "b": 1}}', '{"a": {"b": 1}}')
