"""Which of the given answers would the model rather say? All options of all questions in few passes.

    question ┬ option A ─ end      log p(option | question) = Σ log p(token), its end included
             ├ option B ─ end      the question is read once, the options hang on it like leaves
             └ option C ─ end

By the sum, long options lose; by the mean a token, they do not. Both are given. It does not know which is gold.

>>> question = OptionQuestion((Message("user", "Is 7 prime?"),), ("yes", "no"))
>>> scorer.options(adapter, [question])[0].best                                                # doctest: +SKIP
0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum
from typing import Any

from workbench.adapters.rendering import Rendered, answer_tokens, prompt_tokens
from workbench.core.records import Message
from workbench.evaluation.scoring.forced import forced
from workbench.evaluation.scoring.reader import Reader


@dataclass(frozen=True, slots=True)
class OptionQuestion:
    """A question, as an example puts it, and the texts to choose from."""

    messages: tuple[Message, ...]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the model thinks of each option, in their order; natural logarithms."""

    logprobs: tuple[float, ...]
    tokens: tuple[int, ...]  # each option's number of tokens, the end of the turn included

    @property
    def means(self) -> tuple[float, ...]:
        """Log-probability a token."""
        return tuple(sum_ / tokens for sum_, tokens in zip(self.logprobs, self.tokens, strict=True))

    @property
    def best(self) -> int:
        """Which option is the likeliest as a whole."""
        return max(range(len(self.logprobs)), key=self.logprobs.__getitem__)

    @property
    def best_by_mean(self) -> int:
        """Which option is the likeliest token by token."""
        return max(range(len(self.logprobs)), key=self.means.__getitem__)


def rendered_options(questions: Sequence[OptionQuestion], tokenizer: Any) -> list[Rendered]:
    """One sequence for each option of each question, in order."""
    prompts = [prompt_tokens(one.messages, tokenizer) for one in questions]
    return [
        Rendered(prompt, answer_tokens(option, tokenizer))
        for one, prompt in zip(questions, prompts, strict=True)
        for option in one.options
    ]


def chosen(reader: Reader, questions: Sequence[OptionQuestion], rendered: Sequence[Rendered]) -> tuple[Chosen, ...]:
    """Every option's log-probability; `rendered` is of `rendered_options`."""
    sums = [0.0] * len(rendered)
    for place, read in forced(reader, rendered):
        sums[place] = fsum(one.logprob for one in read)
    ends = [0]
    for one in questions:
        ends.append(ends[-1] + len(one.options))
    pieces = [slice(begin, end) for begin, end in pairwise(ends)]
    return tuple(Chosen(tuple(sums[p]), tuple(len(one.answer) for one in rendered[p])) for p in pieces)
