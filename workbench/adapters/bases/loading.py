"""A base's weights and tokenizer as PyTorch and transformers load them, in the precision that was asked for.

    fp32, bf16         as they are                 int8          LLM.int8()        (bitsandbytes)
    nf4, fp4           4 bits, scales quantised again (QLoRA: Dettmers et al. 2023, arXiv 2305.14314)
    auto               bf16 on a GPU and on processors that multiply it in hardware, else fp32

On a processor without AVX-512 or AMX a bf16 product is emulated and 10 to 30 times slower than fp32, hence `auto`.

>>> model = load_model(base, precision="auto"); model.training            # doctest: +SKIP
False
"""

from __future__ import annotations

from typing import Any, Literal

from workbench.adapters.bases.base import Base
from workbench.adapters.bases.quiet import quiet

Precision = Literal["auto", "fp32", "bf16", "int8", "nf4", "fp4"]


def device() -> str:
    """`cuda` where a GPU is usable, else `cpu`."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def resolved(precision: Precision) -> Precision:
    """`auto` by what this machine multiplies in hardware."""
    import torch

    if precision != "auto":
        return precision
    if device() == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported() else "fp32"


def load_model(base: Base, *, precision: Precision = "auto", **options: Any) -> Any:
    """The model, in evaluation mode, on the GPU where there is one.

    Args:
        options: passed on to `from_pretrained`.
    """
    import torch
    from transformers import AutoModelForCausalLM

    wanted = resolved(precision)
    dtype = torch.float32 if wanted == "fp32" else torch.bfloat16
    more = {} if wanted in ("fp32", "bf16") else {"quantization_config": _quantised(wanted)}
    with quiet():
        model = AutoModelForCausalLM.from_pretrained(
            base.folder, dtype=dtype, local_files_only=True, device_map={"": device()}, **more, **options
        )
    _keep_unpacked(model)
    return model.eval()


def load_tokenizer(base: Base) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base.folder, local_files_only=True)


def _keep_unpacked(model: Any) -> None:
    """On processors with AVX-512 BF16, bitsandbytes repacks 4-bit weights at the first evaluation, for a kernel that
    has to be downloaded; layers narrower than a block, or not a multiple of 32 high, fail in it. One form fits all."""
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _quantised(precision: Precision) -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type=precision,
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if resolved("auto") == "bf16" else torch.float32,
    )
