"""One model, one adapter, one set of examples: which answers are right, how sure that is, and what it cost.

`scorer` puts the others in order: `loaded` holds the base, `tree` lays examples that begin alike over each other,
`reader` runs a model over such a tree, `forced` reads the gold answers, `judging` makes verdicts of that, `generation`
writes the answers that a pass cannot judge, `deciding` says from a reply's beginning whether it can still be right,
`options` chooses between given answers, `cache` keeps verdicts, `replies` scores any engine by what it says, `score` is
the record of it all.
"""

from workbench.evaluation.scoring.cache import ScoreCache
from workbench.evaluation.scoring.options import Chosen, OptionQuestion
from workbench.evaluation.scoring.replies import asking, score_replies
from workbench.evaluation.scoring.score import Cost, Score, Scored
from workbench.evaluation.scoring.scorer import SCORER_VERSION, Said, Scorer

__all__ = [
    "SCORER_VERSION",
    "Chosen",
    "Cost",
    "OptionQuestion",
    "Said",
    "Score",
    "ScoreCache",
    "Scored",
    "Scorer",
    "asking",
    "score_replies",
]
