"""How much a text tells: what it carries, and whether it is a statement of one's own or talk about the listener.

    telling = information of the sentences that state (`wording.py`), a picture's caption counted half
            + 6 if it tells a time          + 6 if it answers: what was said before it asks something
            + 1 for each "I, my, we"        − 1 for each "you, your"
            + 2 for each verb of the past   − 1 for each filler ("wow", "thanks", "really")

Greetings, questions and compliments tell nothing; dated and personal statements tell most. The coefficients are round
and were set by hand: halving or doubling any of them changes what is kept by a hundredth, see
`docs/design/0010-consolidation-by-rules.md`. English and Japanese; elsewhere names, figures and words still count. It
asks no model and compares with no other text.

>>> telling("I adopted a dog named Rufus in Oslo last May.") > telling("Wow, that's great! How is your dog?")
True
"""

from __future__ import annotations

import calendar
import re

from workbench.memory.recall.reading import ASIDE, ASKS, SENTENCE
from workbench.memory.weighing.wording import FILLERS, information, words

TIME_BONUS = 6.0
ANSWER_BONUS = 6.0
PAST_WEIGHT = 2.0
CAPTION_WEIGHT = 0.5

FIRST_PERSON = re.compile(r"\b(?:i|my|me|we|our|mine|ours|us)\b|私|僕|俺|わたし|ぼく", re.IGNORECASE)
SECOND_PERSON = re.compile(r"\b(?:you|your|yours)\b|あなた|きみ|君[のはがを]", re.IGNORECASE)
PAST = re.compile(
    r"\b(?:was|were|went|got|had|did|made|took|found|began|bought|met|saw|came|gave|won|lost|ran|wrote|drove|flew|grew"
    r"|left|read|told|taught|built|held|kept|spent|sold|sent|broke|became|\w{2,}ed)\b"
    r"|(?:まし|っ|い|し|え|け|め|れ|べ|き|ち)た(?=[。！、\s]|$)|んだ(?=[。！、\s]|$)",
    re.IGNORECASE,
)
TELLS_TIME = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|ago|last|next|recently|since|week(?:end|s)?|months?|years?|days?|(?:19|20)\d\d"
    rf"|{'|'.join(calendar.day_name)}|{'|'.join(calendar.month_name[1:])})\b"
    r"|昨日|今日|明日|[先今来]週|[先今来]月|[去昨今来]年|一昨日|おととい|週末|[月火水木金土日]曜|\d\s*(?:年|月|日|週間|時)|前に",
    re.IGNORECASE,
)
ASKS_SOMEWHERE = re.compile(r"[?？]|(?:です|ます)か。")


def telling(text: str, *, answers: bool = False) -> float:
    """How much a text tells, by the sum above; below 0 for an empty compliment.

    Args:
        answers: what was said before it asks something.
    """
    caption = ASIDE.search(text) if text.endswith("]") else None
    said = text[: caption.start()] if caption else text
    stated = " ".join(sentence for sentence in SENTENCE.split(said) if not ASKS.search(sentence))
    found = list(words(stated))
    told = sum({word.text.casefold(): word.weight for word in found}.values())
    told += CAPTION_WEIGHT * information(caption.group()) if caption else 0.0
    told += TIME_BONUS * (TELLS_TIME.search(stated) is not None) + ANSWER_BONUS * answers
    told += len(FIRST_PERSON.findall(stated)) - len(SECOND_PERSON.findall(stated))
    return told + PAST_WEIGHT * len(PAST.findall(stated)) - sum(word.text.casefold() in FILLERS for word in found)


def asks_something(text: str) -> bool:
    """Whether any sentence of it asks."""
    return ASKS_SOMEWHERE.search(text) is not None
