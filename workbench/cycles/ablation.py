"""What memory brought and what the adapter brought: the same unseen questions, with and without each.

    unseen examples ─┬─ as they are ──────────────► before, after        what the weights do alone
                     └─ with what memory recalls ─► before, after        what both do together

`before` is what answered until now, `after` the adapter that the cycle made. Memory holds the correction of an unseen
example as soon as it was given; what it says of that very question is left out, for a person asks new ones. Nothing
that is measured here decides anything.

>>> brought = Brought(n=40, before=0, with_memory=6, adapter=31, both=33)
>>> brought.sentence
'Of 40 unseen questions: 0 right before, 6 with memory alone, 31 with the adapter alone, 33 with both.'
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench import prompts
from workbench.core.examples import Example
from workbench.core.stopping import Tell, in_thread, nobody_listens
from workbench.evaluation.intervals import wilson_interval
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
    asked = [(some, ref) for ref in (before, after) for some in (plain, told)]
    right = []
    for number, (some, ref) in enumerate(asked):
        tell("comparing memory and adapter", number, len(asked))
        keep = list(some) == list(plain)  # a reply to the others may say what memory holds, and outlive it there
        score = await in_thread(lambda _, some=some, ref=ref, keep=keep: learning.score(some, ref, keep=keep))  # type: ignore[misc]
        right.append(score.correct)
    return Brought(len(plain), *right)


async def reminded(one: Example, recall: Recall) -> Example:
    """The example, with what memory knows before it is asked; what it knows of that very question is left out."""
    *earlier, question = one.messages
    said = [memory.text for memory in await recall(one.prompt) if not _same(memory.text, one.prompt)]
    if not said:
        return one
    language = language_of(one.prompt)
    facts, corrected = prompts.demonstrated(said)
    known = prompts.known(facts, language) if facts else ""
    opening, last = prompts.direct(question.content, language, known=known)
    return replace(one, messages=(opening, *corrected, *earlier, last))


def _same(memory: str, question: str) -> bool:
    """Whether a memory is about that very question, or was stated in it."""
    told, asked = (" ".join(text.split()) for text in (memory, question))
    return asked in told or told in asked
