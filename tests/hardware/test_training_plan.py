from __future__ import annotations

import pytest

from workbench.hardware.training_plan import LINEAR_BYTES, TrainingShape, activation_bytes, training_plan

SMOLLM2_135M = TrainingShape(30, 576, 1536, 9, 3, 64, 49_152)
QWEN2_7B = TrainingShape(28, 3584, 18_944, 28, 4, 128, 152_064, tied=False)


def test_the_shape_gives_the_known_counts() -> None:
    assert SMOLLM2_135M.linear_parameters + SMOLLM2_135M.other_parameters == 134_515_008
    assert SMOLLM2_135M.adapter_parameters(rank=8) == 2_442_240
    biases = 28 * (3584 + 512 + 512)  # of Qwen's queries, keys and values, which the plan leaves out
    assert QWEN2_7B.linear_parameters + QWEN2_7B.other_parameters + biases == 7_615_616_512


def test_four_bits_take_a_little_over_half_a_byte() -> None:
    assert LINEAR_BYTES["nf4"] == pytest.approx((4 + 0.127) / 8, abs=1e-3)  # QLoRA's 0.127 bits of scales a weight


@pytest.mark.parametrize(("coarse", "fine"), [("nf4", "int8"), ("int8", "bf16"), ("bf16", "fp32")])
def test_a_finer_precision_needs_more(coarse: str, fine: str) -> None:
    plans = [training_plan(SMOLLM2_135M, precision, rank=8, tokens=512).weights for precision in (coarse, fine)]
    assert plans[0] < plans[1]


def test_more_tokens_and_a_higher_rank_need_more() -> None:
    plain = training_plan(SMOLLM2_135M, "fp32", rank=8, tokens=256)
    assert training_plan(SMOLLM2_135M, "fp32", rank=8, tokens=512).activations == 2 * plain.activations
    assert training_plan(SMOLLM2_135M, "fp32", rank=16, tokens=256).adapter == 2 * plain.adapter


def test_checkpointing_keeps_one_layer_in_full() -> None:
    full = activation_bytes(SMOLLM2_135M, 512, 4, checkpointing=False)
    twice = activation_bytes(SMOLLM2_135M, 512, 4, checkpointing=True)
    assert full / 30 < twice < full / 10


def test_the_pages_of_a_plan_say_what_it_is_made_of() -> None:
    plan = training_plan(SMOLLM2_135M, "fp32", rank=8, tokens=512)
    assert plan.total == plan.weights + plan.adapter + plan.activations + plan.logits + plan.runtime
    assert str(plan).startswith(f"{plan.total / 2**30:.2f} GiB (weights 0.50, adapter 0.04, ")


def test_a_seven_billion_model_in_four_bits_fits_a_gpu_of_six_gib() -> None:
    plan = training_plan(QWEN2_7B, "nf4", rank=8, tokens=512, checkpointing=True, device="cuda")
    assert 4.5 * 2**30 < plan.weights < 6 * 2**30
