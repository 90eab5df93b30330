"""Arithmetic by simpleeval: numbers, + - * / // % **, brackets and a few functions; no names, no strings, no eval.

>>> calculate("12 * 7 + 5")
'89'
"""

from __future__ import annotations

import ast
import math
import re
import unicodedata
from typing import Any

from workbench.core.errors import ToolError
from workbench.reasoning.tools import Tool

_SIGNS = str.maketrans({"×": "*", "÷": "/", "−": "-", "^": "**"})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_CALL = re.compile(r"[a-z]\s*\(")
_DATE_OR_PHONE = re.compile(r"\d{4}-\d{2}-\d{2}|^\s*\+?\d{2,5}(-\d{2,5})+\s*$")
MAX_EXPONENT = 1000
_FUNCTIONS: dict[str, Any] = {"sqrt": math.sqrt, "abs": abs, "round": round, "min": min, "max": max}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.USub, ast.UAdd)
_NOT_ARITHMETIC = (ast.JoinedStr, ast.Attribute, ast.Subscript, ast.Compare, ast.BoolOp, ast.IfExp)


def calculate(expression: str) -> str:
    """The value of an arithmetic expression, with at most 12 significant digits.

    Raises:
        ToolError: it is not arithmetic, divides by zero, or is too large.
    """
    from simpleeval import InvalidExpression, SimpleEval

    evaluator = SimpleEval(functions=_FUNCTIONS, names={"pi": math.pi, "e": math.e})
    evaluator.operators = {sign: act for sign, act in evaluator.operators.items() if sign in _OPERATORS}
    evaluator.operators[ast.Pow] = _power
    for node in _NOT_ARITHMETIC:
        evaluator.nodes.pop(node, None)
    text = _plain_text(expression)
    try:
        value = evaluator.eval(text)
    except ZeroDivisionError as error:
        raise ToolError(f"'{expression}' divides by zero") from error
    except (InvalidExpression, SyntaxError, ValueError, OverflowError, TypeError, RecursionError, MemoryError) as error:
        raise ToolError(f"'{expression[:80]}' is not arithmetic that the calculator can do") from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ToolError(f"'{expression[:80]}' does not give one real number")
    return _plain(value)


def _plain_text(expression: str) -> str:
    """ASCII signs, and no commas between thousands; in a function's arguments a comma is a comma."""
    text = unicodedata.normalize("NFKC", expression).translate(_SIGNS).strip().rstrip("=?").strip()
    return text if _CALL.search(text) else _THOUSANDS.sub("", text)


def _power(base: float, exponent: float) -> Any:
    if abs(exponent) > MAX_EXPONENT:
        raise ToolError(f"The exponent is above {MAX_EXPONENT}; ask for something smaller")
    return base**exponent


def _plain(value: float) -> str:
    if isinstance(value, int):
        if abs(value) >= 10**30:
            raise ToolError("The result has more than 30 digits; ask for something smaller")
        return str(value)
    if not math.isfinite(value):
        raise ToolError("The result is not a finite number")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.12g}"


def is_arithmetic(text: str) -> bool:
    """True for an expression with an operator that the calculator can work out; a lone number is not one."""
    lone = re.fullmatch(r"\s*-?[\d.,]+\s*", text)
    if lone or not re.search(r"\d", text) or _DATE_OR_PHONE.search(text):
        return False
    try:
        calculate(text)
    except ToolError:
        return False
    return True


async def _run(expression: str) -> str:
    return calculate(expression)


TOOL = Tool("calculator", "arithmetic, such as 12 * 7 + 5", "expression", _run, reads=is_arithmetic)
