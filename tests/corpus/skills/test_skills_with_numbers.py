"""Skills with numbers, each answer worked out again from the words of its prompt."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from workbench.corpus.skills import generate

N = 600


def numbers_in(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\d+", text)]


def test_a_sum_is_the_sum_of_the_two_numbers_in_the_prompt() -> None:
    for one in generate("add", N, seed=11):
        first, second = numbers_in(one.prompt)
        assert int(one.answer) == first + second


def test_a_difference_is_the_larger_number_less_the_smaller_and_never_negative() -> None:
    for one in generate("subtract", N, seed=11):
        low, high = sorted(numbers_in(one.prompt))
        assert int(one.answer) == high - low > 0


def test_a_subtraction_names_the_larger_number_first_unless_it_says_from_or_paid() -> None:
    for one in generate("subtract", N, seed=11):
        first, second = numbers_in(one.prompt)
        assert (first < second) == one.prompt.startswith(("Subtract", "Price"))


def test_a_count_is_one_more_than_the_commas_between_the_items() -> None:
    for one in generate("count", N, seed=11):
        assert one.answer == f"{one.prompt.count(',') + 1} items"


def test_an_amount_keeps_its_digits_and_names_its_currency() -> None:
    codes = {"$": "USD", "€": "EUR", "£": "GBP"}
    for one in generate("price", N, seed=11):
        sign, digits = re.search(r"([$€£]|[A-Z]{3} )([\d,]+\.\d\d)", one.prompt).groups()  # type: ignore[union-attr]
        value, code = one.answer.split()
        assert (Decimal(value), code) == (Decimal(digits.replace(",", "")), codes.get(sign, sign.strip()))
        assert "," not in one.answer


METRES_GRAMS_LITRES = {
    "mm": ("length", "0.001"),
    "cm": ("length", "0.01"),
    "m": ("length", "1"),
    "km": ("length", "1000"),
    "g": ("mass", "1"),
    "kg": ("mass", "1000"),
    "t": ("mass", "1000000"),
    "ml": ("volume", "0.001"),
    "l": ("volume", "1"),
    "ms": ("time", "0.001"),
    "s": ("time", "1"),
}


def test_a_converted_quantity_is_as_much_as_the_one_in_the_prompt() -> None:
    for one in generate("units", N, seed=11):
        given, unit = re.search(r"(\d+) ([a-z]+)\b", one.prompt).groups()  # type: ignore[union-attr]
        result, smaller = one.answer.split()
        kind, factor = METRES_GRAMS_LITRES[unit]
        same_kind, smaller_factor = METRES_GRAMS_LITRES[smaller]
        assert kind == same_kind
        assert Decimal(given) * Decimal(factor) == Decimal(result) * Decimal(smaller_factor)
        assert re.search(rf"\b{smaller}\b", one.prompt)


LIMITS = (
    r"Limit (?P<limit>\d+) kg, \w+ (?P<weight>\d+) kg",
    r"weighs (?P<weight>\d+) kg; at most (?P<limit>\d+) kg",
    r"weight: \w+ (?P<weight>\d+) kg, limit (?P<limit>\d+) kg",
    r"Up to (?P<limit>\d+) kg is accepted\. The \w+ has (?P<weight>\d+) kg",
)


def test_a_limit_passes_up_to_itself_and_fails_above() -> None:
    seen = set()
    for one in generate("limit", 2_000, seed=11):
        found = next(filter(None, (re.search(form, one.prompt) for form in LIMITS)))
        over = int(found["weight"]) - int(found["limit"])
        assert one.answer == ("FAIL" if over > 0 else "PASS")
        seen.add(over)
    assert {0, 1} <= seen


@pytest.mark.parametrize("name", ["add", "subtract"])
def test_arithmetic_stays_below_a_hundred(name: str) -> None:
    assert max(int(one.answer) for one in generate(name, N, seed=11)) < 100
