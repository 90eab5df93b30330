"""The adapter summed into its base: a plain transformers folder that needs neither PEFT nor the workbench.

    every file of the base ──► W + s·B·A for each layer touched, summed in float32, rounded once ──► folder

One safetensors file is in memory at a time. It does not know who will load the folder.

>>> write_merged(base, adapter, Path("merged"))                           # doctest: +SKIP
PosixPath('merged')
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import Base
from workbench.core.errors import AdapterError, AdapterUnfit

if TYPE_CHECKING:
    from torch import Tensor

CARRIED = ("*.json", "*.jinja", "*.model", "*.txt")  # config and tokenizer, whatever kind it is


def write_merged(base: Base, adapter: Adapter, folder: Path, *, precision: Literal["bf16", "fp32"] = "bf16") -> Path:
    """A whole model: the base with the adapter in it.

    Args:
        folder: a new folder, or an empty one.
        precision: of the weights that are written; bf16 is how models are handed on, fp32 loses nothing.
    Raises:
        AdapterUnfit: made for another base, or on layers that the base does not have as weights of their own.
        AdapterError: the folder holds something.
    """
    if adapter.spec.base != base.identity:
        raise AdapterUnfit(f"The adapter was made for another base than {base.name}; open the one it was trained on")
    _refuse_missing(adapter, base)
    with _new_folder(folder) as made:
        for file in sorted(base.folder.glob("*.safetensors")):
            _write_weights(file, adapter, made / file.name, precision)
        for pattern in CARRIED:
            for file in base.folder.glob(pattern):
                shutil.copyfile(file, made / file.name)
        _set_precision(made / "config.json", precision)
        (made / "README.md").write_text(_card(base, adapter), encoding="utf-8")
    return folder


def _refuse_missing(adapter: Adapter, base: Base) -> None:
    from safetensors import safe_open

    there: set[str] = set()
    for file in base.folder.glob("*.safetensors"):
        with safe_open(file, "pt") as weights:
            there.update(weights.keys())
    missing = sorted(layer for layer in adapter.factors if f"{layer}.weight" not in there)
    if missing:
        raise AdapterUnfit(f"The base has no weight of its own for the layer {missing[0]}; train without that target")


def _write_weights(file: Path, adapter: Adapter, to: Path, precision: str) -> None:
    import torch
    from safetensors import safe_open
    from safetensors.torch import save_file

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    with safe_open(file, "pt") as weights:
        summed = {name: _summed(name, weights.get_tensor(name), adapter, dtype) for name in weights.keys()}  # noqa: SIM118
        save_file(summed, to, metadata=weights.metadata() or {"format": "pt"})


def _summed(name: str, weight: Tensor, adapter: Adapter, dtype: Any) -> Tensor:
    if not weight.is_floating_point():
        return weight
    layer = name.removesuffix(".weight")
    if layer not in adapter.factors:
        return weight.to(dtype)
    delta = adapter.delta(layer)
    if delta.shape != weight.shape:
        raise AdapterUnfit(
            f"The layer {layer} is {tuple(weight.shape)} and the adapter's {tuple(delta.shape)}; it is of another base"
        )
    return (weight.float() + delta).to(dtype)


def _set_precision(config: Path, precision: str) -> None:
    facts = json.loads(config.read_text(encoding="utf-8"))
    facts["dtype"] = {"bf16": "bfloat16", "fp32": "float32"}[precision]
    config.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _card(base: Base, adapter: Adapter) -> str:
    front = f"---\nlicense: {json.dumps(base.licence)}\n---\n" if base.licence else ""
    return (
        f"{front}# {base.name} with a LoRA adapter summed in\n\nBase: `{base.name}`, SHA-256 `{base.identity}`.\n"
        f"Adapter: SHA-256 `{adapter.identity}`, rank {adapter.spec.rank}, on {', '.join(adapter.spec.targets)}.\n"
    )


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder beside it, which takes its place when everything in it is written."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AdapterError(f"{folder} is not empty; name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".making-{folder.name}-", dir=folder.parent))
    try:
        yield made
        made.chmod(0o755)
        made.replace(folder)  # an empty folder is replaced
    except OSError as error:
        raise AdapterError(
            f"{folder} cannot be written ({error.strerror or error}); make room or name another"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
