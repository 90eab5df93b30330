"""Random models of a few thousand weights, as GGUF files that llama.cpp and transformers both read.

What is tested on them is mechanics: names, shapes, orders, files. Their vocabulary is one token for each ASCII byte (so
that llama.cpp shows every token as it comes), and their weights are exact in bf16 (so that both hold the same).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from workbench.adapters.adapter import LINEARS, Adapter, Factors, LoraSpec
from workbench.adapters.bases import Base, open_base
from workbench.adapters.exporting import write_gguf

HIDDEN, WIDTH, LAYERS, HEADS, KV_HEADS = 64, 96, 2, 4, 2
HEAD = {"llama": 16, "qwen2": 16, "gemma3": 256}  # size of a head; Gemma's attention is scaled for 256
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def tiny_gguf(path: Path, architecture: str = "llama", *, seed: int = 0, without: str = "") -> Path:
    """A random model of that architecture (llama, qwen2, gemma3) in float32, `without` one of its tensors."""
    writer = gguf.GGUFWriter(path, architecture)
    _say(writer, architecture)
    _tokens(writer)
    for name, values in _tensors(architecture, np.random.default_rng(seed)).items():
        if name != without:
            writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _say(writer: gguf.GGUFWriter, architecture: str) -> None:
    writer.add_name("tiny")
    writer.add_license("mit")
    writer.add_block_count(LAYERS)
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    if architecture == "llama":
        writer.add_rope_dimension_count(HEAD[architecture])
    if architecture == "gemma3":
        writer.add_key_length(HEAD[architecture])
        writer.add_value_length(HEAD[architecture])
        writer.add_sliding_window(512)


def _tokens(writer: gguf.GGUFWriter) -> None:
    tokens = [*SPECIAL, *_ascii_as_text(), "he"]
    kinds = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL))
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges(["h e"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHATML)


def _ascii_as_text() -> list[str]:
    """The 128 ASCII bytes as byte-level vocabularies of GPT-2's kind write them."""
    hidden = [*range(33), 127]
    return [chr(byte) if byte not in hidden else chr(256 + hidden.index(byte)) for byte in range(128)]


def _exact(values: Any) -> Any:
    """The same in float32 with the low 16 bits cut off, which bf16 holds exactly."""
    return (values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def _tensors(architecture: str, random: np.random.Generator) -> dict[str, Any]:
    def matrix(out: int, into: int) -> Any:
        return _exact(random.standard_normal((out, into)) / into**0.5)

    def norm(size: int) -> Any:
        return _exact(1 + 0.1 * random.standard_normal(size))

    found = {"token_embd.weight": matrix(len(SPECIAL) + 129, HIDDEN), "output_norm.weight": norm(HIDDEN)}
    head = HEAD.get(architecture, 16)
    for layer in range(LAYERS):
        at = f"blk.{layer}"
        sizes = {
            "attn_q": (HEADS * head, HIDDEN),
            "attn_k": (KV_HEADS * head, HIDDEN),
            "attn_v": (KV_HEADS * head, HIDDEN),
            "attn_output": (HIDDEN, HEADS * head),
            "ffn_gate": (WIDTH, HIDDEN),
            "ffn_up": (WIDTH, HIDDEN),
            "ffn_down": (HIDDEN, WIDTH),
        }
        found |= {f"{at}.{name}.weight": matrix(*size) for name, size in sizes.items()}
        found |= {f"{at}.{name}.weight": norm(HIDDEN) for name in ("attn_norm", "ffn_norm")}
        if architecture == "qwen2":
            found |= {f"{at}.{name}.bias": norm(sizes[name][0]) - 1 for name in ("attn_q", "attn_k", "attn_v")}
        if architecture == "gemma3":
            found |= {f"{at}.{name}.weight": norm(head) for name in ("attn_q_norm", "attn_k_norm")}
            found |= {f"{at}.{name}.weight": norm(HIDDEN) for name in ("post_attention_norm", "post_ffw_norm")}
    return found


def random_adapter(base: Base, *, seed: int = 1, size: float = 0.3, rank: int = 4, **spec: Any) -> Adapter:
    """Strong random factors on every linear layer of a base; those of `v_proj` have one rank less."""
    import torch
    from safetensors import safe_open

    random = torch.Generator().manual_seed(seed)
    factors = {}
    with safe_open(next(base.folder.glob("*.safetensors")), "pt") as weights:
        for name in sorted(weights.keys()):
            layer = name.removesuffix(".weight")
            if layer.rpartition(".")[2] in LINEARS:
                out, into = weights.get_slice(name).get_shape()
                thin = rank - 1 if layer.endswith("v_proj") else rank
                a = torch.randn(thin, into, generator=random) / into**0.5
                factors[layer] = Factors(a, torch.randn(out, thin, generator=random) * size)
    return Adapter(LoraSpec(base.identity, rank, **{"alpha": 2.0 * rank, **spec}), factors)


@dataclass(frozen=True)
class Tiny:
    """A tiny base and two strong adapters on it, as files too."""

    base: Base
    adapters: dict[str, Adapter]
    files: dict[str, Path]

    @property
    def weights(self) -> Path:
        assert self.base.gguf is not None
        return self.base.gguf


def tiny_of(architecture: str, folder: Path) -> Tiny:
    base = open_base(str(tiny_gguf(folder / f"{architecture}.gguf", architecture)), folder / "bases")
    adapters = {name: random_adapter(base, seed=seed) for seed, name in enumerate("ab", start=1)}
    files = {name: write_gguf(one, base, folder / f"{architecture}-{name}.gguf") for name, one in adapters.items()}
    return Tiny(base, adapters, files)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A tiny model of the llama architecture with adapters `a` and `b`."""
    return tiny_of("llama", tmp_path_factory.mktemp("tiny"))
