"""What should the specialist of a cycle be trained on, from where, and how long? Six ways, on a stream of its own.

    simulated days ─► six questions in ten are corrected, a tenth of that wrong ─► `cycles.gathered` ─► a specialist
    a specialist ─► deployed, and asked what is held out; what was fresh counts as used by a gate

    way         begins at             examples                            steps
    from base   the base              train, without what gates used      60
    half        what answers          train, without what gates used      60
    used, too   what answers          what gates used, too                60
    passes      what answers          what gates used, too                60, or four readings of each
    all         what answers          all of train: what no search needs  60, or four readings of each
    checked     what answers          all but what a cross-check leaves   60, or four readings of each

The stream is that of `learning_users.py` with a seed that no other table uses, since dials were chosen by this one. A
way is a home of its own, each of its cycles a piece; a call ends after --minutes and the next one goes on.

    python benchmarks/learning_lessons.py --minutes 60       # about an hour on one core that multiplies bf16
    python benchmarks/learning_lessons.py --table            # of what is there
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evolution_pieces import Clock, OutOfTime, Piece, Pieces, Record
from learning_users import TASKS, held_out, stream
from record import described_run, write_record

from workbench.agent import open_memory
from workbench.core.examples import Example
from workbench.core.records import Feedback, Turn
from workbench.core.settings import load_settings
from workbench.corpus.interactions import from_sessions
from workbench.corpus.splits import split
from workbench.cycles import Cycles, gathered
from workbench.cycles.evidence import SHARES
from workbench.cycles.suspecting import Suspect
from workbench.learning import PLAIN, Learning
from workbench.memory import Memory

ROOT = Path(__file__).parents[1]
OUT, FOLDER = ROOT / "benchmarks/results/learning_lessons.json", ROOT / "var/lessons"
SEED, RATED, WRONG = 9, 0.6, 0.1
DAYS = (2, 5, 8, 11)  # behind which a cycle begins
STEPS, PASSES = 60, 4
PER_DAY, HELD = 120, 20
SETTINGS = {"seed": SEED, "days": DAYS, "per_day": PER_DAY, "held": HELD, "steps": STEPS, "passes": PASSES}


@dataclass(frozen=True, slots=True)
class Way:
    """See the head of this file."""

    goes_on: bool = True
    used: bool = True
    searched: bool = False
    passes: int = 1
    checked: bool = False


WAYS: Mapping[str, Way] = {
    "from base": Way(goes_on=False, used=False),
    "half": Way(used=False),
    "used, too": Way(),
    "passes": Way(passes=PASSES),
    "all": Way(searched=True, passes=PASSES),
    "checked": Way(searched=True, passes=PASSES, checked=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=9.0, help="after which a call stops, to be run again")
    parser.add_argument("--table", action="store_true", help="measure nothing; sum up what is there")
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for pieces and homes")
    parser.add_argument("--bases", type=Path, default=load_settings().home / "bases", help="folder of base weights")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file")
    asked = parser.parse_args()
    pieces = Pieces(asked.folder, SETTINGS)
    if not asked.table:
        measure(asked, pieces)
    if not (found := pieces.all(plan(list(WAYS)))):
        print("nothing is measured yet", file=sys.stderr)
        return
    if not asked.table:
        by = {piece.task: {key: one[key] for key in described_run()} for piece, one in found.items()}
        write_record(asked.out, {**described_run(), "measured_by": by, "settings": SETTINGS, "ways": summed(found)})
    print("\n".join(table(summed(found))))


def plan(ways: Sequence[str]) -> Iterator[Piece]:
    """Way by way, each way's cycles in their order."""
    return (Piece("lessons", way, SEED, str(day)) for way in ways for day in DAYS)


def measure(asked: argparse.Namespace, pieces: Pieces) -> None:
    """One cycle after another, until none is left or the minutes are over."""
    clock = Clock(asked.minutes)
    for piece in plan(asked.ways):
        if pieces.get(piece) is not None:
            continue
        try:
            pieces.put(piece, {**cycle(asked, piece, clock), **described_run()})
        except OutOfTime:
            print("out of time; run it again to go on", file=sys.stderr)
            return
        print(f"{piece.name} is measured", file=sys.stderr, flush=True)


def cycle(asked: argparse.Namespace, piece: Piece, clock: Clock) -> Record:
    """Rate the days since the last cycle, train, deploy, use up what was fresh, ask what is held out."""
    clock.check()
    way, day = WAYS[piece.task], int(piece.group)
    home = asked.folder / piece.task.replace(" ", "-").replace(",", "")
    settings = load_settings(overrides={"home": str(home), "training.bases_folder": str(asked.bases)})
    memory, learning = open_memory(settings), Learning(settings)
    try:
        rate(memory, day)
        found = gathered(memory.sessions, learning)
        tune = {one.id for one in split(from_sessions(memory.sessions).examples, shares=SHARES).tune}
        every = found.train
        if way.checked:
            found = Cycles(learning).check(found, memory.embedder.embed, tell=lambda *_: clock.check())
    finally:
        memory.close()
    without = (set() if way.used else learning.ledger.used_ids()) | (set() if way.searched else tune)
    examples = [one for one in found.train if one.id not in without]
    steps = max(STEPS, math.ceil(way.passes * len(examples) / settings.training.batch))
    name = f"behind-{day}"
    if name not in {one.name for one in learning.shelf.list()}:
        start = learning.shelf.champion() if way.goes_on else None
        learning.train(examples, name, start=start, steps=steps, on_progress=clock.check)
    right = {task: learning.score(some, name).correct for task, some in held_out(SEED, HELD).items()}
    learning.deploy(name, insist=True, why="this benchmark has no gate")
    learning.ledger.append({"incumbent": PLAIN, "candidate": name, "ids": [one.id for one in found.fresh]})
    told = {"examples": len(examples), "steps": steps, "right": right}
    return {**told, "left_out": left_out(every, found.suspects)} if way.checked else told


def left_out(every: Sequence[Example], suspects: Sequence[Suspect]) -> Record:
    """Of all to train on, how many were wrong; of the suspects, how many were wrong and how many right."""
    days = stream(SEED, days=DAYS[-1], per_day=PER_DAY, held=HELD)
    asked = {one.prompt: one for day in days for one in day}
    wrong = {one.id for one in every if not asked[one.prompt].is_answered_by(one.answer)}
    found = sum(one.example in wrong for one in suspects)
    return {"wrong_of_all": len(wrong), "wrong": found, "right": len(suspects) - found}


def rate(memory: Memory, day: int) -> None:
    """Keep all that people said until the end of a day; what is kept already is not kept twice."""
    for one in said_until(day)[len(memory.sessions.list()) :]:
        turn = memory.sessions.save(Turn(question=one.prompt, answer="I do not know."))
        memory.sessions.add_feedback(Feedback(turn.id, "correct", one.answer))


def said_until(day: int) -> list[Example]:
    """Questions that were corrected, with the answers that people gave, some of them another question's."""
    days, rng = stream(SEED, days=DAYS[-1], per_day=PER_DAY, held=HELD), random.Random(f"lessons:{SEED}")
    said = []
    for asked in days[:day]:
        for one in asked:
            if rng.random() < RATED:
                wrong = [other.answer for other in asked if other.answer != one.answer]
                said.append(replace(one, answer=rng.choice(wrong)) if rng.random() < WRONG else one)
    return said


def summed(found: Mapping[Piece, Record]) -> Record:
    """By way, its cycles."""
    ways: dict[str, list[dict[str, Any]]] = {}
    for piece, one in found.items():
        told = {key: one[key] for key in ("examples", "steps", "right", "left_out") if key in one}
        ways.setdefault(piece.task, []).append({"day": int(piece.group), **told, "sum": sum(one["right"].values())})
    return ways


def table(ways: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    """Markdown: right answers of all held-out questions, with examples and steps."""
    yield f"right of {HELD * len(TASKS)} held-out questions of all ten tasks (examples, steps)\n"
    yield "| way | " + " | ".join(f"behind day {day}" for day in DAYS) + " |"
    yield "|" + "---|" * (len(DAYS) + 1)
    for way, cycles in ways.items():
        cells = [f"{one['sum']} ({one['examples']}, {one['steps']})" for one in cycles]
        yield f"| {way} | " + " | ".join([*cells, *[""] * (len(DAYS) - len(cells))]) + " |"


if __name__ == "__main__":
    main()
