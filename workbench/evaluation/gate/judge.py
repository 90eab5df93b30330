"""The gate: may this candidate replace the incumbent? Paired verdicts in, one verdict out, one line in the ledger.

    trials ─► used before? left out ─► served verdicts laid over ─► earlier looks added ─► weigh ─► words ─► ledger

Serving: at least `gate.serving_examples` of the examples are answered by the exported artefact through the engine that
will serve it. Of those, the candidate counts as right only where both engines say so. An export that breaks the adapter
can thus only cost it, and an engine that happens to do better cannot lend a gain to an adapter that has none. Where
fresh ones are fewer, others show whether both engines agree: for that nothing need be fresh.

Models are not known here, nor how answers are checked: `Trial`s come from `evaluation.scoring`.

>>> verdict = judge(trials, held={"dates"}, incumbent="base", candidate="9f2c…", ledger=Ledger(folder),
...                 dials=settings.gate, served=served)                           # doctest: +SKIP
>>> verdict.decision, verdict.words                                               # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from workbench.core.errors import ExamplesError
from workbench.core.schema import GateSettings
from workbench.evaluation.gate.ledger import Ledger, Line
from workbench.evaluation.gate.paired_tests import Pairs
from workbench.evaluation.gate.spending import level
from workbench.evaluation.gate.verdict import Case, Verdict, worded
from workbench.evaluation.gate.weighing import WORTHWHILE, Agreement, Evidence, GainSeen, HeldSeen, weigh


@dataclass(frozen=True, slots=True)
class Trial:
    """One example that both adapters answered."""

    example_id: str
    skill: str
    incumbent_right: bool
    candidate_right: bool


def judge(
    trials: Sequence[Trial],
    *,
    held: Collection[str],
    incumbent: str,
    candidate: str,
    ledger: Ledger,
    dials: GateSettings,
    served: Mapping[str, bool],
    target: Collection[str] | None = None,
    watched: Collection[str] = (),
    also_served: Iterable[tuple[bool, bool]] = (),
    worthwhile: float = WORTHWHILE,
) -> Verdict:
    """Judge a candidate by fresh examples, add the look to the ledger, and say what follows.

    Args:
        held: skills that the incumbent holds and that must not suffer; one without examples keeps the gate open.
        incumbent: what answers now: an adapter's hash, or a name for the bare base.
        candidate: the challenger's hash; its earlier looks against this incumbent count too.
        served: example id -> was the exported candidate right, through the engine that will serve it.
        target: skills that it should be better at; None takes those of its earlier looks, or those not held.
        watched: skills of which there may be few examples or none: a harm that shows is refused, no more is asked.
            Their examples are not used up: each look sees all of them, for they promote nobody.
        also_served: of examples that need not be fresh: was the candidate right in training, was it right served; where
            the fresh ones are fewer than `gate.serving_examples`.
        worthwhile: the least gain that a change of champion is worth, 0..1.

    Raises:
        ExamplesError: no fresh example, one given twice, or too few of them served; nothing was used up.
        StoreError: the ledger cannot be read or written; nothing was used up.
    """
    with ledger.held():
        challenges = ledger.looks(incumbent)
        earlier = tuple(line for line in challenges if line["candidate"] == candidate)
        guarded = {skill: skill not in held for skill in sorted({*held, *watched})}  # whether it is only watched
        aims = _target(trials, guarded, target, earlier)  # never what is only watched
        concerned = [one for one in trials if one.skill in {*aims, *guarded}]
        used = ledger.used_ids()
        again, once = _parted(concerned, lambda one: guarded.get(one.skill, False))
        fresh = [one for one in once if one.example_id not in used]
        _refuse_twice([one.example_id for one in (*fresh, *again)])
        _check(fresh, once, served, dials)
        look = _Look.of([*fresh, *again], aims, guarded, served, also_served)
        seen = _evidence(look, earlier, challenges, guarded)
        case = Case(
            incumbent=incumbent,
            candidate=candidate,
            target=aims,
            look=len(challenges) + 1,
            alpha_spent=level(dials.alpha, seen.gain.k) if seen.gain.tests else 0.0,
            left_out=len(once) - len(fresh),
            worthwhile=worthwhile,
        )
        verdict = worded(weigh(seen, dials, worthwhile=worthwhile), case, dials)
        ledger.append(_line(verdict, look, dials))
    return verdict


def chosen_for_serving(trials: Iterable[Trial], count: int) -> tuple[str, ...]:
    """Which of these fresh examples to answer through the serving engine: as many of each skill, always the same."""
    by_skill: dict[str, list[str]] = {}
    for one in trials:
        by_skill.setdefault(one.skill, []).append(one.example_id)
    ranked = [
        (place, skill, name)
        for skill, names in by_skill.items()
        for place, name in enumerate(sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest()))
    ]
    return tuple(name for _, _, name in sorted(ranked)[:count])


@dataclass(frozen=True, slots=True)
class _Look:
    """What this look's examples add up to; `ids` are those that it uses up, `watched_ids` those that watch."""

    ids: tuple[str, ...]
    watched_ids: tuple[str, ...]
    target: tuple[str, ...]
    gain: Pairs
    held: Mapping[str, Pairs]
    serving: Agreement

    @classmethod
    def of(
        cls,
        fresh: Sequence[Trial],
        target: tuple[str, ...],
        held: Mapping[str, bool],
        served: Mapping[str, bool],
        also_served: Iterable[tuple[bool, bool]],
    ) -> _Look:
        laid = [replace(one, candidate_right=one.candidate_right and served.get(one.example_id, True)) for one in fresh]
        return cls(
            ids=tuple(one.example_id for one in fresh if not held.get(one.skill)),
            watched_ids=tuple(one.example_id for one in fresh if held.get(one.skill)),
            target=target,
            gain=_pairs(one for one in laid if one.skill in target),
            held={skill: _pairs(one for one in laid if one.skill == skill) for skill in sorted(held)},
            serving=_agreement(
                [
                    *((one.candidate_right, served[one.example_id]) for one in fresh if one.example_id in served),
                    *also_served,
                ]
            ),
        )


def _parted(trials: Iterable[Trial], first: Callable[[Trial], bool]) -> tuple[list[Trial], list[Trial]]:
    found = list(trials)
    return [one for one in found if first(one)], [one for one in found if not first(one)]


def _pairs(trials: Iterable[Trial]) -> Pairs:
    found = list(trials)
    lost = sum(one.incumbent_right and not one.candidate_right for one in found)
    return Pairs(len(found), lost, sum(one.candidate_right and not one.incumbent_right for one in found))


def _agreement(both: Sequence[tuple[bool, bool]]) -> Agreement:
    return Agreement(*(both.count(case) for case in ((True, True), (True, False), (False, True), (False, False))))


def _target(
    trials: Sequence[Trial], guarded: Mapping[str, bool], target: Collection[str] | None, earlier: Sequence[Line]
) -> tuple[str, ...]:
    if target is not None:
        aims = set(target)
    elif earlier:
        aims = set(earlier[-1]["target"])
    else:
        skills = {one.skill for one in trials}
        aims = skills - set(guarded) or skills
    return tuple(sorted(skill for skill in aims if not guarded.get(skill)))


def _check(fresh: Sequence[Trial], given: Sequence[Trial], served: Mapping[str, bool], dials: GateSettings) -> None:
    if not fresh:
        raise ExamplesError(
            f"None of the {len(given)} examples of these skills is fresh, for earlier looks used them; bring others"
        )
    ids = [one.example_id for one in fresh]
    there, least = sum(name in served for name in ids), min(dials.serving_examples, len(ids))
    if there < least:
        raise ExamplesError(
            f"Only {there} of {len(ids)} fresh examples were scored through the engine that will answer; score "
            f"{least - there} more of them there (gate.serving_examples), then judge again: nothing was used up"
        )


def _refuse_twice(ids: Sequence[str]) -> None:
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise ExamplesError(f"The example {twice} comes twice; give every example once, so that none counts double")


def _evidence(
    look: _Look, earlier: Sequence[Line], challenges: Sequence[Line], guarded: Mapping[str, bool]
) -> Evidence:
    """This look, and what the candidate's earlier ones showed.

    Earlier target examples count only where the target was the same: one that was chosen after seeing them would be
    chosen by their luck.
    """
    same = [line for line in earlier if tuple(line["target"]) == look.target]
    before = sum((Pairs(**line["target_pairs"]) for line in same), Pairs())
    k = 1 + sum(line["alpha_k"] > 0 for line in challenges)
    return Evidence(
        gain=GainSeen(look.gain, before, k, was_shown=any(line["gain_shown"] for line in same)),
        held={skill: _held(skill, fresh, earlier, watched=guarded[skill]) for skill, fresh in look.held.items()},
        serving=sum((Agreement(**line["served"]) for line in earlier), look.serving),
    )


def _held(skill: str, fresh: Pairs, earlier: Sequence[Line], *, watched: bool) -> HeldSeen:
    lines = [line["held"][skill] for line in earlier if skill in line["held"] and not watched]  # or they count twice
    before = sum((Pairs(**line["pairs"]) for line in lines), Pairs())
    tested = sum(line["pairs"]["n"] > 0 for line in lines)
    return HeldSeen(fresh, before, tested + 1, was_safe=bool(lines) and lines[-1]["state"] == "safe", watched=watched)


def _line(verdict: Verdict, look: _Look, dials: GateSettings) -> dict[str, Any]:
    """What the ledger keeps of a look: this look's own counts, from which later looks add up, and the verdict."""
    states = {one.skill: one.state for one in verdict.skills}
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "incumbent": verdict.incumbent,
        "candidate": verdict.candidate,
        "look": verdict.look,
        "alpha_k": verdict.alpha_spent,
        "target": list(look.target),
        "target_pairs": asdict(look.gain),
        "gain_shown": verdict.gain.shown,
        "held": {skill: {"pairs": asdict(pairs), "state": states[skill]} for skill, pairs in look.held.items()},
        "served": asdict(look.serving),
        "decision": verdict.decision,
        "needed": verdict.needed,
        "words": verdict.words,
        "dials": dials.model_dump(),
        "verdict": verdict.to_dict(),
        "ids": list(look.ids),
        "watched_ids": list(look.watched_ids),
    }
