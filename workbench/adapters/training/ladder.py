"""Steps down to use less memory, each with the same gradient: fewer rows at once, shorter rows, activations twice.

    4 rows of 512 ─► 2 rows ─► 1 row of 512 ─► 256 ─► the longest example ─► checkpointing ─► nothing left

A step's rows are added up before the weights move, so how they are cut changes rounding only. Where the run begins is
chosen by the memory plan; where the plan was too hopeful, an error for want of memory moves it down. Pure arithmetic.

>>> step_down(Rung(1, 512, False), longest=300, may_checkpoint=True)
Rung(rows=1, sequence=300, checkpointing=False)
>>> step_down(Rung(1, 300, True), longest=300, may_checkpoint=True) is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workbench.core.errors import TrainingError

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")


@dataclass(frozen=True, slots=True)
class Rung:
    """How much of a step is held in memory at once."""

    rows: int  # read in one pass
    sequence: int  # tokens of a row at most
    checkpointing: bool  # activations are computed a second time instead of kept

    @property
    def tokens(self) -> int:
        """Read in one pass at most."""
        return self.rows * self.sequence


def step_down(rung: Rung, *, longest: int, may_checkpoint: bool) -> Rung | None:
    """The next lower rung, or None.

    Args:
        longest: tokens of the longest example; no row can be shorter.
    """
    if rung.rows > 1:
        return Rung(rung.rows // 2, rung.sequence, rung.checkpointing)
    if rung.sequence > longest:
        return Rung(1, max(rung.sequence // 2, longest), rung.checkpointing)
    if may_checkpoint and not rung.checkpointing:
        return Rung(1, rung.sequence, True)
    return None


def first_fitting(
    rung: Rung, fits: Callable[[Rung], bool], *, longest: int, may_checkpoint: bool
) -> tuple[Rung, tuple[str, ...]]:
    """The highest rung that fits, with each step down in words; the lowest where none does."""
    said: list[str] = []
    while not fits(rung) and (lower := step_down(rung, longest=longest, may_checkpoint=may_checkpoint)):
        said.append(f"by the memory plan: {worded(rung, lower)}")
        rung = lower
    return rung, tuple(said)


def worded(rung: Rung, lower: Rung) -> str:
    """What a step down changes."""
    if lower.rows < rung.rows:
        return f"{lower.rows} instead of {rung.rows} rows at once"
    if lower.sequence < rung.sequence:
        return f"rows of {lower.sequence} instead of {rung.sequence} tokens"
    return "activations are computed twice instead of kept"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was wanting, by the kinds and words that Python, PyTorch and CUDA have for it."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in OUT_OF_MEMORY)
    )


@contextmanager
def enough_memory(sentence: str) -> Iterator[None]:
    """Inside, an error for want of memory becomes a TrainingError that says this."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise TrainingError(sentence) from error
