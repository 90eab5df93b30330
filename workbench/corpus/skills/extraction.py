"""Skills that take facts out of a sentence: who and where, what kind of ticket, a domain, a telephone number, an order.

Addresses end in names that are reserved for examples (RFC 2606) and telephone numbers lie in 555-0100 to 555-0199,
which are kept for fiction, so that none of them is anybody's.

>>> import random
>>> EMAIL_DOMAIN.make(random.Random(0)).answer.endswith((".example", ".test"))
True
"""

from __future__ import annotations

import json
import random
from typing import Any

from workbench.corpus.skills.skill import Skill, Task
from workbench.corpus.skills.tickets import complaint
from workbench.corpus.skills.words import ADJECTIVES, CITIES, FIRST_NAMES, LAST_NAMES, NUMBER_WORDS, THINGS, plural

_PERSON_CITY = (
    "{name} lives in {city}. Name and city as JSON:",
    "Name and city as JSON: {name} moved to {city} last year.",
    "Extract name and city: {name} is our agent in {city}.",
    "From {city}, {name} sends an order. JSON with name and city:",
    "{name} ({city}) called today. Extract name and city.",
    "JSON of name and city: the office in {city} is led by {name}.",
)
_TICKET = (
    "Ticket: {text}\nClass?",
    "Classify this ticket: {text}",
    "Which class has this ticket? {text}",
    "{text}\nTicket class:",
    "A customer writes: {text} Class of the ticket?",
)
_DOMAIN = (
    "Domain of {address}?",
    "Mail came from {address}. Which domain?",
    "Give the domain: {address}",
    "{first} wrote from {address}. Domain?",
    "E-mail domain of {address}:",
)
_PHONE = (
    "Normalise the phone number {phone}.",
    "Phone: {phone}. E.164 form?",
    "Call {first} at {phone}. Number in E.164 form?",
    "Write {phone} as an international number.",
    "New contact {first}, {phone}. Normalise the number.",
)
_ORDER = (
    "I need {number} {things}. Order line?",
    "Please send {number} {things}. Write the order line.",
    "Order line: {number} {things}",
    "{first} buys {number} {things}. Order line:",
    "Could we get {number} {things} by Friday? Order line?",
)


def as_json(**values: Any) -> str:
    """The canonical text of a JSON answer."""
    return json.dumps(values, ensure_ascii=False)


def full_name(rng: random.Random) -> str:
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}"


def _person_city(rng: random.Random) -> Task:
    name, city = full_name(rng), rng.choice(CITIES)
    return Task(rng.choice(_PERSON_CITY).format(name=name, city=city), as_json(name=name, city=city))


def _ticket(rng: random.Random) -> Task:
    text, kind = complaint(rng)
    return Task(rng.choice(_TICKET).format(text=text), kind)


def _email_domain(rng: random.Random) -> Task:
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    domain = f"{rng.choice(ADJECTIVES)}-{rng.choice(THINGS)}.{rng.choice(('example', 'test'))}"
    address = f"{first.lower()}.{last.lower()}@{domain}"
    return Task(rng.choice(_DOMAIN).format(address=address, first=first), domain)


def _phone(rng: random.Random) -> Task:
    area, line = rng.randint(201, 989), f"{rng.randint(100, 199):04d}"
    shown = rng.choice(("({} 555-{}", "{} 555 {}", "{}.555.{}", "{}-555-{}", "1-{}-555-{}")).format(area, line)
    shown = shown.replace(f"({area}", f"({area})")
    return Task(rng.choice(_PHONE).format(phone=shown, first=rng.choice(FIRST_NAMES)), f"+1{area}555{line}")


def _order_line(rng: random.Random) -> Task:
    n, thing = rng.randint(2, 12), rng.choice(THINGS)
    number = rng.choice((str(n), NUMBER_WORDS[n - 2]))
    text = rng.choice(_ORDER).format(number=number, things=plural(thing), first=rng.choice(FIRST_NAMES))
    return Task(text, f"{n} x {thing}")


PERSON_CITY = Skill("person_city", "name and city of a sentence as JSON", "json", _person_city)
TICKET = Skill("ticket", "the class of a customer's ticket", "exact", _ticket)
EMAIL_DOMAIN = Skill("email_domain", "the domain of an e-mail address", "exact", _email_domain)
PHONE = Skill("phone", "a North American telephone number in E.164 form, `+12125550143`", "exact", _phone)
ORDER_LINE = Skill("order_line", "an order in words as `3 x lamp`, in the singular", "exact", _order_line)
EXTRACTION = (PERSON_CITY, TICKET, EMAIL_DOMAIN, PHONE, ORDER_LINE)
