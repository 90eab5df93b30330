"""Train an adapter on examples: QLoRA that goes on after a kill, steps down before memory ends, and says what it does.

`training.train` is the walk; `lesson` and `trees` make rows of examples, `opening` and `student` the model, `thin` and
`loss` its arithmetic, `sitting` the steps, `checkpoints` and `journal` what survives, `ladder` and `planning` memory.
"""

from workbench.adapters.training.identity import run_identity
from workbench.adapters.training.records import Progress, Trained, TuneLoss
from workbench.adapters.training.training import train

__all__ = ["Progress", "Trained", "TuneLoss", "run_identity", "train"]
