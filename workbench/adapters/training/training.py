"""From examples to an adapter: the order of the walk, written once.

    examples ─► tokens ─► has this run a checkpoint? ─► plan of memory ─► frozen model, LoRA layers ─► steps ─► adapter

>>> train(base, examples, TrainingSettings(), folder=home / "runs" / "dates").steps     # doctest: +SKIP
40
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.adapters.adapter import Adapter, LoraSpec
from workbench.adapters.bases import Base
from workbench.adapters.grams import Grams
from workbench.adapters.training.checkpoints import Checkpoint, held, newest
from workbench.adapters.training.gauge import Gauge
from workbench.adapters.training.identity import run_identity
from workbench.adapters.training.journal import Journal
from workbench.adapters.training.ladder import enough_memory
from workbench.adapters.training.lesson import lesson
from workbench.adapters.training.planning import context_tokens, first_rung
from workbench.adapters.training.records import Progress, Trained
from workbench.core.examples import Example
from workbench.core.schema import TrainingSettings

if TYPE_CHECKING:
    from workbench.adapters.training.sitting import Run

TUNE_EXAMPLES = 64  # read at each checkpoint at most, so that looking costs less than learning
FULL = "there is no room to spare all that earlier lessons read: what was read least may be forgotten"
SMALLER = "close other programs, or choose a smaller base or training.precision nf4"


def train(
    base: Base,
    examples: Sequence[Example],
    dials: TrainingSettings,
    *,
    folder: Path,
    tune: Sequence[Example] = (),
    start: Adapter | None = None,
    spare: Sequence[Grams] = (),
    safe_bytes: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Trained:
    """Train an adapter, or go on where the same call was interrupted.

    Args:
        folder: for this run's checkpoints; `run_identity` is a good name for it.
        tune: examples that are not trained on; their loss is measured at checkpoints and may end the run early.
        start: an adapter to continue, with its own rank and layers.
        spare: what was read in earlier lessons, on whose inputs outputs shall stay what they are; the start is then
            frozen, and `dials.rank` directions are laid beside it.
        safe_bytes: what the run may take, `hardware.safe_gib` in bytes; None begins at the highest rung.
        on_progress: called after each step; what it raises ends the run, and the last checkpoint stays.
    Raises:
        TrainingError: nothing to train on, another run's folder, a loss that is no number, no memory, a full disk.
        AdapterUnfit: `start` belongs to another base.
    """
    from workbench.adapters.training.opening import open_student
    from workbench.adapters.training.sitting import Sitting, finished, repeatable
    from workbench.adapters.training.sparing import Sparing

    with held(folder):
        identity = run_identity(base, examples, dials, tune=tune, start=start, spare=spare)
        run = _run(base, examples, dials, folder, tune, identity)
        frozen = start.spec.rank if start and spare else 0
        opening = _widened(base, start, dials) if spare else start
        checkpoint = newest(folder, run.identity)
        if checkpoint is not None and (over := finished(run, checkpoint)):
            return over
        rung, said = first_rung(base, dials, rank=_rank(dials, opening), longest=run.longest, safe_bytes=safe_bytes)
        with repeatable(dials.seed), Gauge() as gauge:
            with enough_memory(f"There is no memory to load {base.name}; {SMALLER}"):
                student = open_student(base, dials, opening)
            sparing = Sparing(student, spare, frozen) if spare else None
            sitting = Sitting(run, student, Journal(rung, ladder=said), gauge, sparing)
            if checkpoint is not None:
                sitting.resume(checkpoint)
            full = sparing is not None and sparing.is_full
            return sitting.learn(on_progress, "; ".join([*_notes(run, checkpoint, said), *([FULL] if full else [])]))


def _run(
    base: Base,
    examples: Sequence[Example],
    dials: TrainingSettings,
    folder: Path,
    tune: Sequence[Example],
    identity: str,
) -> Run:
    from workbench.adapters.bases import load_tokenizer
    from workbench.adapters.training.sitting import Run

    tokenizer, limit = load_tokenizer(base), min(dials.sequence_tokens, context_tokens(base))
    looked_at = lesson(sorted(tune, key=lambda one: one.id)[:TUNE_EXAMPLES], tokenizer, limit) if tune else None
    return Run(identity, dials, lesson(examples, tokenizer, limit), looked_at, folder)


def _widened(base: Base, start: Adapter | None, dials: TrainingSettings) -> Adapter | None:
    from workbench.adapters.training.sparing import with_branch

    if start is None:
        return None
    return with_branch(start, dials.rank, LoraSpec(base.identity, dials.rank, dials.alpha, dials.rslora).scale)


def _rank(dials: TrainingSettings, start: Adapter | None) -> int:
    return dials.rank if start is None else start.spec.rank


def _notes(run: Run, checkpoint: Checkpoint | None, said: Sequence[str]) -> Iterator[str]:
    """What a person should know at the first step of a sitting."""
    if run.lesson.left_out:
        yield f"{len(run.lesson.left_out)} examples are too long and left out"
    if checkpoint is not None:
        yield f"goes on after step {checkpoint.step}"
    else:
        yield from said
