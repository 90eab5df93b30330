"""The command by which use becomes an adapter.

    workbench learn              from what was rated and corrected; refused, with the number missing, where it is little
    workbench learn --again      without the adapters that learned from what was forgotten since
    workbench learn --watch      stay, and learn whenever there is enough, in the hours of learn.hours
    workbench learn --trust      what was set apart, since it disapproves of what was approved before, is right
    workbench learn --pause      let it rest, in whatever process it runs; --go-on ends the pause

It goes last: its process has a low priority. Ctrl-C ends a cycle at its next step, and the next call goes on with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.desk import Step, bar, open_desk, run_async, say
from workbench.cli.evolving import Keep
from workbench.cli.learning import read
from workbench.cli.showing import AsJson, print_json
from workbench.core.errors import QuestionError
from workbench.core.stopping import Tell
from workbench.core.wording import counted
from workbench.hardware.giving_way import give_way

if TYPE_CHECKING:
    from workbench.core.examples import Example
    from workbench.core.settings import Settings
    from workbench.cycles import Cycle

GO_ON = "Stopped; what was done is kept. Go on: workbench learn"


def learn(
    gate: Annotated[
        Path | None, typer.Option(help="More unseen examples of held skills, for the gate; where it asks for them.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Without the adapters that learned from what was forgotten since.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and learn whenever there is enough, within learn.hours.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="Say that feedback which was set apart is right; learn from it next time.")
    ] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Let learning rest, in whatever process it runs.")] = False,
    go_on: Annotated[bool, typer.Option("--go-on", help="End the pause.")] = False,
    keep: Keep = False,
    as_json: AsJson = False,
) -> None:
    """Learn from what you rated and corrected: train, evolve with the shelf, deploy if the gate promotes."""
    settings = open_desk()
    if pause or go_on:
        _let_rest(settings, pause=pause, go_on=go_on)
        return
    if trust:
        run_async(_trust(settings))
        return
    unseen = read(gate).examples if gate else ()
    cycle_of = partial(_learn, settings, unseen, again, not keep)
    give_way()
    with bar("gathering") as step:
        if watch:
            run_async(_watch(settings, cycle_of, step=step, as_json=as_json), GO_ON)
            return
        cycle = run_async(cycle_of(_telling(step)), GO_ON)
    _show(cycle, as_json=as_json)


def _let_rest(settings: Settings, *, pause: bool, go_on: bool) -> None:
    from workbench.cycles import Pause

    if pause and go_on:
        raise QuestionError("Give one of --pause and --go-on")
    resting = Pause(settings.home / "cycles")
    if pause:
        resting.begin()
        say(
            "Learning is paused: a cycle that runs ends at its next step, and keeps what it has. "
            "Go on: workbench learn --go-on"
        )
    else:
        resting.end()
        say("Learning may go on: workbench learn")


async def _trust(settings: Settings) -> None:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        doubts = await agent.trust_feedback()
    for one in doubts:
        say(f"Trusted: {one.sentence}.")
    say("They are recalled again, and learned from: workbench learn" if doubts else "Nothing is set apart.")


async def _watch(
    settings: Settings, cycle_of: Callable[[Tell], Awaitable[Cycle]], *, step: Step, as_json: bool
) -> None:
    """Cycle after cycle, until Ctrl-C; the same refusal is said once."""
    from workbench.cycles import Hours, Pause, Watch

    dials, said = settings.learn, ""
    say(
        f"Looking every {dials.look_minutes:g} minutes, {f'from {dials.hours}' if dials.hours else 'all day'}; "
        "Ctrl-C ends it, and keeps what was done."
    )
    watch = Watch(
        cycle_of,
        Pause(settings.home / "cycles"),
        dials.look_minutes * 60,
        Hours.read(dials.hours) if dials.hours else None,
    )
    async for cycle in watch.cycles(_telling(step)):
        if cycle.sentence != said:
            _show(cycle, as_json=as_json)
        said = cycle.sentence


def _telling(step: Step) -> Tell:
    return lambda what, done, of: step(done, of, what)


def _show(cycle: Cycle, *, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(cycle), "sentence": cycle.sentence})
        return
    left_out = counted(sum(cycle.refused.values()), "turn")
    new, unrated = cycle.counts["new"], cycle.counts["unrated"]
    say(f"Rated or corrected: {counted(cycle.rated, 'example')}, {new:,} of them new to train on.")
    say(f"Left out: {left_out}; without feedback: {unrated:,}.")
    say(cycle.sentence)
    for line in cycle.set_apart:
        say(f"  {line}")
    if cycle.ending is not None:
        for line in cycle.ending.sentences:
            say(f"  {line}")
        if cycle.brought is not None:
            say(f"  {cycle.brought.sentence}")
        if cycle.ending.deployed:
            say(f"{cycle.ending.name} answers from the next question on; workbench rollback takes it back.")
        say(f"More: workbench runs show {cycle.run}")


async def _learn(settings: Settings, unseen: Sequence[Example], again: bool, deploy: bool, tell: Tell) -> Cycle:
    from workbench.agent import open_agent

    async with open_agent(settings) as agent:
        return await agent.learn(again=again, deploy=deploy, unseen=unseen, on_progress=tell)
