from __future__ import annotations

import time

import pytest

from workbench.memory.weighing.memorable import LONGEST_CHARS, MOST_SENTENCES, memorable

STATED = [
    ("My dog is called Rufus. What should I feed him?", ("My dog is called Rufus.",)),
    ("I live in Oslo, how cold is it there in May?", ("I live in Oslo",)),
    ("remember that my train leaves at 7", ("remember that my train leaves at 7",)),
    ("Please remember my sister is Ann!", ("Please remember my sister is Ann!",)),
    ("I'm Ann", ("I'm Ann",)),
    ("Call me Bob.", ("Call me Bob.",)),
    ("From now on answer in French.", ("From now on answer in French.",)),
    ("What I like is green tea.", ("What I like is green tea.",)),
    ("When I was young I lived in Paris.", ("When I was young I lived in Paris.",)),
    ("Will is my brother.", ("Will is my brother.",)),
    ("Dr. Smith is my dentist. Call her.", ("Dr. Smith is my dentist.",)),
    ("Anna likes tea\nBen likes coffee", ("Anna likes tea", "Ben likes coffee")),
    ("I like tea. I like tea.", ("I like tea.",)),
    ("The budget is 3.5 million. Is that enough?", ("The budget is 3.5 million.",)),
]

NOT_STATED = [
    "What is my dog's name?",
    "what is my dog's name",
    "how do I bake bread",
    "is it raining",
    "Can you help me.",
    "Tell me a joke.",
    "Please write a poem about rain.",
    "Hello there!",
    "Thank you very much!",
    "17 + 25 =",
    "capital of France",
    "If I had a dog, what should I feed it?",
    "Translate to French: I am tired. My cat died.",
    "Summarise this:\nI was born in Rome.\nI am a judge.",
    "What does this mean: I owe you one. He left.",
    "```\nI am code. I have a name.\n```",
    "",
    "   \n\n ",
    "?!?!",
]


@pytest.mark.parametrize(("text", "expected"), STATED)
def test_statements_are_kept_word_for_word(text: str, expected: tuple[str, ...]) -> None:
    assert memorable(text) == expected


@pytest.mark.parametrize("text", NOT_STATED)
def test_questions_commands_greetings_and_material_are_not_kept(text: str) -> None:
    assert memorable(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("私の犬の名前はルーファスです。何を食べさせればいいですか？", ("私の犬の名前はルーファスです。",)),
        ("私は大阪に住んでいます", ("私は大阪に住んでいます",)),
        ("会議は5時までです。", ("会議は5時までです。",)),
        ("姉の名前は花子だと覚えておいて", ("姉の名前は花子だと覚えておいて",)),
        ("私の犬の名前は何ですか", ()),
        ("犬の名前は？", ()),
        ("俳句を書いてください。", ()),
        ("この文を翻訳して", ()),
        ("こんにちは！", ()),
        ("英語に訳してください：私は疲れた。猫が死んだ。", ()),
    ],
)
def test_japanese_statements_are_told_from_questions_and_requests(text: str, expected: tuple[str, ...]) -> None:
    assert memorable(text, "ja") == expected
    assert memorable(text, "en") == expected  # the script decides, whatever the interface speaks


def test_a_sentence_longer_than_speech_is_not_kept() -> None:
    assert memorable("I am " + "very " * (LONGEST_CHARS // 5) + "tired.") == ()


def test_a_question_yields_a_bounded_number_of_memories() -> None:
    assert len(memorable(" ".join(f"I own {number} cats." for number in range(500)))) == MOST_SENTENCES


@pytest.mark.parametrize("unit", ["I am. ", "?", "か？", ", ", "always ", "```", "\n", "a", "。", "Mr. ", "i.e. "])
def test_a_hostile_megabyte_is_read_in_moments(unit: str) -> None:
    began = time.perf_counter()
    memorable(unit * (1_000_000 // len(unit)))
    assert time.perf_counter() - began < 5
