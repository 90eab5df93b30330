"""Secrets and personal identifiers are found and replaced before anything is kept as an example.

`finding` folds a text and holds what was found, `secrets`, `numbers` and `contacts` look for one family each, and
`redactor` puts them together. Everything runs on this machine; no model is loaded.
"""

from workbench.corpus.redaction.finding import Finding, Kind
from workbench.corpus.redaction.redactor import PLACEHOLDER, Redacted, Redactor, find, redacted, suspects

__all__ = ["PLACEHOLDER", "Finding", "Kind", "Redacted", "Redactor", "find", "redacted", "suspects"]
