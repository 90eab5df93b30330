"""GGUF becomes a folder once, whole or not at all, planned before it is loaded, and right to the last weight."""

from __future__ import annotations

import multiprocessing
import shutil
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import gguf
import numpy as np
import psutil
import pytest
from safetensors.torch import load_file

from tests.adapters.tiny_models import CHATML, Tiny, tiny_gguf
from workbench.adapters.bases import gguf_weights, load_tokenizer, open_base
from workbench.adapters.bases.gguf_weights import as_folder, read_header
from workbench.core.errors import MemoryBudgetError, ModelRefused

IDENTITY = "ab" * 32


def kept(cache: Path) -> list[str]:
    return [path.name for path in cache.glob("*") if not path.name.endswith((".lock", ".digests"))]


def test_every_weight_is_the_files_own(tiny: Tiny) -> None:
    folder = load_file(tiny.base.folder / "model.safetensors")
    file = {one.name: one.data for one in gguf.GGUFReader(tiny.weights).tensors}
    down = folder["model.layers.1.mlp.down_proj.weight"].float().numpy()
    assert np.array_equal(down, file["blk.1.ffn_down.weight"])
    assert len(folder) == len(file)


def test_tokenizer_and_chat_template_come_along(tiny: Tiny) -> None:
    tokenizer = load_tokenizer(tiny.base)
    assert tokenizer.chat_template == CHATML
    assert tokenizer("the<|im_end|>")["input_ids"][-1] == tokenizer.eos_token_id == 2


def test_the_second_time_it_is_only_found(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = as_folder(tiny.weights, IDENTITY, tmp_path)
    monkeypatch.setattr(gguf_weights, "_convert", None)
    assert as_folder(tmp_path / "gone.gguf", IDENTITY, tmp_path) == first


def test_progress_is_told_from_nothing_to_all(tiny: Tiny, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    as_folder(tiny.weights, IDENTITY, tmp_path, on_progress=lambda doing, share: told.append((doing, share)))
    assert [doing for doing, _ in told] == ["reading"] * 20 + ["writing"] * 2
    assert told[0] == ("reading", 0.0)
    assert told[-1] == ("writing", 1.0)
    assert told == sorted(told)


def test_what_transformers_looks_up_is_put_back(tiny: Tiny, tmp_path: Path) -> None:
    from transformers import modeling_gguf_pytorch_utils as reading
    from transformers.utils import logging

    before = gguf.GGUFReader, gguf.get_tensor_name_map, reading.tqdm, logging.get_verbosity()
    as_folder(tiny.weights, IDENTITY, tmp_path)
    with pytest.raises(ModelRefused):
        as_folder(tiny_gguf(tmp_path / "x.gguf", "rwkv7"), "cd" * 32, tmp_path)
    assert (gguf.GGUFReader, gguf.get_tensor_name_map, reading.tqdm, logging.get_verbosity()) == before
    assert logging.is_progress_bar_enabled()


def test_memory_is_planned_before_anything_is_loaded(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100 * 2**20))
    monkeypatch.setattr(gguf_weights, "_convert", None)
    with pytest.raises(MemoryBudgetError, match=r"needs 0\.5\d GiB of memory and 0\.10 GiB are free; close"):
        as_folder(tiny.weights, IDENTITY, tmp_path)
    assert kept(tmp_path) == []


def test_disk_is_planned_before_anything_is_loaded(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    monkeypatch.setattr(gguf_weights, "_convert", None)
    with pytest.raises(MemoryBudgetError, match=r"of disk and 0\.00 GiB are free .* training\.bases_folder"):
        as_folder(tiny.weights, IDENTITY, tmp_path)


def test_the_plan_of_the_real_model_is_above_what_it_takes_and_not_by_much() -> None:
    from workbench.models.embedded import find_weights

    header = read_header(find_weights())
    assert (header.architecture, header.licence, header.parameters) == ("llama", "apache-2.0", 134_515_008)
    assert 269_060_552 < header.disk_bytes < 350_000_000
    assert header.memory_bytes < 1.5 * 2**30


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, folder: Path, on_progress: object) -> None:
        (folder / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gguf_weights, "_convert", full)
    with pytest.raises(MemoryBudgetError, match="make room"):
        as_folder(tiny.weights, IDENTITY, tmp_path)
    assert kept(tmp_path) == []


def test_what_a_killed_process_left_is_cleared_away(tiny: Tiny, tmp_path: Path) -> None:
    left = tmp_path / f".making-{IDENTITY[:16]}-{gguf_weights.FORM}-xyz"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    folder = as_folder(tiny.weights, IDENTITY, tmp_path)
    assert kept(tmp_path) == [folder.name]


@pytest.mark.parametrize("tensor", ["blk.1.ffn_down.weight", "output_norm.weight"])
def test_a_file_that_lacks_a_weight_is_refused_and_no_chance_weight_takes_its_place(
    tmp_path: Path, tensor: str
) -> None:
    path = tiny_gguf(tmp_path / "it.gguf", without=tensor)
    with pytest.raises(ModelRefused, match="is not in it"):
        open_base(str(path), tmp_path / "bases")
    assert kept(tmp_path / "bases") == []


def _open(path: str, cache: str, said: multiprocessing.queues.Queue[str]) -> None:
    said.put(str(open_base(path, Path(cache)).folder))


@pytest.mark.drill  # two processes import torch: 20 s
def test_two_processes_at_once_make_it_once(tiny: Tiny, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    both = [context.Process(target=_open, args=(str(tiny.weights), str(tmp_path), said)) for _ in range(2)]
    for one in both:
        one.start()
    folders = {said.get(timeout=120) for _ in both}
    for one in both:
        one.join()
    assert len(folders) == 1
    assert kept(tmp_path) == [Path(folders.pop()).name]


@pytest.mark.parametrize("damage", ["text", "half", "header", "empty", "junk"])
def test_a_file_that_is_no_whole_gguf_is_one_sentence(tiny: Tiny, tmp_path: Path, damage: str) -> None:
    whole = tiny.weights.read_bytes()
    content = {
        "text": b"hello",
        "half": whole[: len(whole) // 2],
        "header": whole[:200],
        "junk": b"GGUF" + b"\xff" * 99,
    }
    path = tmp_path / "broken.gguf"
    path.write_bytes(content.get(damage, b""))
    with pytest.raises(ModelRefused, match=r"broken\.gguf cannot be turned into trainable weights \("):
        open_base(str(path), tmp_path / "bases")


def test_an_architecture_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = tiny_gguf(tmp_path / "it.gguf", "rwkv7")
    with pytest.raises(ModelRefused, match=r"it\.gguf .*rwkv7.*; use its Hugging Face folder"):
        open_base(str(path), tmp_path / "bases")
    assert kept(tmp_path / "bases") == []
