"""What a model reads of a conversation, within a token budget.

    system      pinned facts (of any session) · a summary of the older turns      at most a quarter of the budget each
    user        ┐
    assistant   ┘ the latest turns, word for word, as many as fit                 the rest
    …

The newest turn is always there; alone too long, it is cut in the middle, `[…]` showing where. Older turns come whole or
not at all, without gaps. Turns that leave this window join the stored summary, each once. The facts and the summary
are one system message, so that they never read as something just said. It does not know prompts or which model reads;
a model that writes summaries is handed in.

>>> Conversation(database).context(session.id, turns=4, tokens=600)  # doctest: +SKIP
(Message(role='system', content='Earlier in this conversation, …'), Message(role='user', content='…'), …)
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, func, select, update

from workbench.core.errors import ModelError
from workbench.core.records import Language, Message
from workbench.core.tokens import tokens_of
from workbench.memory.sessions.summary import Line, Summary, extended, flattened, lines_of, most_informative, retold
from workbench.memory.sessions.window import MESSAGE_TOKENS, Said, cut_middle, fitting
from workbench.memory.tables import changes, memories, sessions, turns

if TYPE_CHECKING:
    from workbench.memory.database import Database
    from workbench.memory.vault.plain import Vault

log = logging.getLogger(__name__)

LEAST_TOKENS = 64  # below this nothing is read: a mark alone tells nothing
HEAD_SHARE = 4  # pinned facts, and the summary, take at most this part of the budget each
LEAST_TOLD_TOKENS = 16  # with less room, a model's words would be cut to nothing
ROWS_AT_ONCE = 16
SUMMARISED_ROWS = 200  # turns read in one transaction
SUMMARISE_EVERY = 4  # turns that leave before a model is asked again: it costs seconds
READ_TOKENS = 1_000  # of the turns that a model reads to summarise them

Summariser = Callable[[str, Sequence[Message], Language], Awaitable[str]]
"""The summary so far, the turns to add to it (oldest first), the language to write in ──► the new summary."""

TITLES: dict[Language, tuple[str, str]] = {
    "en": ("Facts to keep in mind:", "Earlier in this conversation, in short:"),
    "ja": ("覚えておくべき事実:", "この会話のこれまでの要約:"),
}
SAID: dict[Language, dict[str, str]] = {
    "en": {"user": "The user said: ", "assistant": "The assistant answered: "},
    "ja": {"user": "ユーザー: ", "assistant": "アシスタント: "},
}


class Conversation:
    """Reads the sessions of one database for a model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def context(
        self,
        session_id: str | None,
        *,
        turns: int,
        tokens: int,
        question_language: Language = "en",
        known: Collection[str] = (),
    ) -> tuple[Message, ...]:
        """Pinned facts, what older turns said in short, and the latest turns, oldest first.

        Args:
            session_id: None, or one not stored yet, has pinned facts only.
            turns: so many turns word for word at most.
            tokens: all messages together at most, by the estimate of `tokens.py`; below 64 nothing is read.
            question_language: of the words around facts and summary; what was said keeps its own.
            known: ids of memories that the prompt holds already.
        """
        if tokens < LEAST_TOKENS:
            return ()
        head = self._pinned(tokens // HEAD_SHARE, question_language, known)
        window, start = self._window(session_id, turns, tokens, _head_tokens(head))
        if session_id is not None and start > 1:
            summary = self._summary(session_id, start - 1)
            head += _shown(summary, start, tokens // HEAD_SHARE - MESSAGE_TOKENS, question_language)
        opening = (Message("system", "\n".join(head)),) if head else ()
        return (*opening, *(message for said in window for message in said.messages))

    async def summarise(
        self,
        session_id: str,
        by: Summariser,
        *,
        turns: int,
        tokens: int,
        question_language: Language = "en",
    ) -> bool:
        """Let a model put turns that left the window into words, once there are a few; say whether it did.

        Until then, and where the model fails, copied sentences stand for them. What was forgotten while the model
        wrote takes its words along.

        Args:
            turns, tokens: as in `context`, which they give the window of.
        """
        import asyncio

        due = await asyncio.to_thread(self._due, session_id, turns, tokens)
        if due is None:
            return False
        try:
            told = await by(due.told, due.messages, question_language)
        except ModelError as error:
            log.warning("The older turns were not summarised by the model: %s", error.sentence)
            return False
        return bool(told.strip()) and await asyncio.to_thread(self._keep_told, session_id, told, due)

    def _pinned(self, tokens: int, language: Language, known: Collection[str]) -> list[str]:
        columns = (memories.c.id, memories.c.speaker, memories.c.text)
        wanted = memories.c.pinned & (memories.c.state == "active")
        order = (memories.c.importance.desc(), memories.c.said_at.desc(), memories.c.id)
        with self._database.read() as connection:
            rows = connection.execute(select(*columns).where(wanted).order_by(*order)).all()
        facts = (f"- {_spoken(self._vault, row)}" for row in rows if row.id not in known)
        return _titled(TITLES[language][0], facts, tokens - MESSAGE_TOKENS)

    def _window(self, session_id: str | None, most: int, tokens: int, head: int) -> tuple[list[Said], int]:
        """The turns read word for word, and the number of the first of them; before it, all is summary.

        Where everything fits there is no summary, and no room is kept for one.
        """
        if session_id is None:
            return [], 1
        with self._database.read() as connection:
            latest = fitting(_latest(connection, self._vault, session_id, most), tokens - head)
            first, last = _numbers(connection, session_id)
        if not last or (latest and latest[-1].number <= first):
            return latest[::-1], 1
        latest = fitting(latest, tokens - head - tokens // HEAD_SHARE)
        return latest[::-1], latest[-1].number if latest else last + 1

    def _summary(self, session_id: str, upto: int) -> Summary:
        """The stored summary, after the turns up to `upto` that it lacks have joined it."""
        with self._database.read() as connection:
            summary = _stored_summary(connection, self._vault, session_id)
        while summary.upto < upto:
            with self._database.write() as connection:  # what is forgotten meanwhile cannot slip in
                summary = _stored_summary(connection, self._vault, session_id)
                summary = _with_turns(connection, self._vault, session_id, summary, upto)
                _store_summary(connection, self._vault, session_id, summary)
        return summary

    def _due(self, session_id: str, most: int, tokens: int) -> _Due | None:
        start = self._window(session_id, most, max(tokens, LEAST_TOKENS), 0)[1]
        with self._database.read() as connection:
            summary = _stored_summary(connection, self._vault, session_id)
            left = _between(connection, self._vault, session_id, summary.told_upto, start, SUMMARISED_ROWS)
            if len(left) < SUMMARISE_EVERY:
                return None
            forgotten = _last_forgotten(connection)
        read = fitting(left, READ_TOKENS)  # the oldest of them: the model goes on where it stopped
        messages = tuple(message for said in read for message in said.messages)
        return _Due(summary.told, messages, read[-1].number, forgotten)

    def _keep_told(self, session_id: str, told: str, due: _Due) -> bool:
        with self._database.write() as connection:
            summary = _stored_summary(connection, self._vault, session_id)
            if _last_forgotten(connection) != due.forgotten or summary.told != due.told:
                return False
            _store_summary(connection, self._vault, session_id, retold(summary, told, due.upto))
        return True

    @property
    def _vault(self) -> Vault:
        return self._database.vault


@dataclass(frozen=True, slots=True)
class _Due:
    """What a model is to summarise, and the state of the store it was read in."""

    told: str
    messages: tuple[Message, ...]
    upto: int
    forgotten: int


def _titled(title: str, lines: Iterable[str], tokens: int) -> list[str]:
    """A title and the lines under it that fit; nothing where none does."""
    left = tokens - tokens_of(title + "\n")
    kept: list[str] = []
    for line in lines:
        cost = tokens_of(line + "\n")
        if cost <= left:
            left -= cost
            kept.append(line)
    return [title, *kept] if kept else []


def _head_tokens(head: Sequence[str]) -> int:
    return sum(tokens_of(line + "\n") for line in head) + MESSAGE_TOKENS if head else 0


def _shown(summary: Summary, start: int, tokens: int, language: Language) -> list[str]:
    """The summary of the turns before `start` as lines of a prompt: a model's words first, then copied sentences."""
    title = TITLES[language][1]
    older = [line for line in summary.lines if summary.told_upto < line.number < start]
    room = tokens - tokens_of(title + "\n")
    told = [f"- {cut_middle(summary.told, room * 2 // 3)}"] if summary.told and room >= LEAST_TOLD_TOKENS else []
    room -= sum(tokens_of(line + "\n") for line in told)
    chosen = most_informative(older, room, written=lambda line: _line(line, language))
    return _titled(title, [*told, *(_line(line, language) for line in chosen)], tokens)


def _line(line: Line, language: Language) -> str:
    return f"- {SAID[language][line.who]}{line.text}"


def _spoken(vault: Vault, row: Any) -> str:
    text = flattened(vault.open(row.text, f"memories.text:{row.id}"))
    if row.speaker is None:
        return text
    return f"{flattened(vault.open(row.speaker, f'memories.speaker:{row.id}'))}: {text}"


def _latest(connection: Connection, vault: Vault, session_id: str, most: int) -> Iterator[Said]:
    """The answered turns, newest first; rows are fetched as they are asked for."""
    query = _answered(session_id).order_by(turns.c.number.desc()).limit(max(most, 0))
    for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        yield _opened(vault, row)


def _between(connection: Connection, vault: Vault, session_id: str, after: int, before: int, most: int) -> list[Said]:
    query = _answered(session_id).where(turns.c.number > after, turns.c.number < before)
    return [_opened(vault, row) for row in connection.execute(query.order_by(turns.c.number).limit(most))]


def _answered(session_id: str) -> Select[Any]:
    columns = (turns.c.id, turns.c.number, turns.c.question, turns.c.answer)
    return select(*columns).where(turns.c.session_id == session_id, turns.c.answer.is_not(None))


def _opened(vault: Vault, row: Any) -> Said:
    question = vault.open(row.question, f"turns.question:{row.id}")
    return Said(row.number, question, vault.open(row.answer, f"turns.answer:{row.id}"))


def _numbers(connection: Connection, session_id: str) -> tuple[int, int]:
    """The first and the last number of a session's turns; 0, 0 where it has none."""
    query = select(func.min(turns.c.number), func.max(turns.c.number)).where(turns.c.session_id == session_id)
    first, last = connection.execute(query).one()
    return first or 0, last or 0


def _with_turns(connection: Connection, vault: Vault, session_id: str, summary: Summary, upto: int) -> Summary:
    """The summary after the next turns up to `upto` have joined it, or the first few hundred of them."""
    said = _between(connection, vault, session_id, summary.upto, upto + 1, SUMMARISED_ROWS)
    lines = [line for one in said for line in lines_of(one.number, one.question, one.answer)]
    return extended(summary, lines, upto if len(said) < SUMMARISED_ROWS else said[-1].number)


def _stored_summary(connection: Connection, vault: Vault, session_id: str) -> Summary:
    row = connection.execute(select(sessions).where(sessions.c.id == session_id)).first()
    if row is None or row.summary is None:
        return Summary()
    return Summary.from_json(vault.open(row.summary, f"sessions.summary:{session_id}"), row.summary_upto)


def _store_summary(connection: Connection, vault: Vault, session_id: str, summary: Summary) -> None:
    sealed = vault.seal(summary.to_json(), f"sessions.summary:{session_id}")
    values = {"summary": sealed, "summary_upto": summary.upto}
    connection.execute(update(sessions).where(sessions.c.id == session_id).values(values))


def _last_forgotten(connection: Connection) -> int:
    query = select(func.max(changes.c.seq)).where(changes.c.what == "forgotten")
    return connection.execute(query).scalar() or 0
