"""Learning from use: what people rated and corrected becomes an adapter, or a reason why not.

    turns with feedback ─► evidence ─► enough? ─► a specialist, with replay ─► evolved with the shelf ─► gate

The order is in `Agent.learn`; `evidence` deals out what use has taught, `cycles` does the steps and keeps what came of
them. The room does not know the walk that answers questions, nor screens.
"""

from workbench.cycles.cycles import Cycle, Cycles
from workbench.cycles.evidence import Evidence, gathered

__all__ = ["Cycle", "Cycles", "Evidence", "gathered"]
