"""Numbers of examples that do what they promise."""

from __future__ import annotations

import doctest
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import multinomial

from workbench.core.schema import GateSettings
from workbench.evaluation.gate import (
    detectable_gain,
    examples_needed,
    examples_needed_for_noninferiority,
    noninferiority,
    paired_tests,
    plan,
    power,
    spending,
)
from workbench.evaluation.gate.noninferiority import critical_z
from workbench.evaluation.gate.paired_tests import Pairs, mcnemar, score
from workbench.evaluation.gate.power import (
    chance,
    more_for_gain,
    more_for_no_harm,
    points,
    power_of_gain,
    power_of_no_harm,
)


def test_power_is_the_sum_over_all_outcomes() -> None:
    n, gain, discordance = 30, 0.2, 0.3
    by_hand = sum(
        multinomial.pmf([lost, won, n - lost - won], n, [0.05, 0.25, 0.7])
        for lost in range(n + 1)
        for won in range(n + 1 - lost)
        if mcnemar(Pairs(n, lost, won)) <= 0.05
    )
    assert power_of_gain(n, gain, alpha=0.05, discordance=discordance) == pytest.approx(by_hand, abs=1e-9)


@pytest.mark.parametrize("discordance", [0.15, 0.3, 0.6])
def test_the_examples_needed_show_the_gain_that_often_when_drawn(discordance: float) -> None:
    n = examples_needed(0.15, alpha=0.0304, power=0.9, discordance=discordance)
    rng = np.random.default_rng(0)
    shares = [(discordance - 0.15) / 2, (discordance + 0.15) / 2, 1 - discordance]
    drawn = rng.multinomial(n, shares, size=4_000)
    shown = np.mean([mcnemar(Pairs(n, int(lost), int(won))) <= 0.0304 for lost, won, _ in drawn])
    assert 0.88 < shown < 0.94


@pytest.mark.parametrize("discordance", [0.0, 0.05, 0.2])
def test_the_examples_needed_rule_harm_out_that_often_when_drawn(discordance: float) -> None:
    n = examples_needed_for_noninferiority(0.05, alpha=0.0061, power=0.9, discordance=discordance)
    drawn = np.random.default_rng(1).multinomial(n, [discordance / 2, discordance / 2, 1 - discordance], size=4_000)
    shown = np.mean(score(n, drawn[:, 0], drawn[:, 1], -0.05) >= critical_z(n, 0.05, 0.0061))
    assert shown > 0.88
    assert discordance == 0 or shown < 0.94


def test_a_smaller_gain_a_stricter_level_more_power_and_more_discordance_cost_examples() -> None:
    usual = examples_needed(0.15, alpha=0.03, power=0.9, discordance=0.2)
    assert usual < examples_needed(0.10, alpha=0.03, power=0.9, discordance=0.2)
    assert usual < examples_needed(0.15, alpha=0.003, power=0.9, discordance=0.2)
    assert usual < examples_needed(0.15, alpha=0.03, power=0.99, discordance=0.2)
    assert usual < examples_needed(0.15, alpha=0.03, power=0.9, discordance=0.5)


def test_with_sixty_examples_a_gain_under_nine_points_cannot_be_seen() -> None:
    least = detectable_gain(60, alpha=0.05, discordance=0.05)
    assert 0.09 < least < 0.12
    assert power_of_gain(60, least, alpha=0.05, discordance=0.05) == pytest.approx(0.8, abs=0.01)
    assert detectable_gain(400, alpha=0.05, discordance=0.05) < 0.04
    assert detectable_gain(3, alpha=0.05) == pytest.approx(1)  # not even three of three are significant


def test_a_loss_that_is_there_makes_harm_harder_to_rule_out() -> None:
    none = power_of_no_harm(400, 0.05, alpha=0.01, discordance=0.1)
    assert none > power_of_no_harm(400, 0.05, alpha=0.01, discordance=0.1, loss=0.02)
    assert power_of_no_harm(400, 0.05, alpha=0.01, discordance=0.1, loss=0.05) <= 0.0105


def test_a_plan_shares_the_chance_of_failing_among_its_tests() -> None:
    dials = GateSettings()
    alone = plan([], gain=0.15, dials=dials)
    seven = plan([f"skill {at}" for at in range(7)], gain=0.15, dials=dials)
    assert alone.held == {}
    assert seven.target > alone.target
    assert len(seven.held) == 7
    assert seven.total == seven.target + sum(seven.held.values())
    assert f"{seven.target} fresh examples" in seven.words
    assert plan([], gain=0.15, dials=dials, look=10).target > alone.target


def test_more_is_counted_from_what_was_measured() -> None:
    assert more_for_gain(Pairs(60, 2, 8), 0.05, alpha=0.01) < more_for_gain(Pairs(60, 4, 6), 0.05, alpha=0.01)
    quiet, noisy = Pairs(100), Pairs(100, 10, 10)
    assert more_for_no_harm(quiet, 0.05, alpha=0.01) < more_for_no_harm(noisy, 0.05, alpha=0.01)


def test_chances_of_all_outcomes_add_up_to_one() -> None:
    for gain, discordance in ((0.0, 0.0), (0.3, 0.3), (-0.1, 0.5), (0.0, 1.0)):
        assert chance(200, gain, discordance, lambda lost, won: (lost + won) >= 0) == pytest.approx(1, abs=1e-9)


def test_points_are_said_as_people_say_them() -> None:
    said = [points(share) for share in (0.15, 0.01, -0.0312, -0.0001, 0.0)]
    assert said == ["15 points", "1 point", "−3.1 points", "0 points", "0 points"]


@pytest.mark.parametrize("room", [noninferiority, paired_tests, power, spending])
def test_the_examples_in_the_docstrings_hold(room: ModuleType) -> None:
    ran = doctest.testmod(room)
    assert (ran.attempted > 0, ran.failed) == (True, 0)
