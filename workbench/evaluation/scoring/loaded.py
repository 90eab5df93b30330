"""A base as scoring needs it: weights, tokenizer, the tokens of examples, what the model can take.

    Loaded ── model       loaded when first asked for, found to heed the masks of trees
           ├─ tokenizer   likewise
           ├─ rendered    an example's tokens, made once
           └─ reading     the model under an adapter, put back bit for bit

It does not know verdicts.

>>> loaded = Loaded(base)                                                  # doctest: +SKIP
>>> with loaded.reading(adapter) as reader: ...                            # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from workbench.adapters.adapter import Adapter
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, Precision, load_model, load_tokenizer
from workbench.adapters.bases.loading import device, resolved
from workbench.adapters.rendering import Rendered, end_of_turn, render
from workbench.core.errors import AdapterUnfit, ExamplesError, ModelRefused
from workbench.core.examples import Example, example
from workbench.evaluation.scoring.reader import Reader
from workbench.evaluation.scoring.tree import Fed

# Logits nearer than this are nearly equal: some ten times what the shape of a batch changes in that precision.
TOLERANCES = {"float32": 1e-3, "bfloat16": 0.25, "float16": 0.05}
NAMES = {"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}


def _usual(precision: Precision) -> Precision:
    """`auto` is fp32 on a processor, whatever it multiplies fastest: in bf16 every second reply comes upon two tokens
    that are nearly equal, and writing those alone costs more than the passes save. On a GPU memory decides."""
    return resolved(precision) if precision != "auto" or device() == "cuda" else "fp32"


class Loaded:
    """One base; `model` and `tokenizer` may be given where they are loaded already."""

    def __init__(self, base: Base, precision: Precision = "auto", model: Any = None, tokenizer: Any = None) -> None:
        self.base = base
        self._precision = _usual(precision)
        self._given_model, self._given_tokenizer = model, tokenizer
        self._rendered: dict[str, Rendered] = {}

    @cached_property
    def tokenizer(self) -> Any:
        return load_tokenizer(self.base) if self._given_tokenizer is None else self._given_tokenizer

    @cached_property
    def model(self) -> Any:
        """The bare base.

        Raises:
            ModelRefused: it cannot read several sequences in one pass.
        """
        given = self._given_model
        model = load_model(self.base, precision=self._precision) if given is None else given
        if not self._heeds_trees(model):
            raise ModelRefused(
                f"{self.base.name} ({model.config.model_type}) cannot read several sequences in one pass; serve it "
                "and score what it says with score_replies"
            )
        return model

    @property
    def precision(self) -> str:
        """By name; known without loading."""
        given = self._given_model
        return self._precision if given is None else NAMES.get(_dtype(given), _dtype(given))

    @property
    def tolerance(self) -> float:
        """Logits, see `TOLERANCES`."""
        return TOLERANCES[_dtype(self.model)]

    @property
    def context_tokens(self) -> int:
        """What every layer of the model attends to."""
        config = self.model.config.get_text_config()
        windows = (config.max_position_embeddings, getattr(config, "sliding_window", None))
        return min(int(window) for window in windows if window)

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end a turn."""
        configured = self.model.generation_config.eos_token_id
        more = configured if isinstance(configured, list) else [configured]
        return frozenset({end_of_turn(self.tokenizer), *(one for one in more if one is not None)})

    def rendered(self, one: Example) -> Rendered:
        """An example's tokens, made once."""
        if one.id not in self._rendered:
            self._rendered[one.id] = render(one, self.tokenizer)
        return self._rendered[one.id]

    def text_of(self, tokens: Sequence[int]) -> str:
        """A reply's text, without special tokens."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=True))

    def check_lengths(self, rendered: Sequence[Rendered]) -> None:
        """Refuse what is longer than the model attends to."""
        longest, most = max(one.length for one in rendered), self.context_tokens
        if longest > most:
            count = sum(one.length > most for one in rendered)
            raise ExamplesError(
                f"{count} of {len(rendered)} examples do not fit {self.base.name}, which reads {most} tokens at once "
                f"(the longest has {longest}, its answer included); shorten them or leave them out"
            )

    @contextmanager
    def reading(self, adapter: Adapter | None) -> Iterator[Reader]:
        """The model under an adapter, counted from zero; afterwards it is what it was.

        Raises:
            AdapterUnfit: the adapter is of another base.
        """
        import torch

        if adapter is not None and adapter.spec.base != self.base.identity:
            raise AdapterUnfit(
                f"The adapter {adapter.identity[:12]} was made for another base than {self.base.name}; open its own"
            )
        model = self.model
        trained = model.training
        try:
            with attached(model.eval(), adapter), torch.inference_mode():
                yield Reader(model)
        finally:
            model.train(trained)

    def _heeds_trees(self, model: Any) -> bool:
        import torch

        two = [render(example(text, "Yes"), self.tokenizer) for text in ("Is this one?", "Are these two?")]
        with torch.inference_mode():
            within = 50 * TOLERANCES[_dtype(model)]
            return Reader(model).takes_trees([Fed(one.prompt, 1) for one in two], within=within)


def _dtype(model: Any) -> str:
    return str(model.dtype).removeprefix("torch.")
