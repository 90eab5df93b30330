"""Facts taken out of sentences: found again in the prompt by other means than those that put them in."""

from __future__ import annotations

import json
import re
from collections import Counter

from workbench.corpus.skills import generate
from workbench.corpus.skills.tickets import CLASSES, COMPLAINTS
from workbench.corpus.skills.words import CITIES, FIRST_NAMES, NUMBER_WORDS, THINGS, plural

N = 600


def class_of(prompt: str) -> str:
    """The only class one of whose complaints stands in the text."""
    found = {
        kind
        for kind, forms in COMPLAINTS.items()
        for form in forms
        if re.search(re.escape(form).replace(re.escape("{thing}"), r"\w+"), prompt)
    }
    (kind,) = found
    return kind


def test_name_and_city_are_the_only_ones_in_the_prompt() -> None:
    for one in generate("person_city", N, seed=13):
        words = re.findall(r"[A-Z][a-z]+", one.prompt)
        value = json.loads(one.answer)
        first, last = value["name"].split()
        assert value == {"name": f"{first} {last}", "city": value["city"]}
        assert f"{first} {last}" in one.prompt
        assert first in FIRST_NAMES
        assert [word for word in words if word in CITIES and word not in (first, last)] == [value["city"]]


def test_a_ticket_has_the_class_of_the_only_complaint_in_it() -> None:
    for one in generate("ticket", N, seed=13):
        assert one.answer == class_of(one.prompt)


def test_every_class_of_ticket_comes_about_as_often() -> None:
    counts = Counter(one.answer for one in generate("ticket", 1_000, seed=13))
    assert set(counts) == set(CLASSES)
    assert min(counts.values()) > 130


def test_no_complaint_stands_in_two_classes() -> None:
    forms = [form for forms in COMPLAINTS.values() for form in forms]
    assert len(set(forms)) == len(forms)


def test_a_domain_is_what_follows_the_at_sign_and_belongs_to_nobody() -> None:
    for one in generate("email_domain", N, seed=13):
        assert re.search(r"@([\w.-]+\w)", one.prompt)[1] == one.answer  # type: ignore[index]
        assert one.answer.endswith((".example", ".test"))


def test_a_phone_number_has_the_ten_digits_of_the_prompt_and_is_kept_for_fiction() -> None:
    for one in generate("phone", N, seed=13):
        digits = "".join(re.findall(r"\d", one.prompt.replace("E.164", "")))
        assert one.answer == f"+1{digits[-10:]}"
        assert digits[:-10] in ("", "1")
        assert re.fullmatch(r"\+1[2-9]\d\d55501\d\d", one.answer)


def test_a_number_in_brackets_closes_them() -> None:
    assert all(one.prompt.count("(") == one.prompt.count(")") for one in generate("phone", N, seed=13))


def test_an_order_line_has_the_number_and_the_thing_in_the_singular() -> None:
    singular = {plural(thing): thing for thing in THINGS}
    values = {word: number for number, word in enumerate(NUMBER_WORDS, 2)}
    for one in generate("order_line", N, seed=13):
        words = re.findall(r"[a-z]+|\d+", one.prompt)
        (n,) = [int(word) if word.isdigit() else values[word] for word in words if word.isdigit() or word in values]
        (thing,) = [singular[word] for word in words if word in singular]
        assert one.answer == f"{n} x {thing}"
