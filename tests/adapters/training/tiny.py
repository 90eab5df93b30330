"""A base small enough to train in a moment: two Llama layers with random weights, one token for each character."""

from __future__ import annotations

import string
from collections.abc import Sequence
from pathlib import Path

from workbench.adapters.bases import Base
from workbench.core.examples import Example, example
from workbench.core.schema import TrainingSettings

CHAT = (
    "{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}<end>{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
SPECIAL = ["<pad>", "<end>", "<system>", "<user>", "<assistant>", "<unknown>"]


def tiny_base(folder: Path, *, kind: str = "llama", seed: int = 0, **config: object) -> Base:
    """Made anew in `folder`; the seed decides its weights and its identity, the kind its architecture."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(seed)
    tokenizer = _tokenizer()
    shape = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
        "initializer_range": 0.3,  # large enough that factors of rank 8 can learn something of it
    }
    AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**shape, **config})).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Base("tiny", f"{seed:064x}", folder)


def sums(count: int, *, first: int = 0) -> tuple[Example, ...]:
    """Small sums, all different."""
    return tuple(
        example(f"Add {number} and {number % 7}.", str(number + number % 7)) for number in range(first, first + count)
    )


def small_dials(**changes: object) -> TrainingSettings:
    """Six steps of four examples in fp32, a checkpoint after every second."""
    usual = {"precision": "fp32", "rank": 2, "steps": 6, "batch": 4, "checkpoint_steps": 2, "sequence_tokens": 256}
    return TrainingSettings(**{**usual, **changes})


def _tokenizer() -> object:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words: Sequence[str] = [*SPECIAL, *string.printable]
    raw = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unknown>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<pad>",
        eos_token="<end>",
        unk_token="<unknown>",
        additional_special_tokens=["<system>", "<user>", "<assistant>"],
    )
    made.chat_template = CHAT
    return made
