"""Commands by which a population of adapters becomes a better one.

    workbench evolve TUNE.jsonl [--gate GATE.jsonl] [--from A,B,C]     begin a run, or go on with the same one
    workbench runs [list] | show RUN | resume RUN | delete RUN
    … --executor ray --set evolution.workers=8                         tried by other processes; all else is the same

Whatever else decides a run is a setting of the section `evolution`, changed for one call by `--set`. Ctrl-C ends a run
after the last generation that was told; the same command goes on with it. What they print for a program (`--json`) is
the only thing on standard output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.desk import Changes, ask_first, bar, changed, interruptible, open_desk, out, run_async, say
from workbench.cli.learning import read
from workbench.cli.showing import AsJson, print_json, table, when
from workbench.core.wording import counted

if TYPE_CHECKING:
    from workbench.evolution.trial import Trial
    from workbench.runs import Ending, Materials, Run, RunCard, Runs

AGAIN = "Stopped; what was told is kept. The same command goes on with it."
app = typer.Typer(help="Runs of evolution: list, show, go on, delete.", invoke_without_command=True)
Ref = Annotated[str, typer.Argument(metavar="RUN", help="The beginning of its name.")]
Keep = Annotated[bool, typer.Option("--keep", help="Do not deploy, even if the gate promotes.")]
Executor = Annotated[
    str | None,
    typer.Option(help="in-process, or ray with evolution.workers processes; evolution.executor if left out."),
]


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
    budget: Annotated[int | None, typer.Option(min=1, help="Evaluations; evolution.evaluations if left out.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything drawn.")] = None,
    verdicts_only: Annotated[
        bool, typer.Option("--verdicts-only", help="Use of an answer only whether it is right; teach by own answers.")
    ] = False,
    executor: Executor = None,
    changes: Changes = None,
    keep: Keep = False,
    as_json: AsJson = False,
) -> None:
    """Make a better adapter of several, and let the gate judge it by examples that no search has seen."""
    with interruptible(AGAIN):
        runs, materials = _gathered(
            tune,
            gate,
            held,
            changes,
            evaluations=budget,
            seed=seed,
            executor=executor,
            verdicts_only=verdicts_only or None,
        )
        chosen = [one.strip() for one in parents.split(",") if one.strip()]
        with runs.begin(materials, parents=chosen) as run:
            if name is not None and run.ending is None:
                runs.learning.refuse_taken(name)
            _go_on(runs, run, name=name, deploy=not keep, as_json=as_json)


def _gathered(
    tune: Path, gate: Path | None, held: Path | None, changes: Sequence[str] | None, **options: object
) -> tuple[Runs, Materials]:
    from workbench.runs import Materials

    runs = _runs(changes, **options)
    materials = Materials.of(
        read(tune).examples,
        held=read(held).examples if held else (),
        fresh=read(gate).examples if gate else (),
        confirm=runs.learning.settings.evolution.confirm,
    )
    if materials.left_out:
        typer.echo(f"{materials.left_out} examples of {gate} are not fresh and were left out", err=True)
    return runs, materials


@app.callback()
def _listed_if_nothing_else(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is None:
        list_runs(as_json)


@app.command("list")
def list_runs(as_json: AsJson = False) -> None:
    """List the runs of this home, the latest first."""
    runs = _runs()
    cards = runs.list()
    for error in runs.unreadable():
        typer.echo(error.sentence, err=True)
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
    say(f"Run {card.name}: {card.plan.search} over {counted(len(card.plan.parents), 'adapter')}, {card.state}.")
    out().print(_generations(card.trials))
    for line in _origin(card, _labels(runs)):
        say(line)
    if card.ending is not None:
        _show_ending(card.ending)
    else:
        say(f"Go on: workbench runs resume {card.name}")


@app.command()
def resume(
    run: Ref, executor: Executor = None, changes: Changes = None, keep: Keep = False, as_json: AsJson = False
) -> None:
    """Go on with a run that was interrupted."""
    _refuse_deciding(changed(changes))
    with interruptible(AGAIN):
        runs = _runs(changes, executor=executor)
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
    with interruptible(stopped):
        _evolve(run)
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
        f"Run {run.name}: {counted(len(run.trials), 'candidate')} in {spent.evaluations:,} evaluations and "
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


def _refuse_deciding(changes: Mapping[str, str]) -> None:
    from workbench.core.errors import EvolutionError
    from workbench.runs.planning import BUDGET, DECIDING

    for name in (*DECIDING, *BUDGET, "seed"):
        if (key := f"evolution.{name}") in changes:
            raise EvolutionError(f"{key} was decided when the run began; begin another: workbench evolve --set {key}=…")


def _runs(changes: Sequence[str] | None = None, **options: object) -> Runs:
    """Of this home; an option goes before `--set`."""
    from workbench.learning import Learning
    from workbench.runs import Runs

    given = {f"evolution.{key}": value for key, value in options.items() if value is not None}
    return Runs(Learning(open_desk({**changed(changes), **given})))
