"""A model writes questions about a passage, and reads the passage again to answer each without seeing the answer.

    passage ──► propose: {"pairs": [{"question", "answer"}, …]} ──► judging's rules ──► reading: the same? ──► kept

Both readings are greedy, so a document gives the same questions each time. One model is no independent witness of
itself: a mistake that it makes twice is kept. It does not read files and keeps no count of tokens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from workbench import prompts
from workbench.core.records import Sampling
from workbench.corpus.asking import Asker, parsed, texts_of
from workbench.corpus.documents.judging import Pair, as_spelled, refusal, stands_in
from workbench.corpus.documents.passages import Passage
from workbench.prompts.direct import language_of

PAIR_TOKENS = 64  # a question and a short answer, with the JSON around them
READING_TOKENS = 40


async def proposed(asker: Asker, passage: Passage, most: int) -> tuple[Pair, ...] | str:
    """The pairs that the model proposes, or its reply where that is not the JSON asked for."""
    language = language_of(passage.text)
    messages = prompts.render("ask_passage", language, heading=passage.heading, passage=passage.text)
    reply = await asker.ask(messages, Sampling(max_tokens=most * PAIR_TOKENS + 16, json_schema=schema(most)))
    value = parsed(reply.text)
    pairs = value.get("pairs") if isinstance(value, dict) else None
    if not isinstance(pairs, list):
        return reply.text
    read = (texts_of(one, "question", "answer") for one in pairs)
    return tuple(Pair(one["question"], one["answer"]) for one in read if one is not None)


async def judged(asker: Asker, passage: Passage, most: int) -> AsyncIterator[tuple[Pair | None, str]]:
    """Each proposed pair with the reason against it, empty where it is kept; None with the reply that has no pairs."""
    pairs = await proposed(asker, passage, most)
    if isinstance(pairs, str):
        yield None, pairs
        return
    for said in dict.fromkeys(pairs):
        pair = Pair(said.question, as_spelled(said.answer, passage.text))
        reason = refusal(pair, passage)
        if reason is None and not await reads_the_same(asker, passage, pair):
            reason = "a second reading of the passage gives another answer"
        yield pair, reason or ""


async def reads_the_same(asker: Asker, passage: Passage, pair: Pair) -> bool:
    """Whether the model, given passage and question alone, says the answer."""
    messages = prompts.render(
        "read_passage",
        language_of(passage.text),
        heading=passage.heading,
        passage=passage.text,
        question=pair.question,
    )
    reply = await asker.ask(messages, Sampling(max_tokens=READING_TOKENS, stop=("\n",)))
    return stands_in(pair.answer, reply.text)


def schema(most: int) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": 160}
    pair = {
        "type": "object",
        "properties": {"question": text, "answer": text},
        "required": ["question", "answer"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"pairs": {"type": "array", "minItems": 1, "maxItems": most, "items": pair}},
        "required": ["pairs"],
        "additionalProperties": False,
    }
