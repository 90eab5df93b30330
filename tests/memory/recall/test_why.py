from __future__ import annotations

from workbench.memory.memories import StoredMemory
from workbench.memory.recall.reading import ask
from workbench.memory.recall.why import why

HOUR_S = 3_600.0


def memory(text: str, speaker: str | None = None) -> StoredMemory:
    nothing = (None, "fact", None, "short", "active", None, 0.0, {}, False, 0, None, "e")
    return StoredMemory("id", text, 0.0, None, None, 0, speaker, *nothing[1:])  # type: ignore[arg-type]


def reasons(text: str, question: str, *, speaker: str | None = None, **parts: float) -> str:
    speakers = [] if speaker is None else [speaker]
    return why(memory(text, speaker), parts, 0.4321, ask(question, speakers), question, 2 * HOUR_S)


def test_shared_words_are_quoted_as_the_question_has_them() -> None:
    said = reasons("I run with my dogs.", "Does the DOG like running?", words=0.4)
    assert said.startswith('shares "dog", "running" with the question; cosine 0.43')
    assert said.endswith("said 2 hours ago")


def test_at_most_five_words_are_quoted() -> None:
    text = "red blue green black white yellow brown"
    assert reasons(text, text, words=1.0).count('"') == 10


def test_words_that_only_neighbours_share_are_said_to_be_theirs() -> None:
    said = reasons("It is brown.", "dog", words=0.2)
    assert said.startswith("what was said next to it shares words")
    assert "shares" not in reasons("It is brown.", "dog", words=0.05)


def test_each_part_that_counted_is_named() -> None:
    said = reasons("Tea.", "What did Anna say in May?", speaker="Anna", speaker_part=1.0)
    assert "said by" not in said
    said = why(
        memory("Tea.", "Anna"), {"speaker": 0.1, "month": 0.2, "time": 0.1}, 0.1, ask("Anna?", ["Anna"]), "", 0.0
    )
    assert "said by Anna; said in the month asked about; tells a time; said just now" in said
    assert "said by you" in why(memory("Tea."), {"speaker": 0.1}, 0.1, ask("my tea"), "my tea", 0.0)


def test_japanese_terms_are_quoted_too() -> None:
    assert '"犬"' in reasons("犬を飼っている", "犬の名前は？", words=0.5)
