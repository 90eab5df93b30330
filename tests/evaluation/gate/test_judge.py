"""The gate from trials to verdict: each decision, what it says, what it keeps, and what it refuses to look at."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from workbench.core.errors import ExamplesError
from workbench.core.schema import GateSettings
from workbench.evaluation.gate import Ledger, Trial, Verdict, chosen_for_serving, judge
from workbench.evaluation.gate.power import points
from workbench.evaluation.gate.spending import level

names = count()
DIALS = GateSettings()


def trials(skill: str, n: int, *, lost: int = 0, won: int = 0, right: bool = True) -> list[Trial]:
    """n fresh examples; on `lost` only the incumbent is right, on `won` only the candidate, else both or neither."""
    outcomes = [(True, False)] * lost + [(False, True)] * won + [(right, right)] * (n - lost - won)
    return [Trial(f"example {next(names)}", skill, *outcome) for outcome in outcomes]


def gate(
    given: list[Trial],
    ledger: Ledger,
    *,
    held: tuple[str, ...] = (),
    target: tuple[str, ...] | None = None,
    watched: tuple[str, ...] = (),
    candidate: str = "new",
    incumbent: str = "base",
    served: dict[str, bool] | None = None,
    dials: GateSettings = DIALS,
) -> Verdict:
    used = ledger.used_ids()
    concerned = [
        one
        for one in given
        if one.example_id not in used and one.skill not in watched and (target is None or one.skill in (*target, *held))
    ]
    right = {one.example_id: one.candidate_right for one in given}
    as_trained = {name: right[name] for name in chosen_for_serving(concerned, dials.serving_examples)}
    return judge(
        given,
        held=held,
        target=target,
        watched=watched,
        incumbent=incumbent,
        candidate=candidate,
        ledger=ledger,
        dials=dials,
        served=as_trained if served is None else served,
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


def test_a_clear_gain_without_harm_is_promoted_and_the_words_say_why(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 80, won=60) + trials("json", 200, lost=1, won=1), ledger, held=("json",))
    assert verdict.decision == "promote"
    assert verdict.words == (
        "Promote new: it is better on dates, and no held skill suffers. On 80 examples the gain is 75 points "
        "(95 % interval 64.5 to 83.2; p below 0.0001, and at most 0.0304 is allowed at this look). 1 of 1 held skill "
        "is sure to lose less than 5 points. Served, the exported artefact does as in training on 50 of 50 examples."
    )
    assert verdict.needed is None
    assert verdict.gain.point == 0.75
    assert verdict.alpha_spent == pytest.approx(level(0.05, 1))
    assert [(one.skill, one.state) for one in verdict.skills] == [("json", "safe")]
    assert verdict.skills[0].least > -0.05


def test_harm_on_one_held_skill_refuses_a_candidate_that_gains_much(ledger: Ledger) -> None:
    given = trials("dates", 80, won=70) + trials("json", 200, lost=24) + trials("sums", 200)
    verdict = gate(given, ledger, held=("json", "sums"))
    assert verdict.decision == "refuse"
    assert verdict.words.startswith("Refuse new: it loses 12 points on json, which is held.")
    assert [one.state for one in verdict.skills] == ["harmed", "safe"]


def test_few_fresh_examples_promote_where_others_show_that_it_is_served_as_trained(tmp_path: Path) -> None:
    def verdict(folder: str, also_served: list[tuple[bool, bool]]) -> Verdict:
        given = trials("dates", 14, won=14)
        return judge(
            given,
            held=(),
            incumbent="base",
            candidate="new",
            ledger=Ledger(tmp_path / folder),
            dials=DIALS,
            served={one.example_id: one.candidate_right for one in given},
            also_served=also_served,
        )

    assert verdict("none", []).decision == "more"
    same = verdict("same", [(True, True)] * 30 + [(False, False)] * 6)
    assert (same.decision, same.serving.examples, same.serving.agreeing) == ("promote", 50, 50)
    worse = verdict("worse", [(True, True)] * 16 + [(True, False)] * 20)
    assert worse.decision == "refuse"
    assert "its export is not what was trained" in worse.words


def test_a_watched_skill_with_few_examples_holds_nothing_back_and_with_a_harm_that_shows_refuses(
    ledger: Ledger,
) -> None:
    quiet = gate(trials("dates", 80, won=60) + trials("before", 9), ledger, watched=("before",))
    assert (quiet.decision, quiet.skills[0].state) == ("promote", "watched")
    assert "On 9 examples of before no harm shows (0 points)." in quiet.words
    assert "held skill is" not in quiet.words
    turned = gate(
        trials("dates", 80, won=60) + trials("before", 9, lost=9), ledger, watched=("before",), candidate="turned"
    )
    assert turned.decision == "refuse"
    assert "it loses 100 points on before, which is held" in turned.words
    assert gate(trials("dates", 80, won=60), ledger, watched=("before",), candidate="third").decision == "promote"
    strict = gate(trials("dates", 80, won=60) + trials("before", 9), ledger, held=("before",), candidate="other")
    assert strict.decision == "more"


def test_examples_that_watch_are_seen_by_every_look_and_count_once(ledger: Ledger) -> None:
    def look(candidate: str, *, lost: int) -> Verdict:
        then = [replace(one, example_id=f"before {at}") for at, one in enumerate(trials("before", 9, lost=lost))]
        return gate(trials("dates", 80, won=60) + then, ledger, watched=("before",), candidate=candidate)

    assert look("turned", lost=9).decision == "refuse"
    assert not any(name.startswith("before") for name in ledger.used_ids())
    again = look("turned again", lost=9)
    assert (again.decision, again.skills[0].pairs.n) == ("refuse", 9)
    assert look("turned again", lost=9).skills[0].pairs.n == 9, "of the same candidate, too"
    assert look("honest", lost=0).decision == "promote"


def test_examples_that_watch_promote_nobody_by_themselves(ledger: Ledger) -> None:
    first = trials("dates", 80, won=60)
    gate(first, ledger, watched=("before",))
    with pytest.raises(ExamplesError, match="None of the 80 examples of these skills is fresh"):
        gate(first + trials("before", 9), ledger, watched=("before",), candidate="second")


@pytest.mark.parametrize("target", [None, ("dates", "before")])
def test_what_is_watched_is_never_a_target(ledger: Ledger, target: tuple[str, ...] | None) -> None:
    given = trials("dates", 80) + trials("before", 80, won=60)
    verdict = gate(given, ledger, held=("dates",), watched=("before",), target=target)
    assert ledger.lines()[0]["target"] == ["dates"]
    assert verdict.decision != "promote"


def test_an_example_that_watches_twice_is_refused(ledger: Ledger) -> None:
    before = trials("before", 1)
    with pytest.raises(ExamplesError, match="comes twice"):
        gate(trials("dates", 80, won=60) + before + before, ledger, watched=("before",))


def test_the_ledger_keeps_who_watched(ledger: Ledger) -> None:
    before = trials("before", 2)
    gate(trials("dates", 80, won=60) + before, ledger, watched=("before",))
    [line] = ledger.lines()
    assert line["watched_ids"] == [one.example_id for one in before]


def test_a_gain_that_is_surely_too_small_is_refused(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 300, lost=3, won=3), ledger)
    assert verdict.decision == "refuse"
    assert "a gain of 5 points on dates is ruled out" in verdict.words
    assert verdict.gain.interval.high < 0.05


def test_too_few_examples_ask_for_more_and_say_what_so_few_cannot_show(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 60, lost=3, won=7) + trials("json", 50), ledger, held=("json",))
    assert verdict.decision == "more"
    assert verdict.gain.needed is not None
    assert verdict.skills[0].needed is not None
    assert verdict.needed == verdict.gain.needed + verdict.skills[0].needed
    assert f"{verdict.gain.needed} of dates, {verdict.skills[0].needed} of json" in verdict.words
    assert 0.12 < verdict.gain.detectable < 0.16
    assert f"with 60 examples a gain under {points(verdict.gain.detectable)} cannot be seen" in verdict.words


def test_the_one_target_that_is_held_too_is_asked_for_once(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 60, lost=3, won=7), ledger, held=("dates",), target=("dates",))
    assert verdict.decision == "more"
    assert verdict.needed == verdict.gain.needed == verdict.skills[0].needed
    assert verdict.words.startswith(f"More fresh examples are needed: {verdict.needed} of dates. ")


def test_the_more_tests_are_open_the_more_examples_each_of_them_asks_for(tmp_path: Path) -> None:
    alone = gate(
        trials("dates", 60, won=30) + trials("json", 60, lost=1, won=1), Ledger(tmp_path / "a"), held=("json",)
    )
    held = ("json", "sums", "words", "times")
    given = trials("dates", 60, won=30) + [one for skill in held for one in trials(skill, 60, lost=1, won=1)]
    together = gate(given, Ledger(tmp_path / "b"), held=held)
    assert alone.skills[0].needed is not None
    assert all((one.needed or 0) > alone.skills[0].needed for one in together.skills)


def test_a_held_skill_without_examples_keeps_the_gate_open(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 80, won=70), ledger, held=("json",))
    assert verdict.decision == "more"
    assert verdict.needed == verdict.skills[0].needed
    assert "of json no fresh example was seen" in verdict.words


def test_as_many_more_as_it_asked_for_then_promote_what_is_good(ledger: Ledger) -> None:
    first = gate(trials("dates", 60, lost=2, won=8) + trials("json", 60), ledger, held=("json",))
    assert first.decision == "more"
    assert first.gain.needed is not None
    assert first.skills[0].needed is not None
    n = first.gain.needed
    again = trials("dates", n, lost=n // 30, won=n // 7) + trials("json", first.skills[0].needed)
    verdict = gate(again, ledger, held=("json",))
    assert verdict.decision == "promote"
    assert verdict.look == 2
    assert verdict.gain.pairs.n == 60 + n
    assert verdict.gain.allowed > level(0.05, 2)  # the first look was promising


def test_a_gain_once_shown_stays_shown_and_spends_nothing_more(ledger: Ledger) -> None:
    first = gate(trials("dates", 60, won=30), ledger, held=("json",))
    assert (first.decision, first.gain.shown) == ("more", True)
    second = gate(trials("json", 200), ledger, held=("json",))
    assert second.decision == "promote"
    assert second.alpha_spent == 0
    assert second.gain.p_value is None
    assert "an earlier look showed it" in second.words
    third = gate(trials("dates", 60, won=3), ledger, candidate="other")
    assert third.alpha_spent == pytest.approx(level(0.05, 2))


def test_every_challenger_of_one_incumbent_draws_on_the_same_error(ledger: Ledger) -> None:
    spent = [gate(trials("dates", 60, won=2), ledger, candidate=f"c{at}").alpha_spent for at in range(4)]
    assert spent == pytest.approx([level(0.05, k) for k in (1, 2, 3, 4)])
    assert gate(trials("dates", 60, won=2), ledger, incumbent="another").alpha_spent == pytest.approx(level(0.05, 1))


def test_the_same_wins_that_promote_the_first_challenger_do_not_promote_the_fifth(ledger: Ledger) -> None:
    assert gate(trials("dates", 60, won=6), Ledger(ledger.path.parent / "fresh")).decision == "promote"
    for at in range(4):
        gate(trials("dates", 60, lost=2, won=2), ledger, candidate=f"useless {at}")
    assert gate(trials("dates", 60, won=6), ledger, candidate="fifth").decision == "more"


def test_another_candidate_gets_nothing_from_what_one_has_shown(ledger: Ledger) -> None:
    gate(trials("dates", 60, lost=2, won=9), ledger, candidate="a")
    assert gate(trials("dates", 60, won=3), ledger, candidate="b").gain.allowed == pytest.approx(level(0.05, 2))
    assert gate(trials("dates", 60, won=3), ledger, candidate="a").gain.allowed > level(0.05, 3)


def test_a_target_chosen_after_looking_starts_from_nothing(ledger: Ledger) -> None:
    given = trials("dates", 60, lost=2, won=8) + trials("sums", 60, lost=4, won=4)
    gate(given, ledger, target=("dates", "sums"))
    verdict = gate(trials("dates", 60, won=3), ledger, target=("dates",))
    assert verdict.gain.pairs.n == 60
    assert verdict.gain.allowed == pytest.approx(level(0.05, 2))


def test_examples_that_a_look_has_used_are_left_out_of_every_later_one(ledger: Ledger) -> None:
    used = trials("dates", 60, won=4)
    gate(used, ledger, candidate="a")
    verdict = gate([*used, *trials("dates", 40, won=2)], ledger, candidate="b")
    assert verdict.gain.pairs.n == 40
    assert verdict.left_out == 60
    assert verdict.words.endswith("Left out, for an earlier look had used them: 60 examples.")
    with pytest.raises(ExamplesError, match="None of the 60 examples"):
        gate(used, ledger, candidate="a")


def test_an_example_given_twice_is_refused_by_name(ledger: Ledger) -> None:
    once = trials("dates", 60, won=4)
    with pytest.raises(ExamplesError, match=f"{once[0].example_id} comes twice"):
        gate([*once, once[0]], ledger)
    assert ledger.lines() == ()


def test_too_few_served_examples_use_nothing_up(ledger: Ledger) -> None:
    given = trials("dates", 80, won=60)
    served = {one.example_id: True for one in given[:12]}
    with pytest.raises(ExamplesError, match=r"Only 12 of 80 .* score 38 more"):
        gate(given, ledger, served=served)
    assert ledger.used_ids() == frozenset()
    assert gate(given, ledger).decision == "promote"


def test_a_look_smaller_than_the_served_minimum_waits_for_the_rest(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 30, won=20), ledger)
    assert (verdict.decision, verdict.needed) == ("more", 20)
    assert "20 of any skill, served too" in verdict.words
    assert gate(trials("dates", 20, won=10), ledger).decision == "promote"


def test_an_export_that_lost_the_adapter_is_refused(ledger: Ledger) -> None:
    given = trials("dates", 80, won=70)
    verdict = gate(given, ledger, served={one.example_id: False for one in given[:50]})
    assert verdict.decision == "refuse"
    assert "served, it fails 50 examples that it answers in training, and gains 0" in verdict.words
    assert (verdict.serving.agreeing, verdict.serving.examples, verdict.serving.worse) == (0, 50, True)


def test_a_candidate_is_right_only_where_both_engines_say_so(ledger: Ledger) -> None:
    given = trials("dates", 60, won=8, right=False)
    served = {one.example_id: at >= 3 for at, one in enumerate(given)}  # three wins lost, 52 answers "gained"
    verdict = gate(given, ledger, served=served)
    assert verdict.gain.pairs.won == 5
    assert verdict.serving.only_served == 52


def test_without_a_target_the_skills_not_held_are_meant_or_all_where_none_is_left(ledger: Ledger) -> None:
    gate(trials("dates", 60, won=9) + trials("json", 60), ledger, held=("json",))
    gate(trials("json", 60, won=9), ledger, held=("json",), candidate="other")
    assert [line["target"] for line in ledger.lines()] == [["dates"], ["json"]]


def test_what_belongs_to_no_skill_in_question_is_not_used_up(ledger: Ledger) -> None:
    gate(trials("dates", 60, won=9) + trials("poems", 60), ledger, target=("dates",))
    assert len(ledger.used_ids()) == 60


def test_harm_looked_at_again_and_again_is_tested_more_strictly(ledger: Ledger) -> None:
    allowed = [
        gate(trials("json", 60, lost=3, won=1), ledger, held=("json",), target=("dates",)).skills[0].allowed
        for _ in range(4)
    ]
    assert allowed[0] == pytest.approx(level(0.01, 1))
    assert allowed == sorted(allowed, reverse=True)
    assert sum(allowed) < 0.01


def test_the_ledger_line_holds_all_that_the_verdict_says(ledger: Ledger) -> None:
    verdict = gate(trials("dates", 80, won=60) + trials("json", 200), ledger, held=("json",))
    (kept,) = ledger.looks("base", "new")
    assert kept["words"] == verdict.words
    assert kept["verdict"] == json.loads(json.dumps(verdict.to_dict()))
    assert kept["dials"]["margin"] == 0.05
    assert len(kept["ids"]) == 280


def test_examples_for_serving_are_spread_over_the_skills_and_always_the_same() -> None:
    given = trials("dates", 100) + trials("json", 30) + trials("sums", 5)
    chosen = chosen_for_serving(given, 50)
    skill = {one.example_id: one.skill for one in given}
    spread = [sum(skill[name] == which for name in chosen) for which in ("dates", "json", "sums")]
    assert spread == [23, 22, 5] or spread == [22, 23, 5]
    assert chosen == chosen_for_serving(list(reversed(given)), 50)
    assert len(chosen_for_serving(given, 1_000)) == 135


def test_a_hash_is_quoted_short(ledger: Ledger) -> None:
    assert gate(trials("dates", 80, won=60), ledger, candidate="0123456789abcdef" * 4).words.startswith(
        "Promote 0123456789ab: "
    )
