"""The complexity rule on questions of known difficulty, in English and Japanese, and its properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.models.complexity import PARTS, measure_complexity

EASY = (
    "What is the capital of France?",
    "What is 17 + 25?",
    "Who wrote Hamlet?",
    "Hello!",
    "Translate 'good morning' into French.",
    "フランスの首都はどこですか。",
    "17 + 25 はいくつですか。",
    "日本で一番高い山は何ですか？",
    "こんにちは",
)
MIDDLING = (
    "A shop sells apples at 3 dollars each and pears at 2 dollars each. Tom buys 4 apples and 5 pears and pays with a "
    "50 dollar note. How much change does he get?",
    "A train leaves at 9:00 at 60 km/h and a second one at 10:00 at 90 km/h. When does the second catch up, and how "
    "far from the station?",
    "Compare TCP and UDP for a video call, and explain which you would choose.",
    "太郎は1200円持っています。1個150円のりんごを3個買い、残りの半分を貯金しました。手元に残ったお金はいくらですか。",
    "時速60kmの電車が9時に出発し、時速90kmの電車が10時に出発します。追いつくのは何時で、駅から何kmの地点ですか。",
)
HARD = (
    "Prove that merge sort is correct, compare it with quicksort and derive the complexity step by step.",
    "Prove that there are infinitely many primes, compare two proofs and derive the cost of a sieve step by step.",
    "マージソートが正しいことを証明し、クイックソートと比較して、計算量を段階的に導出してください。",
)
REASONING = (
    " Prove it.",
    " Compare both ways and explain why.",
    " Derive the result step by step.",
    " その理由を説明し、証明してください。",
    " 二つの方法を比較してください。",
)


@pytest.mark.parametrize("question", EASY)
def test_an_easy_question_stays_below_the_direct_limit(question: str) -> None:
    assert measure_complexity(question).value < 0.35


@pytest.mark.parametrize("question", MIDDLING)
def test_a_question_of_several_steps_lies_in_the_middle(question: str) -> None:
    assert 0.35 < measure_complexity(question).value < 0.8


@pytest.mark.parametrize("question", HARD)
def test_a_proof_with_comparison_and_derivation_is_hard(question: str) -> None:
    assert measure_complexity(question).value > 0.8


def test_nothing_asked_is_no_complexity() -> None:
    assert measure_complexity("").value == 0
    assert measure_complexity("   ").value == 0


@given(st.text(max_size=400))
def test_the_value_and_every_part_stay_within_0_and_1(question: str) -> None:
    measured = measure_complexity(question)
    assert 0 <= measured.value <= 1
    assert set(measured.parts) == set(PARTS)
    assert all(0 <= share <= PARTS[name].weight for name, share in measured.parts.items())


@given(st.text(max_size=200))
def test_the_same_question_always_measures_the_same(question: str) -> None:
    assert measure_complexity(question) == measure_complexity(question)


@given(st.one_of(st.text(max_size=300), st.sampled_from(EASY + MIDDLING + HARD)), st.sampled_from(REASONING))
def test_appending_a_reasoning_clause_never_lowers_the_value(question: str, clause: str) -> None:
    before, after = measure_complexity(question), measure_complexity(question + clause)
    assert after.value >= before.value
    assert all(after.parts[name] >= share for name, share in before.parts.items())


@pytest.mark.parametrize("question", EASY)
@pytest.mark.parametrize("clause", REASONING)
def test_appending_a_reasoning_clause_to_an_easy_question_raises_it_clearly(question: str, clause: str) -> None:
    assert measure_complexity(question + clause).value > measure_complexity(question).value + 0.15


@pytest.mark.parametrize(
    ("part", "plain", "with_it"),
    [
        ("length", "Name a river.", "Name a river that flows through a European capital city today."),
        ("clauses", "Name a river.", "Name a river, a lake and a sea; is the sea salty?"),
        ("reasoning", "Is the sky blue?", "Why is the sky blue?"),
        ("reasoning", "空は青いですか。", "なぜ空は青いのですか。"),
        ("numbers", "What is the sum?", "What is 3 + 4 * 5?"),
        ("formal", "Sort this.", "Sort this with an algorithm in `O(n)`."),
        ("formal", "名前を並べてください。", "SQLを書いて名前を並べてください。"),
        ("constraints", "Name a city.", "Name a city without the letter a; it must be at least a capital."),
        ("constraints", "都市を一つ挙げてください。", "都市を一つだけ、ただし首都以外から必ず挙げてください。"),
    ],
)
def test_each_part_answers_to_its_own_marks(part: str, plain: str, with_it: str) -> None:
    assert measure_complexity(with_it).parts[part] > measure_complexity(plain).parts[part]


def test_saying_the_same_reasoning_word_twice_counts_once() -> None:
    once, thrice = (measure_complexity(text).parts["reasoning"] for text in ("Prove it.", "Prove, prove, prove it."))
    assert once == thrice


def test_a_reasoning_word_in_both_languages_counts_alike() -> None:
    english, japanese = (measure_complexity(text).parts["reasoning"] for text in ("Prove it.", "証明してください。"))
    assert english == japanese


def test_a_word_inside_another_word_does_not_count() -> None:
    assert measure_complexity("Show the approved proofreader.").parts["reasoning"] == 0


def test_full_width_digits_count_like_plain_ones() -> None:
    wide, plain = (measure_complexity(text).parts["numbers"] for text in ("１７＋２５は？", "17+25は?"))
    assert wide == plain > 0


def test_the_value_follows_the_stated_formula() -> None:
    measured = measure_complexity("Prove it.")
    assert measured.parts["reasoning"] == pytest.approx(0.95 * (1 - 2 ** (-1 / 1.5)))
    assert measured.parts["length"] == pytest.approx(0.35 * (1 - 2 ** (-2 / 40)))
    assert measured.value == pytest.approx(1 - (1 - measured.parts["reasoning"]) * (1 - measured.parts["length"]))


def test_a_complexity_prints_its_largest_parts_first() -> None:
    assert str(measure_complexity("Prove it.")) == "0.36 (reasoning 0.35, length 0.01)"
