"""A tiny model that has half learned its examples: right and wrong answers, in every checker, within seconds."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.rendering import render
from workbench.core.examples import Example, example
from workbench.evaluation.scoring import Scorer

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = ["apple", "river", "stone", "cloud", "garden", "window", "silver", "candle", "market", "bridge", "forest"]
CHECKS = ("exact", "exact", "json", "number", "choice", "contains")
LEARNED = 80  # of the examples
SPELT = range(
    0, LEARNED, 12
)  # of these, exact ones: learned letter by letter, so in other tokens than the gold answer's


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """More threads only wait for each other over matrices this small."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def made(count: int, seed: int = 0) -> list[Example]:
    """Examples of every checker; some in Japanese, so that there are two system messages."""
    draw = random.Random(seed)
    return list({one.id: one for one in (_one(draw, CHECKS[n % len(CHECKS)]) for n in range(2 * count))}.values())[
        :count
    ]


def _one(draw: random.Random, check: str) -> Example:
    first, second, number = draw.choice(WORDS), draw.choice(WORDS), draw.randrange(10, 1000)
    question = draw.choice(["Join {} {} {}", "{} then {} and {}?", "{}と{}と{}は？"]).format(first, second, number)
    answer = {
        "exact": draw.choice([f"{first} {second}", str(number), second.upper()]),
        "json": json.dumps({"a": first, "n": number}),
        "number": f"It is {number}",
        "choice": draw.choice(["yes", "no"]),
        "contains": second,
    }[check]
    return example(question, answer, skill=check, check=check)


@pytest.fixture(scope="session")
def examples() -> list[Example]:
    return made(220)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, examples: list[Example], one_thread: None) -> Base:
    """Two layers, trained on some of the examples until it answers most of those."""
    folder = tmp_path_factory.mktemp("tiny")
    model, tokenizer = untrained(examples)
    learned = [render(one, tokenizer) for one in examples[:LEARNED]]
    for at in SPELT:
        letters = [token for letter in examples[at].answer for token in tokenizer(letter)["input_ids"]]
        learned[at] = replace(learned[at], answer=(*letters, tokenizer.eos_token_id))
    _train(model, learned + [learned[at] for at in SPELT] * 3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Base("tiny", hashlib.sha256(b"tiny").hexdigest(), folder)


def untrained(examples: list[Example]) -> tuple[Any, Any]:
    """A random model of two layers, and a tokenizer made for these texts."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer(examples)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "max_position_embeddings": 512}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.05}
    ends = {"eos_token_id": tokenizer.eos_token_id, "bos_token_id": None, "pad_token_id": tokenizer.eos_token_id}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), **sizes, **heads, **ends)), tokenizer


def _tokenizer(examples: list[Example]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bare = Tokenizer(models.BPE())
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=special, initial_alphabet=letters, show_progress=False)
    texts = [one.prompt + " " + one.answer for one in examples]
    bare.train_from_iterator([*texts, *["You are a helpful assistant. Answer briefly and correctly."] * 20], trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=bare, eos_token="<|im_end|>", pad_token="<|im_end|>")
    made.chat_template = TEMPLATE
    return made


def _train(model: Any, learned: list[Any], epochs: int = 30) -> None:
    import torch

    longest = max(one.length for one in learned)
    tokens = torch.zeros(len(learned), longest, dtype=torch.long)
    labels = torch.full_like(tokens, -100)
    for at, one in enumerate(learned):
        tokens[at, : one.length] = torch.tensor(one.prompt + one.answer)
        labels[at, len(one.prompt) : one.length] = torch.tensor(one.answer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    order = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        for some in torch.randperm(len(learned), generator=order).split(32):
            loss = model(input_ids=tokens[some], labels=labels[some]).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()


@pytest.fixture(scope="session")
def model(tiny: Base) -> Any:
    return load_model(tiny, precision="fp32")


@pytest.fixture(scope="session")
def tokenizer(tiny: Base) -> Any:
    return load_tokenizer(tiny)


@pytest.fixture(scope="session")
def scorer(tiny: Base, model: Any, tokenizer: Any) -> Scorer:
    return Scorer(tiny, model=model, tokenizer=tokenizer)


@pytest.fixture(scope="session")
def adapter(tiny: Base) -> Adapter:
    """Random, and strong enough to change answers."""
    import torch

    draw = torch.Generator().manual_seed(1)
    layers = [f"model.layers.{n}.self_attn.{name}" for n in range(2) for name in ("o_proj", "q_proj")]
    pairs = {
        layer: Factors(0.1 * torch.randn(4, 64, generator=draw), 0.1 * torch.randn(64, 4, generator=draw))
        for layer in layers
    }
    return Adapter(LoraSpec(tiny.identity, rank=4, alpha=8.0, targets=("o_proj", "q_proj")), pairs)


def generated(model: Any, tokenizer: Any, one: Example, longest: int) -> str:
    """What transformers' own greedy decoding answers to one prompt: the truth that verdicts are held against."""
    import torch

    prompt = torch.tensor([render(one, tokenizer).prompt])
    options = {"do_sample": False, "max_new_tokens": longest, "pad_token_id": tokenizer.eos_token_id}
    with torch.inference_mode():
        written = model.generate(prompt, attention_mask=torch.ones_like(prompt), **options)
    return str(tokenizer.decode(written[0, prompt.shape[1] :], skip_special_tokens=True))


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    return tmp_path / "scores.sqlite"
