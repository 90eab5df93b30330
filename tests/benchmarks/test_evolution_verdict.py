"""Setting 2 without a model: what is counted, what is kept, and that rejection sampling spends no more than ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.core.examples import Example
from workbench.corpus.skills import generate
from workbench.evaluation.scoring import Said
from workbench.evolution.genome import Genome
from workbench.evolution.trial import Trial

TUNE = tuple(replace(one, check="exact") for one in generate("reverse_capitals", 4, seed=0))


STEPS = 2  # of all lessons of ours


class _Scorer:
    """Says the right words to some prompts from a certain round on."""

    def __init__(self, right_from: dict[int, int]) -> None:
        self.right_from = right_from
        self.asked: list[list[int]] = []

    def replies(self, start: Any, some: Sequence[Example], *, samples: int, **_: Any) -> tuple[Said, ...]:
        number = len(self.asked)
        places = [TUNE.index(one) for one in some]
        self.asked.append(places)
        return tuple(
            self._said(TUNE[at], right=number >= self.right_from.get(at, 99)) for at in places for _ in range(samples)
        )

    def _said(self, one: Example, *, right: bool) -> Said:
        text = f" {one.answer}\n" if right else "no"
        return Said(one, text, one.is_answered_by(text), prompt_tokens=8, reply_tokens=2)


def _ground(room: Any, folder: Path, scorer: _Scorer, *, tokens: int) -> Any:
    pieces = room("pieces").Pieces(folder, {})
    ours = {"rows": {room("verdict").TAUGHT: {"tokens": {"all": tokens}, "steps": STEPS}}}
    pieces.put(room("pieces").Piece("verdict", "reverse_capitals", 0, "ours"), ours)
    lessons: list[tuple[Example, ...]] = []

    def taught(
        name: str, start: Any, steps: int, examples: tuple[Example, ...], *, rate: float | None
    ) -> tuple[str, dict[str, Any]]:
        assert rate is None, "it learns as fast as specialists do"
        lessons.append(examples)
        return "taught", {"seconds": 1.0, "steps": steps, "peak_bytes": 3, "trained_tokens": 20}

    @contextmanager
    def timed() -> Iterator[dict[str, Any]]:
        spending: dict[str, Any] = {}
        yield spending
        spending |= {"seconds": 0.5, "peak_bytes": 2}

    return SimpleNamespace(
        piece=room("pieces").Piece("verdict", "reverse_capitals", 0, "rft_base"),
        pieces=pieces,
        tune=TUNE,
        dials=SimpleNamespace(teach_steps=1, batch=1),
        clock=room("pieces").Clock(1.0),
        notes=room("pieces").Notes(folder / "notes"),
        home=SimpleNamespace(scorer=scorer),
        timed=timed,
        taught=taught,
        row=lambda name, adapter, **said: {"adapter": adapter, **said},
        lessons=lessons,
    )


@pytest.fixture
def verdict(room: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, with ten tokens in each example."""
    monkeypatch.setattr(room("verdict"), "_lengths", lambda ground: [10] * len(ground.tune))
    return room("verdict")


def test_rejection_sampling_asks_again_only_where_nothing_passed_and_learns_its_own_words(
    room: Any, verdict: Any, tmp_path: Path
) -> None:
    scorer = _Scorer({0: 0, 2: 1})
    ground = _ground(room, tmp_path, scorer, tokens=380)
    row = verdict.rft_base(ground)[verdict.RFT_BASE]
    assert scorer.asked == [[0, 1, 2, 3], [1, 2, 3], [1, 3]]
    [own] = ground.lessons
    assert [(one.prompt, one.answer) for one in own] == [(TUNE[at].prompt, TUNE[at].answer) for at in (0, 2)]
    assert row["tokens"] == {"read": 0, "written": 40 * (4 + 3 + 2), "trained": 20, "all": 380}
    assert row["tokens"]["all"] <= row["equal_to"]["tokens"]
    assert (row["own"], row["rounds"], row["steps"]) == (2, 3, STEPS), "as many steps as all lessons of ours"


def test_rejection_sampling_ends_where_every_prompt_has_a_right_reply(room: Any, verdict: Any, tmp_path: Path) -> None:
    scorer = _Scorer(dict.fromkeys(range(4), 0))
    verdict.rft_base(_ground(room, tmp_path, scorer, tokens=100_000))
    assert len(scorer.asked) == 1


def test_where_nothing_passes_there_is_no_lesson_and_what_was_there_stays(
    room: Any, verdict: Any, tmp_path: Path
) -> None:
    ground = _ground(room, tmp_path, _Scorer({}), tokens=500)
    row = verdict.rft_base(ground)[verdict.RFT_BASE]
    assert ground.lessons == []
    assert (row["adapter"], row["steps"], row["own"]) == (None, 0, 0)


def test_a_round_that_was_sampled_is_not_sampled_again(room: Any, verdict: Any, tmp_path: Path) -> None:
    verdict.rft_base(_ground(room, tmp_path, _Scorer({0: 0}), tokens=400))
    again = _Scorer({})
    row = verdict.rft_base(_ground(room, tmp_path, again, tokens=400))[verdict.RFT_BASE]
    assert again.asked == []
    assert row["own"] == 1


def test_tokens_are_those_of_the_examples_that_a_candidate_met(room: Any, verdict: Any, tmp_path: Path) -> None:
    genome = Genome(("a",), ((1.0,),))
    trials = [
        Trial(0, 0, genome, "seed", outcomes=(1.0, 0.0, 0.0, 1.0)),
        Trial(1, 0, genome, "cma-es", outcomes=(None, 0.0, None, None)),
    ]
    assert verdict._read(_ground(room, tmp_path, _Scorer({}), tokens=0), trials) == 50


def test_what_passed_is_kept_in_the_models_own_words(room: Any) -> None:
    said = [
        Said(TUNE[1], "no", False, 8, 2),
        Said(TUNE[1], f"{TUNE[1].answer} ", True, 8, 3),
        Said(TUNE[0], "never", False, 7, 1),
    ]
    assert room("verdict")._kept(said, TUNE) == {"right": {"1": TUNE[1].answer}, "replies": 3, "tokens": 29}


def test_ours_comes_before_what_may_spend_no_more_than_ours(room: Any) -> None:
    verdict = room("verdict")
    names = [piece.name for piece in verdict.plan(verdict.QUICK, [0], list(verdict.GROUPS))]
    assert names[:8] == [f"specialists-{skill}-0-train" for skill in room("ground").SKILLS]
    assert names.index("verdict-name_date-0-ours") < names.index("verdict-name_date-0-rft_base")
    assert names.index("verdict-name_date-0-fixed") < names.index("verdict-name_date-0-rft_best")


def test_ours_is_wanted_ahead_of_every_other_row(room: Any) -> None:
    verdict = room("verdict")
    [(row, others, points)] = verdict.WANTED
    assert (row, points) == (verdict.TAUGHT, 8.0)
    assert set(others) == set(verdict.ROWS) - {verdict.TAUGHT, verdict.MERGED}
