"""Sums of what was read: written and read again, known by their content, refused where they are damaged."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from workbench.adapters.grams import Grams, read_grams, write_grams
from workbench.core.errors import AdapterDamaged

LAYER = "model.layers.0.self_attn.q_proj"


def grams(seed: int) -> Grams:
    factor = torch.randn(3, 8, generator=torch.Generator().manual_seed(seed))
    return Grams(frozenset({"dates", "prices"}), {LAYER: factor.to(torch.bfloat16)})


def test_what_was_written_is_read_again_with_the_skills_it_is_about(tmp_path: Path) -> None:
    file = write_grams(grams(1), tmp_path / "sums.safetensors")
    again = read_grams(file)
    assert again.skills == {"dates", "prices"}
    assert torch.equal(again.factors[LAYER], grams(1).factors[LAYER])
    assert again.identity == grams(1).identity != grams(2).identity


@pytest.mark.parametrize("content", [b"", b"no tensors at all"])
def test_a_damaged_file_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sums.safetensors"
    file.write_bytes(content)
    with pytest.raises(AdapterDamaged, match="train that again"):
        read_grams(file)
