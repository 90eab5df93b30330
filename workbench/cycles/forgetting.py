"""Forgetting what was also learned: first its examples, then the turn, the session or the memory itself.

    which turns say it? ─► their examples ─► adapters' files, runs, scores, trainings ─► memory
                                        └──► adapters that learned from them, by name

Memory goes last: while it is there the examples can be found, so a forgetting that was killed is finished by the same
command again. Weights cannot unlearn; what can be done about an adapter is said (`docs/design/0014`). It does not know
how memory forgets.

>>> forgetting = Forgetting(memory, learning)                             # doctest: +SKIP
>>> forgetting.turn("3fa2").sentences                                     # doctest: +SKIP
('use-1-3f2a90 learned from it, and weights cannot unlearn.', …)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.errors import ExamplesError
from workbench.corpus.interactions import ids_of
from workbench.cycles.cycles import Cycles
from workbench.experience import Gone

if TYPE_CHECKING:
    from workbench.learning import Learning
    from workbench.memory import Memory
    from workbench.memory.sessions.forgetting import Forgotten

LEARNED = ("adapters", "runs", "training", "scores.sqlite")  # in a home; without them there is nothing to unlearn


@dataclass(frozen=True, slots=True)
class Unlearned:
    """What is gone, and what is left of it in weights.

    Args:
        adapters: labels of those that learned from one of them.
        answers: the label of the one among them that answers now.
        stuck: names of runs that cannot go on without them.
    """

    forgotten: Forgotten
    adapters: tuple[str, ...] = ()
    answers: str | None = None
    stuck: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """For a person; none where nothing was learned from it."""
        told = []
        if self.stuck:
            told.append(f"{_listed(self.stuck, 'Run ', 'Runs ')} cannot go on without its examples.")
        if self.adapters:
            told.append(f"{_listed(self.adapters)} learned from it, and weights cannot unlearn.")
            if self.answers:
                told.append(f"{self.answers} answers now; take it out of service: workbench rollback")
            told.append("Learn again without it: workbench learn --again; then: workbench adapters delete NAME")
        return tuple(told)


class Forgetting:
    """Forgetting in one home, in memory and in what was learned from it.

    Every method raises NotStored where there is no such thing, and StoreLocked while another process learns here.
    """

    def __init__(self, memory: Memory, learning: Learning) -> None:
        self.memory, self.learning = memory, learning

    def turn(self, reference: str) -> Unlearned:
        """Forget a turn, with what was stated in it."""
        sessions = self.memory.sessions
        return self._through(lambda: sessions.turns_with(turn=reference), lambda: sessions.forget_turn(reference))

    def session(self, reference: str, *, keep_memories: bool = False) -> Unlearned:
        """Forget a session, with what was stated in it unless that is kept."""
        sessions = self.memory.sessions
        return self._through(
            lambda: sessions.turns_with(session=reference, keep_memories=keep_memories),
            lambda: sessions.forget(reference, keep_memories=keep_memories),
        )

    def memories(self, ids: Sequence[str]) -> Unlearned:
        """Forget memories, and the examples of turns that say them."""
        sessions = self.memory.sessions
        return self._through(lambda: sessions.turns_with(memory_ids=ids), lambda: sessions.forget_memories(ids))

    def _through(self, find: Callable[[], frozenset[str]], forget: Callable[[], Forgotten]) -> Unlearned:
        home = self.learning.settings.home
        if not any((home / name).exists() for name in LEARNED):
            return Unlearned(forget())
        cycles = Cycles(self.learning)
        with cycles.held():
            turns = find()
            ids, stuck = cycles.forget(Gone(self._ids_of(turns), turns))
            learned = self.learning.experience.learned_from(ids)
            champion = self.learning.shelf.champion() if learned else None
            answers = champion.label if champion is not None and champion in learned else None
            return Unlearned(forget(), tuple(one.label for one in learned), answers, stuck)

    def _ids_of(self, turns: Iterable[str]) -> frozenset[str]:
        sessions, found = self.memory.sessions, set[str]()
        with suppress(ExamplesError):  # what redacts is not installed, so nothing was collected here
            for name in turns:
                if feedback := sessions.feedback(name):
                    found |= ids_of(sessions.turn(name), feedback)
        return frozenset(found)


def _listed(names: Sequence[str], one: str = "", several: str = "") -> str:
    if len(names) == 1:
        return f"{one}{names[0]}"
    return f"{several}{', '.join(names[:-1])} and {names[-1]}"
