"""An export for people: questions, answers, feedback and what was remembered, as Markdown.

    ## 1. `holiday`
    ### Turn 1 · 2026-11-03 14:05
    **Question**
    ```text
    What is 6 × 7?
    ```

What people and models wrote stands in fences longer than any run of backticks in it, or in code spans made the same
way, so that nothing in it becomes a heading, a link, a picture or HTML. It holds no records back for importing: that is
what the JSON form is for.

>>> print(fenced("```\\n# Not a heading"))
````text
```
# Not a heading
````
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.memory.text import REPLACEMENT, storable

if TYPE_CHECKING:
    from workbench.memory.exchange.exporting import Contents

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")  # would bend a whole line
SAID = {"up": "good answer", "down": "bad answer", "correct": "it should have said:"}


def as_markdown(contents: Contents, counts: Counter[str]) -> Iterator[str]:
    """The paragraphs of the document; `counts` is filled on the way."""
    yield f"# Conversations\n\nExported from the workbench on {_when(time.time())}.\n"
    for number, session in enumerate(contents.sessions(), 1):
        counts["sessions"] += 1
        yield f"\n## {number}. {span(session['name'])}\n\nBegun {_when(session['created_at'])}."
        yield "\n" if session["learning"] else " It is not learned from.\n"
        for turn in contents.turns(session["id"]):
            yield from _turn(contents, turn, counts)
    yield from _without_turn(contents, counts)


def _turn(contents: Contents, turn: dict[str, Any], counts: Counter[str]) -> Iterator[str]:
    record = turn["record"]
    counts["turns"] += 1
    yield f"\n### Turn {turn['number']} · {_when(record['asked_at'])}\n\n**Question**\n\n{fenced(record['question'])}\n"
    if record.get("answer") is not None:
        model = (record.get("choice") or {}).get("model")
        by = f" by {span(model)}" if model else ""
        yield f"\n**Answer**{by}\n\n{fenced(record['answer'])}\n"
    for said in turn["feedback"]:
        counts["feedback"] += 1
        correction = "" if said["correction"] is None else f"\n\n{fenced(said['correction'])}"
        yield f"\n**Feedback**: {SAID[said['kind']]}{correction}\n"
    stated = [_item(memory) for memory in contents.memories(turn_id=record["id"])]
    counts["memories"] += len(stated)
    if stated:
        yield "\n**Remembered**\n\n" + "".join(stated)


def _without_turn(contents: Contents, counts: Counter[str]) -> Iterator[str]:
    """What was remembered from elsewhere: notes, documents, sessions that are gone."""
    title = "\n## Remembered apart from any turn\n\n"
    for memory in contents.memories():
        if memory["turn_id"] is None:
            counts["memories"] += 1
            yield title + _item(memory)
            title = ""


def _item(memory: dict[str, Any]) -> str:
    speaker = "" if memory["speaker"] is None else f"{span(memory['speaker'])}: "
    state = "" if memory["state"] == "active" else f" ({memory['state']})"
    return f"- {speaker}{span(memory['text'])}{state}\n"


def fenced(text: str) -> str:
    """The text as a block that shows it as it is."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}text\n{storable(text)}\n{fence}"


def span(text: str) -> str:
    """The text on one line, as code within a sentence; what cannot be seen is shown as U+FFFD."""
    line = UNSEEN.sub(REPLACEMENT, " ".join(storable(text).split()))
    ticks = "`" * (_longest_run(line) + 1)
    return f"{ticks} {line} {ticks}" if "`" in line else f"{ticks}{line}{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
