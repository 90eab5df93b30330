"""What a curated notebook must look like; each rule yields sentences that name the cell.

    read(path) ──► Notebook ──► faults ──► ("cell 7: a def of 9 lines; …", …)

The rules are those of the house: one question, a fixed opening and close, short cells, logic in the package, outputs
that nbval can compare. They know nothing of dashboards, which have rules of their own.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

FEWEST_CELLS, MOST_CELLS = 10, 25
LONGEST_CELL, USUAL_CELL, LONGEST_DEF = 20, 8, 5
LARGEST_OUTPUT_CHARS = 40_000
IGNORED = "nbval-ignore-output"
CLOSING = ("## What we found", "## What this does not show", "## Next")
ABSOLUTE = re.compile(
    r"""(?:^|[\s"'(=])(?:/(?:home|root|Users|tmp|var|work|mnt|usr|opt)/|[A-Za-z]:\\\\)""", re.MULTILINE
)
MAGIC = re.compile(r"^[%!].*", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


@dataclass(frozen=True)
class Cell:
    """One cell and its place, counted from 1."""

    place: int
    raw: dict[str, Any]

    @property
    def is_code(self) -> bool:
        return bool(self.raw["cell_type"] == "code")

    @property
    def source(self) -> str:
        return "".join(self.raw["source"])

    @property
    def tags(self) -> list[str]:
        return list(self.raw["metadata"].get("tags", ()))

    @property
    def outputs(self) -> list[dict[str, Any]]:
        return list(self.raw.get("outputs", ()))

    @property
    def lines(self) -> int:
        return sum(bool(line.strip()) for line in self.source.splitlines())

    @property
    def tree(self) -> ast.Module:
        flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        python = MAGIC.sub("pass", self.source)  # `plain_code` complains of it; the other rules read on
        tree = compile(python, f"cell {self.place}", "exec", flags=flags)
        assert isinstance(tree, ast.Module)
        return tree


@dataclass(frozen=True)
class Notebook:
    """A notebook file, parsed."""

    path: Path
    raw: dict[str, Any]

    @property
    def cells(self) -> list[Cell]:
        return [Cell(place, raw) for place, raw in enumerate(self.raw["cells"], 1)]

    @property
    def code(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.is_code]

    @property
    def text(self) -> list[Cell]:
        return [cell for cell in self.cells if not cell.is_code]


def read(path: Path) -> Notebook:
    return Notebook(path, json.loads(path.read_text(encoding="utf-8")))


def faults(notebook: Notebook) -> list[str]:
    """Every broken rule, as a sentence."""
    rules = (named, opened, parameterised, imported, closed, sized, plain_code, placed, linked, compared, tidy)
    return [f"{notebook.path.name}: {fault}" for rule in rules for fault in rule(notebook)]


def named(notebook: Notebook) -> Iterator[str]:
    if not re.fullmatch(r"\d\d(_[a-z]+){2,}\.ipynb", notebook.path.name):
        yield "the name is not NN_verb_noun.ipynb"


def opened(notebook: Notebook) -> Iterator[str]:
    """Number and title, the question, the way around, and what it needs."""
    first = notebook.cells[0]
    number = notebook.path.name[:2]
    wanted = {
        f"a title that begins with '# {number} · '": first.source.startswith(f"# {number} · "),
        "a question in bold": re.search(r"^\*\*[^*]+\?[^*]*\*\*$", first.source, re.MULTILINE),
        "a link to the index": "[index](00_start_here.ipynb)" in first.source,
        "what it needs, with minutes and GPU": re.search(r"\*\*What it needs:\*\*.*minute.*GPU", first.source),
    }
    yield from (f"the first cell lacks {what}" for what, there in wanted.items() if first.is_code or not there)


def parameterised(notebook: Notebook) -> Iterator[str]:
    tagged = [cell for cell in notebook.code if "parameters" in cell.tags]
    if [cell.place for cell in tagged] != [notebook.code[0].place]:
        yield "the first code cell, and no other, is tagged 'parameters'"
    elif not all(isinstance(node, ast.Assign) for node in tagged[0].tree.body):
        yield "the parameters cell holds something that is not an assignment"


def imported(notebook: Notebook) -> Iterator[str]:
    """One import cell, the second; whoever reads it knows what the notebook rests on."""
    for order, cell in enumerate(notebook.code):
        imports = [isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(cell.tree)]
        at_top = [isinstance(node, ast.Import | ast.ImportFrom) for node in cell.tree.body]
        if order == 1 and not (at_top and all(at_top)):
            yield "the second code cell is not the import cell"
        if order != 1 and any(imports):
            yield f"cell {cell.place}: an import outside the import cell"


def closed(notebook: Notebook) -> Iterator[str]:
    heads = tuple(cell.source.split("\n", 1)[0] for cell in notebook.cells[-3:])
    if heads != CLOSING:
        yield f"it does not close with {', '.join(CLOSING)}"


def sized(notebook: Notebook) -> Iterator[str]:
    count = len(notebook.code)
    if not FEWEST_CELLS <= count <= MOST_CELLS:
        yield f"{count} code cells; {FEWEST_CELLS} to {MOST_CELLS} are allowed"
    if not 0.6 <= len(notebook.text) / max(1, count) <= 1.5:
        yield f"{len(notebook.text)} text cells beside {count} code cells; about one each is meant"
    if median(cell.lines for cell in notebook.code) > USUAL_CELL:
        yield f"the usual cell is longer than {USUAL_CELL} lines"
    for cell in notebook.code:
        if cell.lines > LONGEST_CELL:
            yield f"cell {cell.place}: {cell.lines} lines; {LONGEST_CELL} at most"


def plain_code(notebook: Notebook) -> Iterator[str]:
    """No class, no long def, no magics, no charts but the package's own."""
    for cell in notebook.code:
        if found := MAGIC.search(cell.source):
            yield f"cell {cell.place}: {found[0].split()[0]} is not Python; a notebook needs no magic"
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.ClassDef):
                yield f"cell {cell.place}: a class; it belongs into the package, with a test"
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > LONGEST_DEF:
                yield f"cell {cell.place}: a def of {_length(node)} lines; above {LONGEST_DEF} it belongs elsewhere"
            if _module(node) in ("plotly", "matplotlib", "seaborn", "altair", "bokeh"):
                yield f"cell {cell.place}: a chart made by hand; draw with workbench.plots"


def placed(notebook: Notebook) -> Iterator[str]:
    """Nothing depends on where the checkout lies: no `sys.path`, no absolute path in source or output."""
    for cell in notebook.cells:
        if "sys.path" in cell.source or "os.chdir" in cell.source:
            yield f"cell {cell.place}: it changes where Python looks; install the package instead"
        if ABSOLUTE.search(cell.source):
            yield f"cell {cell.place}: an absolute path"
        if any(ABSOLUTE.search(text) for text in _texts(cell)):
            yield f"cell {cell.place}: an absolute path in its output"


def linked(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.text:
        for target in LINK.findall(cell.source):
            if not (notebook.path.parent / target).exists():
                yield f"cell {cell.place}: the link {target} leads nowhere"


def compared(notebook: Notebook) -> Iterator[str]:
    """nbval passes over a cell without an execution count, so a stripped notebook would pass without a comparison."""
    counts = [cell.raw.get("execution_count") for cell in notebook.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}; run it from top to bottom and keep the counts"
    outputs = [output for cell in notebook.code if IGNORED not in cell.tags for output in cell.outputs]
    if len(outputs) < 3:
        yield f"only {len(outputs)} outputs are compared; at least 3 must be"
    if any("application/vnd.plotly.v1+json" in output.get("data", {}) for output in outputs):
        yield f"a figure is compared, and its JSON differs between versions; tag its cell {IGNORED}"


def tidy(notebook: Notebook) -> Iterator[str]:
    """Outputs as `make notebooks` leaves them: no errors, no warnings, no times of execution, nothing huge."""
    if "widgets" in notebook.raw["metadata"]:
        yield "widget state is saved in it; run: make notebooks"
    for cell in notebook.code:
        if "execution" in cell.raw["metadata"]:
            yield f"cell {cell.place}: times of execution are saved; run: make notebooks"
        if any(output["output_type"] == "error" or output.get("name") == "stderr" for output in cell.outputs):
            yield f"cell {cell.place}: an error or a warning is saved in its output"
        if len(json.dumps(cell.outputs)) > LARGEST_OUTPUT_CHARS:
            yield f"cell {cell.place}: an output above {LARGEST_OUTPUT_CHARS:,} characters"


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _module(node: ast.AST) -> str | None:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0]
    return node.names[0].name.split(".")[0] if isinstance(node, ast.Import) else None


def _texts(cell: Cell) -> Iterator[str]:
    for output in cell.outputs:
        yield "".join(output.get("text", ()))
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield "".join(value)
