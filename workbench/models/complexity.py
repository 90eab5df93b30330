"""How hard a question looks, from its wording alone: a number in 0..1 and the parts it was computed from.

    value = 1 − Π (1 − wᵢ · sᵢ)          over the parts i
    sᵢ    = 1 − 2^(−countᵢ / halfᵢ)      0 for none, ½ at halfᵢ, never quite 1

    part         weight  half   counts
    length         0.35    40   words; two characters of Japanese are one word
    clauses        0.30     4   commas, conjunctions, and every question or sentence after the first
    reasoning      0.95   1.5   distinct reasoning words: heavy ones (prove, derive, …) 1, light ones (why, how, …) ½
    numbers        0.30     4   numbers, and arithmetic signs between them
    formal         0.45     3   marks and words of mathematics and code, each distinct one once
    constraints    0.35     3   must, at least, without, …

The product means that each part closes a share of what the others left open, so one strong part is enough and no part
can push the value out of 0..1. Counts only grow when text is appended, hence so does the value.

It is a rule over words: it does not know whether a short question is deep ("Is P = NP?"), and it reads English and
Japanese only. The same question always gets the same number.

>>> measure_complexity("What is the capital of France?").value < 0.35
True
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complexity:
    """The value in 0..1, and the contribution wᵢ · sᵢ of each part."""

    value: float
    parts: dict[str, float]

    def __str__(self) -> str:
        largest = sorted(self.parts.items(), key=lambda part: -part[1])[:3]
        shown = ", ".join(f"{name} {share:.2f}" for name, share in largest if share > 0)
        return f"{self.value:.2f} ({shown})" if shown else f"{self.value:.2f}"


@dataclass(frozen=True, slots=True)
class Part:
    """One row of the table at the head."""

    weight: float
    half: float
    count: Callable[[str], float]

    def share(self, text: str) -> float:
        return self.weight * (1 - 2 ** (-self.count(text) / self.half))


def measure_complexity(question: str) -> Complexity:
    """Rate a question by the rule at the head of this file."""
    text = unicodedata.normalize("NFKC", question).casefold()  # full-width digits and signs become plain ones
    parts = {name: part.share(text) for name, part in PARTS.items()}
    left = 1.0
    for share in parts.values():
        left *= 1 - share
    return Complexity(value=1 - left, parts=parts)


def _english(*words: str) -> str:
    """Whole words. Not `\\b`: Japanese characters are word characters to it, and SQLを書いて would hide `sql`."""
    return rf"(?<![a-z0-9_])(?:{'|'.join(words)})(?![a-z0-9_])"


_JAPANESE_CHARACTER = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_WORD = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff]+")

# A stop counts only once a further word follows it: the first sentence is free.
_CLAUSE = re.compile(
    "|".join(
        (
            r"[;、](?=\s*\S)|[,:](?=\s+\S)",  # not the comma of 1,200 nor the colon of 9:00
            r"[.?!。](?=\s+\S)|[?!。](?=\s*[\u3040-\u9fff])",
            _english("and", "or", "but", "then", "if", "when", "because", "while", "after", "before", "which", "that"),
            "そして|また|しかし|ならば|とき|ので|ため|それから|その後|かつ|および|さらに",
        )
    )
)

# One reasoning act per entry; its words in both languages, so that saying it twice counts once.
_HEAVY = (
    rf"{_english('prove', 'proof')}|証明",
    rf"{_english('derive', 'derivation')}|導出|導い|導き|導け",
    rf"{_english('compare', 'comparison', 'contrast')}|比較|対比|比べ",
    r"step[ -]by[ -]step|段階的|ステップごと|一歩ずつ|順を追って|順序立てて",
    rf"{_english('analy[sz]e', 'analysis')}|分析|解析",
    rf"{_english('evaluate', 'assess', 'critique')}|評価|批判的",
    rf"{_english('design', 'devise', 'architect')}|設計",
    rf"{_english('optimi[sz]e', 'optimal', 'minimi[sz]e', 'maximi[sz]e')}|最適|最小化|最大化",
    rf"{_english('justify', 'justification')}|根拠|正当化|論証",
    rf"{_english('trade-?offs?', 'pros and cons')}|トレードオフ|長所と短所|メリットとデメリット|利点と欠点",
    rf"{_english('implement', 'refactor', 'debug')}|実装|リファクタ|デバッグ",
    rf"{_english('disprove', 'counter-?examples?', 'refute')}|反証|反例",
    rf"{_english('prioriti[sz]e', 'strategy', 'plan')}|戦略|計画",
)
_LIGHT = (
    rf"{_english('why')}|なぜ|何故|どうして|理由",
    rf"{_english('how(?! (?:many|much|far|long|fast))')}|どのように|どうやって|どうすれば",
    rf"{_english('explain', 'describe')}|説明|述べ",
    rf"{_english('calculate', 'compute', 'solve', 'work out')}|計算|解い|解き|解け|求め",
    rf"{_english('difference', 'differ', 'differs')}|違い|差異",
    rf"{_english('summari[sz]e', 'summary')}|要約|まとめ",
    rf"{_english('how (?:many|much|far|long|fast)', 'total', 'remain', 'remains', 'left')}"
    r"|いくつ|いくら|何(?:人|個|円|分|時|日|回|本|冊|[a-z])|合計|残り",
    rf"{_english('therefore', 'hence', 'imply', 'implies', 'suppose', 'assume')}|したがって|仮定|とすると",
    rf"{_english('cause', 'causes', 'effect', 'effects', 'consequences?')}|原因|影響|結果",
)
_FORMAL = (
    r"```|`[^`\n]+`",
    rf"{_english('def', 'class', 'return', 'import', 'const', 'select', 'async')}",
    r"[{};]|=>|->|==|!=|&&|\|\|",
    r"[∑∫√∞≤≥≠∈∀∃πθλ]|\\(?:frac|sum|int|sqrt)",
    r"(?<![a-z0-9_])(?:[a-z]\s*[=^]\s*[\w(]|o\([^)]*\))",
    rf"{_english('algorithm', 'algorithms', 'complexity', 'recursion', 'recursive')}|アルゴリズム|計算量|再帰",
    rf"{_english('theorem', 'lemma', 'induction', 'irrational', 'prime', 'primes', 'integer', 'integers')}"
    "|定理|補題|帰納法|無理数|素数|整数",
    rf"{_english('equation', 'equations', 'derivative', 'integral', 'matrix', 'probability', 'polynomial')}"
    "|方程式|微分|積分|行列|確率|多項式",
    rf"{_english('code', 'function', 'program', 'python', 'sql', 'regex', 'bug')}|コード|関数|プログラム|正規表現",
)
_CONSTRAINT = re.compile(
    "|".join(
        (
            _english("must", "should", "without", "only", "exactly", "each", "every", "at least", "at most", "except"),
            _english(
                "no more than", "no fewer than", "less than", "more than", "within", "unless", "both", "given that"
            ),
            "必ず|ただし|以上|以下|以内|のみ|だけ|ずつ|ちょうど|それぞれ|すべて|なければ|を除|使わず|せずに|条件",
        )
    )
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*|(?<=\d)\s*[-+*/×÷=^]")


def _length(text: str) -> float:
    return len(_WORD.findall(text)) + len(_JAPANESE_CHARACTER.findall(text)) / 2


def _distinct(text: str, patterns: tuple[re.Pattern[str], ...]) -> int:
    return sum(1 for pattern in patterns if pattern.search(text))


def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


_HEAVY_WORDS, _LIGHT_WORDS, _FORMAL_MARKS = _compiled(_HEAVY), _compiled(_LIGHT), _compiled(_FORMAL)

PARTS: Mapping[str, Part] = {
    "length": Part(0.35, 40, _length),
    "clauses": Part(0.30, 4, lambda text: len(_CLAUSE.findall(text))),
    "reasoning": Part(0.95, 1.5, lambda text: _distinct(text, _HEAVY_WORDS) + _distinct(text, _LIGHT_WORDS) / 2),
    "numbers": Part(0.30, 4, lambda text: len(_NUMBER.findall(text))),
    "formal": Part(0.45, 3, lambda text: _distinct(text, _FORMAL_MARKS)),
    "constraints": Part(0.35, 3, lambda text: len(_CONSTRAINT.findall(text))),
}
