"""The real small model proposes, solves and repeats itself."""

from __future__ import annotations

import pytest

from tests.corpus.synthetic.adding import SEEDS, near, total
from workbench.corpus.synthetic import synthesise
from workbench.models.embedded import EmbeddedModel


async def test_what_it_proposes_is_verified_and_the_same_seed_repeats_it(embedded: EmbeddedModel) -> None:
    first, again = [await synthesise(embedded, SEEDS, 3, verify=total, tries=4, seed=3, near=near) for _ in range(2)]
    assert (first.kept, first.refused) == (again.kept, again.refused)
    assert first.tries == again.tries >= 3
    assert all(one.answer == total(one.prompt) for one in first.kept)


@pytest.mark.drill
async def test_without_a_verifier_most_of_its_guesses_are_refused_by_its_own_solutions(embedded: EmbeddedModel) -> None:
    result = await synthesise(embedded, SEEDS, 6, tries=6, seed=3, near=near)
    assert result.tries == 6
    assert result.refused
    assert all("of" in one.origin.place["verified_by"] for one in result.kept)
