from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from workbench.core.schema import ConsolidationSettings, ImportanceSettings
from workbench.core.tokens import tokens_of
from workbench.memory import MiniLM
from workbench.memory.consolidation.contradictions import claim_of, contradicts, is_single
from workbench.memory.consolidation.duplicates import folded, near_pairs, nearest_earlier, says_the_same
from workbench.memory.consolidation.plan import DAY_S, Decision, Plan, plan
from workbench.memory.memories import StoredMemory, Vectors
from workbench.memory.weighing.importance import parts_of

NOW = 1_700_000_000.0
SCORING = ImportanceSettings()
DIALS = ConsolidationSettings()


def memory(name: str, text: str, *, days_ago: float = 1.0, **given: object) -> StoredMemory:
    plain = StoredMemory(
        id=name,
        text=text,
        said_at=NOW - days_ago * DAY_S,
        session_id=None,
        turn_id=None,
        place=0,
        speaker=None,
        kind="fact",
        event_at=None,
        tier="short",
        state="active",
        replaced_by=None,
        importance=0.0,
        parts={},
        pinned=False,
        recall_count=0,
        recalled_at=None,
        embedder="e",
    )
    return replace(plain, **given)  # type: ignore[arg-type]


def apart(memories: list[StoredMemory]) -> Vectors:
    """Vectors that have nothing in common."""
    return Vectors(tuple(one.id for one in memories), np.eye(len(memories), dtype=np.float32))


def together(memories: list[StoredMemory]) -> Vectors:
    """Vectors that are all the same."""
    matrix = np.zeros((len(memories), 4), np.float32)
    matrix[:, 0] = 1
    return Vectors(tuple(one.id for one in memories), matrix)


def planned(memories: list[StoredMemory], vectors: Vectors | None = None, **given: object) -> Plan:
    options: dict[str, object] = {"feedback": {}, "now": NOW, "scoring": SCORING, "dials": DIALS, **given}
    return plan(memories, vectors or apart(memories), **options)  # type: ignore[arg-type]


def decided(made: Plan) -> dict[str, Decision]:
    return {decision.memory_id: decision for decision in made.decisions}


def kinds(made: Plan) -> dict[str, str]:
    return {decision.memory_id: decision.what for decision in made.decisions}


def test_an_important_short_term_memory_is_promoted_with_its_parts_and_a_reason() -> None:
    made = planned([memory("a", "Remember that my daughter Anna was born on 7 May 2019.")])
    [found] = made.decisions
    assert (found.what, found.why) == ("promoted", f"importance {found.importance:.2f} reaches 0.45")
    assert found.parts["explicit"] == 1


def test_recalls_promote_and_thumbs_down_hold_back() -> None:
    memories = [memory(name, "I work as a nurse in Oslo.", recall_count=9) for name in ("a", "b")]
    assert kinds(planned(memories, feedback={"b": -5.0})) == {"a": "promoted", "b": "rescored"}


def test_a_long_term_memory_is_only_scored_anew_and_an_unchanged_one_not_at_all() -> None:
    one = memory("a", "My dog is called Rufus.", tier="long")
    [first] = planned([one]).decisions
    assert first.what == "rescored"
    assert planned([replace(one, importance=first.importance, parts=first.parts)]).decisions == ()


def test_near_duplicates_merge_into_the_richer_text() -> None:
    memories = [
        memory("poor", "My dog is called Rufus.", recall_count=2),
        memory("rich", "My brown dog is called Rufus."),
        memory("else", "I work as a nurse."),
    ]
    made = planned(memories, together(memories))
    found = decided(made)
    assert (found["poor"].what, found["poor"].by) == ("merged", "rich")
    assert "My" not in found["poor"].why
    assert found["rich"].parts["recalled"] == parts_recalled(2)
    assert found["else"].what == "rescored"


def parts_recalled(count: int) -> float:
    found = parts_of("", nearest=None, feedback=0, recall_count=count, idle_days=0, half_life_days=1)
    return found["recalled"]


def test_a_merge_inherits_feedback_recency_requests_and_tier() -> None:
    poor = memory("poor", "My dog is called Rufus.", days_ago=0, tier="long", parts={"explicit": 1.0})
    rich = memory("rich", "My brown dog is called Rufus.", days_ago=300)
    found = decided(planned([poor, rich], together([poor, rich]), feedback={"poor": 1.0}))["rich"]
    assert found.what == "promoted"
    assert (found.parts["explicit"], found.parts["recency"], found.parts["feedback"]) == (1, 1, 0.75)
    merged_before = [replace(poor, state="merged", replaced_by="rich"), rich]
    again = decided(planned(merged_before, apart([rich]), feedback={"poor": 1.0}))["rich"]
    assert {**again.parts, "novelty": 0} == {**found.parts, "novelty": 0}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I have 2 cats.", "I have 3 cats."),
        ("I have two cats.", "I have three cats."),
        ("I like strong tea.", "I do not like strong tea."),
        ("I like strong tea.", "I don't like strong tea."),
        ("I live in Oslo.", "I lived in Oslo."),
        ("Anna loves Bob.", "Bob loves Anna."),
        ("I can swim well.", "I can't swim well."),
        ("I work at Acme.", "I used to work at Acme."),
        ("My sister lives here.", "My brother lives here."),
        ("I like strong tea.", "Anna says I like strong tea."),
        ("私は猫が好きです。", "私は犬が好きです。"),
        ("私は猫が好きです。", "私は猫が好きではありません。"),
    ],
)
def test_what_differs_in_a_figure_a_negation_or_a_word_is_never_merged(one: str, other: str) -> None:
    memories = [memory("a", one), memory("b", other)]
    assert "merged" not in kinds(planned(memories, together(memories))).values()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I have two cats.", "I've 2 cats at home."),
        ("My dog is called Rufus.", "Remember that my dog is called Rufus!"),
        ("I live in Oslo.", "I live in Oslo, Norway."),
        ("私は猫が好きです", "私は猫が大好きです。"),
    ],
)
def test_the_same_said_in_other_signs_is_the_same(one: str, other: str) -> None:
    assert says_the_same(folded(one), folded(other))
    assert says_the_same(folded(other), folded(one))


def test_two_speakers_two_days_pins_and_documents_do_not_merge() -> None:
    text, more = "I went to the gym yesterday.", "I went to the new gym yesterday."
    for other in (
        memory("b", more, speaker="Anna"),
        memory("b", more, days_ago=9, kind="event"),
        memory("b", more, kind="document"),
    ):
        pair = [memory("a", text), other]
        assert "merged" not in kinds(planned(pair, together(pair))).values()
    pinned = [memory("a", text, pinned=True), memory("b", more)]
    assert "a" not in {name for name, what in kinds(planned(pinned, together(pinned))).items() if what == "merged"}


def test_a_chain_of_duplicates_ends_in_one_that_stays() -> None:
    texts = ["I have a dog here.", "I have a big dog here.", "I have a big brown dog here."]
    memories = [memory(str(place), text) for place, text in enumerate(texts)]
    found = decided(planned(memories, together(memories)))
    assert {found[name].by for name in "01"} == {"2"}
    assert found["2"].what != "merged"


def test_the_embedder_proposes_and_the_words_decide(minilm: MiniLM) -> None:
    texts = ["I have 2 cats.", "I have 3 cats.", "I live in Oslo.", "I live in Oslo now.", "I never live in Oslo."]
    memories = [memory(str(place), text) for place, text in enumerate(texts)]
    vectors = Vectors(tuple(one.id for one in memories), minilm.embed(texts))
    assert float(vectors.matrix[0] @ vectors.matrix[1]) > DIALS.duplicate_cosine
    merged = {name: one.by for name, one in decided(planned(memories, vectors)).items() if one.what == "merged"}
    assert merged == {"2": "3"}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("I live in Oslo.", "I've moved to Rome last week."),
        ("I live in Oslo.", "I no longer live in Oslo."),
        ("I work for Acme.", "I'm working at Initech now."),
        ("My dog is called Rufus.", "My dog's name is Bella."),
        ("My favorite color is blue.", "My favourite color is red."),
        ("My phone number is 12345.", "Remember: my phone number is 54321."),
        ("I love olives.", "I can't stand olives."),
        ("I hate olives.", "I like olives now."),
        ("I smoke.", "I stopped smoking."),
        ("I eat meat.", "I don't eat meat anymore."),
        ("I have two cats.", "I have 3 cats."),
        ("My sister lives in Oslo.", "My sister lives in Rome."),
        ("私は東京に住んでいます。", "先月、大阪に引っ越しました。"),
        ("猫が好きです。", "私は猫が嫌いです。"),
        ("犬の名前はハチです。", "犬の名前はポチです。"),
        ("好きな色は青です。", "好きな色は赤です。"),
    ],
)
def test_a_later_contradiction_supersedes_and_never_the_other_way_round(older: str, newer: str) -> None:
    memories = [memory("new", newer, days_ago=1), memory("old", older, days_ago=9)]
    found = {name: one for name, one in decided(planned(memories)).items() if one.what == "superseded"}
    assert {name: one.by for name, one in found.items()} == {"old": "new"}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("I live in Oslo.", "I live in Oslo, Norway."),
        ("I live in Oslo.", "I would like to live in Rome."),
        ("I live in Oslo.", "I used to live in Rome."),
        ("I live in Oslo.", "Did you know I live in Rome?"),
        ("I live in Oslo.", "My sister lives in Rome."),
        ("My dog is called Rufus.", "My cat is called Bella."),
        ("I love olive oil.", "I hate olives."),
        ("I like tea.", "I like coffee."),
        ("My car is red.", "My car is fast."),
        ("I have 2 cats.", "I have 3 dogs."),
        ("I went to Oslo.", "I went to Rome."),
        ("I live in Oslo. My dog is called Rufus.", "I live in Rome."),
        ("I live in Oslo and my dog is called Rufus.", "I live in Rome."),
        ("私は東京に住んでいます。", "姉は大阪に住んでいます。"),
    ],
)
def test_what_can_hold_at_once_stays(older: str, newer: str) -> None:
    memories = [memory("old", older, days_ago=9), memory("new", newer)]
    assert "superseded" not in kinds(planned(memories)).values()


def test_a_claim_names_subject_thing_and_value() -> None:
    claim = claim_of("Well, I've moved to Rome.")
    assert claim is not None
    assert (claim.subject, claim.about, claim.value, claim.holds) == ("i", "home", "rome", True)
    assert not contradicts(claim, None)
    assert is_single("I live in Oslo.")
    assert not is_single("I live in Oslo. I like it.")


def test_only_the_speaker_contradicts_themselves_and_pins_hold() -> None:
    old, new = memory("old", "I live in Oslo.", days_ago=9), memory("new", "I live in Rome.")
    for one, other in ((replace(old, speaker="Anna"), new), (replace(old, pinned=True), new)):
        assert "superseded" not in kinds(planned([one, other])).values()
    assert "superseded" not in kinds(planned([old, new], restored={"old"})).values()


def test_idle_unimportant_short_term_memories_expire_and_others_stay() -> None:
    text = "Okay, sounds good."
    memories = [
        memory("stale", text, days_ago=60),
        memory("fresh", text, days_ago=2),
        memory("recalled", text, days_ago=60, recalled_at=NOW - DAY_S),
        memory("pinned", text, days_ago=60, pinned=True),
        memory("long", text, days_ago=60, tier="long"),
        memory("ahead", text, days_ago=60, event_at=NOW + DAY_S),
        memory("taste", text, days_ago=60, kind="preference"),
        memory("undone", text, days_ago=60),
        memory("telling", "Anna and Bob married in Oslo on 7 May 2019.", days_ago=60),
    ]
    made = planned(memories, together(memories), restored={"undone"}, dials=ConsolidationSettings(expire_below=0.18))
    assert [name for name, what in kinds(made).items() if what == "expired"] == ["stale"]
    assert "idle 60 days" in decided(made)["stale"].why
    assert made.active_count == len(memories) - 1


def test_what_is_too_much_goes_and_what_tells_most_for_its_length_stays() -> None:
    memories = [
        memory("chat", "Wow, that sounds really great, thanks so much, you are amazing and I am so glad for you!"),
        memory("asks", "How are you doing these days, and what have you been up to lately?"),
        memory("fact", "My daughter Anna was born in Oslo on 7 May 2019."),
        memory("pin", "Well, you know, it is what it is, and it really was.", pinned=True),
    ]
    room = sum(tokens_of(one.text) for one in memories if one.id in ("fact", "pin"))
    made = planned(memories, dials=ConsolidationSettings(keep_tokens=room))
    assert {name for name, what in kinds(made).items() if what == "expired"} == {"chat", "asks"}
    assert made.active_tokens <= room
    tight = planned(memories, dials=ConsolidationSettings(keep_tokens=1))
    assert kinds(tight)["fact"] == "expired"
    assert kinds(tight).get("pin") != "expired"


def test_history_is_purged_when_it_is_old_enough_and_superseded_stays_readable() -> None:
    memories = [memory(state, "I live in Oslo.", state=state) for state in ("merged", "expired", "superseded")]
    left_at = {one.id: NOW - 400 * DAY_S for one in memories}
    assert kinds(planned(memories, apart([]), left_at=left_at)) == {"merged": "purged", "expired": "purged"}
    recent = dict.fromkeys(left_at, NOW - 300 * DAY_S)
    assert planned(memories, apart([]), left_at=recent).decisions == ()
    assert planned(memories, apart([])).decisions == ()  # nobody knows since when


def test_the_same_input_in_any_order_gives_the_same_plan(minilm: MiniLM) -> None:
    texts = [f"We saw {n % 7} cats in house {n % 5}{', again' * (n % 2)}." for n in range(60)]
    memories = [memory(f"{n:02}", text, days_ago=n) for n, text in enumerate(texts)]
    vectors = Vectors(tuple(one.id for one in memories), minilm.embed(texts))
    dials = ConsolidationSettings(keep_tokens=300)
    first = planned(memories, vectors, dials=dials)
    back = Vectors(vectors.ids[::-1], vectors.matrix[::-1])
    second = planned(memories[::-1], back, dials=dials)
    assert kinds(first) == kinds(second)
    assert {one.what for one in first.decisions} >= {"merged", "expired"}
    assert planned(memories, vectors, dials=dials) == first


def test_no_reason_holds_content(minilm: MiniLM) -> None:
    texts = ["I live in Oslo.", "I live in Rome.", "My secret is zanzibar.", "My secret is zanzibar, yes.", "Okay."]
    memories = [memory(f"{n}", text, days_ago=99 - n) for n, text in enumerate(texts)]
    vectors = Vectors(tuple(one.id for one in memories), minilm.embed(texts))
    made = planned(memories, vectors, dials=ConsolidationSettings(keep_tokens=5))
    said = " ".join(one.why for one in made.decisions).casefold()
    assert not [word for word in ("oslo", "rome", "zanzibar", "secret", "live") if word in said]


def test_blocks_find_the_same_pairs_as_the_whole_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.memory.consolidation import duplicates

    monkeypatch.setattr(duplicates, "ROWS", 32)
    monkeypatch.setattr(duplicates, "COLUMNS", 48)
    matrix = np.random.default_rng(0).standard_normal((150, 6)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    whole = matrix @ matrix.T
    expected = {(i, j) for j in range(150) for i in range(j) if whole[i, j] >= 0.93}
    assert {pair[:2] for pair in near_pairs(matrix, 0.93)} == expected
    nearest = [whole[row, :row].max() for row in range(1, 150)]
    assert nearest_earlier(matrix)[1:] == pytest.approx(nearest, abs=1e-6)
    assert np.isnan(nearest_earlier(matrix)[0])


def test_a_memory_without_a_vector_is_weighed_all_the_same() -> None:
    memories = [memory("a", "My dog is called Rufus."), memory("b", "I work as a nurse.")]
    assert set(kinds(planned(memories, apart(memories[:1])))) == {"a", "b"}
    assert planned([], apart([])) == Plan()


def test_thousands_of_copies_are_planned_in_seconds() -> None:
    memories = [memory(f"{n:05}", f"I own {n} cats.", days_ago=n / 100) for n in range(2_000)]
    started = time.perf_counter()
    made = planned(memories, together(memories))
    assert time.perf_counter() - started < 15
    assert made.counts.get("merged", 0) == 0
