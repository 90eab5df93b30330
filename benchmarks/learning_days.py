"""One day of one arm: people ask and say what was right, a cycle runs, and everything is measured. Run by
`learning_cycle.py`.

    questions of the day ─► agent ─► feedback ─► `Agent.learn` ─► held-out examples of all tasks, with memory, without

    arm         recalls in answers    learns           deploys
    both        yes                   yes              what the gate promotes
    memory      yes                   no               –
    weights     no                    yes              what the gate promotes
    no_gate     no                    yes              every cycle's adapter
    poisoned    yes                   yes              what the gate promotes; feedback turns bad on the seventh day

Feedback is given in every arm; only what an arm is named after is made of it. A stopped day goes on: turns that are
stored are not asked again, and a cycle that was ended at its next step is gone on with.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evolution_pieces import Clock, Record
from learning_users import POISONED_FROM, feedback, held_out, stream

from workbench.agent import Agent, open_agent
from workbench.core.examples import Example
from workbench.cycles import Cycle, Cycles
from workbench.cycles.ablation import reminded, right_with_memory
from workbench.cycles.suspecting import Suspect
from workbench.learning import PLAIN

ARMS = ("both", "memory", "weights", "no_gate", "poisoned")
HONEST, POISONED = "both", "poisoned"  # the same until feedback turns
LEARNING, REMEMBERING = frozenset(ARMS) - {"memory"}, frozenset({"both", "memory", "poisoned"})
Rights = Mapping[str, int]  # of each task's held-out examples


@dataclass(frozen=True, slots=True)
class Dials:
    """What all pieces of a record share.

    Args:
        per_day: questions.
        held: held-out examples of each task.
        steps: of a cycle's specialist, at least; more where each example is read `learn.passes` times.
        evaluations: of a cycle's search.
        supervised_steps: of the adapter that is trained on all right answers, some five times over each.
    """

    days: int = 12
    per_day: int = 120
    held: int = 20
    steps: int = 60
    evaluations: int = 800
    supervised_steps: int = 480

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Day:
    """A day of an arm; see the head of this file."""

    arm: str
    seed: int
    number: int
    dials: Dials
    home: Path
    bases: Path
    clock: Clock

    async def lived(self) -> Record:
        """The record of the day.

        Raises:
            OutOfTime: it goes on another time.
        """
        async with open_agent(home=self.home, overrides=self._overrides) as agent:
            answered = await self._use(agent)
            before, began = self._begun(agent)
            cycle = await self._learn(agent, began) if self.arm in LEARNING else None
            after = self._champion(agent)
            return {
                **answered,
                "cycle": _told(cycle) if cycle else None,
                "left_out": self._left_out(agent, cycle.suspects) if cycle else None,
                "before": before,
                "champion": after,
                "deployed": before != after,
                "weights": self._measured(agent, after, held_out(self.seed, self.dials.held)),
                "with_memory": await self._measured_with_memory(agent, after) if self.arm in REMEMBERING else None,
            }

    @property
    def _overrides(self) -> dict[str, Any]:
        return {
            "model.backend": "embedded",
            "reasoning.strategy": "direct",
            "training.bases_folder": str(self.bases),
            "training.steps": self.dials.steps,
            "learn.evaluations": self.dials.evaluations,
            **({} if self.arm in REMEMBERING else {"memory.recall_k": 0}),
        }

    async def _use(self, agent: Agent) -> Record:
        """Everybody asks; what was asked before a stop is not asked again."""
        days = stream(self.seed, days=self.dials.days, per_day=self.dials.per_day, held=self.dials.held)
        questions = days[self.number]
        right, said_of, seconds = 0, Counter[str](), 0.0
        for number, one in enumerate(questions):
            self.clock.check()
            session = await agent.session(f"day {self.number}, question {number}")  # of its own: no talk before it
            if session.turn_count:
                [turn] = agent.memory.sessions.turns(session.id)
            else:
                began = time.perf_counter()
                turn = await agent.ask(one.prompt, session=session)
                seconds += time.perf_counter() - began
            right += one.is_answered_by(turn.answer or "")
            poisoned = self.arm == POISONED and self.number >= POISONED_FROM
            said = feedback(self.seed, one, turn.answer or "", questions, poisoned=poisoned)
            said_of["nothing" if said is None else "honest" if said.honest else "wrong"] += 1
            if said is not None and not agent.memory.sessions.feedback(turn.id):
                await agent.give_feedback(turn.id, up=said.up, correction=said.correction)
        return {"asked": len(questions), "right": right, "feedback": dict(said_of), "seconds_asking": seconds}

    def _begun(self, agent: Agent) -> tuple[str, float]:
        """What answered on this day, and when its cycle was begun first; kept, for the day may go on another time."""
        mark = agent.settings.home / "days" / f"{self.number}.json"
        if not mark.exists():
            mark.parent.mkdir(exist_ok=True)
            mark.write_text(json.dumps([self._champion(agent), time.time()]))
        before, at = json.loads(mark.read_text())
        return str(before), float(at)

    async def _learn(self, agent: Agent, began: float) -> Cycle:
        """The day's cycle; one that is closed already is not begun again."""
        closed = [one for one in Cycles(agent.learning).list() if one.at >= began]
        if closed:
            [cycle] = closed
        else:
            cycle = await agent.learn(deploy=self.arm != "no_gate", on_progress=lambda *_: self.clock.check())
        if self.arm == "no_gate" and cycle.ending is not None and cycle.ending.adapter != self._champion(agent):
            agent.learning.deploy(cycle.ending.adapter, insist=True, why="this arm has no gate")
        return cycle

    def _left_out(self, agent: Agent, some: Sequence[Suspect]) -> Record:
        """How many answers that were not trained on, against what others teach, were right and how many wrong."""
        days = stream(self.seed, days=self.dials.days, per_day=self.dials.per_day, held=self.dials.held)
        asked, sessions = {one.prompt: one for day in days for one in day}, agent.memory.sessions
        right = 0
        for turn in (sessions.turn(one.turn) for one in some):
            right += asked[turn.question].is_answered_by(sessions.feedback(turn.id)[-1].correction or turn.answer or "")
        return {"right": right, "wrong": len(some) - right}

    def _champion(self, agent: Agent) -> str:
        champion = agent.learning.shelf.champion()
        return champion.identity if champion else PLAIN

    def _measured(self, agent: Agent, ref: str, examples: Mapping[str, Sequence[Example]]) -> Rights:
        self.clock.check()
        return {task: agent.learning.score(some, ref).correct for task, some in examples.items()}

    async def _measured_with_memory(self, agent: Agent, ref: str) -> Rights:
        learned = None if ref == PLAIN else agent.learning.turns_learned_by(ref)
        found = {}
        for task, some in held_out(self.seed, self.dials.held).items():
            self.clock.check()
            told = [await reminded(one, agent.looked_up, learned) for one in some]
            found[task] = right_with_memory(agent.learning, ref, told)
        return found


def _told(cycle: Cycle) -> Record:
    ending = cycle.ending
    return {
        "sentence": cycle.sentence,
        "decision": ending.decision if ending else None,
        "counts": dict(cycle.counts),
        "seconds": cycle.seconds,
        "brought": asdict(cycle.brought) if cycle.brought else None,
    }
