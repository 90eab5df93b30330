"""Runs of evolution in one home: begun, gone on with, ended by the gate, and shown.

    examples, adapters of the shelf ─► Runs.begin ─► Run.step, step, step … ─► Run.end ─► Ending (shelf, gate, deploy)

`materials` are the examples and what each may be used for; `planning` turns settings into a plan and a search; `run` is
the run itself, `recipe` its workers; `finals` measures the champion anew and hands it to the gate; `store` finds runs
again. The room does not know commands or screens.
"""

from workbench.runs.finals import Ending, Finalist
from workbench.runs.materials import Materials
from workbench.runs.report import roll_back
from workbench.runs.run import Run
from workbench.runs.store import RunCard, Runs

__all__ = ["Ending", "Finalist", "Materials", "Run", "RunCard", "Runs", "roll_back"]
