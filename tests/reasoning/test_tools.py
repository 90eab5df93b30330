"""Tools: right answers, and a sentence for everything else."""

from __future__ import annotations

from datetime import date

import pytest

from workbench.core.errors import ToolError
from workbench.core.records import Recalled, ToolCall
from workbench.reasoning.tools import Toolbox, calculator, dates
from workbench.reasoning.tools.calculator import calculate, is_arithmetic
from workbench.reasoning.tools.dates import answer_date, is_date_question
from workbench.reasoning.tools.memory_search import memory_search_tool

BOX = Toolbox((calculator.TOOL, dates.TOOL))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("12 * 7 + 5", "89"),
        ("0.1 + 0.2", "0.3"),
        ("1,200 × 2 =", "2400"),
        ("2^10", "1024"),
        ("１２＋３", "15"),
        ("sqrt(2)", "1.41421356237"),
        ("round(2.567, 1)", "2.6"),
        ("max(3,500)", "500"),
        ("7 // 2 - 7 % 2", "2"),
    ],
)
def test_the_calculator_is_right(expression: str, value: str) -> None:
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "1/0",
        "__import__('os')",
        "'a'*3",
        "(1).real",
        "10**40",
        "1e308*10",
        "sqrt(-1)",
        "",
        "(" * 400,
        "1==1",
        "[1]",
        "2 * 3,5",
        "999999**999999",
        "1 << 99",
    ],
)
def test_what_is_not_arithmetic_becomes_a_sentence(expression: str) -> None:
    with pytest.raises(ToolError):
        calculate(expression)


def test_only_expressions_with_an_operator_are_arithmetic() -> None:
    sums = ["6 * 9", "2 * 3 + 11", "17-5"]
    others = ["42", "What is 6 * 9?", "e", "-5", "555-1234", "2024-12-25 - 2024-12-10", "2024-10-12"]
    assert [text for text in (*sums, *others) if is_arithmetic(text)] == sums


def test_dates_are_shifted_counted_and_named() -> None:
    today = date(2024, 2, 28)
    assert answer_date("today", today=today) == "2024-02-28 (Wednesday)"
    assert answer_date("today + 2 days", today=today) == "2024-03-01"
    assert answer_date("2024-03-15 - 2 weeks") == "2024-03-01"
    assert answer_date("2024-01-01 to 2024-03-01") == "60 days"
    assert answer_date("weekday of 2024-07-04") == "Thursday"


@pytest.mark.parametrize("text", ["next summer", "2024-02-30", "9999-12-31 + 5 days"])
def test_a_date_that_is_none_becomes_a_sentence(text: str) -> None:
    with pytest.raises(ToolError):
        answer_date(text if "+" in text or "2024" not in text else f"{text} + 1 days")


def test_a_date_question_is_told_from_words() -> None:
    assert is_date_question("2024-05-12 + 55 days")
    assert not is_date_question("Which date is 55 days after 2024-05-12?")


async def test_a_well_formed_call_is_answered_and_timed() -> None:
    use = await BOX.use(ToolCall("calculator", {"expression": "2 + 2"}))
    assert (use.output, use.error) == ("4", None)
    assert use.duration_ms > 0


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (ToolCall("shell", {"command": "ls"}), "no tool 'shell'"),
        (ToolCall("calculator", {}), "must contain ['expression']"),
        (ToolCall("calculator", {"expression": 7}), "must be string"),
        (ToolCall("calculator", {"expression": "1+1", "mode": "x"}), "must not contain {'mode'}"),
        (ToolCall("calculator", {"expression": "1/0"}), "divides by zero"),
    ],
)
async def test_a_malformed_call_is_an_error_the_model_can_read(call: ToolCall, complaint: str) -> None:
    use = await BOX.use(call)
    assert use.output is None
    assert complaint in (use.error or "")


async def test_memory_search_answers_with_what_was_said() -> None:
    async def recall(query: str) -> tuple[Recalled, ...]:
        return (Recalled("1", f"about {query}", 0.9, "near", 0.0),) if query == "keys" else ()

    tool = memory_search_tool(recall)
    assert await tool.run(query="keys") == "about keys"
    assert "nothing is remembered" in await tool.run(query="else")
