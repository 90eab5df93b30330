"""Examples are drawn from a seed, each prompt once, and can be found again; single skills and composites stay apart."""

from __future__ import annotations

import json
import random

import pytest

from workbench.core.checkers import CHECKERS
from workbench.core.errors import ExamplesError
from workbench.corpus.skills import COMPOSITES, SKILLS, Skill, Task, generate
from workbench.corpus.skills.skill import draw

ALL = {**SKILLS, **COMPOSITES}
MANY = 5_000

every = pytest.mark.parametrize("name", ALL)


@every
def test_five_thousand_examples_have_distinct_prompts(name: str) -> None:
    assert len({one.prompt for one in generate(name, MANY, seed=3)}) == MANY


@every
def test_the_same_seed_gives_the_same_examples_and_another_seed_others(name: str) -> None:
    first, again, other = (generate(name, 60, seed=seed) for seed in (1, 1, 2))
    assert [one.id for one in first] == [one.id for one in again] != [one.id for one in other]


@every
def test_more_examples_begin_with_the_same_ones(name: str) -> None:
    assert generate(name, 60, seed=1)[:20] == generate(name, 20, seed=1)


@every
def test_an_example_is_found_again_by_its_origin(name: str) -> None:
    one = generate(name, 30, seed=4, without={generate(name, 1, seed=4)[0].id})[-1]
    place = one.origin.place
    found = generate(place["skill"], int(place["number"]) + 1, seed=int(place["seed"]))[-1]
    assert (one.origin.source, found.id, place["number"]) == ("skill", one.id, "30")


@every
def test_examples_left_out_are_not_given_again(name: str) -> None:
    training = {one.id for one in generate(name, 300, seed=5)}
    assert not training & {one.id for one in generate(name, 300, seed=5, without=training)}


@every
def test_an_answer_passes_its_own_checker_and_not_another_examples(name: str) -> None:
    some = generate(name, 200, seed=6)
    assert all(one.is_answered_by(one.answer) and one.skill == name and one.check in CHECKERS for one in some)
    assert not all(one.is_answered_by(some[0].answer) for one in some)


@every
def test_a_json_answer_is_written_as_json_dumps_writes_it_and_any_other_is_exact(name: str) -> None:
    for one in generate(name, 200, seed=6):
        if one.answer.startswith("{"):
            assert one.check == "json"
            assert one.answer == json.dumps(json.loads(one.answer), ensure_ascii=False)
        else:
            assert (one.check, one.answer) == ("exact", one.answer.strip())


@every
def test_no_answer_is_so_frequent_that_it_could_be_guessed(name: str) -> None:
    answers = [one.answer for one in generate(name, 1_000, seed=7)]
    most = 0.6 if name == "limit" else 0.3  # a limit is kept or broken: two answers
    assert max(answers.count(answer) for answer in set(answers)) < most * len(answers)


@every
def test_a_prompt_is_asked_in_several_ways(name: str) -> None:
    """The first and the last two letters tell the phrasings apart, whatever stands between."""
    beginnings = {(one.prompt[:2], one.prompt[-2:]) for one in generate(name, 300, seed=8)}
    assert len(beginnings) >= 4


def test_no_two_skills_share_a_prompt() -> None:
    prompts = [one.prompt for name in ALL for one in generate(name, 1_000, seed=9)]
    assert len(set(prompts)) == len(prompts)


def test_there_are_enough_skills_and_composites_and_none_is_both() -> None:
    assert len(SKILLS) >= 14
    assert len(COMPOSITES) >= 6
    assert not SKILLS.keys() & COMPOSITES.keys()
    assert all(name == skill.name and skill.description for name, skill in ALL.items())


def test_a_composite_joins_two_single_skills_and_a_single_skill_joins_none() -> None:
    assert all(len(set(skill.parts)) == 2 and set(skill.parts) <= SKILLS.keys() for skill in COMPOSITES.values())
    assert all(skill.parts == () for skill in SKILLS.values())


def test_no_composite_can_be_answered_as_one_of_its_parts_answers() -> None:
    """A part's form is not the composite's: what each gives for the same seed never agrees but by accident."""
    for name, skill in COMPOSITES.items():
        joined = {one.answer for one in generate(name, 200, seed=1)}
        for part in skill.parts:
            if {name, part} != {"look_up_add", "add"} and {name, part} != {"look_up_add", "look_up"}:
                assert not joined & {one.answer for one in generate(part, 200, seed=1)}, (name, part)


def test_an_unknown_skill_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ExamplesError, match=r"no skill 'cooking'; choose one of: .*capitals.*name_date"):
        generate("cooking", 1, seed=1)


def test_a_skill_that_is_used_up_says_how_many_it_had() -> None:
    dice = Skill("dice", "a die", "exact", lambda rng: Task(f"Die {rng.randrange(6)}", "ok"))
    assert len(draw(dice, 6, seed=1)) == 6
    with pytest.raises(ExamplesError, match="dice has only 4 more examples with the seed 1; ask for fewer than 5"):
        draw(dice, 5, seed=1, without={one.id for one in draw(dice, 2, seed=1)})


def test_no_example_is_drawn_where_none_is_asked_for_and_fewer_than_none_is_refused() -> None:
    assert generate("add", 0, seed=1) == ()
    with pytest.raises(ExamplesError, match="ask for 0 or more"):
        generate("add", -1, seed=1)


def test_drawing_leaves_the_shared_random_generator_alone() -> None:
    random.seed(1)
    before = random.getstate()
    generate("look_up", 50, seed=1)
    assert random.getstate() == before
