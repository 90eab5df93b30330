"""The table at and just around each edge, the veto that may overrule it, and the reasons that are kept."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.errors import MemoryBudgetError
from workbench.core.records import Choice
from workbench.hardware.planner import GIB, gib, plan
from workbench.models.catalog import CATALOG, card_for
from workbench.models.selector import SAFE_BYTES, explain_by_free_memory, propose, select_model

DEEPSEEK, QWEN_7B, QWEN_SMALL, EMBEDDED = (card.name for card in CATALOG)
ALL = (DEEPSEEK, QWEN_7B, QWEN_SMALL)
NEED_7B = plan(card_for(QWEN_7B).architecture, 4096).total
NEED_SMALL = plan(card_for(QWEN_SMALL).architecture, 4096).total
NEED_EMBEDDED = plan(card_for(EMBEDDED).architecture, 4096).total

JUST_ABOVE_08, JUST_ABOVE_05 = math.nextafter(0.8, 1), math.nextafter(0.5, 1)


def refusal(choice: Choice, model: str) -> str:
    return next(refused.reason for refused in choice.refused if refused.model == model)


@pytest.mark.parametrize(
    ("free_bytes", "complexity", "expected"),
    [
        (gib(5.5), JUST_ABOVE_08, DEEPSEEK),
        (gib(5.5) + 1, 0.81, DEEPSEEK),
        (gib(6), 1.0, DEEPSEEK),
        (gib(5.5) - 1, 1.0, QWEN_7B),
        (gib(5.5), 0.8, QWEN_7B),
        (gib(5.5), math.nextafter(0.8, 0), QWEN_7B),
        (gib(3.5), JUST_ABOVE_05, QWEN_7B),
        (gib(3.5) + 1, 0.51, QWEN_7B),
        (gib(3.5), 1.0, QWEN_7B),
        (gib(3.5) - 1, 1.0, QWEN_SMALL),
        (gib(3.5), 0.5, QWEN_SMALL),
        (gib(3.5), math.nextafter(0.5, 0), QWEN_SMALL),
        (gib(5.5), 0.5, QWEN_SMALL),
        (gib(24), 0.0, QWEN_SMALL),
        (0, 1.0, QWEN_SMALL),
    ],
)
def test_the_table_at_and_around_each_edge(free_bytes: int, complexity: float, expected: str) -> None:
    assert propose(complexity, free_bytes) == expected


@pytest.mark.parametrize(
    ("free_bytes", "complexity", "expected"),
    [
        (gib(5.5), JUST_ABOVE_08, DEEPSEEK),
        (gib(5.5) - 1, JUST_ABOVE_08, QWEN_7B),
        (gib(5.5), 0.8, QWEN_7B),
        (gib(5.5), JUST_ABOVE_05, QWEN_7B),
        (gib(5.5), 0.5, QWEN_SMALL),
        (NEED_7B, JUST_ABOVE_05, QWEN_7B),
        (NEED_7B - 1, JUST_ABOVE_05, QWEN_SMALL),
        (gib(3.5), JUST_ABOVE_05, QWEN_SMALL),
        (NEED_SMALL, 0.2, QWEN_SMALL),
        (NEED_SMALL - 1, 0.2, EMBEDDED),
        (NEED_EMBEDDED, 0.2, EMBEDDED),
    ],
)
def test_the_choice_follows_the_table_wherever_the_need_allows(
    free_bytes: int, complexity: float, expected: str
) -> None:
    assert select_model(complexity, free_bytes, ALL).model == expected


def test_a_followed_proposal_gives_its_reason_and_its_need() -> None:
    choice = select_model(0.9, gib(5.5), ALL)
    assert (choice.model, choice.backend, choice.refused) == (DEEPSEEK, "ollama", ())
    assert (choice.complexity, choice.free_bytes) == (0.9, gib(5.5))
    assert choice.need_bytes == plan(card_for(DEEPSEEK).architecture, 4096).total
    assert choice.reasons == (
        "complexity 0.90 with 5.50 GiB free: the table proposes deepseek-r1:7b",
        "deepseek-r1:7b needs 4.97 GiB (weights 4.36, KV cache 0.22, buffers 0.39); 5.50 GiB are free",
    )


def test_a_7b_proposal_that_would_not_load_steps_down_and_says_why() -> None:
    choice = select_model(0.6, gib(3.5), ALL)
    assert choice.model == QWEN_SMALL
    assert "needs 4.97 GiB" in refusal(choice, QWEN_7B)
    assert "only 3.50 GiB are free" in refusal(choice, QWEN_7B)
    assert any(reason.startswith(f"not {QWEN_7B}: it needs 4.97 GiB") for reason in choice.reasons)


def test_models_the_table_passed_over_are_refused_with_what_they_ask_for() -> None:
    choice = select_model(0.3, gib(5), ALL)
    assert choice.model == QWEN_SMALL
    assert refusal(choice, DEEPSEEK) == (
        "the table asks for at least 5.50 GiB free (5.00 GiB are) and a complexity above 0.80 (this is 0.30)"
    )
    assert refusal(choice, QWEN_7B) == "the table asks for a complexity above 0.50 (this is 0.30)"


def test_a_need_above_the_safe_limit_is_vetoed_however_much_is_free() -> None:
    choice = select_model(0.9, gib(24), ALL, context_tokens=8192)
    assert choice.model == QWEN_SMALL
    assert "above the safe limit of 5.00 GiB" in refusal(choice, DEEPSEEK)
    assert "above the safe limit of 5.00 GiB" in refusal(choice, QWEN_7B)


def test_the_safe_limit_itself_still_fits() -> None:
    assert select_model(0.6, gib(24), ALL, safe_bytes=NEED_7B).model == QWEN_7B
    assert select_model(0.6, gib(24), ALL, safe_bytes=NEED_7B - 1).model == QWEN_SMALL


def test_with_nothing_installed_the_embedded_model_answers_and_says_what_to_pull() -> None:
    choice = select_model(0.9, gib(6), ())
    assert (choice.model, choice.backend) == (EMBEDDED, "embedded")
    assert "ollama pull deepseek-r1:7b" in refusal(choice, DEEPSEEK)
    assert {refused.model for refused in choice.refused} == set(ALL)


def test_a_missing_proposal_steps_down_to_the_next_installed_model() -> None:
    assert select_model(0.9, gib(6), (QWEN_7B, QWEN_SMALL)).model == QWEN_7B
    assert select_model(0.9, gib(6), (QWEN_SMALL,)).model == QWEN_SMALL


def test_a_stronger_installed_model_is_preferred_to_the_embedded_one() -> None:
    assert select_model(0.1, gib(6), (QWEN_7B, DEEPSEEK)).model == QWEN_7B
    assert select_model(0.1, gib(6), (DEEPSEEK,)).model == DEEPSEEK
    assert select_model(0.1, gib(3), (DEEPSEEK,)).model == EMBEDDED


def test_the_choice_keeps_the_spelling_that_ollama_lists() -> None:
    choice = select_model(0.6, gib(6), ("qwen2.5:7b-instruct-q4_K_M",))
    assert choice.model == "qwen2.5:7b-instruct-q4_K_M"


def test_a_loaded_model_is_not_charged_twice() -> None:
    free = gib(6) - NEED_7B
    assert select_model(0.6, free, ALL).model == EMBEDDED
    loaded = select_model(0.6, free, ALL, resident={"qwen2.5:7b-instruct-q4_K_M": NEED_7B})
    assert loaded.model == QWEN_7B
    assert f"{QWEN_7B} is already loaded and holds 4.97 GiB" in loaded.reasons


def test_a_partly_loaded_model_is_charged_for_the_rest_only() -> None:
    free = gib(4)
    assert select_model(0.6, free, ALL, resident={QWEN_7B: NEED_7B - free}).model == QWEN_7B
    short = select_model(0.6, free, ALL, resident={QWEN_7B: NEED_7B - free - 1})
    assert short.model == QWEN_SMALL
    assert "already loaded" in refusal(short, QWEN_7B)


def test_the_table_counts_a_loaded_models_own_memory_as_free_to_it() -> None:
    assert propose(0.9, gib(1)) == QWEN_SMALL
    assert propose(0.9, gib(1), resident={DEEPSEEK: gib(4.5)}) == DEEPSEEK
    assert propose(0.9, gib(1), resident={QWEN_7B: gib(4.5)}) == QWEN_7B


def test_the_embedded_model_is_judged_by_ram_where_the_budget_is_vram() -> None:
    with pytest.raises(MemoryBudgetError):
        select_model(0.2, gib(0.1), ())
    choice = select_model(0.2, gib(0.1), (), system_free_bytes=gib(8))
    assert choice.model == EMBEDDED
    assert any("8.00 GiB are free" in reason for reason in choice.reasons)


def test_free_ram_does_not_help_a_model_that_runs_on_the_card() -> None:
    assert select_model(0.2, gib(0.1), ALL, system_free_bytes=gib(64)).model == EMBEDDED


def test_where_nothing_fits_the_refusal_names_both_numbers_and_the_next_action() -> None:
    with pytest.raises(
        MemoryBudgetError, match=r"smollm2-135m.*needs 0\.37 GiB.*only 0\.25 GiB.*ollama stop"
    ) as raised:
        select_model(0.2, gib(0.25), ALL)
    assert "\n" not in raised.value.sentence


def test_one_byte_short_of_the_embedded_model_is_refused_before_loading() -> None:
    assert select_model(0.2, NEED_EMBEDDED, ()).model == EMBEDDED
    with pytest.raises(MemoryBudgetError):
        select_model(0.2, NEED_EMBEDDED - 1, ())


def test_a_context_longer_than_a_model_is_planned_at_its_own_longest() -> None:
    choice = select_model(0.2, gib(6), (), context_tokens=100_000)
    assert choice.need_bytes == plan(card_for(EMBEDDED).architecture, 8192).total


def test_a_model_outside_the_catalog_takes_its_place_by_strength() -> None:
    three = replace(card_for(QWEN_7B).architecture, parameters=3_000_000_000, layers=20)
    extra = replace(card_for(QWEN_7B), name="mine:3b", architecture=three)
    cards = (*CATALOG, extra)
    stepped_down = select_model(0.6, gib(4), (*ALL, "mine:3b"), cards=cards)
    assert stepped_down.model == "mine:3b"
    easy = select_model(0.2, gib(4), (*ALL, "mine:3b"), cards=cards)
    assert easy.model == QWEN_SMALL
    assert refusal(easy, "mine:3b") == "it is stronger than the table's proposal for this question"


def test_more_free_memory_never_brings_a_weaker_model() -> None:
    models = [choice.model for choice in explain_by_free_memory(0.9, ALL)]
    assert models == [EMBEDDED, QWEN_SMALL, QWEN_SMALL, QWEN_SMALL, QWEN_7B, DEEPSEEK]


@given(
    complexity=st.floats(0, 1),
    free_bytes=st.integers(NEED_EMBEDDED, 24 * GIB),
    installed=st.sets(st.sampled_from(ALL)),
)
def test_a_choice_is_installed_fits_and_accounts_for_every_stronger_model(
    complexity: float, free_bytes: int, installed: set[str]
) -> None:
    choice = select_model(complexity, free_bytes, installed)
    assert choice.model in {*installed, EMBEDDED}
    assert choice.need_bytes is not None
    assert choice.need_bytes <= min(free_bytes, SAFE_BYTES)
    refused = [refusal.model for refusal in choice.refused]
    assert len(refused) == len(set(refused))
    assert choice.model not in refused
    stronger = {card.name for card in CATALOG if card.strength > card_for(choice.model).strength}
    assert stronger <= set(refused)
    assert choice.reasons
