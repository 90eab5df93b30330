"""Which sentences of a question are worth remembering: what the person stated, word for word.

    "My dog is called Rufus. What should I feed him?"   ──►  "My dog is called Rufus."
    "I live in Oslo, how cold is it there?"             ──►  "I live in Oslo"
    "Translate this: I am tired. My cat died."          ──►  nothing: text to work on is not a statement

Rules of grammar, not a model: questions, commands and greetings go, statements stay, and so does whatever is asked
to be remembered. Answers never come here. It does not weigh importance and knows no database.

>>> memorable("My dog is called Rufus. What should I feed him?")
('My dog is called Rufus.',)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from workbench.core.records import Language

LONGEST_CHARS = 1_000  # a longer "sentence" is pasted material
MOST_SENTENCES = 32  # of one question: what a person states in one breath, not a document

CODE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
ABBREVIATIONS = ("Mr", "Ms", "Mrs", "Dr", "St", "vs", r"e\.g", r"i\.e", "[A-Z]")
NOT_THE_END = "".join(rf"(?<!\b{word}\.)" for word in ABBREVIATIONS)
BREAK = re.compile(rf"(?:(?<=[.!?]){NOT_THE_END}|(?<=[.!?][\"”)]))\s+|(?<=[。！？])|\n+")
JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
WORD = re.compile(r"[^\W\d_][\w'’-]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ASKS = _words("what what's who who's whose whom where where's when when's why how how's which")
ASKERS_SUBJECT = _words("i i'm you we he she it they my our your his her their the this that there")
AUXILIARY = _words(
    "am is are was were do does did can could will would shall should may might must has have had isn't aren't "
    "wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't hasn't haven't"
)
INVERTED = AUXILIARY - _words("don't must")
COMMANDS = _words(
    "tell give show write list explain describe translate summarise summarize calculate compute convert find name "
    "create make draw draft compare help suggest recommend repeat answer solve say let let's try please stop continue "
    "go extract classify reverse rewrite fix add sort count define generate plan choose pick think use return print "
    "read run search look call do don't"
)
KEEP = re.compile(
    r"(?:please\s+)?(?:remember|note that|keep in mind|don't forget|do not forget|call me|always|never|from now on)\b",
    re.IGNORECASE,
)
STATES = AUXILIARY | _words(
    "i i'm i've i'd i'll me my mine we we're our us he's she's it's they're name's likes loves hates lives works wants "
    "needs prefers owns plays speaks starts ends costs goes comes knows eats drinks means belongs"
)
FILLER = _words(
    "hello hi hey thanks thank you ok okay yes no sure good morning evening afternoon night great nice cool bye there "
    "very much well fine right a lot so day have"
)
SUPPOSES = _words("if suppose imagine assume pretend say")
TAIL_QUESTION = re.compile(
    r"[,;:]\s+(?:and\s+|so\s+|but\s+)?(?=(?:what|who|where|when|why|how|which|can|could|do|does|is|are|will|would|should)\b)",
    re.IGNORECASE,
)

JA_KEEP = ("覚えて", "おぼえて", "忘れないで")
JA_GREETING = ("こんにちは", "こんばんは", "おはよう", "ありがとう", "よろしく", "すみません", "はい", "いいえ")
JA_ASKS = re.compile(r"(?:か|かな|かしら|の|何|なに|誰|だれ|どこ|いつ|なぜ|どう|どれ|いくら|いくつ|は)[?？]*$|[?？]$")
JA_COMMAND = re.compile(r"(?:ください|下さい|なさい|しろ|せよ|くれ|[てで](?:ほしい|欲しい)|て|んで|いで)[ねよ]?$")
JA_SHORTEST_CHARS = 4


def memorable(text: str, language: Language = "en") -> tuple[str, ...]:
    """The statements in `text`, in order, each as it was written and once.

    Args:
        text: what the person typed.
        language: the rules for a sentence that holds no Japanese script; those that do are read as Japanese.
    """
    return tuple(dict.fromkeys(islice(_statements(CODE.sub("\n", text), language), MOST_SENTENCES)))


def _statements(text: str, language: Language) -> Iterator[str]:
    for sentence in filter(None, (part.strip() for part in BREAK.split(text))):
        said = _said(sentence, language)
        if said is not None:
            yield said
        if said is None and _hands_over_material(sentence):
            return


def _said(sentence: str, language: Language) -> str | None:
    if len(sentence) > LONGEST_CHARS:
        return None
    japanese = JAPANESE.search(sentence) or (language == "ja" and not sentence.isascii())
    return _stated_in_japanese(sentence) if japanese else _stated(sentence)


def _hands_over_material(sentence: str) -> bool:
    """Whether a command or question announces text to work on: what follows was not said by the person."""
    return ": " in sentence or "：" in sentence or sentence.endswith(":")


def _stated(sentence: str) -> str | None:
    """The English sentence, its stating half, or `None` for a question, a command or a greeting."""
    words = [word.casefold().replace("’", "'") for word in WORD.findall(sentence)]
    if len(words) < 2 or FILLER.issuperset(words):
        return None
    if sentence.endswith(("?", "？")):
        return _before_the_question(sentence)
    if KEEP.match(sentence):
        return sentence
    if _asks(words) or words[0] in COMMANDS:
        return None
    return sentence if sentence.endswith((".", "!")) or not STATES.isdisjoint(words) else None


def _before_the_question(sentence: str) -> str | None:
    """`I live in Oslo` of `I live in Oslo, how cold is it?`; a supposition before the comma is no statement."""
    head, *tail = TAIL_QUESTION.split(sentence, maxsplit=1)
    words = [word.casefold() for word in WORD.findall(head)]
    if not tail or len(words) < 3 or words[0] in SUPPOSES | ASKS | COMMANDS | INVERTED or STATES.isdisjoint(words):
        return None
    return head


def _asks(words: list[str]) -> bool:
    """A question without its mark: `what is my name`, `is it late`; but not `what I like is tea`, `Will is here`."""
    first, second = words[0], words[1]
    if first in ASKS:
        return second not in ASKERS_SUBJECT
    return first in INVERTED and second not in AUXILIARY


def _stated_in_japanese(sentence: str) -> str | None:
    bare = sentence.rstrip("。！!. 　")
    if any(word in bare for word in JA_KEEP) and not bare.endswith(("?", "？", "か")):
        return sentence
    if len(bare) < JA_SHORTEST_CHARS or bare.startswith(JA_GREETING):
        return None
    ordering = re.split("[：:]", bare, maxsplit=1)[0]  # 訳してください：… orders something about what follows
    return None if any(JA_ASKS.search(part) or JA_COMMAND.search(part) for part in (bare, ordering)) else sentence
