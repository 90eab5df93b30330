"""What memory and what the adapter brought are measured on the same unseen questions, four times."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from workbench.core.examples import Example, example
from workbench.core.records import Recalled
from workbench.cycles.ablation import MOST, Brought, brought_by, reminded
from workbench.evaluation.scoring.score import Cost, Score, Scored

QUESTIONS = [example(f"Code of room {n}?", f"R-{n}", skill="use") for n in range(6)]


class Judged:
    """Answers as an adapter would that knows the even rooms, and reads any code that stands in its prompt first."""

    def score(self, examples: Sequence[Example], ref: str | None = None, *, keep: bool = True) -> Score:
        assert not (keep and any("R-" in _told(one) for one in examples)), "what memory says is not kept"
        outcomes = [Scored(one.id, one.skill, self._says(one, ref) == one.answer, "forced") for one in examples]
        return Score(str(ref), tuple(outcomes), Cost(0.0, None, None, None))

    def turns_learned_by(self, ref: str) -> frozenset[str]:
        return frozenset({"lesson"} if ref == "learned" else ())

    def _says(self, one: Example, ref: str | None) -> str:
        if codes := re.findall(r"R-\d+", _told(one)):
            return str(codes[-1])
        [number] = re.findall(r"\d+", one.messages[-1].content)
        return f"R-{number}" if ref == "learned" and int(number) % 2 == 0 else "I do not know"


def _told(one: Example) -> str:
    """All that stands before the question."""
    return "\n".join(message.content for message in one.messages[:-1])


def recalled(*texts: str, turn: str | None = None) -> tuple[Recalled, ...]:
    return tuple(Recalled(str(place), text, 1.0, "", 0.0, turn_id=turn) for place, text in enumerate(texts))


async def test_each_of_the_four_ways_is_counted() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        return recalled("Rooms have codes, and one of them is R-1", f'The right answer to "{question}" is: R-0')

    found = await brought_by(Judged(), QUESTIONS, recall, before="base", after="learned")  # type: ignore[arg-type]
    assert found == Brought(n=6, before=0, with_memory=1, adapter=3, both=1)
    assert [(one.name, one.correct) for one in found.ways] == [
        ("neither", 0),
        ("memory alone", 1),
        ("adapter alone", 3),
        ("both", 1),
    ]


@pytest.mark.parametrize(("turn", "both"), [("lesson", 3), ("another", 1)])
async def test_with_both_an_adapter_knows_by_heart_what_it_has_learned_from(turn: str, both: int) -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        return recalled('The right answer to "Which code is behind the first door?" is: R-1', turn=turn)

    found = await brought_by(Judged(), QUESTIONS, recall, before="base", after="learned")  # type: ignore[arg-type]
    assert found == Brought(n=6, before=0, with_memory=1, adapter=3, both=both)


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

    opening, *exchange, question = (await reminded(QUESTIONS[0], recall, None)).messages
    assert "The codes are new." in opening.content
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
