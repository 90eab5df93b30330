"""The committed question files, and files with mistakes in them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from workbench.core.errors import StoreCorrupt, StoreError
from workbench.evaluation import Question, load_questions, sample

DATA = Path(__file__).parents[2] / "data"
GOOD = {"id": "q-1", "kind": "add", "question": "What is 1 + 1?", "answer": "2", "check": "number"}


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_committed_questions_load_and_their_gold_answers_pass_their_own_check(split: str) -> None:
    questions = load_questions(DATA / f"verifiable_{split}.jsonl")
    assert len(questions) > 50
    assert all(question.is_answered_by(question.answer) for question in questions)


def test_no_question_stands_in_both_splits() -> None:
    dev, test = (load_questions(DATA / f"verifiable_{split}.jsonl") for split in ("dev", "test"))
    assert not {one.question for one in dev} & {one.question for one in test}


def test_every_bad_line_is_named_by_its_number_and_its_mistake(tmp_path: Path) -> None:
    lines = [
        json.dumps(GOOD),
        "{not json",
        "",
        json.dumps({**GOOD, "id": "q-2", "check": "vibes"}),
        json.dumps({**GOOD, "id": "q-3", "answer": " "}),
        json.dumps({"id": "q-4"}),
        json.dumps(GOOD),
    ]
    with pytest.raises(StoreCorrupt) as caught:
        load_questions(written(tmp_path / "set.jsonl", *lines))
    sentence = caught.value.sentence
    assert "5 bad lines" in sentence
    assert "line 2: not JSON" in sentence
    assert "line 4: no checker 'vibes'" in sentence
    assert "line 5: 'answer'" in sentence
    assert "line 6: needs exactly the keys" in sentence
    assert "line 7: id 'q-1' was used before" in sentence


def test_a_long_list_of_bad_lines_is_cut_and_counted(tmp_path: Path) -> None:
    with pytest.raises(StoreCorrupt, match=r"8 bad lines.*and 3 more; correct or remove them"):
        load_questions(written(tmp_path / "set.jsonl", *["?"] * 8))


def test_a_missing_file_is_a_sentence_with_the_next_action(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no file .*none\.jsonl; name a JSON-lines file"):
        load_questions(tmp_path / "none.jsonl")


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreCorrupt, match="cannot be read as UTF-8"):
        load_questions(tmp_path / "set.jsonl")


def many(**kinds: int) -> tuple[Question, ...]:
    return tuple(
        Question(f"{kind}-{place}", kind, "?", "!", "exact") for kind, count in kinds.items() for place in range(count)
    )


@pytest.mark.parametrize("n", [0, 1, 7, 16, 30, 99])
def test_a_sample_has_exactly_n_questions_or_all_there_are(n: int) -> None:
    questions = many(add=20, date=7, opposite=3)
    assert len(sample(questions, n, seed=1)) == min(n, 30)


def test_a_sample_keeps_the_proportions_of_the_kinds_and_the_order() -> None:
    questions = many(add=20, date=10, opposite=10)
    chosen = sample(questions, 8, seed=3)
    assert Counter(one.kind for one in chosen) == {"add": 4, "date": 2, "opposite": 2}
    assert list(chosen) == sorted(chosen, key=questions.index)


def test_one_seed_draws_one_sample_and_another_seed_another() -> None:
    questions = many(add=50)
    assert sample(questions, 10, seed=1) == sample(questions, 10, seed=1) != sample(questions, 10, seed=2)


def test_every_kind_of_the_dev_set_is_in_a_sample_of_16() -> None:
    questions = load_questions(DATA / "verifiable_dev.jsonl")
    assert {one.kind for one in sample(questions, 16, seed=0)} == {one.kind for one in questions}
