"""Examples from nothing but the workbench: made by a skill, taken from turns or a document, invented by a model.

    workbench corpus generate SKILL --to FILE.jsonl        a built-in skill's tasks
    workbench corpus collect --to FILE.jsonl               turns with feedback, redacted
    workbench corpus ask DOCUMENT --to FILE.jsonl          questions about a .md or .txt file
    workbench corpus synthesise SEEDS.jsonl --to FILE      more like these, each verified

What was refused lies beside the file, as FILE.refused.jsonl, each with its reason. Ctrl-C ends the two that ask a model
after the piece at hand, and keeps what there is.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from workbench.cli.desk import bar, open_desk, run_async, say
from workbench.cli.learning import File, read
from workbench.cli.showing import AsJson, print_json

if TYPE_CHECKING:
    from workbench.core.examples import Example
    from workbench.core.settings import Settings
    from workbench.corpus.documents import Harvest
    from workbench.corpus.synthetic import Synthesised
    from workbench.models.protocol import Model

Result = TypeVar("Result")
COMPLEXITY = 0.5  # of writing good questions, for the choice of a model

To = Annotated[Path, typer.Option(help="The file to write; one that is there is replaced.")]
ModelName = Annotated[str | None, typer.Option(help="The model to ask; the settings choose if left out.")]


def generate(
    skill: Annotated[str, typer.Argument(help="A built-in skill or composite; see: workbench corpus skills.")],
    to: To,
    n: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other examples.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write examples of a built-in skill."""
    from workbench.corpus.skills import generate as made

    open_desk()
    _finish(to, made(skill, n, seed=seed), [], as_json)


def collect(to: To, as_json: AsJson = False) -> None:
    """Write what you rated or corrected as examples, secrets and personal data taken out."""
    from workbench.agent import open_memory
    from workbench.corpus.interactions import from_sessions

    memory = open_memory(open_desk())
    try:
        found = from_sessions(memory.sessions)
    finally:
        memory.close()
    refused: list[dict[str, object]] = [
        {"turn": one.turn_id, "session": one.session_id, "reason": one.reason} for one in found.refused
    ]
    told = {"unrated": found.unrated, "redacted": dict(found.redacted)}
    if not as_json:
        if found.unrated:
            say(f"turns without feedback: {found.unrated}; say what was right: workbench feedback")
        for kind, count in found.redacted.items():
            say(f"redacted: {kind} {count}")
    _finish(to, found.examples, refused, as_json, **told)


def ask(
    document: Annotated[Path, typer.Argument(help="A .md or .txt file.")],
    to: To,
    model: ModelName = None,
    rules_only: Annotated[bool, typer.Option("--rules-only", help="Ask no model; sentences of plain form.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write questions about a document, each with the passage that answers it."""
    from workbench.corpus.documents import from_document

    settings = open_desk()

    async def asked(stop: asyncio.Event, tell: Callable[[Harvest], None]) -> Harvest:
        if rules_only:
            return await from_document(document, on_progress=tell, stop=stop)
        return await _with_model(
            settings, model, lambda engine: from_document(document, engine, on_progress=tell, stop=stop)
        )

    with bar("reading") as step:
        found = _stoppable(lambda stop: asked(stop, lambda now: step(now.passages, now.of_passages)))
    _finish(to, found.kept, _as_rows(found.refused), as_json, **_cost(found))


def synthesise(
    file: File,
    to: To,
    n: Annotated[int, typer.Option("-n", min=1, help="How many to keep.")] = 20,
    against: Annotated[Path | None, typer.Option(help="Held-out examples that must not be repeated.")] = None,
    model: ModelName = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other examples.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write more examples like those of a file: proposed, solved again, and judged; of one skill and checker."""
    from workbench.corpus.synthetic import synthesise as made

    settings, seeds = open_desk(), read(file).examples
    held_out = read(against).examples if against else ()

    async def invented(stop: asyncio.Event, tell: Callable[[Synthesised], None]) -> Synthesised:
        return await _with_model(
            settings,
            model,
            lambda engine: made(engine, seeds, n, against=held_out, seed=seed, on_progress=tell, stop=stop),
        )

    with bar("inventing") as step:
        found = _stoppable(
            lambda stop: invented(stop, lambda now: step(len(now.kept), n, f"inventing, try {now.tries}"))
        )
    _finish(to, found.kept, _as_rows(found.refused), as_json, ended=found.ended, **_cost(found))


async def _with_model(
    settings: Settings, name: str | None, work: Callable[[Model], Coroutine[Any, Any, Result]]
) -> Result:
    """The plain model that the settings choose: what is deployed has learned to answer, not to ask."""
    from workbench.models.backends import Backends

    backends = Backends(settings)
    try:
        return await work(backends.model(await backends.choose(COMPLEXITY, model=name)))
    finally:
        await backends.close()


def _stoppable(work: Callable[[asyncio.Event], Coroutine[Any, Any, Result]]) -> Result:
    """The first Ctrl-C ends the work after the piece at hand; a second one at once."""

    async def run() -> Result:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()

        def interrupted() -> None:
            typer.echo("\nEnding after the piece at hand; press Ctrl-C again to drop everything.", err=True)
            loop.remove_signal_handler(signal.SIGINT)
            stop.set()

        with suppress(NotImplementedError, RuntimeError):  # no signals here: Ctrl-C keeps its usual meaning
            loop.add_signal_handler(signal.SIGINT, interrupted)
        return await work(stop)

    return run_async(run())


def _cost(found: Harvest | Synthesised) -> dict[str, object]:
    return {"tokens": found.tokens, "seconds": found.seconds}


def _as_rows(refused: Sequence[Any]) -> list[dict[str, object]]:
    return [
        {
            "reason": one.reason,
            "prompt": one.example.prompt if one.example else None,
            "answer": one.example.answer if one.example else None,
            "reply": one.reply,
        }
        for one in refused
    ]


def _finish(
    to: Path, kept: Sequence[Example], refused: Sequence[dict[str, object]], as_json: bool, **told: object
) -> None:
    """Both files, and the counts by reason; a file without an example is not written."""
    from workbench.corpus.jsonl import write_examples, write_lines

    reasons = dict(Counter(str(one["reason"]) for one in refused).most_common())
    aside = to.with_suffix(".refused.jsonl")
    if refused:
        write_lines(aside, [json.dumps(row, ensure_ascii=False) + "\n" for row in refused])
    if kept:
        write_examples(to, kept)
    if as_json:
        print_json({"examples": len(kept), "file": str(to) if kept else None, "refused": reasons, **told})
    else:
        for reason, count in reasons.items():
            say(f"refused {count}: {reason}")
        if refused:
            say(f"each with its reason in {aside}")
        say(f"{len(kept)} examples in {to}" if kept else "No example; nothing was written.")
