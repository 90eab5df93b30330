"""A plain ranking to measure others against: four scores, each as a z-score over the memories, added.

    score = z(cosine) + z(BM25) + ½ z(cosine of the window) + ½ z(BM25 of the window)

A window is a memory with its two neighbours in its session. BM25 after Robertson and Zaragoza, 2009 (k1 = 1.2,
b = .75), over stems without little words. It is not what recall uses; it stays as it is, so that figures of different
months can be compared.

>>> plain_ranking(material, range(len(material.memories)))[0][:3]  # doctest: +SKIP
[17, 4, 18]
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.evaluation.retention import Material
from workbench.memory.recall.words import terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K1 = 1.2
B = 0.75
WINDOW_WEIGHT = 0.5


def plain_ranking(one: Material, left: Sequence[int]) -> list[list[int]]:
    """For each question the rows left, best first."""
    import numpy as np

    if not left:
        return [[] for _ in one.questions]
    rows = np.array(left)
    texts = [terms(_spoken(one, row)) for row in left]
    windows = _windows(one, left)
    vectors = one.vectors[rows]  # (M, D)
    wide = np.stack([vectors[some].sum(axis=0) for some in windows])
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    asked = [terms(question) for question in one.questions]
    scores = _z(one.question_vectors @ vectors.T) + _z(bm25(texts, asked))
    widened = [[term for place in some for term in texts[place]] for some in windows]
    scores += WINDOW_WEIGHT * (_z(one.question_vectors @ wide.T) + _z(bm25(widened, asked)))
    return [rows[best].tolist() for best in np.argsort(-scores, axis=1, kind="stable")]


def bm25(texts: Sequence[Sequence[str]], asked: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Scores of shape (questions, texts)."""
    import numpy as np

    holders: dict[str, list[tuple[int, int]]] = {}
    for place, text in enumerate(texts):
        for term, count in Counter(text).items():
            holders.setdefault(term, []).append((place, count))
    lengths = np.array([len(text) for text in texts], np.float32)
    damping = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1.0))  # (M,)
    scores = np.zeros((len(asked), len(texts)), np.float32)
    for row, question in enumerate(asked):
        for term in dict.fromkeys(question):
            for place, count in holders.get(term, ()):
                rarity = math.log(1 + (len(texts) - len(holders[term]) + 0.5) / (len(holders[term]) + 0.5))
                scores[row, place] += rarity * count * (K1 + 1) / (count + damping[place])
    return scores


def _spoken(one: Material, row: int) -> str:
    memory = one.memories[row]
    named = memory.speaker is None or memory.text.startswith(f"{memory.speaker}:")
    return memory.text if named else f"{memory.speaker}: {memory.text}"


def _windows(one: Material, left: Sequence[int]) -> list[list[int]]:
    """For each row left the places, among those left, of itself and its neighbours in its session."""
    sessions = [one.memories[row].session_id for row in left]
    near = ([place - 1, place, place + 1] for place in range(len(left)))
    return [
        [other for other in some if 0 <= other < len(left) and sessions[other] == sessions[place]]
        for place, some in enumerate(near)
    ]


def _z(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = scores.std(axis=1, keepdims=True)
    standard: NDArray[np.float32] = (scores - scores.mean(axis=1, keepdims=True)) / (spread + 1e-9)
    return standard
