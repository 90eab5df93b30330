"""What opens something: keys, tokens, private keys, links that carry one, passwords.

    the detectors of `detect-secrets` give the forms of keys; forms that came later are added here
    a password has no form: the words around it tell

Only the detectors' patterns are used; their way to ask the issuer whether a key is live is never called, so nothing
leaves this machine.

>>> from workbench.corpus.redaction.finding import apart
>>> [one.kind for one in apart(secrets(Folded.of("my password is hunter2, see https://x.io/?token=8fK2mQ9zL1")))]
['PASSWORD', 'URL']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from workbench.corpus.redaction.finding import Finding, Folded

_DETECTORS = {  # those whose forms are of keys alone; the ones that guess from entropy or from words are not used
    "aws": "AWSKeyDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
_LATER_KEYS = tuple(
    re.compile(rf"(?<![A-Za-z0-9]){form}")
    for form in (
        r"sk-(?:proj|svcacct|admin|ant|or|live|test)[A-Za-z0-9_-]{16,}",  # OpenAI of 2024, Anthropic, routers
        r"sk-[A-Za-z0-9]{32,}",
        r"github_pat_[A-Za-z0-9_]{22,}",
        r"gh[opsur]_[A-Za-z0-9]{30,}",
        r"gl[a-z]{2,5}-[A-Za-z0-9_-]{20,}",  # GitLab
        r"xox[a-z](?:-[A-Za-z0-9]+){2,}|xapp(?:-[A-Za-z0-9]+){2,}",  # Slack
        r"AIza[A-Za-z0-9_-]{35}",  # Google
        r"ya29\.[A-Za-z0-9_-]{20,}",
        r"hf_[A-Za-z0-9]{30,}",  # Hugging Face
        r"npm_[A-Za-z0-9]{36}",
        r"pypi-[A-Za-z0-9_-]{20,}",
        r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
        r"dop_v1_[0-9a-f]{64}|SG\.[\w-]{20,}\.[\w-]{20,}",
        r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # JSON web token
    )
)
_PEM = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END \1PRIVATE KEY(?: BLOCK)?-----|\Z)", re.DOTALL
)
_BEARER = re.compile(r"\b(?:Bearer|Basic|Token) (?P<value>[A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)

_URL_CHARS = r"[^\s<>\"'`、。「」（）]"
_SECRET_NAME = (
    r"(?:[\w-]*(?:token|secret|key|password|passwd|pwd|sig|signature|credential|auth|session|jwt|otp)|code|sid)"
)
_URLS = (
    re.compile(
        rf"(?<![A-Za-z0-9])[a-z][a-z0-9+.-]{{1,20}}://[^\s/:@<>\"']+:[^\s/@<>\"']+@{_URL_CHARS}+", re.IGNORECASE
    ),
    re.compile(rf"(?<![A-Za-z0-9])https?://{_URL_CHARS}+[?&#;]{_SECRET_NAME}={_URL_CHARS}{{6,}}", re.IGNORECASE),
)

_NAMES = (
    r"pass(?:word|wd|phrase|code)s?|\bpass(?=[\"']?\s*[:=])|pwd|\bpin(?: ?(?:code|number))?\b"
    r"|secret(?:[ _-]?(?:key|access[ _-]?key))?"
    r"|(?:api|access|auth|private|client|account|encryption|license)[ _-]?(?:key|token|secret)s?|\btoken"
)
_NAMES_JA = r"パスワード|暗証番号|合言葉|秘密鍵|アクセスキー|APIキー|トークン|PINコード|PIN(?=[はを：:])"
_VALUE = r"(?P<quote>[\"'`「『]?)(?P<value>[^\s\"'`「」『』、。<>]{4,})"
_SET = re.compile(rf"(?:{_NAMES})(?![a-z])(?:[_-]\w{{1,15}})?[\"']?\s*(?::=|=>|[:=])\s*{_VALUE}", re.IGNORECASE)
_SPOKEN = re.compile(
    rf"(?P<name>{_NAMES})\b[^.\n:=]{{0,30}}?\b"
    r"(?:(?:is|was|been|got)(?: now)? (?:changed|set|reset|updated) to|used to be|is(?: now)?|was|to|as|use|called)"
    rf"\s*:?\s+{_VALUE}",
    re.IGNORECASE,
)
_BESIDE = re.compile(rf"(?:{_NAMES})\s+{_VALUE}", re.IGNORECASE)
_AHEAD = re.compile(
    rf"(?<!\S){_VALUE}[\"'`」』]? (?:is |as |for )?(?:a|an|my|the|our|his|her)\b[^.\n]{{0,20}}?(?:{_NAMES})",
    re.IGNORECASE,
)
_SET_JA = re.compile(
    rf"(?:{_NAMES_JA})[^\s、。:=]{{0,6}}?(?:は|を|が|:|=|\s)+\s*(?P<quote>[\"'`「『]?)(?P<value>[!-~]{{4,}})",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"(?:not|too|so|very|wrong|incorrect|invalid|correct|required|optional|expired|expiring|missing|empty|needed|blank"
    r"|weak|strong|long|short|safe|secure|stored|hashed|encrypted|saved|sent|shown|hidden|changed|reset|leaked|being|been"
    r"|different|same|always|never|only|also|still|just|already|case-?sensitive|that|this|what|your|their|the|mine|from"
    r"|none|null|true|false|str|string|text|unknown|forgotten|protected|manager|field|please|with|access|data|sign"
    r"|os\.\w+.*|getenv.*|input.*|\$?\{.*|\[.*|<.*|\*+|x{3,}|\.{3,}|…+|%\(.*|process\.env.*)[.,;:!?)]*",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}"
_OWN = re.compile(r"\b(?:my|our|his|her|their|\w+'s)\b", re.IGNORECASE)
_MANY_MEANINGS = re.compile(r"secret|token|.*key", re.IGNORECASE)
_PIN = re.compile(r"pin\b", re.IGNORECASE)  # also a thing to sew with
NEAR_CHARS = 30


def secrets(folded: Folded) -> Iterator[Finding]:
    """Keys, private keys, links that open something, and passwords."""
    yield from folded.matches("URL", *_URLS)
    yield from folded.matches("KEY", *_known_keys(), *_LATER_KEYS, _PEM)
    yield from folded.matches("KEY", _BEARER, group="value")
    yield from _passwords(folded)


@lru_cache(maxsize=1)
def _known_keys() -> tuple[re.Pattern[str], ...]:
    detectors = (getattr(import_module(f"detect_secrets.plugins.{file}"), name) for file, name in _DETECTORS.items())
    return tuple(pattern for detector in detectors for pattern in detector.denylist)


def _passwords(folded: Folded) -> Iterator[Finding]:
    """A value set by a sign is taken as it is; one in a sentence must look like a secret, or be somebody's own."""
    for pattern in (_SET, _SET_JA):
        for match in pattern.finditer(folded.text):
            yield from _password(folded, match)
    for match in _SPOKEN.finditer(folded.text):
        before = folded.text[max(0, match.start() - NEAR_CHARS) : match.start()]
        own = _OWN.search(before) and not _MANY_MEANINGS.match(match["name"])
        if own or match["quote"] or looks_secret(match["value"]):
            yield from _password(folded, match)
    for pattern in (_BESIDE, _AHEAD):
        for match in pattern.finditer(folded.text):
            if looks_secret(match["value"]):
                yield from _password(folded, match)


def _password(folded: Folded, match: re.Match[str]) -> Iterator[Finding]:
    value = match["value"].rstrip(_TRAILING)
    is_pin = _PIN.match(match[0]) is not None
    if len(value) >= 4 and not _NOT_SECRET.fullmatch(value) and (not is_pin or any(map(str.isdigit, value))):
        start = match.start("value")
        yield folded.finding("PASSWORD", start, start + len(value))


def looks_secret(value: str) -> bool:
    """Whether no word of a language looks so: digits among letters, capitals inside, or signs inside."""
    inner = value.rstrip(_TRAILING)
    mixed = bool(re.search(r"\d", inner)) and bool(re.search(r"[A-Za-z]", inner))
    inside = bool(re.search(r"[a-z][A-Z]|[A-Za-z0-9][!#$%&*@^~=+?]|[a-z]-[a-z]+-[a-z]", inner))
    return len(inner) >= 4 and (mixed or inside or (inner.isdigit() and len(inner) >= 4))
