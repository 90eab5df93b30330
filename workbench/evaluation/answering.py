"""How well something answers: every question asked once, checked by a program, with what it cost.

    questions ──► answer(question) ──► check ──► Outcome, Outcome, … ──► AnswerScore

What answers is handed in as a function, so this room knows neither the agent nor its strategies. A reply that the model
failed to give (an empty one, a prompt too long) counts as wrong and keeps its reason; an engine that is not there ends
the measurement, for a share of answers that nobody gave would say nothing.

>>> score = await score_answers("chain", answer, load_questions(path))   # doctest: +SKIP
>>> score.correct, score.interval                                        # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from workbench.core.errors import ContextOverflow, ModelRefused, ToolError
from workbench.core.records import Turn, Usage
from workbench.evaluation.calibration import ReliabilityBin, brier, expected_calibration_error, reliability_bins
from workbench.evaluation.intervals import Interval, wilson_interval
from workbench.evaluation.questions import Question


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, how sure of it the answerer was (0..1, where it says), and the tokens it cost."""

    text: str
    confidence: float | None = None
    usage: Usage = field(default_factory=Usage)

    @classmethod
    def of(cls, turn: Turn) -> Answered:
        """What a finished turn answered."""
        return cls(turn.answer or "", turn.confidence.value if turn.confidence else None, turn.usage)


Answer = Callable[[str], Awaitable[Answered]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question answered, or the reason why it was not."""

    question: Question
    answered: Answered | None
    seconds: float
    failure: str | None = None

    @property
    def correct(self) -> bool:
        return self.answered is not None and self.question.is_answered_by(self.answered.text)


@dataclass(frozen=True, slots=True)
class AnswerScore:
    """The outcomes of one way of answering, and what follows from them."""

    name: str
    outcomes: tuple[Outcome, ...]

    @property
    def total(self) -> int:
        return len(self.outcomes)

    @property
    def correct(self) -> int:
        return sum(outcome.correct for outcome in self.outcomes)

    @property
    def accuracy(self) -> float:
        return self.correct / self.total

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval of the accuracy."""
        return wilson_interval(self.correct, self.total)

    @property
    def low(self) -> float:
        return self.interval.low

    @property
    def high(self) -> float:
        return self.interval.high

    @property
    def seconds(self) -> tuple[float, ...]:
        return tuple(outcome.seconds for outcome in self.outcomes)

    @property
    def seconds_per_question(self) -> float:
        return fmean(self.seconds)

    @property
    def tokens_per_question(self) -> float | None:
        """Mean of the tokens written; None where the engine does not count them."""
        return _mean([one.usage.completion_tokens for one in self._given])

    @property
    def prompt_tokens_per_question(self) -> float | None:
        """Mean of the tokens read; None where the engine does not count them."""
        return _mean([one.usage.prompt_tokens for one in self._given])

    @property
    def brier(self) -> float | None:
        """Over the answers that came with a confidence; None where none did."""
        confidences, correct = self._calibration
        return brier(confidences, correct) if confidences else None

    @property
    def ece(self) -> float | None:
        """Expected calibration error over ten bins; None where no answer came with a confidence."""
        confidences, correct = self._calibration
        return expected_calibration_error(confidences, correct) if confidences else None

    @property
    def failures(self) -> tuple[str, ...]:
        return tuple(outcome.failure for outcome in self.outcomes if outcome.failure is not None)

    def reliability(self, bins: int = 10) -> tuple[ReliabilityBin, ...]:
        """Accuracy by confidence; empty where no answer came with one."""
        confidences, correct = self._calibration
        return reliability_bins(confidences, correct, bins) if confidences else ()

    def by_kind(self) -> dict[str, AnswerScore]:
        """The same outcomes, kind by kind, in the order of first appearance."""
        kinds = dict.fromkeys(outcome.question.kind for outcome in self.outcomes)
        return {kind: AnswerScore(kind, tuple(o for o in self.outcomes if o.question.kind == kind)) for kind in kinds}

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain JSON types, without the answers."""
        return {
            "name": self.name,
            "questions": self.total,
            "correct": self.correct,
            "accuracy": self.accuracy,
            "accuracy_interval_95": list(self.interval),
            "brier": self.brier,
            "ece": self.ece,
            "seconds_per_question": self.seconds_per_question,
            "tokens_written_per_question": self.tokens_per_question,
            "tokens_read_per_question": self.prompt_tokens_per_question,
            "failures": list(self.failures),
        }

    @property
    def _given(self) -> list[Answered]:
        return [outcome.answered for outcome in self.outcomes if outcome.answered is not None]

    @property
    def _calibration(self) -> tuple[list[float], list[bool]]:
        said = [(o.answered.confidence, o.correct) for o in self.outcomes if o.answered is not None]
        known = [(confidence, correct) for confidence, correct in said if confidence is not None]
        return [confidence for confidence, _ in known], [correct for _, correct in known]


async def score_answers(
    name: str,
    answer: Answer,
    questions: Sequence[Question],
    *,
    on_progress: Callable[[Outcome], None] | None = None,
) -> AnswerScore:
    """Ask every question once, one after the other, and check the answers.

    Args:
        name: of what answers, as tables and plots show it.
        answer: from a question's text to its answer.
        questions: at least one.
        on_progress: called with each outcome as it comes.
    Raises:
        WorkbenchError: the engine or the store failed; a question the model merely failed at is an outcome.
    """
    assert questions, "a score needs at least one question"
    outcomes = []
    for question in questions:
        outcomes.append(await _ask(answer, question))
        if on_progress is not None:
            on_progress(outcomes[-1])
    return AnswerScore(name, tuple(outcomes))


async def _ask(answer: Answer, question: Question) -> Outcome:
    started = time.perf_counter()
    try:
        answered = await answer(question.question)
    except (ModelRefused, ContextOverflow, ToolError) as error:
        return Outcome(question, None, time.perf_counter() - started, error.sentence)
    return Outcome(question, answered, time.perf_counter() - started)


def _mean(counts: Sequence[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return fmean(known) if known else None
