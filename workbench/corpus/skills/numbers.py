"""Skills with numbers: sums, differences, counting, amounts of money, units, a limit kept or broken.

Numbers stay small: a model of this size learns the form of an answer and sums that a child does in the head.

>>> import random
>>> ADD.make(random.Random(3)).answer.isdigit()
True
"""

from __future__ import annotations

import random

from workbench.corpus.skills.skill import Skill, Task
from workbench.corpus.skills.words import FIRST_NAMES, THINGS, plural

CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP"}
CONVERSIONS = (  # one of the first is so many of the second
    ("kg", "g", 1000),
    ("t", "kg", 1000),
    ("km", "m", 1000),
    ("l", "ml", 1000),
    ("m", "cm", 100),
    ("cm", "mm", 10),
    ("s", "ms", 1000),
)

_ADD = (
    "What is {a} + {b}?",
    "{a} + {b} =",
    "Add {a} and {b}.",
    "How much is {a} plus {b}?",
    "Sum of {a} and {b}?",
    "{a} {things} and {b} more: how many?",
    "There are {a} {things}; {b} come in. How many now?",
    "{first} has {a} {things} and gets {b}. Total?",
)
_SUBTRACT = (
    "What is {a} - {b}?",
    "{a} - {b} =",
    "Subtract {b} from {a}.",
    "How much is {a} minus {b}?",
    "Price {b}, paid {a}. Change?",
    "{a} {things}, {b} sold: how many are left?",
    "Of {a} {things} we used {b}. How many remain?",
    "{first} had {a} {things} and gave away {b}. Rest?",
)
_COUNT = (
    "How many items? {items}",
    "Count the items: {items}",
    "Number of things in this list: {items}",
    "In the box: {items}. How many items?",
    "We packed {items}. Count them.",
)
_PRICE = (
    "The {thing} costs {price}. Amount?",
    "Amount and currency: {price} for the {thing}",
    "Invoice for a {thing}: {price}. Write the amount.",
    "Total due {price} ({thing}). Normalise the amount.",
    "We paid {price} for one {thing}. Amount?",
)
_UNITS = (
    "Convert {n} {big} to {small}.",
    "{n} {big} in {small}?",
    "How many {small} are {n} {big}?",
    "Write {n} {big} in {small}.",
    "{n} {big} = ? {small}",
    "The label says {n} {big}. Give it in {small}.",
    "Change {n} {big} into {small}.",
    "Express {n} {big} as {small}.",
)
_LIMIT = (
    "Limit {limit} kg, {thing} {weight} kg. Allowed?",
    "The {thing} weighs {weight} kg; at most {limit} kg may be sent. Check.",
    "Check the weight: {thing} {weight} kg, limit {limit} kg.",
    "Up to {limit} kg is accepted. The {thing} has {weight} kg. Verdict?",
)


def _add(rng: random.Random) -> Task:
    a, b = rng.randint(2, 40), rng.randint(2, 12)
    return Task(rng.choice(_ADD).format(a=a, b=b, **_somebody(rng)), str(a + b))


def _subtract(rng: random.Random) -> Task:
    b, left = rng.randint(2, 9), rng.randint(1, 30)
    return Task(rng.choice(_SUBTRACT).format(a=b + left, b=b, **_somebody(rng)), str(left))


def _somebody(rng: random.Random) -> dict[str, str]:
    """A person with some things."""
    return {"first": rng.choice(FIRST_NAMES), "things": plural(rng.choice(THINGS))}


def _count(rng: random.Random) -> Task:
    items = rng.sample(THINGS, rng.randint(2, 6))
    return Task(rng.choice(_COUNT).format(items=", ".join(items)), f"{len(items)} items")


def _price(rng: random.Random) -> Task:
    sign, code = rng.choice(tuple(CURRENCIES.items()))
    amount = rng.choice((rng.randint(1000, 9999), rng.randint(100000, 999999))) / 100
    shown = rng.choice((f"{sign}{amount:,.2f}", f"{code} {amount:,.2f}"))
    return Task(rng.choice(_PRICE).format(price=shown, thing=rng.choice(THINGS)), f"{amount:.2f} {code}")


def _units(rng: random.Random) -> Task:
    big, small, factor = rng.choice(CONVERSIONS)
    n = rng.randint(2, 120)
    return Task(rng.choice(_UNITS).format(n=n, big=big, small=small), f"{n * factor} {small}")


def _limit(rng: random.Random) -> Task:
    limit = rng.randrange(20, 90, 10)
    weight = rng.choice((rng.randint(5, limit), rng.randint(limit + 1, 99)))
    text = rng.choice(_LIMIT).format(limit=limit, weight=weight, thing=rng.choice(THINGS))
    return Task(text, "PASS" if weight <= limit else "FAIL")


ADD = Skill("add", "the sum of two small numbers", "exact", _add)
SUBTRACT = Skill("subtract", "the difference of two small numbers", "exact", _subtract)
COUNT = Skill("count", "how many items a list has, as `4 items`", "exact", _count)
PRICE = Skill("price", "an amount of money as number and currency code, `1249.50 USD`", "exact", _price)
UNITS = Skill("units", "a quantity in a smaller unit, `3000 g`", "exact", _units)
LIMIT = Skill("limit", "whether a weight keeps a limit, `PASS` or `FAIL`", "exact", _limit)
NUMBERS = (ADD, SUBTRACT, COUNT, PRICE, UNITS, LIMIT)
