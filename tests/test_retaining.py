"""What keeps what an adapter knew is picked by what is stored, and said."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.adapters.merging.small import small_adapter
from workbench.adapters.grams import Grams
from workbench.adapters.shelf import Data, Parent, Provenance, Shelf, Shelved
from workbench.core.examples import example
from workbench.core.schema import LearnSettings
from workbench.experience import Experience
from workbench.retaining import Retained, retained, revised


@pytest.fixture
def experience(tmp_path: Path) -> Experience:
    return Experience(Shelf(tmp_path / "adapters", 2**24), LearnSettings(), sealed=False)


def taught(experience: Experience, *skills: str, sums: bool) -> Shelved:
    origin = Provenance("train", "tiny", data=Data("0", dict.fromkeys(skills, 5)))
    one = experience.shelf.put(small_adapter(1), origin, name="taught")
    if sums:
        experience.keep_sums(one, Grams(frozenset(skills), {"layer": torch.ones(1, 4)}))
    return experience.shelf.find(one.identity)


DATES = [example("When?", "now", skill="dates")]


def test_what_is_there_is_used_both_where_both_are(experience: Experience) -> None:
    keeping = retained(experience, taught(experience, "dates", "prices", "names", sums=True), {"prices"}, DATES)
    assert keeping.skills == Retained(replayed=("dates",), spared=("dates", "names"))
    assert [sums.skills for sums in keeping.spare] == [{"dates", "prices", "names"}]
    assert keeping.read == keeping.spare


def test_of_what_is_learned_again_fewer_directions_are_spared(experience: Experience) -> None:
    one = taught(experience, "dates", sums=False)
    experience.keep_sums(one, Grams(frozenset({"dates"}), {"layer": torch.eye(64)}))
    one = experience.shelf.find(one.identity)
    [alone] = retained(experience, one, {"prices"}, ()).spare
    with_replay = retained(experience, one, {"prices"}, DATES)
    assert [len(sums.factors["layer"]) for sums in (alone, *with_replay.spare, *with_replay.read)] == [64, 24, 64]


def test_what_nothing_keeps_is_named(experience: Experience) -> None:
    keeping = retained(experience, taught(experience, "dates", "names", sums=False), {"prices"}, DATES)
    assert keeping.skills == Retained(replayed=("dates",), unkept=("names",))
    assert keeping.spare == ()


def test_more_of_the_same_spares_nothing_for_what_was_known_of_it_may_change(experience: Experience) -> None:
    keeping = retained(experience, taught(experience, "use", sums=True), {"use"}, ())
    assert (keeping.skills, keeping.spare, keeping.read) == (Retained(), (), ())


def test_examples_without_a_skill_s_name_are_something_else_each_time(experience: Experience) -> None:
    one = taught(experience, "general", sums=True)
    about = revised([example("Who?", "me"), example("When?", "now", skill="dates")])
    assert about == {"dates"}
    keeping = retained(experience, one, about, [example("Where?", "here")])
    assert keeping.skills == Retained(replayed=("general",), spared=("general",))
    assert len(keeping.spare) == 1


def test_an_adapter_is_not_cut_by_sums_that_lack_a_part_of_what_it_knows(experience: Experience) -> None:
    first = taught(experience, "dates", sums=False)
    origin = Provenance("train", "tiny", data=Data("0", {"names": 5}), parents=(Parent(first.identity, (1.0,)),))
    second = experience.shelf.put(small_adapter(2), origin, name="second")
    experience.keep_sums(second, Grams(frozenset({"names"}), {"layer": torch.ones(1, 4)}))
    keeping = retained(experience, experience.shelf.find("second"), {"prices"}, ())
    assert keeping.skills == Retained(spared=("names",), unkept=("dates",))
    assert keeping.read == ()


def test_what_begins_at_the_base_knew_nothing(experience: Experience) -> None:
    keeping = retained(experience, None, {"use"}, ())
    assert (keeping.skills, keeping.spare, keeping.read) == (Retained(), (), ())


@pytest.mark.parametrize(
    ("kept", "sentence"),
    [
        (Retained(), ""),
        (Retained(replayed=("dates", "names")), "Of what it knew, replay keeps dates and names."),
        (Retained(("a",), ("a", "b", "c")), "Of what it knew, replay keeps a; sums keep a, b and c."),
        (
            Retained(unkept=("dates",)),
            "Of what it knew, nothing keeps dates, of which neither examples nor sums are stored.",
        ),
    ],
)
def test_a_sentence_says_what_keeps_what(kept: Retained, sentence: str) -> None:
    assert kept.sentence == sentence
