"""One of several processes on one home: writes and reads from `go` on, then answers questions until it is told to end.

    python -m tests.memory.sharing_worker HOME NAME SECONDS INDEX

Standard input: `go`, then one JSON list of questions, then end of file. Standard output: `ready`, what was written, and
what each question recalls.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from workbench.core.records import Turn
from workbench.memory import Memory


async def use(memory: Memory, name: str, seconds: float) -> dict[str, str]:
    """Id -> text of everything that was acknowledged."""
    written: dict[str, str] = {}
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        number += 1
        asks = "Remember that" if number % 3 == 0 else "By the way,"
        text = f"{asks} {name} has {number} red boats in harbour {number * 7 % 11}."
        turn = await memory.remember(Turn(question=text, answer="I see."))
        written.update(dict.fromkeys(turn.memory_ids, text))
        if number % 4 == 0:
            await memory.recall(f"How many boats has {name}?")
    return written


async def answers(memory: Memory, questions: list[str]) -> list[list[str]]:
    found = [await memory.recall(question, k=5, tokens=400, min_score=0.3, counted=False) for question in questions]
    return [[hit.memory_id for hit in hits] for hits in found]


async def main() -> None:
    home, name, seconds, index = sys.argv[1:]
    memory = Memory.open(Path(home), index=index)
    await memory.warm()
    if index == "chroma":
        assert await memory.open_index()
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(await use(memory, name, float(seconds))), flush=True)
    questions = json.loads(await asyncio.to_thread(sys.stdin.readline))
    print(json.dumps(await answers(memory, questions)), flush=True)
    print(memory.index_name, flush=True)
    memory.close()


if __name__ == "__main__":
    asyncio.run(main())
