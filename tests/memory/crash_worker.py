"""A process that uses a memory until it is killed: says what it is about to do, does it, says that it is done.

python -m tests.memory.crash_worker HOME SEED
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path

from workbench.core.records import Statement, Turn
from workbench.memory import Memory

THINGS = ["cats", "dogs", "boats", "houses", "pianos", "bicycles", "cameras", "gardens", "horses", "clocks"]
PLACES = ["Oslo", "Bergen", "Rome", "Kyoto", "Lima", "Cairo", "Quito", "Turin", "Ghent", "Porto"]


class Worker:
    def __init__(self, memory: Memory, dice: random.Random) -> None:
        self.memory = memory
        self.dice = dice

    async def step(self) -> None:
        deeds = [self.say] * 12 + [self.add] * 3 + [self.edit, self.edit, self.pin, self.forget, self.consolidate]
        await self.dice.choice(deeds)()

    async def say(self) -> None:
        text = self.sentence()
        tell("begin", "say", text=text)
        turn = await self.memory.remember(Turn(question=text, answer="I see."))
        tell("done", "say", turn=turn.id, ids=list(turn.memory_ids), text=text)

    async def add(self) -> None:
        texts = [f"Remember: {self.sentence()}" for _ in range(3)]
        tell("begin", "add")
        ids = await self.memory.add([Statement(text) for text in texts])
        tell("done", "add", ids=list(ids), texts=texts)

    async def edit(self) -> None:
        if name := self.somebody():
            text = f"In truth: {self.sentence()}"
            tell("begin", "edit", id=name, text=text)
            await self.memory.edit(name, text)
            tell("done", "edit", id=name, text=text)

    async def pin(self) -> None:
        if name := self.somebody():
            tell("begin", "pin", id=name)
            await self.memory.pin(name)
            tell("done", "pin", id=name)

    async def forget(self) -> None:
        """One that replaced nothing: with it, its duplicates would go."""
        replaced = {one.replaced_by for one in self.memory.memories.list()}
        if (name := self.somebody()) and name not in replaced:
            tell("begin", "forget", id=name)
            await self.memory.forget(name)
            tell("done", "forget", id=name)

    async def consolidate(self) -> None:
        tell("begin", "consolidate")
        await asyncio.to_thread(self.memory.consolidator.run)
        tell("done", "consolidate")

    def somebody(self) -> str | None:
        ids = sorted(one.id for one in self.memory.memories.list())
        return self.dice.choice(ids) if ids else None

    def sentence(self) -> str:
        number = self.dice.randrange(10**9)
        return f"I bought {number} {self.dice.choice(THINGS)} in {self.dice.choice(PLACES)}."


def tell(when: str, what: str, **more: object) -> None:
    print(json.dumps({"when": when, "what": what, **more}), flush=True)


async def main() -> None:
    memory = Memory.open(Path(sys.argv[1]))
    worker = Worker(memory, random.Random(int(sys.argv[2])))
    opening = asyncio.create_task(memory.open_index())  # as in a long-lived process: it works on meanwhile
    tell("ready", "open")
    while True:
        await worker.step()
        if opening.done():
            await memory.recall("Where did I buy the cats?")


if __name__ == "__main__":
    asyncio.run(main())
