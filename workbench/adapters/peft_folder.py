"""A standard PEFT folder becomes an adapter, and an adapter becomes a folder that plain PEFT loads.

    adapter_config.json            rank, alpha, targets
    adapter_model.safetensors      base_model.model.<layer>.lora_A.weight  (rank, in)
                                   base_model.model.<layer>.lora_B.weight  (out, rank)
                                   metadata: the whole spec, the base's identity with it

Only what s · B · A says exactly is read; every other kind is refused by name. A layer with a rank of its own
(`rank_pattern`) has a scale of its own too, and is read where that scale differs from the adapter's by a power of two:
then it goes into B without rounding, and the pair is filled with zeros to the adapter's rank. A pickle is never opened.
It does not know the shelf, nor whether the adapter is any good.

>>> write_folder(adapter, Path("mine")); read_folder(Path("mine")).identity == adapter.identity      # doctest: +SKIP
True
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.peft_config import CONFIG, PeftConfig, read_config, short, written_config
from workbench.core.errors import AdapterDamaged, AdapterError, AdapterUnfit

if TYPE_CHECKING:
    from torch import Tensor

    from workbench.adapters.bases.base import Base

WEIGHTS = "adapter_model.safetensors"
_PICKLES = ("adapter_model.bin", "adapter_model.pt", "adapter_model.pth")
_PREFIX, _OURS = "base_model.model.", "workbench"
_NUMBERED = re.compile(r".*?\.[^.]*\.(\d+)\.")  # where PEFT looks for the number of a layer
_KEY = re.compile(rf"{re.escape(_PREFIX)}(.+)\.lora_([AB])\.weight")


def read_folder(folder: Path, base: Base | None = None) -> Adapter:
    """The adapter of a folder.

    Args:
        base: what it lies on; needed for a folder from elsewhere, which does not carry its base's identity.
    Raises:
        AdapterDamaged: files are missing, truncated, altered, or are a pickle.
        AdapterUnfit: it is of a kind that s · B · A cannot say exactly, or was made for another base.
    """
    return adapter_of({name: _read(folder, name) for name in (CONFIG, WEIGHTS)}, base, str(folder))


def write_folder(adapter: Adapter, folder: Path, *, base_name: str | None = None) -> None:
    """A folder that `peft.PeftModel.from_pretrained(model, folder)` loads.

    Raises:
        AdapterError: the folder cannot be written.
    """
    files = files_of(adapter, base_name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise AdapterError(f"{folder} cannot be written ({error.strerror}); choose another folder") from error


def adapter_of(files: Mapping[str, bytes], base: Base | None, where: str) -> Adapter:
    """The adapter of two files' bytes; `where` names them in errors."""
    config = read_config(files[CONFIG], where)
    tensors, metadata = _tensors(files[WEIGHTS], where)
    pairs, ours = _pairs(tensors, config, where), _ours(metadata, where)
    if ours is not None and base is not None and base.identity != ours.spec.base:
        raise AdapterUnfit(
            f"{where} was made for the base {ours.spec.base[:12]}…, not {base.name} ({base.identity[:12]}…); "
            "open it with its own base"
        )
    if base is not None:
        _fit(pairs, config, base, where)
    if ours is not None:
        return _own(pairs, config, ours, where)
    if base is None:
        raise AdapterUnfit(f"{where} does not say which weights it was made for; name its base")
    return _foreign(pairs, config, base, where)


def files_of(adapter: Adapter, base_name: str | None = None) -> dict[str, bytes]:
    """The bytes of both files, by name."""
    from safetensors.torch import save

    spec = adapter.spec
    ours = {"spec": asdict(spec), "ranks": {layer: len(pair.a) for layer, pair in sorted(adapter.factors.items())}}
    tensors = {}
    for layer, pair in adapter.factors.items():
        whole = padded(pair, spec.rank)
        tensors[f"{_PREFIX}{layer}.lora_A.weight"] = whole.a.contiguous()
        tensors[f"{_PREFIX}{layer}.lora_B.weight"] = whole.b.contiguous()
    metadata = {"format": "pt", _OURS: json.dumps(ours, sort_keys=True)}
    return {
        CONFIG: json.dumps(written_config(adapter, base_name), indent=2, sort_keys=True).encode() + b"\n",
        WEIGHTS: save(tensors, metadata),
    }


def padded(pair: Factors, rank: int) -> Factors:
    """The same ΔW at a higher rank: rows of A and columns of B that are zero are added."""
    from torch.nn.functional import pad

    more = rank - len(pair.a)
    if more < 0:
        raise AdapterUnfit(f"A pair of rank {len(pair.a)} does not fit an adapter of rank {rank}; truncate it first")
    return pair if more == 0 else Factors(pad(pair.a, (0, 0, 0, more)), pad(pair.b, (0, more)))


def linear_shapes(base: Base) -> dict[str, tuple[int, ...]]:
    """(out, in) of every weight matrix of a base, by its layer's name; read from the files' heads alone.

    Raises:
        AdapterUnfit: the base keeps no safetensors.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for path in sorted(base.folder.glob("*.safetensors")):
        with path.open("rb") as file:
            head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        named = {name.removesuffix(".weight"): about for name, about in head.items() if name.endswith(".weight")}
        shapes |= {name: tuple(about["shape"]) for name, about in named.items() if len(about["shape"]) == 2}
    if not shapes:
        raise AdapterUnfit(f"The base {base.name} has no safetensors in {base.folder}; open it by another name")
    return shapes


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError as error:
        pickle = next((each for each in _PICKLES if (folder / each).exists()), None)
        if name == WEIGHTS and pickle:
            raise AdapterDamaged(
                f"{folder / pickle} is a pickle, which can run any code when it is opened, so it is not; "
                "where you trust it, load it in PEFT and save it again with save_pretrained(safe_serialization=True)"
            ) from error
        raise AdapterDamaged(f"{folder} has no {name}; give a folder that PEFT has saved") from error
    except OSError as error:
        raise AdapterDamaged(f"{folder / name} cannot be read ({error.strerror}); give a folder of your own") from error


def _tensors(content: bytes, where: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors = load(content)
        head = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    except (SafetensorError, ValueError, KeyError) as error:
        raise AdapterDamaged(
            f"{WEIGHTS} of {where} is truncated or altered ({short(error)}); fetch it again"
        ) from error
    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or not bool(torch.isfinite(tensor.float()).all()):
            raise AdapterDamaged(f"{name} in {where} holds what is no finite number; fetch it again or train anew")
    return {name: tensor.float() for name, tensor in tensors.items()}, head.get("__metadata__", {})


def _pairs(tensors: Mapping[str, Tensor], config: PeftConfig, where: str) -> dict[str, Factors]:
    """The pairs by layer, each of the rank that the config says, on layers that the config targets."""
    halves: dict[str, dict[str, Tensor]] = {}
    for name, tensor in sorted(tensors.items()):
        found = _KEY.fullmatch(name)
        if found is None or not config.covers(found[1]):
            raise AdapterUnfit(f"{where} holds {name}, which is no LoRA pair of its targets; save a plain LoRA")
        halves.setdefault(found[1], {})[found[2]] = tensor
    for layer, half in halves.items():
        if len(half) < 2 or not _matched(half["A"], half["B"], config.rank_of(layer)):
            raise AdapterDamaged(f"The pair of {layer} in {where} is incomplete or of a wrong shape; fetch it again")
    if not halves:
        raise AdapterDamaged(f"{where} holds no weights; fetch it again")
    return {layer: Factors(half["A"], half["B"]) for layer, half in sorted(halves.items())}


def _matched(a: Tensor, b: Tensor, rank: int) -> bool:
    return a.ndim == b.ndim == 2 and a.shape[0] == b.shape[1] == rank


def _fit(pairs: Mapping[str, Factors], config: PeftConfig, base: Base, where: str) -> None:
    shapes = linear_shapes(base)
    for layer, (a, b) in pairs.items():
        if (here := shapes.get(layer)) != (there := (b.shape[0], a.shape[1])):
            raise AdapterUnfit(
                f"{where} has {layer} of shape {there} and {base.name} {here or 'no such weights'}; name its own base"
            )
    if config.targets == "all-linear":
        return
    missing = [layer for layer in shapes if layer not in pairs and config.covers(layer)]
    if missing:
        raise AdapterDamaged(f"{where} lacks the weights of {len(missing)} layers, {missing[0]} first; fetch it again")


class _Ours(NamedTuple):
    spec: LoraSpec
    ranks: Mapping[str, int]  # of each pair, before it was filled with zeros


def _ours(metadata: Mapping[str, str], where: str) -> _Ours | None:
    """What one of our folders says of itself; None for a folder from elsewhere."""
    if _OURS not in metadata:
        return None
    try:
        said = json.loads(metadata[_OURS])
        spec = LoraSpec(**(said["spec"] | {"targets": tuple(said["spec"]["targets"])}))
        return _Ours(spec, dict(said["ranks"]))
    except (ValueError, TypeError, KeyError) as error:
        raise AdapterDamaged(f"{WEIGHTS} of {where} says something odd of itself; fetch it again") from error


def _own(pairs: Mapping[str, Factors], config: PeftConfig, ours: _Ours, where: str) -> Adapter:
    """A folder of ours: the spec as it was, and each pair without the zeros that were added."""
    same = (ours.spec.rank, ours.spec.alpha, ours.spec.rslora) == (config.rank, config.alpha, config.rslora)
    if not same or ours.ranks.keys() != pairs.keys():
        raise AdapterDamaged(f"{CONFIG} of {where} does not agree with its weights; fetch the folder again")
    cut = {layer: Factors(pair.a[: ours.ranks[layer]], pair.b[:, : ours.ranks[layer]]) for layer, pair in pairs.items()}
    return Adapter(ours.spec, {layer: Factors(a.contiguous(), b.contiguous()) for layer, (a, b) in cut.items()})


def _foreign(pairs: Mapping[str, Factors], config: PeftConfig, base: Base, where: str) -> Adapter:
    rank = max(len(pair.a) for pair in pairs.values())
    targets = tuple(sorted({layer.rsplit(".", 1)[-1] for layer in pairs}))
    spec = LoraSpec(base.identity, rank, float(config.alpha), config.rslora, targets)
    root: Callable[[float], float] = math.sqrt if config.rslora else float
    factors = {}
    for layer, (a, b) in pairs.items():
        ratio = root(rank / len(a))  # of this pair's own scale to the adapter's
        if math.frexp(ratio)[0] != 0.5:
            raise AdapterUnfit(
                f"{where} has ranks {len(a)} and {rank} (rank_pattern), whose scales differ by {ratio:.4g}, "
                "which is no power of two; train it with one rank"
            )
        factors[layer] = padded(Factors(a, b * ratio), rank)
    return Adapter(spec, factors)
