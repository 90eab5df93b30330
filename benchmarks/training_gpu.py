"""One run of QLoRA on a GPU with random weights in the true shape of a larger model, in a process of its own.

    {"shape": "3B" | "7B"}   in, peak bytes of GPU memory and tokens a second out

Random weights tell nothing of quality, and all of memory and speed. Not run by itself: `training.py` does.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from workbench.adapters.bases import Base, load_tokenizer, open_base
from workbench.adapters.training import train
from workbench.core.examples import Example, example
from workbench.core.schema import TrainingSettings
from workbench.core.settings import load_settings

# Of the Qwen 2.5 family.
SHAPES: dict[str, dict[str, Any]] = {
    "3B": {
        "hidden_size": 2048,
        "intermediate_size": 11_008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "vocab_size": 151_936,
        "tie_word_embeddings": True,
    },
    "7B": {
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152_064,
        "tie_word_embeddings": False,
    },
}
BUDGET_BYTES = 6 * 1024**3
WORDS = (
    *("amber", "basil", "cedar", "dune", "ember", "fjord", "grove", "heron"),
    *("iris", "jade", "kelp", "lotus", "maple", "nectar", "opal", "pine"),
)


def main() -> None:
    name = json.loads(sys.argv[1])["shape"]
    with tempfile.TemporaryDirectory() as folder:
        base = random_base(SHAPES[name], Path(folder) / "base")
        dials = TrainingSettings(precision="nf4", steps=6, batch=4, checkpoint_steps=6, rank=16, checkpointing="on")
        done = train(base, long_examples(64), dials, folder=Path(folder) / "run")
    told = {"peak_bytes": done.peak_bytes, "within_6_gib": done.peak_bytes <= BUDGET_BYTES}
    print(json.dumps({**told, "tokens_per_s": done.tokens_per_s, "ladder": done.ladder, "rank": dials.rank}))


def random_base(shape: dict[str, Any], folder: Path) -> Base:
    """A model of this shape with the embedded model's tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model("qwen2", **shape, max_position_embeddings=4096)
    AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).save_pretrained(folder)
    load_tokenizer(open_base("smollm2-135m", load_settings().home / "bases")).save_pretrained(folder)
    return Base("random", "0" * 64, folder)


def long_examples(count: int) -> tuple[Example, ...]:
    """Of about 400 tokens each, so that a row holds one."""
    dice = random.Random(0)
    texts = [" ".join(dice.choices(WORDS, k=150)) for _ in range(count)]
    return tuple(example(f"Say it backwards: {text}", " ".join(reversed(text.split()))) for text in texts)


if __name__ == "__main__":
    main()
