"""The page of a cycle: what came of it, what memory and adapter each brought, what was learned from, how to undo it.

    Cycle, its run's card ─► Page ─► report.html, report.md in the cycle's folder; the run has a page of its own

>>> write_cycle(cycle, card, home / "cycles/0003").html                   # doctest: +SKIP
PosixPath('…/cycles/0003/report.html')
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.wording import counted
from workbench.evolution.budget import duration
from workbench.reporting import Page, Picture, Section, Table, Verbatim, Written, write_page
from workbench.reporting.record import Block, Cell
from workbench.runs import RunCard, roll_back

if TYPE_CHECKING:
    from workbench.cycles.ablation import Brought
    from workbench.cycles.cycles import Cycle

USES = {
    "train": "the specialist was trained on them",
    "suspects": "of those to train on, left out: against what the others teach",
    "invented": "by a model, after examples of people; trained on as well",
    "replay": "of earlier skills, learned again",
    "tune": "the search looked at them as often as it liked",
    "confirm": "measured the finalists, once",
    "held": "of earlier skills; likewise, so that they are not forgotten",
    "fresh": "for the gate; where nothing could confirm, some measured the finalists",
    "guard": "of what was held before; for the gate alone",
}


def write_cycle(cycle: Cycle, card: RunCard | None, folder: Path) -> Written:
    """Write the page, in place of an earlier one.

    Args:
        card: of the cycle's run; None where the cycle was refused.
    Raises:
        StoreError: the folder cannot be written.
    """
    page = Page(
        title=f"Cycle {cycle.number}: learning from use",
        verdict=cycle.sentence,
        summary=list(_summary(cycle)),
        sections=[one for one in _sections(cycle) if one.blocks],
        made=datetime.fromtimestamp(cycle.at, UTC),
        command="workbench learn",
        roll_back=roll_back(card) if card else ["Nothing was changed."],
    )
    return write_page(page, folder)


def _summary(cycle: Cycle) -> Iterator[str]:
    yield f"{counted(cycle.rated, 'rated or corrected example')}, {cycle.counts['new']:,} of them new to train on."
    if cycle.retained:
        yield cycle.retained
    yield from cycle.set_apart
    if cycle.ending is not None:
        yield from (f"{one}." for one in cycle.ending.sentences)
        yield f"It took {duration(cycle.seconds)}; the page of its run: runs/{cycle.run}/report.html"
    if cycle.brought is not None:
        yield cycle.brought.sentence


def _sections(cycle: Cycle) -> Iterator[Section]:
    yield Section("What memory brought, what the adapter brought", "brought", list(_brought(cycle.brought)))
    yield Section("What it learned from", "data", list(_data(cycle)))
    yield Section("What was left out", "left-out", list(_left_out(cycle)))


def _brought(found: Brought | None) -> Iterator[Block]:
    if found is None:
        return
    yield (
        "The same questions, which nothing was trained or chosen on, asked with and without what memory recalls; what "
        "memory holds about that very question was left out. With both, an adapter that has learned from what is "
        "recalled answers by heart, as in a turn."
    )
    if find_spec("plotly") is not None:
        from workbench.plots import accuracy_bars

        yield Picture(accuracy_bars(found.ways), alt=found.sentence, caption="Right answers to unseen questions")
    rows: list[list[Cell]] = [
        [one.name, f"{one.correct} of {one.total}", f"{one.low:.0%} to {one.high:.0%}"] for one in found.ways
    ]
    yield Table("Right answers to unseen questions, with 95 % intervals (Wilson)", ["with", "right", "interval"], rows)


def _data(cycle: Cycle) -> Iterator[Block]:
    rows: list[list[Cell]] = [[part, cycle.counts.get(part, 0), use] for part, use in USES.items()]
    yield Table("Examples by what they are used for; none has two uses", ["part", "examples", "used for"], rows)


def _left_out(cycle: Cycle) -> Iterator[Block]:
    rows: list[list[Cell]] = [[why, number] for why, number in cycle.refused.items()]
    rows += [["nobody said whether it was right", cycle.counts["unrated"]]] if cycle.counts["unrated"] else []
    if rows:
        yield Table("Turns that are no examples, and why", ["reason", "turns"], rows)
    if cycle.suspects:
        yield (
            "Two short lessons, each on half of what there was to train on, read the other half's answers. Those below "
            "were far less likely than answers of questions like theirs, and fitted their own question hardly better "
            "than those. See one: workbench sessions show SESSION; say what is right, once more if it was: workbench "
            "feedback TURN --correct ANSWER. What an earlier lesson has learned of it stays"
        )
        yield Table(
            "Answers against what the others teach; the lesson left them out",
            ["turn", "session", "less likely than others, nats", "likelier for its own question, nats"],
            [[one.turn, one.session, f"{one.surprise:.1f}", f"{one.fit:.1f}"] for one in cycle.suspects],
        )
    if cycle.redacted:
        taken: list[list[Cell]] = [[kind, number] for kind, number in cycle.redacted.items()]
        yield Table("Values taken out of examples", ["kind", "values"], taken)
    if cycle.counts["unrated"] and cycle.lacks is not None:
        yield Verbatim("workbench feedback --help")
