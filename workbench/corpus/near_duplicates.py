"""Which examples ask the same: prompts equal but for case, blanks, signs and fillers, and long ones hardly changed.

    "What is the capital of France?"  ─┐
    "what's the capital of FRANCE"    ─┴─► what capital of france     one group
    "What is 12 + 30?"   "What is 12 + 31?"   "What is 12 - 30?"      three: numbers, signs and names are what is asked

Tasks made from one template share nearly all their shingles and are different tasks all the same, so similarity alone
must not decide. Short prompts ask the same where their words are the same, fillers left out. Long ones (with a passage
of a document in them) may differ in a word or two: MinHash finds candidates, then numbers, names and both ends (where
the question stands) must be equal, and eight of ten three-word shingles shared. It splits nothing.

>>> from workbench.core.examples import example
>>> asked = [example("Is 7 prime?", "yes"), example("is 7  prime", "Yes."), example("Is 8 prime?", "no")]
>>> [len(group) for group in groups(asked)]
[2, 1]
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.core.errors import ExamplesError
from workbench.core.examples import Example

LONG_WORDS = 40  # from here on a word more or less does not make another task
SHINGLE_WORDS = 3
END_WORDS = 6
LEAST_SHARED = 0.8  # Jaccard index of the shingles of two long texts: one word in forty, three in a hundred
CANDIDATE_SHARED = 0.65  # MinHash estimates with an error of about 1/√128 = .09
PERMUTATIONS = 128

_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_぀-ヿ㐀-鿿]+(?:['’][^\W\d_]+)?|[぀-ヿ㐀-鿿]|[+\-*/=<>%^~@#&_\\|$€£¥×÷−°]")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_BETWEEN_LETTERS = re.compile(r"(?<=[^\W\d_])[-‐‑](?=[^\W\d_])")
_FILLING = """
    a an the is are was what please kindly just so well now then really exactly actually simply hey hi hello ok okay um
    uh what's whats tell me can could would you i we do does thanks thank
"""
_FILLERS = frozenset(_FILLING.split())
_FILLERS_JA = re.compile(
    r"(?:は|を|について)?教えて(?:ください|下さい|くれますか)?|お願いします|ください|下さい|ですか|でしょうか|です|は(?=\W*$)"
)


@dataclass(frozen=True, slots=True)
class Gist:
    """What a prompt asks, without what does not matter."""

    words: tuple[str, ...]
    sure: frozenset[str]  # numbers and names: these must be equal
    key: str  # hash of `words`: equal for equal gists

    @property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        return frozenset(zip(*(self.words[at:] for at in range(SHINGLE_WORDS)), strict=False))


def gist(one: Example) -> Gist:
    """The gist of everything that the model reads before it answers."""
    words: list[str] = []
    sure: set[str] = set()
    for message in one.messages:
        words.append(f"<{message.role}>")
        said = list(_words(message.content))
        kept = [word for word, _ in said if word not in _FILLERS] or [word for word, _ in said]
        words += kept or [message.content]  # of signs alone
        sure.update(word for word, named in said if named)
    key = hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()
    return Gist(tuple(words), frozenset(sure), key)


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Each word folded, and whether it is a number or a name."""
    plain = _FILLERS_JA.sub(" ", unicodedata.normalize("NFKC", text))
    plain = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), _BETWEEN_LETTERS.sub("", plain))
    opening = True
    for found in _WORD.finditer(plain):
        word = found[0]
        yield word.casefold().replace("’", "'"), word[0].isdigit() or (word[0].isupper() and not opening)
        opening = plain[found.end() : found.end() + 1] in {".", "!", "?", "\n", ":"}


def groups(examples: Sequence[Example]) -> tuple[tuple[Example, ...], ...]:
    """The examples in groups of near-duplicates; most groups are of one.

    Raises:
        ExamplesError: long texts are to be compared, and datasketch is not installed.
    """
    return tuple(tuple(examples[at] for at in group) for group in grouped([gist(one) for one in examples]))


def grouped(gists: Sequence[Gist]) -> tuple[tuple[int, ...], ...]:
    """The places of gists that ask the same, as `groups` puts them together."""
    parent = {one.key: one.key for one in gists}
    for left, right in _alike({one.key: one for one in gists if len(one.words) >= LONG_WORDS}):
        parent[_root(parent, left)] = _root(parent, right)
    found: dict[str, list[int]] = {}
    for at, one in enumerate(gists):
        found.setdefault(_root(parent, one.key), []).append(at)
    return tuple(map(tuple, found.values()))


def _root(parent: dict[str, str], key: str) -> str:
    while parent[key] != key:
        parent[key] = key = parent[parent[key]]
    return key


def _alike(long: dict[str, Gist]) -> Iterator[tuple[str, str]]:
    """Pairs of long gists that ask the same; compared are only those with equal numbers, names and ends."""
    blocks: dict[tuple[object, ...], list[str]] = {}
    for key, one in long.items():
        blocks.setdefault(_block(one), []).append(key)
    for keys in blocks.values():
        if len(keys) > 1:
            yield from _alike_in_block(keys, long)


def _alike_in_block(keys: Sequence[str], long: dict[str, Gist]) -> Iterator[tuple[str, str]]:
    try:
        from datasketch import MinHash, MinHashLSH
    except ModuleNotFoundError as error:
        raise ExamplesError(
            "Comparing long texts needs datasketch; run: pip install 'self-learning-agent-workbench[learn]'"
        ) from error
    index = MinHashLSH(threshold=CANDIDATE_SHARED, num_perm=PERMUTATIONS)
    for key in keys:
        sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
        sketch.update_batch([" ".join(shingle).encode("utf-8", "surrogatepass") for shingle in long[key].shingles])
        for other in sorted(index.query(sketch)):
            if shared(long[key], long[other]) >= LEAST_SHARED:
                yield key, other
        index.insert(key, sketch)


def alike(left: Gist, right: Gist) -> bool:
    """Whether two prompts ask the same, for who compares one with a few instead of all with all."""
    long = min(len(left.words), len(right.words)) >= LONG_WORDS
    return left.key == right.key or (long and _block(left) == _block(right) and shared(left, right) >= LEAST_SHARED)


def _block(one: Gist) -> tuple[object, ...]:
    """What long prompts that ask the same have in common for sure."""
    return (one.sure, one.words[:END_WORDS], one.words[-END_WORDS:])


def shared(left: Gist, right: Gist) -> float:
    """The Jaccard index of two gists' shingles, |A ∩ B| / |A ∪ B|."""
    both = len(left.shingles & right.shingles)
    return both / max(1, len(left.shingles) + len(right.shingles) - both)


def duplicates_in(examples: Sequence[Example]) -> int:
    """How many examples could go without a question being lost."""
    return sum(count - 1 for count in Counter(gist(one).key for one in examples).values())
