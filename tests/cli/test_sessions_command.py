"""`workbench sessions …` as typed, on a store with real turns; the model is a server that says what it is told to."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.adapters.merging.small import small_adapter
from tests.models.ollama_server import OllamaWire
from workbench.adapters.shelf import Provenance, Shelf
from workbench.cli.app import run
from workbench.core.schema import LearnSettings
from workbench.experience import Experience
from workbench.memory.vault.keys import new_key

Capture = pytest.CaptureFixture[str]
DOG = "My dog is called Rufus."


@pytest.fixture
def ask(
    ollama_server: OllamaWire, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> Callable[[str, str], dict[str, str]]:
    """Ask one question in a session and return the turn."""
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)

    def asked(question: str, session: str) -> dict[str, str]:
        ollama_server.say("Noted.")
        arguments = ["ask", question, "--session", session, "--model", "tiny", "--strategy", "direct", "--json"]
        assert run(arguments) == 0
        turn: dict[str, str] = json.loads(capsys.readouterr().out)
        return turn

    return asked


def listed(capsys: Capture) -> dict[str, int]:
    capsys.readouterr()
    assert run(["sessions", "--json"]) == 0
    return {one["name"]: one["turns"] for one in json.loads(capsys.readouterr().out)}


def test_without_a_word_all_sessions_are_listed(ask: Callable[..., object], capsys: Capture) -> None:
    assert run(["sessions"]) == 0
    assert "No sessions yet" in capsys.readouterr().out
    ask(DOG, "pets")
    assert run(["sessions"]) == 0
    assert "pets" in capsys.readouterr().out


def test_a_name_lists_the_turns_with_and_without_the_word_show(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "pets")
    printed = []
    for arguments in (["pets"], ["show", "pets"], ["pe"]):
        assert run(["sessions", *arguments]) == 0
        printed.append(capsys.readouterr().out)
    assert DOG in printed[0]
    assert printed[0] == printed[1] == printed[2]


def test_json_may_stand_before_or_after_the_name(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "pets")
    for arguments in (["pets", "--json"], ["--json", "pets"]):
        assert run(["sessions", *arguments]) == 0
        assert json.loads(capsys.readouterr().out)[0]["question"] == DOG


def test_a_session_called_like_a_command_is_shown_by_show(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "export")
    assert run(["sessions", "show", "export"]) == 0
    assert DOG in capsys.readouterr().out


def test_a_renamed_session_keeps_its_turns(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "pets")
    assert run(["sessions", "rename", "pets", "[/red] dogs"]) == 0
    assert "[/red] dogs" in capsys.readouterr().out
    assert listed(capsys) == {"[/red] dogs": 1}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none such"], "workbench sessions"),
        (["rename", "pets", " "], "empty"),
        (["rename", "pets", "work"], "exists already"),
        (["rename", "pets"], "NEW"),
        (["export", "none such"], "None fits"),
        (["export", "--format", "xml"], "xml"),
        (["import", "no-such-file.json"], "There is no file"),
        (["forget", "pets"], "add --yes"),
        (["forget", "none such", "--yes"], "None fits"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(
    arguments: list[str], sentence: str, ask: Callable[..., object], capsys: Capture
) -> None:
    ask(DOG, "pets")
    ask("I live in Oslo.", "work")
    assert run(["sessions", *arguments]) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.out == ""
    assert listed(capsys) == {"pets": 1, "work": 1}


def test_an_export_is_imported_into_another_home(
    ask: Callable[..., dict[str, str]], capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = ask(DOG, "pets")
    run(["feedback", turn["id"], "--up"])
    file = tmp_path / "all.json"
    assert run(["sessions", "export", "--out", str(file)]) == 0
    assert "Exported 1 session, 1 turn, 1 memory" in " ".join(capsys.readouterr().out.split())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "elsewhere"))
    assert run(["sessions", "import", str(file)]) == 0
    assert "Imported 1 session, 1 turn, 1 memory, 1 feedback" in " ".join(capsys.readouterr().out.split())
    assert run(["sessions", "pets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["id"] == turn["id"]
    assert run(["sessions", "import", str(file)]) == 0
    assert "3 records in the file were here already" in " ".join(capsys.readouterr().out.split())


def test_an_export_without_a_file_is_the_only_thing_printed(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "pets")
    ask("I live in Oslo.", "work")
    assert run(["sessions", "export", "pets"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["counts"] == {"sessions": 1, "turns": 1, "feedback": 0, "memories": 1}
    assert run(["sessions", "export", "--format", "markdown"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("# Conversations\n")
    assert "`pets`" in printed
    assert "`work`" in printed


def test_exporting_an_encrypted_memory_says_that_the_file_is_not(
    ask: Callable[..., object], capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_MEMORY_ENCRYPT_MEMORY", "true")
    monkeypatch.setenv("WORKBENCH_MEMORY_KEY", new_key())
    ask(DOG, "pets")
    assert run(["sessions", "export", "--out", str(tmp_path / "all.json")]) == 0
    assert "not encrypted" in capsys.readouterr().err
    assert DOG in (tmp_path / "all.json").read_text()


def test_a_file_that_is_no_export_is_refused_by_line(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text('{"notes": []}\n')
    assert run(["sessions", "import", str(file)]) == 2
    said = capsys.readouterr()
    assert "notes.json, line 1" in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_forgetting_with_yes_removes_the_session_and_what_was_stated_in_it(
    ask: Callable[..., object], capsys: Capture, home: Path
) -> None:
    ask(DOG, "pets")
    ask("I live in Oslo.", "work")
    assert run(["sessions", "forget", "pets", "--yes"]) == 0
    assert "Forgotten: 1 turn, 0 feedback, 1 memory" in " ".join(capsys.readouterr().out.split())
    assert listed(capsys) == {"work": 1}
    held = [path for path in home.rglob("*") if path.is_file() and b"Rufus" in path.read_bytes()]
    assert held == []


def test_forgetting_may_keep_what_was_stated(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "pets")
    assert run(["sessions", "forget", "pets", "--yes", "--keep-memories"]) == 0
    capsys.readouterr()
    assert run(["sessions", "export"]) == 0
    [memory] = json.loads(capsys.readouterr().out)["records"]
    assert (memory["text"], memory["session_id"]) == (DOG, None)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_on_a_terminal_forgetting_asks_first_and_no_keeps_all(ask: Callable[..., object], capsys: Capture) -> None:
    import pexpect

    ask(DOG, "pets")
    for answer, status in (("n", 1), ("y", 0)):
        command = ["-m", "workbench", "sessions", "forget", "pets"]
        asked = pexpect.spawn(sys.executable, command, env={**os.environ, "TERM": "dumb"}, encoding="utf-8", timeout=30)
        asked.expect(r"Forget session 'pets' \(1 turn\) for good\?")
        asked.sendline(answer)
        asked.expect(pexpect.EOF)
        asked.close()
        assert asked.exitstatus == status
        assert listed(capsys) == ({"pets": 1} if status else {})


def test_the_help_names_every_sub_command(capsys: Capture) -> None:
    assert run(["sessions", "--help"]) == 0
    said = capsys.readouterr().out
    for word in ("show", "rename", "export", "import", "forget", "SESSION"):
        assert word in said


def test_a_session_is_kept_from_learning_and_let_back(ask: Callable[..., object], capsys: Capture) -> None:
    ask(DOG, "pets")
    shown = []
    for word in ("--off", "--on"):
        assert run(["sessions", "learning", "pets", word]) == 0
        assert "learned from" in capsys.readouterr().out
        assert run(["sessions", "--json"]) == 0
        shown.append(json.loads(capsys.readouterr().out)[0]["learns"])
        assert run(["sessions"]) == 0
        assert f" {word[2:]} " in capsys.readouterr().out
    assert shown == [False, True]
    assert run(["sessions", "learning", "none such", "--off"]) == 2
    assert "None fits the session" in capsys.readouterr().err


def test_forgetting_a_turn_names_the_adapter_that_learned_from_it_and_what_can_be_done(
    ask: Callable[[str, str], dict[str, str]], capsys: Capture, home: Path
) -> None:
    turn, other = ask(DOG, "pets"), ask("Is it late?", "pets")
    shelf = Shelf(home / "adapters", 2**24)
    one = shelf.put(small_adapter(1), Provenance("train", "tiny"), name="dogs")
    Experience(shelf, LearnSettings(), sealed=False).note(one, ["a" * 32], {"a" * 32: turn["id"]})
    shelf.deploy("dogs", why="a test", forced=True)
    assert run(["sessions", "forget-turn", turn["id"][:8]]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert run(["sessions", "forget-turn", turn["id"][:8], "--yes"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Forgotten: 1 turn, 0 feedback, 1 memory" in said
    assert "dogs learned from it" in said
    assert "dogs answers now; take it out of service: workbench rollback" in said
    assert "workbench learn --again" in said
    assert listed(capsys) == {"pets": 1}
    assert run(["sessions", "forget-turn", other["id"], "--yes"]) == 0
    assert "learned" not in capsys.readouterr().out
