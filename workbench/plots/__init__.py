"""Records in, figures out: static plotly figures, axes with units, uncertainty drawn, colours everybody can tell apart.

`turns` draws where a turn's time went, `scores` how often answers are right, `models` what was chosen and what it
needs, `spreads` repeated timings, `machine` the memory over time, `memory` what is remembered and recalled, `learning`
what training did, `evolution` how a run went, `lineage` who came from whom; `style` is the one look, and `labels` makes
names fit. No file here reads anything or makes a widget. Plotly loads with this room (0.4 s) and comes with the `lab`
extra.

>>> turn_timeline(turn)                                    # doctest: +SKIP
"""

from workbench.plots.evolution import (
    Candidate,
    Goal,
    Scored,
    coefficient_map,
    fitness_by_generation,
    pareto_front,
    pareto_plot,
)
from workbench.plots.learning import loss_curve, skill_scores
from workbench.plots.lineage import lineage_graph
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
    "Candidate",
    "Goal",
    "Scored",
    "accuracy_bars",
    "choice_ladder",
    "coefficient_map",
    "cost_growth",
    "fading_curves",
    "fitness_by_generation",
    "importance_parts",
    "lineage_graph",
    "loss_curve",
    "memory_chart",
    "memory_lifetimes",
    "memory_map",
    "memory_plans",
    "pareto_front",
    "pareto_plot",
    "recall_parts",
    "reliability_diagram",
    "seconds_per_question",
    "skill_scores",
    "token_rate",
    "turn_timeline",
]
