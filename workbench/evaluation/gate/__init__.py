"""The statistical gate: whether a candidate adapter may replace the incumbent, from fresh examples that both answered.

`judge` walks from paired verdicts to a `Verdict` in words. `paired_tests` compares two adapters, `noninferiority` makes
the test of harm exact, `spending` pays for looking often, `power` counts the examples that a verdict needs, `weighing`
decides, `verdict` says it, and `ledger` keeps every look so that no example is used twice.
"""

from workbench.evaluation.gate.judge import Trial, chosen_for_serving, judge
from workbench.evaluation.gate.ledger import Ledger
from workbench.evaluation.gate.paired_tests import Pairs, gain_interval, mcnemar, sign_flip
from workbench.evaluation.gate.power import (
    Plan,
    detectable_gain,
    examples_needed,
    examples_needed_for_noninferiority,
    plan,
)
from workbench.evaluation.gate.verdict import Gain, Serving, SkillResult, Verdict

__all__ = [
    "Gain",
    "Ledger",
    "Pairs",
    "Plan",
    "Serving",
    "SkillResult",
    "Trial",
    "Verdict",
    "chosen_for_serving",
    "detectable_gain",
    "examples_needed",
    "examples_needed_for_noninferiority",
    "gain_interval",
    "judge",
    "mcnemar",
    "plan",
    "sign_flip",
]
