"""The commands as typed: the answer on standard output, the rest on standard error, exit code 2 for bad input."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.models.ollama_replies import Say
from tests.models.ollama_server import OllamaWire
from workbench.cli import main
from workbench.cli.app import run


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def give(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))

    return give


def test_ask_prints_the_answer_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "What is the capital of France?", "--strategy", "direct"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == "The capital of France is Paris."
    assert "smollm2-135m" in said.err
    assert "confidence" in said.err


def test_ask_json_holds_the_whole_turn(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "What is 17 + 25?", "--strategy", "chain", "--json"]) == 0
    turn = json.loads(capsys.readouterr().out)
    assert "42" in turn["answer"]
    assert turn["tool_uses"][0]["output"] == "42"
    assert turn["choice"]["reasons"]


def test_ask_reads_the_question_from_standard_input(
    stdin: Callable[[bytes], None],
    capsys: pytest.CaptureFixture[str],
    ollama_server: OllamaWire,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)
    ollama_server.say("Hai")
    stdin("日本の首都は？\n".encode())
    assert run(["ask", "-", "--model", "tiny", "--strategy", "direct"]) == 0
    assert ollama_server.chats[0]["messages"][-1]["content"] == "日本の首都は？"
    assert capsys.readouterr().out == "Hai\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ask", ""], "The question is empty"),
        (["ask", "x" * 9000], "at most 8,000"),
        (["ask", "Hi", "--model", "llama9"], "ollama serve"),
        (["feedback", "abcdef", "--up"], "turn"),
        (["feedback", "abcdef"], "exactly one of"),
        (["feedback", "abcdef", "--up", "--down"], "exactly one of"),
        (["feedback", "abcdef", "--correct", "  "], "correction is empty"),
        (["ask", "Hi", "--strategy", "guess"], "strategy"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_bytes_that_are_not_text_are_refused(
    stdin: Callable[[bytes], None], capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(b"caf\xe9?")
    assert run(["ask", "-"]) == 2
    assert "UTF-8" in capsys.readouterr().err


def test_a_wrong_setting_is_named_with_its_origin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKBENCH_HARDWARE_SAFE_GIB", "9")
    assert run(["config"]) == 2
    said = capsys.readouterr().err
    assert "WORKBENCH_HARDWARE_SAFE_GIB" in said
    assert "hardware.budget_gib" in said


def test_config_prints_value_unit_and_origin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_MODEL_CONTEXT_TOKENS", "2048")
    assert run(["config", "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["model.context_tokens"] == {
        "key": "model.context_tokens",
        "value": 2048,
        "unit": "tokens",
        "origin": "environment WORKBENCH_MODEL_CONTEXT_TOKENS",
    }
    assert rows["reasoning.seed"]["origin"].startswith("config/advanced_agent.yaml:")


def test_feedback_finds_the_turn_by_its_first_characters(capsys: pytest.CaptureFixture[str]) -> None:
    run(["ask", "What is 17 + 25?", "--strategy", "direct", "--json"])
    turn = json.loads(capsys.readouterr().out)
    assert run(["feedback", turn["id"][:8], "--correct", "42"]) == 0
    assert "42" in capsys.readouterr().out
    assert run(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["turns"] == 1


def test_chat_ends_with_an_empty_line_and_survives_a_bad_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = iter(["x" * 9000, "What is the capital of Italy?", ""])
    monkeypatch.setattr("builtins.input", lambda prompt: next(lines))
    assert run(["chat", "--strategy", "direct", "--session", "talk"]) == 0
    said = capsys.readouterr()
    assert "at most 8,000" in said.err
    assert "Rome" in said.out


def test_models_says_which_would_answer_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["models", "--complexity", "0.9"]) == 0
    said = capsys.readouterr().out
    assert "smollm2-135m answers" in said.replace("\n", " ")
    assert "ollama pull" in said


def test_doctor_finds_this_machine_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "checksum verified" in said
    assert "384 numbers" in said
    assert "the plain base answers" in said
    assert "and PEFT are installed" in said


def test_a_fault_of_ours_is_a_sentence_and_a_traceback_in_the_log(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("workbench.agent.Backends", broken)
    assert run(["models"]) == 1
    said = capsys.readouterr().err
    assert "workbench.log" in said
    assert "Traceback" not in said
    assert "ZeroDivisionError: a fault" in (home / "logs" / "workbench.log").read_text()


def test_a_session_name_in_brackets_is_shown_as_it_is(
    capsys: pytest.CaptureFixture[str], ollama_server: OllamaWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)
    ollama_server.say("Hello.")
    assert run(["ask", "Hi?", "--session", "[/red]", "--model", "tiny", "--strategy", "direct"]) == 0
    assert run(["sessions"]) == 0
    assert run(["sessions", "[/red]"]) == 0
    said = capsys.readouterr().out
    assert "[/red]" in said
    assert "Hi?" in said


def test_a_refused_question_begins_no_session(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "", "--session", "empty"]) == 2
    capsys.readouterr()
    assert run(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_on_a_terminal_tokens_appear_as_they_come_and_a_retry_starts_a_new_line(
    capsys: pytest.CaptureFixture[str], ollama_server: OllamaWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)
    for arguments, printed in ((["--stream"], "Pa\nParis\n"), ([], "Paris\n")):
        ollama_server.say("Pa", "ris", drop_after=1)
        ollama_server.say("Par", "is")
        assert run(["ask", "Capital?", "--model", "tiny", "--strategy", "direct", *arguments]) == 0
        assert capsys.readouterr().out == printed


def test_the_tour_never_touches_a_configured_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ollama_server: OllamaWire
) -> None:
    own = tmp_path / "own.sqlite"
    monkeypatch.setenv("WORKBENCH_MEMORY_DATABASE_URL", f"sqlite:///{own}")
    monkeypatch.setenv("WORKBENCH_OLLAMA_HOST", ollama_server.url)
    ollama_server.always(lambda request: Say(("Answer: 42",)))
    assert run(["tour", "--model", "tiny", "--skip-learning"]) == 0
    assert not own.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_ctrl_c_stops_an_answer_and_at_the_prompt_ends_the_chat(ollama_server: OllamaWire) -> None:
    import pexpect

    ollama_server.say(*["word "] * 400, delay_s=0.05)
    environment = {**os.environ, "WORKBENCH_OLLAMA_HOST": ollama_server.url, "TERM": "dumb"}
    command = ["-m", "workbench", "chat", "--model", "tiny", "--strategy", "direct"]
    chat = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", timeout=30)
    chat.expect("> ")
    chat.sendline("Tell me a story.")
    chat.expect("word word")
    chat.sendintr()
    chat.expect("nothing of this answer was kept")
    chat.expect("> ")
    chat.sendintr()
    chat.expect(pexpect.EOF)
    chat.close()
    assert chat.exitstatus == 130


def test_ctrl_c_while_the_command_is_still_loading_ends_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("workbench.cli.app.run", pressed)
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    assert capsys.readouterr().err == "\nStopped before anything was begun.\n"


def test_ctrl_c_in_code_that_is_run_from_a_string_still_ends_with_exit_code_130(tmp_path: Path) -> None:
    (tmp_path / "pressed.py").write_text(
        "from workbench.cli import app, main\n"
        "def pressed(_):\n"
        "    exec('raise KeyboardInterrupt')\n"
        "app.run = pressed\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-m", "pressed"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "\nStopped before anything was begun.\n")
