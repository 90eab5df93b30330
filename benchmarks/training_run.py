"""One training run in a process of its own, so that its peak of memory is its own: ours, or TRL's SFTTrainer.

    {"who": "ours", "skill": "iso_date", "steps": 40, "batch": 16, "held_out": 100, "before": true, "bases": FOLDER}

goes in, and a JSON object of what was measured comes out. `who` is ours, padded, padding-free or packed. All read
the same examples in the same order, with the same adapter, fp32, rates and clipping. `padded`, `padding-free` and
`packed` are SFTTrainer's three ways to lay examples in a batch; its loss reads answers only (its fused head), its
optimizer is PyTorch's fused AdamW, checkpointing is off, nothing is saved or reported. Steps are timed from end to
end, and the first one warms up. Not run by itself: `training.py` does.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.bases import Base, load_model, load_tokenizer, open_base
from workbench.adapters.training import train
from workbench.adapters.training.gauge import Gauge
from workbench.adapters.training.lesson import Item, lesson
from workbench.core.examples import Example
from workbench.core.schema import TrainingSettings
from workbench.corpus.skills import generate
from workbench.evaluation.scoring import Scorer

TRAIN_SEED, HELD_OUT_SEED = 1, 2
TRAIN_EXAMPLES = 640  # 40 steps of 16


def main() -> None:
    asked = json.loads(sys.argv[1])
    base = open_base(asked.get("base", "smollm2-135m"), Path(asked["bases"]))
    examples = generate(asked["skill"], TRAIN_EXAMPLES, seed=TRAIN_SEED)
    seen = frozenset(one.id for one in examples)
    held_out = generate(asked["skill"], asked["held_out"], seed=HELD_OUT_SEED, without=seen)
    dials = TrainingSettings(
        precision="fp32", steps=asked["steps"], batch=asked["batch"], checkpoint_steps=asked["steps"]
    )
    before = scored(base, None, held_out) if asked["before"] else None
    run = ours if asked["who"] == "ours" else theirs(asked["who"])
    adapter, measured = run(base, examples, dials)
    measured |= {"before": before, "after": scored(base, adapter, held_out)}
    print(json.dumps(measured))


def ours(base: Base, examples: Sequence[Example], dials: TrainingSettings) -> tuple[Adapter, dict[str, Any]]:
    """A run of the workbench, its checkpoint at the end included."""
    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        done = train(base, examples, dials, folder=Path(folder), on_progress=lambda _: ends.append(time.perf_counter()))
    items = lesson(examples, load_tokenizer(base), dials.sequence_tokens)
    figures = timed(ends, [tokens_of(items.read(step, dials.batch, dials.seed)) for step in range(dials.steps)])
    return done.adapter, {**figures, "losses": done.losses, "peak_bytes": done.peak_bytes, "ladder": done.ladder}


def theirs(layout: str) -> Callable[..., tuple[Adapter, dict[str, Any]]]:
    """A run of SFTTrainer with one of its layouts."""

    def run(base: Base, examples: Sequence[Example], dials: TrainingSettings) -> tuple[Adapter, dict[str, Any]]:
        tokenizer = load_tokenizer(base)
        items = lesson(examples, tokenizer, dials.sequence_tokens)
        read = [item for step in range(dials.steps) for item in items.read(step, dials.batch, dials.seed)]
        with tempfile.TemporaryDirectory() as folder, Gauge() as gauge:
            trainer, ends = trainer_of(base, tokenizer, read, dials, layout, folder)
            trainer.train()
            peak = gauge.peak_bytes
        lines = [line for line in trainer.state.log_history if "loss" in line]
        tokens = [after - before for before, after in pairwise([0, *(int(line["num_tokens"]) for line in lines)])]
        losses = [line["loss"] for line in lines]
        return adapter_of(trainer.model, base, dials), {**timed(ends, tokens), "losses": losses, "peak_bytes": peak}

    return run


def trainer_of(
    base: Base, tokenizer: Any, read: Sequence[Item], dials: TrainingSettings, layout: str, folder: str
) -> tuple[Any, list[float]]:
    """SFTTrainer, and the list in which the ends of its steps will stand."""
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import TrainerCallback
    from trl import SFTConfig, SFTTrainer

    ends: list[float] = []

    class Watch(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *given: Any, **named: Any) -> None:
            ends.append(time.perf_counter())

    rows = [
        {
            "input_ids": [*item.tokens.prompt, *item.tokens.answer],
            "labels": [*[-100] * len(item.tokens.prompt), *item.tokens.answer],
        }
        for item in read
    ]
    packed = layout == "packed"
    config = SFTConfig(
        output_dir=folder,
        max_steps=-1 if packed else dials.steps,
        num_train_epochs=1,
        per_device_train_batch_size=1 if packed else dials.batch,
        packing=packed,
        padding_free=layout == "padding-free",
        # A packed row is as long as a step of the others, so that a step moves the weights by as many examples.
        max_length=round(1.02 * sum(len(row["input_ids"]) for row in rows) / dials.steps) if packed else None,
        shuffle_dataset=False,
        train_sampling_strategy="sequential",
        learning_rate=dials.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=0.1,
        weight_decay=0.0,
        max_grad_norm=1.0,
        optim="adamw_torch_fused",
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        dataloader_pin_memory=False,
        save_strategy="no",
        report_to="none",
        logging_steps=1,
        disable_tqdm=True,
        seed=dials.seed,
    )
    lora = LoraConfig(r=dials.rank, lora_alpha=dials.alpha, lora_dropout=0.0, target_modules="all-linear")
    model = load_model(base, precision="fp32")
    return SFTTrainer(
        model=model,
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=lora,
        callbacks=[Watch()],
    ), ends


def tokens_of(items: Sequence[Item]) -> int:
    return sum(item.tokens.length for item in items)


def adapter_of(model: Any, base: Base, dials: TrainingSettings) -> Adapter:
    """What SFTTrainer learned, in the workbench's form."""
    pairs = {
        name.removeprefix("base_model.model."): Factors(
            layer.lora_A["default"].weight.detach().float(), layer.lora_B["default"].weight.detach().float()
        )
        for name, layer in model.named_modules()
        if hasattr(layer, "lora_A")
    }
    return Adapter(LoraSpec(base.identity, dials.rank, dials.alpha), pairs)


def timed(ends: Sequence[float], tokens: Sequence[int]) -> dict[str, Any]:
    """Seconds of each step but the first; the median of its tokens a second, tokens being those of the examples."""
    steps = [after - before for before, after in pairwise(ends)]
    speeds = [read / seconds for read, seconds in zip(tokens[1:], steps, strict=True)]
    return {
        "step_s": steps,
        "median_step_s": statistics.median(steps),
        "tokens": list(tokens),
        "tokens_per_s": statistics.median(speeds),
    }


def scored(base: Base, adapter: Adapter | None, examples: Sequence[Example]) -> dict[str, Any] | None:
    """Strict exact match on the held-out examples, with its interval."""
    if not examples:
        return None
    score = Scorer(base, precision="fp32").score(adapter, examples)
    return {"right": score.correct, "of": score.total, "interval": list(score.interval)}


if __name__ == "__main__":
    main()
