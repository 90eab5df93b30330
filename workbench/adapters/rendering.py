"""An example becomes tokens in one way, for training, for scoring and for the engine that answers.

    messages ─► direct() where it is a bare question ─► the model's own chat template ─► prompt tokens
    answer   ─► tokens, then the token that ends a turn

The walk asks in the same words (`prompts.direct`), and the engine applies the same template, so what is trained is what
is asked. It does not know the checker or the skill.

>>> render(example("2 + 2?", "4"), tokenizer).answer                      # doctest: +SKIP
(36, 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

from workbench.core.examples import Example
from workbench.core.records import Message
from workbench.prompts import direct


@dataclass(frozen=True, slots=True)
class Rendered:
    """Token ids: what the model reads, and what it should write, the end of its turn included."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.answer)


def asked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages as they are put to the model: without a system message of their own they get the usual one."""
    if messages[0].role == "system":
        return tuple(messages)
    *earlier, question = messages
    opening, last = direct(question.content)
    return (opening, *earlier, last)


def render(one: Example, tokenizer: Any) -> Rendered:
    """The tokens of an example for a model's tokenizer (a transformers one with a chat template)."""
    return Rendered(prompt_tokens(one.messages, tokenizer), answer_tokens(one.answer, tokenizer))


def prompt_tokens(messages: Sequence[Message], tokenizer: Any) -> tuple[int, ...]:
    """Up to and with the words that open the model's turn."""
    chat = [{"role": message.role, "content": message.content} for message in asked(messages)]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])


def answer_tokens(answer: str, tokenizer: Any) -> tuple[int, ...]:
    """The answer's tokens and the token that ends a turn."""
    return (*tokenizer(answer, add_special_tokens=False)["input_ids"], end_of_turn(tokenizer))


def end_of_turn(tokenizer: Any) -> int:
    """The token with which the model ends what it says, `<|im_end|>` for the embedded one."""
    return int(tokenizer.eos_token_id)


def shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with, leaving at least one of each."""
    if not prompts:
        return 0
    most = min(len(prompt) for prompt in prompts) - 1
    same = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*prompts, strict=False))
    return sum(1 for _ in islice(same, most))
