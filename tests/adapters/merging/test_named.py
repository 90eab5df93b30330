"""Rules by their names: what a command or a genome says becomes the rule that a program would have made."""

from __future__ import annotations

import pytest
import torch

from tests.adapters.merging.small import apart, small_adapter
from workbench.adapters.merging import Dare, Linear, Ties, merge, named_rule, usual_rank
from workbench.adapters.merging.named import DROP
from workbench.core.errors import AdapterError


def test_a_name_gives_the_rule_with_its_share_or_the_rules_own() -> None:
    assert isinstance(named_rule("linear"), Linear)
    assert (named_rule("ties"), named_rule("ties", share=0.5)) == (Ties(), Ties(0.5))
    drops = [rule.drop for rule in (named_rule("dare"), named_rule("dare", share=0.2)) if isinstance(rule, Dare)]
    assert drops == [DROP, 0.2]


def test_dare_by_its_name_drops_what_its_seed_says() -> None:
    parents = [small_adapter(1), small_adapter(2)]
    by_name, by_hand, other = (
        merge(parents, rule, [1.0, 1.0], rank=3).adapter
        for rule in (
            named_rule("dare", seed=7),
            Dare(DROP, torch.Generator().manual_seed(7)),
            named_rule("dare", seed=8),
        )
    )
    assert apart(by_name, by_hand) == 0
    assert apart(by_name, other) > 0


@pytest.mark.parametrize("name", ["ties", "dare"])
def test_a_share_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(AdapterError, match="cannot be"):
        named_rule(name, share=1.5)  # type: ignore[arg-type]


def test_a_sum_keeps_its_rank_and_the_dense_rules_the_highest_of_the_parents() -> None:
    parents = [small_adapter(1, rank=2), small_adapter(2, rank=4)]
    assert usual_rank("linear", parents) is None
    assert usual_rank("ties", parents) == usual_rank("dare", parents) == 4
