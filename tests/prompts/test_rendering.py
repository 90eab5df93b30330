"""Templates: complete in every language, checked when read, exact when rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.errors import TemplateError
from workbench.prompts.rendering import FOLDER, LANGUAGES, load_prompt, render

NAMES = sorted(path.stem for path in (FOLDER / "en").glob("*.yaml"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_template_exists_in_every_language_with_the_same_variables(name: str, language: str) -> None:
    prompt = load_prompt(name, language)  # type: ignore[arg-type]
    assert prompt.variables == load_prompt(name, "en").variables
    assert prompt.version >= 1


def test_no_language_has_a_template_that_english_lacks() -> None:
    for language in LANGUAGES:
        assert sorted(path.stem for path in (FOLDER / language).glob("*.yaml")) == NAMES


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(TemplateError, match="needs the variable 'question'"):
        render("direct", "en", known="")


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(TemplateError, match="does not use the variable 'mood'"):
        render("direct", "en", known="", question="Hi", mood="glad")


def test_a_question_with_dollar_signs_and_braces_is_not_expanded() -> None:
    assert render("direct", "en", known="", question="Is ${known} $5 {x}?")[-1].content == "Is ${known} $5 {x}?"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: [", "not valid YAML"),
        ("name: x", "needs name, version, variables"),
        ("name: x\nversion: 1\nvariables: []\nmessages:\n- {role: user, content: 'costs $ 5'}", "stray"),
        ("name: x\nversion: 1\nvariables: []\nmessages:\n- {role: user, content: '${a}'}", "needs the variable 'a'"),
    ],
)
def test_a_broken_template_says_what_is_wrong(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=complaint.replace("$", r"\$")):
        load_prompt("x", "en", tmp_path)


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"no prompt template en/nowhere\.yaml"):
        load_prompt("nowhere", "en", tmp_path)
