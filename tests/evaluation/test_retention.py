from __future__ import annotations

import numpy as np
import pytest

from workbench.core.schema import ImportanceSettings
from workbench.evaluation.conversations import Conversation, Inquiry, Spoken
from workbench.evaluation.plain_ranking import bm25, plain_ranking
from workbench.evaluation.retention import (
    Material,
    at_random,
    by_consolidation,
    consolidated_recall,
    content_words,
    credit,
    evidence_left,
    left_at,
    material,
    oldest_first,
    policies,
    recall_at,
)

CHAT = (
    ("Anna", "Hi Bob! How are you doing these days?"),
    ("Bob", "Wow, thanks for asking, you are so kind! I'm good, and you?"),
    ("Anna", "I adopted a dog named Rufus in Oslo last May."),
    ("Bob", "That's really great, you must be so happy about it!"),
    ("Anna", "Thanks! What have you been up to lately?"),
    ("Bob", "I started as a nurse at the Ullevål hospital on 3 March."),
    ("Anna", "Cool, that sounds wonderful, good luck with everything you do!"),
    ("Bob", "Thank you so much, talk to you soon, take care!"),
)


def embed(texts: object) -> np.ndarray:  # type: ignore[type-arg]
    """Letters counted: near enough to meaning for a test of bookkeeping."""
    rows = np.array([[text.casefold().count(sign) + 0.1 for sign in "abcdefghijklmnoprstuvw"] for text in texts])  # type: ignore[attr-defined]
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def chat() -> Material:
    turns = tuple(
        Spoken(f"D1:{place}", "1", 1e9 + place, who, f"{who}: {text}") for place, (who, text) in enumerate(CHAT)
    )
    questions = (
        Inquiry("What is the name of Anna's dog?", ("D1:2",), "single-hop"),
        Inquiry("Where does Bob work, and since when?", ("D1:5",), "single-hop"),
        Inquiry("What do both do?", ("D1:2", "D1:5", "D9:9"), "multi-hop"),
        Inquiry("Who is Eve?", ("D9:9",), "multi-hop"),
    )
    return material(Conversation("chat", turns, questions), embed)


def test_a_conversation_becomes_memories_and_questions_without_evidence_are_left_out(chat: Material) -> None:
    assert [memory.place for memory in chat.memories] == list(range(1, 9))
    assert chat.evidence == ((2,), (5,), (2, 5))
    assert len(chat.questions) == len(chat.question_vectors) == 3


def test_consolidation_keeps_the_evidence_where_chance_and_age_lose_it(chat: Material) -> None:
    table = consolidated_recall([chat], plain_ranking, policies(ImportanceSettings(recency=0)), shares=(0.5,), k=3)
    rows = {row.policy: row for row in table}
    assert rows["consolidation"].evidence == 1
    assert rows["consolidation"].recall_of_full >= 1
    assert rows["random"].evidence < 1
    assert rows["oldest first"].evidence < 1


def test_without_specificity_it_keeps_less(chat: Material) -> None:
    table = consolidated_recall(
        [chat], plain_ranking, policies(ImportanceSettings(), ablate=("specificity",)), shares=(0.5,), k=3
    )
    rows = {row.policy: row for row in table}
    assert rows["without specificity"].evidence < rows["consolidation"].evidence


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_what_is_left_never_exceeds_its_share_of_the_content_words(chat: Material, share: float) -> None:
    sizes = [len(content_words(memory.text)) for memory in chat.memories]
    for order in (oldest_first(chat), at_random(3)(chat), by_consolidation(ImportanceSettings())(chat)):
        assert sorted(order) == list(range(8))
        left = left_at(chat, order, share)
        assert sum(sizes[row] for row in left) <= share * sum(sizes)
    assert left_at(chat, oldest_first(chat), 1.0) == list(range(8))


def test_chance_is_the_same_for_the_same_seed(chat: Material) -> None:
    assert at_random(1)(chat) == at_random(1)(chat) != at_random(2)(chat)


def test_a_shortened_text_earns_the_share_of_content_words_that_it_holds() -> None:
    text = "Anna: my dog Rufus really loves cheese"
    assert credit(text, text) == 1
    assert credit(text, "Rufus loves cheese") == 3 / 6
    assert credit(text, "") == 0
    assert credit("dog dog dog", "dog") == pytest.approx(1 / 3)
    assert credit("it is what it is", "so") == 1
    assert credit("it is what it is", "") == 0


def test_japanese_counts_by_pairs_of_signs() -> None:
    assert content_words("私は東京に住む") == ["私は", "は東", "東京", "京に", "に住", "住む"]
    assert content_words("犬") == ["犬"]
    assert 0 < credit("私は東京に住む", "東京に住む") < 1


def test_evidence_and_recall_are_means_over_questions() -> None:
    evidence = [(0, 1), (2,)]
    assert evidence_left(evidence, {0: 1.0, 2: 0.5}) == (0.5 + 0.5) / 2
    assert recall_at(1, evidence, [[0, 1], [1, 2]], {0: 1.0, 1: 1.0, 2: 1.0}) == (0.5 + 0) / 2
    assert recall_at(2, evidence, [[0, 1], [1, 2]], {0: 1.0, 1: 1.0, 2: 0.5}) == (1 + 0.5) / 2
    assert evidence_left([], {}) == recall_at(10, [], [], {}) == 0


def test_the_plain_ranking_finds_by_words_and_orders_only_what_is_left(chat: Material) -> None:
    best = plain_ranking(chat, range(8))
    assert best[0][0] == 2
    assert sorted(best[0]) == list(range(8))
    assert all(set(rows) == {1, 5} for rows in plain_ranking(chat, [1, 5]))
    assert plain_ranking(chat, []) == [[], [], []]


def test_bm25_prefers_the_rarer_word_and_the_shorter_text() -> None:
    texts = [["dog", "rufus"], ["dog", "cat"], ["dog", "rufus", "a1", "b1", "c1"]]
    [scores] = bm25(texts, [["rufus", "dog"]])
    assert scores[0] > scores[2] > scores[1] > 0
