"""How many examples a verdict needs, and what so many cannot show.

    chance = Σ over (lost, won) ~ Trinomial(n; ½(ψ − gain), ½(ψ + gain)) of [the test says yes]        summed exactly

ψ, the share of examples on which exactly one of the two is right, sets the price: adapters that differ much are harder
to compare than their gain alone suggests. Where nothing is known of ψ, a learned skill is assumed to differ on 20 % of
examples and a held one on 10 %. The sums know no data but the counts handed in.

>>> detectable_gain(60, alpha=0.05, discordance=0.12) > 0.09       # with 60 examples a gain under 9 points is not seen
True
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from workbench.core.schema import GateSettings
from workbench.evaluation.gate.noninferiority import critical_z
from workbench.evaluation.gate.paired_tests import Pairs, critical_count, log_factorials, score
from workbench.evaluation.gate.spending import level

TARGET_DISCORDANCE = 0.20
HELD_DISCORDANCE = 0.10
PRIOR = 5  # examples that the assumption weighs against measured ones
POWER = 0.9
SPREAD = 7.0  # standard deviations summed over: what lies beyond is below 1e-11
EXACT_TO = 250  # examples; beyond, planning takes the usual rise of z* over the normal z instead of summing it up
USUAL_RISE = 0.05
MOST = 200_000  # examples; what needs more is not asked for

Says = Callable[[Any, Any], Any]  # (lost, won) -> yes or no, on arrays


def chance(n: int, gain: float, discordance: float, says: Says) -> float:
    """The chance that a test says yes on n examples, of which a share `discordance` differs with that mean gain."""
    lost, won = (discordance - gain) / 2, (discordance + gain) / 2
    assert min(lost, won) >= -1e-12, "a gain is never larger than the share of examples that differ"
    losses, wins = _window(n, max(lost, 0.0))[:, None], _window(n, max(won, 0.0))[None, :]
    rest = n - losses - wins
    logs, kept = log_factorials(n), np.maximum(rest, 0)
    weight = logs[n] - logs[losses] - logs[wins] - logs[kept]
    weight = weight + _times_log(losses, lost) + _times_log(wins, won) + _times_log(kept, 1 - lost - won)
    mass = np.where(rest >= 0, np.exp(weight), 0.0)
    return float(np.sum(mass * says(losses, wins)))


def _window(n: int, share: float) -> Any:
    width = SPREAD * (n * share * (1 - share)) ** 0.5 + 12
    return np.arange(max(0, int(n * share - width)), min(n, int(n * share + width)) + 1)


def _times_log(counts: Any, share: float) -> Any:
    return counts * np.log(share) if share > 1e-15 else np.where(counts > 0, -np.inf, 0.0)


def shows_gain(alpha: float) -> Says:
    """McNemar at `alpha`."""

    def says(lost: Any, won: Any) -> Any:
        differing = lost + won
        first = int(differing.min())
        return won >= _critical_counts(first, int(differing.max()), alpha)[differing - first]

    return says


@functools.lru_cache(maxsize=1_024)
def _critical_counts(low: int, high: int, alpha: float) -> Any:
    return np.array([critical_count(differing, alpha) for differing in range(low, high + 1)])


def shows_no_harm(n: int, margin: float, alpha: float) -> Says:
    """The test of non-inferiority on n examples."""
    z = critical_z(n, margin, alpha) if n <= EXACT_TO else -NormalDist().inv_cdf(alpha) + USUAL_RISE
    return lambda lost, won: score(n, lost, won, -margin) >= z


def power_of_gain(n: int, gain: float, *, alpha: float, discordance: float = TARGET_DISCORDANCE) -> float:
    """The chance that n examples show a true gain at `alpha`."""
    return chance(n, gain, max(discordance, gain), shows_gain(alpha))


def power_of_no_harm(
    n: int, margin: float, *, alpha: float, discordance: float = HELD_DISCORDANCE, loss: float = 0.0
) -> float:
    """The chance that n examples rule out a loss of `margin` where `loss` is the true one."""
    return chance(n, -loss, max(discordance, abs(loss)), shows_no_harm(n, margin, alpha))


def examples_needed(gain: float, *, alpha: float, power: float = POWER, discordance: float = TARGET_DISCORDANCE) -> int:
    """The number of examples at which a true gain, 0..1, is shown with that power."""
    return _least(lambda n: power_of_gain(n, gain, alpha=alpha, discordance=discordance) >= power)


def examples_needed_for_noninferiority(
    margin: float, *, alpha: float, power: float = POWER, discordance: float = HELD_DISCORDANCE, loss: float = 0.0
) -> int:
    """The number of examples of a held skill at which a loss of `margin` is ruled out with that power."""
    return _least(lambda n: power_of_no_harm(n, margin, alpha=alpha, discordance=discordance, loss=loss) >= power)


def detectable_gain(n: int, *, alpha: float, power: float = 0.8, discordance: float = TARGET_DISCORDANCE) -> float:
    """The least true gain, 0..1, that n examples show with that power; 1 where they cannot show any."""
    low, high = 0.0, 1.0
    while high - low > 5e-4:
        middle = (low + high) / 2
        seen = power_of_gain(n, middle, alpha=alpha, discordance=discordance) >= power
        low, high = (low, middle) if seen else (middle, high)
    return high


def more_for_gain(seen: Pairs, at_least: float, *, alpha: float, power: float = POWER) -> int:
    """How many fresh examples show the gain, if it is as large as measured, or `at_least`, whichever is more."""
    gain = max(seen.gain, at_least)
    return examples_needed(gain, alpha=alpha, power=power, discordance=shrunk(seen, TARGET_DISCORDANCE))


def more_for_no_harm(seen: Pairs, margin: float, *, alpha: float, power: float = POWER) -> int:
    """How many fresh examples of a held skill rule out a loss of `margin`, if the candidate loses nothing there."""
    share = shrunk(seen, HELD_DISCORDANCE)
    return examples_needed_for_noninferiority(margin, alpha=alpha, power=power, discordance=share)


def shrunk(seen: Pairs, assumed: float) -> float:
    """The measured share of examples that differ, drawn a little to what is usual: none of 20 is not none at all."""
    return (seen.differing + PRIOR * assumed) / (seen.n + PRIOR)


def _least(enough: Callable[[int], bool]) -> int:
    """The least n that is enough, by doubling and halving: right to within the small teeth of an exact test's power."""
    high = 8
    while high < MOST and not enough(high):
        high *= 2
    low = high // 2
    while high - low > max(1, high // 200):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class Plan:
    """How many fresh examples a verdict asks for, so that one look promotes a good candidate with `power`."""

    target: int
    held: Mapping[str, int]
    gain: float
    power: float
    alpha: float  # that this look may spend
    words: str

    @property
    def total(self) -> int:
        return self.target + sum(self.held.values())


def plan(
    held: Collection[str],
    *,
    gain: float,
    dials: GateSettings,
    look: int = 1,
    power: float = POWER,
    target_discordance: float = TARGET_DISCORDANCE,
    held_discordance: float = HELD_DISCORDANCE,
) -> Plan:
    """The sample sizes at which one look promotes a candidate that gains so much and loses nothing.

    The chance of failing is shared out among the tests, for all of them have to pass.

    Args:
        held: skills that the incumbent holds.
        gain: true gain on the target skills, 0..1.
        look: which challenge of this incumbent it will be, from 1; later ones cost more.
    """
    each = 1 - (1 - power) / (1 + len(held))
    alpha, harm_alpha = level(dials.alpha, look), level(dials.harm_alpha, 1)
    target = examples_needed(gain, alpha=alpha, power=each, discordance=target_discordance)
    safe = functools.partial(examples_needed_for_noninferiority, dials.margin, alpha=harm_alpha)
    every = safe(power=each, discordance=held_discordance) if held else 0
    words = f"A gain of {points(gain)} needs {target} fresh examples of the target to be shown {power:.0%} of the time"
    words += f", and {every} of each held skill to rule out a loss of {points(dials.margin)}." if held else "."
    return Plan(target, dict.fromkeys(held, every), gain, power, alpha, words)


def points(share: float) -> str:
    """A difference of shares as people say it.

    >>> points(0.15), points(-0.0312)
    ('15 points', '−3.1 points')
    """
    text = f"{abs(100 * share):.1f}".removesuffix(".0")
    return f"{'−' if share < 0 and text != '0' else ''}{text} {'point' if text == '1' else 'points'}"
