"""What a run may cost, what it has cost, and what that leaves: in words, from the speed so far.

    Budget ─► Spending ─► after(evaluations, seconds) ─► Spending ─► …     one lap for each generation
                 └─► evaluations_left, seconds_left, generations_left, fits(), forecast

The speed is the median of the last five laps, so that one slow generation, or one answered from the cache, does not
bend the forecast. It does not read a clock: who runs a generation measures it.

>>> spending = Spending(Budget(evaluations=2_000)).after(evaluations=400, seconds=280.0)
>>> spending.forecast
'1,600 evaluations left; about 19 minutes left; 4 generations'
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from workbench.core.errors import EvolutionError
from workbench.core.wording import counted

RECENT = 5  # laps that the speed is taken from


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a run ends; with both, at what is used up first.

    Args:
        evaluations: of one candidate on one example.
        seconds: of wall-clock time.
    Raises:
        EvolutionError: there is no end, or nothing may be spent.
    """

    evaluations: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.evaluations is None and self.seconds is None:
            raise EvolutionError("A budget needs an end; give evaluations, such as 2000, or seconds, such as 600")
        if self.evaluations is not None and self.evaluations < 1:
            raise EvolutionError(f"A budget of {self.evaluations} evaluations tries nothing; give at least 1")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise EvolutionError(f"A budget of {self.seconds:g} seconds tries nothing; give seconds above 0")

    @property
    def is_repeatable(self) -> bool:
        """Whether the same seed ends in the same champion; a run that the clock ends does not."""
        return self.seconds is None

    @property
    def sentence(self) -> str:
        """For reports: what was allowed, and whether a run on it can be repeated; the last generation is finished."""
        parts = []
        if self.evaluations is not None:
            parts.append(counted(self.evaluations, "evaluation"))
        if self.seconds is not None:
            parts.append(duration(self.seconds))
        allowed = f"About {' and '.join(parts)}"
        if self.is_repeatable:
            return f"{allowed}; the same seed gives the same champion"
        return f"{allowed}; the clock ends it, so the same seed may give another champion"


@dataclass(frozen=True, slots=True)
class Lap:
    """What one generation cost."""

    evaluations: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Spending:
    """A budget, and what each generation so far took of it."""

    budget: Budget
    laps: tuple[Lap, ...] = ()

    def after(self, *, evaluations: int, seconds: float) -> Spending:
        """The spending with one more generation."""
        assert evaluations >= 0, "evaluations are never taken back"
        assert 0 <= seconds < math.inf, "time only passes"
        return Spending(self.budget, (*self.laps, Lap(evaluations, seconds)))

    @property
    def evaluations(self) -> int:
        """Spent so far."""
        return sum(lap.evaluations for lap in self.laps)

    @property
    def seconds(self) -> float:
        """Spent so far."""
        return math.fsum(lap.seconds for lap in self.laps)

    @property
    def evaluations_left(self) -> int | None:
        """0 when used up; None where they are not limited."""
        return None if self.budget.evaluations is None else max(self.budget.evaluations - self.evaluations, 0)

    @property
    def seconds_left(self) -> float | None:
        """0 when used up; None where they are not limited."""
        return None if self.budget.seconds is None else max(self.budget.seconds - self.seconds, 0.0)

    @property
    def is_over(self) -> bool:
        """Whether evaluations or seconds are used up."""
        return self.evaluations_left == 0 or self.seconds_left == 0

    @property
    def next_lap(self) -> Lap | None:
        """What a generation costs, by the median of the recent ones; None before the first."""
        if not (recent := self.laps[-RECENT:]):
            return None
        return Lap(round(median(lap.evaluations for lap in recent)), median(lap.seconds for lap in recent))

    @property
    def generations_left(self) -> int | None:
        """Whole generations that still fit, as things went; None before the first, or if they cost nothing."""
        if (lap := self.next_lap) is None:
            return None
        pairs = ((self.evaluations_left, lap.evaluations), (self.seconds_left, lap.seconds))
        fitting = [int(left // each) for left, each in pairs if left is not None and each > 0]
        return 0 if self.is_over else min(fitting, default=None)

    @property
    def expected_seconds(self) -> float | None:
        """How long until the budget is used up: the seconds left, or less if the evaluations end sooner."""
        by_clock, by_evaluations = self.seconds_left, self._seconds_of_evaluations()
        return min((one for one in (by_clock, by_evaluations) if one is not None), default=None)

    def fits(self, evaluations: int | None = None) -> bool:
        """Whether the next generation can be paid for.

        Args:
            evaluations: the most it may take; None is as many as the recent ones. Seconds are foreseen by their speed.
        """
        if self.is_over:
            return False
        lap = self.next_lap or Lap(0, 0.0)
        wanted = lap.evaluations if evaluations is None else evaluations
        speed = self._seconds_per_evaluation()
        seconds = lap.seconds if evaluations is None or speed is None else evaluations * speed
        enough = self.evaluations_left is None or wanted <= self.evaluations_left
        return enough and (self.seconds_left is None or seconds <= self.seconds_left)

    @property
    def forecast(self) -> str:
        """What is left, in words: '1,200 evaluations left; about 14 minutes left; 3 generations'."""
        if self.is_over:
            return "The budget is used up"
        parts = []
        if (evaluations := self.evaluations_left) is not None:
            parts.append(f"{counted(evaluations, 'evaluation')} left")
        if (seconds := self.expected_seconds) is not None:
            parts.append(f"about {duration(seconds)} left")
        if (generations := self.generations_left) is not None:
            parts.append(counted(generations, "generation") if generations else "less than a generation")
        return "; ".join(parts)

    def _seconds_per_evaluation(self) -> float | None:
        """Median of the recent laps that computed something; None where none did."""
        computed = [lap for lap in self.laps if lap.evaluations][-RECENT:]
        return median(lap.seconds / lap.evaluations for lap in computed) if computed else None

    def _seconds_of_evaluations(self) -> float | None:
        left, speed = self.evaluations_left, self._seconds_per_evaluation()
        return None if left is None or speed is None else left * speed


def duration(seconds: float) -> str:
    """A length of time as people say it: '40 seconds', '14 minutes', '2.5 hours'.

    >>> duration(1), duration(840), duration(9_000)
    ('1 second', '14 minutes', '2.5 hours')
    """
    if round(seconds) < 90:
        return counted(max(round(seconds), 1), "second")
    if round(seconds / 60) < 90:
        return counted(round(seconds / 60), "minute")
    hours = round(seconds / 3_600, 1)
    return f"{hours:,.1f}".removesuffix(".0") + " hours"
