"""Learning as typed: train, score, gate, deploy, ask, roll back; bad input is a sentence and exit code 2."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.models.ollama_server import OllamaWire
from workbench.adapters.bases import Base
from workbench.cli.app import run
from workbench.corpus.jsonl import read_examples, write_examples
from workbench.corpus.skills import generate
from workbench.corpus.splits import split
from workbench.experience import FRESH_FILE

SKILL = "price"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory, base: Base) -> Path:
    """A home in which one adapter was trained, as a person would: a few steps on a file."""
    home = tmp_path_factory.mktemp("school")
    write_examples(home / "lessons.jsonl", generate(SKILL, 60, seed=0))
    write_examples(home / "fresh.jsonl", generate(SKILL, 12, seed=9))
    with pytest.MonkeyPatch.context() as patch:
        at(patch, home, base)
        assert run(["train", str(home / "lessons.jsonl"), "--name", "first", "--steps", "3", "--seed", "1"]) == 0
    return home


@pytest.fixture
def typed(
    school: Path, base: Base, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    at(monkeypatch, school, base)

    def type_(*words: object) -> tuple[int, str, str]:
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_


def at(patch: pytest.MonkeyPatch, home: Path, base: Base) -> None:
    patch.setenv("WORKBENCH_HOME", str(home))
    patch.setenv("WORKBENCH_TRAINING_BASES_FOLDER", str(base.folder.parent))
    patch.setenv("WORKBENCH_TRAINING_BATCH", "4")
    patch.setenv("WORKBENCH_MEMORY_RECALL_K", "0")  # what was asked before is not to change an answer
    patch.setenv("WORKBENCH_OLLAMA_HOST", "http://127.0.0.1:9")


Typed = Callable[..., tuple[int, str, str]]


def as_json(typed: Typed, *words: object) -> Any:
    code, out, err = typed(*words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_what_was_trained_stands_on_the_shelf_with_its_card(typed: Typed) -> None:
    (one,) = as_json(typed, "adapters", "list")
    assert (one["name"], one["origin"]["how"], one["origin"]["seed"], one["champion"]) == ("first", "train", 1, False)
    assert one["origin"]["data"]["skills"].keys() == {SKILL}
    assert {"adapter.gguf", "adapter_model.safetensors", "examples.txt"} <= one["files"].keys()
    assert [score["skill"] for score in one["scores"]] == [SKILL]
    code, out, _ = typed("adapters", "show", "first")
    assert code == 0
    assert "Apache-2.0" in out


def test_what_is_left_for_the_gate_is_kept_beside_the_adapter(typed: Typed, school: Path) -> None:
    left = split(generate(SKILL, 60, seed=0)).gate
    code, _, err = typed("train", school / "lessons.jsonl", "--name", "third", "--steps", "1")
    assert code == 0
    assert f"{len(left)} examples that it has not seen are kept beside it" in err.splitlines()[-1]
    [one] = [each for each in as_json(typed, "adapters", "list") if each["name"] == "third"]
    assert set(read_examples(school / "adapters" / one["identity"] / FRESH_FILE).examples) == set(left)
    assert typed("adapters", "delete", "third", "--yes")[0] == 0


def test_an_adapter_and_the_plain_base_are_scored_with_their_intervals(typed: Typed, school: Path) -> None:
    plain = as_json(typed, "score", school / "fresh.jsonl", "--adapter", "base")
    trained = as_json(typed, "score", school / "fresh.jsonl", "--adapter", "first")
    assert plain["examples"] == trained["examples"] == 12
    assert plain["adapter"] == "base"
    assert trained["logprob"] > plain["logprob"]
    low, high = trained["interval_95"]
    assert low <= trained["mean"] <= high


def test_the_gate_counts_what_it_needs_and_uses_no_example_twice(typed: Typed, school: Path) -> None:
    verdict = as_json(typed, "gate", "first", school / "fresh.jsonl")
    assert verdict["decision"] in ("more", "refuse")
    assert verdict["serving"]["examples"] == 12
    assert SKILL in verdict["words"]
    code, _, err = typed("gate", "first", school / "fresh.jsonl")
    assert code == 2
    assert "earlier looks used them" in err


def test_examples_that_were_trained_on_do_not_reach_the_gate(typed: Typed, school: Path) -> None:
    home = school / "trained_on.jsonl"
    seen = set((next((school / "adapters").glob("*/examples.txt"))).read_text().split())
    write_examples(home, [one for one in generate(SKILL, 60, seed=0) if one.id in seen])
    code, _, err = typed("gate", "first", home)
    assert code == 2
    assert "trained on" in err


def test_deploying_without_the_gate_must_be_insisted_on_and_is_undone_by_rollback(typed: Typed) -> None:
    question = generate(SKILL, 1, seed=77)[0].prompt
    before = as_json(typed, "ask", question, "--strategy", "direct")
    assert before["choice"]["adapter"] is None
    code, _, err = typed("deploy", "first")
    assert code == 2
    assert "workbench gate first" in err
    assert as_json(typed, "deploy", "first", "--force")["name"] == "first"
    during = as_json(typed, "ask", question, "--strategy", "direct")
    assert during["choice"]["adapter"] == "first"
    assert any("first" in reason for reason in during["choice"]["reasons"])
    _, _, err = typed("ask", question, "--strategy", "direct")
    assert "with first" in err
    assert "first answers, on smollm2-135m" in " ".join(typed("doctor")[1].split())
    code, _, err = typed("adapters", "delete", "first", "--yes")
    assert code == 2
    assert "champion" in err
    assert as_json(typed, "rollback")["champion"] is None
    after = as_json(typed, "ask", question, "--strategy", "direct")
    assert (after["answer"], after["choice"]["adapter"]) == (before["answer"], None)
    assert [move["kind"] for move in as_json(typed, "adapters", "history")] == ["forced", "rollback"]


def test_two_adapters_merge_into_one_that_names_its_parents_and_it_is_deleted_again(typed: Typed, school: Path) -> None:
    assert typed("train", "--skill", "units", "--name", "second", "--steps", "1")[0] == 0
    child = as_json(typed, "adapters", "merge", "first", "second", "--name", "both", "--weights", "0.7,0.3")
    assert child["origin"]["how"] == "merge"
    assert [parent["coefficients"] for parent in child["origin"]["parents"]] == [[0.7], [0.3]]
    assert child["kept"] == 1
    code, out, _ = typed("adapters", "merge", "first", "second", "--name", "thin", "--rank", "4")
    assert code == 0
    assert "of the change kept at rank 4" in out
    code, out, _ = typed("adapters", "merge", "first", "second", "--name", "trimmed", "--rule", "ties")
    assert code == 0
    assert "of the change kept at rank 8" in out
    seen = school / "seen_by_a_parent.jsonl"
    known = set((school / "adapters" / child["origin"]["parents"][0]["identity"] / "examples.txt").read_text().split())
    write_examples(seen, [one for one in generate(SKILL, 60, seed=0) if one.id in known])
    code, _, err = typed("gate", "both", "base", seen)
    assert code == 2
    assert "trained on" in err
    code, _, err = typed("adapters", "delete", "second", "--yes")
    assert code == 2
    assert "delete those first" in err
    assert as_json(typed, "adapters", "delete", "second", "--yes", "--force")["name"] == "second"
    learned_by_the_deleted = school / "learned_by_the_deleted.jsonl"
    write_examples(learned_by_the_deleted, generate("units", 4, seed=0))
    code, _, err = typed("gate", "both", "base", learned_by_the_deleted)
    assert code == 2
    assert "trained on" in err
    for name in ("thin", "trimmed", "both"):
        assert as_json(typed, "adapters", "delete", name, "--yes")["name"] == name
    assert {one["name"] for one in as_json(typed, "adapters")} == {"first"}


def test_a_lesson_goes_on_from_an_adapter_and_says_what_keeps_what_it_knew(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = as_json(typed, "adapters", "show", "first")
    write_examples(tmp_path / "dates.jsonl", generate("iso_date", 40, seed=3))
    lesson = ("train", tmp_path / "dates.jsonl", "--from", "first", "--steps", 2)
    told = as_json(typed, *lesson, "--name", "second")
    assert told["retained"] == f"Of what it knew, replay keeps {SKILL}; sums keep {SKILL}."
    assert told["scores"]["before"]["by_skill"].keys() == {"iso_date", SKILL}, "what it knew is scored, too"
    card = as_json(typed, "adapters", "show", "second")
    assert [parent["identity"] for parent in card["origin"]["parents"]] == [first["identity"]]
    assert card["origin"]["data"]["skills"].keys() == {"iso_date", SKILL}
    assert card["origin"]["settings"]["retained"] == told["retained"]
    monkeypatch.setenv("WORKBENCH_LEARN_REPLAY", "0")
    code, out, err = typed(*lesson, "--name", "third")
    assert code == 0, err
    assert f"Of what it knew, sums keep {SKILL}." in out
    for name in ("second", "third"):
        assert typed("adapters", "delete", name, "--yes")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["adapters", "merge", "first", "nobody", "--name", "n"], "nobody"),
        (["adapters", "merge", "first", "--name", "n", "--weights", "a,b"], "--weights a,b is not 1 numbers"),
        (["adapters", "merge", "first", "--name", "first"], "The name 'first' is taken"),
        (["train"], "Give a file of examples or --skill NAME"),
        (["train", "a.jsonl", "--skill", "price"], "one of the two"),
        (["train", "--skill", "juggling"], "There is no skill 'juggling'"),
        (["train", "--skill", "price", "--name", "first"], "The name 'first' is taken"),
        (["train", "--skill", "price", "--name", "../x"], "../x"),
        (["train", "--skill", "units", "--name", "n", "--from", "nobody"], "nobody"),
        (["train", "nowhere.jsonl", "--name", "n"], "nowhere.jsonl"),
        (["train", "--skill", "price", "--name", "n", "--base", "nothing"], "nothing"),
        (["score", "nowhere.jsonl"], "nowhere.jsonl"),
        (["gate", "nobody", "nowhere.jsonl"], "nowhere.jsonl"),
        (["deploy", "nobody"], "nobody"),
        (["rollback"], "nothing to roll back"),
        (["adapters", "show", "nobody"], "nobody"),
        (["adapters", "delete", "first"], "add --yes"),
        (["corpus", "show", "nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(typed: Typed, words: list[str], sentence: str) -> None:
    code, _, err = typed(*words)
    assert code == 2
    assert sentence in err.replace("\n", " ")


def test_a_file_with_broken_lines_is_read_as_far_as_it_is_sound(typed: Typed, tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    file.write_text('{"prompt": "2 + 2?", "answer": "4"}\nnot JSON\n{"prompt": "3 + 3?"}\n', encoding="utf-8")
    code, _, err = typed("corpus", "show", file)
    assert code == 0
    assert "line 2 was left out" in err
    assert "line 3 was left out" in err
    assert typed("corpus", "check", file)[0] == 1


def test_a_file_in_another_encoding_or_without_examples_is_refused(typed: Typed, tmp_path: Path) -> None:
    latin, empty = tmp_path / "latin.jsonl", tmp_path / "empty.jsonl"
    latin.write_bytes('{"prompt": "Größe?", "answer": "M"}\n'.encode("latin-1"))
    empty.write_text("")
    for file in (latin, empty):
        code, _, err = typed("train", file, "--name", "n")
        assert code == 2
        assert file.name in err


def test_a_file_is_divided_into_three_that_share_nothing(typed: Typed, school: Path, tmp_path: Path) -> None:
    counts = as_json(typed, "corpus", "split", school / "lessons.jsonl", "--to", tmp_path / "parts")
    assert sum(counts.values()) == 60
    lines = [set((tmp_path / "parts" / f"{name}.jsonl").read_text().splitlines()) for name in counts]
    assert not lines[0] & lines[1] | lines[0] & lines[2] | lines[1] & lines[2]


def test_an_adapter_becomes_a_model_of_ollama_or_a_file_to_make_it_from(
    typed: Typed, tmp_path: Path, ollama_server: OllamaWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = as_json(typed, "adapters", "export", "first", "--to", tmp_path / "out", "--as", "ollama")
    assert [Path(path).name for path in alone["files"]] == ["adapter.gguf", "Modelfile"]
    assert "ollama create workbench-first:" in alone["next"]
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)
    made = as_json(typed, "adapters", "export", "first", "--to", tmp_path / "out", "--as", "ollama")
    assert "workbench-first:" in made["next"]
    assert "ollama create" not in made["next"]


def test_an_adapter_goes_out_and_comes_back_the_same(typed: Typed, tmp_path: Path) -> None:
    made = as_json(typed, "adapters", "export", "first", "--to", tmp_path / "out")
    assert any(path.endswith("adapter_model.safetensors") for path in made["files"])
    (first,) = as_json(typed, "adapters", "list")
    code, _, err = typed("adapters", "import", tmp_path / "out", "--name", "second")
    assert code == 2  # the very same weights are here already, under a name
    assert "first" in err
    assert [one["identity"] for one in as_json(typed, "adapters", "list")] == [first["identity"]]
