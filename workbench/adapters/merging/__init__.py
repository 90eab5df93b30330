"""Several adapters become one, and one adapter a thinner or bent one; always on ΔW = s · B · A, never on A and B apart.

    linear, ties, dare         parents and coefficients ──► a child          (`merge` says also what truncation kept)
    named_rule                 one of the three by its name, for who has only names
    truncated                  to a stated rank, the nearest there is
    scaled_singular_values     a mutation along the directions that the adapter already has
    cosine, norm               how two adapters lie to each other, without building ΔW

A child has alpha = rank, so its scale is 1 and its own factors are ΔW.
"""

from workbench.adapters.merging.dare import Dare, dare
from workbench.adapters.merging.groups import Coefficients, LayerGroups
from workbench.adapters.merging.linear import Linear, linear
from workbench.adapters.merging.merge import Merged, Rule, merge
from workbench.adapters.merging.named import RuleName, named_rule, usual_rank
from workbench.adapters.merging.spectrum import cosine, kept, norm, scaled_singular_values, truncated
from workbench.adapters.merging.ties import Ties, ties

__all__ = [
    "Coefficients",
    "Dare",
    "LayerGroups",
    "Linear",
    "Merged",
    "Rule",
    "RuleName",
    "Ties",
    "cosine",
    "dare",
    "kept",
    "linear",
    "merge",
    "named_rule",
    "norm",
    "scaled_singular_values",
    "ties",
    "truncated",
    "usual_rank",
]
