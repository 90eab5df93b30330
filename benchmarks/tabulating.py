"""A record of `memory.py` as tables for papers: python benchmarks/tabulating.py [RECORD.json]"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "results/memory.json"
FIGURES = ("any_at_5", "any_at_10", "share_at_10", "within_400", "within_1000")
HEADS = ("any@5", "any@10", "frac@10", "400 tokens", "1,000 tokens")


def main() -> None:
    record = json.loads((Path(sys.argv[1]) if sys.argv[1:] else RECORD).read_text(encoding="utf-8"))
    for part, table in (("recall", recall), ("japanese", japanese), ("consolidation", consolidation), ("speed", speed)):
        if part in record:
            print(f"\n## {part}\n")
            print("\n".join(table(record[part])))


def recall(part: Mapping[str, Any]) -> Iterator[str]:
    questions = part["all"]["questions"]
    yield from rows(
        ["", *HEADS],
        [
            [f"**all {questions} questions**", *figures(part["all"])],
            *([name, *figures(found)] for name, found in part["by_conversation"].items()),
            *([f"{name} ({found['questions']})", *figures(found)] for name, found in part["by_category"].items()),
            *([f"without {name}", *figures(found)] for name, found in part["left_out"].items()),
        ],
    )


def japanese(part: Mapping[str, Any]) -> Iterator[str]:
    found = [(name, one["all"]) for name, one in part.items() if "all" in one]
    yield from rows(["embedder", *HEADS], [[name, *figures(one)] for name, one in found])


def consolidation(part: Mapping[str, Any]) -> Iterator[str]:
    by_policy: dict[str, dict[float, Mapping[str, Any]]] = {}
    for row in part["rows"]:
        by_policy.setdefault(row["policy"], {})[row["share"]] = row
    shares = sorted({row["share"] for row in part["rows"]}, reverse=True)
    heads = [f"{what} at {share:.0%}" for what in ("evidence", "recall") for share in shares]
    table = []
    for name, found in by_policy.items():
        table.append([name, *(short(found[share][what]) for what in ("evidence", "recall") for share in shares)])
    yield from rows(["policy", *heads], table)


def speed(part: Mapping[str, Any]) -> Iterator[str]:
    sizes = [*part["by_size"], {**part["encrypted"], "index": "exact, encrypted"}]
    yield from rows(
        ["memories", "index", "search p50, p95 (ms)", "write p50, p95 (ms)", "first search (s)", "on disk (MB)"],
        [
            [
                f"{one['memories']:,}",
                one["index"],
                f"{one['search_ms']['p50']}, {one['search_ms']['p95']}",
                f"{one['write_ms']['p50']}, {one['write_ms']['p95']}",
                one["first_search_s"],
                round(one["bytes_on_disk"] / 1e6),
            ]
            for one in sizes
        ],
    )


def figures(found: Mapping[str, float]) -> list[str]:
    return [short(found[name]) for name in FIGURES]


def short(value: float) -> str:
    return f"{value:.3f}".lstrip("0")


def rows(heads: Sequence[str], table: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in table:
        yield "| " + " | ".join(str(value) for value in row) + " |"


if __name__ == "__main__":
    main()
