from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from workbench.core.errors import NotStored, StoreError, StoreLocked
from workbench.core.records import Feedback, Recalled, Turn
from workbench.core.schema import ConsolidationSettings, ImportanceSettings
from workbench.memory import MiniLM
from workbench.memory.consolidation import consolidator as module
from workbench.memory.consolidation.consolidator import Consolidator, Report
from workbench.memory.database import Database, open_database
from workbench.memory.index.exact import ExactIndex
from workbench.memory.memories import Memories, NewMemory
from workbench.memory.sessions.forgetting import forget_memories
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.tables import runs

NOW = 1_700_000_000.0
DAY_S = 86_400.0
TEXTS = (
    ("I live in Oslo.", 9.0),
    ("I've moved to Rome.", 1.0),
    ("My dog is called Rufus.", 8.0),
    ("My brown dog is called Rufus.", 7.0),
    ("Remember that Anna was born on 7 May 2019.", 6.0),
    ("Okay, sounds good.", 99.0),
    ("Okay, sounds good to me.", 98.0),
    ("I work as a nurse.", 5.0),
)
DIALS = ConsolidationSettings(duplicate_cosine=0.8)


def remember(database: Database, minilm: MiniLM, texts: tuple[tuple[str, float], ...] = TEXTS) -> Turn:
    rows = minilm.embed([text for text, _ in texts]).astype("<f4")
    new = [
        NewMemory(text, row.tobytes(), minilm.name, said_at=NOW - days * DAY_S)
        for (text, days), row in zip(texts, rows, strict=True)
    ]
    return Sessions(database).save(Turn(question="q", answer="a"), new)


def consolidator(database: Database, dials: ConsolidationSettings = DIALS, now: float = NOW) -> Consolidator:
    memories, sessions = Memories(database), Sessions(database)
    return Consolidator(memories, sessions, MiniLM.name, ImportanceSettings(), dials, clock=lambda: now)


def states(database: Database) -> dict[str, str]:
    return {one.text: one.state for one in Memories(database).list()}


def everything(database: Database) -> dict[str, object]:
    """What there is, without ids and times of its own."""
    stored = {one.id: one for one in Memories(database).list()}
    by = {name: stored[one.replaced_by].text if one.replaced_by else None for name, one in stored.items()}
    return {
        one.text: (one.state, one.tier, by[name], round(one.importance, 6), one.recall_count)
        for name, one in stored.items()
    }


def by_text(database: Database, text: str) -> str:
    return next(one.id for one in Memories(database).list() if one.text == text)


def test_a_run_promotes_merges_supersedes_and_expires_and_the_journal_says_why(
    database: Database, minilm: MiniLM
) -> None:
    remember(database, minilm)
    report = consolidator(database, ConsolidationSettings(duplicate_cosine=0.8, expire_below=0.18)).run()
    assert states(database) == {
        "I live in Oslo.": "superseded",
        "I've moved to Rome.": "active",
        "My dog is called Rufus.": "merged",
        "My brown dog is called Rufus.": "active",
        "Remember that Anna was born on 7 May 2019.": "active",
        "Okay, sounds good.": "active",  # the first of its kind: nothing said it before
        "Okay, sounds good to me.": "expired",
        "I work as a nurse.": "active",
    }
    assert report.counts["merged"] == report.counts["superseded"] == report.counts["promoted"] == 1
    assert (report.resumed, report.skipped) == (False, 0)
    memories = Memories(database)
    [*_, last] = memories.history(by_text(database, "I live in Oslo."))
    assert last.what == "superseded"
    assert by_text(database, "I've moved to Rome.")[:8] in (last.why or "")
    assert memories.get(by_text(database, "Remember that Anna was born on 7 May 2019.")).tier == "long"


def test_a_preview_says_the_same_and_changes_nothing(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    before = everything(database), Memories(database).last_change()
    made = consolidator(database).preview()
    assert (everything(database), Memories(database).last_change()) == before
    assert consolidator(database).run().counts == made.counts


def test_a_second_run_finds_nothing_left_to_merge_or_supersede(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    consolidator(database).run()
    again = consolidator(database).run()
    assert not {"merged", "superseded", "promoted"}.intersection(again.counts)


def test_a_merge_hands_on_recalls_and_its_undo_gives_them_back(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    memories = Memories(database)
    poor, rich = (by_text(database, f"My {word}dog is called Rufus.") for word in ("", "brown "))
    memories.touch({poor: 3, rich: 1}, NOW)
    consolidator(database).run()
    assert (memories.get(rich).recall_count, memories.get(poor).replaced_by) == (4, rich)
    consolidator(database).undo(poor[:12])
    assert (memories.get(poor).state, memories.get(poor).replaced_by, memories.get(rich).recall_count) == (
        "active",
        None,
        1,
    )
    assert [change.what for change in memories.history(poor)][-2:] == ["merged", "restored"]


def test_what_was_restored_by_hand_is_left_alone_from_then_on(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    consolidator(database).run()
    for text in ("My dog is called Rufus.", "I live in Oslo."):
        consolidator(database).undo(by_text(database, text))
    consolidator(database).run()
    assert states(database)["My dog is called Rufus."] == states(database)["I live in Oslo."] == "active"


def test_only_what_left_can_be_undone(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    with pytest.raises(StoreError, match="is active already"):
        consolidator(database).undo(by_text(database, "I live in Oslo."))
    with pytest.raises(NotStored):
        consolidator(database).undo("no such id")


def test_thumbs_on_turns_that_stated_or_used_a_memory_count(database: Database, minilm: MiniLM) -> None:
    stated = remember(database, minilm)
    used_id = by_text(database, "I work as a nurse.")
    recalled = (Recalled(used_id, "", 1.0, "", NOW),)
    used = Sessions(database).save(Turn(question="q", answer="a", recalled=recalled))
    for turn in (stated, used):
        Sessions(database).add_feedback(Feedback(turn.id, "down"))
        Sessions(database).add_feedback(Feedback(turn.id, "up"))  # the last word counts
    found = {one.memory_id: one.parts for one in consolidator(database).preview().decisions if one.parts}
    assert found[used_id]["feedback"] == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert found[by_text(database, "Okay, sounds good.")]["feedback"] == 0.75


def test_history_that_is_old_enough_is_removed_for_good(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    consolidator(database).run()
    later = time.time() + 400 * DAY_S
    assert consolidator(database, now=later).run().counts["purged"] >= 1
    assert "My dog is called Rufus." not in states(database)
    assert states(database)["I live in Oslo."] == "superseded"


def test_the_schedule_asks_for_a_run_when_there_is_something_and_the_last_is_old(
    database: Database, minilm: MiniLM
) -> None:
    assert not consolidator(database).due()  # nothing remembered
    remember(database, minilm)
    assert consolidator(database).due()
    consolidator(database).run()
    assert not consolidator(database, now=NOW + 23 * 3_600).due()
    assert consolidator(database, now=NOW + 24 * 3_600).due()
    assert not consolidator(database, ConsolidationSettings(every_hours=0), now=NOW + 9e9).due()


def test_progress_is_told_after_each_transaction(
    database: Database, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    remember(database, minilm)
    told: list[tuple[int, int]] = []
    consolidator(database).run(lambda done, total: told.append((done, total)))
    total = told[-1][1]
    assert told == [(min(done, total), total) for done in range(3, total + 3, 3)]


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_cut_short_after_any_transaction_the_next_run_ends_in_the_same_state(
    after: int, tmp_path: Path, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    whole, broken = (open_database(tmp_path / f"{name}.sqlite") for name in ("whole", "broken"))
    for database in (whole, broken):
        remember(database, minilm)
    expected = consolidator(whole).run()

    def kill(done: int, _total: int) -> None:
        if done == after:
            raise Killed

    with pytest.raises(Killed):
        consolidator(broken).run(kill)
    assert consolidator(broken).due()
    report = consolidator(broken).run()
    assert report.resumed
    assert (everything(broken), report.counts) == (everything(whole), expected.counts)
    assert not consolidator(broken).run().resumed
    for database in (whole, broken):
        database.close()


def test_what_somebody_changed_since_the_plan_is_left_alone(
    database: Database, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(database, minilm)
    monkeypatch.setattr(module, "BATCH", 1)
    with pytest.raises(Killed):
        consolidator(database).run(raising)
    memories = Memories(database)
    memories.pin(by_text(database, "I live in Oslo."))
    forget_memories(database, [by_text(database, "Remember that Anna was born on 7 May 2019.")])
    report = consolidator(database).run()
    assert states(database)["I live in Oslo."] == "active"
    assert report.skipped == 2


def raising(_done: int, _total: int) -> None:
    raise Killed


RUNNER = """
import sys
from pathlib import Path
from workbench.core.schema import ConsolidationSettings, ImportanceSettings
from workbench.memory import MiniLM
from workbench.memory.consolidation import consolidator
from workbench.memory.database import open_database
from workbench.memory.memories import Memories
from workbench.memory.sessions.sessions import Sessions

consolidator.BATCH = 1
database = open_database(Path(sys.argv[1]))

def told(done, total):
    print(done, flush=True)
    sys.stdin.readline()

dials = ConsolidationSettings(duplicate_cosine=0.8)
parts = Memories(database), Sessions(database), MiniLM.name, ImportanceSettings(), dials
consolidator.Consolidator(*parts, clock=lambda: float(sys.argv[2])).run(told)
"""


def start(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUNNER, str(home), str(NOW)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_second_process_is_told_to_wait_and_takes_over_when_the_first_is_killed(
    tmp_path: Path, database: Database, minilm: MiniLM
) -> None:
    remember(database, minilm)
    with start(tmp_path / "memory.sqlite") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "1\n"
        with pytest.raises(StoreLocked, match="Another process consolidates"):
            consolidator(database).run()
        first.send_signal(signal.SIGKILL)
    report = consolidator(database).run()
    assert report.resumed
    other = open_database(tmp_path / "whole.sqlite")
    remember(other, minilm)
    consolidator(other).run()
    assert everything(database) == everything(other)
    other.close()


def test_a_kept_plan_holds_no_text_and_is_dropped_when_it_is_done(
    database: Database, minilm: MiniLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    remember(database, minilm)
    with pytest.raises(Killed):
        consolidator(database).run(raising)
    assert "decisions" in kept(database)
    assert not [word for word in ("Rufus", "Oslo", "Rome", "Anna", "nurse") if word in kept(database)]
    consolidator(database).run()
    assert "decisions" not in kept(database)


def kept(database: Database) -> str:
    with database.read() as connection:
        return str(connection.execute(select(runs.c.counts)).scalars().one())


def test_an_empty_store_is_consolidated_without_ado(database: Database) -> None:
    report = consolidator(database).run()
    assert isinstance(report, Report)
    assert report.counts == {}


def test_an_index_in_ram_hears_of_what_left(database: Database, minilm: MiniLM) -> None:
    remember(database, minilm)
    index = ExactIndex(Memories(database), minilm.name)
    assert by_text(database, "I live in Oslo.") in index.ids()
    consolidator(database).run()
    assert by_text(database, "I live in Oslo.") not in index.ids()
    consolidator(database).undo(by_text(database, "I live in Oslo."))
    assert by_text(database, "I live in Oslo.") in index.ids()
