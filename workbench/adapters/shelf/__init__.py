"""Adapters on disk: each under the hash of what it is, with a card of where it came from; one is champion.

    <folder>/champion.json              which one answers, and every move that led there; replaced in one step
             <identity>/                adapter_config.json, adapter_model.safetensors, card.json, what was attached
             shelf.lock                 held while anything changes

The room does not know who decides that an adapter is better, nor which engine serves it.
"""

from workbench.adapters.shelf.card import Card, Data, FileMark, Parent, Provenance, SkillScore
from workbench.adapters.shelf.champion import Move
from workbench.adapters.shelf.comparing import Comparison, Likeness
from workbench.adapters.shelf.entries import Shelved
from workbench.adapters.shelf.shelf import Shelf

__all__ = [
    "Card",
    "Comparison",
    "Data",
    "FileMark",
    "Likeness",
    "Move",
    "Parent",
    "Provenance",
    "Shelf",
    "Shelved",
    "SkillScore",
]
