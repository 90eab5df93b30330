"""Skills with words: their order, their letters, their initials, names for files.

>>> import random
>>> CAPITALS.make(random.Random(0)).answer.isupper()
True
"""

from __future__ import annotations

import random

from workbench.corpus.skills.skill import Skill, Task
from workbench.corpus.skills.words import ADJECTIVES, FIRST_NAMES, LAST_NAMES, THINGS, TITLE_WORDS

_REVERSE = (
    "Reverse the words: {words}",
    "Words in reverse order: {words}",
    "Write from last word to first: {words}",
    "Turn the word order around: {words}",
    "Backwards, word by word: {words}",
)
_CAPITALS = (
    "Write in capitals: {words}",
    "Upper case: {words}",
    "Make it all caps: {words}",
    "The sign says {words}. In capitals:",
    "Capital letters for this label: {words}",
)
_INITIALS = (
    "Initials of {name}?",
    "Write the initials: {name}",
    "Give the initials of {name}.",
    "Signed by {name}. Initials:",
    "{name}: initials?",
)
_SNAKE = (
    "File name for: {title}",
    "Turn this title into a file name: {title}",
    "Snake case: {title}",
    "Name the file of the {title}.",
    "The document is called {title}. File name?",
)
_SURNAME_FIRST = (
    "Index entry for {name}?",
    "Surname first: {name}",
    "File {name} under the surname.",
    "How does {name} stand in the index?",
    "Last name first, please: {name}",
)


def some_words(rng: random.Random) -> list[str]:
    """A short label: one or two adjectives and a thing, such as `small red lamp`."""
    return [*rng.sample(ADJECTIVES, rng.randint(1, 2)), rng.choice(THINGS)]


def title(rng: random.Random) -> str:
    """What a report is called, such as `Monthly Sales Report`."""
    return " ".join(rng.sample(TITLE_WORDS, rng.randint(2, 3)))


def snake_case(text: str) -> str:
    return "_".join(text.lower().split())


def _reverse(rng: random.Random) -> Task:
    words = [*rng.sample(ADJECTIVES, rng.randint(1, 2)), *rng.sample(THINGS, rng.randint(1, 2))]
    rng.shuffle(words)
    return Task(rng.choice(_REVERSE).format(words=" ".join(words)), " ".join(reversed(words)))


def _capitals(rng: random.Random) -> Task:
    words = " ".join(some_words(rng))
    return Task(rng.choice(_CAPITALS).format(words=words), words.upper())


def _initials(rng: random.Random) -> Task:
    names = [*rng.sample(FIRST_NAMES, rng.randint(1, 2)), rng.choice(LAST_NAMES)]
    return Task(rng.choice(_INITIALS).format(name=" ".join(names)), "".join(f"{name[0]}." for name in names))


def _snake_case(rng: random.Random) -> Task:
    name = title(rng)
    return Task(rng.choice(_SNAKE).format(title=name), snake_case(name))


def _surname_first(rng: random.Random) -> Task:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return Task(rng.choice(_SURNAME_FIRST).format(name=f"{first} {last}"), f"{last}, {first}")


REVERSE_WORDS = Skill("reverse_words", "words from last to first", "exact", _reverse)
CAPITALS = Skill("capitals", "a label in capital letters", "exact", _capitals)
INITIALS = Skill("initials", "the initials of a name, `M.R.`", "exact", _initials)
SNAKE_CASE = Skill("snake_case", "a title as a file name, `monthly_sales_report`", "exact", _snake_case)
SURNAME_FIRST = Skill("surname_first", "a name as an index has it, `Ross, Mia`", "exact", _surname_first)
WORDING = (REVERSE_WORDS, CAPITALS, INITIALS, SNAKE_CASE, SURNAME_FIRST)
