"""A merged model needs nothing of ours: plain transformers loads it, and it says what base and adapter say together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.adapters.tiny_models import Tiny
from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.attach import attached
from workbench.adapters.bases import load_model, open_base
from workbench.adapters.exporting import write_merged
from workbench.core.errors import AdapterError, AdapterUnfit

TOKENS = torch.tensor([[1, *range(40, 100), 2]])


def logits(model: Any) -> Any:
    with torch.no_grad():
        return model(TOKENS).logits


@pytest.mark.parametrize(("precision", "near"), [("fp32", 1e-5), ("bf16", 0.2)])
def test_plain_transformers_loads_it_and_it_answers_as_base_and_adapter_do(
    tiny: Tiny, tmp_path: Path, precision: Any, near: float
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = write_merged(tiny.base, tiny.adapters["a"], tmp_path / "merged", precision=precision)
    merged = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    base = load_model(tiny.base, precision="fp32")
    plain = logits(base)
    with attached(base, tiny.adapters["a"]):
        wanted = logits(base)
    assert (logits(merged) - wanted).abs().max() < near
    assert (plain - wanted).abs().max() > 10 * near
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert tokenizer.decode(tokenizer("the end")["input_ids"]) == "the end"
    assert tokenizer.chat_template


def test_what_the_adapter_does_not_touch_is_the_bases_bit_for_bit(tiny: Tiny, tmp_path: Path) -> None:
    one = "model.layers.0.mlp.down_proj"
    small = Adapter(tiny.adapters["a"].spec, {one: tiny.adapters["a"].factors[one]})
    merged = load_file(write_merged(tiny.base, small, tmp_path / "merged") / "model.safetensors")
    base = load_file(tiny.base.folder / "model.safetensors")
    assert merged.keys() == base.keys()
    assert {name for name in base if not torch.equal(base[name], merged[name])} == {f"{one}.weight"}


def test_it_is_a_base_again_with_its_licence_and_where_it_came_from(tiny: Tiny, tmp_path: Path) -> None:
    folder = write_merged(tiny.base, tiny.adapters["a"], tmp_path / "merged")
    opened = open_base(str(folder), tmp_path / "bases")
    assert opened.licence == tiny.base.licence == "mit"
    assert opened.identity != tiny.base.identity
    card = (folder / "README.md").read_text()
    assert tiny.base.identity in card
    assert tiny.adapters["a"].identity in card


def test_weights_in_several_files_stay_in_several_files(tiny: Tiny, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = tmp_path / "sharded"
    AutoModelForCausalLM.from_pretrained(tiny.base.folder).save_pretrained(folder, max_shard_size="100KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    base = replace(tiny.base, folder=folder)
    merged = write_merged(base, tiny.adapters["a"], tmp_path / "merged", precision="fp32")
    model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)
    whole = write_merged(tiny.base, tiny.adapters["a"], tmp_path / "whole", precision="fp32")
    assert torch.equal(logits(model), logits(AutoModelForCausalLM.from_pretrained(whole, dtype=torch.float32)))


def test_an_adapter_of_another_base_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(AdapterUnfit, match="another base"):
        write_merged(replace(tiny.base, identity="0" * 64), tiny.adapters["a"], tmp_path / "merged")


@pytest.mark.parametrize(("layer", "out"), [("lm_head", 132), ("model.layers.0.mlp.down_proj", 63)])
def test_a_layer_the_base_lacks_or_has_in_another_shape_is_named_and_nothing_is_left(
    tiny: Tiny, tmp_path: Path, layer: str, out: int
) -> None:
    odd = Adapter(tiny.adapters["a"].spec, {layer: Factors(torch.ones(4, 96), torch.ones(out, 4))})
    with pytest.raises(AdapterUnfit, match=layer):
        write_merged(tiny.base, odd, tmp_path / "merged")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "merged").mkdir()
    (tmp_path / "merged" / "thesis.txt").write_text("mine")
    with pytest.raises(AdapterError, match="not empty"):
        write_merged(tiny.base, tiny.adapters["a"], tmp_path / "merged")
    assert (tmp_path / "merged" / "thesis.txt").read_text() == "mine"


def test_a_full_disk_leaves_nothing_behind(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"{save_file.__module__}.save_file", full)
    with pytest.raises(AdapterError, match="No space left"):
        write_merged(tiny.base, tiny.adapters["a"], tmp_path / "merged")
    assert list(tmp_path.iterdir()) == []
