"""What memory finds, what it costs, and what consolidation keeps: one record, one table.

    recall         a conversation of LoCoMo's format through the real store, each ingredient left out in turn
    japanese       the same on data/recall_ja.jsonl, with the multilingual embedder and with the default one
    consolidation  recall against the share of content tokens kept, beside random eviction and recency
    speed          write and search, 1,000 to 100,000 memories, exact and Chroma, plain and encrypted

LoCoMo's licence (CC BY-NC 4.0) keeps it out of this project: `--locomo` says where its file lies. Everything else runs
without it. All parts take about half an hour on two cores.

    python benchmarks/memory.py --locomo locomo10.json
    python benchmarks/memory.py --locomo locomo10.json --only recall --out var/recall.json
    python benchmarks/memory.py --only japanese speed
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import keeping
import recalling
import storing
from record import described_run, kept_parts, write_record

from workbench.core.errors import ModelNotFound
from workbench.evaluation.conversations import Conversation, read_lines, read_locomo
from workbench.memory import MiniLM, open_embedder

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks/results/memory.json"
JAPANESE = ROOT / "data/recall_ja.jsonl"
PARTS = ("recall", "japanese", "consolidation", "speed")
NEED_LOCOMO = ("recall", "consolidation")
MISSING = (
    "These parts need conversations of LoCoMo's format, which its licence keeps out of this project: {parts}. Fetch "
    "data/locomo10.json of the repository snap-research/LoCoMo and pass it with --locomo, or choose parts with --only"
)


def main() -> None:
    asked = arguments()
    parts = tuple(asked.only or PARTS)
    conversations = opened(asked.locomo, [part for part in parts if part in NEED_LOCOMO])
    measures: dict[str, Callable[[], Awaitable[Any]]] = {
        "recall": lambda: recalling.measured(conversations, MiniLM()),
        "japanese": japanese,
        "consolidation": lambda: keeping.measured(conversations, MiniLM()),
        "speed": storing.measured,
    }
    record = {**kept_parts(asked.out, PARTS), **described_run()}
    for part in parts:
        record[part] = asyncio.run(measures[part]())  # type: ignore[arg-type]
        record.setdefault("measured_by", {})[part] = described_run()
        write_record(asked.out, record)  # a run cut short keeps what it finished


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--locomo", type=Path, help="a file of LoCoMo's format")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="some of the parts; the others stay as they were")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    return parser.parse_args()


def opened(locomo: Path | None, needing: list[str]) -> tuple[Conversation, ...]:
    """The conversations, or one sentence and exit code 2."""
    if not needing:
        return ()
    if locomo is None:
        refuse(MISSING.format(parts=", ".join(needing)))
    try:
        return read_locomo(locomo)
    except OSError as error:
        refuse(f"{locomo} cannot be read ({error.strerror}); pass the path of a LoCoMo file")
    except ValueError as error:
        refuse(str(error))


def refuse(sentence: str) -> Any:
    print(sentence, file=sys.stderr)
    raise SystemExit(2)


async def japanese() -> dict[str, Any]:
    """The shipped Japanese conversation with both embedders; one that is not installed is named as missing."""
    conversation = read_lines(JAPANESE)
    found: dict[str, Any] = {}
    for name in ("multilingual-e5-small", "minilm"):
        try:
            found[name] = await recalling.measured([conversation], open_embedder(name), ablate=False)
        except ModelNotFound as error:
            found[name] = {"not measured": str(error)}
    return found


if __name__ == "__main__":
    main()
