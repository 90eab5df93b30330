"""`workbench memory` as typed: what it shows, what it changes, and one sentence with exit code 2 for bad input."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.app import run
from workbench.core.records import Statement, Turn
from workbench.memory import Memory, MiniLM

KEY = "correct horse battery staple"


class Desk:
    """A home with a few memories, and the command line."""

    def __init__(self, home: Path, minilm: MiniLM, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._minilm = minilm
        self._capsys = capsys

    def told(self, question: str, answer: str = "I see.") -> Turn:
        memory = Memory.open(self.home, embedder=self._minilm)
        turn = asyncio.run(memory.remember(Turn(question=question, answer=answer)))
        memory.close()
        return turn

    def added(self, *statements: Statement) -> tuple[str, ...]:
        memory = Memory.open(self.home, embedder=self._minilm)
        ids = asyncio.run(memory.add(statements))
        memory.close()
        return ids

    def run(self, *arguments: str, code: int = 0) -> str:
        """Standard output of a command."""
        self._capsys.readouterr()
        assert run(["memory", *arguments]) == code, self._capsys.readouterr().err
        return self._capsys.readouterr().out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))

    def refused(self, *arguments: str) -> str:
        """The one sentence of a refused command."""
        self._capsys.readouterr()
        assert run(["memory", *arguments]) == 2
        said = self._capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        return said.err


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    return MiniLM()


@pytest.fixture
def desk(home: Path, minilm: MiniLM, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(home, minilm, capsys)


def test_list_shows_a_row_a_memory_with_the_beginning_of_its_id(desk: Desk) -> None:
    turn = desk.told("My dog is called Rufus. I hate olives.")
    lines = [line for line in desk.run("list").splitlines() if "dog" in line or "olives" in line]
    assert len(lines) == 2
    assert all(any(name[:8] in line for line in lines) for name in turn.memory_ids)


def test_every_filter_of_list_narrows_it(desk: Desk) -> None:
    dog, cat = desk.told("My dog is called Rufus."), desk.told("Remember that I prefer cats to dogs.")
    assert dog.session_id is not None
    assert [one["text"] for one in desk.json("list")] == [
        "Remember that I prefer cats to dogs.",
        "My dog is called Rufus.",
    ]
    assert len(desk.json("list", "--limit", "1")) == 1
    assert [one["id"] for one in desk.json("list", "--session", dog.session_id[:12])] == list(dog.memory_ids)
    assert [one["id"] for one in desk.json("list", "--tier", "long")] == list(cat.memory_ids)
    assert [one["id"] for one in desk.json("list", "--kind", "preference")] == list(cat.memory_ids)
    assert desk.json("list", "--state", "expired") == []
    assert desk.json("list", "--pinned") == []
    desk.run("pin", dog.memory_ids[0])
    assert [one["id"] for one in desk.json("list", "--pinned")] == list(dog.memory_ids)
    assert "No such memory" in desk.run("list", "--kind", "document")


def test_a_list_that_is_cut_says_so_on_standard_error(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.told("My dog is called Rufus. I hate olives.")
    assert run(["memory", "list", "--limit", "1"]) == 0
    assert "Only 1 are shown" in capsys.readouterr().err


def test_piped_rows_are_one_line_each_however_long_and_brackets_stay(desk: Desk) -> None:
    desk.added(Statement("[red]Not a style[/red], but text: " + "long " * 60), Statement("two\nlines"))
    listed = desk.run("list")
    assert "[red]Not a style[/red]" in listed
    assert "two lines" in listed
    assert len([line for line in listed.splitlines() if "fact" in line]) == 2


def test_search_shows_scores_parts_and_reasons_and_counts_no_recall(desk: Desk) -> None:
    desk.told("My dog is called Rufus. I hate olives. My car is red.")
    said = desk.run("search", "What is my dog called?", "-k", "1")
    assert "My dog is called Rufus." in said
    assert 'shares "dog", "called" with the question' in said
    assert "words" in said
    [hit] = desk.json("search", "What is my dog called?", "-k", "1")
    assert sum(hit["parts"].values()) == pytest.approx(hit["score"], abs=0.01)
    assert [one["recall_count"] for one in desk.json("list")] == [0, 0, 0]


def test_search_obeys_its_limits_and_says_when_nothing_fits(desk: Desk) -> None:
    desk.told("My dog is called Rufus and lives in a large house by the sea. I have a dog.")
    assert len(desk.json("search", "dog", "-k", "5", "--tokens", "8")) == 1
    assert desk.json("search", "   ") == []
    assert "Nothing that is remembered" in desk.run("search", "photosynthesis of ferns")


def test_show_tells_where_a_memory_comes_from_what_it_weighs_and_its_history(desk: Desk) -> None:
    turn = desk.told("My dog is called Rufus.", "Hello, Rufus!")
    name = turn.memory_ids[0]
    desk.run("pin", name)
    said = desk.run("show", name[:10])
    for part in ("My dog is called Rufus.", name, "Hello, Rufus!", "novelty", "remembered", "pinned", turn.id[:8]):
        assert part in said
    told = desk.json("show", name)
    assert told["turn"]["question"] == "My dog is called Rufus."
    assert told["session"]["id"] == turn.session_id
    assert [change["what"] for change in told["history"]] == ["remembered", "pinned"]
    assert sum(share["adds"] for share in told["importance"]["shares"]) == pytest.approx(told["importance"]["now"])


def test_show_names_what_replaced_a_memory_and_restore_brings_it_back(desk: Desk) -> None:
    old, new = desk.added(Statement("I live in Oslo.", said_at=1e9), Statement("I live in Bergen.", said_at=1.1e9))
    with sqlite3.connect(desk.home / "memory" / "memory.sqlite") as raw:
        raw.execute("UPDATE memories SET state = 'superseded', replaced_by = ? WHERE id = ?", (new, old))
    raw.close()
    assert f"replaced by {new[:8]}: I live in Bergen." in desk.run("show", old)
    assert desk.json("show", new)["replaces"][0]["id"] == old
    desk.run("restore", old)
    assert desk.json("show", old)["memory"]["state"] == "active"


def test_edit_changes_what_is_found(desk: Desk) -> None:
    name = desk.told("My dog is called Rufus.").memory_ids[0]
    desk.run("edit", name[:8], "My dog is called Bella.")
    [hit] = desk.json("search", "What is my dog called?")
    assert (hit["memory_id"], hit["text"]) == (name, "My dog is called Bella.")


def test_forget_removes_the_memory_and_its_copies_in_one_go(desk: Desk) -> None:
    turn = desk.told("My dog is called Rufus. I hate olives. My car is red.")
    desk.run("forget", turn.memory_ids[0][:9], turn.memory_ids[1], turn.memory_ids[0], "--yes")
    assert [one["id"] for one in desk.json("list")] == [turn.memory_ids[2]]
    assert "Rufus" not in (desk.home / "memory" / "memory.sqlite").read_bytes().decode("latin-1")


def test_forgetting_one_that_is_not_there_forgets_none_of_them(desk: Desk) -> None:
    turn = desk.told("My dog is called Rufus.")
    assert "No memory has the id 'nothing'" in desk.refused("forget", turn.memory_ids[0], "nothing", "--yes")
    assert len(desk.json("list")) == 1


def test_forgetting_asks_first_and_refuses_where_nobody_can_be_asked(desk: Desk) -> None:
    turn = desk.told("My dog is called Rufus.")
    assert "add --yes" in desk.refused("forget", turn.memory_ids[0])
    assert len(desk.json("list")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_at_a_terminal_no_means_no(desk: Desk) -> None:
    import pexpect

    name = desk.told("My dog is called Rufus.").memory_ids[0]
    asked = pexpect.spawn(sys.executable, ["-m", "workbench", "memory", "forget", name], encoding="utf-8", timeout=30)
    asked.expect("Rufus")
    asked.expect("for good")
    asked.sendline("n")
    asked.expect("Nothing was changed")
    asked.expect(pexpect.EOF)
    asked.close()
    assert asked.exitstatus == 1
    assert len(desk.json("list")) == 1


def test_consolidate_shows_what_would_change_and_then_does_it(desk: Desk) -> None:
    desk.added(Statement("I live in Oslo.", said_at=1.6e9), Statement("I live in Bergen now.", said_at=1.7e9))
    planned = desk.json("consolidate", "--dry-run")
    assert planned["decisions"]
    before = desk.json("list", "--state", "all")
    table = desk.run("consolidate", "--dry-run")
    assert all(decision["why"] in table for decision in planned["decisions"])
    assert desk.json("list", "--state", "all") == before
    assert desk.json("consolidate")["counts"] == planned["counts"]
    assert desk.json("consolidate")["counts"] == {}
    assert "Nothing needed to change." in desk.run("consolidate")
    assert "Nothing would change." in desk.run("consolidate", "--dry-run")


def test_export_prints_one_document_or_writes_a_file_of_your_own(desk: Desk, tmp_path: Path) -> None:
    desk.told("My dog is called Rufus.")
    printed = json.loads(desk.run("export"))
    assert [one["text"] for one in printed["records"] if one["type"] == "memory"] == ["My dog is called Rufus."]
    desk.run("export", "--format", "markdown", "--out", str(tmp_path / "memory.md"))
    assert "Rufus" in (tmp_path / "memory.md").read_text(encoding="utf-8")
    assert "exists already" in desk.refused("export", "--out", str(tmp_path / "memory.md"))


def test_check_is_quiet_about_a_sound_memory_and_ends_with_1_for_a_bad_one(desk: Desk) -> None:
    desk.told("My dog is called Rufus.")
    assert "sound" in desk.run("check")
    assert desk.json("check") == []
    with sqlite3.connect(desk.home / "memory" / "memory.sqlite") as raw:
        raw.execute("UPDATE memories SET vector = x'00000000'")
    raw.close()
    [found] = desk.json("check", code=1)
    assert (found["severity"], found["remedy"]) == ("bad", "run: workbench memory rebuild --embed")
    assert "workbench memory rebuild --embed" in desk.run("check", code=1)


def test_rebuild_with_embed_mends_a_vector_that_is_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_MEMORY_INDEX", "exact")
    desk.told("My dog is called Rufus. I hate olives.")
    with sqlite3.connect(desk.home / "memory" / "memory.sqlite") as raw:
        raw.execute("UPDATE memories SET vector = x'00000000' WHERE text LIKE '%dog%'")
    raw.close()
    assert "1 memories were embedded" in desk.run("rebuild", "--embed")
    assert desk.json("check") == []
    assert desk.json("search", "dog")[0]["text"] == "My dog is called Rufus."


def test_rebuild_fills_the_index_from_the_database(desk: Desk) -> None:
    desk.told("Remember that my dog is called Rufus.")
    assert "The index holds 1 long-term memories." in desk.run("rebuild")
    assert (desk.home / "memory" / "chroma").exists()


def test_a_torn_database_is_a_finding_and_not_a_traceback(desk: Desk) -> None:
    desk.told("My dog is called Rufus.")
    file = desk.home / "memory" / "memory.sqlite"
    file.write_bytes(file.read_bytes()[:6_000])
    [found] = desk.json("check", code=1)
    assert found["place"] == "database"
    assert "memory.sqlite" in desk.refused("list")


@pytest.fixture
def key_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = desk.home / "own.key"
    monkeypatch.setenv("WORKBENCH_MEMORY_KEY_FILE", str(path))
    return path


def test_a_key_is_made_the_memory_encrypted_the_key_exchanged_and_the_memory_decrypted(
    desk: Desk, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.told("My dog is called Rufus.")
    assert "there is no key" in desk.refused("encrypt")
    assert "not encrypted" in desk.refused("rotate-key", "--to", str(tmp_path / "unused.key"))
    assert not (tmp_path / "unused.key").exists()
    assert str(key_file) in desk.run("new-key")
    assert "holds a key already" in desk.refused("new-key")
    first = key_file.read_text()
    desk.run("encrypt", "--vectors")
    assert b"Rufus" not in (desk.home / "memory" / "memory.sqlite").read_bytes()
    assert desk.json("list")[0]["text"] == "My dog is called Rufus."
    assert str(key_file) in desk.run("rotate-key")
    assert key_file.read_text() != first
    assert desk.json("search", "dog")[0]["text"] == "My dog is called Rufus."
    desk.run("rotate-key", "--to", str(tmp_path / "next.key"))
    assert "key" in desk.refused("list")
    monkeypatch.setenv("WORKBENCH_MEMORY_KEY_FILE", str(tmp_path / "next.key"))
    desk.run("decrypt")
    monkeypatch.delenv("WORKBENCH_MEMORY_KEY_FILE")
    assert desk.json("list")[0]["text"] == "My dog is called Rufus."


def test_a_key_in_the_environment_cannot_change_in_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_MEMORY_KEY", KEY)
    monkeypatch.setenv("WORKBENCH_MEMORY_KEY_FILE", str(desk.home / "none.key"))
    desk.told("My dog is called Rufus.")
    desk.run("encrypt")
    assert "rotate-key --to FILE" in desk.refused("rotate-key")
    monkeypatch.setenv("WORKBENCH_MEMORY_ENCRYPT_MEMORY", "true")
    assert "memory.encrypt_memory is on" in desk.refused("decrypt")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "nothing"], "No memory has the id 'nothing'"),
        (["show", ""], "No memory has the id ''"),
        (["pin", "nothing"], "No memory has the id"),
        (["unpin", "nothing"], "No memory has the id"),
        (["edit", "nothing", "text"], "No memory has the id"),
        (["restore", "nothing"], "No memory has the id"),
        (["list", "--session", "nowhere"], "None fits the session"),
        (["list", "--kind", "poem"], "poem"),
        (["list", "--limit", "0"], "limit"),
        (["search", "dog", "-k", "0"], "-k"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(desk: Desk, arguments: list[str], sentence: str) -> None:
    assert sentence in desk.refused(*arguments)


def test_an_id_that_several_memories_begin_with_is_refused(desk: Desk) -> None:
    desk.told(" ".join(f"I own {number} cats." for number in range(17)))  # sixteen digits: two begin alike
    ids = [one["id"] for one in desk.json("list")]
    shared = next(name[0] for name in ids if sum(other[0] == name[0] for other in ids) > 1)
    assert "Several memories have ids that begin with" in desk.refused("show", shared)


def test_a_text_that_another_memory_has_is_refused(desk: Desk) -> None:
    dog, _ = desk.told("My dog is called Rufus. I hate olives.").memory_ids
    desk.refused("edit", dog, "I hate olives.")
    assert "needs a text" in desk.refused("edit", dog, "  ")
