"""A GGUF file becomes a transformers folder, once: weights in bf16, tokenizer, chat template; whole or not at all.

    header ─► plan (memory, disk) ─► transformers' own GGUF reader ─► safetensors in a hidden folder ─► renamed

transformers reads the whole header, vocabulary included, three times, and builds llama.cpp's table of names once for
each of a model's modules (397 times for 30 layers); profiled, that was three quarters of the work. `_remembering` has
both done once. It does not know who asks for the folder.

>>> as_folder(Path("model.gguf"), identity, cache)                         # doctest: +SKIP
PosixPath('…/b179c9523d0e6a0f-1')
"""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import psutil

from workbench import disk
from workbench.adapters.bases.quiet import quiet, replaced
from workbench.core.errors import MemoryBudgetError, ModelNotFound, ModelRefused
from workbench.hardware.planner import MIB, show_gib

FORM = 1  # of the folders made here; another number makes them anew
WEIGHT_BYTES = 2  # bf16
TOKENIZER_BYTES = 64 * MIB  # of tokenizer.json, at most
RUNTIME_BYTES = 512 * MIB  # torch and transformers themselves

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says of itself."""

    architecture: str
    licence: str | None
    parameters: int
    largest: int  # parameters of the largest tensor

    @property
    def disk_bytes(self) -> int:
        return WEIGHT_BYTES * self.parameters + TOKENIZER_BYTES

    @property
    def memory_bytes(self) -> int:
        """All weights in bf16, twice at the worst moment, and the largest tensor in fp32 with its scratch."""
        return 2 * WEIGHT_BYTES * self.parameters + 3 * 4 * self.largest + RUNTIME_BYTES


def as_folder(
    gguf: Path, identity: str, cache: Path, *, promised: bool = False, on_progress: Progress | None = None
) -> Path:
    """The folder of these weights, made now if it is not there.

    Args:
        identity: SHA-256 of the file.
        promised: the identity comes from elsewhere, so compare it with the file before it is used.
        on_progress: called with what is being done and the share of it that is done.
    Raises:
        ModelNotFound: the file is not what its digest says.
        ModelRefused: it is no GGUF file that can be read, or of an architecture that is not.
        MemoryBudgetError: it would not fit this machine's memory or disk.
    """
    from filelock import FileLock

    folder = cache / f"{identity[:16]}-{FORM}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{folder.name}.lock"):  # a second process waits, and finds it made
        if not folder.is_dir():
            header = read_header(gguf)
            _plan(header, gguf, cache)
            if promised:
                _keep_promise(gguf, identity)
            _make(gguf, folder, header, on_progress or _unheard)
    return folder


def read_header(gguf: Path) -> Header:
    """Read no more than the header.

    Raises:
        ModelRefused: it is no GGUF file, is cut short, or holds a kind of tensor that transformers cannot read.
    """
    from transformers.integrations.gguf.reader import GgufHeader, read_gguf_metadata

    try:
        facts, _ = read_gguf_metadata(str(gguf))
        header = GgufHeader.from_file(str(gguf))
    except (ValueError, IndexError, struct.error) as error:
        raise _unreadable(gguf, error) from error
    if any(header.data_start + one.offset + one.nbytes > gguf.stat().st_size for one in header.tensors):
        raise _unreadable(gguf, "it is cut short")
    sizes = [prod(one.shape) for one in header.tensors]
    stated = facts.get("general.license")
    licence = stated if isinstance(stated, str) else None
    return Header(str(facts["general.architecture"]), licence, sum(sizes), max(sizes, default=0))


def _plan(header: Header, gguf: Path, cache: Path) -> None:
    """Refuse before anything is loaded."""
    free_memory, free_disk = psutil.virtual_memory().available, shutil.disk_usage(cache).free
    if header.memory_bytes > free_memory:
        raise MemoryBudgetError(
            f"Turning {gguf.name} into trainable weights needs {show_gib(header.memory_bytes)} of memory and "
            f"{show_gib(free_memory)} are free; close other programs or take a smaller base"
        )
    if header.disk_bytes > free_disk:
        raise _no_room(gguf, header.disk_bytes, free_disk, cache)


def _make(gguf: Path, folder: Path, header: Header, on_progress: Progress) -> None:
    for left in folder.parent.glob(f".making-{folder.name}-*"):  # of a process that was killed; we hold the lock
        shutil.rmtree(left)
    made = Path(tempfile.mkdtemp(prefix=f".making-{folder.name}-", dir=folder.parent))
    try:
        _convert(gguf, made, on_progress)
        front = f"---\nlicense: {json.dumps(header.licence)}\n---\n" if header.licence else ""
        (made / "README.md").write_text(f"{front}Weights of {gguf.name} in bf16.\n", encoding="utf-8")
        made.chmod(0o755)
        made.rename(folder)
    except OSError as error:
        if not disk.has_no_room(error):
            raise
        free = shutil.disk_usage(folder.parent).free
        raise _no_room(gguf, header.disk_bytes, free, folder.parent) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _convert(gguf: Path, folder: Path, on_progress: Progress) -> None:
    with quiet(), _remembering(on_progress):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

        source = {"gguf_file": gguf.name, "local_files_only": True}
        try:
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                gguf.parent,
                quantization_config=GgufConfig(dequantize=True),
                dtype=torch.bfloat16,
                output_loading_info=True,
                **source,
            )
            tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **source)
        except (ValueError, KeyError, NotImplementedError, RuntimeError) as error:
            raise _unreadable(gguf, error) from error
        model, told = loaded
        absent = sorted({*told["missing_keys"], *(one[0] for one in told["mismatched_keys"])})
        if absent:  # transformers would have drawn them at random
            raise _unreadable(gguf, f"{absent[0]} is not in it")
        vars(model.config).pop("quantization_config", None)  # the weights are plain now
        on_progress("writing", 0.0)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        on_progress("writing", 1.0)


@contextmanager
def _remembering(on_progress: Progress) -> Iterator[None]:
    """Inside, what transformers asks of the `gguf` package again and again is worked out once.

    Only names that transformers looks up at each call are replaced, by functions that give the same results; where a
    later version no longer looks them up, this does nothing.
    """
    import gguf
    from transformers import modeling_gguf_pytorch_utils as reading

    def told(tensors: Iterable[Any], **said: object) -> Iterator[Any]:
        every = list(tensors)
        for done, one in enumerate(every):
            on_progress("reading", done / len(every))
            yield one

    with ExitStack() as stack:
        stack.enter_context(replaced(gguf, "GGUFReader", lru_cache(maxsize=1)(_reader())))
        stack.enter_context(replaced(gguf, "get_tensor_name_map", lru_cache(maxsize=4)(gguf.get_tensor_name_map)))
        stack.enter_context(replaced(reading, "tqdm", told))
        yield


def _reader() -> type[Any]:
    """A reader over a plain array: every slice of a memory map is a memory map again, which is slower to make."""
    import gguf
    import numpy as np

    class Reader(gguf.GGUFReader):
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, np.asarray(value) if name == "data" else value)

    return Reader


def _keep_promise(gguf: Path, identity: str) -> None:
    with gguf.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != identity:
            raise ModelNotFound(f"The weights {gguf.name[:19]}… were altered; remove the model and pull it again")


def _unheard(doing: str, share: float) -> None:
    """Nobody listens."""


def _unreadable(gguf: Path, why: object) -> ModelRefused:
    said = " ".join(str(why).split())[:160]
    return ModelRefused(f"{gguf.name} cannot be turned into trainable weights ({said}); use its Hugging Face folder")


def _no_room(gguf: Path, need: int, free: int, cache: Path) -> MemoryBudgetError:
    return MemoryBudgetError(
        f"Turning {gguf.name} into trainable weights needs {show_gib(need)} of disk and {show_gib(free)} are free "
        f"in {cache}; make room or set training.bases_folder"
    )
