"""Numbers that name an account or a person: IBAN, payment card, US social security, My Number, passport and the like.

    a run of the right length ──► its check digits hold, or words before it say what it is ──► Finding

Where the issuer gives check digits they decide, so that sums and order numbers stay; where there are none, a word such
as "passport" must stand near. It knows nothing of phones and addresses.

>>> folded = Folded.of("Pay DE89 3704 0044 0532 0130 00, not DE88 3704 0044 0532 0130 00")
>>> [(one.kind, one.start) for one in numbers(folded)]
[('IBAN', 4)]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workbench.corpus.redaction.finding import Finding, Folded

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}")
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)")
_ISSUED = re.compile(r"4|5[1-5]|2[2-7]|3[47]|3(?:0[0-5]|[689])|35|6(?:011|4|5|2)")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}([- .])(?!00)\d{2}\1(?!0000)\d{4}(?![\d-])")
_SSN_SAID = re.compile(
    r"\b(?:ssn|social(?: security)?|itin)\b[^\d\n]{0,25}(?P<value>\d{3}[- .]?\d{2}[- .]?\d{4})(?!\d)", re.IGNORECASE
)
_TWELVE = re.compile(r"(?<![\d-])(?<!\d )\d{4}([ -]?)\d{4}\1\d{4}(?! ?\d|-)")
_MY_NUMBER_SAID = re.compile(r"マイナンバー|個人番号|my ?number", re.IGNORECASE)
_DOCUMENT = (
    r"passport|driv(?:er|ing)(?:'?s)? licen[cs]e|licen[cs]e (?:no|number|#)|national id|identity card|\bid card"
    r"|\bid (?:no|number)|residence (?:card|permit)|tax(?:payer)? id|national insurance|\bnino\b|\bnhs\b"
    r"|medicare|insurance (?:policy|no|number|id)|medical record|\bmrn\b|student id|employee id"
    r"|パスポート|旅券|免許|在留カード|保険証|被保険者|年金|身分証|学生証|社員番号|口座番号"
)
_ID_SAID = re.compile(
    rf"(?:{_DOCUMENT})[^\d\n]{{0,30}}?(?<![A-Za-z0-9])"
    r"(?P<value>(?=(?:[A-Za-z -]{0,4}\d){5})[A-Za-z]{0,3}\d(?:[ -]?[A-Za-z0-9]){4,30})",
    re.IGNORECASE,
)
_NINO = re.compile(r"(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])")


def numbers(folded: Folded) -> Iterator[Finding]:
    """IBANs, cards, social security numbers, My Numbers, and codes that stand behind the name of a document."""
    yield from _ibans(folded)
    yield from _cards(folded)
    yield from folded.matches("SSN", _SSN)
    yield from folded.matches("SSN", _SSN_SAID, group="value")
    yield from _my_numbers(folded)
    yield from folded.matches("ID", _ID_SAID, group="value")
    yield from folded.matches("ID", _NINO)


def _ibans(folded: Folded) -> Iterator[Finding]:
    """A match may run on into the next words, so its end is where the check digits hold."""
    for match in _IBAN.finditer(folded.text):
        if (end := _longest(folded.text, *match.span(), is_iban)) is not None:
            yield folded.finding("IBAN", match.start(), end)


def _longest(text: str, start: int, end: int, holds: Callable[[str], bool]) -> int | None:
    while end - start >= 15:
        if not text[end : end + 1].isalnum() and holds(text[start:end]):
            return end
        end -= 1
    return _in_midst(text, start, end, holds)


def _in_midst(text: str, start: int, end: int, holds: Callable[[str], bool]) -> int | None:
    """Japanese writes on without a blank; `isalnum` is true of its letters too."""
    wide = re.compile(r"[A-Za-z0-9 ]+").match(text, start)
    whole = wide.end() if wide else end
    return whole if whole - start >= 15 and holds(text[start:whole].rstrip()) else None


def is_iban(text: str) -> bool:
    """Whether the check digits hold: the number, its first four moved to the end, is 1 modulo 97."""
    plain = text.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34 or text != text.strip():
        return False
    return int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def _cards(folded: Folded) -> Iterator[Finding]:
    for match in _CARD.finditer(folded.text):
        plain = re.sub(r"\D", "", match[0])
        if _ISSUED.match(plain) and is_luhn(plain):
            yield folded.finding("CARD", *match.span())


def is_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812."""
    doubled = (int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _my_numbers(folded: Folded) -> Iterator[Finding]:
    """Twelve digits whose check digit holds; bare ones only where the text says what they are."""
    said = _MY_NUMBER_SAID.search(folded.text) is not None
    for match in _TWELVE.finditer(folded.text):
        if said or (match[1] and is_my_number(re.sub(r"\D", "", match[0]))):
            yield folded.finding("MY_NUMBER", *match.span())


def is_my_number(digits: str) -> bool:
    """Whether the twelfth digit is the check digit that the Japanese ordinance gives."""
    body = [int(one) for one in reversed(digits[:11])]
    rest = sum(one * (place + 2 if place < 6 else place - 4) for place, one in enumerate(body)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)
