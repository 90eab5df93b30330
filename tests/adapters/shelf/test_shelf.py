"""What is put on the shelf is found, checked, deployed, rolled back, kept from deletion."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from tests.adapters.merging.small import BASE, small_adapter
from workbench.adapters.merging import LayerGroups, linear
from workbench.adapters.peft_folder import WEIGHTS, read_folder
from workbench.adapters.shelf import Data, Parent, Provenance, Shelf, SkillScore, champion
from workbench.core.errors import AdapterDamaged, AdapterError, AdapterNotFound, ShelfFull

QUOTA = 10**7
TRAINED = Provenance(
    "train", "tiny", "Apache-2.0", Data("d" * 32, {"add": 40, "dates": 24}), seed=7, settings={"steps": 40, "rank": 3}
)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", QUOTA)


def filled(shelf: Shelf, *names: str) -> list[str]:
    """Adapters of these names; their identities."""
    return [shelf.put(small_adapter(seed), TRAINED, name=name).identity for seed, name in enumerate(names)]


def state(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "shelf.lock"
    }


def test_what_is_put_comes_back_bit_by_bit_by_name_identity_or_its_beginning(shelf: Shelf) -> None:
    adapter = small_adapter(1)
    one = shelf.put(adapter, TRAINED, name="dates")
    assert one.identity == adapter.identity == one.folder.name
    for ref in ("dates", adapter.identity, adapter.identity[:8]):
        again = shelf.get(ref)
        assert again.spec == adapter.spec
        assert all(torch.equal(again.factors[layer].b, pair.b) for layer, pair in adapter.factors.items())
    assert read_folder(shelf.folder_of("dates")).identity == adapter.identity


def test_the_card_says_where_it_came_from(shelf: Shelf) -> None:
    adapter, score = small_adapter(1), SkillScore("add", 60, 0.9, 0.8, 0.96)
    shelf.put(adapter, TRAINED, name="dates", scores=[score])
    card = Shelf(shelf.folder, QUOTA).card("dates")
    assert (card.origin, card.scores, card.spec) == (TRAINED, (score,), adapter.spec)
    assert card.origin.data is not None
    assert card.origin.data.examples == 64
    assert card.files[WEIGHTS].bytes == (shelf.folder_of("dates") / WEIGHTS).stat().st_size
    assert card.versions["torch"] == torch.__version__.split("+")[0] or card.versions["torch"] == torch.__version__
    assert json.loads((shelf.folder_of("dates") / "card.json").read_bytes())["spec"]["base"] == BASE


def test_a_newer_score_of_a_skill_takes_the_place_of_the_older(shelf: Shelf) -> None:
    shelf.put(small_adapter(1), TRAINED, name="dates", scores=[SkillScore("add", 10, 0.5, 0.2, 0.8)])
    newer, other = SkillScore("add", 60, 0.9, 0.8, 0.96), SkillScore("dates", 60, 1.0, 0.9, 1.0)
    shelf.add_scores("dates", [newer, other])
    assert shelf.card("dates").scores == (newer, other)
    with pytest.raises(AdapterError, match="no finite number"):
        SkillScore("add", 0, float("nan"), 0, 1)


def test_the_same_weights_again_are_the_same_entry(shelf: Shelf) -> None:
    first = shelf.put(small_adapter(1), TRAINED)
    assert shelf.put(small_adapter(1), TRAINED, name="dates").identity == first.identity
    assert shelf.put(small_adapter(1), TRAINED, name="dates").name == "dates"
    assert len(shelf.list()) == 1
    with pytest.raises(AdapterError, match="on the shelf as 'dates'"):
        shelf.put(small_adapter(1), TRAINED, name="other")


def test_a_name_belongs_to_one_adapter_and_can_be_changed(shelf: Shelf) -> None:
    first, second = filled(shelf, "a", "b")
    for taking in (lambda: shelf.put(small_adapter(9), TRAINED, name="a"), lambda: shelf.rename("b", "a")):
        with pytest.raises(AdapterError, match="'a' belongs to"):
            taking()
    shelf.rename("a", "c")
    shelf.rename("b", "a")
    assert (shelf.find("c").identity, shelf.find("a").identity) == (first, second)


@pytest.mark.parametrize(
    "name",
    ["", "../x", "a/b", "..", ".hidden", "x" * 65, "nul\0l", "naïve", "日付", "a b", "-f", "a\n", "0123456789abcdef"],
)
def test_a_name_that_could_do_harm_is_refused_in_a_sentence(shelf: Shelf, name: str) -> None:
    before = state(shelf.folder.parent)
    with pytest.raises(AdapterError) as refused:
        shelf.put(small_adapter(1), TRAINED, name=name)
    assert "\n" not in str(refused.value)
    with pytest.raises(AdapterNotFound):
        shelf.get(name)
    assert state(shelf.folder.parent) == before


def test_an_unknown_or_ambiguous_name_lists_what_there_is(shelf: Shelf) -> None:
    with pytest.raises(AdapterNotFound, match="none yet"):
        shelf.get("dates")
    filled(shelf, "a", "b")
    with pytest.raises(AdapterNotFound, match="'dates'; there are a, b"):
        shelf.get("dates")
    with pytest.raises(AdapterNotFound, match="not on the shelf"):
        shelf.get("0" * 64)
    twin = _twins()
    for adapter in twin:
        shelf.put(adapter, TRAINED)
    with pytest.raises(AdapterNotFound, match="begins 2 adapters"):
        shelf.get(twin[0].identity[:4])


def _twins() -> list[Any]:
    """Two adapters whose identities begin with the same four digits."""
    seen: dict[str, Any] = {}
    for seed in range(100, 5000):
        adapter = small_adapter(seed, rank=1, layers=1, targets=("v_proj",))
        beginning = adapter.identity[:4]
        if beginning in seen:
            return [seen[beginning], adapter]
        seen[beginning] = adapter
    raise AssertionError("no two of 4,900 agree in 16 bits")


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "other weights"])
def test_damaged_weights_are_neither_loaded_nor_deployed_and_another_put_mends_them(shelf: Shelf, damage: str) -> None:
    filled(shelf, "a")
    path = shelf.folder_of("a") / WEIGHTS
    content = path.read_bytes()
    path.write_bytes(content[:-3] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    if damage == "gone":
        path.unlink()
    if damage == "other weights":
        path.write_bytes(save({name: tensor + 1 for name, tensor in load(content).items()}, {"format": "pt"}))
    for doing in (lambda: shelf.get("a"), lambda: shelf.deploy("a", why="hope")):
        with pytest.raises(AdapterDamaged, match="adapter"):
            doing()
    assert shelf.champion() is None
    shelf.put(small_adapter(0), TRAINED)
    assert shelf.get("a").identity == small_adapter(0).identity


def test_weights_altered_together_with_their_card_are_still_found_out(shelf: Shelf) -> None:
    filled(shelf, "a")
    folder = shelf.folder_of("a")
    content = (folder / WEIGHTS).read_bytes()
    altered = content[:-1] + bytes([content[-1] ^ 1])
    (folder / WEIGHTS).write_bytes(altered)
    card = (folder / "card.json").read_text()
    old, new = (hashlib.sha256(each).hexdigest() for each in (content, altered))
    (folder / "card.json").write_text(card.replace(old, new))
    with pytest.raises(AdapterDamaged, match="not what its name says"):
        shelf.get("a")


@pytest.mark.parametrize("card", ["", "{}", "[1]", "another's"])
def test_a_card_that_cannot_be_read_names_the_folder_to_remove(shelf: Shelf, card: str) -> None:
    filled(shelf, "a", "b")
    path, other = shelf.folder_of("a") / "card.json", shelf.folder_of("b") / "card.json"
    path.write_text(other.read_text() if card == "another's" else card)
    with pytest.raises(AdapterDamaged, match="remove the folder"):
        shelf.list()


def test_deploy_and_rollback_move_the_champion_back_and_further_back(shelf: Shelf) -> None:
    a, b = filled(shelf, "a", "b")
    assert shelf.champion() is None
    shelf.deploy("a", why="first", who="me", verdict="gate-1")
    shelf.deploy("b", why="better", forced=True)
    current = Shelf(shelf.folder, QUOTA).champion()  # as another process sees it
    assert current is not None
    assert (current.identity, current.name) == (b, "b")
    assert shelf.rollback(why="worse").identity == a  # type: ignore[union-attr]
    assert shelf.champion().identity == a  # type: ignore[union-attr]
    assert shelf.rollback() is None
    assert shelf.champion() is None
    with pytest.raises(AdapterError, match="nothing to roll back to"):
        shelf.rollback()
    moves = shelf.history()
    assert [(move.kind, move.identity) for move in moves] == [
        ("deploy", a), ("forced", b), ("rollback", a), ("rollback", None),
    ]  # fmt: skip
    assert (moves[0].who, moves[0].why, moves[0].verdict) == ("me", "first", "gate-1")
    assert moves[1].who


def test_a_deploy_after_a_rollback_is_undone_to_where_the_rollback_led(shelf: Shelf) -> None:
    a, _, _ = filled(shelf, "a", "b", "c")
    shelf.deploy("a", why="")
    shelf.deploy("b", why="")
    shelf.rollback()
    shelf.deploy("c", why="")
    assert shelf.rollback().identity == a  # type: ignore[union-attr]


def test_the_plain_base_can_be_deployed_and_the_champion_again_is_no_move(shelf: Shelf) -> None:
    (a,) = filled(shelf, "a")
    shelf.deploy("a", why="")
    shelf.deploy(a[:6], why="again")
    assert shelf.deploy(None, why="start over") is None
    assert shelf.champion() is None
    assert shelf.rollback().identity == a  # type: ignore[union-attr]
    assert [move.kind for move in shelf.history()] == ["deploy", "deploy", "rollback"]


def test_a_rollback_to_a_damaged_champion_moves_nothing(shelf: Shelf) -> None:
    _, b = filled(shelf, "a", "b")
    shelf.deploy("a", why="")
    shelf.deploy("b", why="")
    (shelf.folder_of("a") / WEIGHTS).write_bytes(b"")
    with pytest.raises(AdapterDamaged, match="put the same adapter again"):
        shelf.rollback()
    assert shelf.champion().identity == b  # type: ignore[union-attr]


def test_a_pointer_that_cannot_be_read_says_what_to_do(shelf: Shelf) -> None:
    (shelf.folder / champion.NAME).write_text("{")
    with pytest.raises(AdapterDamaged, match="remove it to answer with the plain base"):
        shelf.champion()


def test_a_champion_that_vanished_is_said(shelf: Shelf) -> None:
    filled(shelf, "a")
    shelf.deploy("a", why="")
    shelf.folder_of("a").rename(shelf.folder.parent / "elsewhere")
    with pytest.raises(AdapterNotFound, match="roll back, or deploy another"):
        shelf.champion()
    assert shelf.rollback() is None


def test_ten_rollbacks_are_kept_and_older_champions_can_be_deleted(shelf: Shelf) -> None:
    names = [f"n{number}" for number in range(13)]
    filled(shelf, *names)
    for name in names:
        shelf.deploy(name, why="")
    shelf.delete("n0")
    with pytest.raises(AdapterError, match="rollback can still return to n2"):
        shelf.delete("n2")
    for name in reversed(names[2:12]):
        assert shelf.rollback().name == name  # type: ignore[union-attr]
    with pytest.raises(AdapterError, match="nothing to roll back to"):
        shelf.rollback()
    assert len(shelf.history()) == 23


def test_what_is_referred_to_cannot_be_deleted_and_the_sentence_names_by_whom(shelf: Shelf) -> None:
    a, b, _ = filled(shelf, "a", "b", "c")
    child = linear([shelf.get("a"), shelf.get("b")], [0.5, 0.5])
    made = Provenance("merge", "tiny", parents=(Parent(a, (0.5,)), Parent(b, (0.5,))))
    shelf.put(child, made, name="child")
    shelf.deploy("c", why="")
    for ref, word in (("c", "c is the champion"), ("a", "a is a parent of child")):
        with pytest.raises(AdapterError, match=word):
            shelf.delete(ref)
    with pytest.raises(AdapterError, match="champion"):
        shelf.delete("c", force=True)
    shelf.delete("a", force=True)
    shelf.delete("child")
    shelf.delete("b")
    assert [each.name for each in shelf.list()] == ["c"]


def test_other_forms_are_attached_with_their_checksum(shelf: Shelf, tmp_path: Path) -> None:
    filled(shelf, "a")
    (tmp_path / "adapter.gguf").write_bytes(b"GGUF")
    placed = shelf.attach("a", tmp_path / "adapter.gguf")
    assert placed.parent == shelf.folder_of("a")
    assert shelf.file("a", "adapter.gguf") == placed
    inside = shelf.folder_of("a") / "other.gguf"
    inside.write_bytes(b"made in place")
    shelf.attach("a", inside)
    assert shelf.file("a", "other.gguf").read_bytes() == b"made in place"
    placed.write_bytes(b"GGUX")
    with pytest.raises(AdapterDamaged, match=r"adapter\.gguf of the adapter a"):
        shelf.file("a", "adapter.gguf")
    with pytest.raises(AdapterNotFound, match="has no file 'none'"):
        shelf.file("a", "none")
    for name in ("card.json", WEIGHTS):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(AdapterError, match="cannot be attached"):
            shelf.attach("a", tmp_path / name)
    with pytest.raises(AdapterError, match="cannot be read"):
        shelf.attach("a", tmp_path / "missing.gguf")


def test_two_adapters_are_compared_by_card_and_by_weights(shelf: Shelf) -> None:
    shelf.put(small_adapter(1), TRAINED, name="a", scores=[SkillScore("add", 60, 0.9, 0.8, 0.96)])
    twice = linear([small_adapter(1)], [[1.0, -2.0, 0.0]], groups=LayerGroups(3))
    shelf.put(
        twice, Provenance("merge", "tiny", parents=(Parent(small_adapter(1).identity, (1.0, -2.0, 0.0)),)), name="b"
    )
    found = shelf.compare("a", "b")
    assert found.spec["alpha"] == (5.0, 3.0)
    assert "base" not in found.spec
    assert found.origin["how"] == ("train", "merge")
    assert found.scores["add"][1] is None
    assert [group.cosine for group in found.groups] == [pytest.approx(1.0), pytest.approx(-1.0), None]
    assert found.groups[1].right_norm == pytest.approx(2 * found.groups[1].left_norm)
    shelf.put(small_adapter(3, base="c" * 64), TRAINED, name="c")
    assert shelf.compare("a", "c").groups == ()


def test_a_full_shelf_frees_the_oldest_that_nobody_names_or_needs_and_says_which(tmp_path: Path) -> None:
    size = Shelf(tmp_path / "probe", QUOTA).put(small_adapter(0), TRAINED).bytes
    shelf = Shelf(tmp_path / "shelf", 4 * size + size // 2)
    parent = shelf.put(small_adapter(1), TRAINED)
    kept = Provenance("merge", "tiny", parents=(Parent(parent.identity, (1.0,)),))
    shelf.put(small_adapter(2), kept, name="kept")
    loose, champ = shelf.put(small_adapter(3), TRAINED), shelf.put(small_adapter(4), TRAINED)
    shelf.deploy(champ.identity, why="")
    fifth = shelf.put(small_adapter(5), TRAINED, name="fifth")
    assert fifth.freed == (loose.identity[:12],)
    before = state(shelf.folder)
    with pytest.raises(ShelfFull, match=r"delete one of kept, fifth, or raise training\.shelf_gib"):
        shelf.put(small_adapter(6), TRAINED, name="sixth")
    assert state(shelf.folder) == before
    assert {each.identity for each in shelf.list()} >= {parent.identity, champ.identity, fifth.identity}
    assert shelf.used_bytes <= shelf.quota_bytes


def test_the_parents_of_what_is_put_are_not_freed_for_it(tmp_path: Path) -> None:
    size = Shelf(tmp_path / "probe", QUOTA).put(small_adapter(0), TRAINED).bytes
    shelf = Shelf(tmp_path / "shelf", 2 * size + size // 2)
    old, young = shelf.put(small_adapter(1), TRAINED), shelf.put(small_adapter(2), TRAINED)
    child = shelf.put(small_adapter(3), Provenance("merge", "tiny", parents=(Parent(old.identity, (1.0,)),)))
    assert child.freed == (young.identity[:12],)


def test_an_adapter_larger_than_the_quota_is_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", 100)
    with pytest.raises(ShelfFull, match=r"raise training\.shelf_gib"):
        shelf.put(small_adapter(1), TRAINED)
    assert state(shelf.folder) == {}


def test_a_shelf_where_a_file_lies_is_said(tmp_path: Path) -> None:
    (tmp_path / "shelf").write_text("in the way")
    with pytest.raises(AdapterError, match="choose another home"):
        Shelf(tmp_path / "shelf", QUOTA)
