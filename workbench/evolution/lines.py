"""The form of a run's lines: what decides the run, and a trial in flat columns, exactly as it was told.

    Plan ─► identity          Trial ◄──► one line of JSON

A skill's columns are `skill.NAME.right`, `.n`, `.logprob`, `.low`, `.high` (95 %, Wilson), the genome's
`genome.parents` and so on. It does not know files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import NoneType
from typing import Any

from workbench.core.errors import EvolutionError
from workbench.evaluation.intervals import wilson_interval
from workbench.evolution.genome import from_dict, to_dict
from workbench.evolution.trial import Fitness, SkillFitness, Trial


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides a run, in plain JSON types.

    Args:
        search: its name, such as "cma".
        parents: identities of the adapters that it begins with.
        data: hash of the examples.
        budget: by unit, such as {"evaluations": 2000}.
        settings: all else that changes a result: of the search, the race, the layer groups, the base.
    """

    search: str
    parents: tuple[str, ...]
    data: str
    seed: int = 0
    budget: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """SHA-256 in hexadecimal of everything it says: the run's id."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, allow_nan=False).encode()).hexdigest()


def written(plan: Plan, trial: Trial) -> str:
    """A trial's line; nothing is written that would not be read back.

    Raises:
        EvolutionError: it holds what JSON cannot say.
    """
    try:
        line = json.dumps(_columns(plan, trial), allow_nan=False)
        back = read(json.loads(line))
    except (TypeError, ValueError) as error:
        raise EvolutionError(
            f"Trial {trial.number} cannot be kept ({error}); tell finite, plain numbers, or a failure instead"
        ) from error
    if back != trial:
        raise EvolutionError(f"Trial {trial.number} cannot be kept; tell tuples and plain numbers, as `Trial` says")
    return line


_PLAIN: Mapping[str, type | tuple[type, ...]] = {  # columns that are fields of Trial, as they are
    "number": int,
    "generation": int,
    "operator": str,
    "seen": int,
    "evaluations": int,
    "stopped": bool,
    "estimate": (int, float, NoneType),
    "seconds": (int, float),
    "peak_bytes": int,
    "adapter": (str, NoneType),
    "failure": (str, NoneType),
}


def _columns(plan: Plan, trial: Trial) -> dict[str, Any]:
    """The same names in the same order for every trial; a failed one has no skills."""
    fitness = trial.fitness
    return {
        "run": plan.identity,
        **{name: getattr(trial, name) for name in _PLAIN},
        "seed": plan.seed,
        "data": plan.data,
        "value": None if fitness is None else fitness.value,
        "share": None if fitness is None else fitness.share,
        "size_bytes": None if fitness is None else fitness.size_bytes,
        "genome": trial.genome.identity,
        "made_of": list(trial.made_of),
        "outcomes": list(trial.outcomes),
        **{f"genome.{name}": value for name, value in to_dict(trial.genome).items()},
        **(_scores("skill", fitness.skills) if fitness else {}),
        **(_scores("held", fitness.held) if fitness else {}),
    }


def _scores(group: str, skills: Mapping[str, SkillFitness]) -> dict[str, Any]:
    return {
        f"{group}.{name}.{column}": value
        for name, one in skills.items()
        for column, value in {**asdict(one), **wilson_interval(one.right, one.n)._asdict()}.items()
    }


def read(said: Mapping[str, Any]) -> Trial:
    """The trial that a line says.

    Raises:
        KeyError, TypeError, ValueError, EvolutionError: it says none.
    """
    for name, kind in _PLAIN.items():
        if not isinstance(said[name], kind):
            raise TypeError(f"'{name}' is {said[name]!r}")
    genome = from_dict({key.removeprefix("genome."): value for key, value in said.items() if key.startswith("genome.")})
    if genome.identity != said["genome"]:
        raise ValueError("the genome is not the one that it names")
    plain = {name: said[name] for name in _PLAIN}
    return Trial(
        genome=genome,
        made_of=tuple(said["made_of"]),
        fitness=_fitness(said),
        outcomes=tuple(said["outcomes"]),
        **plain,
    )


def _fitness(said: Mapping[str, Any]) -> Fitness | None:
    if said["size_bytes"] is None:
        return None
    return Fitness(_skills("skill", said), _skills("held", said), size_bytes=int(said["size_bytes"]))


def _skills(group: str, said: Mapping[str, Any]) -> dict[str, SkillFitness]:
    names = [
        key[len(group) + 1 : -len(".right")] for key in said if key.startswith(f"{group}.") and key.endswith(".right")
    ]
    return {name: _skill(*(said[f"{group}.{name}.{column}"] for column in ("right", "n", "logprob"))) for name in names}


def _skill(right: int, n: int, logprob: float | None) -> SkillFitness:
    if not 0 <= right <= n or n == 0:
        raise ValueError(f"{right} of {n} is no share")
    return SkillFitness(right, n, None if logprob is None else float(logprob))
