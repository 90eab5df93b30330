"""Score an adapter on examples with as little computing as gives the verdicts of greedy decoding.

    examples ─► kept verdicts ─► one pass over the gold answers ─► replies written where a pass cannot tell ─► Score
                 (cache)          (forced, judging)                 (generation)

A verdict is that of the example's checker on the reply that greedy decoding, one prompt at a time, would give. It
does not depend on what else is scored, nor in which order: where the shape of a batch could turn a choice between two
tokens, the reply is written alone. The base is loaded when first needed and is, bit for bit, the same afterwards. It
does not know where examples or adapters come from.

>>> scorer = Scorer(base, cache=ScoreCache(Path("scores.sqlite")))         # doctest: +SKIP
>>> scorer.score(adapter, examples).interval                               # doctest: +SKIP
Interval(low=0.81, high=0.93)
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any, NamedTuple

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import Base, Precision
from workbench.adapters.rendering import Rendered
from workbench.core.errors import ExamplesError
from workbench.core.examples import Example
from workbench.evaluation.scoring.cache import ScoreCache, Setting, Verdict
from workbench.evaluation.scoring.forced import forced
from workbench.evaluation.scoring.generation import NEVER_CLOSE, Begun, Choices, Written, alone, drawn, replies
from workbench.evaluation.scoring.judging import Judge
from workbench.evaluation.scoring.loaded import Loaded
from workbench.evaluation.scoring.options import Chosen, OptionQuestion, chosen, rendered_options
from workbench.evaluation.scoring.reader import Reader
from workbench.evaluation.scoring.score import Cost, Score, Scored

SCORER_VERSION = 2  # one more whenever verdicts may change: kept ones are then not used
ANY_REPLY_TOKENS = 32  # that any reply may have
KEPT_AT_ONCE = 64  # verdicts
OWN_REPLY_TOKENS = 64  # that a reply may have whose gold answer nobody looks at
OnProgress = Callable[[Scored], None]


class Said(NamedTuple):
    """A reply of the model's own to an example's prompt, and whether it is right."""

    example: Example
    text: str
    right: bool
    prompt_tokens: int
    reply_tokens: int

    @property
    def own(self) -> Example:
        """The example with this reply as its answer: what can be learned from, once it is known to be right."""
        return replace(self.example, answer=self.text.strip())


class Scorer:
    """One base, and whatever adapters are laid over it; one score at a time.

    Args:
        cache: where verdicts are kept; None keeps none.
        model, tokenizer: of the base, where they are loaded already.
        settle_ties: write a reply alone where two tokens are nearly equal. In bf16 that is most of the work; without
            it such a verdict depends on what is scored together, so it is never kept.
    Raises:
        ValueError: a cache for verdicts that may not be kept.
    """

    def __init__(
        self,
        base: Base,
        *,
        cache: ScoreCache | None = None,
        precision: Precision = "auto",
        model: Any = None,
        tokenizer: Any = None,
        settle_ties: bool = True,
    ) -> None:
        if cache is not None and not settle_ties:
            raise ValueError("Verdicts with unsettled ties depend on what is scored together; give no cache")
        self.base = base
        self._settle_ties = settle_ties
        self._given = (base, precision, model, tokenizer)
        self._loaded = Loaded(*self._given)
        self._cache = cache
        self._lock = threading.Lock()

    def release(self) -> None:
        """Let go of weights that it loaded itself; the next score loads them again."""
        with self._lock:
            self._loaded = Loaded(*self._given)

    def longest(self, one: Example) -> int:
        """Tokens that a reply to this example may have: twice the gold answer's, at least 32."""
        return max(2 * len(self._loaded.rendered(one).answer), ANY_REPLY_TOKENS)

    def score(
        self,
        adapter: Adapter | None,
        examples: Sequence[Example],
        *,
        longest: int | None = None,
        keep: bool = True,
        on_progress: OnProgress | None = None,
    ) -> Score:
        """Every example's verdict under an adapter, or under the bare base.

        Args:
            longest: tokens that a reply may have, never fewer than the gold answer's; None is by `Scorer.longest`.
            keep: use the cache; not for examples that hold what a person may want forgotten.
            on_progress: called with each outcome as it comes, in the order of computing.
        Raises:
            ExamplesError: there is none, or one does not fit the base's context.
            AdapterUnfit: the adapter is of another base.
            AdapterDamaged: its weights are not numbers.
            StoreError: the cache cannot be read or written.
        """
        if not examples:
            raise ExamplesError("There is no example to score; give at least one")
        tell = on_progress or _nobody
        with self._lock:
            started = time.perf_counter()
            setting = self._setting(adapter, longest) if keep else None
            found = self._kept(setting, examples)
            for one in found.values():
                tell(one)
            new = list({one.id: one for one in examples if one.id not in found}.values())
            cost = self._compute(adapter, new, longest, setting, found, tell) if new else Cost()
            outcomes = tuple(_as_asked(found[one.id], one) for one in examples)
            name = adapter.identity if adapter is not None else self.base.identity
            return Score(name, outcomes, _lasting(cost, time.perf_counter() - started))

    def replies(
        self,
        adapter: Adapter | None,
        examples: Sequence[Example],
        *,
        longest: int = OWN_REPLY_TOKENS,
        samples: int = 1,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> tuple[Said, ...]:
        """What the model itself says to these prompts, whole; the gold answers serve for the verdict alone.

        Args:
            longest: tokens that a reply may have.
            samples: replies to each prompt; they stand one after another.
            temperature: 0 is the likeliest token each time, otherwise p ∝ exp(logit / temperature).
        Raises:
            ExamplesError: there is none, or one does not fit the base's context.
            AdapterUnfit: the adapter is of another base.
        """
        if not examples:
            raise ExamplesError("There is no example to answer; give at least one")
        loaded = self._loaded
        rendered = [loaded.rendered(one) for one in examples]
        begun = [Begun(at, rendered[at // samples].prompt) for at in range(len(examples) * samples)]
        with self._lock, loaded.reading(adapter) as reader:
            loaded.check_lengths(rendered)
            ends = loaded.ends

            def is_over(_: int, tokens: Sequence[int]) -> bool:
                return tokens[-1] in ends or len(tokens) >= longest

            choices = _by_chance(temperature, seed) if temperature else None
            found = {
                one.key: one.tokens for one in replies(reader, begun, is_over, tolerance=NEVER_CLOSE, choices=choices)
            }
        return tuple(
            self._said(examples[at // samples], len(rendered[at // samples].prompt), found[at])
            for at in range(len(begun))
        )

    def _said(self, one: Example, prompt_tokens: int, tokens: Sequence[int]) -> Said:
        text = self._loaded.text_of(tokens)
        return Said(one, text, one.is_answered_by(text), prompt_tokens, len(tokens))

    def options(self, adapter: Adapter | None, questions: Sequence[OptionQuestion]) -> tuple[Chosen, ...]:
        """Log-probabilities of every question's options, in the order given.

        Raises:
            ExamplesError: a question with an option does not fit the base's context.
            AdapterUnfit: the adapter is of another base.
        """
        rendered = rendered_options(questions, self._loaded.tokenizer)
        if not rendered:
            raise ExamplesError("There is no option to choose from; give each question its options")
        with self._lock, self._loaded.reading(adapter) as reader:
            self._loaded.check_lengths(rendered)
            return chosen(reader, questions, rendered)

    def _compute(
        self,
        adapter: Adapter | None,
        examples: Sequence[Example],
        longest: int | None,
        setting: Setting | None,
        found: dict[str, Scored],
        tell: OnProgress,
    ) -> Cost:
        """Add what is not kept yet to `found`, and keep it, also when a later one fails or the person stops."""
        fresh: dict[str, Scored] = {}
        with self._loaded.reading(adapter) as reader:
            try:
                for one in self._verdicts(reader, examples, longest):
                    found[one.id] = fresh[one.id] = one
                    tell(one)
                    if len(fresh) >= KEPT_AT_ONCE:
                        self._keep(setting, fresh, examples)
            finally:
                self._keep(setting, fresh, examples)
            return Cost(0.0, reader.tokens_read, reader.tokens_written, reader.passes)

    def _verdicts(self, reader: Reader, examples: Sequence[Example], longest: int | None) -> Iterator[Scored]:
        loaded = self._loaded
        rendered = [loaded.rendered(one) for one in examples]
        loaded.check_lengths(rendered)
        tolerance = loaded.tolerance if self._settle_ties else NEVER_CLOSE
        judge = Judge(loaded.text_of, loaded.ends, tolerance)
        most = [self._most_tokens(one, tokens, longest) for one, tokens in zip(examples, rendered, strict=True)]
        logprobs: dict[int, float] = {}
        rest: list[Begun] = []
        whole: list[Begun] = []
        for at, places in forced(reader, rendered):
            one, logprobs[at] = examples[at], fmean(place.logprob for place in places)
            judged = judge.of_places(one, rendered[at].answer, places, most[at])
            if judged.right is not None:
                yield Scored(one.id, one.skill, judged.right, "forced", logprobs[at])
            else:
                (rest if judged.begun else whole).append(Begun(at, rendered[at].prompt, judged.begun))

        def verdict(at: int, tokens: Sequence[int]) -> bool | None:
            return judge.verdict(examples[at], tokens, most[at])

        for at, tokens in _written(reader, rest, whole, verdict, tolerance):
            one, right = examples[at], bool(verdict(at, tokens))
            yield Scored(one.id, one.skill, right, "generated", logprobs[at], loaded.text_of(tokens))

    def _most_tokens(self, one: Example, rendered: Rendered, longest: int | None) -> int:
        """Of a reply: what was asked for, room for the gold answer, and no more than the context holds."""
        wanted = max(longest, len(rendered.answer)) if longest else self.longest(one)
        return min(wanted, self._loaded.context_tokens - len(rendered.prompt))

    def _setting(self, adapter: Adapter | None, longest: int | None) -> Setting:
        who = adapter.identity if adapter is not None else "base"
        return Setting(who, self.base.identity, SCORER_VERSION, self._loaded.precision, longest or 0)

    def _kept(self, setting: Setting | None, examples: Sequence[Example]) -> dict[str, Scored]:
        if self._cache is None or setting is None:
            return {}
        names = {one.id: self._name(one) for one in examples}
        kept = self._cache.get(setting, list(names.values()))
        return {
            one.id: Scored(one.id, one.skill, verdict.right, "cached", verdict.logprob, verdict.reply)
            for one in examples
            if (verdict := kept.get(names[one.id])) is not None
        }

    def _keep(self, setting: Setting | None, fresh: dict[str, Scored], examples: Sequence[Example]) -> None:
        if self._cache is not None and setting is not None and fresh:
            names = {one.id: self._name(one) for one in examples if one.id in fresh}
            verdicts = {names[key]: Verdict(one.right, one.logprob, one.reply) for key, one in fresh.items()}
            self._cache.put(setting, verdicts)
        fresh.clear()

    def _name(self, one: Example) -> str:
        """An example and the tokens it has become: another prompt template or tokenizer makes it another."""
        rendered = self._loaded.rendered(one)
        return f"{one.id}-{hashlib.sha256(repr((rendered.prompt, rendered.answer)).encode()).hexdigest()[:16]}"


Verdicts = Callable[[int, Sequence[int]], bool | None]


def _written(
    reader: Reader, rest: Sequence[Begun], whole: Sequence[Begun], verdict: Verdicts, tolerance: float
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Replies to the end: the rest of many together; alone what was close, from the pass on or while it was written."""

    def is_over(at: int, tokens: Sequence[int]) -> bool:
        return verdict(at, tokens) is not None

    close: list[Written] = []
    for written in replies(reader, rest, is_over, tolerance=tolerance):
        if written.close:
            close.append(written)
        else:
            yield written.key, written.tokens
    prompts = {one.key: one.prompt for one in rest}
    for one in (*whole, *(Begun(written.key, prompts[written.key]) for written in close)):
        yield one.key, alone(reader, one, is_over).tokens


def _as_asked(found: Scored, one: Example) -> Scored:
    """The same example may be given twice, under two skills."""
    return found if found.skill == one.skill else replace(found, skill=one.skill)


def _lasting(cost: Cost, seconds: float) -> Cost:
    return replace(cost, seconds=seconds)


def _by_chance(temperature: float, seed: int) -> Choices:
    import torch

    return drawn(temperature, torch.Generator().manual_seed(seed))


def _nobody(_: Scored) -> None:
    """Who listens when nobody does."""
