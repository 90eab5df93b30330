"""The solver: it answers a proposed task several times, each time afresh, and never sees what the proposer believed.

    solution i  =  system · (seed's task · seed's answer) × shots, drawn anew · the task ──► one line

Other seeds shown and another sampling seed make the solutions as independent as one model's can be. It counts nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from workbench import prompts
from workbench.core.records import Message, Sampling
from workbench.core.tokens import tokens_of
from workbench.corpus.asking import Asker
from workbench.corpus.synthetic.proposer import drawn
from workbench.corpus.synthetic.records import Candidate, Task, spread

TEMPERATURE = 0.5
TOP_P = 0.95


async def solutions(asker: Asker, task: Task, candidate: Candidate) -> AsyncIterator[str]:
    """Up to `task.solutions` answers, one at a time, so that the critic can end the counting early."""
    for attempt in range(1, task.solutions + 1):
        reply = await asker.ask(messages(task, candidate, attempt), sampling(task, candidate, attempt))
        yield reply.text.strip()


def messages(task: Task, candidate: Candidate, attempt: int) -> list[Message]:
    system, question = prompts.render("solve", task.language, task=candidate.prompt)
    chat = [system]
    for one in drawn(task, candidate.number, attempt):
        chat += [Message("user", one.prompt), Message("assistant", one.answer)]
    return [*chat, question]


def sampling(task: Task, candidate: Candidate, attempt: int) -> Sampling:
    room = 2 * max(tokens_of(one.answer) for one in task.seeds) + 16
    stop = () if any("\n" in one.answer for one in task.seeds) else ("\n",)
    return Sampling(TEMPERATURE, TOP_P, room, spread((task.seed, candidate.number, attempt)), stop)
