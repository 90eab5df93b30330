"""Importing the package loads nothing heavy; its time is measured by benchmarks/answering.py, not by a test."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "chromadb",
    "llama_index",
    "workflows",
    "onnxruntime",
    "sqlalchemy",
    "ollama",
    "xllamacpp",
    "numpy",
    "pandas",
    "plotly",
)


@pytest.mark.parametrize("module", ["workbench", "workbench.cli.app", "workbench.agent"])
def test_heavy_libraries_load_on_use(module: str) -> None:
    code = f"import {module}, sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    allowed = {"numpy"} if module == "workbench.agent" else set()
    assert set(loaded) <= allowed
