"""What does the workbench cost on top of its engine, and how long does a person wait?

overhead        a direct answer through the whole walk ÷ the bare engine with the same rendered prompt, 128 tokens
                each, interleaved in one run: median of the pairwise ratios, with quartiles
speed           tokens per second and time to the first token, warm
cold start      a new process, `workbench ask`, to the first character of the answer, with memories to recall
import          `import workbench`, less the start of Python itself

python benchmarks/answering.py                              # writes benchmarks/results/answering.json
python benchmarks/answering.py --repeats 5 --out var/answering.json
"""

from __future__ import annotations

import argparse
import asyncio
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
from workbench.core.records import Message, Turn
from workbench.models.embedded import EmbeddedModel
from workbench.models.scripted import ScriptedModel
from workbench.prompts import render
from workbench.reasoning.events import TokenArrived, TurnEvent

ROOT = Path(__file__).parents[1]
TOKENS = 128
QUESTION = "Tell me a long story about a fox and a river."
COLD_QUESTION = "What is my dog's name?"
NOBODY = "http://127.0.0.1:9"
FACTS = (
    "My dog is called Rufus.",
    *(f"Shelf {n} holds {n * 7} books about the history of town {n}." for n in range(60)),
)


def main() -> None:
    asked = arguments()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        figures: dict[str, Any] = {"import_s": import_time(asked.repeats)}
        figures |= asyncio.run(warm_figures(home, asked.repeats))
        figures["cold_start_s"] = cold_start(home, asked.repeats)
    write_record(asked.out, {**described_run(), "tokens": TOKENS, **figures})


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure overhead, speed and cold start of answering.")
    parser.add_argument("--repeats", type=int, default=21, help="how often each figure is measured")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/answering.json", help="JSON file")
    return parser.parse_args()


async def warm_figures(home: Path, repeats: int) -> dict[str, Any]:
    """Overhead and speed, both from the same interleaved pairs."""
    overrides = {"reasoning.max_tokens": TOKENS, "model.backend": "embedded", "ollama.host": NOBODY}
    async with open_agent(home=home, overrides=overrides) as agent:
        for fact in FACTS:
            await agent.ask(fact, model=ScriptedModel("Noted."), strategy="direct")
        await agent.ask(QUESTION, strategy="direct")  # loads everything, and does not count
        pairs = [await one_pair(agent, ours_first=bool(number % 2)) for number in range(repeats)]
    return {
        "overhead_ratio": spread([pair["ours_s"] / pair["bare_s"] for pair in pairs]),
        "ours_s": spread([pair["ours_s"] for pair in pairs]),
        "bare_s": spread([pair["bare_s"] for pair in pairs]),
        "first_token_s": spread([pair["first_token_s"] for pair in pairs]),
        "tokens_per_second": spread([TOKENS / (pair["ours_s"] - pair["first_token_s"]) for pair in pairs]),
    }


async def one_pair(agent: Agent, *, ours_first: bool) -> dict[str, float]:
    """The same prompt through the whole walk, the choice of a model included, and through the engine alone."""
    model = agent.backends.model(await agent.backends.choose(0.0))
    assert isinstance(model, EmbeddedModel)
    if ours_first:
        turn, figures = await through_the_walk(agent)
        bare, bare_s = await through_the_engine(model)
    else:
        bare, bare_s = await through_the_engine(model)
        turn, figures = await through_the_walk(agent)
    check_same_work(turn, bare)
    return {**figures, "bare_s": bare_s}


async def through_the_walk(agent: Agent) -> tuple[Turn, dict[str, float]]:
    first_token: list[float] = []
    started = time.perf_counter()

    def on_event(event: TurnEvent) -> None:
        if isinstance(event, TokenArrived) and not first_token:
            first_token.append(time.perf_counter() - started)

    turn = await agent.ask(QUESTION, strategy="direct", on_event=on_event)
    return turn, {"ours_s": time.perf_counter() - started, "first_token_s": first_token[0]}


async def through_the_engine(model: EmbeddedModel) -> tuple[dict[str, Any], float]:
    started = time.perf_counter()
    bare = await asyncio.to_thread(model.bare_completion, rendered_prompt(), max_tokens=TOKENS)
    return bare, time.perf_counter() - started


def rendered_prompt() -> str:
    """The text the engine makes of the walk's messages: ChatML, as the model's own template writes it."""
    messages: Sequence[Message] = render("direct", "en", known="", question=QUESTION)
    chat = "".join(f"<|im_start|>{message.role}\n{message.content}<|im_end|>\n" for message in messages)
    return f"{chat}<|im_start|>assistant\n"


def check_same_work(turn: Turn, bare: dict[str, Any]) -> None:
    """A ratio is only fair if both read and wrote the same tokens."""
    ours = (turn.usage.prompt_tokens, turn.usage.completion_tokens, (turn.answer or "").strip())
    theirs = (bare["usage"]["prompt_tokens"], bare["usage"]["completion_tokens"], bare["choices"][0]["text"].strip())
    if ours != theirs or ours[1] != TOKENS or turn.recalled:
        raise SystemExit(f"not the same work: {ours[:2]} against {theirs[:2]}, {len(turn.recalled)} memories recalled")


def cold_start(home: Path, repeats: int) -> dict[str, float]:
    """From starting the process to the first character of the answer, on a home with memories."""
    environment = {**os.environ, "WORKBENCH_HOME": str(home), "WORKBENCH_OLLAMA_HOST": NOBODY}
    command = [sys.executable, "-m", "workbench", "ask", COLD_QUESTION, "--strategy", "direct", "--stream"]

    def once() -> float:
        started = time.perf_counter()
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            first = process.stdout.read(1)
            waited = time.perf_counter() - started
            process.stdout.read()
        if not first or process.returncode != 0:
            raise SystemExit(f"the cold start failed with exit code {process.returncode}")
        return waited

    return spread(repeated(once, repeats))


def import_time(repeats: int) -> dict[str, float]:
    """`import workbench` in a new process, less an empty one, pair by pair."""

    def once() -> float:
        return python_time("import workbench") - python_time("pass")

    return spread(repeated(once, repeats))


def python_time(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def repeated(once: Callable[[], float], repeats: int) -> list[float]:
    """The first run warms the disk cache and does not count."""
    return [once() for _ in range(repeats + 1)][1:]


def spread(values: Sequence[float]) -> dict[str, float]:
    low, median, high = statistics.quantiles(values, n=4)
    return {"median": round(median, 4), "q1": round(low, 4), "q3": round(high, 4), "runs": len(values)}


if __name__ == "__main__":
    main()
