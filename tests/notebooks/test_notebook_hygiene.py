"""Every curated notebook keeps the rules of the house, and every rule notices a notebook that breaks it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.rules import Notebook, faults, read

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CURATED = sorted(NOTEBOOKS.glob("*.ipynb"))
SOUND = NOTEBOOKS / "10_ask_a_model.ipynb"
Raw = dict[str, Any]


@pytest.mark.parametrize("path", CURATED, ids=lambda path: path.stem)
def test_a_curated_notebook_keeps_every_rule(path: Path) -> None:
    assert faults(read(path)) == []


def test_the_first_notebooks_are_there() -> None:
    names = {
        "00_start_here.ipynb",
        "10_ask_a_model.ipynb",
        "20_inspect_memory.ipynb",
        "30_reason_step_by_step.ipynb",
        "40_train_an_adapter.ipynb",
        "50_evolve_adapters.ipynb",
        "55_learn_from_use.ipynb",
    }
    assert names <= {path.name for path in CURATED}


def test_every_curated_notebook_can_be_reached_from_the_first() -> None:
    reached, waiting = set(), {"00_start_here.ipynb"}
    names = {path.name for path in CURATED}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        text = " ".join(cell.source for cell in read(NOTEBOOKS / name).text)
        waiting |= {other for other in names - reached if f"({other})" in text}
    assert reached == names


def code(raw: Raw) -> list[Raw]:
    return [cell for cell in raw["cells"] if cell["cell_type"] == "code"]


def set_source(place: int, source: str) -> Callable[[Raw], None]:
    def spoil(raw: Raw) -> None:
        code(raw)[place]["source"] = source

    return spoil


def strip_counts(raw: Raw) -> None:
    for cell in code(raw):
        cell["execution_count"] = None


def strip_outputs(raw: Raw) -> None:
    for cell in code(raw):
        cell["outputs"] = []


def keep_one_count_less(raw: Raw) -> None:
    code(raw)[7]["execution_count"] = None


def untag_figures(raw: Raw) -> None:
    for cell in code(raw):
        cell["metadata"] = {"tags": [tag for tag in cell["metadata"].get("tags", []) if tag == "parameters"]}


def put_output(output: Raw) -> Callable[[Raw], None]:
    def spoil(raw: Raw) -> None:
        code(raw)[3]["outputs"] = [output]

    return spoil


def put_text(place: int, source: str) -> Callable[[Raw], None]:
    def spoil(raw: Raw) -> None:
        raw["cells"][place]["source"] = source

    return spoil


def printed(text: str, name: str = "stdout") -> Raw:
    return {"output_type": "stream", "name": name, "text": text}


def keep_widget_state(raw: Raw) -> None:
    raw["metadata"]["widgets"] = {"state": {}}


def keep_execution_times(raw: Raw) -> None:
    code(raw)[4]["metadata"]["execution"] = {"iopub.execute_input": "2026-01-01"}


def tag_parameters_twice(raw: Raw) -> None:
    code(raw)[5]["metadata"]["tags"] = ["parameters"]


def keep_nine_code_cells(raw: Raw) -> None:
    extra = code(raw)[9:]
    raw["cells"] = [cell for cell in raw["cells"] if cell not in extra]


def drop_the_text(raw: Raw) -> None:
    raw["cells"] = [cell for place, cell in enumerate(raw["cells"]) if cell["cell_type"] == "code" or place % 3]


LONG_DEF = "def long(x):\n" + "    x += 1\n" * 4 + "    return x"
SPOILED: dict[str, tuple[Callable[[Raw], None], str]] = {
    "no execution count anywhere": (strip_counts, "execution counts"),
    "one execution count missing": (keep_one_count_less, "execution counts"),
    "no outputs": (strip_outputs, "outputs are compared"),
    "a compared figure": (untag_figures, "a figure is compared"),
    "a class": (set_source(6, "class A:\n    pass"), "a class"),
    "a def of six lines": (set_source(6, LONG_DEF), "a def of 6 lines"),
    "an async def of six lines": (set_source(6, "async " + LONG_DEF), "a def of 6 lines"),
    "a cell of 21 lines": (set_source(6, "x = 1\n" * 21), "21 lines"),
    "a magic": (set_source(6, "%matplotlib inline"), "is not Python"),
    "a shell line": (set_source(6, "!pip install x"), "is not Python"),
    "a chart made by hand": (set_source(6, "import plotly.express as px"), "a chart made by hand"),
    "a late import": (set_source(6, "def f():\n    import json"), "an import outside"),
    "a statement among the imports": (set_source(1, "import json\nx = 1"), "not the import cell"),
    "a parameter that is computed by a loop": (set_source(0, "for x in ():\n    pass"), "not an assignment"),
    "two parameter cells": (tag_parameters_twice, "tagged 'parameters'"),
    "sys.path": (set_source(6, "sys.path.append('..')"), "where Python looks"),
    "an absolute path": (set_source(6, "x = open('/home/me/x')"), "an absolute path"),
    "a Windows path": (set_source(6, r"x = 'C:\\data'"), "an absolute path"),
    "an absolute path printed": (put_output(printed("in /tmp/abc")), "an absolute path in its output"),
    "a warning": (put_output(printed("careful", "stderr")), "an error or a warning"),
    "an error": (put_output({"output_type": "error", "traceback": []}), "an error or a warning"),
    "a huge output": (put_output(printed("x" * 50_000)), "above 40,000 characters"),
    "widget state": (keep_widget_state, "widget state"),
    "execution times": (keep_execution_times, "times of execution"),
    "no question": (put_text(0, "# 10 · Ask a model"), "a question in bold"),
    "no needs": (put_text(0, "# 10 · Ask\n\n**Why?**\n\n[index](00_start_here.ipynb)"), "what it needs"),
    "no closing": (put_text(-3, "The end"), "it does not close with"),
    "a dead link": (put_text(-1, "## Next\n\n[gone](99_gone_away.ipynb)"), "leads nowhere"),
    "nine code cells": (keep_nine_code_cells, "9 code cells"),
    "too little text": (drop_the_text, "text cells beside"),
}


@pytest.mark.parametrize("case", SPOILED, ids=lambda case: case.replace(" ", "-"))
def test_a_rule_notices(case: str) -> None:
    spoil, expected = SPOILED[case]
    raw = copy.deepcopy(read(SOUND).raw)
    spoil(raw)
    assert any(expected in fault for fault in faults(Notebook(SOUND, raw)))


def test_a_name_that_does_not_say_what_one_does_there_is_noticed() -> None:
    assert any("NN_verb_noun" in fault for fault in faults(Notebook(NOTEBOOKS / "untitled.ipynb", read(SOUND).raw)))
