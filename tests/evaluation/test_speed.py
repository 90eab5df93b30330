"""Tokens per second leave the wait for the first token out, and say None where nothing can be said."""

from __future__ import annotations

import pytest

from workbench.core.records import Piece, Usage
from workbench.evaluation.speed import speed_of, time_replies
from workbench.models.embedded import EmbeddedModel


def test_the_rate_counts_from_the_first_token_to_the_last() -> None:
    speed = speed_of([(0.50, Piece("a")), (0.51, Piece("b")), (0.52, Piece("c")), (0.53, Piece(finish="stop"))])
    assert speed.first_token_ms == pytest.approx(500)
    assert (speed.tokens, speed.tokens_per_second) == (3, pytest.approx(100))


def test_the_engines_own_count_outranks_the_number_of_pieces() -> None:
    pieces = [(0.1, Piece("two tokens")), (0.2, Piece(" more")), (0.2, Piece(usage=Usage(5, 5), finish="stop"))]
    assert speed_of(pieces).tokens_per_second == pytest.approx(40)


def test_an_empty_reply_has_no_rate_and_no_first_token() -> None:
    speed = speed_of([(0.1, Piece(finish="stop"))])
    assert (speed.first_token_ms, speed.tokens, speed.tokens_per_second) == (None, 0, None)


async def test_the_embedded_model_is_timed_run_by_run(embedded: EmbeddedModel) -> None:
    speeds = await time_replies(embedded, "Count from one to ten.", runs=2, max_tokens=16)
    assert [speed.tokens for speed in speeds] == [16, 16]
    assert all(1 < (speed.tokens_per_second or 0) < 10_000 for speed in speeds)
