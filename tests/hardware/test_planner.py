"""The planner's arithmetic against numbers that llama.cpp prints, and its monotony."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import ContextOverflow, ModelError, SettingsError
from workbench.hardware.planner import (
    GIB,
    MIB,
    RUNTIME_BYTES,
    Architecture,
    MemoryPlan,
    compute_buffer_bytes,
    fits,
    gib,
    in_gib,
    kv_cache_bytes,
    plan,
    show_gib,
    weights_bytes,
)

QWEN_7B = Architecture(7_615_616_512, 28, 4, 128, 3584, 152_064, 4_683_087_332 / 7_615_616_512, 32_768)

architectures = st.builds(
    Architecture,
    parameters=st.integers(1, 10**12),
    layers=st.integers(1, 200),
    kv_heads=st.integers(1, 128),
    head_size=st.integers(1, 512),
    hidden_size=st.integers(1, 20_000),
    vocabulary=st.integers(1, 300_000),
    bytes_per_weight=st.floats(0.1, 4.0),
    context_tokens=st.just(2**20),
)
contexts = st.integers(1, 2**19)


def test_the_weights_of_a_quantised_7b_model_are_its_file() -> None:
    assert weights_bytes(QWEN_7B) == 4_683_087_332


def test_the_kv_cache_is_what_llama_cpp_reports_for_qwen_7b() -> None:
    assert kv_cache_bytes(QWEN_7B, 2048) == 112 * MIB
    assert kv_cache_bytes(QWEN_7B, 4096) == 224 * MIB


def test_an_eight_bit_kv_cache_takes_half() -> None:
    assert kv_cache_bytes(QWEN_7B, 4096, bytes_per_element=1) == 112 * MIB


def test_the_compute_buffer_is_what_llama_cpp_reports_for_qwen_7b() -> None:
    assert compute_buffer_bytes(QWEN_7B) - RUNTIME_BYTES == 304 * MIB


def test_a_7b_model_fits_the_safe_five_gib_at_4096_tokens_and_not_at_8192() -> None:
    assert fits(plan(QWEN_7B, 4096), gib(5))
    assert not fits(plan(QWEN_7B, 8192), gib(5))


def test_a_plan_fits_exactly_at_the_limit_and_not_one_byte_below() -> None:
    planned = MemoryPlan(weights=10, kv_cache=20, buffers=30)
    assert planned.total == 60
    assert fits(planned, 60)
    assert not fits(planned, 59)


def test_a_context_longer_than_the_model_is_refused_with_both_numbers() -> None:
    with pytest.raises(ContextOverflow, match=r"at most 32768 tokens, not 32769"):
        plan(QWEN_7B, 32_769)
    assert plan(QWEN_7B, 32_768).kv_cache == 1792 * MIB


def test_a_context_of_no_token_is_refused() -> None:
    with pytest.raises(SettingsError, match="context_tokens must be at least 1"):
        plan(QWEN_7B, 0)


@pytest.mark.parametrize("field", ["parameters", "layers", "kv_heads", "vocabulary", "bytes_per_weight"])
def test_an_architecture_without_a_dimension_is_refused_by_its_name(field: str) -> None:
    with pytest.raises(ModelError, match=field):
        replace(QWEN_7B, **{field: 0})


@given(architectures, contexts, contexts)
def test_a_longer_context_never_needs_less(architecture: Architecture, one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert plan(architecture, shorter).total <= plan(architecture, longer).total


@given(architectures, contexts, st.sampled_from(["parameters", "layers", "kv_heads", "head_size", "vocabulary"]))
def test_a_larger_dimension_never_needs_less(architecture: Architecture, context: int, field: str) -> None:
    larger = replace(architecture, **{field: getattr(architecture, field) + 1})
    assert plan(architecture, context).total <= plan(larger, context).total


@given(architectures, contexts)
def test_the_total_is_the_sum_of_three_positive_parts(architecture: Architecture, context: int) -> None:
    planned = plan(architecture, context)
    assert planned.kv_cache > 0
    assert planned.buffers > RUNTIME_BYTES
    assert planned.total == planned.weights + planned.kv_cache + planned.buffers


def test_gib_helpers_agree_with_each_other() -> None:
    assert gib(5.5) == 5 * GIB + GIB // 2
    assert in_gib(gib(3.5)) == 3.5
    assert show_gib(4_683_087_332) == "4.36 GiB"


def test_a_plan_prints_its_parts() -> None:
    assert str(plan(QWEN_7B, 4096)) == "4.97 GiB (weights 4.36, KV cache 0.22, buffers 0.39)"
