"""Two lessons one after another on the real model, nothing stored but sums: the first is known afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.adapters.bases import Base
from workbench.core.settings import load_settings
from workbench.corpus.skills import generate
from workbench.learning import Learning

DIALS = {"learn.replay": 0, "training.rank": 16, "training.alpha": 32.0, "training.steps": 36}


@pytest.mark.drill  # three lessons of 36 steps: two minutes
def test_what_was_learned_first_is_known_after_a_second_lesson_that_spares_it(base: Base, home: Path) -> None:
    learning = Learning(load_settings(overrides={**DIALS, "training.bases_folder": str(base.folder.parent)}))
    dates, capitals = (generate(skill, 576, seed=9) for skill in ("iso_date", "capitals"))
    asked = generate("iso_date", 40, seed=778, without={one.id for one in dates})
    first = learning.train(dates, "dates").shelved
    spared = learning.train(capitals, "spared", start=first)
    assert spared.retained.spared == ("iso_date",)
    learning.shelf.detach(first.identity, "sums.safetensors")
    plain = learning.train(capitals, "plain", start=learning.shelf.find("dates"))
    assert plain.retained.unkept == ("iso_date",)
    known, kept, lost = (learning.score(asked, name).correct for name in ("dates", "spared", "plain"))
    assert known >= 35
    assert kept >= 0.9 * known
    assert lost <= 0.5 * known
    new = generate("capitals", 40, seed=778, without={one.id for one in capitals})
    assert learning.score(new, "spared").correct > learning.score(new, "dates").correct
