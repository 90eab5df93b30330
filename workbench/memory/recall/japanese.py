"""Japanese text as terms for lexical search, without a dictionary: the script shows where words begin and end.

    "駅前のカフェで働いています"   kanji      駅前 ─► 駅 前 駅前          働 ─► 働
                                   katakana   カフェ ─► かふぇ かふ ふぇ    (ネコ and ねこ share theirs)
                                   hiragana   の, で, いています ─► nothing: particles and endings

A kanji alone is what a verb keeps through its endings (買う, 買った, 買いました) and what compounds share (愛犬, 犬);
two together tell compounds apart. Katakana is folded into hiragana, full and half width by NFKC, Latin letters to lower
case. It does not know readings or synonyms: 犬 and いぬ, 手術 and オペ have nothing in common here; that is the
embedder's business.

>>> terms("犬を飼っている")
['犬', '飼']
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

KANJI = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
RUN = re.compile(
    rf"(?P<kanji>[{KANJI}]+)"
    r"|(?P<katakana>[\u30a1-\u30fa][\u30a1-\u30fa\u30fc-\u30fe]*)"
    r"|(?P<hiragana>[\u3041-\u3096\u309d\u309e\u30fc]+)"
    rf"|(?P<other>[^\W_\u3005-\u3007\u3040-\u30ff{KANJI}]+)"
)
TO_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
FUNCTION_WORDS = """
    でしょう ましょう ください ました ません でした だった だろう である という といった
    ていた ている ていて ていく てきた てくる ておく てある てみる てみた てしまった ちゃった ちゃう
    じゃない ではない なかった くなかった くない なくて なければ れば たら だら
    られる られた られて れた れて れる せる させる させて たい たく たくて そう よう
    です ます って った んだ んで して した する します しました いる いた いて います いました
    ある あった あり あります ありました なる なった なって なり なります
    から まで より けど けれど けれども ので のに とか など だけ しか ばかり くらい ぐらい ながら
    ため こと もの ところ とき ころ ほど ちょっと とても すごく やっぱり やっと もう まだ また でも
    それ これ あれ どれ その この あの どの そこ ここ あそこ どこ なに なん だれ いつ どう どんな
    なぜ どうして いくつ いくら さん ちゃん くん
"""
FUNCTION = re.compile("|".join(sorted(FUNCTION_WORDS.split(), key=len, reverse=True)))


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repeated ones included."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return [term for run in RUN.finditer(text) for term in _of_run(str(run.lastgroup), run.group())]


def _of_run(script: str, run: str) -> Iterator[str]:
    if script == "kanji":
        yield from run
        yield from _pairs(run)
    elif script == "katakana":
        word = run.translate(TO_HIRAGANA)
        word = word.rstrip("ー") or word  # コンピューター and コンピュータ are one word
        yield word
        yield from (pair for pair in _pairs(word) if pair != word)
    elif script == "hiragana":
        for rest in FUNCTION.split(run):  # of one character only a particle or an ending is left
            yield from _pairs(rest)
    else:
        yield run


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))
