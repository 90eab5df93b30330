"""What an adapter has seen reaches its children, and a few examples stay beside it, fresh ones apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from tests.adapters.merging.small import small_adapter
from workbench.adapters.grams import Grams
from workbench.adapters.shelf import Data, Parent, Provenance, Shelf, Shelved
from workbench.core.examples import Example, Origin, example
from workbench.core.schema import LearnSettings
from workbench.experience import FRESH_FILE, HELD_FILE, REPLAY_FILE, Experience, Gone, few_of_all, turns_of


@pytest.fixture
def experience(tmp_path: Path) -> Experience:
    return Experience(Shelf(tmp_path / "adapters", 2**24), LearnSettings(replay=2, stock=3), sealed=False)


def shelved(experience: Experience, seed: int, *parents: Shelved) -> Shelved:
    origin = Provenance(
        "merge" if parents else "train", "tiny", parents=tuple(Parent(p.identity, (1,)) for p in parents)
    )
    return experience.shelf.put(small_adapter(seed), origin, name=f"number-{seed}")


def sums(start: int, count: int, skill: str = "add") -> list[Example]:
    return [example(f"{number} + 1?", str(number + 1), skill=skill) for number in range(start, start + count)]


def again(experience: Experience, one: Shelved) -> Shelved:
    return experience.shelf.find(one.identity)


def test_a_few_of_each_skill_are_kept_of_what_was_learned_and_tuned_and_a_stock_of_the_fresh(
    experience: Experience,
) -> None:
    one = shelved(experience, 1)
    learned = [*sums(0, 5), *sums(10, 5, "more")]
    experience.keep(one, learned, sums(20, 5), sums(30, 5))
    one = again(experience, one)
    assert experience.kept_of(one, REPLAY_FILE) == (*learned[:2], *learned[5:7])
    assert experience.kept_of(one, HELD_FILE) == tuple(sums(20, 2))
    assert experience.kept_of(one, FRESH_FILE) == tuple(sums(30, 3))


def test_what_was_learned_or_tuned_on_is_never_kept_as_fresh(experience: Experience) -> None:
    one = shelved(experience, 1)
    experience.keep(one, sums(0, 2), sums(2, 2), sums(0, 6))
    assert experience.kept_of(again(experience, one), FRESH_FILE) == tuple(sums(4, 2))


def test_a_child_has_seen_what_its_parents_have_and_keeps_what_they_keep(experience: Experience) -> None:
    left, right = shelved(experience, 1), shelved(experience, 2)
    experience.note(left, [each.id for each in sums(0, 2)])
    experience.keep(left, sums(0, 2), (), sums(10, 2))
    experience.note(right, [each.id for each in sums(11, 2)])
    experience.keep(right, sums(11, 2), (), sums(20, 1))
    child = shelved(experience, 3, left, right)
    assert experience.seen_by(child) == {each.id for each in (*sums(0, 2), *sums(11, 2))}
    assert set(experience.kept_of(child, REPLAY_FILE)) == {*sums(0, 2), *sums(11, 2)}
    fresh = experience.kept_of(child, FRESH_FILE)
    assert set(fresh) == {*sums(10, 1), *sums(20, 1)}, "11 + 1 was learned by the other parent"


def test_a_long_line_of_ancestors_is_read_once_each(experience: Experience, monkeypatch: pytest.MonkeyPatch) -> None:
    line = [shelved(experience, 1)]
    for seed in range(2, 14):  # each of the two before it: by every path there would be hundreds of readings
        line.append(shelved(experience, seed, *line[-2:]))
    for number, one in enumerate(line):
        experience.note(one, [f"seen-{number}"])
    reads, file = Counter[str](), Shelf.file
    monkeypatch.setattr(Shelf, "file", lambda shelf, one, name: reads.update([one]) or file(shelf, one, name))
    assert experience.seen_by(again(experience, line[-1])) == {f"seen-{number}" for number in range(len(line))}
    assert set(reads.values()) == {1}
    assert len(reads) == len(line)


def test_a_child_remembers_what_a_deleted_parent_had_seen(experience: Experience) -> None:
    parent = shelved(experience, 1)
    child = shelved(experience, 2, parent)
    experience.note(child, ["a", "b"])
    experience.shelf.delete(parent.identity, force=True)
    assert experience.seen_by(again(experience, child)) == {"a", "b"}


def test_an_encrypted_home_keeps_no_example_but_knows_what_was_seen(tmp_path: Path) -> None:
    sealed = Experience(Shelf(tmp_path / "adapters", 2**24), LearnSettings(), sealed=True)
    one = shelved(sealed, 1)
    sealed.note(one, [each.id for each in sums(0, 2)])
    sealed.keep(one, sums(0, 2), sums(2, 2), sums(4, 2))
    assert not list(one.folder.glob("*.jsonl"))
    assert sealed.seen_by(again(sealed, one)) == {each.id for each in sums(0, 2)}


def test_the_plain_base_has_nothing_beside_it(experience: Experience) -> None:
    assert experience.kept_of(None, REPLAY_FILE) == ()


def from_turns(*turns: str) -> list[Example]:
    place = Origin("interaction", {})
    return [example(f"Of {turn}?", turn, origin=Origin(place.source, {"turn": turn})) for turn in turns]


def test_what_is_forgotten_leaves_the_files_and_the_others_stay(experience: Experience) -> None:
    one = shelved(experience, 1)
    learned, tuned = from_turns("t1", "t2"), from_turns("t3")
    experience.note(one, [each.id for each in (*learned, *tuned)], turns_of([*learned, *tuned]))
    experience.keep(one, learned, tuned, sums(0, 1))
    for _ in range(2):  # a second call does no harm
        assert experience.forget(Gone(turns=frozenset({"t1", "t3"}))) == {learned[0].id, tuned[0].id}
    one = again(experience, one)
    assert experience.kept_of(one, REPLAY_FILE) == (learned[1],)
    assert not (one.folder / HELD_FILE).exists()
    assert experience.kept_of(one, FRESH_FILE) == tuple(sums(0, 1))


def test_an_adapter_and_its_descendants_are_tainted_by_what_is_forgotten_and_others_are_not(
    experience: Experience,
) -> None:
    parent, stranger = shelved(experience, 1), shelved(experience, 2)
    one = from_turns("t1")
    experience.note(parent, [one[0].id], turns_of(one))
    experience.note(stranger, [each.id for each in sums(0, 2)])
    child = shelved(experience, 3, parent, stranger)
    experience.inherit(child, [again(experience, parent), again(experience, stranger)], sums(5, 1))
    assert experience.tainted() == ()
    experience.forget(Gone(turns=frozenset({"t1"})))
    assert {each.label for each in experience.tainted()} == {parent.label, child.label}
    experience.shelf.delete(parent.identity, force=True)
    assert [each.label for each in experience.tainted()] == [child.label]
    assert sums(5, 1)[0].id in experience.seen_by(again(experience, child))


def test_the_clean_champion_is_the_latest_that_answered_and_did_not_learn_it(experience: Experience) -> None:
    clean, first, second = (shelved(experience, seed) for seed in (1, 2, 3))
    one = from_turns("t1")
    for each in (first, second):
        experience.note(each, [one[0].id], turns_of(one))
    for each in (clean, first, second):
        experience.shelf.deploy(each.identity, why="a test")
    assert experience.clean_champion() == again(experience, second)
    experience.forget(Gone(turns=frozenset({"t1"})))
    assert experience.clean_champion() == clean
    experience.shelf.rollback()
    experience.shelf.rollback()
    experience.shelf.rollback()
    assert experience.clean_champion() is None


def test_a_few_of_all_are_as_many_of_each_skill_and_the_same_ones_in_any_order() -> None:
    some = [example(f"{n} + 1?", str(n + 1), skill="add") for n in range(40)]
    others = [example(f"Capital {n}?", f"City {n}", skill="capitals") for n in range(5)]
    few = few_of_all([*some, *others], 12)
    assert Counter(one.skill for one in few) == {"add": 7, "capitals": 5}
    assert few == few_of_all([*reversed(others), *reversed(some)], 12)
    assert len(few_of_all(some, 99)) == 40


def taught(experience: Experience, seed: int, skill: str, *parents: Shelved) -> Shelved:
    """Trained on a skill, with sums of what was read."""
    origin = Provenance(
        "train", "tiny", data=Data("0", {skill: 5}), parents=tuple(Parent(p.identity, (1,)) for p in parents)
    )
    one = experience.shelf.put(small_adapter(seed), origin, name=f"number-{seed}")
    experience.note(one, [f"{skill}-example"])
    experience.keep_sums(one, Grams(frozenset({skill}), {"layer": torch.full((1, 4), float(seed))}))
    return again(experience, one)


@pytest.mark.parametrize("hidden", [False, True])
def test_sums_are_kept_where_vectors_may_be_read_also_in_an_encrypted_home(tmp_path: Path, hidden: bool) -> None:
    shelf = Shelf(tmp_path / "adapters", 2**24)
    assert Experience(shelf, LearnSettings(), sealed=True, hidden=hidden).keeps_sums is not hidden


def test_a_family_has_the_skills_and_the_sums_of_all_its_lessons(experience: Experience) -> None:
    dates = taught(experience, 1, "dates")
    prices = taught(experience, 2, "prices", dates)
    assert experience.taught(prices) == {"dates", "prices"}
    found = {tuple(one.skills): float(one.factors["layer"][0, 0]) for one in experience.sums_of(prices)}
    assert found == {("prices",): 2.0, ("dates",): 1.0}


def test_sums_that_hold_what_is_forgotten_are_removed(experience: Experience) -> None:
    dates, prices = taught(experience, 1, "dates"), taught(experience, 2, "prices")
    experience.forget(Gone(frozenset({"dates-example"})))
    assert experience.sums_of(again(experience, dates)) == ()
    assert len(experience.sums_of(again(experience, prices))) == 1


def test_what_is_replayed_is_a_few_of_each_skill_other_than_the_lesson_s_own(experience: Experience) -> None:
    one = shelved(experience, 1)
    experience.keep(one, [*sums(0, 5), *sums(10, 5, "more")])
    assert experience.replay_of(again(experience, one), REPLAY_FILE, but={"more"}) == sums(0, 2)
    assert experience.replay_of(None, REPLAY_FILE, but=()) == []
