"""The rung a run begins on: the highest that the memory plan lets through. Nothing is loaded before it is planned."""

from __future__ import annotations

import math
from typing import Any

from workbench.adapters.bases import Base
from workbench.adapters.training.ladder import Rung, first_fitting
from workbench.core.errors import TrainingError
from workbench.core.schema import TrainingSettings
from workbench.hardware import show_gib
from workbench.hardware.training_plan import TrainingPlan, TrainingShape, training_plan

UNBOUNDED = 2**20  # a model without position embeddings reads as far as one likes


def context_tokens(base: Base) -> int:
    """The longest sequence that the base was made for."""
    return int(getattr(_config(base), "max_position_embeddings", UNBOUNDED))


def first_rung(
    base: Base, dials: TrainingSettings, *, rank: int, longest: int, safe_bytes: int | None
) -> tuple[Rung, tuple[str, ...]]:
    """Where to begin, and each step down from the top in words.

    Args:
        longest: tokens of the longest example.
    Raises:
        TrainingError: even the lowest rung would not fit.
    """
    from workbench.adapters.bases.loading import device, resolved

    where, precision = device(), resolved(dials.precision)
    # A GPU is faster with more rows at once; a CPU is not, and a row at a time takes the least memory.
    rows = math.ceil(dials.batch * longest / dials.sequence_tokens) if where == "cuda" else 1
    top = Rung(rows, dials.sequence_tokens, dials.checkpointing == "on")
    if safe_bytes is None:
        return top, ()
    shape = _shape(base)

    def planned(rung: Rung) -> TrainingPlan:
        tokens = min(rung.tokens, dials.batch * longest)
        return training_plan(shape, precision, rank=rank, tokens=tokens, checkpointing=rung.checkpointing, device=where)

    rung, said = first_fitting(
        top,
        lambda rung: planned(rung).total <= safe_bytes,
        longest=longest,
        may_checkpoint=dials.checkpointing != "off",
    )
    if planned(rung).total > safe_bytes:
        raise TrainingError(
            f"Training {base.name} in {precision} needs {planned(rung)}, more than the safe {show_gib(safe_bytes)}; "
            "choose a smaller base, training.precision nf4 or shorter examples, or raise hardware.safe_gib"
        )
    return rung, said


def _shape(base: Base) -> TrainingShape:
    config = _config(base)
    heads = getattr(config, "num_attention_heads", None) or 1
    return TrainingShape(
        layers=config.num_hidden_layers,
        hidden_size=config.hidden_size,
        intermediate_size=getattr(config, "intermediate_size", None) or 4 * config.hidden_size,
        heads=heads,
        kv_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
        vocabulary=config.vocab_size,
        tied=bool(config.tie_word_embeddings),
    )


def _config(base: Base) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(base.folder, local_files_only=True).get_text_config()
