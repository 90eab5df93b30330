"""Cooperating agents write more examples of a skill: one proposes, one solves, one criticises; the verified stay.

    seeds ─► proposer ─► task + believed answer ─► critic: verifier, or solver × k agree ─► kept | refused(reason)

It trains nothing and does not know where seeds come from. A small model agrees with itself on mistakes too: give
`verify` where the skill has one.

>>> more = await synthesise(model, seeds, 20, verify=None, against=held_out)            # doctest: +SKIP
>>> len(more.kept), more.reasons                                                        # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workbench.core.examples import Example
from workbench.corpus.asking import Asker, Refused
from workbench.corpus.synthetic.critic import nearly_same
from workbench.corpus.synthetic.records import TRIES_EACH, Near, Synthesised, Task, Verify
from workbench.models.protocol import Model

if TYPE_CHECKING:
    from workflows.handler import WorkflowHandler

__all__ = ["Near", "Refused", "Synthesised", "Verify", "synthesise"]


async def synthesise(
    model: Model,
    seeds: Sequence[Example],
    n: int,
    *,
    verify: Verify | None = None,
    against: Sequence[Example] = (),
    seed: int = 0,
    tries: int | None = None,
    solutions: int = 5,
    share: float = 0.8,
    shots: int = 4,
    near: Near | None = None,
    on_progress: Callable[[Synthesised], None] | None = None,
    stop: asyncio.Event | None = None,
) -> Synthesised:
    """Up to `n` verified examples like the seeds; the same seed, model and seeds give the same ones.

    Cancelling the task stops the engine and raises; what was kept until then has been given to `on_progress`. Setting
    `stop` ends the run after the try at hand, and what was kept is returned.

    Args:
        model: proposes and, where there is no verifier, solves.
        seeds: examples of one skill and one checker, one question each.
        n: how many to keep.
        verify: the right answer of a task, None where the text is no task of the skill.
        against: held-out examples that must not be repeated, nearly or exactly.
        tries: after how many the run ends whatever was kept; None for five times `n`.
        solutions: how many independent ones a task without verifier gets at most.
        share: of them that must agree with the proposer; above ½, and the higher the fewer mistakes are kept.
        shots: seeds shown in one prompt.
        near: whether two examples are near-duplicates; None for the rule of `near_duplicates`.
        on_progress: called after each try with the result so far.
    Raises:
        ExamplesError: the seeds or the numbers cannot be used.
        ModelError: the model cannot answer.
    """
    from workbench.corpus.synthetic.walk import Begun, Synthesis

    most = TRIES_EACH * n if tries is None else tries
    task = Task(tuple(seeds), n, most, verify, tuple(against), near or nearly_same, solutions, share, shots, seed)
    walk = Synthesis(Asker(model), task, tell=on_progress, stop=stop)
    return await _finished(walk.run(start_event=Begun(so_far=Synthesised())))


async def _finished(run: WorkflowHandler) -> Synthesised:
    """The result of a running walk; being cancelled cancels the walk first, and with it the engine."""
    try:
        result: Synthesised = await asyncio.shield(run)  # else the cancelling would end the waiting and not the walk
    except BaseException:
        await run.cancel_run()
        await asyncio.gather(run, return_exceptions=True)
        raise
    return result
