"""What recall holds in RAM, kept in step by the journal, is what reading everything anew would give."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.memory.recall.shelf import NOW, Shelf, session
from workbench.memory.recall import roster as roster_room
from workbench.memory.recall.ranking import Weights, widened_lengths
from workbench.memory.recall.roster import Roster
from workbench.memory.sessions.forgetting import forget_memories

TEXTS = st.lists(
    st.sampled_from(
        ["dog", "dogs", "cat", "Oslo", "in May", "the", "I", "犬", "名前", "12", "\n", "Is it?", "ですか。"]
    ),
    min_size=1,
    max_size=5,
).map(" ".join)
SESSIONS = st.none() | st.sampled_from(["one", "two", "three"])
SPEAKERS = st.none() | st.sampled_from(["Anna", "Bob"])
TIMES = st.sampled_from([NOW, NOW + 1, NOW + 4e6, -5.0, 0.0, 1e15])
COMPARED = ("place", "said_at", "month", "year", "stated", "length", "first_person", "ends_asking")


def picture(roster: Roster) -> dict[str, Any]:
    """All that a roster says of each living memory, by id, whatever its rows are numbered."""
    living = {name: row for name, row in roster._rows.items() if roster.column("alive")[row]}
    lengths = widened_lengths(roster, Weights())
    speakers = {number: name for name, number in roster._speakers.items()}
    sessions = {number: name for name, number in roster._sessions.items()}
    return {
        name: {
            **{field: roster.column(field)[row] for field in (*COMPARED, "tells_time")},
            "speaker": speakers[roster.column("speaker")[row]],
            "session": sessions[roster.column("session")[row]],
            "neighbours": [roster.ids[roster.column(side)[row]] for side in ("before", "after")],
            "widened": pytest.approx(lengths[row]),
        }
        for name, row in living.items()
    }


def postings(roster: Roster) -> dict[str, dict[str, tuple[float, float]]]:
    found = {term: roster.postings(term) for term in roster._postings}
    return {
        term: {
            roster.ids[row]: (stated, asked)
            for row, stated, asked in zip(held.rows, held.stated, held.asked, strict=True)
        }
        for term, held in found.items()
        if held is not None
    }


class Journal(RuleBasedStateMachine):
    """Anything that can happen to memories, in any order; now and then somebody recalls."""

    template: Path
    folders: Iterator[Path]
    memory_ids = Bundle("memory_ids")

    @initialize()
    def begin(self) -> None:
        self.shelf = Shelf(self.template, next(self.folders))
        self.roster = Roster(self.shelf.memories)

    @rule(target=memory_ids, texts=st.lists(TEXTS, min_size=1, max_size=4), name=SESSIONS, speaker=SPEAKERS, at=TIMES)
    def say(self, texts: list[str], name: str | None, speaker: str | None, at: float) -> Any:
        before = self.shelf.memories.ids("hashed")
        where = None if name is None else session(name)
        ids = self.shelf.add(*texts, session=where, speaker=speaker, said_at=at)
        return multiple(*(set(ids) - before))

    @rule(name=consumes(memory_ids))
    def forget(self, name: str) -> None:
        forget_memories(self.shelf.database, [name])

    @rule(name=memory_ids, text=TEXTS)
    def edit(self, name: str, text: str) -> None:
        known = {one.id for one in self.shelf.memories.list() if one.text.casefold().split() == text.casefold().split()}
        if known <= {name}:
            self.shelf.edit(name, text)

    @rule(name=memory_ids, state=st.sampled_from(["expired", "superseded", "merged", "active"]))
    def becomes(self, name: str, state: str) -> None:
        self.shelf.change(name, state, state=state)

    @rule(name=memory_ids, importance=st.floats(0, 1, width=32))
    def weigh(self, name: str, importance: float) -> None:
        self.shelf.change(name, "rescored", importance=importance)

    @rule(name=memory_ids)
    def leaves_its_session(self, name: str) -> None:
        self.shelf.change(name, "unsourced", session_id=None)

    @rule()
    def recall(self) -> None:
        self.roster.refresh()

    @invariant()
    def equals_a_freshly_read_one(self) -> None:
        if not hasattr(self, "shelf"):
            return
        fresh = Roster(self.shelf.memories)
        fresh.refresh()
        self.roster.refresh()
        assert len(self.roster) == len(fresh) == self.shelf.memories.count(state="active")
        assert picture(self.roster) == picture(fresh)
        assert postings(self.roster) == postings(fresh)

    def teardown(self) -> None:
        if hasattr(self, "shelf"):
            self.shelf.close()


@pytest.mark.parametrize("dead_rows", [roster_room.SMALLEST_ROWS, 2], ids=["rows stay", "read anew often"])
def test_after_any_history_the_roster_equals_a_freshly_read_one(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dead_rows: int
) -> None:
    monkeypatch.setattr(roster_room, "SMALLEST_ROWS", dead_rows)
    Journal.template = template
    Journal.folders = (tmp_path / str(number) for number in itertools.count())
    quick = settings(max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Journal, settings=quick)  # type: ignore[no-untyped-call]


def test_another_process_is_heard_at_the_next_refresh(shelf: Shelf) -> None:
    roster = Roster(shelf.memories)
    roster.refresh()
    [name] = shelf.add("My dog is called Rufus.")
    assert roster.row_of(name) is None
    roster.refresh()
    assert roster.row_of(name) is not None
    forget_memories(shelf.database, [name])
    roster.refresh()
    assert (len(roster), roster.postings("rufus")) == (0, None)


def test_nothing_of_it_lies_on_disk(shelf: Shelf) -> None:
    shelf.add("My dog is called Rufus.")
    before = {path.name for path in shelf.folder.iterdir()}
    Roster(shelf.memories).refresh()
    assert {path.name for path in shelf.folder.iterdir()} == before
