"""Keeping the store itself in order: check, rebuild, encrypt, decrypt, rotate-key, new-key.

workbench memory check                     every fault in one sentence, and what mends it; exit code 1 if one is bad
workbench memory rebuild [--embed]         the index from the vectors in SQL; with --embed the vectors from the texts
workbench memory new-key [--out FILE]      a key that nobody can guess
workbench memory encrypt [--vectors]       texts, and vectors too, with the key of the settings
workbench memory decrypt
workbench memory rotate-key [--to FILE]    a new key, after which the old one opens nothing
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.desk import Step, bar, open_desk, out, say
from workbench.cli.memory_desk import opened
from workbench.cli.showing import AsJson, print_json, table
from workbench.core.errors import StoreError

if TYPE_CHECKING:
    from workbench.core.settings import Settings
    from workbench.memory import Memory
    from workbench.memory.vault.keys import PersonKey

KEEP_IT = "Keep a copy of it elsewhere: without it an encrypted memory cannot be read."


def register(app: typer.Typer) -> None:
    """Add these commands to `workbench memory`."""
    for command in (check, rebuild, encrypt, decrypt):
        app.command()(command)
    app.command("rotate-key")(rotate_key)
    app.command("new-key")(new_key)


def check(as_json: AsJson = False) -> None:
    """Look for faults in the database and its index, and say what mends each."""
    from workbench.memory import open_embedder
    from workbench.memory.upkeep.checkup import check as examine

    settings = open_desk()
    embedder = open_embedder(settings.memory.embedder, ollama_host=settings.ollama.host).name
    with bar("reading") as step:
        found = examine(settings, embedder, on_progress=step)
    if as_json:
        print_json([asdict(one) for one in found])
    elif found:
        rows = [(one.severity, one.place, one.sentence, one.remedy) for one in found]
        out().print(table(("", "where", "finding", "what to do"), rows))
    else:
        say("The memory is sound: nothing was found.")
    if any(one.severity == "bad" for one in found):
        raise typer.Exit(1)


def rebuild(
    embed: Annotated[
        bool, typer.Option("--embed", help="Embed all that lacks a vector of this embedder first.")
    ] = False,
) -> None:
    """Drop the index and fill it again from the database."""
    settings = open_desk()
    with opened(settings) as memory:
        if embed:
            _embed(memory)
        _rebuild_index(settings, memory)


def encrypt(
    vectors: Annotated[
        bool, typer.Option("--vectors", help="Vectors too; they are then searched in RAM only.")
    ] = False,
) -> None:
    """Encrypt what is remembered, with the key that the settings name."""
    from workbench.memory.vault import conversion
    from workbench.memory.vault.keys import keys_from

    settings = open_desk()
    with opened(settings) as memory, bar("encrypting") as step:
        conversion.encrypt(memory.database, keys_from(settings), vectors=vectors, on_progress=step)
        if vectors:
            conversion.remove_index(settings.home / "memory")
    say(f"Texts {'and vectors ' if vectors else ''}are encrypted; without the key nobody can read them.")


def decrypt() -> None:
    """Make an encrypted memory readable without a key."""
    from workbench.memory.vault import conversion

    settings = open_desk()
    if settings.memory.encrypt_memory:
        raise StoreError("memory.encrypt_memory is on and would encrypt the memory again; set it to false first")
    with opened(settings) as memory, bar("decrypting") as step:
        conversion.decrypt(memory.database, on_progress=step)
    say("The memory can be read without a key now.")


def rotate_key(
    to: Annotated[
        Path | None, typer.Option(help="A new file for the new key; left out, the key file of the settings changes.")
    ] = None,
) -> None:
    """Exchange the key; the old one opens nothing any more but older backups."""
    settings = open_desk()
    with opened(settings) as memory, bar("sealing anew") as step:
        key = _rotated(settings, memory, to, step)
    say(f"The new key is in {key.origin.removeprefix('the file ')}. {KEEP_IT}")
    if to is not None:
        say("Put it where the old one was: WORKBENCH_MEMORY_KEY, memory.key_file or the keyring.")


def new_key(
    out_file: Annotated[
        Path | None, typer.Option("--out", help="A new file; left out, the key file of the settings.")
    ] = None,
) -> None:
    """Write a fresh key to a file that only you can read."""
    from workbench.memory.vault.keys import key_file_of, new_key_file

    path = out_file or key_file_of(open_desk())
    new_key_file(path)
    say(f"A new key is in {path}. {KEEP_IT}")


def _embed(memory: Memory) -> None:
    from workbench.memory.upkeep.reembedding import reembed
    from workbench.memory.upkeep.row_checks import set_aside, unusable

    set_aside(memory.database, unusable(memory.database))
    with bar("embedding") as step:
        number = reembed(memory.memories, memory.embedder, lambda now: step(now.done, now.of))
    say(f"{number:,} memories were embedded by {memory.embedder.name}.")


def _rebuild_index(settings: Settings, memory: Memory) -> None:
    from workbench.memory.upkeep.checkup import rebuild as refill
    from workbench.memory.vault.conversion import remove_index

    folder, dials = settings.home / "memory", settings.memory
    if dials.index == "exact" or memory.database.vault.seals_vectors:
        remove_index(folder)
        why = "memory.index is exact" if dials.index == "exact" else "vectors are encrypted"
        say(f"There is no index on disk: {why}, and every search compares with every vector in RAM.")
        return
    with bar("indexing") as step:
        number = refill(memory.memories, folder, memory.embedder.name, chroma_url=dials.chroma_url, on_progress=step)
    say(f"The index holds {number:,} long-term memories.")


def _rotated(settings: Settings, memory: Memory, to: Path | None, step: Step) -> PersonKey:
    from workbench.memory.vault import conversion
    from workbench.memory.vault.keys import FirstOf, key_file_of, keys_from, new_key_file

    path = key_file_of(settings)
    if not memory.database.vault.seals:
        raise StoreError("The memory is not encrypted and has no key to exchange; run: workbench memory encrypt")
    if to is not None:
        key = new_key_file(to)
        conversion.rotate(memory.database, FirstOf((key, keys_from(settings))), on_progress=step)
        return key
    if not path.exists():
        raise StoreError(
            "The key is not in a file that could change; name a new one: workbench memory rotate-key --to FILE"
        )
    return conversion.rotate_key_file(memory.database, path, on_progress=step)
