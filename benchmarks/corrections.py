"""What corrections in memory are worth: told to the model as facts, or shown as exchanges; and beside an adapter.

    untrained   ten tasks × 40 corrections ─► one memory ─► 20 unseen questions of each, each recalls what is near
                nothing      the model alone
                facts        what is recalled stands in the system message, one line each
                exchanges    what is recalled stands before the question as question and right answer
    beside      an adapter of five tasks × 60 corrections; these and 40 of each of three other tasks in one memory
                alone        the adapter, nothing recalled
                exchanges    as above, answered by the adapter
                surer        the surer of these two answers, as `direct` gives it

    python benchmarks/corrections.py                    # 10 minutes on one core
    python benchmarks/corrections.py --only beside      # 6 of them

Recall is the agent's own, at its usual settings.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from record import described_run, kept_parts, write_record

from workbench import prompts
from workbench.agent import Agent, open_agent
from workbench.core.examples import Example
from workbench.core.records import Statement
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.cycles.ablation import reminded, right_with_memory
from workbench.evaluation.intervals import wilson_interval
from workbench.learning import PLAIN
from workbench.prompts.corrections import correction_statement

TARGET = Path(__file__).parent / "results/corrections.json"
TASKS = (
    *("iso_date", "price", "reverse_words", "email_domain", "ticket"),
    *("look_up", "phone", "units", "count", "person_city"),
)
LEARNED, OTHERS = TASKS[:5], ("units", "person_city", "look_up")
FEW, MANY, UNSEEN, STEPS = 40, 60, 20, 40  # corrections of a task, of one that is learned; questions; of training
CORRECTED_SEED, UNSEEN_SEED = 11, 12
Way = Callable[[Agent, Example], Awaitable[Example]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--out", type=Path, default=TARGET)
    asked = parser.parse_args()
    record = {**kept_parts(asked.out, list(PARTS)), **described_run()}
    for name in asked.only:
        record[name] = asyncio.run(PARTS[name](asked.bases))
        record.setdefault("measured_by", {})[name] = described_run()
    write_record(asked.out, record)


async def untrained(bases: Path) -> dict[str, Any]:
    """Right answers by way and task, of the model as it comes."""
    corrected = {task: generate(task, FEW, seed=CORRECTED_SEED) for task in TASKS}
    async with remembering(corrected, bases) as agent:
        questions = _unseen(corrected)
        return _summed({name: await _rights(agent, way, questions) for name, way in WAYS.items()})


async def beside(bases: Path) -> dict[str, Any]:
    """Right answers by way and task, of an adapter that has learned some of the tasks."""
    learned = {task: generate(task, MANY, seed=CORRECTED_SEED) for task in LEARNED}
    others = {task: generate(task, FEW, seed=CORRECTED_SEED) for task in OTHERS}
    async with remembering({**learned, **others}, bases) as agent:
        learning, questions = agent.learning, _unseen({**learned, **others})
        name = learning.train([one for some in learned.values() for one in some], "learned").shelved.identity
        found: dict[str, dict[str, int]] = {"alone": {}, "exchanges": {}, "surer": {}}
        for task, some in questions.items():
            told = [await reminded(one, agent.looked_up) for one in some]
            found["alone"][task] = learning.score(some, name, keep=False).correct
            found["exchanges"][task] = learning.score([one.whole for one in told], name, keep=False).correct
            found["surer"][task] = right_with_memory(learning, name, told)
        return {"learned": list(LEARNED), "steps": STEPS, **_summed(found)}


@asynccontextmanager
async def remembering(corrected: Mapping[str, Sequence[Example]], bases: Path) -> AsyncIterator[Agent]:
    """An agent of its own whose memory holds these corrections."""
    given = {"model.backend": "embedded", "training.bases_folder": str(bases), "training.steps": STEPS}
    with tempfile.TemporaryDirectory() as home:
        async with open_agent(home=Path(home), overrides=given) as agent:
            every = [one for some in corrected.values() for one in some]
            said = [correction_statement(one.prompt, one.answer, "en") for one in every]
            await agent.memory.add([Statement(text, kind="fact") for text in said])
            yield agent


async def nothing(agent: Agent, one: Example) -> Example:
    return one


async def facts(agent: Agent, one: Example) -> Example:
    """Everything that is recalled as lines of the system message."""
    lines = [memory.text for memory in await agent.looked_up(one.prompt)]
    return replace(one, messages=prompts.direct(one.prompt, "en", known=prompts.known(lines, "en")))


async def exchanges(agent: Agent, one: Example) -> Example:
    return (await reminded(one, agent.looked_up)).whole


PARTS = {"untrained": untrained, "beside": beside}
WAYS: Mapping[str, Way] = {"nothing": nothing, "facts": facts, "exchanges": exchanges}


async def _rights(agent: Agent, way: Way, questions: Mapping[str, tuple[Example, ...]]) -> dict[str, int]:
    found = {}
    for task, some in questions.items():
        asked = [await way(agent, one) for one in some]
        found[task] = agent.learning.score(asked, PLAIN, keep=False).correct
    return found


def _unseen(corrected: Mapping[str, Sequence[Example]]) -> Mapping[str, tuple[Example, ...]]:
    without = {one.id for some in corrected.values() for one in some}
    return {task: generate(task, UNSEEN, seed=UNSEEN_SEED, without=without) for task in corrected}


def _summed(rights: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    totals = {name: _share(sum(some.values()), UNSEEN * len(some)) for name, some in rights.items()}
    return {"right": rights, "of_each": UNSEEN, "all": totals}


def _share(right: int, total: int) -> dict[str, Any]:
    return {"right": right, "of": total, "interval_95": wilson_interval(right, total)._asdict()}


if __name__ == "__main__":
    main()
