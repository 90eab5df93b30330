"""Sentences with an invented secret or identifier in each, to see how many redaction finds. Not run by itself.

    "My new number is {phone}, text me."  +  415-555-2671  ──►  Planted(text, "PHONE", start, end)

Values are made here from the rules of their issuers (check digits, lengths, prefixes); the sentences around them are in
`planted_secrets.txt`, in three sets. Patterns were tried on `a` while they were made. `b` and `c` were then looked at
once each: .957 and .982 of 325 were found. What they missed was mended after that, so they are held out no more. The
same seed makes the same sentences. It imports nothing of the workbench.

>>> planted("a", each=1)[0]
Planted(text='Ask chen.keller11@tanaka.co.jp or me, whoever answers first', kind='EMAIL', start=4, end=30)
"""

from __future__ import annotations

import base64
import json
import random
import string
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

SEED = 20261123
Rng = random.Random
FIRST = ["rosa", "kenji", "marta", "liam", "aiko", "john", "priya", "omar", "sofia", "chen"]
LAST = ["vance", "tanaka", "keller", "murphy", "sato", "okafor", "silva", "novak", "brown", "dubois"]
HOSTS = ["brightmail.net", "example.com", "mail.example.org", "firma-keller.de", "tanaka.co.jp", "uni.ac.uk"]
STREETS = ["Maple", "Oak", "Cedar", "Washington", "Lakeview", "Baker", "Mill", "Station", "Church", "Elm", "Juniper"]
TOWNS = [
    "東京都千代田区丸の内",
    "大阪府吹田市山田東",
    "京都市左京区吉田本町",
    "神奈川県横浜市西区みなとみらい",
    "札幌市北区北七条西",
]
WORDS = ["sunshine", "dragon", "maple", "winter", "velvet", "falcon", "copper", "harbor", "tiger", "lantern"]


class Planted(NamedTuple):
    """A sentence and where its secret stands."""

    text: str
    kind: str
    start: int
    end: int

    def is_within(self, spans: Iterable[tuple[int, int]]) -> bool:
        """Whether no letter and no digit of the secret is outside of the spans."""
        covered = {place for start, end in spans for place in range(start, end)}
        return all(place in covered for place in range(self.start, self.end) if self.text[place].isalnum())


def pick(rng: Rng, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def digits(rng: Rng, count: int) -> str:
    return rng.choice("123456789") + pick(rng, string.digits, count - 1)


def alnum(rng: Rng, count: int) -> str:
    return pick(rng, string.ascii_letters + string.digits, count)


def wide(text: str) -> str:
    """ASCII as Japanese keyboards also write it: full width."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def email(rng: Rng) -> str:
    joint = rng.choice([".", "_", "", "-"])
    return (
        f"{rng.choice(FIRST)}{joint}{rng.choice(LAST)}{rng.choice(['', digits(rng, 2), '+shop'])}@{rng.choice(HOSTS)}"
    )


def phone(rng: Rng) -> str:
    area = rng.choice(["415", "212", "617", "303", "206"])
    us = (area, f"{rng.randint(220, 989)}", pick(rng, string.digits, 4))
    jp = (rng.choice(["090", "080", "070"]), digits(rng, 4), digits(rng, 4))
    forms = (
        "({}) {}-{}".format(*us),
        "-".join(us),
        ".".join(us),
        "+1 {} {} {}".format(*us),
        "+1{}{}{}".format(*us),
        "-".join(jp),
        "".join(jp),
        wide("-".join(jp)),
        f"03-{rng.choice('356')}{digits(rng, 3)}-{digits(rng, 4)}",
        f"06-6{digits(rng, 3)}-{digits(rng, 4)}",
        f"+81 {jp[0][1:]} {jp[1]} {jp[2]}",
        f"+44 7700 900{digits(rng, 3)}",
        f"020 7946 0{digits(rng, 3)}",
        f"+49 30 {digits(rng, 4)} {digits(rng, 4)}",
        f"+33 6 {digits(rng, 2)} {digits(rng, 2)} {digits(rng, 2)} {digits(rng, 2)}",
        f"+91 98{digits(rng, 3)} {digits(rng, 5)}",
    )
    return rng.choice(forms)


def iban(rng: Rng) -> str:
    land, body = rng.choice(
        [
            ("DE", digits(rng, 18)),
            ("GB", rng.choice(["NWBK", "BARC"]) + digits(rng, 14)),
            ("FR", digits(rng, 20) + pick(rng, string.digits, 3)),
            ("NL", rng.choice(["INGB", "ABNA"]) + digits(rng, 10)),
            ("ES", digits(rng, 20)),
        ]
    )
    number = "".join(str(int(one, 36)) for one in f"{body}{land}00")
    whole = f"{land}{98 - int(number) % 97:02}{body}"
    return rng.choice([whole, " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))])


def card(rng: Rng) -> str:
    prefix, length = rng.choice([("4", 16), ("52", 16), ("55", 16), ("37", 15), ("34", 15), ("6011", 16), ("3530", 16)])
    body = prefix + pick(rng, string.digits, length - len(prefix) - 1)
    doubled = [int(one) * (2 - place % 2) for place, one in enumerate(reversed(body))]
    number = body + str(-sum(value // 10 + value % 10 for value in doubled) % 10)
    groups = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    parts = [number[sum(groups[:place]) :][:size] for place, size in enumerate(groups)]
    return rng.choice([number, " ".join(parts), "-".join(parts)])


def ip(rng: Rng) -> str:
    four = ".".join(str(rng.randint(1, 254)) for _ in range(4))
    six = ":".join(f"{rng.randint(1, 65535):x}" for _ in range(6))
    return rng.choice(
        [
            four,
            four,
            f"192.168.{rng.randint(0, 9)}.{rng.randint(2, 250)}",
            f"2001:db8:{six}",
            "fe80::1ff:fe23:4567:890a",
        ]
    )


def url(rng: Rng) -> str:
    host = rng.choice(["api.shopline.io", "files.example.com", "internal.corp.example"])
    return rng.choice(
        [
            f"https://{host}/v1/orders?access_token={alnum(rng, 32)}",
            f"https://{rng.choice(FIRST)}:{alnum(rng, 10)}@{host}/backup",
            f"https://{host}/report.pdf?X-Amz-Expires=900&X-Amz-Signature={pick(rng, '0123456789abcdef', 64)}",
            f"https://{host}/reset?user=7&token={alnum(rng, 24)}",
            f"https://{host}/hook?api_key={alnum(rng, 28)}",
            f"postgresql://{rng.choice(FIRST)}:{alnum(rng, 12)}@db.example.com:5432/sales",
        ]
    )


def key(rng: Rng) -> str:
    def part(plain: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    jwt = ".".join((part({"alg": "HS256", "typ": "JWT"}), part({"sub": digits(rng, 9), "admin": True}), alnum(rng, 43)))
    lines = "\n".join(alnum(rng, 64) for _ in range(3))
    which = rng.choice(["RSA ", "", "OPENSSH ", "EC "])
    return rng.choice(
        [
            "AKIA" + pick(rng, string.ascii_uppercase + "234567", 16),
            "ghp_" + alnum(rng, 36),
            f"github_pat_{alnum(rng, 22)}_{alnum(rng, 59)}",
            f"sk-{alnum(rng, 20)}T3BlbkFJ{alnum(rng, 20)}",
            f"sk-proj-{alnum(rng, 48)}",
            f"sk-ant-api03-{alnum(rng, 60)}",
            f"xoxb-{digits(rng, 12)}-{digits(rng, 12)}-{alnum(rng, 24)}",
            jwt,
            f"-----BEGIN {which}PRIVATE KEY-----\n{lines}\n-----END {which}PRIVATE KEY-----",
            "AIza" + alnum(rng, 35),
            "hf_" + pick(rng, string.ascii_letters, 34),
            "sk_live_" + alnum(rng, 24),
            "glpat-" + alnum(rng, 20),
            "npm_" + alnum(rng, 36),
        ]
    )


def password(rng: Rng) -> str:
    word = rng.choice(WORDS)
    return rng.choice(
        [
            f"{word}{digits(rng, 3)}",
            word.capitalize() + rng.choice("!?#$") + digits(rng, 2),
            alnum(rng, 12),
            f"{word}-{rng.choice(WORDS)}-{rng.choice(WORDS)}",
            f"{pick(rng, string.ascii_letters, 4)}{rng.choice('@%&*')}{alnum(rng, 5)}{digits(rng, 1)}",
        ]
    )


def ssn(rng: Rng) -> str:
    parts = (f"{rng.randint(1, 665):03}", f"{rng.randint(1, 99):02}", f"{rng.randint(1, 9999):04}")
    return rng.choice(["-", "-", " "]).join(parts)


def my_number(rng: Rng) -> str:
    body = digits(rng, 11)
    total = sum(int(one) * (place + 2 if place < 6 else place - 4) for place, one in enumerate(reversed(body)))
    whole = body + str(0 if total % 11 <= 1 else 11 - total % 11)
    return rng.choice(
        [whole, " ".join((whole[:4], whole[4:8], whole[8:])), "-".join((whole[:4], whole[4:8], whole[8:]))]
    )


def identity(rng: Rng) -> str:
    upper = string.ascii_uppercase
    return rng.choice(
        [digits(rng, 9), pick(rng, upper, 2) + digits(rng, 7), pick(rng, upper, 1) + digits(rng, 8), digits(rng, 12)]
    )


def address(rng: Rng) -> str:
    house, street = rng.randint(2, 2999), rng.choice(STREETS)
    kind = rng.choice(["Street", "St", "Avenue", "Ave.", "Road", "Lane", "Blvd", "Drive"])
    return rng.choice(
        [
            f"{house} {street} {kind}",
            f"{house} {street} {kind}, Apt {rng.randint(1, 40)}, Springfield, IL 62704",
            f"{house} {street} {kind}, Portland, OR 972{digits(rng, 2)}",
            f"{rng.randint(2, 200)} {street} {rng.choice(['Road', 'Lane'])}, London NW1 6XE",
        ]
    )


def address_ja(rng: Rng) -> str:
    town = rng.choice(TOWNS)
    one, two, three = rng.randint(1, 9), rng.randint(1, 29), rng.randint(1, 29)
    number = rng.choice(
        [f"{one}-{two}-{three}", f"{one}丁目{two}番{three}号", f"{one}丁目{two}-{three}", wide(f"{one}-{two}-{three}")]
    )
    return rng.choice(["", "", f"〒{digits(rng, 3)}-{digits(rng, 4)} "]) + town + number


MAKERS: dict[str, Callable[[Rng], str]] = {
    "EMAIL": email,
    "PHONE": phone,
    "IBAN": iban,
    "CARD": card,
    "IP": ip,
    "URL": url,
    "KEY": key,
    "PASSWORD": password,
    "SSN": ssn,
    "MY_NUMBER": my_number,
    "ID": identity,
    "ADDRESS": address,
    "ADDRESS_JA": address_ja,
}


def sentences(path: Path) -> dict[str, dict[str, list[str]]]:
    """The sentences by set and kind."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            head, _, sentence = line.partition(": ")
            phrasing, kind = head.split()
            found.setdefault(phrasing, {}).setdefault(kind, []).append(sentence.replace("\\n", "\n"))
    return found


SENTENCES = sentences(Path(__file__).with_suffix(".txt"))


def planted(phrasing: Literal["a", "b", "c"], *, each: int = 25, seed: int = SEED) -> tuple[Planted, ...]:
    """So many sentences of every kind."""
    rng = random.Random(f"{seed} {phrasing}")
    return tuple(_one(kind, phrasing, rng) for kind in MAKERS for _ in range(each))


def _one(kind: str, phrasing: str, rng: Rng) -> Planted:
    sentence = rng.choice(SENTENCES[phrasing][kind])
    secret = MAKERS[kind](rng)
    text = sentence.format(secret)
    start = text.index(secret)
    return Planted(text, kind, start, start + len(secret))
