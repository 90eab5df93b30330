"""The gate on candidates whose worth is known, since they are drawn: thousands of decisions. Run by `gate.py`.

    exact       the chance that harm passes, summed over every outcome: its highest point for each number of examples
    useless     candidates that gain nothing: one look, ten looks at one, ten in a row, looks timed by what was seen
    harm        5, 7 and 10 points lost on one of 1 to 7 held skills, with a real gain elsewhere; ten looks at one
    power       how often a real gain is promoted, against the number of examples
    stated      the same at the sample sizes that the gate itself states
    schemes     ways to come back with more examples, compared at equal error
    followed    the real `judge` with a real ledger, asked again with as many examples as it says it needs

A look draws, for every skill, how many examples only one of the two adapters gets right: multinomial(n; lost, won,
tied). `followed` and `agreement` go through `judge` itself; the others through its tests on arrays, of which
`agreement` says whether they decide the same.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.schema import GateSettings
from workbench.evaluation.gate import Ledger, Pairs, Trial, chosen_for_serving, judge, mcnemar, plan
from workbench.evaluation.gate.noninferiority import critical_z, is_shown, worst_size
from workbench.evaluation.gate.paired_tests import score
from workbench.evaluation.gate.power import chance, power_of_gain, power_of_no_harm, shows_gain
from workbench.evaluation.gate.spending import gain_evidence, level
from workbench.evaluation.gate.weighing import GainSeen, HeldSeen
from workbench.evaluation.intervals import wilson_interval

DIALS = GateSettings()
REPEATS = 20_000
PEEKS = 10
HELD = (0, 1, 3, 7)
CLOSELY = 3_000  # discordances summed over, where the test itself was fitted on fewer
GAIN = 0.15

Counts = np.ndarray[Any, np.dtype[np.int64]]


def measured() -> dict[str, Any]:
    record: dict[str, Any] = {"repeats": REPEATS, "dials": DIALS.model_dump()}
    for name, part in PARTS.items():
        print(name, file=sys.stderr)
        record[name] = part()
    return record


def share(hits: int, n: int) -> dict[str, Any]:
    low, high = wilson_interval(hits, n)
    return {"share": round(hits / n, 5), "interval_95": [round(low, 5), round(high, 5)], "decisions": n}


def drawn(
    rng: np.random.Generator, n: int, gain: float, discordance: float, size: int = REPEATS
) -> tuple[Counts, Counts]:
    lost, won = (discordance - gain) / 2, (discordance + gain) / 2
    counts = rng.multinomial(n, [max(lost, 0.0), won, 1 - max(lost, 0.0) - won], size=size)
    return counts[:, 0], counts[:, 1]


def shares(gain: float, discordance: float) -> list[float]:
    """Of examples lost, won and tied."""
    lost, won = max((discordance - gain) / 2, 0.0), max((discordance + gain) / 2, 0.0)
    return [lost, won, 1 - lost - won]


def gain_shown(lost: Counts, won: Counts, alpha: float) -> Any:
    return shows_gain(alpha)(lost, won)


def no_harm(n: int, lost: Counts, won: Counts, alpha: float) -> Any:
    return score(n, lost, won, -DIALS.margin) >= critical_z(n, DIALS.margin, alpha)


# Harm, exactly ------------------------------------------------------------------------------------------------------


def exact() -> dict[str, Any]:
    """The highest chance, over all discordances, that a loss of exactly the margin passes."""
    rows = []
    for alpha in (DIALS.harm_alpha, level(DIALS.harm_alpha, 1)):
        for margin in (0.03, 0.05, 0.10):
            for n in (10, 15, 20, 30, 40, 50, 60, 80, 90, 100, 120, 150, 200, 300, 400, 600, 800, 1_000):
                plain = worst_size(n, margin, -_normal(alpha), CLOSELY)
                rows.append([alpha, margin, n, plain, worst_size(n, margin, critical_z(n, margin, alpha), CLOSELY)])
    first = [row for row in rows if row[0] == DIALS.harm_alpha]
    return {
        "columns": ["alpha", "margin", "examples", "plain Tango", "as used"],
        "rows": [[round(value, 5) for value in row] for row in rows],
        "worst_plain": max(first, key=lambda row: row[3])[1:4],
        "worst_as_used": max(first, key=lambda row: row[4])[1:],
        "within_alpha": all(row[4] <= row[0] for row in rows),
    }


def _normal(alpha: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(alpha)


# Useless candidates -------------------------------------------------------------------------------------------------


def useless() -> dict[str, Any]:
    """Promotions of candidates that gain nothing and hold no skill down: the gain test alone stands in the way."""
    rng = np.random.default_rng(1)
    single = []
    for n in (30, 60, 120, 250, 500):
        for discordance in (0.02, 0.1, 0.3, 0.6, 1.0):
            lost, won = drawn(rng, n, 0.0, discordance)
            promoted = int(gain_shown(lost, won, level(DIALS.alpha, 1)).sum())
            single.append({"examples": n, "discordance": discordance, **share(promoted, REPEATS)})
    timed: dict[str, Callable[[Pairs], int]] = {
        "30 new examples each": lambda _: 30,
        "120 new examples each": lambda _: 120,
        "few when it looks good, many when not": lambda seen: 20 if mcnemar(seen) < 0.3 else 200,
        "many when it looks good, few when not": lambda seen: 200 if mcnemar(seen) < 0.3 else 20,
    }
    peeked = {name: share(*_peeked(rng, next_n, weighed=True)) for name, next_n in timed.items()}
    return {
        "one_look": single,
        "one_look_worst": max(one["share"] for one in single),
        "ten_looks_at_one_candidate": peeked,
        "ten_candidates_in_a_row": share(*_peeked(rng, lambda _: 60, weighed=False)),
        "ten_looks_uncorrected": share(*_naive(rng)),
    }


def _peeked(
    rng: np.random.Generator, next_n: Callable[[Pairs], int], *, weighed: bool, repeats: int = 5_000, gain: float = 0.0
) -> tuple[int, int]:
    """How many of so many series of ten looks ever show a gain; `weighed` where they are of one candidate."""
    shown = 0
    for _ in range(repeats):
        before, none = Pairs(), Pairs()
        for k in range(1, PEEKS + 1):
            n = next_n(before)
            fresh = _one(rng, n, gain, 0.2)
            if mcnemar(fresh) <= GainSeen(fresh, before if weighed else none, k).allowed(DIALS.alpha):
                shown += 1
                break
            before += fresh
    return shown, repeats


def _naive(rng: np.random.Generator, repeats: int = 5_000) -> tuple[int, int]:
    """The same ten looks at the added-up counts, each at 5 %: what the correction is for."""
    shown = 0
    for _ in range(repeats):
        seen = Pairs()
        for _ in range(PEEKS):
            seen += _one(rng, 30, 0.0, 0.2)
            if mcnemar(seen) <= DIALS.alpha:
                shown += 1
                break
    return shown, repeats


def _one(rng: np.random.Generator, n: int, gain: float, discordance: float) -> Pairs:
    counts = rng.multinomial(n, shares(gain, discordance))
    return Pairs(n, int(counts[0]), int(counts[1]))


# Planted harm -------------------------------------------------------------------------------------------------------


def harm() -> dict[str, Any]:
    """Promotions of candidates that gain much on the target and lose on one held skill."""
    rng = np.random.default_rng(2)
    alpha, harm_alpha = level(DIALS.alpha, 1), level(DIALS.harm_alpha, 1)
    rows = []
    for lost_points in (0.05, 0.07, 0.10):
        for held in (1, 3, 7):
            for more in (0.0, 0.02, 0.1, 0.3):  # discordance beyond the loss itself; 0 is a perfect incumbent
                for n in (20, 50, 100, 200, 400, 800):
                    passed = _no_harm_on_all(rng, n, held, lost_points, more, harm_alpha)
                    lost, won = drawn(rng, 300, 0.6, 0.65)
                    promoted = int((passed & gain_shown(lost, won, alpha)).sum())
                    exact_share = 1 - power_of_no_harm(
                        n, DIALS.margin, alpha=harm_alpha, discordance=lost_points + more, loss=lost_points
                    )
                    rows.append([lost_points, held, more, n, 1 - promoted / REPEATS, exact_share])
    return {
        "columns": ["loss", "held skills", "further discordance", "examples a skill", "caught", "one skill, exactly"],
        "rows": [[round(value, 5) for value in row] for row in rows],
        "decisions": REPEATS * len(rows),
        "least_caught": {str(loss): min(row[4] for row in rows if row[0] == loss) for loss in (0.05, 0.07, 0.10)},
        "least_caught_exactly": min(row[5] for row in rows),
        "ten_looks_at_one_candidate": {
            f"{loss} lost, further discordance {more}": share(*_harm_peeked(rng, loss, more))
            for loss in (0.05, 0.07, 0.10)
            for more in (0.0, 0.1)
        },
    }


def _no_harm_on_all(
    rng: np.random.Generator, n: int, held: int, lost_points: float, more: float, harm_alpha: float
) -> Any:
    passed = no_harm(n, *drawn(rng, n, -lost_points, lost_points + more), harm_alpha)
    for _ in range(held - 1):
        passed &= no_harm(n, *drawn(rng, n, 0.0, more), harm_alpha)
    return passed


def _harm_peeked(rng: np.random.Generator, loss: float, more: float, repeats: int = 2_000) -> tuple[int, int]:
    """How many of so many series of ten looks never rule the harm out: caught. Looks are longer when it looks good."""
    caught = 0
    for _ in range(repeats):
        before, passed = Pairs(), False
        for test in range(1, PEEKS + 1):
            fresh = _one(rng, 300 if before.gain > -loss else 100, -loss, loss + more)
            passed = passed or is_shown(fresh, DIALS.margin, HeldSeen(fresh, before, test).allowed(DIALS))
            before += fresh
        caught += not passed
    return caught, repeats


# Real gains ---------------------------------------------------------------------------------------------------------


def power() -> dict[str, Any]:
    """Curves: exact for one test, simulated where several have to pass."""
    alpha, harm_alpha = level(DIALS.alpha, 1), level(DIALS.harm_alpha, 1)
    sizes = (20, 30, 40, 60, 80, 100, 120, 160, 200, 300, 400, 600, 800, 1_200)
    gains = {
        f"gain {gain}, discordance {share_}": [
            round(power_of_gain(n, gain, alpha=alpha, discordance=share_), 4) for n in sizes
        ]
        for gain in (0.05, 0.10, 0.15, 0.20, 0.30)
        for share_ in (0.15, 0.2, 0.3, 0.5)
        if share_ >= gain
    }
    safe = {
        f"discordance {share_}": [
            round(power_of_no_harm(n, DIALS.margin, alpha=harm_alpha, discordance=share_), 4) for n in sizes
        ]
        for share_ in (0.0, 0.02, 0.05, 0.1, 0.2)
    }
    rng = np.random.default_rng(3)
    promoted = {
        f"gain 0.15, {held} held of discordance {share_}": [
            round(_promoted(rng, n, n, held, 0.2, share_), 4) for n in sizes
        ]
        for held in HELD
        for share_ in ((0.02, 0.05, 0.1) if held else (0.0,))
    }
    return {"examples_a_skill": sizes, "gain_is_shown": gains, "held_skill_is_safe": safe, "promoted": promoted}


def _promoted(
    rng: np.random.Generator, target: int, each: int, held: int, discordance: float, held_discordance: float
) -> float:
    """The share of candidates with a gain of 15 points that one look promotes."""
    passed = gain_shown(*drawn(rng, target, GAIN, discordance), level(DIALS.alpha, 1))
    for _ in range(held):
        passed &= no_harm(each, *drawn(rng, each, 0.0, held_discordance), level(DIALS.harm_alpha, 1))
    return float(passed.mean())


def _safe_exactly(n: int, discordance: float) -> float:
    harm_alpha = level(DIALS.harm_alpha, 1)
    return chance(n, 0.0, discordance, lambda lost, won: no_harm(n, lost, won, harm_alpha))


def stated() -> dict[str, Any]:
    """Does a gain of 15 points that harms nothing pass as often as the gate says, with as many examples as it says?"""
    rng = np.random.default_rng(4)
    rows = []
    for held in HELD:
        for discordance in (GAIN, 0.2, 0.3, 0.5):
            for held_discordance in (0.02, 0.05, 0.1, 0.2) if held else (0.1,):
                asked = plan(
                    [f"skill {at}" for at in range(held)],
                    gain=GAIN,
                    dials=DIALS,
                    target_discordance=discordance,
                    held_discordance=held_discordance,
                )
                each = next(iter(asked.held.values()), 0)
                promoted = _promoted(rng, asked.target, each, held, discordance, held_discordance)
                exactly = power_of_gain(asked.target, GAIN, alpha=asked.alpha, discordance=discordance)
                exactly *= _safe_exactly(each, held_discordance) ** held if held else 1
                truth = [held, discordance, held_discordance if held else None]
                rows.append([*truth, asked.target, each, promoted, round(exactly, 4)])
    return {
        "gain": GAIN,
        "columns": [
            "held skills",
            "discordance",
            "of held skills",
            "target examples",
            "examples a held skill",
            "promoted",
        ],
        "rows": rows,
        "least_promoted": min(row[5] for row in rows),
        "least_promoted_exactly": min(row[6] for row in rows),
        "decisions": REPEATS * len(rows),
    }


# Coming back with more ----------------------------------------------------------------------------------------------


def schemes() -> dict[str, Any]:
    """Promoted within so many looks of 60 fresh examples, of one candidate; the error of each is at most 5 % in all."""
    rng = np.random.default_rng(5)
    looks, repeats, found = 5, 4_000, {}
    for gain in (0.0, 0.05, 0.10, 0.15):
        by_look = {name: [0] * looks for name in SCHEMES}
        for _ in range(repeats):
            series = [_one(rng, 60, gain, 0.2) for _ in range(looks)]
            for name, scheme in SCHEMES.items():
                first = scheme(series)
                for at in range(first, looks):
                    by_look[name][at] += 1
        found[f"gain {gain}"] = {name: [round(hits / repeats, 4) for hits in row] for name, row in by_look.items()}
    return {"examples_a_look": 60, "discordance": 0.2, "series": repeats, "shown_within_looks": found}


def _weighed(series: Sequence[Pairs]) -> int:
    before = Pairs()
    for at, fresh in enumerate(series):
        if mcnemar(fresh) <= GainSeen(fresh, before, at + 1).allowed(DIALS.alpha):
            return at
        before += fresh
    return len(series)


def _forgetful(series: Sequence[Pairs]) -> int:
    shown = (at for at, fresh in enumerate(series) if mcnemar(fresh) <= level(DIALS.alpha, at + 1))
    return next(shown, len(series))


def _betting(series: Sequence[Pairs]) -> int:
    seen = Pairs()
    for at, fresh in enumerate(series):
        seen += fresh
        if gain_evidence(seen) >= 1 / DIALS.alpha:
            return at
    return len(series)


SCHEMES: dict[str, Callable[[Sequence[Pairs]], int]] = {
    "fresh examples at a level weighed by earlier ones (used)": _weighed,
    "fresh examples, earlier ones forgotten": _forgetful,
    "an e-value over all of them, no exact test": _betting,
}


# The real thing -----------------------------------------------------------------------------------------------------


def agreement() -> dict[str, Any]:
    """The same counts through `judge` with a ledger, and through the tests on arrays."""
    rng = np.random.default_rng(6)
    same = decisions = 0
    with tempfile.TemporaryDirectory() as folder:
        for at in range(200):
            held, n = int(rng.integers(0, 4)), int(rng.choice([60, 150, 400, 700]))
            gain, loss = float(rng.choice([0.0, 0.1, 0.15, 0.3])), float(rng.choice([0.0, 0.0, 0.05, 0.1]))
            seen = {"target": _one(rng, n, gain, 0.35)}
            seen |= {f"held {one}": _one(rng, n, -loss, 0.12 if loss else 0.05) for one in range(held)}
            ledger = Ledger(Path(folder) / str(at))
            verdict = _judged(ledger, seen, candidate="new", start=0)
            arrays = mcnemar(seen["target"]) <= level(DIALS.alpha, 1) and all(
                bool(no_harm(one.n, np.array(one.lost), np.array(one.won), level(DIALS.harm_alpha, 1)))
                for skill, one in seen.items()
                if skill != "target"
            )
            same += (verdict.decision == "promote") == bool(arrays)
            decisions += 1
    return {"decisions": decisions, "same": same}


def _judged(ledger: Ledger, seen: dict[str, Pairs], *, candidate: str, start: int) -> Any:
    trials = _trials(seen, start)
    right = {one.example_id: one.candidate_right for one in trials}
    served = {name: right[name] for name in chosen_for_serving(trials, DIALS.serving_examples)}
    return judge(
        trials,
        held=[skill for skill in seen if skill != "target"],
        target={"target"},
        incumbent="incumbent",
        candidate=candidate,
        ledger=ledger,
        dials=DIALS,
        served=served,
    )


def _trials(seen: dict[str, Pairs], start: int) -> list[Trial]:
    outcomes = [
        (skill, at < one.lost or at >= one.lost + one.won, at >= one.lost)
        for skill, one in seen.items()
        for at in range(one.n)
    ]
    return [
        Trial(f"{start + at}", skill, incumbent, candidate) for at, (skill, incumbent, candidate) in enumerate(outcomes)
    ]


def followed(repeats: int = 200, most_looks: int = 4) -> dict[str, Any]:
    """As a person would: 60 examples of each skill, then as many as the gate says, up to four looks."""
    rng = np.random.default_rng(7)
    kinds = {"useless": (0.0, 0.0), "gain of 15 points": (0.15, 0.0), "gain, and 5 points of harm": (0.15, 0.05)}
    found = {}
    for name, (gain, loss) in kinds.items():
        ends, examples, looks = [], [], []
        with tempfile.TemporaryDirectory() as folder:
            for at in range(repeats):
                end = _to_the_end(rng, Ledger(Path(folder) / str(at)), gain, loss, most_looks)
                ends.append(end[0])
                examples.append(end[1])
                looks.append(end[2])
        found[name] = {
            "promoted": share(ends.count("promote"), repeats),
            "refused": share(ends.count("refuse"), repeats),
            "median_examples": int(np.median(examples)),
            "median_looks": float(np.median(looks)),
        }
    return {"held_skills": 2, "first_look": 60, "most_looks": most_looks, "by_candidate": found}


def _to_the_end(
    rng: np.random.Generator, ledger: Ledger, gain: float, loss: float, most_looks: int
) -> tuple[str, int, int]:
    truth = {"target": (gain, 0.2), "held a": (-loss, 0.02 + loss), "held b": (0.0, 0.05)}
    wanted = dict.fromkeys(truth, 60)
    used = 0
    for _ in range(most_looks):
        seen = {skill: _one(rng, wanted[skill], *truth[skill]) if wanted[skill] else Pairs() for skill in truth}
        verdict = _judged(ledger, seen, candidate="new", start=used)
        used += sum(wanted.values())
        if verdict.decision != "more":
            break
        wanted = {"target": verdict.gain.needed or 0} | {one.skill: one.needed or 0 for one in verdict.skills}
        wanted = {skill: min(count, 3_000) for skill, count in wanted.items()}
    return verdict.decision, used, verdict.look


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "exact": exact,
    "useless": useless,
    "harm": harm,
    "power": power,
    "stated": stated,
    "schemes": schemes,
    "agreement": agreement,
    "followed": followed,
}
