"""Skills in Japanese: a date and a time in ISO form, and the short sentence with which a shop confirms an order.

>>> import random
>>> JA_ORDER.make(random.Random(0)).answer.endswith("、承りました。")
True
"""

from __future__ import annotations

import random
from datetime import date, time

from workbench.corpus.skills.dates import some_day, some_time
from workbench.corpus.skills.japanese_words import GOODS
from workbench.corpus.skills.skill import Skill, Task

_DATE = (
    "{day}をISO形式で書いて。",
    "ISO形式の日付：{day}",
    "会議は{day}です。日付をISO形式で。",
    "{day}に届きます。ISO形式の日付は？",
    "請求日は{day}。ISO形式にして。",
)
_TIME = (
    "{time}を24時間制で書いて。",
    "24時間制の時刻：{time}",
    "開店は{time}です。24時間制で。",
    "{time}に出発します。24時間制の時刻は？",
    "電車は{time}発。24時間制にして。",
)
_ORDER = (
    "{item}を{n}{counter}ください。",
    "{item}{n}{counter}お願いします。",
    "{item}を{n}{counter}注文します。",
    "注文：{item}{n}{counter}",
    "すみません、{item}を{n}{counter}。",
    "{n}{counter}の{item}を買います。",
)


def day_in_japanese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def time_in_japanese(at: time) -> str:
    """With 午前 or 午後; noon is 午後0時."""
    return f"{'午後' if at.hour >= 12 else '午前'}{at.hour % 12}時{at.minute}分"


def _ja_date(rng: random.Random) -> Task:
    day = some_day(rng)
    return Task(rng.choice(_DATE).format(day=day_in_japanese(day)), day.isoformat())


def _ja_time(rng: random.Random) -> Task:
    at = some_time(rng)
    return Task(rng.choice(_TIME).format(time=time_in_japanese(at)), f"{at:%H:%M}")


def _ja_order(rng: random.Random) -> Task:
    counter = rng.choice(tuple(GOODS))
    item, n = rng.choice(GOODS[counter]), rng.randint(1, 30)
    return Task(rng.choice(_ORDER).format(item=item, n=n, counter=counter), f"{item}{n}{counter}、承りました。")


JA_DATE = Skill("ja_date", "a Japanese date as ISO 8601, `2027-03-14`", "exact", _ja_date)
JA_TIME = Skill("ja_time", "a Japanese time on the 24-hour clock, `15:45`", "exact", _ja_time)
JA_ORDER = Skill("ja_order", "the polite confirmation of an order in Japanese", "exact", _ja_order)
JAPANESE = (JA_DATE, JA_TIME, JA_ORDER)
