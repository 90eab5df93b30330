"""What memory and what the adapter brought are measured on the same unseen questions, four times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from workbench.core.examples import Example, example
from workbench.core.records import Recalled
from workbench.cycles.ablation import MOST, Brought, brought_by, reminded, right_with_memory
from workbench.evaluation.scoring import Said
from workbench.evaluation.scoring.score import Cost, Score, Scored

QUESTIONS = [example(f"Code of room {n}?", f"R-{n}", skill="use") for n in range(6)]


@dataclass
class Judged:
    """Answers as an adapter would that surely knows the even rooms, and less surely reads any code in its prompt.

    Args:
        sure: mean log-probability of what it reads.
    """

    sure: float = -0.5

    def score(self, examples: Sequence[Example], ref: str | None = None, *, keep: bool = True) -> Score:
        assert not (keep and any("R-" in _told(one) for one in examples)), "what memory says is not kept"
        outcomes = [self._scored(one, str(ref)) for one in examples]
        return Score(str(ref), tuple(outcomes), Cost(0.0, None, None, None))

    @property
    def shelf(self) -> Mapping[str, str]:
        return {"learned": "learned", "other": "other"}

    @property
    def scorer(self) -> Judged:
        return self

    def longest(self, one: Example) -> int:
        return len(one.answer)

    def replies(self, adapter: str, examples: Sequence[Example], *, longest: int) -> tuple[Said, ...]:
        assert longest >= max(len(one.answer) for one in examples)
        said = [self._says(one, adapter) for one in examples]
        return tuple(Said(one, text, text == one.answer, 9, 3) for one, text in zip(examples, said, strict=True))

    def _says(self, one: Example, ref: str) -> str:
        """What is read goes before what is known."""
        if codes := re.findall(r"R-\d+", _told(one)):
            return str(codes[-1])
        return self._known(one, ref) or "I do not know"

    def _known(self, one: Example, ref: str) -> str | None:
        [number] = re.findall(r"\d+", one.messages[-1].content)
        return f"R-{number}" if ref == "learned" and int(number) % 2 == 0 else None

    def _scored(self, one: Example, ref: str) -> Scored:
        read = "R-" in _told(one)
        own = self._says(one, ref) == one.answer
        sure = self.sure if read else -0.1 if self._known(one, ref) else -3.0
        return Scored(one.id, one.skill, own, "forced", logprob=sure)


def _told(one: Example) -> str:
    """All that stands before the question."""
    return "\n".join(message.content for message in one.messages[:-1])


def recalled(*texts: str) -> tuple[Recalled, ...]:
    return tuple(Recalled(str(place), text, 1.0, "", 0.0) for place, text in enumerate(texts))


async def test_each_of_the_four_ways_is_counted() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        other = 'The right answer to "Which code is behind the first door?" is: R-1'
        return recalled(other, f'The right answer to "{question}" is: R-0')

    found = await brought_by(Judged(), QUESTIONS, recall, before="base", after="learned")  # type: ignore[arg-type]
    assert found == Brought(n=6, before=0, with_memory=1, adapter=3, both=4)
    assert [(one.name, one.correct) for one in found.ways] == [
        ("neither", 0),
        ("memory alone", 1),
        ("adapter alone", 3),
        ("both", 4),
    ]


@pytest.mark.parametrize(("sure", "right"), [(-0.5, 4), (-0.05, 1)])
async def test_with_both_the_surer_of_two_answers_counts(sure: float, right: int) -> None:
    """Room 1 is read, the even rooms are known: all four, unless what is read is surer than what is known."""
    told = [await reminded(one, _only_room_1) for one in QUESTIONS]
    assert right_with_memory(Judged(sure), "learned", told) == right  # type: ignore[arg-type]
    assert right_with_memory(Judged(sure), "base", told) == 1  # type: ignore[arg-type]


async def test_facts_stand_before_a_question_that_is_answered_by_heart_too() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        return recalled("Rooms have codes, and one of them is R-1")

    told = [await reminded(one, recall) for one in QUESTIONS]
    assert all(one.corrected is None for one in told)
    assert right_with_memory(Judged(), "learned", told) == 1  # type: ignore[arg-type]


async def _only_room_1(question: str) -> tuple[Recalled, ...]:
    return recalled('The right answer to "Which code is behind the first door?" is: R-1')


async def test_what_memory_holds_of_that_very_question_is_left_out() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        right = next(one.answer for one in QUESTIONS if one.prompt == question)
        return recalled(f'The right answer to "{question}" is: {right}')

    found = await brought_by(Judged(), QUESTIONS, recall, before="base", after="base")  # type: ignore[arg-type]
    assert found is not None
    assert found.with_memory == 0


async def test_corrections_of_other_questions_stand_before_the_question_as_exchanges() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        return recalled('The right answer to "Code of room 7?" is: R-7', "The codes are new.")

    told = await reminded(QUESTIONS[0], recall)
    opening, *exchange, question = told.whole.messages
    assert "The codes are new." in opening.content
    assert told.facts.messages == (opening, question), "by heart it is asked with the facts too"
    assert [(one.role, one.content) for one in exchange] == [("user", "Code of room 7?"), ("assistant", "R-7")]
    assert question == QUESTIONS[0].messages[-1]


async def test_no_question_is_no_answer_and_many_are_not_all_asked() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        return ()

    assert await brought_by(Judged(), [], recall, before="base", after="base") is None  # type: ignore[arg-type]
    many = [example(f"Question {n}?", f"R-{n}") for n in range(MOST + 9)]
    found = await brought_by(Judged(), many, recall, before="base", after="learned")  # type: ignore[arg-type]
    assert found is not None
    assert found.n == MOST
