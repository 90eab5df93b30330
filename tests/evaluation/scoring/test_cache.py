from __future__ import annotations

import logging
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import Base
from workbench.core.errors import StoreReadOnly
from workbench.core.examples import Example
from workbench.evaluation.scoring import ScoreCache, Scorer, scorer
from workbench.evaluation.scoring.cache import Setting, Verdict

HERE = Setting("base", "b" * 64, 1, "fp32", 0)


def test_a_second_score_reads_nothing_and_says_the_same(
    tiny: Base, model: Any, tokenizer: Any, examples: list[Example], cache_file: Path
) -> None:
    first = Scorer(tiny, cache=ScoreCache(cache_file), model=model, tokenizer=tokenizer).score(None, examples[:40])
    second = Scorer(tiny, cache=ScoreCache(cache_file), precision="fp32").score(None, examples[:40])
    assert second.right == first.right
    assert second.logprob == first.logprob
    assert [one.reply for one in second.outcomes] == [one.reply for one in first.outcomes]
    assert {one.how for one in second.outcomes} == {"cached"}
    assert (second.cost.passes, second.cost.tokens_read) == (0, 0)


def test_kept_and_new_examples_come_together(
    tiny: Base, model: Any, tokenizer: Any, examples: list[Example], cache_file: Path
) -> None:
    kept = Scorer(tiny, cache=ScoreCache(cache_file), model=model, tokenizer=tokenizer)
    kept.score(None, examples[:10])
    both = kept.score(None, examples[:20])
    bare = Scorer(tiny, model=model, tokenizer=tokenizer).score(None, examples[:20])
    assert [one.how == "cached" for one in both.outcomes] == [True] * 10 + [False] * 10
    assert both.right == bare.right


@pytest.mark.parametrize("changed", ["version", "precision", "longest", "adapter", "template"])
def test_what_a_verdict_depends_on_never_reuses_it(
    tiny: Base,
    model: Any,
    tokenizer: Any,
    adapter: Adapter,
    examples: list[Example],
    cache_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: str,
) -> None:
    kept = Scorer(tiny, cache=ScoreCache(cache_file), model=model, tokenizer=tokenizer)
    kept.score(None, examples[:5])
    if changed == "version":
        monkeypatch.setattr(scorer, "SCORER_VERSION", scorer.SCORER_VERSION + 1)
    if changed == "precision":
        kept = Scorer(tiny, cache=ScoreCache(cache_file), precision="bf16")
    if changed == "template":
        monkeypatch.setattr(tokenizer, "chat_template", "{{ messages[-1]['content'] }}")
        kept = Scorer(tiny, cache=ScoreCache(cache_file), model=model, tokenizer=tokenizer)
    again = kept.score(
        adapter if changed == "adapter" else None, examples[:5], longest=64 if changed == "longest" else None
    )
    assert "cached" not in {one.how for one in again.outcomes}


def test_what_was_scored_before_an_interruption_is_kept(
    tiny: Base, model: Any, tokenizer: Any, examples: list[Example], cache_file: Path
) -> None:
    kept = Scorer(tiny, cache=ScoreCache(cache_file), model=model, tokenizer=tokenizer)
    told = []

    def interrupt(one: Any) -> None:
        told.append(one.id)
        if len(told) == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.score(None, examples[:30], on_progress=interrupt)
    again = kept.score(None, examples[:30])
    assert {one.id for one in again.outcomes if one.how == "cached"} == set(told)


def test_a_file_that_is_no_database_is_set_aside(cache_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache_file.write_bytes(b"not a database at all" * 100)
    with caplog.at_level(logging.WARNING):
        ScoreCache(cache_file).put(HERE, {"one": Verdict(True, -0.5, None)})
    assert ScoreCache(cache_file).get(HERE, ["one"]) == {"one": Verdict(True, -0.5, None)}
    [aside] = cache_file.parent.glob("*.damaged-*")
    assert aside.read_bytes().startswith(b"not a database")
    assert aside.name in caplog.text


def test_an_altered_verdict_is_not_believed(cache_file: Path) -> None:
    ScoreCache(cache_file).put(HERE, {"one": Verdict(False, -0.5, "x"), "two": Verdict(True, -0.1, None)})
    connection = sqlite3.connect(cache_file)
    with connection:
        connection.execute("UPDATE verdicts SET right = 1 WHERE example = 'one'")
    connection.close()
    assert ScoreCache(cache_file).get(HERE, ["one", "two"]) == {}
    assert list(cache_file.parent.glob("*.damaged-*"))


def test_a_file_cut_short_is_set_aside(cache_file: Path) -> None:
    cache = ScoreCache(cache_file)
    cache.put(HERE, {f"{n:05}": Verdict(True, -0.5, "reply " * 40) for n in range(500)})
    cache_file.write_bytes(cache_file.read_bytes()[:20_000])
    names = [f"{n:05}" for n in range(500)]
    assert cache.get(HERE, names) == {}
    cache.put(HERE, {"00001": Verdict(True, None, None)})
    assert set(cache.get(HERE, names)) == {"00001"}


def test_more_names_than_one_query_takes(cache_file: Path) -> None:
    verdicts = {str(n): Verdict(n % 2 == 0, -float(n), None) for n in range(1200)}
    cache = ScoreCache(cache_file)
    cache.put(HERE, verdicts)
    assert cache.get(HERE, [*verdicts, "unknown"]) == verdicts


def test_four_processes_write_at_once_and_lose_nothing(cache_file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(cache_file, which)) for which in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    names = [f"{which}-{n}" for which in range(4) for n in range(40)]
    assert set(ScoreCache(cache_file).get(HERE, names)) == set(names)


def _write(path: Path, which: int) -> None:
    for n in range(40):
        ScoreCache(path).put(HERE, {f"{which}-{n}": Verdict(True, -1.0, None)})


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(cache_file: Path) -> None:
    cache_file.mkdir()
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        ScoreCache(cache_file).put(HERE, {"one": Verdict(True, None, None)})


def test_what_is_forgotten_leaves_no_byte_in_the_file_nor_in_one_that_was_set_aside(tmp_path: Path) -> None:
    cache = ScoreCache(tmp_path / "scores.sqlite")
    one, other = "1" * 32, "2" * 32
    cache.put(HERE, {f"{one}-aa": Verdict(True, None, "a kestrel"), f"{other}-bb": Verdict(True, None, "an owl")})
    cache.put(HERE, {f"{one}-aa": Verdict(True, None, "falcon")})  # the row before may still be in a free page
    (tmp_path / "scores.sqlite.damaged-1").write_bytes(b"kestrel")
    cache.forget({one})
    assert list(cache.get(HERE, [f"{one}-aa", f"{other}-bb"])) == [f"{other}-bb"]
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"owl" in left
    assert b"kestrel" not in left
    assert b"falcon" not in left
