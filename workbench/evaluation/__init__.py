"""What an answer is worth: one way of answering on one set of questions, with the spread that so few questions leave.

`questions` reads checkable questions, `answering` asks and checks them, `intervals`, `paired` and `calibration` do the
arithmetic, `speed` times a model. What answers is handed in, so this room does not know the agent.
"""

from workbench.evaluation.answering import Answered, AnswerScore, Outcome, score_answers
from workbench.evaluation.calibration import ReliabilityBin, brier, expected_calibration_error, reliability_bins
from workbench.evaluation.intervals import Interval, wilson_interval
from workbench.evaluation.paired import Paired, compare
from workbench.evaluation.questions import Question, load_questions, sample
from workbench.evaluation.speed import Speed, time_replies

__all__ = [
    "AnswerScore",
    "Answered",
    "Interval",
    "Outcome",
    "Paired",
    "Question",
    "ReliabilityBin",
    "Speed",
    "brier",
    "compare",
    "expected_calibration_error",
    "load_questions",
    "reliability_bins",
    "sample",
    "score_answers",
    "time_replies",
    "wilson_interval",
]
