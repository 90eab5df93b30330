"""How many planted secrets redaction finds, and how often it takes ordinary text for one.

    python benchmarks/redaction.py [--each 40]

Recall is of three sets of sentences, see `planted_secrets.py`; alarms are ordinary texts in which anything was found.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from planted_secrets import Planted, planted
from record import described_run, write_record

from workbench.corpus.redaction import find, suspects
from workbench.corpus.skills import COMPOSITES, SKILLS, generate
from workbench.evaluation.intervals import wilson_interval

HERE = Path(__file__).parent
TARGET = HERE / "results/redaction.json"
MEANT = ("email_domain", "phone")  # skills that hold identifiers on purpose


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--each", type=int, default=40, help="planted sentences of a kind (default: %(default)s)")
    each = options.parse_args().each
    began = time.perf_counter()
    libraries = {name: version(name) for name in ("phonenumbers", "detect-secrets")}
    found = {"recall": {name: recall(planted(name, each=each)) for name in ("a", "b", "c")}, "alarms": alarms()}
    seconds = round(time.perf_counter() - began, 1)
    write_record(TARGET, {**described_run(), "libraries": libraries, **found, "seconds": seconds})


def recall(every: Sequence[Planted]) -> dict[str, Any]:
    """The share of secrets of which no letter or digit is left, in all and by kind."""
    missed = Counter(one.kind for one in every if not one.is_within((it.start, it.end) for it in find(one.text)))
    found = len(every) - missed.total()
    kinds = Counter(one.kind for one in every)
    by_kind = {kind: round(1 - missed[kind] / count, 3) for kind, count in kinds.items()}
    share = {"recall": round(found / len(every), 4), "interval": wilson_interval(found, len(every))._asdict()}
    return {"planted": len(every), **share, "by_kind": by_kind}


def alarms() -> dict[str, Any]:
    """Texts with a finding, and texts that would be refused as suspect, of each kind of ordinary text."""
    return {
        name: {
            "texts": len(texts),
            "alarms": sum(bool(find(text)) for text in texts),
            "suspects": sum(bool(suspects(text)) for text in texts),
        }
        for name, texts in ((name, list(texts)) for name, texts in ordinary())
    }


def ordinary() -> Iterator[tuple[str, Iterator[str]]]:
    data, docs = HERE.parent / "data", HERE.parent / "docs"
    yield "everyday Japanese", (one.get("text") or one["question"] for one in lines(data / "recall_ja.jsonl"))
    for name in ("verifiable_dev", "verifiable_test"):
        yield name, (one["question"] for one in lines(data / f"{name}.jsonl"))
    yield "documentation", (part for file in docs.rglob("*.md") for part in file.read_text("utf-8").split("\n\n"))
    names = [name for name in (*SKILLS, *COMPOSITES) if name not in MEANT]
    yield "skills", (one.prompt for name in names for one in generate(name, 100, seed=1))


def lines(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    main()
