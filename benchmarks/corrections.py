"""What corrections in memory are worth: told to the model as facts, or shown as exchanges; and beside an adapter.

    untrained   ten tasks × 40 corrections ─► one memory ─► 20 unseen questions of each, each recalls what is near
                nothing      the model alone
                facts        what is recalled stands in the system message, one line each
                exchanges    what is recalled stands before the question as question and right answer
    beside      120 corrections of each of five tasks, half of which an adapter learns, as in a cycle, and 40 of each of
                three other tasks, in one memory
                alone        the adapter, nothing recalled
                exchanges    as above, answered by the adapter
                chosen       by heart where it has learned from what is recalled, else as exchanges: what `direct` does

    python benchmarks/corrections.py                    # 10 minutes on one core
    python benchmarks/corrections.py --only beside      # 4 of them

Recall is the agent's own, at its usual settings; corrections are given to turns, as a person gives them.
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
from workbench.core.records import Turn
from workbench.core.settings import load_settings
from workbench.corpus.interactions import from_sessions
from workbench.corpus.skills import generate
from workbench.corpus.splits import split
from workbench.cycles.ablation import reminded
from workbench.cycles.evidence import SHARES
from workbench.evaluation.intervals import wilson_interval
from workbench.learning import PLAIN

TARGET = Path(__file__).parent / "results/corrections.json"
TASKS = (
    *("iso_date", "price", "reverse_words", "email_domain", "ticket"),
    *("look_up", "phone", "units", "count", "person_city"),
)
LEARNED = ("iso_date", "price", "reverse_words", "snake_case", "ticket")  # redaction takes nothing out of them
OTHERS = ("units", "person_city", "look_up")
FEW, MANY, UNSEEN, STEPS = 40, 120, 20, 40  # corrections of a task, of one that is learned; questions; of training
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
        asked = {one.prompt for some in learned.values() for one in some}
        every = [one for one in from_sessions(agent.memory.sessions).examples if one.prompt in asked]
        parts = split(every, shares=SHARES)
        name = learning.train(parts.train, "learned", tune=parts.tune).shelved.identity
        turns = learning.turns_learned_by(name)
        found: dict[str, dict[str, int]] = {"alone": {}, "exchanges": {}, "chosen": {}}
        for task, some in questions.items():
            ways = {
                "alone": some,
                "exchanges": [await exchanges(agent, one) for one in some],
                "chosen": [await reminded(one, agent.looked_up, turns) for one in some],
            }
            for way, told in ways.items():
                found[way][task] = learning.score(told, name, keep=False).correct
        return {"learned": list(LEARNED), "steps": STEPS, **_summed(found)}


@asynccontextmanager
async def remembering(corrected: Mapping[str, Sequence[Example]], bases: Path) -> AsyncIterator[Agent]:
    """An agent of its own whose memory holds these corrections."""
    given = {"model.backend": "embedded", "training.bases_folder": str(bases), "training.steps": STEPS}
    with tempfile.TemporaryDirectory() as home:
        async with open_agent(home=Path(home), overrides=given) as agent:
            for one in (one for some in corrected.values() for one in some):
                turn = agent.memory.sessions.save(Turn(question=one.prompt, answer="I do not know."))
                await agent.give_feedback(turn.id, correction=one.answer)
            yield agent


async def nothing(agent: Agent, one: Example) -> Example:
    return one


async def facts(agent: Agent, one: Example) -> Example:
    """Everything that is recalled as lines of the system message."""
    lines = [memory.text for memory in await agent.looked_up(one.prompt)]
    return replace(one, messages=prompts.direct(one.prompt, "en", known=prompts.known(lines, "en")))


async def exchanges(agent: Agent, one: Example) -> Example:
    return await reminded(one, agent.looked_up, None)


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
