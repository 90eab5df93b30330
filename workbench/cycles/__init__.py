"""Learning from use: what people rated and corrected becomes an adapter, or a reason why not.

    turns with feedback ─► doubted? ─► evidence ─► enough? ─► a specialist, with replay ─► evolved with the shelf
                                                                                                   └─► gate

    forgotten ─► its examples, wherever they were kept ─► the adapters that learned from it, by name

The order is in `Agent.learn`; `doubting` sets feedback apart in which `inspecting` saw a turn, `evidence` deals out
what use has taught, `cross_checking` leaves out what is a suspect (`suspecting`), `enriching` adds what a model invents
after it, `cycles` does the steps and keeps what came of them, `watching` begins them when there is enough, `pausing`
lets them rest. The room knows neither the walk that answers questions nor screens.
"""

from workbench.cycles.cycles import Cycle, Cycles
from workbench.cycles.doubting import Doubting
from workbench.cycles.enriching import enriched
from workbench.cycles.evidence import Evidence, gathered
from workbench.cycles.forgetting import Forgetting, Unlearned
from workbench.cycles.inspecting import Doubt
from workbench.cycles.pausing import Pause
from workbench.cycles.watching import Hours, Watch

__all__ = [
    "Cycle",
    "Cycles",
    "Doubt",
    "Doubting",
    "Evidence",
    "Forgetting",
    "Hours",
    "Pause",
    "Unlearned",
    "Watch",
    "enriched",
    "gathered",
]
