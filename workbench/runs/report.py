"""The page of a run: what came of it, by which evidence, at what cost, where it came from, and how to undo it.

    RunCard, labels of adapters ─► Page ─► report.html, report.md in the run's folder

Everything on it is read from the ledger and the ending; nothing is measured anew. Figures need plotly (the `lab`
extra); without it the tables carry the numbers.

>>> write_report(runs.find("3f2a"), {"9f86…": "dates"}).html               # doctest: +SKIP
PosixPath('…/runs/3f2a90d1c4be/report.html')
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from workbench.core.errors import EvolutionError
from workbench.core.examples import data_hash
from workbench.core.wording import counted
from workbench.evaluation.intervals import wilson_interval
from workbench.evolution.budget import Budget, duration
from workbench.evolution.lineage import generations
from workbench.evolution.search.seeded import SEED
from workbench.evolution.trial import Trial, ranked
from workbench.reporting import Fold, Page, Picture, Section, Table, Verbatim, Written, write_page
from workbench.reporting.record import Block, Cell
from workbench.runs.drawing import candidates, named
from workbench.runs.materials import PARTS, Materials

if TYPE_CHECKING:
    from workbench.runs.store import RunCard

GIB = 1 << 30
Labels = Mapping[str, str]


def write_report(card: RunCard, labels: Labels) -> Written:
    """Write the page into the run's folder, in place of an earlier one.

    Args:
        labels: of adapters by identity; one that is not named is called by its first digits.
    Raises:
        StoreError: the folder cannot be written.
    """
    return write_page(page_of(card, labels), card.folder)


def page_of(card: RunCard, labels: Labels) -> Page:
    """The page, not written yet."""
    ending = card.ending
    return Page(
        title=f"Run {card.name}: {_search(card)}",
        verdict=ending.words if ending else f"Not ended; go on: workbench runs resume {card.name}",
        summary=list(_summary(card)),
        sections=[one for one in _sections(card, labels) if one.blocks],
        made=datetime.now(UTC),
        command=f"workbench runs show {card.name}",
        roll_back=roll_back(card),
    )


def _search(card: RunCard) -> str:
    names = {
        "gradient": "coefficients by gradient",
        "cma": "CMA-ES over coefficients",
        "pairs": "every two adapters, then CMA-ES over coefficients",
        "random": "random search",
        "population": "a population",
    }
    return f"{names.get(card.plan.search, card.plan.search)}, {counted(len(card.plan.parents), 'adapter')}"


def _summary(card: RunCard) -> Iterator[str]:
    trials = card.trials
    if not trials:
        yield "No candidate has been tried yet."
        return
    yield (
        f"{counted(len(trials), 'candidate')} in {counted(len(generations(trials)), 'generation')}, "
        f"{card.evaluations:,} answers judged in {duration(sum(one.seconds for one in trials))}."
    )
    yield f"{Budget(**card.plan.budget).sentence}."
    if card.ending is not None:
        yield from (f"{one}." for one in card.ending.sentences)


def _sections(card: RunCard, labels: Labels) -> Iterator[Section]:
    yield Section("The gate's evidence", "gate", list(_gate(card)))
    yield Section("The finalists", "finalists", list(_finalists(card)))
    yield Section("By skill, on the examples of the search", "skills", list(_skills(card)))
    yield Section("Fitness over the generations", "fitness", list(_fitness(card)))
    yield Section("Where the champion came from", "lineage", list(_origin(card, labels)))
    yield Section("Cost", "cost", list(_cost(card)))
    yield Section("Data", "data", list(_data(card)))
    yield Section("What failed", "failures", list(_failures(card)))


def _gate(card: RunCard) -> Iterator[Block]:
    if card.ending is None or card.ending.verdict is None:
        return
    said: Mapping[str, Any] = card.ending.verdict
    gain = said["gain"]
    low, high = gain["interval"]
    rows = [["gain", gain["pairs"]["n"], _points(gain["point"]), f"{_points(low)} to {_points(high)}", ""]]
    rows += [
        [one["skill"], one["pairs"]["n"], _points(one["point"]), f"at least {_points(one['least'])}", one["state"]]
        for one in said["skills"]
        if one["pairs"]["n"] or one["state"] != "watched"
    ]
    yield Table(
        "Candidate against what answered before, on examples that nothing has seen: points of right answers",
        ["what", "examples", "difference", "95 % interval", "held skill"],
        rows,
    )


def _finalists(card: RunCard) -> Iterator[Block]:
    if card.ending is None:
        return
    yield "The search's own score of its champion is the best of many and therefore too high; the last column is not."
    rows = [
        [one.label, str(one.tune or "–"), str(one.fresh or "–"), "yes" if one.label == card.ending.chosen else ""]
        for one in card.ending.finalists
    ]
    yield Table(
        "Right answers, with 95 % intervals (Wilson)",
        ["finalist", "of the search's examples", "of those no search has seen", "shelved"],
        rows,
    )


def _skills(card: RunCard) -> Iterator[Block]:
    parent, best = _best_parent(card), card.best
    if best is None or best.fitness is None:
        return
    before = parent.fitness if parent else None
    rows: list[list[Cell]] = []
    for group in ("skills", "held"):
        for name, one in getattr(best.fitness, group).items():
            was = getattr(before, group).get(name) if before else None
            rows.append([name, _share(was), _share(one), "must not be forgotten" if group == "held" else ""])
    yield Table("Right answers, with 95 % intervals (Wilson)", ["skill", "best parent", "best of the run", ""], rows)


def _fitness(card: RunCard) -> Iterator[Block]:
    if not card.trials:
        return
    parent = _best_parent(card)
    if _can_draw():
        from workbench.plots import fitness_by_generation

        best = parent.fitness.value if parent and parent.fitness else None
        yield Picture(
            fitness_by_generation(candidates(card.trials), best_parent=best),
            alt=f"Fitness of {counted(len(card.trials), 'candidate')} by generation; the table below has the numbers",
            caption="Every candidate; hollow ones were stopped early",
        )
    rows: list[list[Cell]] = []
    for number, some in generations(card.trials).items():
        first = ranked(some)[0]
        rows.append(
            [
                str(number),
                len(some),
                sum(one.stopped for one in some),
                sum(one.fitness is None for one in some),
                sum(one.evaluations for one in some),
                round(sum(one.seconds for one in some)),
                None if first.fitness is None else round(first.fitness.value, 3),
            ]
        )
    columns = ["generation", "candidates", "stopped early", "failed", "evaluations", "seconds", "best fitness"]
    yield Fold("Generation by generation", [Table("What each generation cost and found", columns, rows)])


def _origin(card: RunCard, labels: Labels) -> Iterator[Block]:
    if card.best is None:
        return
    genome = card.best.genome
    yield f"Trial {card.best.number} of generation {card.best.generation}, made by {card.best.operator}."
    if _can_draw():
        from workbench.plots import coefficient_map, lineage_graph

        names = [named(one, labels) for one in genome.parents]
        yield Picture(
            lineage_graph(candidates(card.trials, labels), champion=genome.identity),
            alt="Adapters at the top, generations below, the champion's line of descent in colour",
            caption="Lineage",
        )
        yield Picture(
            coefficient_map(names, _columns(genome.groups), genome.coefficients),
            alt="How much of each adapter is in the champion; the table below has the numbers",
            caption="Coefficients of the champion",
        )
    rows: list[list[Cell]] = [
        [named(one, labels), *(round(each, 3) for each in row)]
        for one, row in zip(genome.parents, genome.coefficients, strict=True)
    ]
    yield Table(
        f"Coefficients of the parents' ΔW, merged by {genome.rule}", ["adapter", *_columns(genome.groups)], rows
    )


def _cost(card: RunCard) -> Iterator[Block]:
    if not card.trials:
        return
    longest = max(len(one.outcomes) for one in card.trials)
    whole = longest * sum(one.failure is None for one in card.trials)
    rows: list[list[Cell]] = [
        ["answers judged", card.evaluations],
        ["answers that scoring every candidate on every example would have judged", whole],
        ["time", duration(sum(one.seconds for one in card.trials))],
        ["memory at most", f"{max(one.peak_bytes for one in card.trials) / GIB:.2f} GiB"],
    ]
    yield Table("What the run has cost so far", ["what", "how much"], rows)


def _data(card: RunCard) -> Iterator[Block]:
    yield Table("What names it", ["what", "hash"], [["run", card.plan.identity], ["examples", card.plan.data]])
    try:
        found = Materials.read(card.folder)
    except EvolutionError as error:
        yield error.sentence
        return
    uses = {
        "tune": "the search looks at them as often as it likes",
        "held": "likewise: must not be forgotten",
        "confirm": "measured the finalists, once",
        "judge": "for the gate alone",
    }
    rows: list[list[Cell]] = []
    for part in PARTS:
        some = getattr(found, part)
        skills = ", ".join(f"{name} {count}" for name, count in Counter(one.skill for one in some).items())
        rows.append([part, len(some), skills, uses[part], data_hash(some)[:12] if some else ""])
    yield Table("Examples", ["part", "examples", "skills", "used for", "hash"], rows)


def _failures(card: RunCard) -> Iterator[Block]:
    reasons = Counter(one.failure for one in card.trials if one.failure)
    if reasons:
        yield Table(
            "Candidates without a score", ["reason", "candidates"], [[str(why), n] for why, n in reasons.items()]
        )


def roll_back(card: RunCard) -> list[Block]:
    """How what a run did is undone."""
    if card.ending is None:
        return ["Nothing of this run is in service. To remove it:", Verbatim(f"workbench runs delete {card.name}")]
    if card.ending.deployed:
        return [
            f"{card.ending.name} was put in service by this run. To answer again as before, from the next question on:",
            Verbatim("workbench rollback"),
        ]
    return [
        f"{card.ending.name} is on the shelf, and this run did not put it in service. To remove it:",
        Verbatim(f"workbench adapters delete {card.ending.name}"),
    ]


def _best_parent(card: RunCard) -> Trial | None:
    seeds = [one for one in card.trials if one.operator == SEED and one.fitness is not None]
    return ranked(seeds)[0] if seeds else None


def _can_draw() -> bool:
    return find_spec("plotly") is not None


def _columns(groups: int) -> list[str]:
    return ["coefficient"] if groups == 1 else [f"group {number}" for number in range(groups)]


def _share(one: Any) -> str:
    if one is None:
        return "–"
    low, high = wilson_interval(one.right, one.n)
    return f"{one.right} of {one.n} ({low:.0%} to {high:.0%})"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
