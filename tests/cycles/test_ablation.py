"""What memory and what the adapter brought are measured on the same unseen questions, four times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.core.examples import Example, example
from workbench.core.records import Recalled
from workbench.cycles.ablation import MOST, Brought, brought_by, reminded
from workbench.evaluation.scoring.score import Cost, Score, Scored

QUESTIONS = [example(f"Code of room {n}?", f"R-{n}", skill="use") for n in range(6)]


@dataclass
class Judged:
    """Scores as an adapter would that knows the even rooms, and reads whatever code stands in its prompt."""

    def score(self, examples: Sequence[Example], ref: str | None = None, *, keep: bool = True) -> Score:
        assert keep != any("R-" in _told(one) for one in examples), "what memory says is not kept"
        outcomes = [Scored(one.id, one.skill, self._right(one, str(ref)), "generated") for one in examples]
        return Score(str(ref), tuple(outcomes), Cost(0.0, None, None, None))

    def _right(self, one: Example, ref: str) -> bool:
        knows = ref == "learned" and int(one.answer.removeprefix("R-")) % 2 == 0
        return knows or one.answer in _told(one)


def _told(one: Example) -> str:
    """All that stands before the question."""
    return "\n".join(message.content for message in one.messages[:-1])


def recalled(*texts: str) -> tuple[Recalled, ...]:
    return tuple(Recalled(str(place), text, 1.0, "", 0.0) for place, text in enumerate(texts))


async def test_each_of_the_four_ways_is_counted() -> None:
    async def recall(question: str) -> tuple[Recalled, ...]:
        return recalled("Rooms have codes, and one of them is R-1", f'The right answer to "{question}" is: R-0')

    found = await brought_by(Judged(), QUESTIONS, recall, before="base", after="learned")  # type: ignore[arg-type]
    assert found == Brought(n=6, before=0, with_memory=1, adapter=3, both=4)
    assert [(one.name, one.correct) for one in found.ways] == [
        ("neither", 0),
        ("memory alone", 1),
        ("adapter alone", 3),
        ("both", 4),
    ]


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

    opening, *exchange, question = (await reminded(QUESTIONS[0], recall)).messages
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
