from __future__ import annotations

import json

from workbench.core.examples import Origin, data_hash, example
from workbench.corpus.card import Lengths, data_card
from workbench.corpus.splits import Splits, split

SUMS = [example(f"What is {n} + 1?", str(n + 1), skill="add", check="number") for n in range(20)]
MINE = example("My mail is ann@example.com, repeat it", "ann@example.com", origin=Origin("interaction"))


class Words:
    """Counts words as tokens."""

    def encode(self, text: str) -> list[str]:
        return text.split()


def test_a_card_counts_by_skill_source_checker_and_split() -> None:
    every = [*SUMS, MINE]
    parts = split(every)
    card = data_card(every, splits=parts)
    assert card.by_skill == {"add": 20, "general": 1}
    assert card.by_source == {"file": 20, "interaction": 1}
    assert card.by_check == {"number": 20, "exact": 1}
    assert card.by_split == {name: len(part) for name, part in parts.parts.items()}
    assert (card.examples, card.data_hash, card.leaks) == (21, data_hash(every), 0)


def test_lengths_are_nearest_ranks() -> None:
    assert Lengths.of(range(1, 101)) == Lengths(1, 50, 95, 100)
    assert Lengths.of([7]) == Lengths(7, 7, 7, 7)
    assert Lengths.of([]) is None


def test_tokens_are_counted_and_what_is_longer_than_the_context_is_told() -> None:
    long = example("one two three", "four five six seven")
    card = data_card([*SUMS, long], tokenizer=Words(), context_tokens=6)
    assert card.prompt_tokens == Lengths(3, 5, 5, 5)
    assert card.answer_tokens == Lengths(1, 1, 1, 4)
    assert card.too_long == 1
    assert data_card(SUMS).too_long is None
    assert data_card(SUMS).prompt_tokens is None


def test_duplicates_near_duplicates_and_contradictions_are_told_apart() -> None:
    first = SUMS[0]
    near = example("what is 0 + 1", "1", check="number")
    against = example(first.prompt, "2", check="number")
    card = data_card([*SUMS, first, near, against], dropped=3)
    assert card.duplicates == 4
    assert card.near_duplicates == 2
    assert card.contradictions == 1


def test_leaks_and_personal_data_are_found() -> None:
    card = data_card([*SUMS, MINE], splits=Splits(tuple(SUMS), (SUMS[0],), (MINE,)))
    assert card.leaks == 1
    assert card.personal == {"EMAIL": 1}


def test_a_card_is_json_and_a_table() -> None:
    card = data_card([*SUMS, MINE], splits=split(SUMS), tokenizer=Words())
    assert json.loads(json.dumps(card.to_dict())) == card.to_dict()
    assert card.to_text().splitlines()[0].split() == ["examples", "21"]
    table = card.to_markdown()
    assert table.startswith("| examples | 21 |\n|---|---|\n")
    assert "| skill | add 20 · general 1 |" in table
    assert "| examples with personal data | EMAIL 1 |" in table
    assert all(line.count("|") == 3 for line in table.splitlines())


def test_a_card_of_nothing_says_so() -> None:
    card = data_card([])
    assert (card.examples, card.prompt_chars, card.by_split) == (0, None, None)
    assert "| leaks between splits | not split |" in card.to_markdown()
