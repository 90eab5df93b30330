"""The arithmetic of recall: how well each memory answers a question, as a sum of parts that can be shown.

    base    = 2·words + .2·speaker + .25·month + .1·time + .1·first person + .05·ln(1 + stated) − .1·asks
    score   = base + 1.25·cosine, over a pool of the best by base and the best by cosine
    total   = score + ¼·(best score of the same session in the pool)

    words   = Σ idf(t) · x / (x + K) / Σ idf(t)                     over the question's terms t
    x(t, i) = Σ w(d) · tf(t, memory at distance d of i)             a turn's words, softly widened to its neighbours
    K(i)    = k1 · (1 − b + b · length(i) / mean length)            lengths widened in the same way
    idf(t)  = ln(1 + (N − n + ½) / (n + ½))

BM25's saturation and idf (Robertson & Zaragoza, 2009, "The Probabilistic Relevance Framework", section 3), as a share
of what the question could reach at most, so that scores of different questions compare. Words inside a question belong
to the turn that answers it. Every coefficient is a round number set by hand; `benchmarks/memory.py` leaves each one out
in turn. It knows no text, no database and no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from workbench.memory.recall.reading import Asked
    from workbench.memory.recall.roster import Postings, Roster

Scores = NDArray[np.float64]
Rows = NDArray[np.int32]

K1 = 1.2
B = 0.4
NEAR, FAR = 0.5, 0.25  # weight of the words of a neighbour, and of the neighbour's neighbour
OWN_QUESTION = 0.5  # weight of the words a turn asks with
ANSWERED = 1.0  # weight, in a turn, of the words that the turn before asked with
POOL = 100  # the best so many by base, and by cosine


@dataclass(frozen=True, slots=True)
class Weights:
    """The coefficients of the sum; 0 leaves a part out."""

    words: float = 2.0
    cosine: float = 1.25
    speaker: float = 0.2
    month: float = 0.25
    time: float = 0.1
    first_person: float = 0.1
    stated: float = 0.05
    asks: float = -0.1
    session: float = 0.25
    near: float = NEAR
    far: float = FAR
    own_question: float = OWN_QUESTION
    answered: float = ANSWERED


PARTS = ("words", "cosine", "speaker", "month", "time", "first_person", "stated", "asks", "session")
assert set(PARTS) <= {field.name for field in fields(Weights)}


def widened_lengths(roster: Roster, weights: Weights) -> Scores:
    """The length of each row with its neighbours', weighted: shape (rows,)."""
    own = roster.column("length").astype(np.float64)
    own[~roster.column("alive")] = 0.0
    near, far = _neighbours(roster)
    widened = own.copy()
    for rows in near:
        widened += weights.near * own[rows]
    for rows in far:
        widened += weights.far * own[rows]
    return widened


def words_part(roster: Roster, question: Sequence[str], weights: Weights) -> Scores:
    """How much of the question's words each row and its neighbours hold: shape (rows,), 0..1."""
    total, reachable = np.zeros(len(roster.ids)), 0.0
    found = [postings for term in question if (postings := roster.postings(term)) is not None]
    if not found:
        return total
    lengths = widened_lengths(roster, weights)
    room = K1 * (1 - B + B * lengths / max(lengths[roster.column("alive")].mean(), 1e-9))  # K of each row
    for postings in found:
        idf = inverse_document_frequency(len(postings.rows), len(roster))
        held = _held(roster, postings, weights)
        total += idf * held / (held + room)
        reachable += idf
    return total / reachable


def coverage(roster: Roster, question: Sequence[str], rows: NDArray[np.intp]) -> Scores:
    """The share of the question's words, weighted by idf, that each row itself holds: shape (len(rows),), 0..1."""
    held, total = np.zeros(len(rows)), 0.0
    for term in question:
        postings = roster.postings(term)
        idf = inverse_document_frequency(0 if postings is None else len(postings.rows), len(roster))
        total += idf
        if postings is not None:
            held += idf * np.isin(rows, postings.rows)
    return held / total if total else held


def inverse_document_frequency(holding: int, documents: int) -> float:
    """Positive, and the higher the fewer of the documents hold the term."""
    return float(np.log1p((documents - holding + 0.5) / (holding + 0.5)))


def base_parts(roster: Roster, asked: Asked, weights: Weights) -> dict[str, Scores]:
    """Every part of the score but cosine and session, weighted: each of shape (rows,)."""
    column = roster.column
    parts = {
        "words": weights.words * words_part(roster, asked.terms, weights),
        "speaker": weights.speaker * _speaker(roster, asked),
        "month": weights.month * _month(roster, asked),
        "time": weights.time * (column("tells_time") if asked.wants_time else np.zeros(len(roster.ids))),
        "first_person": weights.first_person * column("first_person"),
        "stated": weights.stated * np.log1p(column("stated").astype(np.float64)),
        "asks": weights.asks * column("ends_asking"),
    }
    return {name: np.asarray(values, np.float64) for name, values in parts.items()}


def pool_of(
    base: Scores, alive: NDArray[np.bool_], said_at: Scores, nearest: Sequence[int], size: int = POOL
) -> NDArray[np.intp]:
    """Rows worth scoring in full: the best living ones by base, the latest among equals, and the nearest by cosine."""
    rows = np.flatnonzero(alive)
    if len(rows) > size:
        last = -np.partition(-base[rows], size - 1)[size - 1]
        above, level = rows[base[rows] > last], rows[base[rows] == last]
        latest = level[np.argsort(-said_at[level], kind="stable")]
        rows = np.concatenate([above, latest[: size - len(above)]])
    return np.union1d(rows, np.asarray(nearest, np.intp))


def session_part(scores: Scores, sessions: NDArray[np.int32], weight: float) -> Scores:
    """`weight` times the best score within each row's session; a row outside any session counts for itself alone."""
    best = np.full(int(sessions.max(initial=-1)) + 2, -np.inf)
    np.maximum.at(best, sessions, scores)  # session -1 falls on the last place, which is not used
    own = sessions < 0
    return weight * np.where(own, scores, best[sessions])


def _neighbours(roster: Roster) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    before, after = roster.column("before"), roster.column("after")
    return (before, after), (before[before], after[after])


def _held(roster: Roster, postings: Postings, weights: Weights) -> Scores:
    """Weighted frequency of one term in each row: its own, and its neighbours' at their distance."""
    rows, stated, asked = postings
    held = np.zeros(len(roster.ids))
    held[rows] = stated + weights.own_question * asked
    before, after = roster.column("before"), roster.column("after")
    for target, weight in _spread(rows, before, after, weights):
        held[target] += weight * stated  # a row has one neighbour on each side, so no target occurs twice but row 0
    for target, weight in _spread(rows, before, after, weights, answered=weights.answered):
        held[target] += weight * asked
    held[0] = 0.0
    return held


def _spread(
    rows: Rows, before: Rows, after: Rows, weights: Weights, answered: float | None = None
) -> Iterator[tuple[Rows, float]]:
    """The neighbours that hear a row's words, and how loud: a question is heard best by the turn that answers it."""
    yield before[rows], weights.near
    yield after[rows], weights.near if answered is None else answered
    yield before[before[rows]], weights.far
    yield after[after[rows]], weights.far


def _speaker(roster: Roster, asked: Asked) -> NDArray[np.bool_]:
    """Rows of the one speaker the question is about; none when it names several."""
    if len(asked.named) == 1:
        return np.asarray(roster.column("speaker") == roster.speaker_number(next(iter(asked.named))))
    if asked.of_the_asker:
        return np.asarray(roster.column("speaker") == roster.speaker_number(None))
    return np.zeros(len(roster.ids), np.bool_)


def _month(roster: Roster, asked: Asked) -> NDArray[np.bool_]:
    """Rows said in a month that the question names, in the year it names if it does."""
    if not asked.months:
        return np.zeros(len(roster.ids), np.bool_)
    fits = np.isin(roster.column("month"), list(asked.months))
    if asked.years:
        fits &= np.isin(roster.column("year"), list(asked.years))
    return np.asarray(fits)
