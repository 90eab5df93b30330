"""More to train on than people have said: the model invents examples after theirs, one after each.

    an example of use ─► proposed ─► solved again, several times ─► they agree? ─► an invented one, of the same turn

Each hangs on the turn of the one example that was shown, so forgetting that turn takes it too. Nothing that guides the
search or judges is invented, and nothing invented repeats it. A small model agrees with itself on mistakes, so this is
off unless `learn.invent` says how many. It does not know what is trained.

>>> more = await invented(settings, found, wanted=20)                     # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.core.examples import Example, Origin
from workbench.core.stopping import Tell, nobody_listens
from workbench.experience import few_of_all

if TYPE_CHECKING:
    from workbench.core.settings import Settings
    from workbench.cycles.evidence import Evidence
    from workbench.models.protocol import Model

TRIES = 3  # after one example, before the next one is taken
COMPLEXITY = 0.3  # of proposing a question, for who chooses a model


async def enriched(settings: Settings, found: Evidence, tell: Tell = nobody_listens) -> Evidence:
    """With what the plain model invents; as it is where the settings ask for nothing.

    Raises:
        ModelError: no model can answer.
    """
    from workbench.models.backends import Backends

    if not (wanted := settings.learn.invent):
        return found
    backends = Backends(settings)  # the plain model: what is deployed has learned to answer, not to ask
    try:
        model = backends.model(await backends.choose(COMPLEXITY))
        return replace(found, invented=await invented(model, found, wanted=wanted, tell=tell))
    finally:
        await backends.close()


async def invented(model: Model, found: Evidence, *, wanted: int, tell: Tell = nobody_listens) -> tuple[Example, ...]:
    """Up to so many, each after another example; the same model and evidence give the same ones.

    Args:
        tell: called with what is done, after how many examples, of how many; what it raises ends this.
    """
    from workbench.corpus.synthetic import synthesise

    seeds = few_of_all([one for one in found.train if len(one.messages) == 1], wanted)
    apart = (*found.train, *found.replay, *found.tune, *found.confirm, *found.held, *found.fresh, *found.guard)
    made: list[Example] = []
    for done, one in enumerate(seeds):
        tell("inventing examples", done, len(seeds))
        tried = await synthesise(model, [one], 1, against=(*apart, *made), tries=TRIES)
        made += _of_its_turn(tried.kept, one)
    return tuple(made)


def _of_its_turn(some: Sequence[Example], shown: Example) -> list[Example]:
    return [replace(one, origin=Origin("synthetic", {**one.origin.place, **shown.origin.place})) for one in some]
