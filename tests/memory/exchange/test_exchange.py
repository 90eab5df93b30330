from __future__ import annotations

import json
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from workbench.core.errors import NotStored, StoreError
from workbench.core.records import Choice, Feedback, Message, Recalled, Thought, Turn
from workbench.memory import Memory, MiniLM
from workbench.memory import memories as memory_rows
from workbench.memory.database import Database, open_database
from workbench.memory.exchange.exporting import exported, save_export
from workbench.memory.exchange.importing import Imported, import_file
from workbench.memory.exchange.markdown import fenced, span
from workbench.memory.memories import Memories, NewMemory
from workbench.memory.sessions.sessions import Sessions
from workbench.memory.vault.keys import PersonKey, new_key

HOSTILE = ("NUL \0 here", "lone \ud800 surrogate", "\u202eturned\u2066", "``` fence\n# Title\n````", "\u2028\x85\r\n")


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    database = open_database(path)
    try:
        yield database
    finally:
        database.close()


def records(database: Database) -> list[str]:
    """The export without its first line, which holds the time."""
    return "".join(exported(database)).split("\n")[1:]


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_file()]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")


async def filled(memory: Memory) -> Turn:
    turn = await memory.remember(
        Turn(
            question="My dog is called Rufus. I live in Oslo.",
            answer="Nice.",
            thinking="hm \ud800",
            choice=Choice("smollm2", "embedded", ("small",)),
            history=(Message("user", "before"),),
            session_name="holiday",
        )
    )
    memory.sessions.add_feedback(Feedback(turn.id, "up", given_at=5.0))
    memory.sessions.add_feedback(Feedback(turn.id, "correct", "Lovely!", given_at=6.0))
    await memory.pin(turn.memory_ids[0])
    memory.memories.touch({turn.memory_ids[1]: 3}, 7.0)
    with memory.memories.database.write() as connection:
        values: dict[str, Any] = {"state": "superseded", "replaced_by": turn.memory_ids[0], "tier": "long"}
        memory_rows.change(connection, turn.memory_ids[1], "superseded", **values)
    return turn


async def test_an_import_gives_back_what_was_exported_and_recall_finds_it(
    memory: Memory, open_memory: Callable[..., Memory], tmp_path: Path
) -> None:
    turn = await filled(memory)
    file = tmp_path / "all.json"
    held = save_export(memory.memories.database, file)
    assert (held.sessions, held.turns, held.feedback, held.memories) == (1, 1, 2, 2)
    other = open_memory(tmp_path / "other")
    done = import_file(other.memories.database, file, other.embedder)
    assert done == Imported(sessions=1, turns=1, feedback=2, memories=2, known=0, renamed=())
    assert other.sessions.turn(turn.id) == turn
    assert other.sessions.feedback(turn.id) == memory.sessions.feedback(turn.id)
    assert other.memories.list() == memory.memories.list()
    assert records(other.memories.database) == records(memory.memories.database)
    assert [hit.text for hit in await other.recall("Which dog?", min_score=-1)] == ["My dog is called Rufus."]
    assert other.memories.history(turn.memory_ids[0])[0].why == "imported"


async def test_importing_twice_changes_nothing_and_counts_what_was_here(memory: Memory, tmp_path: Path) -> None:
    await filled(memory)
    file = tmp_path / "all.json"
    save_export(memory.memories.database, file)
    before = records(memory.memories.database)
    done = import_file(memory.memories.database, file, memory.embedder)
    assert done == Imported(sessions=0, turns=0, feedback=0, memories=0, known=4, renamed=())
    assert records(memory.memories.database) == before


async def test_one_session_is_exported_with_what_was_stated_in_it(memory: Memory) -> None:
    turn = await filled(memory)
    await memory.remember(Turn(question="I own a boat.", answer="Nice."))
    text = "".join(exported(memory.memories.database, session_id=turn.session_id))
    assert [record["type"] for record in json.loads(text)["records"]] == ["session", "turn", "memory", "memory"]
    assert "boat" not in text
    with pytest.raises(NotStored):
        list(exported(memory.memories.database, session_id="none such"))


async def test_a_file_is_for_its_owner_alone_and_never_overwrites(memory: Memory, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    save_export(memory.memories.database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(StoreError, match="exists already"):
        save_export(memory.memories.database, file)
    with pytest.raises(StoreError, match="no folder"):
        save_export(memory.memories.database, tmp_path / "none" / "all.json")
    with pytest.raises(NotStored):
        save_export(memory.memories.database, tmp_path / "one.json", session_id="none such")
    assert files_in(tmp_path) == ["all.json"]


async def test_a_taken_name_gets_a_number_and_a_known_statement_stays_one(
    memory: Memory, open_memory: Callable[..., Memory], tmp_path: Path
) -> None:
    await filled(memory)
    file = tmp_path / "all.json"
    save_export(memory.memories.database, file)
    other = open_memory(tmp_path / "other")
    await other.remember(Turn(question="my dog is called RUFUS.", answer="Yes.", session_name="holiday"))
    done = import_file(other.memories.database, file, other.embedder)
    assert (done.memories, done.known, done.renamed) == (1, 1, (("holiday", "holiday (2)"),))
    oslo = next(one for one in other.memories.list() if "Oslo" in one.text)
    rufus = next(one for one in other.memories.list() if "RUFUS" in one.text)
    assert oslo.replaced_by == rufus.id


async def test_turns_of_a_session_that_went_on_in_both_places_are_all_kept(
    memory: Memory, open_memory: Callable[..., Memory], tmp_path: Path
) -> None:
    first = await memory.remember(Turn(question="one?", answer="1", session_id="s"))
    save_export(memory.memories.database, tmp_path / "one.json")
    await memory.remember(Turn(question="two?", answer="2", session_id="s"))
    other = open_memory(tmp_path / "other")
    import_file(other.memories.database, tmp_path / "one.json", other.embedder)
    await other.remember(Turn(question="three?", answer="3", session_id="s"))
    save_export(memory.memories.database, tmp_path / "two.json")
    import_file(other.memories.database, tmp_path / "two.json", other.embedder)
    assert [turn.question for turn in other.sessions.turns("s")] == ["one?", "three?", "two?"]
    assert other.sessions.turns("s")[0] == first


async def test_an_interrupted_import_is_completed_by_running_it_again(
    memory: Memory, open_memory: Callable[..., Memory], tmp_path: Path
) -> None:
    await filled(memory)
    file = tmp_path / "all.json"
    save_export(memory.memories.database, file)
    other = open_memory(tmp_path / "other")

    def interrupted(done: int) -> None:
        if len(other.sessions.list()) and other.sessions.list()[0].turn_count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(other.memories.database, file, other.embedder, on_progress=interrupted)
    assert other.memories.count() == 0
    progress: list[int] = []
    done = import_file(other.memories.database, file, other.embedder, on_progress=progress.append)
    assert (done.memories, done.known) == (2, 2)
    assert progress == sorted(progress)
    assert progress[-1] <= file.stat().st_size
    assert records(other.memories.database) == records(memory.memories.database)


def change_record(kind: str, **values: Any) -> Callable[[list[str]], list[str]]:
    def change(rows: list[str]) -> list[str]:
        place = next(n for n, row in enumerate(rows) if f'"type": "{kind}"' in row)
        record = json.loads(rows[place].rstrip(","))
        record = {name: value for name, value in {**record, **values}.items() if value != "gone"}
        return [*rows[:place], json.dumps(record) + ",", *rows[place + 1 :]]

    return change


def change_turn(**values: Any) -> Callable[[list[str]], list[str]]:
    def change(rows: list[str]) -> list[str]:
        record = json.loads(rows[2].rstrip(","))["record"]
        return change_record("turn", record={**record, **values})(rows)

    return change


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda rows: [rows[0].replace('"workbench_export": 1', '"workbench_export": 2'), *rows[1:]], "newer"),
        (lambda rows: [rows[0].replace('"schema": "0', '"schema": "9'), *rows[1:]], "newer"),
        (lambda rows: ["{}", *rows[1:]], "line 1: it does not begin"),
        (lambda rows: ["[" * 9_000, *rows[1:]], "line 1: it does not begin"),
        (lambda rows: ["\x00\xff", *rows[1:]], "line 1: it does not begin"),
        (lambda rows: [*rows[:3], "{" + rows[3], *rows[4:]], "line 4: it is not JSON"),
        (lambda rows: [*rows[:3], "[" * 9_000, *rows[4:]], "line 4: it is not JSON"),
        (lambda rows: [*rows[:3], "9" * 9_000, *rows[4:]], "line 4: it is not JSON"),
        (lambda rows: [*rows[:3], "[]", *rows[4:]], "line 4: its type is none of"),
        (lambda rows: rows[:3], "line 3: the file ends here"),
        (lambda rows: [*rows[:3], ""], "line 4: the file ends here"),
        (lambda rows: [*rows[:3], *rows[4:]], "line 5: it counts other records"),
        (lambda rows: [*rows[:-2], "]}", ""], "does not end as an export"),
        (lambda rows: [rows[0], rows[2], *rows[3:]], "line 2: it names the session"),
        (lambda rows: [*rows[:2], rows[1], *rows[2:]], "line 3: the session .* a second time"),
        (change_record("session", name=7), "line 2: 'name' must be text"),
        (change_record("session", id="a b"), "line 2: 'id' must be an id"),
        (change_record("session", created_at="now"), "line 2: 'created_at' must be a number"),
        (change_record("turn", number=True), "line 3: 'number' must be a whole number"),
        (change_record("turn", number=0), "line 3: 'number' must be a whole number"),
        (change_record("turn", feedback=[{"kind": "maybe"}]), "'kind' must be one of up, down, correct"),
        (change_turn(question=["a"]), "question is not as it should be"),
        (change_turn(choice={"model": "m"}), "choice.backend is not as it should be"),
        (change_turn(history=[{"role": "user"}]), "history.0.content is not as it should be"),
        (change_turn(asked_at=float("nan")), "asked_at is not as it should be"),
        (change_record("memory", tier="middle"), "line 4: 'tier' must be one of short, long"),
        (change_record("memory", text="gone"), "line 4: 'text' is missing"),
        (change_record("memory", pinned=1), "line 4: 'pinned' must be true or false"),
        (change_record("memory", importance=10**400), "line 4: 'importance' must be"),
        (change_record("memory", turn_id="elsewhere"), "line 4: it names the turn 'elsewhere'"),
    ],
)
async def test_a_spoilt_file_is_refused_in_one_sentence_and_nothing_is_imported(
    memory: Memory, tmp_path: Path, spoil: Callable[[list[str]], list[str]], sentence: str
) -> None:
    await filled(memory)
    file = tmp_path / "all.json"
    save_export(memory.memories.database, file)
    file.write_text("\n".join(spoil(lines(file))), encoding="utf-8")
    with opened(tmp_path / "fresh.sqlite") as fresh:
        with pytest.raises(StoreError, match=sentence) as refused:
            import_file(fresh, file, memory.embedder)
        assert "\n" not in refused.value.sentence
        assert "nothing was imported" in refused.value.sentence
        assert Sessions(fresh).list() == ()


def test_a_file_that_is_not_there_is_named(database: Database, minilm: MiniLM, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no file .*none\.json"):
        import_file(database, tmp_path / "none.json", minilm)


TEXT = st.one_of(
    st.text(alphabet=st.characters(codec=None), max_size=40), st.sampled_from(HOSTILE), st.just("x" * 5_000)
)
TURN = st.builds(
    Turn,
    question=TEXT,
    answer=st.one_of(st.none(), TEXT),
    asked_at=st.floats(0, 4e9),
    history=st.lists(st.builds(Message, st.just("system"), TEXT), max_size=2).map(tuple),
    recalled=st.lists(st.builds(Recalled, st.just("m"), TEXT, st.floats(0, 1), TEXT, st.floats(0, 9)), max_size=1).map(
        tuple
    ),
    thoughts=st.lists(st.builds(Thought, TEXT, TEXT), max_size=1).map(tuple),
    thinking=TEXT,
)
MEMORY = st.builds(
    NewMemory,
    text=TEXT.filter(str.strip),
    vector=st.just(b"\0" * 1536),
    embedder=st.just("all-minilm-l6-v2-int8"),
    kind=st.sampled_from(["fact", "document"]),
    speaker=st.one_of(st.none(), TEXT),
    event_at=st.one_of(st.none(), st.floats(-1e9, 1e9)),
    tier=st.sampled_from(["short", "long"]),
    importance=st.floats(0, 1),
    parts=st.dictionaries(st.sampled_from(["novelty", "recency"]), st.floats(0, 1)),
)


@given(st.lists(st.tuples(TURN, st.lists(MEMORY, max_size=2), st.one_of(st.none(), TEXT)), max_size=4))
@example([(Turn(question=text, answer=text), [NewMemory(f"I am {text}", b"\0" * 1536, "e")], text) for text in HOSTILE])
@settings(
    max_examples=15,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each example has two databases: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_importing_an_export_gives_the_same_export(
    tmp_path_factory: pytest.TempPathFactory,
    minilm: MiniLM,
    said: list[tuple[Turn, list[NewMemory], str | None]],
) -> None:
    folder = tmp_path_factory.mktemp("exchange")
    with opened(folder / "a.sqlite") as source, opened(folder / "b.sqlite") as target:
        sessions = Sessions(source)
        for number, (turn, stated, correction) in enumerate(said):
            kept = sessions.save(replace(turn, session_id=f"s{number % 2}", session_name=f"n{number % 2}"), stated)
            sessions.add_feedback(Feedback(kept.id, "down" if correction is None else "up", correction))
        save_export(source, folder / "a.json")
        import_file(target, folder / "a.json", minilm)
        assert records(target) == records(source)
        assert Memories(target).list() == tuple(replace(one, embedder=minilm.name) for one in Memories(source).list())
        for session in sessions.list():
            assert Sessions(target).turns(session.id) == sessions.turns(session.id)
        json.loads((folder / "a.json").read_text())


def test_a_megabyte_of_text_survives(tmp_path: Path, minilm: MiniLM) -> None:
    with opened(tmp_path / "a.sqlite") as source, opened(tmp_path / "b.sqlite") as target:
        turn = Sessions(source).save(Turn(question="\u202e\0" * 500_000, answer="日本" * 500_000))
        save_export(source, tmp_path / "a.json")
        import_file(target, tmp_path / "a.json", minilm)
        assert Sessions(target).turn(turn.id) == turn


def test_exporting_and_importing_hold_a_few_records_in_memory_not_all(tmp_path: Path, minilm: MiniLM) -> None:
    count, size = 200, 100_000  # 20 MB
    with opened(tmp_path / "a.sqlite") as source, opened(tmp_path / "b.sqlite") as target:
        for number in range(count):
            Sessions(source).save(Turn(question=f"{number}", answer="x" * size, session_id="s"))
        tracemalloc.start()
        try:
            save_export(source, tmp_path / "a.json")
            assert tracemalloc.get_traced_memory()[1] < 15_000_000
            tracemalloc.reset_peak()
            assert import_file(target, tmp_path / "a.json", minilm).turns == count
            assert tracemalloc.get_traced_memory()[1] < 15_000_000
            tracemalloc.reset_peak()
            assert sum(map(len, exported(source, form="markdown"))) > count * size
            assert tracemalloc.get_traced_memory()[1] < 15_000_000
        finally:
            tracemalloc.stop()


async def test_markdown_reads_as_questions_answers_feedback_and_what_was_remembered(memory: Memory) -> None:
    await filled(memory)
    await memory.add([])
    text = "".join(exported(memory.memories.database, form="markdown"))
    for part in ("# Conversations", "## 1. `holiday`", "### Turn 1 · ", "**Answer** by `smollm2`", "good answer"):
        assert part in text
    assert "it should have said:\n\n```text\nLovely!\n```" in text
    assert "- `My dog is called Rufus.`" in text
    assert "- `I live in Oslo.` (superseded)" in text
    assert "apart from any turn" not in text


def markdown_outside_of_fences(text: str) -> list[str]:
    """The lines of a document that are not inside fenced blocks, by the rule of CommonMark."""
    outside, fence = [], ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if len(ticks) >= len(fence) and not line.strip("` ") else fence
        elif len(ticks) >= 3:
            fence = ticks
        else:
            outside.append(line)
    assert not fence
    return outside


@given(st.one_of(TEXT, st.text(alphabet="`~ \n\r#a", max_size=60)))
@example("```\n# Not a heading\n```")
@example("````\r```` \n````")
def test_a_text_cannot_leave_its_fence(text: str) -> None:
    assert markdown_outside_of_fences(fenced(text)) == []


@given(st.one_of(TEXT, st.text(alphabet="`<[]!\n\ra", max_size=30)).filter(lambda text: "`" in text or text.strip()))
def test_a_name_stays_on_one_line_between_ticks_it_does_not_hold(text: str) -> None:
    shown = span(text)
    ticks = len(shown) - len(shown.lstrip("`"))
    assert "`" * ticks not in shown[ticks:-ticks]
    assert shown.endswith("`" * ticks)
    assert not any(mark in shown for mark in "\n\r\u2028\u202e\0")


async def test_hostile_text_does_not_break_out_of_a_markdown_export(memory: Memory) -> None:
    evil = "```\n# Owned\n![x](http://evil.example/x.png) <script>alert(1)</script>"
    turn = await memory.remember(Turn(question=f"My plan is {evil}", answer=evil, session_name="# [a](b) `x`"))
    memory.sessions.add_feedback(Feedback(turn.id, "correct", evil))
    outside = markdown_outside_of_fences("".join(exported(memory.memories.database, form="markdown")))
    assert [line for line in outside if line.startswith("#")] == [
        "# Conversations",
        "## 1. `` # [a](b) `x` ``",
        next(line for line in outside if line.startswith("### Turn 1")),
    ]
    assert not any("evil.example" in line or "<script>" in line for line in outside if not line.startswith("- `"))


def test_an_export_of_an_encrypted_store_is_plain_and_comes_back_encrypted(tmp_path: Path, minilm: MiniLM) -> None:
    keys = PersonKey(new_key(), "the test")
    with (
        closing(open_database(tmp_path / "a.sqlite", keys=keys, encrypt=True, encrypt_vectors=True)) as source,
        closing(open_database(tmp_path / "b.sqlite", keys=PersonKey(new_key(), "other"), encrypt=True)) as target,
    ):
        said = NewMemory("My dog is called Rufus.", b"\0" * 8, "e", speaker="Ann")
        turn = Sessions(source).save(Turn(question=said.text, answer="Nice.", session_name="pets"), [said])
        Sessions(source).add_feedback(Feedback(turn.id, "correct", "Lovely!", given_at=1.0))
        save_export(source, tmp_path / "all.json")
        assert "Rufus" in (tmp_path / "all.json").read_text()
        import_file(target, tmp_path / "all.json", minilm)
        assert records(target) == records(source)
        assert Memories(target).list()[0].speaker == "Ann"
        assert not any(b"Rufus" in path.read_bytes() for path in tmp_path.glob("*.sqlite*"))
