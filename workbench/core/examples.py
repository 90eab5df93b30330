"""An example: a prompt, the answer that is right, the skill it belongs to, and how an answer is checked.

    messages ──► [model] ──► answer?        check(example.check, answer, example.answer)

Training, scoring, the gate and evolution hand examples to each other, so the record lives here. An example's id is a
hash of what it says, so the same example found twice is one. It does not know where examples are kept.

>>> one = example("What is 2 + 2?", "4", skill="add", check="number")
>>> one.prompt, one.answer, one.id == example("What is 2 + 2?", "4", skill="sums").id
('What is 2 + 2?', '4', True)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench.core.checkers import check
from workbench.core.records import Message

Source = Literal["file", "skill", "interaction", "document", "synthetic"]
Split = Literal["train", "tune", "gate"]

UNNAMED = "general"  # the skill of examples whose maker named none


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an example came from: a source, and what finds it again there (file and line, turn, passage, seed, …)."""

    source: Source
    place: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn or to be asked; the last of `messages` is the user's."""

    messages: tuple[Message, ...]
    answer: str
    skill: str = UNNAMED
    check: str = "exact"  # a checker of core.checkers
    weight: float = 1.0  # of its loss in training
    origin: Origin = field(default=Origin("file"), compare=False)

    @property
    def prompt(self) -> str:
        """What the user says last."""
        return self.messages[-1].content

    @property
    def id(self) -> str:
        """32 digits of SHA-256 over messages, answer and checker; skill, weight and origin do not count."""
        said = [[message.role, message.content] for message in self.messages]
        text = json.dumps([said, self.answer, self.check], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def is_answered_by(self, text: str) -> bool:
        """Whether a reply is right, by this example's checker."""
        return check(self.check, text, self.answer)


def example(prompt: str, answer: str, **rest: Any) -> Example:
    """An example of one bare question."""
    return Example((Message("user", prompt),), answer, **rest)


def data_hash(examples: Sequence[Example]) -> str:
    """One hash of a set of examples, whatever their order; what a provenance card names its data by."""
    return hashlib.sha256("".join(sorted(one.id for one in examples)).encode()).hexdigest()[:32]
