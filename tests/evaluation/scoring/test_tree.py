from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.evaluation.scoring.tree import Fed, Row, common, rows

TOKENS = st.lists(st.integers(0, 2), min_size=1, max_size=9).map(tuple)
FEDS = st.lists(TOKENS.flatmap(lambda t: st.integers(1, len(t)).map(lambda n: Fed(t, n))), min_size=1, max_size=12)


def read_back(fed: list[Fed], room: int) -> tuple[list[Row], dict[int, tuple[int, ...]]]:
    """Each sequence as a reader finds it, following columns through all rows."""
    made, before, sequences = list(rows(fed, room)), (), {}  # type: tuple[list[Row], tuple[int, ...], dict[int, tuple[int, ...]]]
    for row in made:
        columns = (*(before[column] for column in row.stem), *row.tokens)
        for place, path in zip(row.places, row.paths, strict=True):
            sequences[place] = tuple(columns[column] for column in path)
        before = columns
    return made, sequences


@given(FEDS, st.integers(1, 20))
def test_every_sequence_is_found_again_along_its_path(fed: list[Fed], room: int) -> None:
    assert read_back(fed, room)[1] == {place: one.tokens for place, one in enumerate(fed)}


@given(FEDS, st.integers(1, 20))
def test_what_is_asked_lies_in_the_row_itself(fed: list[Fed], room: int) -> None:
    for row in rows(fed, room):
        for place, path in zip(row.places, row.paths, strict=True):
            assert min(path[-fed[place].asked :]) >= len(row.stem)


@given(FEDS, st.integers(1, 20))
def test_a_token_sees_its_own_path_and_nothing_else(fed: list[Fed], room: int) -> None:
    for row in rows(fed, room):
        seen, first = row.seen(), len(row.stem)
        for path in row.paths:
            for length, column in enumerate(path, start=1):
                if column >= first:
                    assert set(seen[column - first].nonzero()[0]) == set(path[:length])
                    assert row.positions[column - first] == length - 1


@given(FEDS)
def test_in_one_row_no_token_is_read_twice(fed: list[Fed]) -> None:
    [row] = rows(fed, room=1000)
    assert len(row.tokens) == len({one.tokens[:end] for one in fed for end in range(1, len(one.tokens) + 1)})


@given(FEDS, st.integers(1, 20))
def test_a_row_is_over_its_room_only_for_one_sequence(fed: list[Fed], room: int) -> None:
    assert all(len(row.tokens) <= room or len(row.places) == 1 for row in rows(fed, room))


def test_a_row_begins_with_what_it_shares_with_the_one_before() -> None:
    first, second = rows([Fed((1, 2, 3, 4), 1), Fed((1, 2, 3, 5, 6), 1)], room=4)
    assert (first.tokens, first.stem) == ((1, 2, 3, 4), ())
    assert (second.tokens, second.stem) == ((5, 6), (0, 1, 2))


def test_common_counts_to_the_first_difference() -> None:
    assert (common((1, 2, 3), (1, 2, 4)), common((), (1,)), common((1,), (1, 2))) == (2, 0, 1)
