"""One sitting of a run: from its newest checkpoint, or from nothing, step by step to the end.

    read a step's examples ─► rows ─► loss, gradient (summed over passes) ─► clip, AdamW ─► every few steps: tune loss,
    checkpoint

After a checkpoint is read back, everything a next step depends on is as it was: weights, moments, random states, step,
rung. So an interrupted run ends in the same weights, bit for bit, on the same machine. It imports torch: import it on
use.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.training.checkpoints import Checkpoint, save
from workbench.adapters.training.gauge import Gauge
from workbench.adapters.training.journal import Journal, read_journal
from workbench.adapters.training.ladder import Rung, enough_memory, is_out_of_memory, step_down, worded
from workbench.adapters.training.lesson import Item, Lesson
from workbench.adapters.training.optimizer import Numbers, adamw, packed_state, restore_state, stepped
from workbench.adapters.training.records import Progress, Trained
from workbench.adapters.training.schedule import rate
from workbench.adapters.training.sparing import Sparing
from workbench.adapters.training.student import Student
from workbench.adapters.training.trees import Row, planted, single
from workbench.core.errors import TrainingError
from workbench.core.schema import TrainingSettings

BESIDES = {"optimizer", "spec", "layers"}  # what a checkpoint tells besides the journal
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Run:
    """What stays the same from the first step to the last."""

    identity: str
    dials: TrainingSettings
    lesson: Lesson
    tune: Lesson | None
    folder: Path

    @property
    def longest(self) -> int:
        """Tokens of the longest example that is read."""
        return max(one.longest for one in (self.lesson, self.tune) if one is not None)


class Sitting:
    """A run in progress; `train` is its only user."""

    def __init__(
        self, run: Run, student: Student, journal: Journal, gauge: Gauge, sparing: Sparing | None = None
    ) -> None:
        self._run, self._student, self._gauge, self._sparing = run, student, gauge, sparing
        self._parameters = student.parameters
        self._optimizer = adamw(self._parameters, run.dials.learning_rate)
        self._best: list[Tensor] = []
        self._last: Checkpoint | None = None
        self.journal = journal

    def resume(self, checkpoint: Checkpoint) -> None:
        """Put everything back as it was when the checkpoint was written."""
        self.journal = _journal(checkpoint)
        numbers: Numbers = checkpoint.journal["optimizer"]
        groups = _grouped(checkpoint.tensors)
        with torch.no_grad():
            for index, parameter in enumerate(self._parameters):
                parameter.copy_(groups["weight"][str(index)])
        restore_state(self._optimizer, groups.get("moment", {}), numbers)
        self._best = [groups["best"][str(index)] for index in range(len(self._parameters))] if "best" in groups else []
        _set_random_states(groups["random"])

    def learn(self, on_progress: OnProgress | None, note: str = "") -> Trained:
        """To the last step, or until the tune loss stops falling."""
        dials, student = self._run.dials, self._student
        student.model.train()
        student.set_checkpointing(self.journal.rung.checkpointing)
        while self.journal.step < dials.steps and not self.journal.stopped_early:
            before = self.journal
            self._step()
            tune_loss = self._pause() if self._at_checkpoint() else None
            if on_progress is not None:
                on_progress(self._progress(before, tune_loss, note))
            note = ""
        assert self._last is not None
        done = finished(self._run, self._last)
        assert done is not None
        return done

    def _progress(self, before: Journal, tune_loss: float | None, note: str) -> Progress:
        now = self.journal
        return Progress(
            step=now.step,
            steps=self._run.dials.steps,
            loss=now.losses[-1],
            tokens_per_s=(now.tokens - before.tokens) / (now.seconds - before.seconds),
            peak_bytes=self._gauge.peak_bytes,
            tune_loss=tune_loss,
            note="; ".join(filter(None, (note, *now.ladder[len(before.ladder) :]))),
        )

    def _step(self) -> None:
        """One move of the weights."""
        began, dials, step = time.perf_counter(), self._run.dials, self.journal.step
        items = self._run.lesson.read(step, dials.batch, dials.seed)
        loss = self._gradient(items)
        if self._sparing is not None:
            self._sparing.before_step()
        with enough_memory(
            "There is no memory for the optimizer's moments; lower training.rank or close other programs"
        ):
            length = stepped(self._optimizer, self._parameters, rate(step, dials.steps, dials.learning_rate))
        if self._sparing is not None:
            self._sparing.after_step()
        if not (math.isfinite(loss) and math.isfinite(length)):
            raise TrainingError(
                f"The loss of step {step + 1} is {loss} and its gradient {length}: the learning rate "
                f"{dials.learning_rate:g} is too high; lower training.learning_rate and train anew"
            )
        tokens, seconds = sum(item.tokens.length for item in items), time.perf_counter() - began
        self.journal = self.journal.after_step(loss, tokens, seconds)

    def _gradient(self, items: Sequence[Item]) -> float:
        """Of the mean loss of an answer token; out of memory moves down the ladder and begins the step again."""
        while True:
            randomness = _random_states()
            try:
                return self._accumulated(items)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                lower = self._lower(error)
            # Outside the except block: the error no longer holds the activations of the failed pass.
            _set_random_states(randomness)
            self._descend(lower)

    def _accumulated(self, items: Sequence[Item]) -> float:
        total = asked_weight(items)
        loss = 0.0
        for rows in self._passes(items):
            part = self._student.loss(rows) / total
            part.backward()
            loss += float(part.detach())
        return loss

    def _passes(self, items: Sequence[Item]) -> list[tuple[Row, ...]]:
        return passes(self._student, self.journal.rung, items)

    def _lower(self, error: BaseException) -> Rung:
        dials = self._run.dials
        may = dials.checkpointing != "off" and self._student.model.supports_gradient_checkpointing
        lower = step_down(self.journal.rung, longest=self._run.longest, may_checkpoint=may)
        if lower is None:
            raise TrainingError(
                f"Step {self.journal.step + 1} does not fit in memory even one short row at a time; close other "
                "programs, choose a smaller base or precision, or leave out the longest examples"
            ) from error
        return lower

    def _descend(self, lower: Rung) -> None:
        self._optimizer.zero_grad(set_to_none=True)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        said = f"out of memory in step {self.journal.step + 1}: {worded(self.journal.rung, lower)}"
        self._student.set_checkpointing(lower.checkpointing)
        self.journal = replace(self.journal, rung=lower, ladder=(*self.journal.ladder, said))

    def _at_checkpoint(self) -> bool:
        dials, step = self._run.dials, self.journal.step
        return step % dials.checkpoint_steps == 0 or step == dials.steps

    def _pause(self) -> float | None:
        """Measure the tune loss where there are tune examples, then write a checkpoint."""
        loss = None if self._run.tune is None else self.tune_loss()
        if loss is not None:
            self.journal = self.journal.after_tuning(loss, self._run.dials.patience)
            if self._run.dials.patience and self.journal.is_lowest:
                self._best = [parameter.detach().cpu().clone() for parameter in self._parameters]
        self.journal = replace(self.journal, peak_bytes=max(self.journal.peak_bytes, self._gauge.peak_bytes))
        self._last = self._checkpoint()
        save(self._run.folder, self._last)
        return loss

    def tune_loss(self) -> float:
        """Mean loss of an answer token of the tune examples."""
        assert self._run.tune is not None
        with self._student.examined():
            parts = [float(self._student.loss(rows)) for rows in self._passes(self._run.tune.items)]
        return sum(parts) / asked_weight(self._run.tune.items)

    def _checkpoint(self) -> Checkpoint:
        moments, numbers = packed_state(self._optimizer)
        groups = {
            "weight": {str(index): parameter.detach().cpu() for index, parameter in enumerate(self._parameters)},
            "moment": moments,
            "best": {str(index): best for index, best in enumerate(self._best)},
            "random": _random_states(),
        }
        tensors = {f"{group}/{name}": tensor for group, found in groups.items() for name, tensor in found.items()}
        told = {**self.journal.as_json(), "optimizer": numbers, "spec": asdict(self._student.spec)}
        return Checkpoint(self._run.identity, {**told, "layers": sorted(self._student.layers)}, tensors)


def finished(run: Run, checkpoint: Checkpoint) -> Trained | None:
    """The result where the checkpoint is the run's last; its weights are those of the lowest tune loss if kept."""
    journal = _journal(checkpoint)
    if journal.step < run.dials.steps and not journal.stopped_early:
        return None
    groups, layers = _grouped(checkpoint.tensors), checkpoint.journal["layers"]
    chosen = groups.get("best") or groups["weight"]
    pairs = {name: Factors(chosen[str(2 * index)], chosen[str(2 * index + 1)]) for index, name in enumerate(layers)}
    spec = checkpoint.journal["spec"]
    return Trained(
        adapter=Adapter(LoraSpec(**{**spec, "targets": tuple(spec["targets"])}), pairs),
        steps=journal.step,
        losses=journal.losses,
        tune_losses=journal.tune_losses,
        tokens=journal.tokens,
        seconds=journal.seconds,
        peak_bytes=journal.peak_bytes,
        ladder=journal.ladder,
        left_out=run.lesson.left_out,
        stopped_early=journal.stopped_early,
    )


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Inside, PyTorch draws from this seed and computes the same twice; the caller's random states are untouched."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when CUDA starts; without it products may differ
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    details: Any = torch.utils.deterministic
    filling = details.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    details.fill_uninitialized_memory = False  # a pass over memory that nothing here needs
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    try:
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            yield
    finally:
        details.fill_uninitialized_memory = filling
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def _journal(checkpoint: Checkpoint) -> Journal:
    return read_journal({key: value for key, value in checkpoint.journal.items() if key not in BESIDES})


def passes(student: Student, rung: Rung, items: Sequence[Item]) -> list[tuple[Row, ...]]:
    """The rows that are read together, so many at once as the rung allows."""
    rows = planted(items, rung.sequence) if student.reading.packs else _by_length(items)
    together = rung.rows if student.reading.packs else max(1, rung.tokens // max(len(r.tokens) for r in rows))
    return [rows[first : first + together] for first in range(0, len(rows), together)]


def asked_weight(items: Sequence[Item]) -> float:
    """Of all answer tokens; the loss of a step is the sum over them by this."""
    return sum(item.weight * len(item.tokens.answer) for item in items)


def _by_length(items: Sequence[Item]) -> tuple[Row, ...]:
    """Each example alone, the longest first, so that rows read together are of like length."""
    return tuple(sorted(map(single, items), key=lambda row: -len(row.tokens)))


def _random_states() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def _set_random_states(states: dict[str, Tensor]) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"])


def _grouped(tensors: Any) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        group, _, name = key.partition("/")
        groups.setdefault(group, {})[name] = tensor
    return groups
