from __future__ import annotations

import time

import pytest

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example, Origin, example
from workbench.core.records import Message
from workbench.corpus.redaction import Redactor, find, redacted, suspects
from workbench.corpus.redaction.redactor import LONGEST_CHARS

UNKNOWN = "vq7Zk2LmX9pRt4WcY8sBn3Hd"  # as an issuer that no pattern knows might draw it


def kinds(text: str) -> list[str]:
    return [one.kind for one in find(text)]


def test_the_same_value_has_one_number_in_prompt_history_and_answer() -> None:
    one = Example(
        (
            Message("user", "I am ann@example.com"),
            Message("assistant", "Hi"),
            Message("user", "Mail Bob@example.com, cc me"),
        ),
        "To bob@example.com, cc ann@example.com",
        skill="use",
        check="contains",
        weight=2.0,
        origin=Origin("interaction", {"turn": "t1"}),
    )
    clean = redacted(one)
    assert [said.content for said in clean.example.messages] == ["I am [EMAIL_1]", "Hi", "Mail [EMAIL_2], cc me"]
    assert clean.example.answer == "To [EMAIL_2], cc [EMAIL_1]"
    assert clean.counts == {"EMAIL": 2}
    assert (clean.example.skill, clean.example.check, clean.example.weight) == ("use", "contains", 2.0)
    assert clean.example.origin == one.origin


def test_two_ways_to_write_a_number_are_one_value() -> None:
    assert Redactor().redact("090-1234-5678 or ０９０－１２３４－５６７８") == "[PHONE_1] or [PHONE_1]"


def test_numbers_begin_anew_with_each_example() -> None:
    texts = [redacted(example("hi", f"{name}@example.com")).example.answer for name in ("ann", "bob")]
    assert texts == ["[EMAIL_1]", "[EMAIL_1]"]


def test_redacting_twice_changes_nothing() -> None:
    once = Redactor().redact("password: hunter2, call +1 415 555 2671, 4111 1111 1111 1111")
    assert Redactor().redact(once) == once
    assert once == "password: [PASSWORD_1], call [PHONE_1], [CARD_1]"


@pytest.mark.parametrize(
    "text",
    [
        "What is 4155552671 + 2?",
        "Sort 41, 55, 52, 67, 1, 999, 12 and 4.",
        "Is 4111111111111112 a card number?",
        "DE88370400440532013000 has wrong check digits",
        "Python 3.11.7 and version 1.2.3.4 are out",
        "std::vector and dead::beef are names",
        "localhost is 127.0.0.1, the mask 255.255.255.0",
        "The password is wrong and my password is not accepted.",
        "I forgot my password. How do I reset it?",
        "Secretary: Anna Smith. Token of love: a ring.",
        "pin: silver, needle: steel",
        "password = os.environ['PW']; api_key: str",
        "It was 2026-11-23 at 12:30:45.",
        "https://example.com/search?q=street&page=2",
        "We walked 12 miles down the road.",
        "第二次世界大戦は1939年に始まった。3丁目の角です",
        "会議は10時から、参加者は12名です。",
    ],
)
def test_what_only_looks_like_an_identifier_stays(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("john (at) example (dot) com", "EMAIL"),
        ("write to john at example dot com", "EMAIL"),
        ("zero\u200bwidth@exam\u200bple.com", "EMAIL"),
        ("Hauptstraße 12, 10115 Berlin", "ADDRESS"),
        ("12 rue de la Paix, 75002 Paris", "ADDRESS"),
        ("P.O. Box 442", "ADDRESS"),
        ("リンクはhttps://x.jp/?token=abcdef123です", "URL"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg", "KEY"),
        ("aws_secret_access_key = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'", "KEY"),
        ("AB 12 34 56 C is my number", "ID"),
    ],
)
def test_less_common_forms_are_found_too(text: str, kind: str) -> None:
    assert kind in kinds(text)


def test_a_random_string_that_no_pattern_knows_is_suspected_and_words_are_not() -> None:
    assert suspects(f"use {UNKNOWN} here") == (UNKNOWN,)
    assert (
        suspects("see docs/design/0009-encryption-at-rest-of-memory [EMAIL_1] multilingual-e5-small-q4-centred") == ()
    )
    assert suspects("nvmlDeviceGetHandleByIndex internationalization") == ()


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(ExamplesError, match="too long to redact"):
        find("a" * (LONGEST_CHARS + 1))


@pytest.mark.parametrize(
    "piece", ["1", "12 ", "1.", "a:", "a@", "sk-", "Elm ", "password is ", "http://a:b", "token=", "市区"]
)
def test_no_text_makes_the_search_slow(piece: str) -> None:
    began = time.perf_counter()
    find((piece * 4_000)[:4_000])
    assert time.perf_counter() - began < 5  # a pattern that backtracks without end takes minutes


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "phonenumbers", None)
    with pytest.raises(
        ExamplesError, match=r"'phonenumbers'; run: pip install 'self-learning-agent-workbench\[learn\]'"
    ):
        find("call 415-555-2671")
