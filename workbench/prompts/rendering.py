"""Prompt templates are YAML files with versions, one folder a language; rendering one gives chat messages.

    en/plan.yaml:   name, version, variables, messages: [{role, content with ${variable}}]

The model's own chat format is applied by its engine, from the template that its weights carry. This file does not know
which model reads the messages.

>>> render("direct", "en", known="", question="Hi")[-1].content
'Hi'
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from workbench.core.errors import TemplateError
from workbench.core.records import Language, Message

FOLDER = Path(__file__).parent
LANGUAGES: tuple[Language, ...] = ("en", "ja")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A versioned template: the variables it needs and the messages it becomes."""

    name: str
    language: Language
    version: int
    variables: frozenset[str]
    messages: tuple[Message, ...]

    def render(self, **values: str) -> tuple[Message, ...]:
        """The chat messages with every variable filled in; a value is never itself expanded.

        Raises:
            TemplateError: a variable is missing or unknown.
        """
        _same_names(f"{self.language}/{self.name}.yaml", needed=self.variables, given=frozenset(values))
        return tuple(Message(m.role, Template(m.content).substitute(values).strip()) for m in self.messages)


def render(name: str, language: Language, **values: str) -> tuple[Message, ...]:
    """Load the template (once) and fill it in."""
    return load_prompt(name, language).render(**values)


@cache
def load_prompt(name: str, language: Language, folder: Path = FOLDER) -> Prompt:
    """Read and check one template file.

    Raises:
        TemplateError: the file is missing, is not in the right form, or uses a variable it does not declare.
    """
    import yaml

    path = folder / language / f"{name}.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateError(f"There is no prompt template {language}/{name}.yaml in {folder}; restore it") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"Prompt template {path} is not valid YAML: {error}") from error
    return _checked(path, language, data)


def _checked(path: Path, language: Language, data: Any) -> Prompt:
    try:
        messages = tuple(Message(entry["role"], entry["content"]) for entry in data["messages"])
        prompt = Prompt(data["name"], language, int(data["version"]), frozenset(data["variables"]), messages)
        used = frozenset(name for m in messages for name in Template(m.content).get_identifiers())
        valid = all(Template(m.content).is_valid() for m in messages)
    except (KeyError, TypeError, ValueError) as error:
        raise TemplateError(
            f"Prompt template {path} needs name, version, variables and messages with role and content ({error!r})"
        ) from error
    if not valid:
        raise TemplateError(f"Prompt template {path} has a stray '$'; write '$$' for a dollar sign")
    _same_names(f"{language}/{path.name}", needed=used, given=prompt.variables)
    return prompt


def _same_names(where: str, *, needed: frozenset[str], given: frozenset[str]) -> None:
    if missing := sorted(needed - given):
        raise TemplateError(f"Prompt template {where} needs the variable '{missing[0]}', which was not given")
    if extra := sorted(given - needed):
        raise TemplateError(f"Prompt template {where} does not use the variable '{extra[0]}'; remove it")
