"""Recall: which memories answer a question, best first, each with its reasons.

`words` and `japanese` cut text into terms, `reading` reads a memory or a question, `roster` holds in RAM what was read
of every active memory, `ranking` is the arithmetic, `choosing` fits the best into a budget, `why` says the reasons, and
`recaller` walks through them. No index of words lies on disk: where memory is encrypted, none may.
"""
