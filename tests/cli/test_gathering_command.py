"""Examples made at the command line: by a skill, from turns and a document, invented by a model and judged."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.full_disk import files_at_most
from tests.models.ollama_server import OllamaWire, Request, Say
from workbench.cli.app import run
from workbench.core.examples import example
from workbench.corpus.jsonl import read_examples, write_examples

HANDBOOK = Path(__file__).parents[2] / "data" / "handbook.md"
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(ollama_server: OllamaWire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)

    def type_(*words: object) -> tuple[int, str, str]:
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_


def as_json(typed: Typed, *words: object) -> Any:
    code, out, err = typed(*words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_skill_writes_as_many_examples_as_asked_and_another_seed_others(typed: Typed, tmp_path: Path) -> None:
    told = as_json(typed, "corpus", "generate", "price", "--to", tmp_path / "a.jsonl", "-n", 7)
    assert told["examples"] == 7
    as_json(typed, "corpus", "generate", "price", "--to", tmp_path / "b.jsonl", "-n", 7, "--seed", 5)
    first, second = (read_examples(tmp_path / name).examples for name in ("a.jsonl", "b.jsonl"))
    assert len(first) == len(second) == 7
    assert {one.id for one in first} != {one.id for one in second}


def test_a_corrected_turn_is_collected_redacted_and_one_refused_keeps_its_reason(
    typed: Typed, ollama_server: OllamaWire, tmp_path: Path
) -> None:
    file = tmp_path / "mine.jsonl"
    turns = []
    for question in ("Who wrote Emma?", "Who has jo.miller@example.org?", "Who sank?"):
        ollama_server.say("Nobody.")
        turns.append(as_json(typed, "ask", question, "--model", "tiny", "--strategy", "direct")["id"])
    assert typed("feedback", turns[0], "--correct", "Jane Austen")[0] == 0
    assert typed("feedback", turns[1], "--correct", "Our baker")[0] == 0
    assert typed("feedback", turns[2], "--down")[0] == 0
    told = as_json(typed, "corpus", "collect", "--to", file)
    assert (told["examples"], sum(told["refused"].values()), told["unrated"]) == (2, 1, 0)
    assert sum(told["redacted"].values()) == 1
    assert "jo.miller" not in file.read_text(encoding="utf-8")
    assert {one.answer for one in read_examples(file).examples} >= {"Jane Austen"}
    [refused] = [json.loads(line) for line in (tmp_path / "mine.refused.jsonl").read_text().splitlines()]
    assert refused["turn"] == turns[2]
    assert refused["reason"]


def test_without_feedback_nothing_is_written_and_the_command_that_gives_it_is_named(
    typed: Typed, ollama_server: OllamaWire, tmp_path: Path
) -> None:
    ollama_server.say("Jane Austen.")
    as_json(typed, "ask", "Who wrote Emma?", "--model", "tiny", "--strategy", "direct")
    code, out, _ = typed("corpus", "collect", "--to", tmp_path / "none.jsonl")
    assert code == 0
    assert "turns without feedback: 1; say what was right: workbench feedback" in out
    assert not (tmp_path / "none.jsonl").exists()


def test_where_every_turn_has_feedback_nobody_is_asked_to_give_it(
    typed: Typed, ollama_server: OllamaWire, tmp_path: Path
) -> None:
    ollama_server.say("Nobody.")
    turn = as_json(typed, "ask", "Who wrote Emma?", "--model", "tiny", "--strategy", "direct")["id"]
    assert typed("feedback", turn, "--correct", "Jane Austen")[0] == 0
    code, out, _ = typed("corpus", "collect", "--to", tmp_path / "mine.jsonl")
    assert code == 0
    assert "1 examples in" in out
    assert "feedback" not in out


def test_a_document_becomes_questions_with_their_passages(typed: Typed, tmp_path: Path) -> None:
    told = as_json(typed, "corpus", "ask", HANDBOOK, "--to", tmp_path / "asked.jsonl", "--rules-only")
    examples = read_examples(tmp_path / "asked.jsonl").examples
    assert told["examples"] == len(examples) > 5
    assert all(one.skill == "document:handbook" for one in examples)


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    examples = [example(f"What is {n} plus {n}?", str(2 * n), skill="twice", check="number") for n in range(2, 8)]
    write_examples(tmp_path / "seeds.jsonl", examples)
    return tmp_path / "seeds.jsonl"


def inventing(request: Request, invented: Iterator[int]) -> Say:
    """As proposer the next sum, every even one with a wrong answer; as solver the right one."""
    asked = request.body["messages"][-1]["content"]
    if "What is" in asked:
        return Say((str(2 * int(asked.split("What is ")[-1].split()[0])),))
    number = next(invented)
    claimed = 2 * number if number % 2 else 1
    return Say((json.dumps({"prompt": f"What is {number} plus {number}?", "answer": str(claimed)}),))


def test_a_model_invents_more_and_what_fails_its_own_judges_is_kept_aside(
    typed: Typed, ollama_server: OllamaWire, tmp_path: Path, seeds: Path
) -> None:
    invented = iter(range(11, 40))
    ollama_server.always(lambda request: inventing(request, invented))
    to = tmp_path / "more.jsonl"
    told = as_json(typed, "corpus", "synthesise", seeds, "--to", to, "-n", 2, "--model", "tiny")
    assert [one.prompt for one in read_examples(to).examples] == ["What is 11 plus 11?", "What is 13 plus 13?"]
    assert sum(told["refused"].values()) == 1
    assert "12 plus 12" in (tmp_path / "more.refused.jsonl").read_text()


def test_a_disk_without_room_for_what_was_refused_asks_for_space_and_leaves_the_file_that_was_there(
    typed: Typed, ollama_server: OllamaWire, tmp_path: Path, seeds: Path
) -> None:
    ollama_server.always(lambda _: Say(("no JSON " * 4_000,)))
    aside = tmp_path / "more.refused.jsonl"
    aside.write_text("{}\n", encoding="utf-8")
    with files_at_most(20_000):
        code, _, err = typed("corpus", "synthesise", seeds, "--to", tmp_path / "more.jsonl", "-n", 1, "--model", "tiny")
    assert code == 2
    assert "more.refused.jsonl cannot be written" in err
    assert "free some space" in err
    assert aside.read_text(encoding="utf-8") == "{}\n"


def test_ctrl_c_ends_inventing_after_the_piece_at_hand_and_keeps_what_there_is(
    typed: Typed, ollama_server: OllamaWire, tmp_path: Path, seeds: Path
) -> None:
    invented = iter(range(11, 200, 2))
    asked: list[int] = []

    def answer(request: Request) -> Say:
        asked.append(1)
        if len(asked) == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return inventing(request, invented)

    ollama_server.always(answer)
    to = tmp_path / "some.jsonl"
    told = as_json(typed, "corpus", "synthesise", seeds, "--to", to, "-n", 50, "--model", "tiny")
    assert 1 <= told["examples"] == len(read_examples(to).examples) < 10


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("generate", "juggling", "--to", "x.jsonl"), "juggling"),
        (("ask", "nowhere.md", "--to", "x.jsonl", "--rules-only"), "nowhere.md"),
        (("synthesise", "nowhere.jsonl", "--to", "x.jsonl"), "nowhere.jsonl"),
        (("generate", "price", "--to", "no/such/folder/x.jsonl"), "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(typed: Typed, words: tuple[str, ...], sentence: str) -> None:
    code, _, err = typed("corpus", *words)
    assert code == 2
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
