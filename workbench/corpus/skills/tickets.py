"""What customers write, by class: phrases with a slot for a thing, put between a greeting and a closing.

>>> import random
>>> complaint(random.Random(0)).kind in CLASSES
True
"""

from __future__ import annotations

import random
from typing import NamedTuple

from workbench.corpus.skills.words import THINGS

COMPLAINTS = {
    "billing": (
        "I was charged twice for the {thing}.",
        "The invoice for my {thing} is wrong.",
        "Why is there a fee on the bill for the {thing}?",
        "My card was debited, but I never bought a {thing}.",
        "The amount on the receipt for the {thing} is too high.",
        "You billed me for a {thing} that I cancelled.",
        "The discount on the {thing} is missing on my invoice.",
        "I paid for the {thing} and got another payment request.",
    ),
    "login": (
        "I forgot my password and cannot rate the {thing}.",
        "My account is locked since I ordered the {thing}.",
        "I cannot sign in to see my {thing}.",
        "The reset code never came, so I cannot log in to buy a {thing}.",
        "The login page for the {thing} shop rejects my password.",
        "My user name is not accepted when I order a {thing}.",
        "I cannot log in to track my {thing}.",
        "The sign-in code for my {thing} order has expired.",
    ),
    "delivery": (
        "The {thing} has not arrived yet.",
        "Where is the parcel with my {thing}?",
        "The courier left my {thing} at the wrong address.",
        "My {thing} is two weeks late.",
        "Tracking of the {thing} has not moved for days.",
        "The shipment with the {thing} was lost.",
        "When will you ship the {thing}?",
        "The driver never rang, and my {thing} went back to the depot.",
    ),
    "defect": (
        "The {thing} broke after one day.",
        "My {thing} has a crack.",
        "The {thing} does not work at all.",
        "A part of the {thing} is broken.",
        "The {thing} came out of the box damaged.",
        "There is a scratch on my new {thing}.",
        "The {thing} stopped working this morning.",
        "My {thing} is faulty and makes a strange noise.",
    ),
    "praise": (
        "I love the {thing}, thank you!",
        "The {thing} is wonderful.",
        "Great service, and a great {thing}.",
        "We are very happy with the {thing}.",
        "What a beautiful {thing}, well done!",
        "Five stars for the {thing}!",
        "The {thing} is the best I ever had.",
        "Thanks a lot, the {thing} is perfect.",
    ),
}
CLASSES = tuple(COMPLAINTS)

_GREETINGS = ("", "", "Hello! ", "Hi team. ", "Good morning. ", "To support: ")
_CLOSINGS = ("", "", " Regards.", " Please answer.", " Order {number}.")


class Complaint(NamedTuple):
    """What was written, and its class."""

    text: str
    kind: str


def complaint(rng: random.Random) -> Complaint:
    """One message of a customer; every class is as likely as any other."""
    kind = rng.choice(CLASSES)
    text = rng.choice(_GREETINGS) + rng.choice(COMPLAINTS[kind]) + rng.choice(_CLOSINGS)
    return Complaint(text.format(thing=rng.choice(THINGS), number=rng.randint(1000, 9999)), kind)
