"""Keep transformers and bitsandbytes from drawing progress bars and writing remarks on the screen; errors are raised as
ever.

>>> with quiet():                                                        # doctest: +SKIP
...     model = AutoModelForCausalLM.from_pretrained(folder)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from logging import ERROR, getLogger
from typing import Any


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, neither writes to stderr; what was set before is set again."""
    from transformers.utils import logging

    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    remarks = getLogger("bitsandbytes")  # of kernels that could be downloaded, when it is first imported
    before = remarks.level
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    remarks.setLevel(ERROR)
    try:
        yield
    finally:
        remarks.setLevel(before)
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def replaced(module: Any, name: str, value: object) -> Iterator[None]:
    """Inside, the module has this value under this name; nothing happens where it has no such name."""
    if not hasattr(module, name):
        yield
        return
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
