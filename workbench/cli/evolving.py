"""Commands by which a population of adapters becomes a better one, and use becomes an adapter.

    workbench learn                                                    from what was rated and corrected
    workbench evolve TUNE.jsonl [--gate GATE.jsonl] [--from A,B,C]     begin a run, or go on with the same one
    workbench runs [list] | show RUN | resume RUN | delete RUN

Ctrl-C ends a run after the last generation that was told; the same command goes on with it. What they print for a
program (`--json`) is the only thing on standard output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.desk import INTERRUPTED, Step, ask_first, bar, open_desk, out, run_async, say
from workbench.cli.learning import read
from workbench.cli.showing import AsJson, print_json, table, when

if TYPE_CHECKING:
    from workbench.core.settings import Settings
    from workbench.cycles import Cycle
    from workbench.evolution.trial import Trial
    from workbench.runs import Ending, Run, RunCard, Runs

GO_ON = "Stopped; what was done is kept. Go on: workbench learn"
app = typer.Typer(help="Runs of evolution: list, show, go on, delete.", invoke_without_command=True)
Ref = Annotated[str, typer.Argument(metavar="RUN", help="The beginning of its name.")]
Keep = Annotated[bool, typer.Option("--keep", help="Do not deploy, even if the gate promotes.")]


def evolve(
    tune: Annotated[Path, typer.Argument(metavar="TUNE.jsonl", help="Examples to evolve towards.")],
    gate: Annotated[
        Path | None, typer.Option(help="Fresh examples, for the gate; without them nothing is deployed.")
    ] = None,
    held: Annotated[Path | None, typer.Option(help="Examples of skills that must not be forgotten.")] = None,
    parents: Annotated[
        str, typer.Option("--from", metavar="A,B,C", help="Adapters to begin with; all that fit if left out.")
    ] = "",
    name: Annotated[str | None, typer.Option(help="What to call the adapter.")] = None,
    search: Annotated[str | None, typer.Option(help="cma, population or random; evolution.search if left out.")] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Evaluations; evolution.evaluations if left out.")] = None,
    seconds: Annotated[float | None, typer.Option(help="End after so long; then it cannot be repeated.")] = None,
    size: Annotated[int | None, typer.Option(min=4, help="Candidates in a generation.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything drawn.")] = None,
    keep: Keep = False,
    as_json: AsJson = False,
) -> None:
    """Make a better adapter of several, and let the gate judge it by examples that no search has seen."""
    from workbench.runs import Materials

    runs = _runs(search=search, evaluations=budget, seconds=seconds, size=size, seed=seed)
    materials = Materials.of(
        read(tune).examples,
        held=read(held).examples if held else (),
        fresh=read(gate).examples if gate else (),
        confirm=runs.learning.settings.evolution.confirm,
    )
    if materials.left_out:
        typer.echo(f"{materials.left_out} examples of {gate} are not fresh and were left out", err=True)
    chosen = [one.strip() for one in parents.split(",") if one.strip()]
    with runs.begin(materials, parents=chosen) as run:
        if name is not None and run.ending is None:
            runs.learning.refuse_taken(name)
        _go_on(runs, run, name=name, deploy=not keep, as_json=as_json)


def learn(keep: Keep = False, as_json: AsJson = False) -> None:
    """Learn from what you rated and corrected: train, evolve with the shelf, deploy if the gate promotes."""
    with bar("gathering") as step:
        cycle = run_async(_learn(open_desk(), deploy=not keep, step=step), GO_ON)
    if as_json:
        print_json({**asdict(cycle), "sentence": cycle.sentence})
        return
    rated = sum(cycle.counts[part] for part in ("train", "tune", "fresh"))
    left_out = _counted(sum(cycle.refused.values()), "turn")
    new, unrated = cycle.counts["new"], cycle.counts["unrated"]
    say(f"Rated or corrected: {_counted(rated, 'example')}, {new:,} of them new to train on.")
    say(f"Left out: {left_out}; without feedback: {unrated:,}.")
    say(cycle.sentence)
    if cycle.ending is not None:
        for line in cycle.ending.sentences:
            say(f"  {line}")
        if cycle.ending.deployed:
            say(f"{cycle.ending.name} answers from the next question on; workbench rollback takes it back.")
        say(f"More: workbench runs show {cycle.run}")


async def _learn(settings: Settings, *, deploy: bool, step: Step) -> Cycle:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        return await agent.learn(deploy=deploy, on_progress=lambda what, done, of: step(done, of, what))


@app.callback()
def _listed_if_nothing_else(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        list_runs(as_json)


@app.command("list")
def list_runs(as_json: AsJson = False) -> None:
    """List the runs of this home, the latest first."""
    cards = _runs().list()
    if as_json:
        print_json([_as_dict(one) for one in cards])
        return
    if not cards:
        say("There is no run yet; begin one: workbench evolve TUNE.jsonl")
        return
    rows = [
        (
            one.name,
            when(one.told_at),
            one.plan.search,
            len(one.plan.parents),
            len({trial.generation for trial in one.trials}),
            f"{one.evaluations:,}",
            _share(one.best),
            one.state,
        )
        for one in cards
    ]
    head = ("run", "latest", "search", "adapters", "generations", "evaluations", "best, tune", "state")
    out().print(table(head, rows))


@app.command()
def show(run: Ref, as_json: AsJson = False) -> None:
    """Show a run: generation by generation, where its champion came from, and how it ended."""
    runs = _runs()
    card = runs.find(run)
    if as_json:
        print_json(_as_dict(card) | {"trials": [asdict(one) for one in card.trials]})
        return
    say(f"Run {card.name}: {card.plan.search} over {_counted(len(card.plan.parents), 'adapter')}, {card.state}.")
    out().print(_generations(card.trials))
    for line in _origin(card, _labels(runs)):
        say(line)
    if card.ending is not None:
        _show_ending(card.ending)
    else:
        say(f"Go on: workbench runs resume {card.name}")


@app.command()
def resume(run: Ref, keep: Keep = False, as_json: AsJson = False) -> None:
    """Go on with a run that was interrupted."""
    runs = _runs()
    with runs.resume(run) as one:
        _go_on(runs, one, name=None, deploy=not keep, as_json=as_json)


@app.command()
def delete(
    run: Ref, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: AsJson = False
) -> None:
    """Remove what is kept of a run; the adapter that came of it stays on the shelf."""
    runs = _runs()
    card = runs.find(run)
    ask_first(f"Remove run {card.name} with its {len(card.trials)} trials?", yes=yes, what="Removing a run")
    runs.delete(card.name)
    if as_json:
        print_json({"deleted": card.name})
    else:
        say(f"Run {card.name} is gone.")


def _go_on(runs: Runs, run: Run, *, name: str | None, deploy: bool, as_json: bool) -> None:
    stopped = f"Stopped; every generation that was told is kept. Go on: workbench runs resume {run.name}"
    try:
        _evolve(run)
    except KeyboardInterrupt:
        typer.echo(f"\n{stopped}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    with bar("ending") as step:
        ending = run_async(
            run.end(name=name, deploy=deploy, on_progress=lambda what, done, of: step(done, of, what)), stopped
        )
    page = runs.report(run.name)
    if as_json:
        said = {"run": run.name, **asdict(ending), "champion": asdict(run.champion), "report": str(page.html)}
        print_json(said)
        return
    spent = run.evolution.spending
    say(
        f"Run {run.name}: {_counted(len(run.trials), 'candidate')} in {spent.evaluations:,} evaluations and "
        f"{spent.seconds:.0f} s."
    )
    _show_ending(ending)
    say(f"All of it, with figures: {page.html}")


def _evolve(run: Run) -> None:
    for broken in run.broken:
        typer.echo(
            f"line {broken.line} of the ledger was set aside ({broken.why}); that trial is tried again", err=True
        )
    with bar("evolving") as step:
        run.through(lambda what, done, of: step(done, of, what))


def _show_ending(ending: Ending) -> None:
    for line in ending.sentences:
        say(f"  {line}")
    say(ending.words)
    if ending.deployed:
        say(f"{ending.name} answers from the next question on; workbench rollback takes it back.")
    elif ending.decision == "promote":
        say(f"Put it in service: workbench deploy {ending.name}")


def _generations(trials: Sequence[Trial]) -> Any:
    from workbench.evolution.lineage import generations
    from workbench.evolution.trial import ranked

    rows = []
    for number, some in generations(trials).items():
        failed = [one for one in some if one.fitness is None]
        rows.append(
            (
                number,
                len(some),
                sum(one.stopped for one in some),
                len(failed),
                f"{sum(one.evaluations for one in some):,}",
                f"{sum(one.seconds for one in some):.0f} s",
                _share(ranked(some)[0]),
                failed[0].failure if failed else "",
            )
        )
    head = ("generation", "candidates", "stopped early", "failed", "evaluations", "time", "best, tune", "first failure")
    return table(head, rows)


def _origin(card: RunCard, labels: dict[str, str]) -> list[str]:
    """The champion so far, and what it is made of."""
    if card.best is None:
        return []
    genome = card.best.genome
    made = ", ".join(
        f"{labels.get(parent, parent[:12])} × {' '.join(f'{each:+.2f}' for each in row)}"
        for parent, row in zip(genome.parents, genome.coefficients, strict=True)
    )
    return [
        f"Best so far: trial {card.best.number} of generation {card.best.generation}, by {card.best.operator}: {made}"
    ]


def _as_dict(card: RunCard) -> dict[str, Any]:
    return {
        "run": card.name,
        "plan": asdict(card.plan),
        "state": card.state,
        "candidates": len(card.trials),
        "evaluations": card.evaluations,
        "best": asdict(card.best) if card.best else None,
        "ending": asdict(card.ending) if card.ending else None,
    }


def _share(one: Trial | None) -> str:
    return "–" if one is None or one.fitness is None else f"{one.fitness.share:.0%}"


def _labels(runs: Runs) -> dict[str, str]:
    return {one.identity: one.label for one in runs.learning.shelf.list()}


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _runs(**changes: object) -> Runs:
    from workbench.learning import Learning
    from workbench.runs import Runs

    given = {f"evolution.{key}": value for key, value in changes.items() if value is not None}
    return Runs(Learning(open_desk(given)))
