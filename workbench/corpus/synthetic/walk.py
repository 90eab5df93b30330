"""The agents' walk as a llama-index workflow: it goes round once a try, until there is enough.

    Begun ─► propose ─► Proposed ─► screen ─► Screened ─► solve ─► Judged ─► tally ─┬─► Begun, once more
                 └────────────────────┴── refused at once ───────────┘              └─► StopEvent

When `tally` has counted a try, it tells all that was kept so far before the next one begins: whoever listens loses
nothing by an interruption. It does not know who listens, and decides nothing that an agent decides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent

from workbench.core.examples import Example
from workbench.corpus.asking import Asker, Refused
from workbench.corpus.synthetic import critic, proposer, solver
from workbench.corpus.synthetic.records import Candidate, Ended, Synthesised, Task


class Begun(StartEvent):
    so_far: Any  # Synthesised


class Again(Event):
    so_far: Any


class Proposed(Event):
    so_far: Any
    candidate: Any  # Candidate


class Screened(Event):
    so_far: Any
    candidate: Any


class Judged(Event):
    so_far: Any
    outcome: Any  # Example | Refused


class Synthesis(Workflow):
    """One run; make a new one for each."""

    def __init__(
        self, asker: Asker, task: Task, *, tell: Callable[[Synthesised], None] | None, stop: asyncio.Event | None
    ) -> None:
        super().__init__(timeout=None)  # the run is bounded by its tries
        self.asker = asker
        self.task = task
        self.tell = tell
        self.stop = stop
        self.started = time.perf_counter()

    @step
    async def propose(self, event: Begun | Again) -> Proposed | Judged:
        proposed = await proposer.propose(self.asker, self.task, event.so_far.tries + 1)
        if isinstance(proposed, Refused):
            return Judged(so_far=event.so_far, outcome=proposed)
        return Proposed(so_far=event.so_far, candidate=proposed)

    @step
    async def screen(self, event: Proposed) -> Screened | Judged:
        refused = critic.screen(self.task, event.candidate, event.so_far)
        if refused is not None:
            return Judged(so_far=event.so_far, outcome=refused)
        return Screened(so_far=event.so_far, candidate=event.candidate)

    @step
    async def solve(self, event: Screened) -> Judged:
        outcome = await self.judged(event.candidate)
        return Judged(so_far=event.so_far, outcome=outcome)

    @step
    async def tally(self, event: Judged) -> Again | StopEvent:
        so_far = self.counted(event.so_far, event.outcome)
        if self.tell is not None:
            self.tell(so_far)
        if so_far.ended is None and self.stop is not None and self.stop.is_set():
            so_far = replace(so_far, ended="stopped")
        return StopEvent(result=so_far) if so_far.ended else Again(so_far=so_far)

    async def judged(self, candidate: Candidate) -> Example | Refused:
        """By the verifier where there is one, which costs nothing; else by solutions until they settle it."""
        if self.task.verify is not None:
            return critic.verified(self.task, candidate)
        said: list[str] = []
        async for solution in solver.solutions(self.asker, self.task, candidate):
            said.append(solution)
            if (outcome := critic.agreed(self.task, candidate, said)) is not None:
                return outcome
        raise AssertionError("all solutions are in and nothing is settled")

    def counted(self, so_far: Synthesised, outcome: Example | Refused) -> Synthesised:
        if isinstance(outcome, Refused):
            so_far = replace(so_far, refused=(*so_far.refused, outcome))
        else:
            so_far = replace(so_far, kept=(*so_far.kept, outcome))
        so_far = replace(so_far, tokens=self.asker.tokens, seconds=time.perf_counter() - self.started)
        return replace(so_far, ended=self.ended(so_far))

    def ended(self, so_far: Synthesised) -> Ended | None:
        if len(so_far.kept) >= self.task.wanted:
            return "enough"
        return "tries" if so_far.tries >= self.task.tries else None
