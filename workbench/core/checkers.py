"""Did an answer say what it should? Pure functions, shared by reasoning's self-check, benchmarks and, later, training.

    exact · json · number · choice · contains

>>> check("number", "17 + 25 = 42.", "42")
True
>>> check("number", "It is 142.", "42")
False
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

_FENCE = re.compile(r"^```(?:json)?\s*(.*?)\s*```$", re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def normalise(text: str) -> str:
    """Case, width, spaces and closing punctuation folded, so that `" Paris. "` and `"paris"` are the same answer."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", folded).strip(" \t\n.!?。！？\"'`*")


def last_number(text: str) -> float | None:
    """The last number in the text, the one that an arithmetic answer ends with; None if there is none."""
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return float(found[-1].replace(",", "")) if found else None


def exact(answer: str, gold: str) -> bool:
    """The same characters, but for blanks around them: case and punctuation may be what was asked for."""
    return unicodedata.normalize("NFC", answer).strip() == unicodedata.normalize("NFC", gold).strip()


def same_json(answer: str, gold: str) -> bool:
    """The whole answer is JSON of the gold value; order of keys and blanks do not count, a fence is taken off.

    A key that stands twice in an object is wrong, whichever value comes last.
    """
    try:
        said = json.loads(_FENCE.sub(r"\1", answer.strip()), object_pairs_hook=_each_once)
        return _typed(said) == _typed(json.loads(gold))
    except (ValueError, RecursionError):
        return False


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _typed(value: object) -> object:
    """The value with `true` apart from 1, which Python takes for equal."""
    if isinstance(value, dict):
        return {key: _typed(one) for key, one in value.items()}
    return [_typed(one) for one in value] if isinstance(value, list) else (isinstance(value, bool), value)


def number(answer: str, gold: str) -> bool:
    """The last number of the answer equals the gold number (within one part in a billion)."""
    said, meant = last_number(answer), last_number(gold)
    return said is not None and meant is not None and abs(said - meant) <= 1e-9 * max(1.0, abs(meant))


def contains(answer: str, gold: str) -> bool:
    """The gold answer stands in the answer as whole words."""
    return re.search(rf"(?<!\w){re.escape(normalise(gold))}(?!\w)", normalise(answer)) is not None


def choice(answer: str, gold: str) -> bool:
    """The gold option opens or closes the answer's first line: naming both options is not choosing."""
    words = re.findall(r"[\w-]+", normalise(answer.strip().split("\n", 1)[0]))
    return bool(words) and normalise(gold) in {words[0], words[-1]}


CHECKERS: dict[str, Callable[[str, str], bool]] = {
    "exact": exact,
    "json": same_json,
    "number": number,
    "contains": contains,
    "choice": choice,
}


def check(checker: str, answer: str, gold: str) -> bool:
    """Apply one checker by name.

    Raises:
        KeyError: no checker has that name.
    """
    return CHECKERS[checker](answer, gold)
