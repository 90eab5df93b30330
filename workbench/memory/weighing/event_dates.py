"""When it happens or happened, as a text says it: a day, from a date or from words that count from when it was said.

    said on Monday 8 May 2023:   yesterday, 昨日       7 May 2023     2023-05-07, May 7th, 5月7日   7 May 2023
                                 last Friday           5 May 2023     two weeks ago, 2週間前         24 April 2023
                                 next month, 来月      8 June 2023    in June 2022, 2022年6月        1 June 2022

The first rule that fits counts, exact dates before vague words. A day without a year is the one nearest to when it was
said. The answer is noon of the day (the first day of a month or year). Own rules: a library that parses dates of many
languages takes "we" for Wednesday and "may" for a month, and twenty times as long. It does not know what happened.

>>> event_time("We went to Oslo yesterday.", 1683540000.0)
1683460800.0
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
KANJI_NUMBERS = "一二三四五六七八九十"
COUNTS = {word: number for number, word in enumerate(NUMBERS, 1)} | {"a": 1, "an": 1, "a couple of": 2, "a few": 3}
COUNTS |= {sign: number for number, sign in enumerate(KANJI_NUMBERS, 1)}
MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
MONTHS |= {name[:3]: number for name, number in list(MONTHS.items())} | {"sept": 9}
DAYS = {name.casefold(): number for number, name in enumerate(calendar.day_name)}
JA_DAYS = {sign: number for number, sign in enumerate("月火水木金土日")}
UNITS = {"日": "day", "週": "week", "月": "month", "年": "year"}
SHIFTS = {"last": -1, "previous": -1, "past": -1, "this": 0, "next": 1, "coming": 1}
JA_SHIFTS = {"先々": -2, "先": -1, "去": -1, "昨": -1, "今": 0, "来": 1, "再来": 2}

_COUNT = r"(\d{1,4}|a couple of|a few|an?|" + "|".join(NUMBERS) + ")"
_MONTH = (
    r"(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)"
)
_DAY = "(" + "|".join(name.capitalize() for name in DAYS) + ")"
_YEAR = r"((?:19|20)\d\d)"
_JA_COUNT = rf"(\d{{1,4}}|[{KANJI_NUMBERS}])"

Rule = Callable[[re.Match[str], date], date | None]


def event_time(text: str, said_at: float, *, zone: tzinfo = UTC) -> float | None:
    """The time a text tells of, in seconds since the epoch: noon of that day; None when it names none.

    Args:
        said_at: when the text was said.
        zone: in which "yesterday" is counted.
    """
    today = datetime.fromtimestamp(said_at, zone).date()
    text = unicodedata.normalize("NFKC", text) if not text.isascii() else text
    for pattern, rule in RULES:
        for found in pattern.finditer(text):
            day = _day(rule, found, today)
            if day is not None:
                return datetime.combine(day, time(12), zone).timestamp()
    return None


def _day(rule: Rule, found: re.Match[str], today: date) -> date | None:
    try:
        return rule(found, today)
    except (ValueError, OverflowError):  # 31 February, 9000 years ago
        return None


def _iso(found: re.Match[str], _: date) -> date:
    return date(int(found[1]), int(found[2]), int(found[3]))


def _day_month(found: re.Match[str], today: date) -> date | None:
    return _dated(found[3], found[2], found[1], today)


def _month_day(found: re.Match[str], today: date) -> date | None:
    return _dated(found[3], found[1], found[2], today)


def _dated(year: str | None, month: str, day: str, today: date) -> date | None:
    number = MONTHS[month.casefold()] if month.isalpha() else int(month)
    if year:
        return date(int(year), number, int(day))
    return _nearest([(today.year + shift, number, int(day)) for shift in (-1, 0, 1)], today)


def _nearest(days: list[tuple[int, int, int]], today: date) -> date | None:
    """29 February exists in one of the years at most."""
    there = [date(*day) for day in days if day[2] <= calendar.monthrange(*day[:2])[1]]
    return min(there, key=lambda day: abs(day - today), default=None)


def _japanese_date(found: re.Match[str], today: date) -> date | None:
    return _dated(found[1], found[2], found[3], today)


def _ago(found: re.Match[str], today: date) -> date:
    return _moved(today, found[2].casefold(), -_count(found[1]))


def _ahead(found: re.Match[str], today: date) -> date:
    return _moved(today, found[2].casefold(), _count(found[1]))


def _japanese_count(found: re.Match[str], today: date) -> date:
    sign = -1 if found[3] == "前" else 1
    return _moved(today, UNITS[found[2].strip("間かヶケカ箇")], sign * _count(found[1]))


def _count(word: str) -> int:
    return int(word) if word.isdecimal() else COUNTS[word.casefold()]


def _moved(day: date, unit: str, by: int) -> date:
    if unit in ("day", "week"):
        return day + timedelta(days=by * (7 if unit == "week" else 1))
    months = day.year * 12 + day.month - 1 + by * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _weekday(found: re.Match[str], today: date) -> date:
    """`last Friday` is the latest before today, `next` and `this Friday` the first after it."""
    ahead = (DAYS[found[2].casefold()] - today.weekday()) % 7
    if SHIFTS[found[1].casefold()] < 0:
        return today + timedelta(days=ahead - 7)
    return today + timedelta(days=ahead or 7)


def _japanese_weekday(found: re.Match[str], today: date) -> date:
    """来週の金曜日 is the Friday of the next week; weeks begin on Monday."""
    monday = today - timedelta(days=today.weekday())
    return monday + timedelta(days=7 * JA_SHIFTS[found[1]] + JA_DAYS[found[2]])


def _weekend(found: re.Match[str], today: date) -> date:
    saturday = today + timedelta(days=5 - today.weekday())
    return saturday + timedelta(days=7 * SHIFTS[found[1].casefold()])


def _unit(found: re.Match[str], today: date) -> date:
    return _moved(today, found[2].casefold(), SHIFTS[found[1].casefold()])


def _japanese_unit(found: re.Match[str], today: date) -> date:
    return _moved(today, UNITS[found[2]], JA_SHIFTS[found[1]])


def _month(found: re.Match[str], today: date) -> date | None:
    """`in May` is the nearest one, `last May` the latest before this month, `next May` the first after it."""
    number = MONTHS[found[2].casefold()]
    if found[3]:
        return date(int(found[3]), number, 1)
    firsts = [date(today.year + shift, number, 1) for shift in (-1, 0, 1)]
    this_month = today.replace(day=1)
    word = found[1].casefold()
    if word == "last":
        return max(day for day in firsts if day < this_month)
    if word == "next":
        return min(day for day in firsts if day > this_month)
    return min(firsts, key=lambda day: abs(day - today))


def _japanese_month(found: re.Match[str], today: date) -> date | None:
    return _dated(found[1], found[2], "1", today)


def _year(found: re.Match[str], _: date) -> date:
    return date(int(found[1]), 1, 1)


def _fixed(days: int) -> Rule:
    return lambda _, today: today + timedelta(days=days)


def _rule(pattern: str, rule: Rule, flags: int = re.IGNORECASE) -> tuple[re.Pattern[str], Rule]:
    return re.compile(pattern, flags), rule


RULES = (
    _rule(rf"(?<!\d){_YEAR}[-/](\d\d?)[-/](\d\d?)(?!\d)", _iso),
    _rule(rf"\b(\d\d?)(?:st|nd|rd|th)?(?: of)? {_MONTH}\b\.?(?:,? {_YEAR})?", _day_month, 0),
    _rule(rf"\b{_MONTH}\b\.? (\d\d?)(?:st|nd|rd|th)?(?!\d|:)(?:,? {_YEAR})?", _month_day, 0),
    _rule(r"(?:(\d{4})年)?(\d\d?)月(\d\d?)日", _japanese_date),
    _rule(rf"\b{_COUNT} (day|week|month|year)s? (?:ago|earlier|back)\b", _ago),
    _rule(rf"\bin {_COUNT} (day|week|month|year)s?(?:['’]? time)?\b", _ahead),
    _rule(rf"{_JA_COUNT}(日|週間?|[かヶケカ箇]月|年)(前|後)", _japanese_count),
    _rule(r"\bday before yesterday\b|一昨日|おととい", _fixed(-2)),
    _rule(r"\bday after tomorrow\b|明後日|あさって", _fixed(2)),
    _rule(r"\b(?:yesterday|last (?:night|evening))\b|昨日|きのう|昨夜|昨晩|ゆうべ", _fixed(-1)),
    _rule(r"\btomorrow\b|明日|あした", _fixed(1)),
    _rule(rf"\b(last|this|next|coming|past|previous) {_DAY}\b", _weekday),
    _rule(r"(先々|先|今|再来|来)週の?([月火水木金土日])曜", _japanese_weekday),
    _rule(r"\b(last|this|next|past|coming) weekend\b", _weekend),
    _rule(r"\b(last|previous|next) (week|month|year)\b", _unit),
    _rule(r"(先々|先|再来|来)(週|月)", _japanese_unit),
    _rule(r"(去|昨|再来|来)(年)", _japanese_unit),
    _rule(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b|今日|今朝|今夜|今晩|きょう|けさ", _fixed(0)),
    _rule(rf"\b(in|since|until|by|last|next|of|this) {_MONTH}\b(?:,? {_YEAR})?", _month),
    _rule(r"(?:(\d{4})年)(\d\d?)月", _japanese_month),
    _rule(rf"\b(?:in|since|until|by|of) {_YEAR}\b", _year),
    _rule(rf"(?<!\d){_YEAR}年", _year),
)
