"""Question–answer pairs from a file of the user's, each with the passage it was taken from.

    file ─► passages ─┬─► cloze: by rule, no model ────────────────┬─► Example("document:<stem>", check contains)
                      └─► asking: the model proposes, rules judge, ─┘
                          the model reads again ─► refused(reason)

What is learnt is the bare question and its answer: the passage is provenance, in `origin.place["passage"]`. It trains
nothing; tables, pictures and other file formats are read elsewhere.

>>> harvest = await from_document(Path("data/handbook.md"))                             # doctest: +SKIP
>>> harvest.kept[0].prompt, harvest.kept[0].answer                                      # doctest: +SKIP
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.core.checkers import normalise
from workbench.core.errors import ExamplesError
from workbench.core.examples import Example, Origin, example
from workbench.corpus.asking import Asker, Refused
from workbench.corpus.documents.asking import judged
from workbench.corpus.documents.cloze import clozes
from workbench.corpus.documents.judging import Pair
from workbench.corpus.documents.passages import Passage, read_passages
from workbench.models.protocol import Model

__all__ = ["Harvest", "Passage", "Refused", "from_document", "read_passages"]

PASSAGE_TOKENS = 120
PAIRS = 3


@dataclass(frozen=True, slots=True)
class Harvest:
    """What a document gave; a new one after each passage."""

    kept: tuple[Example, ...] = ()
    refused: tuple[Refused, ...] = ()
    passages: int = 0  # read so far
    of_passages: int = 0
    tokens: int | None = None  # None: no model was asked, or its engine does not say
    seconds: float = 0.0

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason refused something, the most frequent first."""
        return dict(Counter(one.reason for one in self.refused).most_common())


async def from_document(
    path: Path,
    model: Model | None = None,
    *,
    rules: bool = True,
    passage_tokens: int = PASSAGE_TOKENS,
    pairs: int = PAIRS,
    on_progress: Callable[[Harvest], None] | None = None,
    stop: asyncio.Event | None = None,
) -> Harvest:
    """The pairs of one file, those by rule first in each passage.

    Cancelling the task stops the engine and raises; what was kept until then has been given to `on_progress`. Setting
    `stop` ends it after the passage at hand, and what was kept is returned.

    Args:
        path: a .md or .txt file, UTF-8.
        model: proposes questions and reads again; None for those by rule alone.
        rules: whether sentences of a plain form become questions without a model.
        passage_tokens: the longest passage.
        pairs: how many the model is asked for in each passage, at most.
        on_progress: called after each passage with the result so far.
    Raises:
        ExamplesError: the file cannot be used, or neither a model nor rules are wanted.
        ModelError: the model cannot answer.
    """
    if model is None and not rules:
        raise ExamplesError("Without a model and without rules nothing can be asked; give a model, or allow the rules")
    if min(passage_tokens, pairs) < 1:
        raise ExamplesError("A passage needs at least 1 token and 1 pair; raise passage_tokens or pairs")
    passages = await asyncio.to_thread(read_passages, path, budget_tokens=passage_tokens)
    asker, started = (Asker(model) if model is not None else None), time.perf_counter()
    harvest = Harvest(of_passages=len(passages))
    for passage in passages:
        async for one in _found(path, passage, asker, rules, pairs):
            harvest = _with(harvest, one)
        spent = time.perf_counter() - started
        harvest = replace(harvest, passages=passage.number, tokens=asker.tokens if asker else None, seconds=spent)
        if on_progress is not None:
            on_progress(harvest)
        if stop is not None and stop.is_set():
            break
    return harvest


async def _found(
    path: Path, passage: Passage, asker: Asker | None, rules: bool, most: int
) -> AsyncIterator[Example | Refused]:
    """Everything that one passage gives, kept and refused."""
    for pair in clozes(passage) if rules else ():
        yield _as_example(path, passage, pair, "rule")
    if asker is None:
        return
    async for proposed, reason in judged(asker, passage, most):
        if proposed is None:
            yield Refused(None, "the reply is not the JSON that was asked for", reason)
        else:
            one = _as_example(path, passage, proposed, asker.model.name)
            yield Refused(one, reason) if reason else one


def _with(harvest: Harvest, one: Example | Refused) -> Harvest:
    """The harvest with one more; a question that was kept before is refused, most of all with another answer."""
    if isinstance(one, Refused):
        return replace(harvest, refused=(*harvest.refused, one))
    before = next((other for other in harvest.kept if normalise(other.prompt) == normalise(one.prompt)), None)
    if before is None:
        return replace(harvest, kept=(*harvest.kept, one))
    same = normalise(before.answer) == normalise(one.answer)
    reason = "the question was kept before" if same else "the question was kept before with another answer"
    return replace(harvest, refused=(*harvest.refused, Refused(one, reason)))


def _as_example(path: Path, passage: Passage, pair: Pair, asked_by: str) -> Example:
    place = {
        "file": path.name,
        "number": str(passage.number),
        "lines": f"{passage.first_line}-{passage.last_line}",
        "heading": passage.heading,
        "text_sha256": passage.sha256,
        "passage": passage.text,
        "asked_by": asked_by,
    }
    origin = Origin("document", place)
    return example(pair.question, pair.answer, skill=f"document:{path.stem}", check="contains", origin=origin)
