"""What a model wants to read before a text, told by its name, as its publishers say.

    nomic-embed-text   "search_document: My dog is called Rufus."     "search_query: What is my dog's name?"
    bge-m3             "My dog is called Rufus."                      "What is my dog's name?"

A model trained with prefixes ranks noticeably worse without them, and the servers do not add them. A name that is not
here gets none.

>>> prefixes_of("nomic-embed-text:v1.5").query
'search_query: '
"""

from __future__ import annotations

from typing import NamedTuple


class Prefixes(NamedTuple):
    """What goes before a text that is stored, and before one that is looked for."""

    stored: str = ""
    query: str = ""


REPRESENT = "Represent this sentence for searching relevant passages: "
KNOWN = {  # part of the name -> prefixes; the first that fits
    "nomic-embed": Prefixes("search_document: ", "search_query: "),
    "e5-mistral": Prefixes("", "Instruct: Retrieve statements that answer the question\nQuery: "),
    "multilingual-e5-large-instruct": Prefixes("", "Instruct: Retrieve statements that answer the question\nQuery: "),
    "e5-": Prefixes("passage: ", "query: "),
    "embeddinggemma": Prefixes("title: none | text: ", "task: search result | query: "),
    "qwen3-embedding": Prefixes("", "Instruct: Retrieve statements that answer the question\nQuery:"),
    "mxbai-embed": Prefixes("", REPRESENT),
    "snowflake-arctic-embed2": Prefixes("", "query: "),
    "arctic-embed-m-v2": Prefixes("", "query: "),
    "arctic-embed-l-v2": Prefixes("", "query: "),
    "arctic-embed": Prefixes("", REPRESENT),
    "bge-small-en": Prefixes("", REPRESENT),
    "bge-base-en": Prefixes("", REPRESENT),
    "bge-large": Prefixes("", REPRESENT),
}


def prefixes_of(name: str) -> Prefixes:
    """The prefixes of the model with that name; none where we know of none."""
    return next((prefixes for part, prefixes in KNOWN.items() if part in name.casefold()), Prefixes())
