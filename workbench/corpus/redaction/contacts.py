"""Where somebody can be reached: e-mail, phone, IP address, street.

    phone   the library `phonenumbers` decides what is a number; without a + or separators a word must say so
    street  a house number beside a word for streets, or a Japanese town followed by its block numbers

Names of people are not looked for: without a language model that would take half of all sentences with it.

>>> from workbench.corpus.redaction.finding import apart
>>> [one.kind for one in apart(contacts(Folded.of("Mail ann@example.com or call 415-555-2671")))]
['EMAIL', 'PHONE']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from workbench.corpus.redaction.finding import Finding, Folded

_AT = r"(?:@| ?[\[(](?:at|@)[\])] ?| at (?=[a-z0-9-]+ dot ))"
_DOT = r"(?:\.| ?[\[(]dot[\])] ?| dot )"
_EMAIL = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{{0,63}}[A-Za-z0-9_%+]{_AT}[A-Za-z0-9-]+(?:{_DOT}[A-Za-z0-9-]+)*{_DOT}[A-Za-z]{{2,24}}"
)
_IP4 = re.compile(r"(?<![A-Za-z0-9_.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_IP6 = re.compile(
    r"(?<![A-Za-z0-9_:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){1,6}:[0-9A-Fa-f]{1,4}(?![A-Za-z0-9_])(?!:[0-9A-Fa-f:])"
)
_VERSION = re.compile(r"(?:version|release|\bv)\W*$", re.IGNORECASE)
_MASKS = ("255.", "0.", "127.0.")

REGIONS = ("US", "JP", "GB", "DE", "FR", "IN", "AU")  # whose numbers are known without their country code
SURE_REGIONS = ("US", "JP")  # … and need no word that says so, if they are written in groups
_PHONE_SAID = re.compile(
    r"phone|\btel\b|\bcall|mobile|\bcell\b|\bfax|whatsapp|\btext (?:me|him|her|us)|\bsms\b|\bring\b|\bdial\b|reach"
    r"|\bcontact|\bsignal\b|電話|携帯|ファックス|連絡|折り返し|番号",
    re.IGNORECASE,
)
_MOBILE_JP = re.compile(r"0[5789]0\d{8}")
NEAR_CHARS = 40

_WAYS = (
    r"street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|way|terrace|crescent"
    r"|close|parkway|pkwy|highway|hwy|row|gardens"
)
_UNIT = r"(?:,? (?:apt|apartment|unit|suite|ste|flat|floor|#)\.? ?[\w-]{1,6})?"
_NAMED = r"[A-Z][A-Za-z.]+(?![A-Za-z\d])"
_POSTAL = r"[A-Z]{2} \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
_TOWN = rf"(?:,? {_NAMED}(?: {_NAMED}){{0,2}})?(?:,? (?:{_POSTAL}))?"
_STREET = re.compile(
    rf"(?<![A-Za-z0-9_.])\d{{1,5}}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][\w'.]+ ){{1,4}}(?i:{_WAYS})\b\.?(?i:{_UNIT}){_TOWN}"
)
_STREET_SAID = re.compile(
    rf"(?:live at|address(?: is)?|ship (?:it )?to|deliver(?: it)? to|located at|move to)\W+"
    rf"(?P<value>\d{{1,5}}[a-z]? (?:[\w'.]+ ){{1,4}}(?:{_WAYS})\b\.?{_UNIT})",
    re.IGNORECASE,
)
_STREET_EU = re.compile(
    r"[A-ZÄÖÜ][\wäöüß-]+(?:straße|strasse|str\.|weg|platz|allee|gasse) \d{1,4}[a-z]?\b(?:, \d{5} [A-ZÄÖÜ][\wäöüß-]+)?"
    r"|\b\d{1,4},? (?:bis,? )?(?:rue|avenue|boulevard|place|impasse|chemin|allée) (?:(?:de|du|des|la|le|les|l') ?){0,3}"
    r"[A-ZÉÈÀ][\w'éèàêç-]+(?: [A-ZÉÈÀ][\w'éèàêç-]+)*(?:, \d{5} [A-ZÉÈÀ][\w'éèàêç-]+)?"
)
_PO_BOX = re.compile(r"\bP\.? ?O\.? Box \d{1,6}\b", re.IGNORECASE)
_POSTCODE_JP = r"〒 ?\d{3}-?\d{4}"
_WORD_JP = r"[一-鿿々ヶケノぁ-んァ-ヴー]"
_TOWN_JP = (
    r"(?:東京都|北海道|(?:京都|大阪)府|[一-鿿]{2,3}県)?"
    rf"(?:[一-鿿々]{{1,4}}{_WORD_JP}{{0,5}}?[市区郡])(?:[一-鿿々]{_WORD_JP}{{0,4}}?[区町村])?"
)
_BLOCK_JP = r"\d{1,4}(?:(?:丁目|番地?|号|-|の)\d{0,4}){0,3}(?:丁目|番地?|号)?"
_NUMBERED_JP = r"(?:\d{1,4}(?:丁目|番地?|号)|\d{1,4}-\d{1,4})"
_ADDRESS_JP = re.compile(rf"(?:{_POSTCODE_JP}\s*)?{_TOWN_JP}{_WORD_JP}{{0,12}}?(?={_NUMBERED_JP}){_BLOCK_JP}")
_POSTCODE = re.compile(rf"{_POSTCODE_JP}|郵便番号\D{{0,5}}\d{{3}}-?\d{{4}}")


def contacts(folded: Folded) -> Iterator[Finding]:
    """E-mail and IP addresses, phone numbers, postal addresses."""
    yield from folded.matches("EMAIL", _EMAIL)
    yield from _phones(folded)
    yield from _ips(folded)
    yield from folded.matches("ADDRESS", _STREET, _STREET_EU, _PO_BOX, _ADDRESS_JP, _POSTCODE)
    yield from folded.matches("ADDRESS", _STREET_SAID, group="value")


def _phones(folded: Folded) -> Iterator[Finding]:
    from phonenumbers import Leniency, PhoneNumberMatcher

    if sum(map(str.isdigit, folded.text)) < 7:
        return
    for region in REGIONS:
        for match in PhoneNumberMatcher(folded.text, region, Leniency.VALID, 65_535):
            if _is_meant(folded.text, match.start, match.end, region):
                yield folded.finding("PHONE", match.start, match.end)
    for match in PhoneNumberMatcher(folded.text, "US", Leniency.POSSIBLE, 65_535):
        raw = match.raw_string
        if raw.startswith("+") or (_is_grouped(raw) and _is_said(folded.text, match.start)):
            yield folded.finding("PHONE", match.start, match.end)


def _is_meant(text: str, start: int, end: int, region: str) -> bool:
    """A + or a Japanese mobile is sure; digits in groups are in some countries; all others need a word before them."""
    raw = text[start:end]
    if raw.startswith("+") or (region == "JP" and _MOBILE_JP.fullmatch(raw)):
        return True
    return (region in SURE_REGIONS and _is_grouped(raw)) or _is_said(text, start)


def _is_grouped(raw: str) -> bool:
    return len(re.findall(r"\d+", raw)) >= 3


def _is_said(text: str, start: int) -> bool:
    return _PHONE_SAID.search(text, max(0, start - NEAR_CHARS), start) is not None


def _ips(folded: Folded) -> Iterator[Finding]:
    for match in _IP4.finditer(folded.text):
        before = folded.text[max(0, match.start() - 12) : match.start()]
        if is_ip4(match[0]) and not _VERSION.search(before):
            yield folded.finding("IP", *match.span())
    for match in _IP6.finditer(folded.text):
        if is_ip6(match[0]):
            yield folded.finding("IP", *match.span())


def is_ip4(text: str) -> bool:
    """Whether it is the address of some machine: no netmask, not this machine itself."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return not text.startswith(_MASKS)


def is_ip6(text: str) -> bool:
    """Whether it is an IPv6 address of at least three groups: `ab::cd` is more often a name in C++."""
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return len([group for group in text.split(":") if group]) >= 3
