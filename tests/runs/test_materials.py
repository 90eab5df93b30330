"""Examples of a run are dealt out once, and nothing seen is called fresh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import EvolutionError
from workbench.core.examples import Example, example
from workbench.corpus.skills import generate
from workbench.experience import Gone
from workbench.runs import Materials

FRESH = generate("name_date", 200, seed=2)
TUNE = generate("name_date", 12, seed=1)
NUMBERED = st.lists(st.integers(0, 30), max_size=20).map(lambda some: [_asked(number) for number in some])


def _asked(number: int) -> Example:
    return example(f"What is number {number}?", str(number))


@given(NUMBERED.filter(bool), NUMBERED, NUMBERED, st.floats(0.1, 0.9))
def test_no_example_is_in_two_parts_and_none_is_lost(
    tune: list[Example], held: list[Example], fresh: list[Example], confirm: float
) -> None:
    made = Materials.of(tune, held=held, fresh=fresh, confirm=confirm)
    parts = (made.tune, made.held, made.confirm, made.judge)
    ids = [one.id for part in parts for one in part]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {one.id for one in (*tune, *held, *fresh)}
    assert made.left_out == len({one.id for one in fresh} & {one.id for one in (*tune, *held)})


def test_fresh_ones_that_ask_nearly_what_was_seen_are_left_out() -> None:
    seen, near = example("Is 7 prime?", "yes"), example("is 7  prime", "Yes.")
    made = Materials.of([seen], fresh=[near, example("Is 8 prime?", "no")], confirm=0.5)
    assert (len(made.confirm) + len(made.judge), made.left_out) == (1, 1)


def test_the_same_fresh_examples_fall_on_the_same_side_in_any_order() -> None:
    one, other = (Materials.of(TUNE, fresh=some, confirm=0.3) for some in (FRESH, FRESH[::-1]))
    assert {each.id for each in one.confirm} == {each.id for each in other.confirm}
    assert 35 <= len(one.confirm) <= 85


def test_with_others_to_measure_finalists_by_the_gate_has_all_fresh_ones() -> None:
    made = Materials.of(TUNE, fresh=FRESH[:50], confirming=(*FRESH[50:60], TUNE[0]), confirm=0.3)
    assert (made.confirm, made.judge) == (FRESH[50:60], FRESH[:50])
    assert made.left_out == 1  # which is searched by


def test_what_decided_the_champion_is_not_for_the_gate() -> None:
    made = Materials.of(TUNE, held=FRESH[:10], fresh=FRESH[10:], confirm=0.3)
    assert set(made.deciding) == {*made.tune, *made.held, *made.confirm}
    assert set(made.deciding).isdisjoint(made.judge)


def test_what_is_forgotten_is_in_no_part_and_a_part_that_is_left_empty_leaves_no_file(tmp_path: Path) -> None:
    made = Materials.of(TUNE[:1], held=FRESH[:10], fresh=FRESH[10:], confirm=0.3)
    made.write(tmp_path)
    gone = Gone(ids=frozenset({TUNE[0].id, FRESH[0].id, made.judge[0].id}))
    left = made.without(gone)
    left.write(tmp_path)
    assert (left.tune, left.held, left.judge) == ((), made.held[1:], made.judge[1:])
    assert Materials.left_in(tmp_path) == replace(left, left_out=0)
    with pytest.raises(EvolutionError, match="or were forgotten"):
        Materials.read(tmp_path)


def test_what_was_written_is_read_back_and_an_older_part_does_not_stay(tmp_path: Path) -> None:
    whole = Materials.of(TUNE, held=FRESH[:5], fresh=FRESH[5:50], confirm=0.3)
    whole.write(tmp_path / "run")
    assert Materials.read(tmp_path / "run") == whole
    bare = Materials.of(TUNE, confirm=0.3)
    bare.write(tmp_path / "run")
    assert Materials.read(tmp_path / "run") == bare


def test_nothing_to_evolve_towards_and_examples_that_were_not_kept_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvolutionError, match="no example to evolve towards"):
        Materials.of([], fresh=FRESH, confirm=0.3)
    with pytest.raises(EvolutionError, match="give the same files again"):
        Materials.read(tmp_path)
