"""The data card: what a set of examples holds, before anything is trained on it.

    examples ──► how many, of which skill, source and checker · how long · duplicates, contradictions, leaks
                 · personal data · what would not fit the model's context

It changes nothing: what it finds is for a person to mend. It knows no adapter.

>>> from workbench.core.examples import example
>>> data_card([example("What is 2 + 2?", "4", skill="add")]).by_skill
{'add': 1}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from workbench.core.examples import Example, data_hash
from workbench.corpus.jsonl import contradictions
from workbench.corpus.near_duplicates import groups
from workbench.corpus.redaction import find
from workbench.corpus.splits import Splits


class Tokenizer(Protocol):
    """What counts tokens: a tokenizer of `tokenizers` or of `transformers`."""

    def encode(self, text: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long texts are: the shortest, the one in the middle, the one that 95 of 100 do not exceed, the longest."""

    min: int
    median: int
    p95: int
    max: int

    @classmethod
    def of(cls, lengths: Iterable[int]) -> Lengths | None:
        """Nearest-rank percentiles; None of nothing."""
        ranked = sorted(lengths)
        if not ranked:
            return None
        return cls(ranked[0], ranked[(len(ranked) - 1) // 2], ranked[-(-95 * len(ranked) // 100) - 1], ranked[-1])


@dataclass(frozen=True, slots=True)
class DataCard:
    """What a set of examples holds; `None` where it was not looked for."""

    examples: int
    data_hash: str
    by_skill: Mapping[str, int]
    by_source: Mapping[str, int]
    by_check: Mapping[str, int]
    by_split: Mapping[str, int] | None
    prompt_chars: Lengths | None
    answer_chars: Lengths | None
    prompt_tokens: Lengths | None
    answer_tokens: Lengths | None
    duplicates: int  # examples that say exactly what another says, those dropped while reading included
    near_duplicates: int  # examples that ask the same as another, exact duplicates excepted
    contradictions: int  # prompts with several answers
    leaks: int | None  # held-out examples whose question another split has too
    personal: Mapping[str, int] = field(default_factory=dict)  # examples by the kind of identifier found in them
    too_long: int | None = None  # examples that do not fit the context

    def to_dict(self) -> dict[str, Any]:
        """The card as plain JSON types."""
        return asdict(self)

    def to_markdown(self) -> str:
        """The card as one table."""
        rows = "".join(f"| {name} | {value} |\n" for name, value in self.rows())
        return f"| examples | {self.examples:,} |\n|---|---|\n{rows}"

    def to_text(self) -> str:
        """The card as lines for a terminal."""
        rows = (("examples", f"{self.examples:,}"), *self.rows())
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)

    def rows(self) -> Iterator[tuple[str, str]]:
        """What the table says, line by line."""
        yield "data hash", self.data_hash
        counts = (("skill", self.by_skill), ("source", self.by_source), ("checker", self.by_check))
        for name, found in (*counts, ("split", self.by_split)):
            if found is not None:
                yield name, _counted(found)
        for name in ("prompt_chars", "answer_chars", "prompt_tokens", "answer_tokens"):
            lengths: Lengths | None = getattr(self, name)
            if lengths is not None:
                told = f"{lengths.min:,} – {lengths.median:,} – {lengths.p95:,} – {lengths.max:,}"
                yield f"{name.replace('_', ' ')} (min – median – p95 – max)", told
        yield "duplicates", f"{self.duplicates:,}"
        yield "near-duplicates", f"{self.near_duplicates:,}"
        yield "prompts with several answers", f"{self.contradictions:,}"
        yield "leaks between splits", "not split" if self.leaks is None else f"{self.leaks:,}"
        yield "examples with personal data", _counted(self.personal) or "0"
        if self.too_long is not None:
            yield "longer than the context", f"{self.too_long:,}"


def data_card(
    examples: Sequence[Example],
    *,
    splits: Splits | None = None,
    tokenizer: Tokenizer | None = None,
    context_tokens: int | None = None,
    dropped: int = 0,
) -> DataCard:
    """Look at examples.

    Args:
        context_tokens: what a prompt and its answer may have together; needs a tokenizer.
        dropped: duplicates that reading left out already (`Reading.duplicates`).
    Raises:
        ExamplesError: a library that looking for personal data needs is not installed.
    """
    distinct = {one.id: one for one in examples}
    prompts, answers = _tokens(examples, tokenizer)
    both = [left + right for left, right in zip(prompts, answers, strict=True)]
    return DataCard(
        examples=len(examples),
        data_hash=data_hash(examples),
        by_skill=_by(examples, lambda one: one.skill),
        by_source=_by(examples, lambda one: one.origin.source),
        by_check=_by(examples, lambda one: one.check),
        by_split=None if splits is None else {name: len(part) for name, part in splits.parts.items()},
        prompt_chars=Lengths.of(_said(one) for one in examples),
        answer_chars=Lengths.of(len(one.answer) for one in examples),
        prompt_tokens=Lengths.of(prompts),
        answer_tokens=Lengths.of(answers),
        duplicates=dropped + len(examples) - len(distinct),
        near_duplicates=len(distinct) - len(groups(tuple(distinct.values()))),
        contradictions=len(contradictions(tuple(distinct.values()))),
        leaks=None if splits is None else len(splits.leaks()),
        personal=personal_data(examples),
        too_long=None if not both or context_tokens is None else sum(one > context_tokens for one in both),
    )


def personal_data(examples: Iterable[Example]) -> dict[str, int]:
    """How many examples hold each kind of secret or identifier, as redaction finds them."""
    found: Counter[str] = Counter()
    for one in examples:
        texts = (*(said.content for said in one.messages), one.answer)
        found.update({finding.kind for text in texts for finding in find(text)})
    return dict(found.most_common())


def _tokens(examples: Sequence[Example], tokenizer: Tokenizer | None) -> tuple[list[int], list[int]]:
    """Tokens of each prompt and of each answer, without what a chat template adds."""
    if tokenizer is None:
        return [], []
    prompts = [sum(len(tokenizer.encode(said.content)) for said in one.messages) for one in examples]
    return prompts, [len(tokenizer.encode(one.answer)) for one in examples]


def _said(one: Example) -> int:
    return sum(len(said.content) for said in one.messages)


def _by(examples: Iterable[Example], name: Callable[[Example], str]) -> dict[str, int]:
    return dict(sorted(Counter(name(one) for one in examples).items(), key=lambda pair: (-pair[1], pair[0])))


def _counted(found: Mapping[str, int]) -> str:
    return " · ".join(f"{name} {count:,}" for name, count in found.items())
