"""Records in, figures out: static plotly figures, axes with units, uncertainty drawn, colours everybody can tell apart.

`turns` draws where a turn's time went, `scores` how often answers are right, `models` what was chosen and what it
needs, `spreads` repeated timings, `machine` the memory over time; `style` is the one look. No file here reads anything
or makes a widget. Plotly loads with this room (0.4 s) and comes with the `lab` extra.

>>> turn_timeline(turn)                                    # doctest: +SKIP
"""

from workbench.plots.machine import memory_chart
from workbench.plots.models import choice_ladder, memory_plans
from workbench.plots.scores import accuracy_bars, reliability_diagram
from workbench.plots.spreads import seconds_per_question, token_rate
from workbench.plots.turns import turn_timeline

__all__ = [
    "accuracy_bars",
    "choice_ladder",
    "memory_chart",
    "memory_plans",
    "reliability_diagram",
    "seconds_per_question",
    "token_rate",
    "turn_timeline",
]
