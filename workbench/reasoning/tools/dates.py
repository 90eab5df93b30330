"""Dates: today, the weekday of a date, a date some days away, the days between two dates.

>>> answer_date("2023-02-25 + 10 days")
'2023-03-07'
>>> answer_date("2024-01-01 to 2024-03-01")
'60 days'
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from workbench.core.errors import ToolError
from workbench.reasoning.tools import Tool

_ISO = r"\d{4}-\d{2}-\d{2}"
_DAY = rf"({_ISO}|today)"
_SHIFT = re.compile(rf"{_DAY}\s*([+-])\s*(\d{{1,6}})\s*(day|week)s?")
_BETWEEN = re.compile(rf"{_DAY}\s*(?:to|until|-|and)\s*{_DAY}")
_WEEKDAY = re.compile(rf"weekday(?:\s+of)?\s+{_DAY}")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def answer_date(expression: str, *, today: date | None = None) -> str:
    """The answer to one date expression, in the forms that the module's examples show.

    Raises:
        ToolError: the expression has another form, or names a day that does not exist.
    """
    now = today or date.today()
    text = expression.strip().lower()
    if text in {"", "today", "now"}:
        return f"{now.isoformat()} ({_WEEKDAYS[now.weekday()]})"
    if found := _SHIFT.search(text):
        days = int(found[3]) * (7 if found[4] == "week" else 1)
        return _shift(_day(found[1], now), days if found[2] == "+" else -days).isoformat()
    if found := _WEEKDAY.search(text):
        return _WEEKDAYS[_day(found[1], now).weekday()]
    if found := _BETWEEN.search(text):
        return f"{(_day(found[2], now) - _day(found[1], now)).days} days"
    raise ToolError(
        f"'{expression[:80]}' is not a date question; write 'today', 'weekday 2024-05-01', '2024-05-01 + 10 days' or "
        "'2024-05-01 to 2024-06-01'"
    )


def _day(text: str, today: date) -> date:
    try:
        return today if text == "today" else date.fromisoformat(text)
    except ValueError as error:
        raise ToolError(f"There is no day {text}") from error


def _shift(start: date, days: int) -> date:
    try:
        return start + timedelta(days=days)
    except OverflowError as error:
        raise ToolError("That date is outside the years 1 to 9999") from error


def is_date_question(text: str) -> bool:
    """True for text that is one of the date expressions and nothing else."""
    return any(form.fullmatch(text.strip().lower()) for form in (_SHIFT, _WEEKDAY, _BETWEEN))


async def _run(expression: str) -> str:
    return answer_date(expression)


TOOL = Tool(
    "date",
    "dates: 'today', 'weekday 2024-05-01', '2024-05-01 + 10 days', '2024-05-01 to 2024-06-01'",
    "expression",
    _run,
    reads=is_date_question,
)
