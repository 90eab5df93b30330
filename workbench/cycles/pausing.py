"""Learning can be paused from another process: a file says so, and whoever learns ends at its next step.

    workbench learn --pause ─► home/cycles/paused ─► refused, or ended where it next tells; what was done stays
    workbench learn --go-on ─► gone

A paused cycle loses nothing: its training and its run go on from the last checkpoint and ledger line.

>>> from tempfile import mkdtemp
>>> pause = Pause(Path(mkdtemp()))
>>> pause.begin(); pause.is_on
True
>>> pause.end(); pause.is_on
False
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workbench.core.errors import LearningPaused
from workbench.core.stopping import Tell

SENTENCE = "Learning is paused; what was done is kept. Go on: workbench learn --go-on"


@dataclass(frozen=True, slots=True)
class Pause:
    """Whether learning rests in a home.

    Args:
        folder: of the cycles.
    """

    folder: Path

    @property
    def is_on(self) -> bool:
        return self._file.exists()

    def begin(self) -> None:
        """From now on, until `end`; twice is once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file.touch()

    def end(self) -> None:
        self._file.unlink(missing_ok=True)

    def refuse(self) -> None:
        """
        Raises:
            LearningPaused: it is on.
        """
        if self.is_on:
            raise LearningPaused(SENTENCE)

    def heeded(self, tell: Tell) -> Tell:
        """The same listener, that ends the work once there is a pause."""

        def told(what: str, done: int, of: int) -> None:
            self.refuse()
            tell(what, done, of)

        return told

    @property
    def _file(self) -> Path:
        return self.folder / "paused"
