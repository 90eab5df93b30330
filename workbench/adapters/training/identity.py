"""What makes two runs the same: base, examples, settings, start. The same run goes on where it stopped.

It is a hash, so a caller can name a run's folder by it. The order in which examples are given does not count; their
weights do, and whatever changes a number: the precision that `auto` stands for, and the kind of device.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from workbench.adapters.adapter import Adapter
from workbench.adapters.bases import Base
from workbench.adapters.grams import Grams
from workbench.core.examples import Example
from workbench.core.schema import TrainingSettings

FORM = 1  # of the arithmetic; another number makes every run another
ELSEWHERE = {"base", "bases_folder", "shelf_gib", "precision"}  # said otherwise, or of no effect on the weights


def run_identity(
    base: Base,
    examples: Sequence[Example],
    dials: TrainingSettings,
    *,
    tune: Sequence[Example] = (),
    start: Adapter | None = None,
    spare: Sequence[Grams] = (),
) -> str:
    """64 digits of SHA-256."""
    from workbench.adapters.bases.loading import device, resolved

    said = {
        "form": FORM,
        "base": base.identity,
        "device": device(),
        "precision": resolved(dials.precision),
        "dials": dials.model_dump(mode="json", exclude=ELSEWHERE),
        "train": sorted([one.id, one.weight] for one in examples),
        "tune": sorted([one.id, one.weight] for one in tune),
        "start": None if start is None else start.identity,
        **({"spare": sorted(one.identity for one in spare)} if spare else {}),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
