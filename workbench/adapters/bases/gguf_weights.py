"""A GGUF file becomes a transformers folder, once: weights in bf16, tokenizer, chat template; whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

FORM = 1  # of the folders made here; another number makes them anew


def as_folder(gguf: Path, identity: str, cache: Path) -> Path:
    """The folder of these weights, made now if it is not there (about ten seconds for 135M parameters)."""
    folder = cache / f"{identity[:16]}-{FORM}"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
        try:
            _convert(gguf, made)
            made.chmod(0o755)
            if not folder.is_dir():
                made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return folder


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = {"gguf_file": gguf.name, "local_files_only": True}
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, quantization_config=GgufConfig(dequantize=True), dtype=torch.bfloat16, **source
    )
    vars(model.config).pop("quantization_config", None)  # the weights are plain now
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(folder)
