"""A run's ledger keeps what was told, exactly: through kill -9, broken lines, a full disk; and two runs never mix."""

from __future__ import annotations

import json
import logging
import math
import random
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evolution.made_up import towards, tried
from tests.full_disk import files_at_most
from workbench.core.errors import EvolutionError, StoreFull, StoreLocked
from workbench.evaluation.intervals import wilson_interval
from workbench.evolution.budget import Budget
from workbench.evolution.genome import Genome, Lesson
from workbench.evolution.ledger import Plan, RunLedger
from workbench.evolution.loop import Evolution
from workbench.evolution.search.cma import CmaSearch
from workbench.evolution.trial import Fitness, SkillFitness, Trial

ROOT = Path(__file__).parents[2]
PLAN = Plan(
    "cma", ("aa", "bb"), "f00d", seed=7, budget={"evaluations": 2000}, settings={"size": 12, "race": {"delta": 0.1}}
)


def trial(number: int, *, generation: int | None = None, right: int = 3) -> Trial:
    return Trial(
        number=number,
        generation=number // 4 if generation is None else generation,
        genome=Genome(("aa", "bb"), ((1.0,), (0.1 * number,))),
        operator="cma-es",
        made_of=("c0ffee",),
        fitness=Fitness({"dates": SkillFitness(right, 8, -0.1 - 0.2 * number)}, size_bytes=4096),
        seen=8,
        evaluations=8,
        seconds=0.1 + 0.2,
        peak_bytes=10**9,
        adapter="ad",
    )


TRIALS = tuple(trial(number) for number in range(12))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The file of a run of twelve trials that has ended."""
    with RunLedger(tmp_path) as ledger:
        ledger.begin(PLAN)
        for one in TRIALS:
            ledger.append(one)
    return ledger.path


def spoil(path: Path, *lines: int, by: bytes = b"{spoilt\n") -> None:
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(by if at in lines else line for at, line in enumerate(content, start=1)))


def resumed(path: Path, *trials: Trial) -> tuple[Trial, ...]:
    with RunLedger(path.parent) as ledger:
        ledger.begin(PLAN)
        for one in trials:
            ledger.append(one)
        return ledger.trials()


names = st.text(min_size=0, max_size=8) | st.sampled_from(["a.right", "right", "x.right.n", "日付", "\ud800", "a\nb"])
finite = st.floats(allow_nan=False, allow_infinity=False)
counts = st.tuples(st.integers(0, 40), st.integers(1, 40)).map(lambda two: (min(two), max(two)))
shares = st.builds(lambda two, logprob: SkillFitness(*two, logprob), counts, st.none() | finite.filter(lambda x: x < 0))
fitnesses = st.builds(
    Fitness,
    st.dictionaries(names, shares, min_size=1, max_size=3),
    st.dictionaries(names, shares, max_size=2),
    size_bytes=st.integers(0, 2**40),
)
lessons = st.builds(Lesson, st.integers(1, 99), finite, batch=st.integers(1, 64), seed=st.integers(0, 2**31))
genomes = st.builds(
    lambda rows, **other: Genome(tuple("abcd"[: len(rows)]), tuple(rows), **other),
    st.integers(1, 3).flatmap(
        lambda n: st.lists(st.lists(finite, min_size=n, max_size=n).map(tuple), min_size=1, max_size=4)
    ),
    stretch=st.lists(st.lists(finite.map(abs), max_size=2).map(tuple), max_size=2).map(tuple),
    rule=st.sampled_from(["linear", "ties", "dare"]),
    share=st.none() | finite,
    rank=st.none() | st.integers(1, 64),
    seed=st.integers(0, 2**31),
    lesson=st.none() | lessons,
)
trials = st.builds(
    Trial,
    number=st.integers(0, 9999),
    generation=st.integers(0, 999),
    genome=genomes,
    operator=st.text(max_size=9),
    made_of=st.lists(st.text("0123456789abcdef", max_size=64), max_size=3).map(tuple),
    fitness=st.none() | fitnesses,
    seen=st.integers(0, 999),
    evaluations=st.integers(0, 999),
    stopped=st.booleans(),
    estimate=st.none() | finite,
    outcomes=st.lists(st.none() | finite, max_size=4).map(tuple),
    seconds=finite,
    peak_bytes=st.integers(0, 2**50),
    adapter=st.none() | st.text(max_size=9),
    failure=st.none() | st.text(max_size=9),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trials)
def test_whatever_a_trial_says_is_read_back_equal_to_the_last_digit(tmp_path: Path, told: Trial) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    with RunLedger(folder) as ledger:
        ledger.begin(PLAN)
        ledger.append(told)
    [found] = RunLedger(folder).trials()
    assert found == told
    assert repr(found.seconds) == repr(told.seconds)
    assert found.genome.identity == told.genome.identity
    if told.fitness:
        assert found.fitness is not None
        assert list(found.fitness.skills) == list(told.fitness.skills)


def test_the_first_line_says_what_decides_the_run_and_each_line_names_run_seed_and_data(written: Path) -> None:
    first, *rest = [json.loads(line) for line in written.read_text().splitlines()]
    assert first["plan"]["budget"] == {"evaluations": 2000}
    assert first["run"] == PLAN.identity
    assert {(one["run"], one["seed"], one["data"]) for one in rest} == {(PLAN.identity, 7, "f00d")}
    assert RunLedger(written.parent).plan == PLAN


def test_every_skill_has_its_wilson_interval_beside_its_score(written: Path) -> None:
    line = json.loads(written.read_text().splitlines()[3])
    assert (line["skill.dates.right"], line["skill.dates.n"]) == (3, 8)
    assert (line["skill.dates.low"], line["skill.dates.high"]) == wilson_interval(3, 8)
    assert line["value"] == TRIALS[2].fitness.value  # type: ignore[union-attr]


def test_pandas_reads_flat_columns_and_exact_numbers(tmp_path: Path) -> None:
    import pandas as pd

    told = [*TRIALS[:3], replace(TRIALS[3], fitness=None, adapter=None, failure="MemoryError: 3 GiB\nare not there")]
    with RunLedger(tmp_path) as ledger:
        ledger.begin(PLAN)
        for one in told:
            ledger.append(one)
    table = pd.read_json(ledger.path, lines=True, precise_float=True)
    assert table["plan"][0]["search"] == "cma"
    rows = table[table["plan"].isna()]
    assert list(rows["number"]) == [0, 1, 2, 3]
    assert list(rows["skill.dates.logprob"][:3]) == [
        one.fitness.skills["dates"].logprob for one in told[:3] if one.fitness
    ]
    assert list(rows["seconds"]) == [one.seconds for one in told]
    assert list(rows["genome.coefficients"])[2] == [[1.0], [0.2]]
    assert rows["value"].idxmax() == 1
    assert rows["failure"].iloc[3] == told[3].failure
    assert math.isnan(rows["share"].iloc[3])
    lines = [list(json.loads(line)) for line in ledger.path.read_text().splitlines()[1:]]
    assert lines[0] == lines[1] == lines[2]
    assert lines[3] == [name for name in lines[0] if not name.startswith("skill.")]


def test_a_run_goes_on_where_it_was(written: Path) -> None:
    assert resumed(written, trial(12)) == (*TRIALS, trial(12))
    assert written.read_text().count('"plan"') == 1


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (replace(PLAN, seed=8), "seed is 7 there and 8 here;"),
        (replace(PLAN, search="random"), 'search is "cma" there and "random" here;'),
        (replace(PLAN, budget={"evaluations": 4000}), "budget.evaluations is 2000 there and 4000 here;"),
        (replace(PLAN, budget={"evaluations": 2000.0}), "budget.evaluations is 2000 there and 2000.0 here;"),
        (replace(PLAN, budget={}), "budget.evaluations is 2000 there and nothing here;"),
        (replace(PLAN, parents=("aa", "cc")), 'parents.1 is "bb" there and "cc" here;'),
        (
            replace(PLAN, settings={"size": 12, "race": {"delta": 0.2}}),
            "settings.race.delta is 0.1 there and 0.2 here;",
        ),
        (Plan("random", (), ""), r", and \d more;"),
    ],
)
def test_another_runs_folder_is_refused_by_what_differs_and_left_as_it_is(
    written: Path, other: Plan, difference: str
) -> None:
    spoil(written, 5)
    before = written.read_bytes()
    with pytest.raises(EvolutionError, match=rf"holds another run: .*{difference} choose another folder"):
        RunLedger(written.parent).begin(other)
    assert written.read_bytes() == before
    assert not written.with_name("trials.broken.jsonl").exists()
    RunLedger(written.parent).begin(PLAN)  # the refused one holds no lock


def test_tuples_and_lists_of_a_plan_are_one_run(tmp_path: Path) -> None:
    with RunLedger(tmp_path) as ledger:
        ledger.begin(replace(PLAN, settings={"skills": ("a", "b")}))
    assert RunLedger(tmp_path).begin(replace(PLAN, settings={"skills": ["a", "b"]})) == ()


def test_lines_of_two_runs_in_one_file_are_refused_by_writers_and_readers(written: Path, tmp_path: Path) -> None:
    other = RunLedger(tmp_path / "other")
    with other:
        other.begin(replace(PLAN, seed=8))
        other.append(trial(12))
    with written.open("ab") as file:
        file.write(other.path.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(EvolutionError, match="several runs"):
        RunLedger(written.parent).trials()
    with pytest.raises(EvolutionError, match="holds trials of another run"):
        RunLedger(written.parent).begin(PLAN)


@pytest.mark.parametrize(
    "damage",
    [
        b"{spoilt\n",
        b"\n",
        b"\xff\xfe\n",
        b"\x00" * 300 + b"\n",
        b"[1, 2]\n",
        b'"plan"\n',
        b"7\n",
        b"[" * 100_000 + b"\n",
        b'{"run": "x", "plan": 3}\n',
        b'{"number": 5}\n',
    ],
)
def test_a_broken_line_is_kept_aside_and_told_and_its_trial_takes_its_place_again(
    written: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(written, 7, by=damage)
    assert RunLedger(written.parent).trials() == (*TRIALS[:5], *TRIALS[6:])  # a reader passes it over
    with RunLedger(written.parent) as ledger, caplog.at_level(logging.WARNING):
        [broken] = ledger.begin(PLAN)
        assert broken.line == 7
        assert "now in trials.broken.jsonl: line 7" in caplog.text
        assert written.with_name("trials.broken.jsonl").read_bytes() == damage
        assert ledger.trials() == (*TRIALS[:5], *TRIALS[6:])
        ledger.append(TRIALS[5])
        assert ledger.trials() == TRIALS
    assert RunLedger(written.parent).begin(PLAN) == ()


@pytest.mark.parametrize(
    ("said", "altered"),
    [
        ('"genome.rank": null', '"genome.rank": 4'),
        ("[0.4]", "[0.5]"),
        ('"skill.dates.right": 3', '"skill.dates.right": 9'),
        ('"number": 4', '"number": "4"'),
        ('"stopped": false', '"stopped": null'),
        ('"seen": 8, ', ""),
        ('"made_of": ["c0ffee"]', '"made_of": null'),
        ('"genome.rule": "linear", ', ""),
        ('"skill.dates.n": 8, ', ""),
    ],
)
def test_a_line_that_contradicts_itself_or_lacks_something_is_broken_too(
    written: Path, said: str, altered: str
) -> None:
    line = written.read_text().splitlines()[5]
    assert said in line
    spoil(written, 6, by=line.replace(said, altered).encode() + b"\n")
    assert RunLedger(written.parent).begin(PLAN)[0].line == 6
    assert [one.number for one in RunLedger(written.parent).trials()] == [0, 1, 2, 3, *range(5, 12)]


def test_a_lost_first_line_is_written_again_for_the_run_whose_trials_are_there_and_for_no_other(written: Path) -> None:
    spoil(written, 1)
    with pytest.raises(EvolutionError, match="does not say in its first line what run it is"):
        _ = RunLedger(written.parent).plan
    with pytest.raises(EvolutionError, match="holds trials of another run"):
        RunLedger(written.parent).begin(replace(PLAN, seed=8))
    assert resumed(written) == TRIALS
    assert RunLedger(written.parent).plan == PLAN


def test_a_first_line_with_an_altered_setting_is_not_believed(written: Path) -> None:
    spoil(written, 1, by=written.read_bytes().splitlines(keepends=True)[0].replace(b"2000", b"9000"))
    with RunLedger(written.parent) as ledger:
        assert ledger.begin(PLAN)[0].line == 1
        assert ledger.plan == PLAN


@pytest.mark.parametrize("line", [2, 8, 14, 20, 21])
def test_a_search_goes_on_over_a_broken_line_to_the_champion_of_the_unbroken_run(tmp_path: Path, line: int) -> None:
    def ended(folder: Path) -> Evolution:
        with RunLedger(folder) as ledger:
            ledger.begin(PLAN)
            evolution = Evolution(CmaSearch(("aa", "bb"), groups=2, size=5, seed=7), ledger, Budget(200))
            while not evolution.is_over:
                evolution.tell(tried(evolution.ask(), towards(0.9, 0.1, -0.4, 0.0)))
        return evolution

    whole = ended(tmp_path)
    spoil(tmp_path / "trials.jsonl", line)
    mended = ended(tmp_path)
    assert (mended.champion, mended.trials) == (whole.champion, whole.trials)
    assert RunLedger(tmp_path).trials() == whole.trials


def test_where_a_number_comes_again_it_and_all_higher_ones_before_it_no_longer_count(written: Path) -> None:
    again = [trial(number, right=4) for number in (6, 7)]
    assert resumed(written, *again) == (*TRIALS[:6], *again)
    assert len(written.read_text().splitlines()) == 1 + 12 + 2  # nothing is taken away


def test_one_holds_the_run_and_another_process_reads_it_but_cannot_begin(written: Path) -> None:
    other = (
        "import sys; from pathlib import Path; from tests.evolution.test_run_ledger import PLAN, RunLedger\n"
        "ledger = RunLedger(Path(sys.argv[1])); print(len(ledger.trials())); ledger.begin(PLAN)"
    )
    command = [sys.executable, "-c", other, str(written.parent)]
    with RunLedger(written.parent) as ledger:
        ledger.begin(PLAN)
        ledger.append(trial(12))
        told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert told.stdout == "13\n"
        assert f"{StoreLocked.__name__}: The run in {written.parent} is held by another process" in told.stderr
        assert "close it, or try again" in told.stderr
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_second_ledger_of_the_same_process_is_refused_until_the_first_is_closed_or_forgotten(tmp_path: Path) -> None:
    first, second = RunLedger(tmp_path), RunLedger(tmp_path)
    first.begin(PLAN)
    with pytest.raises(StoreLocked, match="still open"):
        second.begin(PLAN)
    first.begin(PLAN)  # itself it does not stand in the way of
    first.close()
    second.begin(PLAN)
    del second
    RunLedger(tmp_path).begin(PLAN)


def test_a_run_begun_in_one_thread_is_gone_on_with_and_closed_in_another(tmp_path: Path) -> None:
    ledger = RunLedger(tmp_path)
    ledger.begin(PLAN)
    for work in (lambda: ledger.append(TRIALS[0]), ledger.close):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert RunLedger(tmp_path).trials() == TRIALS[:1]
    RunLedger(tmp_path).begin(PLAN)


def test_a_run_that_is_not_held_takes_no_trial(written: Path) -> None:
    with pytest.raises(EvolutionError, match="begin it before trials are added"):
        RunLedger(written.parent).append(trial(12))
    assert RunLedger(written.parent).trials() == TRIALS


def test_an_empty_folder_has_no_trials_and_no_plan(tmp_path: Path) -> None:
    assert RunLedger(tmp_path / "none").trials() == ()
    with pytest.raises(EvolutionError, match="begin one: workbench evolve"):
        _ = RunLedger(tmp_path / "none").plan
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "told",
    [
        replace(TRIALS[0], seconds=math.nan),
        replace(TRIALS[0], fitness=Fitness({"a": SkillFitness(1, 2, -math.inf)})),
        replace(TRIALS[0], made_of=["a list"]),  # type: ignore[arg-type]
        replace(TRIALS[0], outcomes=(0.5, math.nan)),
        replace(TRIALS[0], peak_bytes=object()),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_back_as_it_is_is_not_written(written: Path, told: Trial) -> None:
    before = written.read_bytes()
    with RunLedger(written.parent) as ledger:
        ledger.begin(PLAN)
        with pytest.raises(EvolutionError, match=r"Trial 0 cannot be kept.*tell"):
            ledger.append(told)
    assert written.read_bytes() == before


def test_a_full_disk_leaves_the_ledger_as_it_was_and_the_run_goes_on_once_there_is_space(written: Path) -> None:
    before = written.read_bytes()
    with RunLedger(written.parent) as ledger:
        ledger.begin(PLAN)
        with files_at_most(len(before) + 200), pytest.raises(StoreFull, match="free some, then resume the run"):
            ledger.append(trial(12))
        assert written.read_bytes() == before
        ledger.append(trial(12))
        assert ledger.trials() == (*TRIALS, trial(12))


def test_a_full_disk_while_lines_are_set_aside_loses_none_of_them(written: Path) -> None:
    spoil(written, 4)
    before = written.read_bytes()
    with files_at_most(len(before) // 2), pytest.raises(StoreFull):
        RunLedger(written.parent).begin(PLAN)
    assert written.read_bytes() == before
    assert [one.line for one in RunLedger(written.parent).begin(PLAN)] == [4]
    assert written.with_name("trials.broken.jsonl").read_bytes() == b"{spoilt\n"
    assert not list(written.parent.glob(".trials*"))


WRITING = """
import sys
from pathlib import Path
from tests.evolution.test_run_ledger import PLAN, RunLedger, trial
ledger = RunLedger(Path(sys.argv[1]))
ledger.begin(PLAN)
for number in range(len(ledger.trials()), 10**9):
    ledger.append(trial(number))
    print(number, flush=True)
"""


def killed(folder: Path, seconds: float) -> list[int]:
    """Run until it is killed, that long after its first trial; the numbers that it acknowledged."""
    command = [sys.executable, "-c", WRITING, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline())]
        threading.Timer(seconds, process.kill).start()
        said += [int(line) for line in process.stdout]
    assert process.returncode == -signal.SIGKILL
    return said


def test_a_run_killed_at_random_moments_has_every_acknowledged_trial_and_goes_on_behind_them(tmp_path: Path) -> None:
    draw, there = random.Random(11), 0
    for _ in range(4):
        said = killed(tmp_path, draw.uniform(0, 0.15))
        assert said == list(range(there, said[-1] + 1))  # it went on where the killed one was
        found = RunLedger(tmp_path).trials()
        assert found == tuple(trial(number) for number in range(len(found)))
        assert said[-1] + 1 <= len(found) <= said[-1] + 2  # one may be written and not yet said
        there = len(found)
    with RunLedger(tmp_path) as ledger:
        assert ledger.begin(PLAN) == ()  # the lock went with the process, and no line was broken
        ledger.append(trial(there))
    assert [one.number for one in RunLedger(tmp_path).trials()] == list(range(there + 1))
    assert ledger.path.read_bytes().count(b"\n") == 1 + there + 1
