"""An exported adapter does in llama.cpp what it does in torch: token by token, in every architecture that is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf
import pytest
import torch

from tests.adapters.tiny_models import Tiny, random_adapter, tiny_of
from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, load_model
from workbench.adapters.exporting import write_gguf
from workbench.adapters.exporting.gguf_lora import ARCHITECTURES
from workbench.core.errors import AdapterError, AdapterUnfit
from workbench.models.embedded import EmbeddedModel

PROMPT = [1, *range(70, 90), 2, 50, 60, 70, 80]
NOISE = 0.03  # of log-probability: llama.cpp keeps keys and values in half precision


def engine_of(weights: Path, file: Path | None = None) -> EmbeddedModel:
    model = EmbeddedModel(weights=weights, context_tokens=512, adapters={"it": file} if file else {})
    model.use("it" if file else None)
    return model


def continued(model: EmbeddedModel, prompt: list[int], count: int) -> list[dict[str, Any]]:
    """What llama.cpp writes greedily after the prompt: each token with its ten likeliest rivals."""
    running = model._engine.running(model.adapter)
    request = {"prompt": prompt, "n_predict": count, "temperature": 0, "n_probs": 10, "ignore_eos": True}
    said = running.server.handle_completions({**request, "cache_prompt": False, "lora": running.scales(model.adapter)})
    steps: list[dict[str, Any]] = said["choices"][0]["logprobs"]["content"]
    return steps


def parity(torch_model: Any, steps: list[dict[str, Any]], prompt: list[int]) -> tuple[float, int]:
    """The largest difference of log-probability among likely tokens, and how many greedy choices torch shares."""
    tokens = [*prompt, *(step["id"] for step in steps)]
    with torch.no_grad():
        rows = torch_model(torch.tensor([tokens])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    likely = [
        (row, one) for row, step in zip(rows, steps, strict=True) for one in step["top_logprobs"] if one["logprob"] > -9
    ]
    worst = max(abs(one["logprob"] - float(row[one["id"]])) for row, one in likely)
    return worst, sum(int(row.argmax()) == step["id"] for row, step in zip(rows, steps, strict=True))


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "gemma3"])
@pytest.mark.parametrize("spec", [{}, {"rslora": True, "alpha": 3.0}], ids=["plain scale", "rank-stabilised"])
def test_it_weighs_every_token_as_torch_does(architecture: str, spec: dict[str, Any], tmp_path: Path) -> None:
    tiny = tiny_of(architecture, tmp_path)
    adapter = random_adapter(tiny.base, seed=5, **spec)
    file = write_gguf(adapter, tiny.base, tmp_path / "it.gguf")
    steps = continued(engine_of(tiny.weights, file), PROMPT, 16)
    model = load_model(tiny.base, precision="fp32")
    plain_worst, _ = parity(model, steps, PROMPT)
    with attached(model, adapter):
        worst, shared = parity(model, steps, PROMPT)
    assert worst < NOISE
    assert shared >= 15
    assert plain_worst > 1  # so the adapter was there, and strong


@pytest.mark.drill
def test_on_the_real_model_it_is_as_close_as_the_engine_is_without_it(base: Base, tmp_path: Path) -> None:
    assert base.gguf is not None
    adapter = random_adapter(base, size=0.02, rank=8)
    file = write_gguf(adapter, base, tmp_path / "it.gguf")
    model = load_model(base, precision="fp32")
    prompts = [list(range(start, start + 24)) for start in (500, 900, 4000, 7000, 12000)]
    figures = {}
    for name, one, engine in (
        ("plain", None, engine_of(base.gguf)),
        ("adapted", adapter, engine_of(base.gguf, file)),
    ):
        with attached(model, one):
            told = [parity(model, continued(engine, prompt, 12), prompt) for prompt in prompts]
        figures[name] = max(worst for worst, _ in told), sum(shared for _, shared in told)
    assert figures["adapted"][0] < max(1.0, 2 * figures["plain"][0])
    assert figures["adapted"][1] >= 0.9 * 12 * len(prompts)


def test_rows_of_query_and_key_take_turns_only_where_llama_cpp_turns_pairs(tmp_path: Path) -> None:
    for architecture, moved in (("llama", True), ("qwen2", False)):
        tiny = tiny_of(architecture, tmp_path)
        written = {one.name: one.data for one in gguf.GGUFReader(tiny.files["a"]).tensors}
        for name, layer in (("attn_q", "q_proj"), ("attn_k", "k_proj"), ("attn_output", "o_proj")):
            rows = written[f"blk.1.{name}.weight.lora_b"]
            given = tiny.adapters["a"].factors[f"model.layers.1.self_attn.{layer}"].b.numpy()
            assert (rows != given).any() == (moved and name != "attn_output")
            assert sorted(rows[:, 0]) == sorted(given[:, 0])


def test_the_file_says_what_llama_cpp_asks_for(tiny: Tiny) -> None:
    fields = {name: field.contents() for name, field in gguf.GGUFReader(tiny.files["a"]).fields.items()}
    assert fields["general.type"] == "adapter"
    assert fields["adapter.type"] == "lora"
    assert fields["general.architecture"] == "llama"
    assert fields["adapter.lora.alpha"] == 8.0


def test_the_same_adapter_gives_the_same_bytes(tiny: Tiny, tmp_path: Path) -> None:
    again = write_gguf(tiny.adapters["a"], tiny.base, tmp_path / "again.gguf")
    assert again.read_bytes() == tiny.files["a"].read_bytes()


def test_an_adapter_of_another_base_is_refused_by_name(tiny: Tiny, tmp_path: Path) -> None:
    other = replace(tiny.base, identity="0" * 64, name="somebody-else")
    with pytest.raises(AdapterUnfit, match="somebody-else"):
        write_gguf(tiny.adapters["a"], other, tmp_path / "it.gguf")
    assert list(tmp_path.iterdir()) == []


def test_scale_zero_is_refused_because_llama_cpp_reads_it_as_one(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(AdapterUnfit, match="changes nothing"):
        write_gguf(random_adapter(tiny.base, alpha=0.0), tiny.base, tmp_path / "it.gguf")


@pytest.mark.parametrize("layer", ["model.embed_in", "lm_head"])
def test_a_layer_that_llama_cpp_does_not_know_is_named(tiny: Tiny, tmp_path: Path, layer: str) -> None:
    odd = Adapter(tiny.adapters["a"].spec, {layer: Factors(torch.ones(4, 64), torch.ones(132, 4))})
    with pytest.raises(AdapterUnfit, match=layer):
        write_gguf(odd, tiny.base, tmp_path / "it.gguf")


def test_an_architecture_that_is_not_exported_is_named_with_those_that_are(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "phi"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "phi3"}))
    with pytest.raises(AdapterUnfit, match=r"phi3.*llama, mistral, qwen2"):
        write_gguf(tiny.adapters["a"], replace(tiny.base, folder=folder), tmp_path / "it.gguf")


def test_every_architecture_that_is_named_is_known_to_llama_cpp() -> None:
    assert set(ARCHITECTURES.values()) <= set(gguf.MODEL_ARCH_NAMES.values())


def test_a_full_disk_leaves_the_old_file(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tiny.adapters["a"], tiny.base, tmp_path / "it.gguf")

    def full(self: gguf.GGUFWriter) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf.GGUFWriter, "write_tensors_to_file", full)
    with pytest.raises(AdapterError, match=r"it\.gguf cannot be written .*No space left"):
        write_gguf(tiny.adapters["b"], tiny.base, path)
    assert path.read_bytes() == tiny.files["a"].read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["it.gguf"]
