"""What corrections in memory are worth before anything is learned: told to the model as facts, or shown as exchanges.

    ten tasks × 40 corrections ─► one memory ─► 20 unseen questions of each task, each recalls what is near ─► right?

    nothing      the model alone
    facts        what is recalled stands in the system message, one line each
    exchanges    what is recalled stands before the question as question and right answer, as `direct` asks

    python benchmarks/corrections.py             # 3 to 4 minutes on one core

Recall is the agent's own, at its usual settings. Nothing is trained.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from record import described_run, write_record

from workbench import prompts
from workbench.agent import Agent, open_agent
from workbench.core.examples import Example
from workbench.core.records import Statement
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.cycles.ablation import reminded
from workbench.evaluation.intervals import wilson_interval
from workbench.learning import PLAIN
from workbench.prompts.corrections import correction_statement

TARGET = Path(__file__).parent / "results/corrections.json"
TASKS = (
    *("iso_date", "price", "reverse_words", "email_domain", "ticket"),
    *("look_up", "phone", "units", "count", "person_city"),
)
CORRECTED_SEED, UNSEEN_SEED = 11, 12
Way = Callable[[Agent, Example], Awaitable[Example]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=40, help="corrections of each task")
    parser.add_argument("--unseen", type=int, default=20, help="questions of each task")
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--out", type=Path, default=TARGET)
    asked = parser.parse_args()
    found = asyncio.run(measured(asked.each, asked.unseen, asked.bases))
    write_record(asked.out, {**described_run(), "corrections": asked.each, **found})


async def measured(each: int, unseen: int, bases: Path) -> dict[str, Any]:
    """Right answers by way and task."""
    corrected = [one for task in TASKS for one in generate(task, each, seed=CORRECTED_SEED)]
    without = {one.id for one in corrected}
    questions = {task: generate(task, unseen, seed=UNSEEN_SEED, without=without) for task in TASKS}
    given = {"model.backend": "embedded", "training.bases_folder": str(bases)}
    with tempfile.TemporaryDirectory() as home:
        async with open_agent(home=Path(home), overrides=given) as agent:
            said = [correction_statement(one.prompt, one.answer, "en") for one in corrected]
            await agent.memory.add([Statement(text, kind="fact") for text in said])
            rights = {name: await _rights(agent, way, questions) for name, way in WAYS.items()}
    total = unseen * len(TASKS)
    return {
        "right": rights,
        "of_each": unseen,
        "all": {name: _share(sum(some.values()), total) for name, some in rights.items()},
    }


async def nothing(agent: Agent, one: Example) -> Example:
    return one


async def facts(agent: Agent, one: Example) -> Example:
    """Everything that is recalled as lines of the system message."""
    lines = [memory.text for memory in await agent.looked_up(one.prompt)]
    return replace(one, messages=prompts.direct(one.prompt, "en", known=prompts.known(lines, "en")))


async def exchanges(agent: Agent, one: Example) -> Example:
    return await reminded(one, agent.looked_up)


WAYS: Mapping[str, Way] = {"nothing": nothing, "facts": facts, "exchanges": exchanges}


async def _rights(agent: Agent, way: Way, questions: Mapping[str, tuple[Example, ...]]) -> dict[str, int]:
    found = {}
    for task, some in questions.items():
        asked = [await way(agent, one) for one in some]
        found[task] = agent.learning.score(asked, PLAIN, keep=False).correct
    return found


def _share(right: int, total: int) -> dict[str, Any]:
    return {"right": right, "of": total, "interval_95": wilson_interval(right, total)._asdict()}


if __name__ == "__main__":
    main()
