"""How often is each strategy right, what does it cost, and is its confidence calibrated?

    every question × {direct, chain, vote} ──► a real agent on the embedded model ──► benchmarks/results/reasoning.json

Each strategy has a fresh home and recalls nothing (`memory.recall_k` 0; a word problem is a statement that would be
remembered and found by the next one), so the questions are independent; a question that recalled something anyway ends
the run. One run takes about ten minutes on two cores.

    python benchmarks/reasoning.py                              # all of data/verifiable_test.jsonl
    python benchmarks/reasoning.py --split dev --limit 16 --out var/reasoning.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from record import described_run

from workbench import Agent, open_agent
from workbench.core.records import StrategyName
from workbench.core.settings import Settings, load_settings
from workbench.evaluation import (
    Answered,
    AnswerScore,
    Outcome,
    Question,
    compare,
    load_questions,
    sample,
    score_answers,
)

ROOT = Path(__file__).parents[1]
OVERRIDES = {"model.backend": "embedded", "memory.recall_k": 0}
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)


def main() -> None:
    asked = arguments()
    questions = load_questions(ROOT / "data" / f"verifiable_{asked.split}.jsonl")
    if asked.limit is not None:
        questions = sample(questions, asked.limit, seed=0)
    settings = load_settings(overrides=OVERRIDES)
    scores: list[AnswerScore] = []
    for strategy in STRATEGIES:
        scores.append(asyncio.run(measure(strategy, questions, settings)))
        write(asked.out, record(asked.split, scores, settings))  # a run cut short keeps what it finished
    print(f"written to {asked.out}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="which questions")
    parser.add_argument("--limit", type=int, help="so many of them, every kind in proportion")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/reasoning.json", help="JSON file")
    return parser.parse_args()


async def measure(strategy: StrategyName, questions: tuple[Question, ...], settings: Settings) -> AnswerScore:
    """One strategy on all questions, in a home of its own."""
    with tempfile.TemporaryDirectory() as home:
        async with open_agent(settings.model_copy(update={"home": Path(home)})) as agent:
            await agent.ask("Hello", strategy=strategy)  # the weights load here, not in the first measured question
            return await score_answers(strategy, answerer(agent, strategy), questions, on_progress=show)


def answerer(agent: Agent, strategy: StrategyName) -> Any:
    async def answer(question: str) -> Answered:
        turn = await agent.ask(question, strategy=strategy)
        if turn.recalled or turn.history:
            sys.exit(f"{question!r} recalled {turn.recalled or turn.history}: the questions are not independent")
        return Answered.of(turn)

    return answer


def show(outcome: Outcome) -> None:
    said = outcome.failure if outcome.answered is None else " ".join(outcome.answered.text.split())[:70]
    print(f"{'+' if outcome.correct else '-'} {outcome.seconds:5.1f} s  {outcome.question.id}  {said}", file=sys.stderr)


def record(split: str, scores: list[AnswerScore], settings: Settings) -> dict[str, Any]:
    """Everything needed to read the figures, and to measure them again."""
    return {
        "what": "accuracy, cost and calibration of each strategy on checkable questions",
        **described_run(),
        "model": "smollm2-135m",
        "split": split,
        "settings": {
            "reasoning": settings.reasoning.model_dump(),
            "model": settings.model.model_dump(),
            "memory.recall_k": settings.memory.recall_k,
        },
        "strategies": {score.name: strategy_record(score) for score in scores},
        "paired": [paired_record(first, second) for place, second in enumerate(scores) for first in scores[:place]],
    }


def strategy_record(score: AnswerScore) -> dict[str, Any]:
    seconds = sorted(score.seconds)
    return {
        **score.to_dict(),
        "seconds_median": seconds[len(seconds) // 2],
        "seconds_max": seconds[-1],
        "by_kind": {
            kind: {"correct": part.correct, "questions": part.total, "accuracy_interval_95": list(part.interval)}
            for kind, part in score.by_kind().items()
        },
        "reliability": [{**asdict(one), "accuracy": one.accuracy} for one in score.reliability()],
        "answers": [answer_record(outcome) for outcome in score.outcomes],
    }


def answer_record(outcome: Outcome) -> dict[str, Any]:
    answered = outcome.answered
    return {
        "id": outcome.question.id,
        "correct": outcome.correct,
        "confidence": None if answered is None else answered.confidence,
        "seconds": round(outcome.seconds, 3),
        "text": outcome.failure if answered is None else answered.text,
    }


def paired_record(first: AnswerScore, second: AnswerScore) -> dict[str, Any]:
    found = compare(first, second)
    names = {"both": found.both, f"only {first.name}": found.only_first, f"only {second.name}": found.only_second}
    return {"of": [first.name, second.name], **names, "neither": found.neither, "sign_test_p": found.p_value}


def write(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


if __name__ == "__main__":
    main()
