"""What speaks against a proposed pair, said in one clause."""

from __future__ import annotations

import pytest

from workbench.corpus.documents.judging import Pair, refusal
from workbench.corpus.documents.passages import Passage

FEES = Passage(
    1,
    "Tidewater > Fees",
    1,
    3,
    "The fee for a full membership is 34 euros. The fee for students is 19 euros. The deposit for a key is\n25 euros. "
    "Keys are kept by Hanna Brandt. She repairs boats.",
)
開館 = Passage(1, "工房", 1, 1, "工房は八時に開きます。鍵の保証金は三千円です。猫の名前はビスケットです。")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the fee for students?", "19 euros"),
        ("How much is the deposit for a key?", "25 EUROS"),
        ("By whom are the keys kept?", "Hanna Brandt"),
        ("What does Hanna Brandt repair?", "boats"),
        ("How much is the fee for students when they join Tidewater?", "19 euros"),
    ],
)
def test_a_sensible_pair_is_not_refused(question: str, answer: str) -> None:
    assert refusal(Pair(question, answer), FEES) is None


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("What is the fee for students?", " ", "there is no answer"),
        ("What is the fee for students?", "20 euros", "the answer does not stand in the passage"),
        ("What is the fee for students?", "9 euros", "the answer does not stand in the passage"),
        ("Who repairs boats?", "She", "the answer says nothing"),
        ("The fee for students", "19 euros", "it is no question"),
        ("The fee for students is low?", "19 euros", "it is no question"),
        ("Is the fee for students 19 euros?", "19 euros", "it is no question"),
        ("Who has to pay 19 euros?", "19 euros", "the question tells its answer"),
        ("What is it?", "19 euros", "the question is not understood without the passage"),
        ("What does it cost?", "19 euros", "the question is not understood without the passage"),
        ("What does the text say of students?", "19 euros", "the question is not understood without the passage"),
        ("Who is who?", "Hanna Brandt", "the question names nothing of the passage"),
        ("Who keeps the saws?", "Hanna Brandt", "the question names nothing of the passage"),
        ("Who planted the fig tree?", "Hanna Brandt", "the question names nothing of the passage"),
        (
            "Who is the keeper of the greenhouse keys?",
            "Hanna Brandt",
            "the question speaks of what the passage does not",
        ),
        (
            "What is the fee for a key?",
            "19 euros",
            "the question speaks of 'key', which is not where its answer stands",
        ),
        (
            "Who is the keeper of the boats?",
            "Hanna Brandt",
            "the question speaks of what the passage does not",
        ),
        (
            "What is the fee to repair boats?",
            "19 euros",
            "the question speaks of 'repair', which is not where its answer stands",
        ),
    ],
)
def test_each_fault_has_its_reason(question: str, answer: str, reason: str) -> None:
    assert refusal(Pair(question, answer), FEES) == reason


def test_a_copied_sentence_is_no_question_of_ones_own() -> None:
    asking = Passage(1, "", 1, 1, "Many ask: what is the fee for students? It is 19 euros.")
    found = refusal(Pair("What is the fee for students?", "19 euros"), asking)
    assert found == "the question is copied from the passage"


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("鍵の保証金はいくらですか。", "三千円", None),
        ("猫の名前は何ですか？", "ビスケット", None),
        ("鍵の保証金はいくらですか。", "五千円", "the answer does not stand in the passage"),
        ("鍵の保証金は三千円です。", "三千円", "it is no question"),
        ("猫の保証金はいくらですか。", "三千円", "the question speaks of '猫', which is not where its answer stands"),
        ("庭の広さはどのくらいですか。", "三千円", "the question names nothing of the passage"),
    ],
)
def test_japanese_is_judged_without_spaces_between_words(question: str, answer: str, reason: str | None) -> None:
    assert refusal(Pair(question, answer), 開館) == reason
