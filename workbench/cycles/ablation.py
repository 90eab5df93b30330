"""What memory brought and what the adapter brought: the same unseen questions, with and without each.

    unseen examples ─┬─ as they are ──────────────► before, after        what the weights do alone
                     └─ with what memory recalls ─► before, after        what both do together

`before` is what answered until now, `after` the adapter that the cycle made. Memory holds the correction of an unseen
example as soon as it was given; what it says of that very question is left out, for a person asks new ones. An adapter
beside memory answers as in a turn: by heart where it has learned from what is recalled. Nothing that is measured here
decides anything.

>>> brought = Brought(n=40, before=0, with_memory=6, adapter=31, both=33)
>>> brought.sentence
'Of 40 unseen questions: 0 right before, 6 with memory alone, 31 with the adapter alone, 33 with both.'
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

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
    ways = [(ref, memory) for ref in (before, after) for memory in (False, True)]
    right = []
    for number, (ref, memory) in enumerate(ways):
        tell("comparing memory and adapter", number, len(ways))
        if memory:
            learned = None if ref == PLAIN else learning.turns_learned_by(ref)
            told = [await reminded(one, recall, learned) for one in plain]
            work = partial(right_with_memory, learning, ref, told)
        else:
            work = partial(_right, learning, ref, plain)
        right.append(await in_thread(lambda _, work=work: work()))  # type: ignore[misc]
    return Brought(len(plain), *right)


def right_with_memory(learning: Learning, ref: str, told: Sequence[Example]) -> int:
    """How many are right after what memory recalls; no verdict is cached, where it would outlive what memory holds."""
    return learning.score(told, ref, keep=False).correct


def _right(learning: Learning, ref: str, plain: Sequence[Example]) -> int:
    return learning.score(plain, ref).correct


async def reminded(one: Example, recall: Recall, learned: Collection[str] | None) -> Example:
    """The example as `direct` asks it, after what memory recalls; what it knows of that very question is left out.

    Args:
        learned: turns that the adapter which answers has learned from; None where the plain base answers.
    """
    *earlier, question = one.messages
    found = [memory for memory in await recall(one.prompt) if not _same(memory.text, one.prompt)]
    if not found:
        return one
    language = language_of(one.prompt)
    said = [replace(memory, learned=memory.turn_id in (learned or ())) for memory in found]
    facts, corrected = prompts.demonstrated(said, question.content, to_adapter=learned is not None)
    known = prompts.known(facts, language) if facts else ""
    opening, last = prompts.direct(question.content, language, known=known)
    return replace(one, messages=(opening, *corrected, *earlier, last))


def _same(memory: str, question: str) -> bool:
    """Whether a memory is about that very question, or was stated in it."""
    told, asked = (" ".join(text.split()) for text in (memory, question))
    return asked in told or told in asked
