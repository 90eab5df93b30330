"""Commands by which the agent learns and unlearns: train, score, gate, deploy, rollback.

    workbench train FILE.jsonl --name N        or --skill NAME, for one of the built-in skills
    workbench score FILE.jsonl [--adapter A]
    workbench standard TASK … [--adapter A]     tasks of the lm-evaluation-harness
    workbench gate CANDIDATE [INCUMBENT] FILE.jsonl
    workbench deploy A [--force]
    workbench rollback

What they print for a program (`--json`) is the only thing on standard output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli.desk import Step, bar, open_desk, out, run_async, say
from workbench.cli.showing import AsJson, print_json, table
from workbench.core.errors import QuestionError

if TYPE_CHECKING:
    from workbench.adapters.shelf import Shelved
    from workbench.core.examples import Example
    from workbench.corpus.jsonl import Reading
    from workbench.evaluation.gate import Verdict
    from workbench.evaluation.scoring import Score
    from workbench.learning import Learning, Lesson

    Dealt = tuple[Sequence[Example], Sequence[Example], Sequence[Example]]  # to train on, held out, for the gate

SKILL_TUNE = 100  # held-out examples of a built-in skill
TUNE_SEED = 1_000_003  # added to the seed: another stream than the one trained on
FEWEST_TO_SPLIT = 20
SHOWN_BAD_LINES = 10

File = Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Examples, one JSON object a line.")]
AdapterName = Annotated[str | None, typer.Option("--adapter", help="An adapter; base is the plain base.")]


def train(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE.jsonl]", help="Examples, one JSON object a line.")
    ] = None,
    skill: Annotated[
        str | None, typer.Option(help="A built-in skill instead of a file; workbench corpus skills.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the adapter; the skill or the file's name if left out.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimizer steps; training.steps if left out.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of everything drawn; training.seed if left out.")
    ] = None,
    base: Annotated[str | None, typer.Option(help="Base model; training.base if left out.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", help="Go on with this adapter and keep what it knows; base if left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train an adapter and show, on examples it was not trained on, whether it helps."""
    from workbench.experience import HELD_FILE

    if (file is None) == (skill is None):
        raise QuestionError("Give a file of examples or --skill NAME, one of the two; see: workbench corpus skills")
    learning = _learning(steps=steps, seed=seed, base=base)
    learned, held_out, fresh = _from_skill(learning, skill) if skill else _from_file(Path(str(file)))
    name = name or skill or Path(str(file)).stem
    first = learning.incumbent(start) if start else None
    dealt = learned, held_out, fresh
    lesson = _train(learning, dealt, name, first)
    watched = (*held_out, *_kept(learning, first, HELD_FILE, dealt))
    scores = _before_and_after(learning, watched, lesson.shelved.identity, first) if watched else {}
    if as_json:
        print_json(_as_dict(lesson, scores))
    else:
        _show_lesson(lesson, scores)
    if fresh:
        _tell_kept(learning, lesson)


def score(file: File, adapter: AdapterName = None, as_json: AsJson = False) -> None:
    """Score the champion, an adapter or the plain base on examples."""
    learning = _learning()
    holder = learning.incumbent(adapter)
    examples = read(file).examples
    with bar("scoring") as step:
        found = learning.score(examples, holder.identity if holder else None, on_progress=counting(step, len(examples)))
    if as_json:
        print_json({"adapter": holder.label if holder else "base", **found.to_dict()})
    else:
        say(f"{holder.label if holder else 'the plain base'}: {described(found)}")
        out().print(by_skill({"right": found}))


def standard(
    tasks: Annotated[list[str], typer.Argument(metavar="TASK...", help="Names of tasks, such as arc_easy.")],
    adapter: AdapterName = None,
    folder: Annotated[
        Path | None, typer.Option(help="Of your own task files; the harness's own tasks fetch their data.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Examples of each task; all if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score the champion, an adapter or the plain base on standard tasks of the lm-evaluation-harness."""
    learning = _learning()
    holder = learning.incumbent(adapter)
    found = learning.standard(tasks, holder.identity if holder else None, limit=limit, folder=folder)
    if as_json:
        print_json({"adapter": holder.label if holder else "base", "tasks": [asdict(one) for one in found]})
        return
    rows = [
        (
            one.task,
            one.examples,
            metric,
            f"{value:.3f}",
            f"± {one.stderrs[metric]:.3f}" if metric in one.stderrs else "",
        )
        for one in found
        for metric, value in one.metrics.items()
    ]
    out().print(table(("task", "examples", "metric", "value", "standard error"), rows))


def gate(
    candidate: Annotated[str, typer.Argument(help="The adapter that is to answer.")],
    rest: Annotated[
        list[str],
        typer.Argument(metavar="[INCUMBENT] FILE.jsonl", help="The champion if left out; base is the plain base."),
    ],
    as_json: AsJson = False,
) -> None:
    """Judge whether a candidate may replace what answers now, by examples that neither has seen."""
    if len(rest) > 2:
        raise QuestionError("Too many names; give: workbench gate CANDIDATE [INCUMBENT] FILE.jsonl")
    *incumbent, file = rest
    learning, examples = _learning(), read(Path(file)).examples
    with bar("judging") as step:
        judging = learning.gate(
            candidate,
            examples,
            incumbent=incumbent[0] if incumbent else None,
            on_progress=lambda what, done, of: step(done, of, f"answering as {what}"),
        )
        verdict = run_async(judging)
    if as_json:
        print_json(verdict.to_dict())
    else:
        show_verdict(verdict)


def deploy(
    adapter: Annotated[str, typer.Argument(help="Its name or hash.")],
    force: Annotated[bool, typer.Option("--force", help="Without the gate's promotion; the history keeps it.")] = False,
    why: Annotated[str, typer.Option(help="A reason for the history.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let an adapter answer from the next question on."""
    deployed = _learning().deploy(adapter, insist=force, why=why)
    if as_json:
        print_json({"champion": deployed.identity, "name": deployed.name})
    else:
        say(f"{deployed.label} answers from the next question on; workbench rollback takes it back.")


def rollback(why: Annotated[str, typer.Option(help="A reason for the history.")] = "", as_json: AsJson = False) -> None:
    """Go back to what answered before."""
    back = _learning().rollback(why)
    if as_json:
        print_json({"champion": back.identity if back else None, "name": back.name if back else None})
    else:
        say(f"{back.label if back else 'The plain base'} answers from the next question on.")


def read(file: Path) -> Reading:
    """The examples of a file; bad lines are said, and the good ones kept."""
    from workbench.corpus.jsonl import read_examples

    reading = read_examples(file)
    for line in reading.bad[:SHOWN_BAD_LINES]:
        typer.echo(f"line {line.number} was left out: {line.reason}", err=True)
    if len(reading.bad) > SHOWN_BAD_LINES:
        typer.echo(f"… and {len(reading.bad) - SHOWN_BAD_LINES} more; see: workbench corpus check {file}", err=True)
    if reading.duplicates:
        typer.echo(f"{reading.duplicates} duplicates were dropped", err=True)
    return reading


def counting(step: Step, of: int) -> Callable[[object], None]:
    """One step of a bar for each outcome."""
    done = iter(range(1, of + 1))
    return lambda _: step(next(done), of)


def described(found: Score) -> str:
    low, high = found.interval
    return (
        f"{found.correct} of {found.total} right ({found.mean:.0%}, 95 % interval {low:.0%} to {high:.0%}), "
        f"{found.cost.seconds:.1f} s"
    )


def by_skill(scores: dict[str, Score]) -> Any:
    """A row for each skill, a column for each score."""
    parts = {name: found.by_skill() for name, found in scores.items()}
    skills = dict.fromkeys(skill for rows in parts.values() for skill in rows)
    rows = [(skill, *(_cell(found.get(skill)) for found in parts.values())) for skill in skills]
    return table(("skill", *parts), rows)


def show_verdict(verdict: Verdict) -> None:
    say(verdict.words)
    rows = [(one.skill, one.pairs.n, f"{one.point:+.1%}", f"{one.least:+.1%}", one.state) for one in verdict.skills]
    if rows:
        out().print(table(("held skill", "examples", "difference", "at least", ""), rows))


def _learning(**changes: object) -> Learning:
    from workbench.learning import Learning

    given = {f"training.{key}": value for key, value in changes.items() if value is not None}
    return Learning(open_desk(given))


def _from_skill(learning: Learning, skill: str) -> Dealt:
    from workbench.corpus.skills import generate

    dials = learning.settings.training
    learned = generate(skill, dials.steps * dials.batch, seed=dials.seed)
    known = {one.id for one in learned}
    return learned, generate(skill, SKILL_TUNE, seed=dials.seed + TUNE_SEED, without=known), ()


def _from_file(file: Path) -> Dealt:
    """What is trained on, what is held out, what is left for the gate; too few examples are not divided."""
    from workbench.corpus.splits import split

    examples = read(file).examples
    if len(examples) < FEWEST_TO_SPLIT:
        typer.echo(
            f"{len(examples)} examples are too few to hold some out, so nothing will show whether it helps; "
            f"from {FEWEST_TO_SPLIT} on a part is held out",
            err=True,
        )
        return examples, (), ()
    parts = split(examples)
    typer.echo(
        f"{len(parts.train)} examples to train on, {len(parts.tune)} to show whether it helps, "
        f"{len(parts.gate)} left for the gate",
        err=True,
    )
    return parts.train, parts.tune, parts.gate


def _tell_kept(learning: Learning, lesson: Lesson) -> None:
    from workbench.experience import FRESH_FILE

    if kept := len(learning.experience.kept_of(lesson.shelved, FRESH_FILE)):
        typer.echo(f"{kept} examples that it has not seen are kept beside it, for the gate", err=True)


def _kept(learning: Learning, first: Shelved | None, name: str, dealt: Dealt) -> Sequence[Example]:
    """Examples beside an adapter of what a lesson does not revise, without those that the lesson has itself."""
    from workbench.retaining import revised

    own = {one.id for part in dealt for one in part}
    kept = learning.experience.replay_of(first, name, but=revised(dealt[0]))
    return [one for one in kept if one.id not in own]


def _train(learning: Learning, dealt: Dealt, name: str, first: Shelved | None) -> Lesson:
    from workbench.experience import REPLAY_FILE
    from workbench.hardware.planner import show_gib

    with bar(f"training {name}") as step:

        def tell(now: Any) -> None:
            if now.note:
                typer.echo(now.note, err=True)
            label = f"training {name}: loss {now.loss:.2f}, {now.tokens_per_s:.0f} tokens/s, {show_gib(now.peak_bytes)}"
            step(now.step, now.steps, label)

        learned, held_out, fresh = dealt
        replay = _kept(learning, first, REPLAY_FILE, dealt)
        return learning.train(learned, name, replay=replay, tune=held_out, fresh=fresh, start=first, on_progress=tell)


def _before_and_after(
    learning: Learning, held_out: Sequence[Example], ref: str, first: Shelved | None
) -> dict[str, Score]:
    with bar("scoring before") as step:
        was = first.identity if first else None
        before = learning.score(held_out, was, on_progress=counting(step, len(held_out)))
    with bar("scoring after") as step:
        after = learning.score(held_out, ref, on_progress=counting(step, len(held_out)))
    learning.note_scores(ref, after)
    return {"before": before, "after": after}


def _show_lesson(lesson: Lesson, scores: dict[str, Score]) -> None:
    from workbench.hardware.planner import show_gib

    ran, name = lesson.trained, lesson.shelved.label
    say(
        f"{name}: {ran.steps} steps in {ran.seconds:.0f} s ({ran.tokens_per_s:.0f} tokens/s, at most "
        f"{show_gib(ran.peak_bytes)}), loss {ran.losses[0]:.2f} to {ran.losses[-1]:.2f}"
    )
    for note in ran.ladder:
        say(f"  to save memory: {note}")
    if ran.left_out:
        say(f"  left out, too long for training.sequence_tokens: {len(ran.left_out)} examples")
    if lesson.retained.sentence:
        say(f"  {lesson.retained.sentence}")
    if scores:
        for when, found in scores.items():
            say(f"{when}: {described(found)}")
        out().print(by_skill(scores))
    say(f"Next: workbench gate {name} FRESH.jsonl, then workbench deploy {name}")


def _as_dict(lesson: Lesson, scores: dict[str, Score]) -> dict[str, Any]:
    ran = lesson.trained
    return {
        "adapter": lesson.shelved.identity,
        "name": lesson.shelved.name,
        "steps": ran.steps,
        "seconds": ran.seconds,
        "tokens_per_s": ran.tokens_per_s,
        "peak_bytes": ran.peak_bytes,
        "losses": list(ran.losses),
        "tune_losses": [asdict(one) for one in ran.tune_losses],
        "ladder": list(ran.ladder),
        "left_out": list(ran.left_out),
        "stopped_early": ran.stopped_early,
        "retained": lesson.retained.sentence,
        "scores": {when: found.to_dict() for when, found in scores.items()},
    }


def _cell(found: Score | None) -> str:
    if found is None:
        return "–"
    low, high = found.interval
    return f"{found.correct}/{found.total} ({low:.0%}–{high:.0%})"
