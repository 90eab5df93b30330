"""How long after a deploy, and after a rollback, does the right adapter answer? And does a rollback leave a trace?

running     an agent that is open: deploy (or rollback) to the end of the next short answer
new process the same from a shell: `workbench deploy`, then `workbench ask` to the end of its answer, both together
trace       50 greedy answers before the deploy and after the rollback: texts and log-probabilities, compared exactly

The adapter is trained for a few steps first, which takes about a minute and is not timed.

python benchmarks/deploying.py               # writes benchmarks/results/deploying.json, about six minutes
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from record import described_run, write_record

from workbench import Agent, open_agent
from workbench.core.records import Reply, Sampling
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.learning import Learning
from workbench.models.protocol import gather
from workbench.prompts import direct

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/deploying.json"
NOBODY = "http://127.0.0.1:9"
SKILL, STEPS, NAME = "iso_date", 8, "dates"
ANSWERS, TOKENS = 50, 12


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="of each deploy and rollback")
    parser.add_argument("--bases", type=Path, help="folder of base weights; made in the home if left out")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        learning = prepared(Path(home), asked.bases)
        measured = asyncio.run(running(learning, asked.repeats)) | {"new_process": from_shell(home, asked.repeats)}
    write_record(asked.out, {**described_run(), "adapter": {"skill": SKILL, "steps": STEPS}, **measured})


def prepared(home: Path, bases: Path | None) -> Learning:
    """A home with one trained adapter, nothing deployed."""
    given = {"training.bases_folder": bases.absolute()} if bases else {}
    dials = {"home": home, "ollama.host": NOBODY, "memory.recall_k": 0, "training.steps": STEPS, **given}
    learning = Learning(load_settings(overrides=dials))
    learning.train(generate(SKILL, 16 * STEPS, seed=0), NAME)
    return learning


async def running(learning: Learning, repeats: int) -> dict[str, Any]:
    question = generate(SKILL, 1, seed=99)[0].prompt
    prompts = [one.prompt for one in generate(SKILL, ANSWERS, seed=100)]
    seconds: dict[str, list[float]] = {"deploy": [], "rollback": []}
    right: list[bool] = []
    async with open_agent(learning.settings) as agent:
        before = [await answer(agent, prompt) for prompt in prompts]
        for repeat in range(repeats):
            moves: Sequence[tuple[str, Callable[[], object], str | None]] = (
                ("deploy", lambda: learning.deploy(NAME, insist=True), NAME),
                ("rollback", learning.rollback, None),
            )
            for name, move, wanted in moves:
                started = time.perf_counter()
                await asyncio.to_thread(move)
                turn = await agent.ask(question, strategy="direct")
                seconds[name].append(time.perf_counter() - started)
                assert turn.choice is not None, "an answered turn has a choice"
                right.append(turn.choice.adapter == wanted)
                if repeat == 0 and name == "deploy":
                    between = [await answer(agent, prompt) for prompt in prompts]
        after = [await answer(agent, prompt) for prompt in prompts]
    return {
        "running": {name: spread(found) for name, found in seconds.items()} | {"right_adapter": all(right)},
        "trace": {
            "answers": len(prompts),
            "changed_while_deployed": sum(a.text != b.text for a, b in zip(before, between, strict=True)),
            "differ_after_rollback": sum(a != b for a, b in zip(before, after, strict=True)),
        },
    }


async def answer(agent: Agent, prompt: str) -> Reply:
    """What the engine that the agent would choose says, greedily, with its log-probabilities."""
    model = agent.backends.model(await agent.backends.choose(0.2))
    return await gather(model.stream(list(direct(prompt)), Sampling(max_tokens=TOKENS)))


def from_shell(home: str, repeats: int) -> dict[str, Any]:
    question = generate(SKILL, 1, seed=99)[0].prompt
    environment = {
        **os.environ,
        "WORKBENCH_HOME": home,
        "WORKBENCH_OLLAMA_HOST": NOBODY,
        "WORKBENCH_MEMORY_RECALL_K": "0",
    }

    def typed(*words: str) -> str:
        command = [sys.executable, "-m", "workbench", *words]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    seconds: dict[str, list[float]] = {"deploy": [], "rollback": []}
    right: list[bool] = []
    for _ in range(repeats):
        for name, words, wanted in (("deploy", ("deploy", NAME, "--force"), NAME), ("rollback", ("rollback",), None)):
            started = time.perf_counter()
            typed(*words)
            said = typed("ask", question, "--strategy", "direct", "--json")
            seconds[name].append(time.perf_counter() - started)
            right.append(json.loads(said)["choice"]["adapter"] == wanted)
    return {name: spread(found) for name, found in seconds.items()} | {"right_adapter": all(right)}


def spread(seconds: Sequence[float]) -> dict[str, Any]:
    return {"median_s": statistics.median(seconds), "lowest_s": min(seconds), "highest_s": max(seconds)}


if __name__ == "__main__":
    main()
