"""What `workbench doctor` looks at: each check is a finding with what to do about it. It changes nothing but
that a home without a database gets one.

>>> Finding("note", "GPU", "none found", "answers come from the CPU; nothing to do").state
'note'
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.core.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.core.settings import Settings

LOW_DISK_BYTES = 2 * 1024**3
NOTEBOOK_PACKAGES = ("jupyterlab", "voila", "plotly", "anywidget")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: ok, a note (works without), or bad (must be mended)."""

    state: Literal["ok", "note", "bad"]
    check: str
    finding: str
    remedy: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order a newcomer would ask."""
    checks = (_python, _embedded, _embedder, _store, _disk, _gpu, _learning, _champion, _notebooks)
    findings = [await asyncio.to_thread(check, settings) for check in checks]
    return [*findings, await _ollama(settings)]


def _python(settings: Settings) -> Finding:
    return Finding("ok", "Python", f"{platform.python_version()} at {sys.prefix}")


def _embedded(settings: Settings) -> Finding:
    from workbench.models.embedded import NAME, verify_weights

    return _try("embedded model", lambda: f"{NAME}, checksum verified: {verify_weights().name}")


def _embedder(settings: Settings) -> Finding:
    from workbench.memory import MiniLM

    return _try("embedder", lambda: f"{MiniLM().name} gives {MiniLM().embed(['hello']).shape[1]} numbers a text")


def _store(settings: Settings) -> Finding:
    from workbench.agent import open_memory

    def look() -> str:
        memory = open_memory(settings)
        try:
            return f"{settings.home} holds {len(memory.sessions.list())} sessions"
        finally:
            memory.close()

    return _try("memory", look)


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings)).free
    state: Literal["ok", "note"] = "ok" if free > LOW_DISK_BYTES else "note"
    return Finding(state, "disk", f"{free / 1024**3:.1f} GiB free", "" if state == "ok" else "free some space")


def _existing(settings: Settings) -> str:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    return str(folder)


def _gpu(settings: Settings) -> Finding:
    from workbench.hardware.planner import gib, show_gib
    from workbench.hardware.snapshot import take_snapshot

    snapshot = take_snapshot(gib(settings.hardware.budget_gib))
    free = f"{show_gib(snapshot.free_bytes)} free within the budget ({snapshot.label})"
    if snapshot.label == "VRAM":
        return Finding("ok", "GPU", f"{snapshot.device}: {free}")
    return Finding("note", "GPU", f"none found; {free}", 'fine without; NVIDIA users: pip install ".[gpu]"')


def _learning(settings: Settings) -> Finding:
    from workbench.learning import NEEDED

    missing = [name for name in NEEDED if not _installed(name)]
    if missing:
        remedy = 'answering does without; to train: pip install -c constraints.txt ".[learn]"'
        return Finding("note", "learning", f"not installed: {', '.join(missing)}", remedy)
    return Finding("ok", "learning", f"PyTorch {importlib.metadata.version('torch')} and PEFT are installed")


def _champion(settings: Settings) -> Finding:
    from workbench.learning import Learning

    def look() -> str:
        deployed = Learning(settings).deployed()
        return "the plain base answers" if deployed is None else f"{deployed.adapter} answers, on {deployed.base}"

    return _try("adapter", look)


def _notebooks(settings: Settings) -> Finding:
    missing = [name for name in NOTEBOOK_PACKAGES if not _installed(name)]
    if missing:
        return Finding(
            "note", "notebooks", f"not installed: {', '.join(missing)}", 'pip install -c constraints.txt ".[lab,serve]"'
        )
    return Finding("ok", "notebooks", "JupyterLab and Voila are installed")


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


async def _ollama(settings: Settings) -> Finding:
    from workbench.models.backends import Backends

    found = await Backends(settings).find()
    if found.usable:
        return Finding("ok", "Ollama", f"{found.reason}; models: {', '.join(one.name for one in found.usable)}")
    return Finding("note", "Ollama", found.reason, "optional: the embedded model answers without it")


def _try(check: str, look: Callable[[], str]) -> Finding:
    """The sentence of an error names what to do, so it stands in both columns' place."""
    try:
        return Finding("ok", check, look())
    except WorkbenchError as error:
        return Finding("bad", check, "does not work", error.sentence)
