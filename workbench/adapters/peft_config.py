"""What adapter_config.json says: read and checked for reading a PEFT folder, and written for one of ours.

Only plain LoRA passes; every other kind is refused by its name, a kind that is not known yet by the name of its field.
It does not know the weights.

>>> read_config(b'{"peft_type": "IA3"}', "theirs")                        # doctest: +IGNORE_EXCEPTION_DETAIL
Traceback (most recent call last):
workbench.core.errors.AdapterUnfit: theirs is a PEFT adapter of type IA3, which s·B·A cannot say exactly; …
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.adapters.adapter import Adapter
from workbench.core.errors import AdapterDamaged, AdapterUnfit

CONFIG = "adapter_config.json"
_NUMBERED = re.compile(r".*?\.[^.]*\.(\d+)\.")  # where PEFT looks for the number of a layer

_KINDS = {
    "use_dora": "DoRA",
    "lora_bias": "LoRA with a bias (lora_bias)",
    "modules_to_save": "one that replaces whole modules (modules_to_save)",
    "alpha_pattern": "one with an alpha for each layer (alpha_pattern)",
    "fan_in_fan_out": "one for transposed layers (fan_in_fan_out)",
    "loftq_config": "LoftQ, which alters the base",
    "trainable_token_indices": "one that trains tokens (trainable_token_indices)",
    "layer_replication": "one that repeats layers (layer_replication)",
    "target_parameters": "one for bare parameters (target_parameters)",
}
_HARMLESS = {  # with these the saved weights do the same whatever is said, or it is read below
    *("auto_mapping", "base_model_name_or_path", "bias", "ensure_weight_tying", "eva_config", "exclude_modules"),
    *("inference_mode", "init_lora_weights", "layers_pattern", "layers_to_transform", "lora_alpha", "lora_dropout"),
    *("megatron_core", "peft_type", "peft_version", "qalora_group_size", "r", "rank_pattern", "revision"),
    *("runtime_config", "target_modules", "task_type", "use_rslora"),
}
_HARMLESS_INIT = (None, True, False, "gaussian", "eva", "orthogonal")  # the others alter the base's own weights


@dataclass(frozen=True, slots=True)
class PeftConfig:
    """What is used of adapter_config.json."""

    rank: int
    alpha: float
    rslora: bool
    ranks: Mapping[str, int]  # rank_pattern
    targets: str | tuple[str, ...]
    excluded: str | tuple[str, ...]
    layers: tuple[int, ...] | None

    def covers(self, layer: str) -> bool:
        """Whether PEFT would put a pair on this layer."""
        chosen = self.targets == "all-linear" or _named(layer, self.targets)
        return (
            chosen and not _named(layer, self.excluded) and (self.layers is None or layer_number(layer) in self.layers)
        )

    def rank_of(self, layer: str) -> int:
        matching = (rank for key, rank in self.ranks.items() if re.match(rf"(.*\.)?({key})$", layer))
        return next(matching, self.rank)


def _named(layer: str, names: str | tuple[str, ...]) -> bool:
    if isinstance(names, str):
        return bool(names) and re.fullmatch(names, layer) is not None
    return any(layer == name or layer.endswith(f".{name}") for name in names)


def read_config(content: bytes, where: str) -> PeftConfig:
    """The config of a plain LoRA; `where` names the folder in errors.

    Raises:
        AdapterDamaged: it is not JSON, or lacks or mistakes what every LoRA says.
        AdapterUnfit: it is of another kind.
    """
    try:
        config = json.loads(content)
        if not isinstance(config, dict):
            raise ValueError("it is not an object")
        _refuse_other_kinds(config, where)
        read = _checked(config)
    except (ValueError, TypeError, KeyError, re.error) as error:
        raise AdapterDamaged(f"{CONFIG} of {where} cannot be used: {short(error)}; fetch the folder again") from error
    return read


def _refuse_other_kinds(config: Mapping[str, Any], where: str) -> None:
    for kind in _other_kinds(config):
        raise AdapterUnfit(
            f"{where} is {kind}, which s·B·A cannot say exactly; merge it into its base with PEFT or train a plain LoRA"
        )


def _other_kinds(config: Mapping[str, Any]) -> Iterable[str]:
    if config.get("peft_type") != "LORA":
        yield f"a PEFT adapter of type {config.get('peft_type')}"
    if config.get("task_type") not in (None, "CAUSAL_LM"):
        yield f"for the task {config['task_type']}"
    if config.get("bias", "none") != "none":
        yield f"one with biases (bias={config['bias']!r})"
    if config.get("init_lora_weights") not in _HARMLESS_INIT:
        yield f"one that alters the base (init_lora_weights={config['init_lora_weights']!r})"
    for key, value in config.items():
        if value and key not in _HARMLESS:
            yield _KINDS.get(key, f"one with {key}")


def _checked(config: Mapping[str, Any]) -> PeftConfig:
    layers = config.get("layers_to_transform")
    ranks = dict(config.get("rank_pattern") or {})
    rank, alpha, rslora = config["r"], config["lora_alpha"], config.get("use_rslora", False)
    if any(type(each) is not int or not 0 < each <= 65536 for each in (rank, *ranks.values())):
        raise ValueError("a rank is not a whole number from 1 to 65536")
    if type(alpha) not in (int, float) or not math.isfinite(alpha) or alpha <= 0:
        raise ValueError("lora_alpha is not a number above 0")
    if type(rslora) is not bool:
        raise ValueError("use_rslora is neither true nor false")
    targets, excluded = _names(config["target_modules"]), _names(config.get("exclude_modules") or ())
    chosen = None if layers in (None, []) else tuple([layers] if isinstance(layers, int) else layers)
    return PeftConfig(rank, alpha, rslora, ranks, targets, excluded, chosen)


def _names(names: Any) -> str | tuple[str, ...]:
    if isinstance(names, str):
        re.compile(names if names != "all-linear" else "")
        return names
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ValueError("target_modules or exclude_modules is not a list of names")
    return tuple(names)


def written_config(adapter: Adapter, base_name: str | None) -> dict[str, Any]:
    """The config with which PEFT puts pairs on exactly the adapter's layers."""
    spec, layers = adapter.spec, sorted(adapter.factors)
    targets, numbers = _chosen(layers)
    return {
        "base_model_name_or_path": base_name,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "layers_to_transform": numbers,
        "lora_alpha": spec.alpha,
        "lora_dropout": 0.0,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": spec.rank,
        "target_modules": targets,
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": spec.rslora,
    }


def _chosen(layers: list[str]) -> tuple[list[str], list[int] | None]:
    """The shortest way to say exactly these layers: last parts and numbers where they form a grid, else full names."""
    numbers = sorted({number for number in map(layer_number, layers) if number is not None})
    targets = sorted({layer.rsplit(".", 1)[-1] for layer in layers})
    grid = {(layer.rsplit(".", 1)[-1], layer_number(layer)) for layer in layers}
    if len(grid) == len(layers) == len(targets) * len(numbers):
        return targets, numbers
    return layers, None


def layer_number(layer: str) -> int | None:
    """The number in a layer's name, 3 in `model.layers.3.mlp.up_proj`; None where there is none."""
    found = _NUMBERED.match(layer)
    return int(found[1]) if found else None


def short(error: Exception) -> str:
    """What a lower library said, on one line of a sentence's length."""
    return " ".join(str(error).split())[:120]
