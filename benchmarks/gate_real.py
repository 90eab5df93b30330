"""The gate on real adapters of the embedded model, trained, merged, bent and harmed. Run by `gate.py`.

    train     six specialists of a skill each
    make      their copies, scaled and noised (useless), other specialists in their place (harm), and sums of two
    score     incumbents and candidates on the same examples, in torch; 50 of each candidate's also served by llama.cpp
    judge     36 decisions, each with a ledger of its own

Everything is kept in the folder as soon as it is computed, so a run that reaches its time is simply run again. The
decisions share examples and specialists, so they are not independent of each other: read them one by one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.bases import open_base
from workbench.adapters.exporting.gguf_lora import write_gguf
from workbench.adapters.merging import linear
from workbench.adapters.training import train
from workbench.core.examples import Example
from workbench.core.schema import GateSettings, TrainingSettings
from workbench.corpus.skills import generate
from workbench.evaluation.gate import Ledger, Trial, chosen_for_serving, judge
from workbench.evaluation.scoring import ScoreCache, Scorer, asking, score_replies
from workbench.models.embedded import NAME, EmbeddedModel

SKILLS = ("iso_date", "person_city", "ticket", "reverse_words", "capitals", "look_up")
STEPS, TRAINED_ON = 24, 384
TARGET, HELD = 100, 240  # fresh examples of a skill: as a target, as a held one
NOISE, SCALE = 0.02, 1.03
DIALS = GateSettings()


class OutOfTime(Exception):
    """This run's minutes are over; what is done is kept."""


@dataclass(frozen=True)
class Match:
    """One decision: who challenges whom, on what."""

    kind: str  # gain, useless, harm: known beforehand; sum, half: for the measurement to say
    incumbent: str
    candidate: str
    target: str
    held: str | None = None


def matches() -> Iterator[Match]:
    for at, skill in enumerate(SKILLS):
        after = SKILLS[(at + 1) % len(SKILLS)]
        yield Match("gain", "base", skill, skill)
        yield Match("useless", skill, f"{skill} scaled", skill)
        yield Match("useless", skill, f"{skill} noised", skill)
        yield Match("harm", skill, after, after, held=skill)
        yield Match("sum", skill, f"{skill} + {after}", after, held=skill)
        yield Match("half", skill, f"{skill}/2 + {after}", after, held=skill)


def measured(folder: Path, *, minutes: float, seed: int = 0) -> dict[str, Any]:
    work = Work(folder, time.monotonic() + 60 * minutes, seed)
    decisions: list[dict[str, Any]] = []
    try:
        for match in matches():
            decisions.append(decided(work, match))
            print(match, decisions[-1]["decision"], file=sys.stderr)
    except OutOfTime:
        print(f"out of time after {len(decisions)} decisions; run it again to go on", file=sys.stderr)
    return {
        "complete": len(decisions) == len(list(matches())),
        "settings": {"steps": STEPS, "target": TARGET, "held": HELD, "noise": NOISE, "scale": SCALE, "seed": seed},
        "by_kind": by_kind(decisions),
        "decisions": decisions,
    }


def by_kind(decisions: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    return {
        kind: {said: sum(one["decision"] == said for one in some) for said in ("promote", "refuse", "more")}
        for kind in dict.fromkeys(one["kind"] for one in decisions)
        if (some := [one for one in decisions if one["kind"] == kind])
    }


class Work:
    """What has been computed so far, and the base to compute more with."""

    def __init__(self, folder: Path, deadline: float, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.deadline, self.seed = folder, deadline, seed
        self.base = open_base(NAME, folder / "bases")
        self.scorer = Scorer(self.base, cache=ScoreCache(folder / "scores.sqlite"))
        self._specialists: dict[str, Adapter] = {}

    def on_time(self, *_: object) -> None:
        if time.monotonic() > self.deadline:
            raise OutOfTime

    def examples(self, skill: str, n: int) -> tuple[Example, ...]:
        """Fresh ones: none of them is trained on."""
        trained = {one.id for one in self._lessons(skill)}
        return generate(skill, n, seed=self.seed + 1_000, without=trained)

    def _lessons(self, skill: str) -> tuple[Example, ...]:
        return generate(skill, TRAINED_ON, seed=self.seed)

    def adapter(self, name: str) -> Adapter | None:
        """An adapter by its name in `matches`; None is the bare base."""
        if name == "base":
            return None
        if " + " in name:
            first, second = name.split(" + ")
            weight = 0.5 if first.endswith("/2") else 1.0
            return linear([self.specialist(first.removesuffix("/2")), self.specialist(second)], [weight, 1.0])
        skill, _, changed = name.partition(" ")
        bend: dict[str, Callable[[Adapter], Adapter]] = {"scaled": scaled, "noised": self.noised, "": lambda one: one}
        return bend[changed](self.specialist(skill))

    def specialist(self, skill: str) -> Adapter:
        if skill not in self._specialists:
            self.on_time()
            dials = TrainingSettings(steps=STEPS, checkpoint_steps=4, seed=self.seed)
            trained = train(
                self.base, self._lessons(skill), dials, folder=self.folder / "runs" / skill, on_progress=self.on_time
            )
            self._specialists[skill] = trained.adapter
        return self._specialists[skill]

    def noised(self, one: Adapter) -> Adapter:
        import torch

        generator = torch.Generator().manual_seed(self.seed)

        def shaken(factor: Any) -> Any:
            return factor * (1 + NOISE * torch.randn(factor.shape, generator=generator))

        return replace(one, factors={layer: Factors(shaken(a), shaken(b)) for layer, (a, b) in one.factors.items()})

    def right(self, name: str, examples: Sequence[Example]) -> Mapping[str, bool]:
        self.on_time()
        return self.scorer.score(self.adapter(name), examples, on_progress=self.on_time).right

    def served(self, name: str, examples: Sequence[Example]) -> dict[str, bool]:
        """The exported adapter's verdicts through llama.cpp, kept line by line."""
        adapter = self.adapter(name)
        assert adapter is not None, "the base is never a candidate"
        kept = self.folder / f"served-{adapter.identity[:16]}.jsonl"
        lines = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
        known = {line["id"]: bool(line["right"]) for line in lines}
        missing = [one for one in examples if one.id not in known]
        if missing:
            self.on_time()
            path = write_gguf(adapter, self.base, self.folder / f"{adapter.identity[:16]}.gguf")
            found = asyncio.run(self._replies(adapter, path, missing))
            with kept.open("a", encoding="utf-8") as file:
                file.writelines(json.dumps({"id": key, "right": right}) + "\n" for key, right in found.items())
            known |= found
        return {one.id: known[one.id] for one in examples}

    async def _replies(self, adapter: Adapter, path: Path, examples: Sequence[Example]) -> dict[str, bool]:
        model = EmbeddedModel(adapters={adapter.identity: path})
        model.use(adapter.identity)
        try:
            return dict((await score_replies(asking(model, self.scorer.longest), examples)).right)
        finally:
            await model.close()


def scaled(one: Adapter) -> Adapter:
    return linear([one], [SCALE])


def decided(work: Work, match: Match) -> dict[str, Any]:
    """Score, serve, judge; the record of one decision."""
    examples = list(work.examples(match.target, TARGET))
    if match.held is not None:
        examples += work.examples(match.held, HELD)
    before, after = work.right(match.incumbent, examples), work.right(match.candidate, examples)
    trials = [Trial(one.id, one.skill, before[one.id], after[one.id]) for one in examples]
    chosen = set(chosen_for_serving(trials, DIALS.serving_examples))
    served = work.served(match.candidate, [one for one in examples if one.id in chosen])
    with tempfile.TemporaryDirectory() as folder:
        verdict = judge(
            trials,
            held=() if match.held is None else (match.held,),
            target=(match.target,),
            incumbent=match.incumbent,
            candidate=match.candidate,
            ledger=Ledger(Path(folder)),
            dials=DIALS,
            served=served,
        )
    return {"kind": match.kind, **verdict.to_dict()}
