"""How much a memory matters: six parts, 0 to 1, each with a formula, and one figure made of them. No model is asked.

    novelty      1 − cosine to the nearest other memory            what the store already says is worth less
    specificity  1 − 2^(−telling / 8), at least 0                  names, numbers, dates, uncommon words: `telling.py`
    explicit     1 if the person asked to remember it, else 0      "don't forget …", 覚えておいて
    feedback     ½ + ½ · b / (1 + |b|)                             b: thumbs up − thumbs down − corrections
    recalled     1 − 2^(−recalls / 3)                              saturating: the tenth recall says little
    recency      2^(−idle days / half-life)                        idle since it was last said or recalled

    mean       = Σ weight · part / Σ weight
    importance = mean + explicit · threshold · (1 − mean)

so whatever the person asked to remember reaches the threshold by itself, and the other parts still order it. Recency
after Park et al., 2023, "Generative Agents" (arXiv 2304.03442, section 4.1: exponential decay since the last access);
they let a model score importance, here rules do. It knows no database, no vectors and no other text.

>>> round(parts_of("Remember that Rufus was born on 7 May 2019.", nearest=None, feedback=0.0, recall_count=0,
...     idle_days=0.0, half_life_days=30.0)["explicit"])
1
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from workbench.memory.weighing.telling import telling

if TYPE_CHECKING:
    from workbench.core.schema import ImportanceSettings

PARTS = ("novelty", "specificity", "explicit", "feedback", "recalled", "recency")
HALF_TELLING = 8.0  # so much makes a text half specific: "My dog is called Rufus." tells about that
HALF_RECALLS = 3.0
FEEDBACK_SIGNS = {"up": 1.0, "down": -1.0, "correct": -1.0}

_VERB = (
    r"(?:remember|memori[sz]e|keep in mind|bear in mind|do(?:n't|n’t| not) forget|never forget|make a note|take note)"
)
_NOTE = r"note(?: down| that|[:,])|write (?:this |that |it )?down|save this"
_ASIDE = r"(?:(?:please|ok(?:ay)?|hey|and|so|also|but|just|well)[,\s]+)*"
_MUSES = r"(?!\s+(?:when|how|where|what|who|why|which|whether|the (?:time|day)s?|last|our|those)\b)"
_YOU = (
    r"\b(?:can|could|will|would) you (?:please )?|\byou (?:must|should|have to) |\b(?:want|need|like) you to |\bplease "
)
EXPLICIT = re.compile(
    rf"(?:^|[.!?;:\n][^\S\n]*){_ASIDE}(?:{_VERB}\b{_MUSES}|{_NOTE})(?![^.!?\n]*\?)"
    rf"|{_YOU}(?:{_VERB}\b{_MUSES}|not forget|{_NOTE})"
    r"|\b(?:for (?:the|your) record|for (?:your )?future reference|from now on|fyi)\b",
    re.IGNORECASE,
)
EXPLICIT_JA = re.compile(
    r"(?:覚え|おぼえ)(?:と?いて|てて|て(?:おいて|おけ|ください|下さい|くれ|ほしい|欲しい|ね)|て[。！!]?$)"
    r"|忘れないで|忘れずに|記憶して(?:おいて|ください|[。！!]?$)|メモ(?:して|っといて|しといて)|今後は|これからは"
)


def parts_of(
    text: str,
    *,
    nearest: float | None,
    feedback: float,
    recall_count: int,
    idle_days: float,
    half_life_days: float,
) -> dict[str, float]:
    """Every part of a memory's importance, each 0..1, in the order of `PARTS`.

    Args:
        nearest: cosine to the nearest other memory; None when there is none.
        feedback: balance of what people said about the turns that stated or used it, see `feedback_balance`.
        idle_days: since it was last said or recalled; a clock that stepped back counts as 0.
        half_life_days: after so long, recency is one half.
    """
    return {
        "novelty": 1.0 if nearest is None else _clipped(1.0 - nearest),
        "specificity": specificity(text),
        "explicit": float(asked_to_remember(text)),
        "feedback": 0.5 + 0.5 * feedback / (1.0 + abs(feedback)),
        "recalled": 1.0 - 2.0 ** (-max(recall_count, 0) / HALF_RECALLS),
        "recency": 2.0 ** (-max(idle_days, 0.0) / half_life_days),
    }


def importance(parts: Mapping[str, float], dials: ImportanceSettings) -> float:
    """One figure, 0..1, by the formula above; a part that is missing counts as 0.

    With the weight of `explicit` at 0, a request to remember counts for nothing.
    """
    weights = {name: float(getattr(dials, name)) for name in PARTS}
    total = math.fsum(weights.values())
    if total == 0.0:
        return 0.0
    mean = math.fsum(weight * parts.get(name, 0.0) for name, weight in weights.items()) / total
    asked = parts.get("explicit", 0.0) if weights["explicit"] else 0.0
    return _clipped(mean + asked * dials.threshold * (1.0 - mean))


def feedback_balance(kinds: Iterable[str]) -> float:
    """Thumbs up minus thumbs down and corrections; one kind for each turn that stated or used the memory."""
    return math.fsum(FEEDBACK_SIGNS.get(kind, 0.0) for kind in kinds)


def specificity(text: str) -> float:
    """How much a text pins down, 0..1."""
    return float(1.0 - 2.0 ** (-max(telling(text), 0.0) / HALF_TELLING))


def asked_to_remember(text: str) -> bool:
    """Whether the text asks for being remembered; musing ("Remember when we …?") does not."""
    return EXPLICIT.search(text) is not None or EXPLICIT_JA.search(text) is not None


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))
