"""A model's chat template as Ollama writes one: Jinja in, Go out, found by asking the Jinja what it says.

    Jinja(system S, user U, assistant A) ─► what stands before and after S, U and A, and before a reply
    Go:  {{ range .Messages }}{{ if eq .Role "user" }}<|im_start|>user … {{ .Content }}<|im_end|> … {{ end }}{{ end }}

The pieces are then put together for a longer chat and compared with what the Jinja says of it. A template that is more
than such pieces (dates, tools, a system message folded into the first question) gives None: Ollama then goes by the
template in the GGUF file, where it knows it. It does not know any model by name.

>>> go_template(tokenizer)[:40]                                            # doctest: +SKIP
'{{- range $i, $_ := .Messages }}{{- $las'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

ROLES = ("system", "user", "assistant")
MARKS = ("\u2460one\u2460", "\u2461two\u2461", "\u2462three\u2462")  # stand for what is said; in no template


class Around(NamedTuple):
    """The words before and after one message."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """All that a plain chat template says."""

    roles: dict[str, Around]
    reply: str  # what opens the model's turn

    def chat(self, *said: tuple[str, str]) -> str:
        """A chat put together from the pieces, the model's turn opened."""
        return "".join(f"{self.roles[role].before}{text}{self.roles[role].after}" for role, text in said) + self.reply


def go_template(tokenizer: Any) -> str | None:
    """The template for a Modelfile, or None where the model's own is more than pieces around messages."""
    pieces = _pieces(tokenizer)
    if pieces is None or not _holds(pieces, tokenizer):
        return None
    words = [word for around in pieces.roles.values() for word in around] + [pieces.reply]
    return None if any("{{" in word or '"""' in word for word in words) else _written(pieces)


def _written(pieces: Pieces) -> str:
    cases = [
        f'{{{{ {"if" if index == 0 else "else if"} eq .Role "{role}" }}}}'
        f"{pieces.roles[role].before}{{{{ .Content }}}}{pieces.roles[role].after}"
        for index, role in enumerate(ROLES)
    ]
    last = f'{{{{ if and $last (ne .Role "assistant") }}}}{pieces.reply}{{{{ end }}}}'
    return (
        "{{- range $i, $_ := .Messages }}{{- $last := eq (len (slice $.Messages $i)) 1 }}"
        f"{''.join(cases)}{{{{ end }}}}{last}{{{{- end }}}}"
    )


def _pieces(tokenizer: Any) -> Pieces | None:
    chat = list(zip(ROLES, MARKS, strict=True))
    texts = [_said(tokenizer, chat[:count], opened=False) for count in (1, 2, 3)]
    opened = _said(tokenizer, chat[:2], opened=True)
    if None in texts or opened is None or not opened.startswith(str(texts[1])):
        return None
    roles, before = {}, ""
    for (role, mark), text in zip(chat, map(str, texts), strict=True):
        said = text.removeprefix(before)
        if not text.startswith(before) or said.count(mark) != 1:
            return None
        roles[role] = Around(*said.split(mark))
        before = text
    return Pieces(roles, opened.removeprefix(str(texts[1])))


def _holds(pieces: Pieces, tokenizer: Any) -> bool:
    """Whether longer and shorter chats come out as the template says them, such as one with two questions."""
    one, two, three = MARKS
    longer = [("system", one), ("user", two), ("assistant", three), ("user", one), ("assistant", two), ("user", three)]
    return all(pieces.chat(*chat) == _said(tokenizer, chat, opened=True) for chat in (longer, longer[:2], longer[:4]))


def _said(tokenizer: Any, chat: list[tuple[str, str]], *, opened: bool) -> str | None:
    from jinja2 import TemplateError

    messages = [{"role": role, "content": text} for role, text in chat]
    try:
        text = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=opened))
    except (TemplateError, ValueError):  # it has none, or refuses such a chat
        return None
    return text.removeprefix(tokenizer.bos_token or "") if _adds_bos(tokenizer) else text


def _adds_bos(tokenizer: Any) -> bool:
    """Whether the tokenizer puts the opening token itself, so that the template must not."""
    ids = tokenizer("a")["input_ids"]
    return bool(ids) and ids[0] == tokenizer.bos_token_id
