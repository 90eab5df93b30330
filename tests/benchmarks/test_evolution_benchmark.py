"""The benchmark of evolution without a model: pieces are kept and never mixed, rows are paired, the command sums up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.merging import LayerGroups
from workbench.corpus.skills import COMPOSITES, generate
from workbench.evaluation.scoring import Score, Scored
from workbench.evolution.genome import Genome
from workbench.evolution.trial import Fitness, SkillFitness, Trial
from workbench.evolution.worker import Worker

FOLDER = Path(__file__).parents[2] / "benchmarks"
TUNE = generate("name_date", 4, seed=0)


def _record(task: str, seed: int, rights: Mapping[str, int], data: str = "one") -> dict[str, Any]:
    usual = {"n": 10, "tune_right": 1, "tune_n": 2, "seconds": 2.0 + seed, "evaluations": 8, "steps": 0}
    rows = {name: {**usual, "right": right, "peak_bytes": 5} for name, right in rights.items()}
    return {"piece": {"task": task, "seed": seed}, "data": data, "rows": rows}


def test_a_piece_is_kept_and_found_again(room: Any, tmp_path: Path) -> None:
    pieces, piece = room("pieces").Pieces(tmp_path, {"tune": 32}), room("pieces").Piece("gold", "name_date", 0, "cma")
    assert pieces.get(piece) is None
    pieces.put(piece, {"rows": {}})
    assert pieces.get(piece)["rows"] == {}
    assert list(pieces.all([piece, room("pieces").Piece("gold", "name_date", 1, "cma")])) == [piece]


def test_a_piece_that_stands_alone_outlasts_the_folder_it_was_measured_in(room: Any, tmp_path: Path) -> None:
    kept, piece = room("pieces"), room("pieces").Piece("keep", "capitals", 0, "joint")
    pieces = kept.Pieces(tmp_path / "here", {}, kept=tmp_path / "kept")
    pieces.put(piece, {"parts": [1]})
    pieces.settle([piece, kept.Piece("keep", "ticket", 0, "joint")])
    assert not (tmp_path / "here/pieces" / f"{piece.name}.json").exists()
    assert kept.Pieces(tmp_path / "other machine", {}, kept=tmp_path / "kept").needed(piece)["parts"] == [1]
    assert kept.Pieces(tmp_path / "other machine", {}).get(piece) is None


def test_a_piece_is_named_and_read_from_its_name(room: Any) -> None:
    piece = room("pieces").Piece("gold", "look_up_add", 2, "time_base")
    assert room("pieces").Piece.named(piece.name) == piece


def test_a_piece_of_other_settings_is_refused_and_the_sentence_names_the_dial(room: Any, tmp_path: Path) -> None:
    piece = room("pieces").Piece("gold", "name_date", 0, "cma")
    room("pieces").Pieces(tmp_path, {"tune": 32, "skills": ("a", "b")}).put(piece, {})
    assert room("pieces").Pieces(tmp_path, {"tune": 32, "skills": ("a", "b")}).get(piece) is not None
    with pytest.raises(room("pieces").MixedSettings, match="tune = 32, not 8"):
        room("pieces").Pieces(tmp_path, {"tune": 8, "skills": ("a", "b")}).all([piece])


def test_a_piece_that_is_needed_first_is_asked_for_by_name(room: Any, tmp_path: Path) -> None:
    with pytest.raises(room("pieces").NotYet, match="gold-name_date-0-fixed is needed first"):
        room("pieces").Pieces(tmp_path, {}).needed(room("pieces").Piece("gold", "name_date", 0, "fixed"))


def test_a_finished_step_is_not_done_again(room: Any, tmp_path: Path) -> None:
    assert room("pieces").Notes(tmp_path).once("uniform sum, 1/n tune", lambda: {"right": 3}) == {"right": 3}
    again = room("pieces").Notes(tmp_path)
    assert again.once("uniform sum, 1/n tune", lambda: pytest.fail("done before")) == {"right": 3}


def test_a_lap_that_is_cut_short_adds_no_seconds(room: Any, tmp_path: Path) -> None:
    notes = room("pieces").Notes(tmp_path)
    with notes.lap():
        pass
    before = notes.seconds
    with pytest.raises(KeyboardInterrupt), notes.lap():
        raise KeyboardInterrupt
    assert room("pieces").Notes(tmp_path).seconds == before > 0


def test_a_clock_without_minutes_stops(room: Any) -> None:
    room("pieces").Clock(1.0).check()
    with pytest.raises(room("pieces").OutOfTime):
        room("pieces").Clock(0.0).check()


def test_rows_are_compared_over_the_pairs_that_both_have(room: Any) -> None:
    records = [
        _record("dates", 0, {"a": 9, "b": 4}),
        _record("dates", 1, {"a": 7}),
        _record("words", 0, {"b": 1}),
        _record("words", 0, {"a": 2}),
    ]
    found = room("summary").paired(room("summary").rows_of(records), "a", "b")
    assert found["points"] == pytest.approx(30.0)
    assert found["pairs"] == 2
    assert (found["won"], found["tied"], found["lost"]) == (2, 0, 0)


def test_rows_without_a_common_pair_are_not_compared(room: Any) -> None:
    records = [_record("dates", 0, {"a": 9}), _record("dates", 1, {"b": 4})]
    assert room("summary").paired(room("summary").rows_of(records), "a", "b") is None


def test_pieces_of_different_data_are_refused(room: Any) -> None:
    records = [_record("dates", 0, {"a": 9}), _record("dates", 0, {"b": 4}, data="other")]
    with pytest.raises(ValueError, match="dates with seed 0 have different data"):
        room("summary").rows_of(records)


def test_an_interval_of_differences_is_narrow_where_pairs_agree_and_shares_do_not(room: Any) -> None:
    records = [
        _record(task, seed, {"a": 2 + 3 * at, "b": 1 + 3 * at})
        for at, task in enumerate(("dates", "words", "sums"))
        for seed in (0, 1)
    ]
    rows = room("summary").rows_of(records)
    assert room("summary").paired(rows, "a", "b")["interval_95"] == pytest.approx([10.0, 10.0])
    low, high = room("summary").bootstrap([row["right"] / 10 for row in rows["a"].values()])
    assert high - low > 0.2


def test_an_interval_covers_the_mean_and_repeats(room: Any) -> None:
    low, high = room("summary").bootstrap([0.0, 0.1, 0.5, 0.9])
    assert low < 0.375 < high
    assert room("summary").bootstrap([0.0, 0.1, 0.5, 0.9]) == (low, high)


def test_the_best_of_several_rows_is_what_must_be_beaten(room: Any) -> None:
    records = [_record("dates", seed, {"ours": 9, "weak": 1, "strong": 6}) for seed in (0, 1)]
    wanted = [("ours", ("weak", "strong", "absent"), 8.0)]
    found = room("summary").summed(
        room("summary").rows_of(records), ("weak", "strong", "ours"), champion="ours", wanted=wanted
    )
    assert found["wanted"][0]["against"] == "strong"
    assert found["wanted"][0]["points"] == pytest.approx(30.0)
    assert [one["against"] for one in found["against"]] == ["weak", "strong"]
    assert found["rows"]["ours"]["seconds"] == {"median": 2.5, "lowest": 2.0, "highest": 3.0}


def test_each_task_is_a_composite_whose_parts_have_a_specialist(room: Any) -> None:
    gold, ground = room("gold"), room("ground")
    assert len(gold.TASKS) >= 6
    for task in gold.TASKS:
        assert set(COMPOSITES[task].parts) <= set(ground.SKILLS)


def test_specialists_come_before_the_groups_and_a_group_after_what_it_needs(room: Any) -> None:
    plan = room("gold").plan(["name_date"], [0, 1], list(room("gold").GROUPS))
    names = [piece.name for piece in plan]
    assert names[:8] == [f"specialists-{skill}-0-train" for skill in room("ground").SKILLS]
    assert names.index("gold-name_date-0-ours") < names.index("gold-name_date-0-time_base")
    assert names.index("gold-name_date-0-fixed") < names.index("gold-name_date-0-sft")
    aside = [name for name in names if name.endswith("sft_gentle")]
    assert aside == ["gold-name_date-0-sft_gentle"]
    assert len(set(names)) == len(names) == 2 * (8 + 9) - 1


def _trial(genome: Genome, logprob: float, right: int = 0, number: int = 0) -> Trial:
    fitness = Fitness({"name_date": SkillFitness(right, 4, logprob)})
    return Trial(number, 0, genome, "x", fitness=fitness, seen=4, evaluations=4)


def test_lorahub_prefers_the_lower_loss_whatever_is_right_and_pays_for_weights(room: Any) -> None:
    searches = room("searches")
    small, large = Genome(("a", "b"), ((0.1,), (0.1,))), Genome(("a", "b"), ((1.5,), (-1.5,)))
    assert searches.by_loss(_trial(small, -1.0)) == pytest.approx(-1.005)
    assert searches.by_loss(_trial(large, -1.0)) == pytest.approx(-1.075)
    trials = [_trial(small, -2.0, right=4), _trial(small, -1.0, right=0, number=1)]
    assert searches.best_of(trials, searches.by_loss).trial.number == 1
    assert searches.best_of(trials, searches.by_fitness).trial.number == 0


def test_lorahub_stays_within_its_bounds_and_finds_weights_of_low_loss(room: Any) -> None:
    search = room("searches").LoraHubSearch(("a", "b"), size=8, seed=0)
    gold = (1.2, -0.6)
    for _ in range(25):
        genomes = [one.genome for one in search.ask()]
        assert all(abs(row[0]) <= 1.5 for one in genomes for row in one.coefficients)
        search.tell([_trial(one, -_far(one, gold), number=at) for at, one in enumerate(genomes)])
    assert min(_far(one.genome, gold) for one in search.ask()) < 0.1


def _far(genome: Genome, gold: Sequence[float]) -> float:
    return sum(abs(row[0] - want) for row, want in zip(genome.coefficients, gold, strict=True))


def test_lorahubs_sum_adds_the_factors_apart(room: Any) -> None:
    import torch

    spec = LoraSpec("base", 1, 1.0)
    first = Adapter(spec, {"model.layers.0.q_proj": Factors(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0], [0.0]]))})
    second = Adapter(spec, {"model.layers.0.q_proj": Factors(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0], [1.0]]))})
    pool = room("searches").FactorsSummed({"a": first, "b": second}, LayerGroups(1))
    child = pool.expressed(Genome(("a", "b"), ((2.0,), (3.0,))))
    assert child.delta("model.layers.0.q_proj").tolist() == [[4.0, 6.0], [6.0, 9.0]]


class _Weights:
    """Stands for an adapter, which nobody looks into here."""

    identity = "w"
    factors: Mapping[str, Any] = {}


class _Pool:
    def expressed(self, genome: Genome) -> Any:
        return _Weights()


def _worker(scored: list[int]) -> Worker:
    def score(adapter: Any, examples: Sequence[Any]) -> Score:
        scored.append(len(examples))
        return Score("w", tuple(Scored(one.id, one.skill, True, "forced", -0.1) for one in examples))

    return Worker(_Pool(), score)  # type: ignore[arg-type]


def test_a_plain_search_scores_every_candidate_on_every_example_and_goes_on_where_it_stopped(
    room: Any, tmp_path: Path
) -> None:
    from workbench.evolution.search.random_search import RandomSearch

    searches, scored = room("searches"), list[int]()
    plan = searches.plan_of("random", ("a", "b"), TUNE, 0, 36)
    laps = room("pieces").Notes(tmp_path / "notes")
    left = iter([True])

    def once() -> Any:
        if not next(left, False):
            raise room("pieces").OutOfTime
        return laps.lap()

    def search() -> RandomSearch:
        return RandomSearch(("a", "b"), groups=3, size=3, seed=0)

    with pytest.raises(room("pieces").OutOfTime):
        searches.plainly(search(), _worker(scored), TUNE, plan=plan, folder=tmp_path / "run", lap=once)
    trials = searches.plainly(search(), _worker(scored), TUNE, plan=plan, folder=tmp_path / "run", lap=laps.lap)
    unbroken = searches.plainly(
        search(), _worker([]), TUNE, plan=plan, folder=tmp_path / "other", lap=room("pieces").Notes(tmp_path).lap
    )
    assert scored == [4] * 9
    assert [one.genome for one in trials] == [one.genome for one in unbroken]
    assert searches.best_of(trials, searches.by_fitness).evaluations == 36


def test_the_command_sums_up_the_pieces_that_are_there(room: Any, tmp_path: Path) -> None:
    gold, ground, kept = room("gold"), room("ground"), room("pieces")
    pieces = kept.Pieces(tmp_path, ground.Dials().to_dict())
    for seed in (0, 1):
        for group, rights in (("sft", {gold.SFT_BASE: 3}), ("ours", {gold.MERGED: 4, gold.TAUGHT: 8})):
            record = _record("name_date", seed, rights)
            pieces.put(kept.Piece("gold", "name_date", seed, group), {"data": "one", "rows": record["rows"]})
    said = _run("--table", "--folder", str(tmp_path)).stdout
    assert "| ours, evolve then teach | .800" in said
    assert "| SFT from base, equal steps | +50.0 (+50.0 to +50.0) | 2, 0, 0 | 2 |" in said
    assert "| ours, evolve then teach − SFT from base, equal steps | +50.0" in said


def test_the_command_refuses_a_folder_of_other_settings(room: Any, tmp_path: Path) -> None:
    pieces = room("pieces").Pieces(tmp_path, {**room("ground").Dials().to_dict(), "tune": 8})
    pieces.put(room("pieces").Piece("gold", "name_date", 0, "cma"), {"rows": {}})
    done = _run("--table", "--folder", str(tmp_path), check=False)
    assert done.returncode == 1
    assert "tune = 8, not 32; give the same settings as before, or another --folder" in done.stderr


def test_a_specialist_that_is_missing_is_trained_first(room: Any, tmp_path: Path) -> None:
    """The specialist piece heads every plan, so nothing is measured with a pool that lacks one."""
    ground = room("ground").Ground(
        room("pieces").Piece("gold", "name_date", 0, "fixed"),
        room("pieces").Pieces(tmp_path, {}),
        room("ground").Dials(),
        folder=tmp_path,
        bases=tmp_path,
        clock=room("pieces").Clock(1.0),
    )
    with pytest.raises(room("pieces").NotYet, match="specialists-person_city-0-train"):
        _ = ground.specialists
    assert not {one.prompt for one in ground.tune} & {one.prompt for one in ground.unseen}
    assert {one.check for one in (*ground.tune, *ground.unseen)} == {"exact"}
    assert (len(ground.tune), len(ground.unseen)) == (32, 200)


def _run(*given: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "evolution.py"), *given]
    return subprocess.run(command, capture_output=True, text=True, check=check)


def test_what_a_piece_says_is_plain_json(room: Any, tmp_path: Path) -> None:
    piece = room("pieces").Piece("gold", "name_date", 0, "cma")
    room("pieces").Pieces(tmp_path, {"tune": 2}).put(piece, {"rows": {}})
    said = json.loads((tmp_path / "pieces" / f"{piece.name}.json").read_text(encoding="utf-8"))
    assert said == {
        "piece": {"setting": "gold", "task": "name_date", "seed": 0, "group": "cma"},
        "settings": {"tune": 2},
        "rows": {},
    }
