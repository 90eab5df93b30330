"""Secrets and personal identifiers are replaced before a text is kept as an example.

    "Write to ann@example.com or bob@example.com; ann@example.com is faster"
      ──►  "Write to [EMAIL_1] or [EMAIL_2]; [EMAIL_1] is faster"

One `Redactor` serves one example: the same value gets the same number in its prompt and in its answer, so that what an
answer takes from a prompt is still taken. `suspects` is the second look at the result: a long random-looking string
that no pattern knows. It finds forms, not meaning: names of people, and what a sentence tells without an identifier,
stay. It writes no file.

>>> redactor = Redactor()
>>> redactor.redact("Mail ann@example.com"), redactor.redact("ann@example.com it is")
('Mail [EMAIL_1]', '[EMAIL_1] it is')
>>> dict(redactor.counts)
{'EMAIL': 1}
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example
from workbench.core.records import Message
from workbench.corpus.redaction.contacts import contacts
from workbench.corpus.redaction.finding import Finding, Folded, Kind, apart
from workbench.corpus.redaction.numbers import numbers
from workbench.corpus.redaction.secrets import secrets

LONGEST_CHARS = 100_000  # of one text; a longer one is no question and no answer
PLACEHOLDER = re.compile(r"\[(?:EMAIL|PHONE|IBAN|CARD|IP|URL|KEY|PASSWORD|SSN|MY_NUMBER|ID|ADDRESS)_\d+\]")
_LONG = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_CHANGES = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")
_RANDOM_SHARE = 1 / 3  # of characters of another sort than the one before: .62 in random ones, .47 in hexadecimal


def find(text: str) -> tuple[Finding, ...]:
    """What should not stay in a text, in its order, no two overlapping.

    Raises:
        ExamplesError: the text is too long, or a library that redaction needs is not installed.
    """
    if len(text) > LONGEST_CHARS:
        raise ExamplesError(f"A text of {len(text):,} characters is too long to redact; split it into shorter ones")
    folded = Folded.of(text)
    try:
        return apart((*secrets(folded), *numbers(folded), *contacts(folded)))
    except ModuleNotFoundError as error:
        raise ExamplesError(
            f"Redaction needs the package {error.name!r}; run: pip install 'self-learning-agent-workbench[learn]'"
        ) from error


def suspects(text: str) -> tuple[str, ...]:
    """Strings that look drawn at random, as keys of unknown issuers do."""
    return tuple(found for found in _LONG.findall(PLACEHOLDER.sub(" ", text)) if _looks_random(found))


def _looks_random(text: str) -> bool:
    """Small letters, capitals and digits take turns more often than in words that were joined."""
    return any(map(str.isdigit, text)) and len(_CHANGES.findall(text)) > _RANDOM_SHARE * len(text)


@dataclass(slots=True)
class Redactor:
    """Replaces what `find` finds by placeholders, numbered by value."""

    names: dict[tuple[Kind, str], str] = field(default_factory=dict)  # a value ──► its placeholder

    def redact(self, text: str) -> str:
        """The text with placeholders."""
        parts: list[str] = []
        last = 0
        for one in find(text):
            parts += [text[last : one.start], self._placeholder(one.kind, text[one.start : one.end])]
            last = one.end
        return "".join((*parts, text[last:]))

    @property
    def counts(self) -> Counter[str]:
        """How many different values of each kind were replaced."""
        return Counter(kind for kind, _ in self.names)

    def _placeholder(self, kind: Kind, value: str) -> str:
        same = (kind, _folded_value(value))
        if same not in self.names:
            self.names[same] = f"[{kind}_{self.counts[kind] + 1}]"
        return self.names[same]


def _folded_value(value: str) -> str:
    """A value without what may differ between two ways to write it: width, case, blanks, dashes, brackets."""
    return re.sub(r"[\s()\-]", "", Folded.of(value).text).casefold()


@dataclass(frozen=True, slots=True)
class Redacted:
    """An example that may be kept, and how many values of each kind were taken out of it."""

    example: Example
    counts: dict[str, int]


def redacted(one: Example) -> Redacted:
    """The example with every message and the answer redacted by one numbering."""
    redactor = Redactor()
    messages = tuple(Message(said.role, redactor.redact(said.content)) for said in one.messages)
    answer = redactor.redact(one.answer)
    return Redacted(replace(one, messages=messages, answer=answer), dict(redactor.counts))
