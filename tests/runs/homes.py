"""A home in which two specialists of the real small model were trained for a few steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.adapters.bases import Base
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.learning import Learning

SPECIALISTS = ("person_city", "iso_date")
SMALL = {
    "training.steps": 2,
    "training.batch": 4,
    "evolution.size": 4,
    "evolution.evaluations": 36,
    "evolution.depths": 1,
    "evolution.keep": 1,
    "evolution.teach_steps": 1,
    "memory.recall_k": 0,
}


@pytest.fixture(scope="session")
def taught_home(tmp_path_factory: pytest.TempPathFactory, base: Base) -> Path:
    home = tmp_path_factory.mktemp("taught") / "home"
    learning = learning_in(home, base)
    for seed, skill in enumerate(SPECIALISTS):
        learning.train(generate(skill, 8, seed=seed), skill)
    learning.score(generate("name_date", 1, seed=0))  # so that the cache has its tables
    learning.release()
    return home


def learning_in(home: Path, base: Base, **changes: object) -> Learning:
    given = {key.replace("__", "."): value for key, value in changes.items()}
    where = {"home": str(home), "training.bases_folder": str(base.folder.parent)}
    return Learning(load_settings(overrides={**SMALL, **where, **given}))
