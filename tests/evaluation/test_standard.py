"""With the harness where it is installed; it is an extra that the workbench does without."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from tests.evaluation.scoring.conftest import made, untrained
from workbench.adapters.adapter import Adapter, Factors, LoraSpec
from workbench.adapters.bases import Base
from workbench.core.errors import AdapterUnfit, ExamplesError, ModelUnavailable
from workbench.evaluation.standard import standard_tasks

HARNESS = pytest.mark.skipif(
    importlib.util.find_spec("lm_eval") is None, reason='needs: python -m pip install "lm_eval>=0.4.13,<0.5"'
)
TASK = """
task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: "{{{{options}}}}"
doc_to_target: gold
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
metadata: {{version: 1.0}}
"""
"""A task file of the harness."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A task on forty questions, and one whose data is not there."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    questions = [{"question": f"Is {n} odd?", "options": ["apple", "river"], "gold": n % 2} for n in range(40)]
    (tmp_path / "odd.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    for name, data in (("odd", "odd.jsonl"), ("lost", "lost.jsonl")):
        (tasks / f"{name}.yaml").write_text(TASK.format(name=name, data=tmp_path / data), encoding="utf-8")
    return tasks


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("tiny")
    for part in untrained(made(30)):
        part.save_pretrained(folder)
    return Base("tiny", "e" * 64, folder)


@pytest.fixture
def pulled(tiny: Base) -> Adapter:
    """An adapter that is far from doing nothing."""
    import torch

    layer = "model.layers.1.mlp.down_proj"
    pair = Factors(torch.ones(1, 128), torch.linspace(-1, 1, 64)[:, None])
    return Adapter(LoraSpec(tiny.identity, rank=1, alpha=1.0, targets=("down_proj",)), {layer: pair})


@HARNESS
def test_a_local_task_is_scored_with_and_without_an_adapter(tiny: Base, pulled: Adapter, folder: Path) -> None:
    [bare] = standard_tasks(tiny, None, ["odd"], folder=folder, precision="fp32")
    [worn] = standard_tasks(tiny, pulled, ["odd"], folder=folder, precision="fp32")
    assert (bare.task, bare.examples, bare.shots, bare.version) == ("odd", 40, 0, "1.0")
    assert 0 < bare.stderrs["acc"] < 0.1
    assert bare.metrics["acc"] != worn.metrics["acc"]


@HARNESS
def test_limit_takes_the_first_examples(tiny: Base, folder: Path) -> None:
    [score] = standard_tasks(tiny, None, ["odd"], 6, folder=folder, precision="fp32")
    assert score.examples == 6


@HARNESS
def test_an_unknown_task_and_missing_data_are_sentences(tiny: Base, folder: Path) -> None:
    with pytest.raises(ExamplesError, match="no task even; it has: lost, odd"):
        standard_tasks(tiny, None, ["even"], folder=folder)
    with pytest.raises(ExamplesError, match="cannot be had"):
        standard_tasks(tiny, None, ["lost"], folder=folder)


@HARNESS
def test_an_adapter_of_another_base_is_refused(tiny: Base, folder: Path) -> None:
    with pytest.raises(AdapterUnfit, match="another base"):
        standard_tasks(tiny, Adapter(LoraSpec("f" * 64), {}), ["odd"], folder=folder)


def test_without_the_harness_the_sentence_names_the_command(tiny: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(ModelUnavailable, match='pip install "lm_eval'):
        standard_tasks(tiny, None, ["odd"])
