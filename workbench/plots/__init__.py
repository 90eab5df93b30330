"""Records in, figures out: static plotly figures, axes with units, uncertainty drawn, colours everybody can tell apart.

`turns` draws where a turn's time went, `scores` how often answers are right, `models` what was chosen and what it
needs, `spreads` repeated timings, `machine` the memory over time, `memory` what is remembered and recalled, `learning`
what training did; `style` is the one look. No file here reads anything or makes a widget. Plotly loads with this room
(0.4 s) and comes with the `lab` extra.

>>> turn_timeline(turn)                                    # doctest: +SKIP
"""

from workbench.plots.learning import loss_curve, skill_scores
from workbench.plots.machine import memory_chart
from workbench.plots.memory import (
    cost_growth,
    fading_curves,
    importance_parts,
    memory_lifetimes,
    memory_map,
    recall_parts,
)
from workbench.plots.models import choice_ladder, memory_plans
from workbench.plots.scores import accuracy_bars, reliability_diagram
from workbench.plots.spreads import seconds_per_question, token_rate
from workbench.plots.turns import turn_timeline

__all__ = [
    "accuracy_bars",
    "choice_ladder",
    "cost_growth",
    "fading_curves",
    "importance_parts",
    "loss_curve",
    "memory_chart",
    "memory_lifetimes",
    "memory_map",
    "memory_plans",
    "recall_parts",
    "reliability_diagram",
    "seconds_per_question",
    "skill_scores",
    "token_rate",
    "turn_timeline",
]
