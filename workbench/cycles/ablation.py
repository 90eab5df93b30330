"""What memory brought and what the adapter brought: the same unseen questions, with and without each.

    unseen examples ─┬─ as they are ──────────────► before, after        what the weights do alone
                     └─ with what memory recalls ─► before, after        what both do together

`before` is what answered until now, `after` the adapter that the cycle made. Memory holds the correction of an unseen
example as soon as it was given; what it says of that very question is left out, for a person asks new ones. An adapter
beside memory answers as in a turn: both ways, and the surer answer counts. Nothing that is measured here decides
anything.

>>> brought = Brought(n=40, before=0, with_memory=6, adapter=31, both=33)
>>> brought.sentence
'Of 40 unseen questions: 0 right before, 6 with memory alone, 31 with the adapter alone, 33 with both.'
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from workbench import prompts
from workbench.core.examples import Example
from workbench.core.stopping import Tell, in_thread, nobody_listens
from workbench.evaluation.intervals import wilson_interval
from workbench.learning import PLAIN
from workbench.prompts.direct import language_of

if TYPE_CHECKING:
    from workbench.core.records import Recalled
    from workbench.learning import Learning

MOST = 60  # questions; each is read four times
Recall = Callable[[str], Awaitable[Sequence["Recalled"]]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of answering: how many of the questions were right."""

    name: str
    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.total

    @property
    def low(self) -> float:
        """Of the 95 % Wilson interval of the accuracy."""
        return wilson_interval(self.correct, self.total).low

    @property
    def high(self) -> float:
        return wilson_interval(self.correct, self.total).high


@dataclass(frozen=True, slots=True)
class Brought:
    """Right answers of n unseen questions."""

    n: int
    before: int
    with_memory: int
    adapter: int
    both: int

    @property
    def ways(self) -> tuple[Way, ...]:
        """With neither, with one, with both."""
        rights = {
            "neither": self.before,
            "memory alone": self.with_memory,
            "adapter alone": self.adapter,
            "both": self.both,
        }
        return tuple(Way(name, right, self.n) for name, right in rights.items())

    @property
    def sentence(self) -> str:
        return (
            f"Of {self.n} unseen questions: {self.before} right before, {self.with_memory} with memory alone, "
            f"{self.adapter} with the adapter alone, {self.both} with both."
        )


async def brought_by(
    learning: Learning,
    examples: Sequence[Example],
    recall: Recall,
    *,
    before: str,
    after: str,
    tell: Tell = nobody_listens,
) -> Brought | None:
    """Measure the four; None where there is no example.

    Args:
        recall: what memory says to a question.
        before, after: adapters by identity, `base` for the plain base.
    """
    plain = examples[:MOST]
    if not plain:
        return None
    told = [await reminded(one, recall) for one in plain]
    ways = [(ref, memory) for ref in (before, after) for memory in (False, True)]
    right = []
    for number, (ref, memory) in enumerate(ways):
        tell("comparing memory and adapter", number, len(ways))
        work = partial(right_with_memory, learning, ref, told) if memory else partial(_right, learning, ref, plain)
        right.append(await in_thread(lambda _, work=work: work()))  # type: ignore[misc]
    return Brought(len(plain), *right)


@dataclass(frozen=True, slots=True)
class Reminded:
    """A question after what memory recalls, as `direct` asks it.

    Args:
        facts: with the facts that are recalled.
        corrected: the same, with corrections of other questions as exchanges; None where none are recalled.
    """

    facts: Example
    corrected: Example | None

    @property
    def whole(self) -> Example:
        """With all that is recalled."""
        return self.corrected or self.facts


def right_with_memory(learning: Learning, ref: str, told: Sequence[Reminded]) -> int:
    """How many are right with memory: of an adapter beside corrections the surer of two answers counts, as in `direct`.

    No reply is cached, where it would outlive what memory holds.

    Args:
        told: the questions, after what memory recalls.
    """
    if ref == PLAIN:
        return learning.score([one.whole for one in told], ref, keep=False).correct
    both = [one for one in told if one.corrected is not None]
    said = iter(_said(learning, ref, [one.facts for one in told]))
    as_corrected = iter(_said(learning, ref, [one.whole for one in both]))
    right = 0
    for one in told:
        kept = next(said)
        if one.corrected is not None and (other := next(as_corrected)).sure >= kept.sure:
            kept = other
        right += kept.right
    return right


class _Answer(NamedTuple):
    right: bool
    sure: float  # mean log-probability of its tokens


def _right(learning: Learning, ref: str, plain: Sequence[Example]) -> int:
    return learning.score(plain, ref).correct


def _said(learning: Learning, ref: str, examples: Sequence[Example]) -> list[_Answer]:
    """What an adapter says itself, and how sure it is of that."""
    if not examples:
        return []
    longest = max(map(learning.scorer.longest, examples))
    said = learning.scorer.replies(learning.shelf.get(ref), examples, longest=longest)
    own = [replace(one.own, check="exact") for one in said]
    spoken = [one for one in own if one.answer.strip()]
    scored = iter(learning.score(spoken, ref, keep=False).outcomes if spoken else ())
    sure = [(next(scored).logprob if one.answer.strip() else None) for one in own]
    return [_Answer(one.right, -math.inf if each is None else each) for one, each in zip(said, sure, strict=True)]


async def reminded(one: Example, recall: Recall) -> Reminded:
    """The example, with what memory knows before it is asked; what it knows of that very question is left out."""
    *earlier, question = one.messages
    said = [memory.text for memory in await recall(one.prompt) if not _same(memory.text, one.prompt)]
    if not said:
        return Reminded(one, None)
    language = language_of(one.prompt)
    facts, corrected = prompts.demonstrated(said)
    known = prompts.known(facts, language) if facts else ""
    opening, last = prompts.direct(question.content, language, known=known)
    with_facts = replace(one, messages=(opening, *earlier, last))
    shown = replace(one, messages=(opening, *corrected, *earlier, last)) if corrected else None
    return Reminded(with_facts, shown)


def _same(memory: str, question: str) -> bool:
    """Whether a memory is about that very question, or was stated in it."""
    told, asked = (" ".join(text.split()) for text in (memory, question))
    return asked in told or told in asked
