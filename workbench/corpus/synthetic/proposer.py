"""The proposer: a few seeds of a skill as a chat, and the model writes one more task with the answer it believes.

    system · ("Another task." · {"prompt", "answer"}) × shots · "Another task." ──► {"prompt", "answer"}

Each try draws other seeds in another order, with a sampling seed of its own. It does not know whether the answer is
right.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from workbench import prompts
from workbench.core.examples import Example
from workbench.core.records import Message, Sampling
from workbench.core.tokens import tokens_of
from workbench.corpus.asking import Asker, Refused, fields_of
from workbench.corpus.synthetic.records import Candidate, Task, spread

TEMPERATURE = 0.7  # for variety; at .9 a small model no longer answers its own task
TOP_P = 0.95
_TEXT = {"type": "string", "minLength": 1}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"prompt": _TEXT, "answer": _TEXT},
    "required": ["prompt", "answer"],
    "additionalProperties": False,
}


async def propose(asker: Asker, task: Task, number: int) -> Candidate | Refused:
    """The candidate of one try, or why its reply is none."""
    shown = drawn(task, number)
    sampling = Sampling(TEMPERATURE, TOP_P, reply_tokens(task.seeds), spread((task.seed, number)), json_schema=SCHEMA)
    reply = await asker.ask(messages(task, shown), sampling)
    fields = fields_of(reply.text, "prompt", "answer")
    if fields is None:
        return Refused(None, "the reply is not the JSON that was asked for", reply.text)
    return Candidate(fields["prompt"], fields["answer"], number)


def messages(task: Task, shown: list[Example]) -> list[Message]:
    system, another = prompts.render("propose", task.language)
    chat = [system]
    for one in shown:
        written = json.dumps({"prompt": one.prompt, "answer": one.answer}, ensure_ascii=False)
        chat += [another, Message("assistant", written)]
    return [*chat, another]


def drawn(task: Task, *numbers: int) -> list[Example]:
    """Seeds to show, drawn anew for each try and each solution."""
    return Random(spread((task.seed, *numbers))).sample(task.seeds, min(task.shots, len(task.seeds)))


def reply_tokens(seeds: tuple[Example, ...]) -> int:
    """Room for a task twice as long as the longest seed."""
    return 2 * max(tokens_of(one.prompt) + tokens_of(one.answer) for one in seeds) + 32
