"""Adapters leave for other programs, and come from them.

    shelf ─► exported ─► a PEFT folder, a GGUF file, merged weights, a Modelfile ─► made in Ollama
    a PEFT folder from elsewhere ─► imported ─► shelf, with the form that the engine serves

The formats are `adapters/exporting` and `adapters/peft_folder.py`; it decides nothing, and deploys nothing.

>>> exported(learning, "dates", Path("out"), "gguf")                      # doctest: +SKIP
(PosixPath('out/adapter.gguf'),)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.adapters.shelf import Provenance, Shelved
from workbench.learning import SERVED_FILE
from workbench.models.deployed import ollama_name

if TYPE_CHECKING:
    from workbench.learning import Learning

Form = Literal["peft", "gguf", "merged", "ollama"]


def exported(learning: Learning, ref: str, folder: Path, form: Form = "peft") -> tuple[Path, ...]:
    """Write an adapter in a form that other programs read.

    Args:
        form: `peft` for PEFT and transformers, `gguf` for llama.cpp, `merged` for a whole model, `ollama` for a
            Modelfile beside the GGUF.
    Raises:
        AdapterNotFound, AdapterDamaged: there is no such adapter, or it is not whole.
        AdapterUnfit: this form cannot say it.
    """
    from workbench.adapters import exporting
    from workbench.adapters.bases import load_tokenizer
    from workbench.adapters.peft_folder import write_folder

    one, adapter, base = learning.shelf.find(ref), learning.shelf.get(ref), learning.base
    if form == "peft":
        write_folder(adapter, folder, base_name=one.card.origin.base_name)
        return tuple(sorted(folder.iterdir()))
    if form == "merged":
        exporting.write_merged(base, adapter, folder)
        return tuple(sorted(folder.iterdir()))
    folder.mkdir(parents=True, exist_ok=True)
    made = exporting.write_gguf(adapter, base, folder / SERVED_FILE)
    if form == "gguf":
        return (made,)
    return made, exporting.write_modelfile(base, made, load_tokenizer(base))


async def made_in_ollama(learning: Learning, ref: str, gguf: Path) -> str:
    """Make a model of an exported adapter where an Ollama server answers; else say the command for later.

    Raises:
        ModelError: the server answers but cannot make it.
    """
    from workbench.adapters.bases import load_tokenizer
    from workbench.adapters.exporting import create

    one, base = learning.shelf.find(ref), learning.base
    name, host = ollama_name(one.label, one.identity), learning.settings.ollama.host
    return (await create(base, gguf, name, load_tokenizer(base), host=host)).sentence


def imported(learning: Learning, folder: Path, name: str) -> Shelved:
    """Put a PEFT folder from elsewhere on the shelf.

    Raises:
        AdapterDamaged, AdapterUnfit: it cannot be read, or does not lie on the base of the settings.
        AdapterError: the name is taken.
    """
    from workbench.adapters.peft_folder import read_folder

    adapter = read_folder(folder, learning.base)
    one = learning.shelf.put(adapter, Provenance("import", learning.base.name, learning.base.licence), name=name)
    learning.prepare(one, adapter)
    return learning.shelf.find(one.identity)
