"""Folders that the real PEFT writes and reads, on a tiny random Llama."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base
from workbench.adapters.merging import linear
from workbench.adapters.peft_folder import WEIGHTS, read_folder, write_folder
from workbench.core.errors import AdapterDamaged, AdapterError, AdapterUnfit

TOKENS = torch.tensor([[3, 1, 4, 1, 5, 9, 2, 6]])
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """A Llama of three layers with random weights, saved as a base."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=True,
    )
    folder = tmp_path_factory.mktemp("tiny")
    LlamaForCausalLM(config).save_pretrained(folder)
    return Base("tiny", "7" * 64, folder)


def fresh(base: Base) -> Any:
    return LlamaForCausalLM.from_pretrained(base.folder, dtype=torch.float32).eval()


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    return model(TOKENS).logits


def peft_saved(base: Base, folder: Path, **config: Any) -> torch.Tensor:
    """A folder that PEFT has saved, with random weights on both sides; its logits."""
    torch.manual_seed(1)
    config = {"r": 4, "lora_alpha": 6, "target_modules": ["q_proj", "down_proj"]} | config
    model = get_peft_model(fresh(base), LoraConfig(**config)).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_" in name:
                weight.normal_(std=0.3)
    model.save_pretrained(folder)
    return logits(model)


def random_adapter(base: Base, *, ranks: tuple[int, int] = (4, 4), layers: tuple[int, ...] = (0, 1, 2)) -> Adapter:
    draw = torch.Generator().manual_seed(2)
    pairs = {}
    for number in layers:
        for name, inner, out, rank in (("self_attn.q_proj", 16, 16, ranks[0]), ("mlp.down_proj", 32, 16, ranks[1])):
            a = torch.randn(rank, inner, generator=draw)
            pairs[f"model.layers.{number}.{name}"] = Factors(a, 0.3 * torch.randn(out, rank, generator=draw))
    return Adapter(LoraSpec(base.identity, max(ranks), 6.0, targets=("down_proj", "q_proj")), pairs)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"use_rslora": True},
        {"target_modules": "all-linear"},
        {"target_modules": r".*\.(k_proj|up_proj)"},
        {"layers_to_transform": [0, 2]},
        {"exclude_modules": ["model.layers.1.mlp.down_proj"]},
        {"rank_pattern": {"down_proj": 2}},
        {"rank_pattern": {r"layers\.1\.self_attn\.q_proj": 8}},
        {"rank_pattern": {"down_proj": 1}, "use_rslora": True},
        {"init_lora_weights": "gaussian", "lora_dropout": 0.1},
    ],
)
def test_a_folder_saved_by_peft_gives_the_logits_it_has_in_peft(tiny: Base, tmp_path: Path, config: Any) -> None:
    wanted = peft_saved(tiny, tmp_path, **config)
    adapter, model = read_folder(tmp_path, tiny), fresh(tiny)
    assert not torch.allclose(logits(model), wanted, atol=1e-2)
    with attached(model, adapter):
        assert torch.allclose(logits(model), wanted, atol=2e-6)
    assert {len(pair.a) for pair in adapter.factors.values()} == {adapter.spec.rank}


@pytest.mark.parametrize(
    "shape", [{}, {"ranks": (4, 2)}, {"layers": (1,)}, {"layers": (0, 2)}], ids=["plain", "thin", "one", "gap"]
)
@pytest.mark.filterwarnings("error")
def test_a_folder_of_ours_loads_in_plain_peft_without_a_warning(tiny: Base, tmp_path: Path, shape: Any) -> None:
    adapter, model = random_adapter(tiny, **shape), fresh(tiny)
    with attached(model, adapter):
        wanted = logits(model)
    write_folder(adapter, tmp_path / "ours", base_name="tiny")
    loaded = PeftModel.from_pretrained(model, tmp_path / "ours")
    assert torch.allclose(logits(loaded), wanted, atol=2e-6)
    assert len([name for name, _ in loaded.named_parameters() if "lora_A" in name]) == len(adapter.factors)


def test_layers_that_form_no_grid_are_written_by_their_full_names(tiny: Base, tmp_path: Path) -> None:
    whole = random_adapter(tiny)
    some = {layer: pair for layer, pair in whole.factors.items() if "1.mlp" not in layer}
    write_folder(Adapter(whole.spec, some), tmp_path)
    loaded = PeftModel.from_pretrained(fresh(tiny), tmp_path)
    assert len([name for name, _ in loaded.named_parameters() if "lora_A" in name]) == len(some) == 5


@pytest.mark.parametrize("ranks", [(4, 4), (4, 2)])
def test_what_is_written_is_read_back_bit_by_bit_and_needs_no_base(
    tiny: Base, tmp_path: Path, ranks: tuple[int, int]
) -> None:
    adapter = random_adapter(tiny, ranks=ranks)
    write_folder(adapter, tmp_path)
    assert read_folder(tmp_path).identity == read_folder(tmp_path, tiny).identity == adapter.identity


def test_a_merge_of_one_peft_folder_at_weight_one_has_its_logits_in_peft(tiny: Base, tmp_path: Path) -> None:
    wanted = peft_saved(tiny, tmp_path / "theirs", use_rslora=True, lora_alpha=5)
    write_folder(linear([read_folder(tmp_path / "theirs", tiny)], [1.0]), tmp_path / "ours")
    loaded = PeftModel.from_pretrained(fresh(tiny), tmp_path / "ours")
    assert torch.allclose(logits(loaded), wanted, atol=2e-6)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "bias='all'"),
        ({"bias": "lora_only"}, "bias='lora_only'"),
        ({"lora_bias": True}, "lora_bias"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"alpha_pattern": {"q_proj": 12}}, "alpha_pattern"),
        ({"rank_pattern": {"q_proj": 3}}, "rank_pattern"),
        ({"trainable_token_indices": [1, 2]}, "trainable_token_indices"),
        ({"layer_replication": [(0, 2), (1, 3)]}, "layer_replication"),
        ({"target_modules": ["embed_tokens"]}, "embed_tokens"),
        ({"init_lora_weights": "pissa"}, "pissa"),
        ({"init_lora_weights": "olora"}, "olora"),
        ({"task_type": "SEQ_2_SEQ_LM"}, "SEQ_2_SEQ_LM"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_kind_that_cannot_be_said_exactly_is_refused_by_name(
    tiny: Base, tmp_path: Path, config: Any, name: str
) -> None:
    if "task_type" in config:
        peft_saved(tiny, tmp_path)
        _change(tmp_path, **config)
    else:
        peft_saved(tiny, tmp_path, **config)
    with pytest.raises(AdapterUnfit) as refused:
        read_folder(tmp_path, tiny)
    assert name in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("peft_type", "IA3", "type IA3"),
        ("fan_in_fan_out", True, "fan_in_fan_out"),
        ("loftq_config", {"loftq_bits": 4}, "LoftQ"),
        ("use_new_trick", True, "use_new_trick"),
        ("target_modules", ["q_proj"], "no LoRA pair of its targets"),
    ],
)
def test_a_config_of_another_kind_is_refused_even_if_the_field_is_new(
    tiny: Base, tmp_path: Path, key: str, value: Any, word: str
) -> None:
    peft_saved(tiny, tmp_path)
    _change(tmp_path, **{key: value})
    with pytest.raises(AdapterUnfit, match=word):
        read_folder(tmp_path, tiny)


@pytest.mark.parametrize(
    "change",
    [
        {"r": 0},
        {"r": "4"},
        {"r": 3},
        {"lora_alpha": None},
        {"lora_alpha": -1},
        {"use_rslora": 1},
        {"target_modules": 5},
    ],
)
def test_a_config_that_mistakes_its_own_values_is_damaged(tiny: Base, tmp_path: Path, change: Any) -> None:
    peft_saved(tiny, tmp_path)
    _change(tmp_path, **change)
    with pytest.raises(AdapterDamaged, match="fetch"):
        read_folder(tmp_path, tiny)


def test_a_folder_from_elsewhere_needs_its_base_named(tiny: Base, tmp_path: Path) -> None:
    peft_saved(tiny, tmp_path)
    with pytest.raises(AdapterUnfit, match="name its base"):
        read_folder(tmp_path)


def test_an_adapter_of_another_base_is_refused(tiny: Base, tmp_path: Path) -> None:
    write_folder(random_adapter(tiny), tmp_path / "ours")
    with pytest.raises(AdapterUnfit, match="made for the base 777777777777…, not other"):
        read_folder(tmp_path / "ours", Base("other", "8" * 64, tiny.folder))
    peft_saved(tiny, tmp_path / "theirs")
    wide = tmp_path / "wide"
    LlamaForCausalLM(LlamaConfig(**{**fresh(tiny).config.to_dict(), "hidden_size": 32, "head_dim": 8})).save_pretrained(
        wide
    )
    with pytest.raises(AdapterUnfit, match="of shape"):
        read_folder(tmp_path / "theirs", Base("wide", "9" * 64, wide))


@pytest.mark.parametrize("cut", [0, 7, 100, -1])
def test_truncated_weights_are_damaged(tiny: Base, tmp_path: Path, cut: int) -> None:
    write_folder(random_adapter(tiny), tmp_path)
    content = (tmp_path / WEIGHTS).read_bytes()
    (tmp_path / WEIGHTS).write_bytes(content[:cut])
    with pytest.raises(AdapterDamaged, match="truncated or altered"):
        read_folder(tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_finite_numbers_are_damaged(tiny: Base, tmp_path: Path, value: float) -> None:
    tensors = _saved(tiny, tmp_path)
    next(iter(tensors.values()))[0, 0] = value
    save_file(tensors, tmp_path / WEIGHTS)
    with pytest.raises(AdapterDamaged, match="no finite number"):
        read_folder(tmp_path, tiny)


def test_pairs_of_wrong_shape_or_missing_are_damaged(tiny: Base, tmp_path: Path) -> None:
    tensors = _saved(tiny, tmp_path)
    name = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"
    other = name.replace("lora_A", "lora_B")
    halves = {key: value for key, value in tensors.items() if key != name}
    for broken, word in (
        ({**tensors, name: tensors[name][:2].clone()}, "wrong shape"),
        (halves, "incomplete"),
        ({key: value for key, value in halves.items() if key != other}, "lacks the weights of 1 layers"),
        ({}, "no weights"),
    ):
        save_file(broken, tmp_path / WEIGHTS)
        with pytest.raises(AdapterDamaged, match=word):
            read_folder(tmp_path, tiny)


def test_a_config_changed_after_the_fact_does_not_agree_with_the_weights(tiny: Base, tmp_path: Path) -> None:
    write_folder(random_adapter(tiny), tmp_path)
    _change(tmp_path, lora_alpha=60.0)
    with pytest.raises(AdapterDamaged, match="does not agree"):
        read_folder(tmp_path)


def test_a_pickle_is_never_opened_and_named(tiny: Base, tmp_path: Path) -> None:
    _saved(tiny, tmp_path)
    (tmp_path / WEIGHTS).rename(tmp_path / "adapter_model.bin")
    with pytest.raises(AdapterDamaged, match=r"adapter_model\.bin is a pickle.*safe_serialization=True"):
        read_folder(tmp_path, tiny)


def test_what_is_no_adapter_folder_is_refused_in_a_sentence(tiny: Base, tmp_path: Path) -> None:
    with pytest.raises(AdapterDamaged, match=r"has no adapter_config\.json"):
        read_folder(tmp_path, tiny)
    _saved(tiny, tmp_path)
    for content in (b"{", b"[]", b"\xff\xfe", b'{"peft_type": "LORA"}'):
        (tmp_path / "adapter_config.json").write_bytes(content)
        with pytest.raises(AdapterDamaged, match=r"adapter_config\.json .* cannot be used"):
            read_folder(tmp_path, tiny)


def test_a_folder_that_cannot_be_written_is_said(tiny: Base, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AdapterError, match="choose another folder"):
        write_folder(random_adapter(tiny), tmp_path / "file")


def _saved(base: Base, folder: Path) -> dict[str, torch.Tensor]:
    peft_saved(base, folder)
    return load_file(folder / WEIGHTS)


def _change(folder: Path, **values: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
