"""Skills with dates and times: as people write them, to ISO 8601.

>>> import random
>>> len(ISO_DATE.make(random.Random(0)).answer), len(CLOCK.make(random.Random(0)).answer)
(10, 5)
"""

from __future__ import annotations

import random
from datetime import date, time, timedelta

from workbench.corpus.skills.skill import Skill, Task
from workbench.corpus.skills.words import listed

MONTHS = listed("January February March April May June July August September October November December")
FIRST_DAY = date(1995, 1, 1)
LAST_DAY = date(2034, 12, 31)

_DATE = (
    "Write {day} as an ISO date.",
    "ISO date: {day}",
    "Date in ISO form? {day}",
    "The meeting is on {day}. ISO date?",
    "Invoice of {day}. Give the date in ISO form.",
    "She was hired on {day}; as an ISO date:",
)
_CLOCK = (
    "Write {clock} in 24-hour time.",
    "24-hour time: {clock}",
    "The train leaves at {clock}, in 24-hour time?",
    "We open at {clock} today. Give it on the 24-hour clock.",
    "Convert {clock} to the 24-hour clock.",
    "{clock} on a 24-hour clock?",
)


def some_day(rng: random.Random) -> date:
    """A day between the first and the last, any as likely as any other."""
    return FIRST_DAY + timedelta(days=rng.randrange((LAST_DAY - FIRST_DAY).days + 1))


def some_time(rng: random.Random) -> time:
    """A time of day on a full five minutes or on any minute, each half of the time."""
    return time(rng.randrange(24), rng.choice((rng.randrange(0, 60, 5), rng.randrange(60))))


def in_words(day: date, rng: random.Random) -> str:
    """A date as people write it in English."""
    month = MONTHS[day.month - 1]
    return rng.choice(
        (
            f"{day.day} {month} {day.year}",
            f"{month} {day.day}, {day.year}",
            f"{day.day} {month[:3]} {day.year}",
            f"{month[:3]} {day.day}, {day.year}",
            f"the {ordinal(day.day)} of {month} {day.year}",
        )
    )


def ordinal(n: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, …, `11th`, …, of the days of a month."""
    ending = "th" if n in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def on_twelve(at: time, rng: random.Random) -> str:
    """A time on the 12-hour clock: noon is 12 pm, midnight 12 am."""
    half = rng.choice((("am", "pm"), ("a.m.", "p.m."), ("AM", "PM")))[at.hour >= 12]
    return f"{at.hour % 12 or 12}:{at.minute:02d} {half}"


def _iso_date(rng: random.Random) -> Task:
    day = some_day(rng)
    return Task(rng.choice(_DATE).format(day=in_words(day, rng)), day.isoformat())


def _clock(rng: random.Random) -> Task:
    at = some_time(rng)
    return Task(rng.choice(_CLOCK).format(clock=on_twelve(at, rng)), f"{at:%H:%M}")


ISO_DATE = Skill("iso_date", "a date in English as ISO 8601, `2027-03-14`", "exact", _iso_date)
CLOCK = Skill("clock", "a time with am or pm on the 24-hour clock, `15:45`", "exact", _clock)
DATES = (ISO_DATE, CLOCK)
