"""How memories look on the command line: tables and lines for people, plain values for programs.

It opens nothing and decides nothing.

>>> brief("My  dog\\nis called Rufus.")
'My dog is called Rufus.'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from workbench.cli.desk import out, say
from workbench.cli.showing import table, when

if TYPE_CHECKING:
    from workbench.core.records import Recalled, Session, Turn
    from workbench.memory.consolidation.consolidator import Report
    from workbench.memory.consolidation.plan import Plan
    from workbench.memory.memories import StoredMemory
    from workbench.memory.upkeep.inspection import Anatomy, Story

BRIEF_CHARS = 160
SHOWN_AT_ALL = 0.005  # a difference that two decimals show
TIERS = {"short": "short-term", "long": "long-term"}


def brief(text: str) -> str:
    """A text on one line, cut where it gets long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= BRIEF_CHARS else flat[: BRIEF_CHARS - 1] + "…"


def memory_table(found: Iterable[StoredMemory]) -> None:
    """One row a memory, the text last."""
    rows = [
        (one.id[:8], when(one.said_at), one.kind, one.tier, _state(one), f"{one.importance:.2f}", _said(one))
        for one in found
    ]
    out().print(table(("id", "said", "kind", "tier", "state", "importance", "memory"), rows))


def hits(found: Sequence[Recalled]) -> None:
    """Each hit with its score, what the score is the sum of, and why it was chosen."""
    screen = out()
    for hit in found:
        screen.print(f"{hit.score:.3f}  {hit.memory_id[:8]}  {brief(hit.text)}", markup=False)
        screen.print(f"       {_sum(hit.parts)}", style="dim", markup=False)
        screen.print(f"       {hit.why}", style="dim", markup=False)


def portrait(one: StoredMemory, session: Session | None, turn: Turn | None, anatomy: Anatomy, story: Story) -> None:
    """Everything that is known of one memory."""
    say(one.text)
    say("")
    for name, value in _lines(one, session, turn):
        say(f"{name:<12}{value}")
    _show_anatomy(one, anatomy)
    _show_story(story)


def portrait_data(
    one: StoredMemory, session: Session | None, turn: Turn | None, anatomy: Anatomy, story: Story
) -> dict[str, Any]:
    """The same for a program."""
    asked = None if turn is None else {key: getattr(turn, key) for key in ("id", "question", "answer", "asked_at")}
    return {
        "memory": asdict(one),
        "session": None if session is None else {"id": session.id, "name": session.name},
        "turn": asked,
        "importance": {"now": anatomy.importance, "shares": [asdict(share) for share in anatomy.shares]},
        "history": [asdict(change) for change in story.changes],
        "replaced_by": None if story.replaced_by is None else asdict(story.replaced_by),
        "replaces": [asdict(other) for other in story.replaces],
    }


def plan_table(plan: Plan, stored: Mapping[str, StoredMemory]) -> None:
    """What a consolidation would change, and why."""
    rows = [
        (decision.what, decision.memory_id[:8], _text_of(decision.memory_id, stored), decision.why, _by(decision.by))
        for decision in plan.decisions
    ]
    if rows:
        out().print(table(("what", "id", "memory", "why", "by"), rows))
    else:
        say("Nothing would change.")
    say(f"{plan.active_count:,} memories, {plan.active_tokens:,} tokens, stay active")


def plan_data(plan: Plan) -> dict[str, Any]:
    return {**asdict(plan), "counts": plan.counts}


def report(done: Report) -> None:
    """What a consolidation did."""
    if done.resumed:
        say("A consolidation that was cut short was finished.")
    if done.counts:
        out().print(table(("what", "memories"), done.counts.items()))
    else:
        say("Nothing needed to change.")
    if done.skipped:
        say(f"{done.skipped:,} were left alone, since somebody changed them meanwhile")


def _state(one: StoredMemory) -> str:
    return f"{one.state}, pinned" if one.pinned else one.state


def _said(one: StoredMemory) -> str:
    return brief(one.text if one.speaker is None else f"{one.speaker}: {one.text}")


def _sum(parts: Mapping[str, float]) -> str:
    return " + ".join(f"{name} {value:.2f}" for name, value in sorted(parts.items(), key=lambda item: -item[1]))


def _lines(one: StoredMemory, session: Session | None, turn: Turn | None) -> Iterator[tuple[str, str]]:
    yield "id", one.id
    yield "kind", f"{one.kind}, {TIERS[one.tier]}, {_state(one)}"
    yield "said", f"{when(one.said_at)} by {one.speaker or 'you'}"
    if one.event_at is not None:
        yield "happens", when(one.event_at)
    if session is not None:
        yield "session", f"{session.name} ({session.id[:8]}), statement {one.place}"
    if turn is not None:
        yield "turn", f"{turn.id[:8]}: {brief(turn.question)}"
        if turn.answer:
            yield "answer", brief(turn.answer)
    last = "" if one.recalled_at is None else f", last {when(one.recalled_at)}"
    yield "recalled", f"{one.recall_count} times{last}"
    yield "embedder", one.embedder


def _show_anatomy(one: StoredMemory, anatomy: Anatomy) -> None:
    differs = abs(anatomy.importance - one.importance) > SHOWN_AT_ALL
    say(f"importance  {one.importance:.2f}" + (f", {anatomy.importance:.2f} by the settings of now" if differs else ""))
    rows = [(share.name, f"{share.value:.2f}", f"{share.weight:g}", f"{share.adds:.3f}") for share in anatomy.shares]
    if anatomy.is_weighed:
        out().print(table(("part", "value", "weight", "adds"), rows))


def _show_story(story: Story) -> None:
    rows = [(when(change.at), change.what, change.why or "") for change in story.changes]
    out().print(table(("when", "what happened", "why"), rows))
    if story.replaced_by is not None:
        say(f"replaced by {story.replaced_by.id[:8]}: {brief(story.replaced_by.text)}")
    for other in story.replaces:
        say(f"replaces {other.id[:8]} ({other.state}): {brief(other.text)}")


def _text_of(memory_id: str, stored: Mapping[str, StoredMemory]) -> str:
    return _said(stored[memory_id]) if memory_id in stored else ""


def _by(memory_id: str | None) -> str:
    return memory_id[:8] if memory_id else ""
