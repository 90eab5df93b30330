"""From the beginning of a reply: is it right whatever follows, wrong whatever follows, or still open?

    exact      wrong at the first character that the gold answer does not have
    json       wrong at a first character that cannot open the gold value, at words after a closed value, and in an
               object at a key or value that gold does not have (`parting`)
    choice     settled by the first word if that is the gold one, else when the first line ends
    contains   right once the gold words stand there, followed by a blank
    number     open to the end, for the last number counts

So a model need not write what cannot change the verdict. Pure; for every checker, what is settled here agrees with the
checker's verdict on the whole reply. It does not know tokens.

>>> decided(example("Tokyo in capitals?", "TOKYO"), "The"), decided(example("Tokyo in capitals?", "TOKYO"), "TO")
(False, None)
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

from workbench.core.checkers import choice, contains, normalise
from workbench.core.examples import Example
from workbench.evaluation.scoring.parting import parts

_HALF_A_CHARACTER = "\N{REPLACEMENT CHARACTER}"  # a token may end within the bytes of one
_JSON_OPENINGS: dict[type, str] = {dict: "{", list: "[", str: '"', bool: "tf", type(None): "n"}


def decided(one: Example, begun: str) -> bool | None:
    """The verdict on every reply that begins so; None while it depends on what follows."""
    early = _EARLY.get(one.check)
    return early(begun.rstrip(_HALF_A_CHARACTER), one.answer) if early else None


def _exact(begun: str, gold: str) -> bool | None:
    said, meant = _decomposed(begun).lstrip(), _decomposed(gold).strip()
    return None if meant.startswith(said) or said.rstrip() == meant else False


def _decomposed(text: str) -> str:
    """Canonical form without accents at the end, since the next character may still be one and change their order."""
    said = unicodedata.normalize("NFD", text)
    while said and unicodedata.combining(said[-1]):
        said = said[:-1]
    return said


def _json(begun: str, gold: str) -> bool | None:
    said = begun.lstrip()
    if not said or said.startswith("`"):
        return None
    try:
        meant = json.loads(gold)
    except ValueError:
        return False  # nothing is the JSON value that the gold answer is not
    if said[0] not in _JSON_OPENINGS.get(type(meant), "-0123456789NI"):
        return False
    if isinstance(meant, dict) and parts(said, meant):
        return False
    return False if said[0] in '{["' and _goes_on(said) else None


def _goes_on(said: str) -> bool:
    """Whether words follow a value that is closed."""
    try:
        end = json.JSONDecoder().raw_decode(said)[1]
    except (ValueError, RecursionError):
        return False
    return bool(said[end:].strip())


def _choice(begun: str, gold: str) -> bool | None:
    if "\n" in begun.lstrip():
        return choice(begun, gold)
    words = re.findall(r"[\w-]+", normalise(_whole_words(begun)))
    return True if words and words[0] == normalise(gold) else None


def _contains(begun: str, gold: str) -> bool | None:
    return True if contains(_whole_words(begun), gold) else None


def _whole_words(begun: str) -> str:
    """Up to the last blank: the word after it may go on."""
    return begun[: begun.rfind(" ") + 1]


_EARLY: dict[str, Callable[[str, str], bool | None]] = {
    "exact": _exact,
    "json": _json,
    "choice": _choice,
    "contains": _contains,
}
