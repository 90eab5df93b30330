"""Adaptive self-consistency: sample short chains of thought until the lead is safe, then answer with the leader.

    stop when   n ≥ votes_min  and  P(leader stays ahead) ≥ vote_confidence      or   n = votes_max

P is `lead_probability` (Aggarwal et al. 2023, arXiv 2305.11860); voting itself: Wang et al. 2022, arXiv 2203.11171.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from workbench.core.checkers import normalise
from workbench.core.records import Turn
from workbench.core.schema import ReasoningSettings
from workbench.reasoning.confidence import from_votes, lead_probability
from workbench.reasoning.events import VoteCast
from workbench.reasoning.thinker import Thinker

VOTE_TOKENS = 96
_ANSWER = re.compile(r"(?:answer|答え|回答)\s*[:：]\s*(.+)", re.IGNORECASE)


async def think(turn: Turn, thinker: Thinker) -> Turn:
    """Between `votes_min` and `votes_max` samples, each with its own seed derived from `reasoning.seed`."""
    messages = thinker.messages("vote", turn, question=turn.question)
    said: list[str] = []
    while not enough(said, thinker.dials):
        number = len(said) + 1
        sampling = thinker.sampling(
            temperature=thinker.dials.vote_temperature,
            max_tokens=VOTE_TOKENS,
            seed=thinker.dials.seed + number,
            reuse_prompt=number > 1,  # the first vote computes it afresh, so that a seed repeats a whole vote
        )
        turn, reply = await thinker.think(turn, f"vote {number}", messages, sampling)
        said.append(final_answer(reply.text))
        leader, _, lead = standing(said)
        thinker.emit(VoteCast(answer=said[-1], votes=number, leader=leader, lead=lead))
    leader, votes, _ = standing(said)
    return replace(turn, answer=leader, confidence=from_votes(votes, len(said)))


def final_answer(text: str) -> str:
    """What stands after the last "Answer:", else the last line that is not blank."""
    found = _ANSWER.findall(text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return str(found[-1]).strip() if found else lines[-1] if lines else ""


def standing(said: list[str]) -> tuple[str, int, float]:
    """The leading answer in its first spelling, its votes, and how likely it stays ahead; ties go to the first."""
    counts = Counter(normalise(answer) for answer in said)
    ranked = counts.most_common(2)
    leader, votes = ranked[0]
    spelling = next(answer for answer in said if normalise(answer) == leader)
    return spelling, votes, lead_probability(votes, ranked[1][1] if len(ranked) > 1 else 0)


def enough(said: list[str], dials: ReasoningSettings) -> bool:
    """The stopping rule that the module's head states."""
    if len(said) < dials.votes_min:
        return False
    return len(said) >= dials.votes_max or standing(said)[2] >= dials.vote_confidence
