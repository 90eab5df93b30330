"""Composites: two single skills in one answer. No specialist is trained on them; merging and evolution are tried on
them.

    reverse_words  "red lamp" ─► "lamp red"  ┐
                                             ├─►  reverse_capitals  "red lamp" ─► "LAMP RED"
    capitals       "red lamp" ─► "RED LAMP"  ┘

>>> import random
>>> REVERSE_CAPITALS.parts
('reverse_words', 'capitals')
"""

from __future__ import annotations

import random

from workbench.corpus.skills.dates import in_words, on_twelve, some_day, some_time
from workbench.corpus.skills.extraction import as_json
from workbench.corpus.skills.japanese import day_in_japanese, time_in_japanese
from workbench.corpus.skills.japanese_words import CITIES_JA
from workbench.corpus.skills.lookup import COLOURS, in_a_row, some_table
from workbench.corpus.skills.skill import Skill, Task
from workbench.corpus.skills.tickets import complaint
from workbench.corpus.skills.wording import snake_case, some_words, title
from workbench.corpus.skills.words import FIRST_NAMES

_NAME_DATE = (
    "{name} arrives on {day}. Name and ISO date as JSON:",
    "Name and ISO date as JSON: {name} was hired on {day}.",
    "Extract name and ISO date: on {day} we met {name}.",
    "Visit of {name}, {day}. JSON with name and ISO date:",
)
_NAME_TICKET = (
    "{name} writes: {text}\nName and ticket class as JSON:",
    "Name and ticket class as JSON: {text} ({name})",
    "Ticket of {name}: {text}\nExtract name and class.",
    "{text} Signed, {name}. JSON with name and ticket class:",
)
_NAME_TIME = (
    "{name} comes at {clock}. Name and 24-hour time as JSON:",
    "Name and 24-hour time as JSON: call {name} at {clock}",
    "Appointment at {clock} with {name}. Extract name and 24-hour time.",
    "{clock}: lunch with {name}. JSON with name and 24-hour time:",
)
_REVERSE_CAPITALS = (
    "Reverse the words and write in capitals: {words}",
    "Words in reverse order, upper case: {words}",
    "From last word to first, all caps: {words}",
    "Backwards, word by word, in capitals: {words}",
)
_ADD_UP = (
    "Stock: {table}. How many of {one} and {two} together?",
    "{table}. Stock of {one} plus {two}?",
    "In store: {table}. Sum of {one} and {two}:",
    "Look up {one} and {two} and add: {table}",
)
_COLOUR_CAPITALS = (
    "Colours: {table}. Which for {key}, in capitals?",
    "{table}. Colour of {key} in upper case?",
    "Paint list: {table}. Colour for {key}, all caps:",
    "Find the colour of {key}, write in capitals: {table}",
)
_DATED_FILE = (
    "File name with ISO date first: {title}, {day}",
    "Turn title and date into a file name: {title} of {day}",
    "The {title} of {day}. File name with ISO date?",
    "Name the file by ISO date and title: {title} ({day})",
)
_JA_MOMENT = (
    "会議は{day}{time}です。日付と24時間制の時刻を書いて。",
    "ISO形式の日付と24時間制の時刻：{day}{time}",
    "{day}の{time}に出発します。ISO形式の日付と時刻は？",
    "予約：{day}{time}。ISO形式の日付と24時間制の時刻で。",
)
_JA_DATE_CITY = (
    "{day}に{city}へ行きます。都市とISO形式の日付をJSONで。",
    "都市とISO形式の日付をJSONで：{day}、{city}で会議",
    "{city}の店は{day}に開きます。都市と日付をJSONで。",
    "{day}、{city}から届きます。都市と日付のJSON：",
)


def _name_date(rng: random.Random) -> Task:
    name, day = rng.choice(FIRST_NAMES), some_day(rng)
    text = rng.choice(_NAME_DATE).format(name=name, day=in_words(day, rng))
    return Task(text, as_json(name=name, date=day.isoformat()))


def _name_ticket(rng: random.Random) -> Task:
    name, (text, kind) = rng.choice(FIRST_NAMES), complaint(rng)
    return Task(rng.choice(_NAME_TICKET).format(name=name, text=text), as_json(name=name, **{"class": kind}))


def _name_time(rng: random.Random) -> Task:
    name, at = rng.choice(FIRST_NAMES), some_time(rng)
    text = rng.choice(_NAME_TIME).format(name=name, clock=on_twelve(at, rng))
    return Task(text, as_json(name=name, time=f"{at:%H:%M}"))


def _reverse_capitals(rng: random.Random) -> Task:
    words = some_words(rng)
    text = rng.choice(_REVERSE_CAPITALS).format(words=" ".join(words))
    return Task(text, " ".join(reversed(words)).upper())


def _look_up_add(rng: random.Random) -> Task:
    table = some_table(rng, [str(n) for n in rng.sample(range(2, 20), 4)])
    one, two = rng.sample(tuple(table), 2)
    text = rng.choice(_ADD_UP).format(table=in_a_row(table, rng), one=one, two=two)
    return Task(text, str(int(table[one]) + int(table[two])))


def _look_up_capitals(rng: random.Random) -> Task:
    table = some_table(rng, rng.sample(COLOURS, 4))
    key = rng.choice(tuple(table))
    return Task(rng.choice(_COLOUR_CAPITALS).format(table=in_a_row(table, rng), key=key), table[key].upper())


def _dated_file(rng: random.Random) -> Task:
    name, day = title(rng), some_day(rng)
    text = rng.choice(_DATED_FILE).format(title=name, day=in_words(day, rng))
    return Task(text, f"{day.isoformat()}_{snake_case(name)}")


def _ja_moment(rng: random.Random) -> Task:
    day, at = some_day(rng), some_time(rng)
    text = rng.choice(_JA_MOMENT).format(day=day_in_japanese(day), time=time_in_japanese(at))
    return Task(text, f"{day.isoformat()} {at:%H:%M}")


def _ja_date_city(rng: random.Random) -> Task:
    city, day = rng.choice(CITIES_JA), some_day(rng)
    text = rng.choice(_JA_DATE_CITY).format(city=city, day=day_in_japanese(day))
    return Task(text, as_json(city=city, date=day.isoformat()))


NAME_DATE = Skill("name_date", "name and ISO date as JSON", "json", _name_date, ("person_city", "iso_date"))
NAME_TICKET = Skill("name_ticket", "name and ticket class as JSON", "json", _name_ticket, ("person_city", "ticket"))
NAME_TIME = Skill("name_time", "name and 24-hour time as JSON", "json", _name_time, ("person_city", "clock"))
REVERSE_CAPITALS = Skill(
    "reverse_capitals",
    "words from last to first, in capitals",
    "exact",
    _reverse_capitals,
    ("reverse_words", "capitals"),
)
LOOK_UP_ADD = Skill("look_up_add", "the sum of two values of a table", "exact", _look_up_add, ("look_up", "add"))
LOOK_UP_CAPITALS = Skill(
    "look_up_capitals", "a colour of a table, in capitals", "exact", _look_up_capitals, ("look_up", "capitals")
)
DATED_FILE = Skill("dated_file", "ISO date and title as a file name", "exact", _dated_file, ("snake_case", "iso_date"))
JA_MOMENT = Skill("ja_moment", "a Japanese date and time in ISO form", "exact", _ja_moment, ("ja_date", "ja_time"))
JA_DATE_CITY = Skill(
    "ja_date_city", "city and ISO date of Japanese text as JSON", "json", _ja_date_city, ("ja_date", "person_city")
)
JOINED = (
    NAME_DATE,
    NAME_TICKET,
    NAME_TIME,
    REVERSE_CAPITALS,
    LOOK_UP_ADD,
    LOOK_UP_CAPITALS,
    DATED_FILE,
    JA_MOMENT,
    JA_DATE_CITY,
)
