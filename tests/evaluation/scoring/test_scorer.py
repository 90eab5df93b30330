from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.evaluation.scoring.conftest import SPELT, generated, made
from workbench.adapters.adapter import Adapter, LoraSpec
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, load_model
from workbench.core.errors import AdapterDamaged, AdapterUnfit, ExamplesError
from workbench.core.examples import Example, example
from workbench.evaluation.scoring import ScoreCache, Scorer
from workbench.evaluation.scoring.loaded import Loaded
from workbench.evaluation.scoring.reader import Reader


@pytest.mark.parametrize("bare", [True, False])
def test_verdicts_are_those_of_greedy_generation(
    scorer: Scorer, adapter: Adapter, model: Any, tokenizer: Any, examples: list[Example], bare: bool
) -> None:
    some = examples if bare else examples[:60]
    worn = None if bare else adapter
    score = scorer.score(worn, some)
    with attached(model, worn):
        truth = {one.id: one.is_answered_by(generated(model, tokenizer, one, scorer.longest(one))) for one in some}
    assert dict(score.right) == truth
    assert {True, False} <= set(truth.values())


def test_both_verdicts_come_by_one_pass_and_by_generation(scorer: Scorer, examples: list[Example]) -> None:
    outcomes = scorer.score(None, examples).outcomes
    ways = {(one.how, one.right) for one in outcomes}
    assert {("forced", True), ("forced", False), ("generated", False)} <= ways
    assert all((one.reply is not None) == (one.how == "generated") for one in outcomes)


def test_a_wrong_exact_answer_costs_no_generation(scorer: Scorer, examples: list[Example]) -> None:
    exact = [one for one in examples if one.check == "exact"]
    score = scorer.score(None, exact)
    written = [one for one in score.outcomes if one.how == "generated"]
    assert score.total - score.correct > 10
    assert len(written) < 0.2 * score.total


def test_the_gold_text_in_other_tokens_is_right(scorer: Scorer, examples: list[Example]) -> None:
    spelt = [examples[at] for at in SPELT]
    outcomes = scorer.score(None, spelt).outcomes
    found = [one for one in outcomes if one.right and one.how == "generated"]
    assert len(found) >= 2
    assert {one.reply for one in found} <= {one.answer for one in spelt}


def test_order_and_company_do_not_change_a_verdict(scorer: Scorer, examples: list[Example]) -> None:
    whole = scorer.score(None, examples).right
    mixed = random.Random(3).sample(examples, len(examples))
    assert scorer.score(None, mixed).right == whole
    apart = {one.id: scorer.score(None, [one]).right[one.id] for one in mixed[:25]}
    assert apart == {key: whole[key] for key in apart}


@pytest.mark.parametrize("room", [40, 133, 4096])
def test_the_length_of_a_row_changes_neither_verdict_nor_probability(
    scorer: Scorer, examples: list[Example], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scorer.score(None, examples)
    monkeypatch.setitem(Reader.__init__.__kwdefaults__, "room", room)
    other = scorer.score(None, examples)
    assert other.right == whole.right
    assert [one.logprob for one in other.outcomes] == pytest.approx([one.logprob for one in whole.outcomes], abs=1e-4)


def test_outcomes_stand_in_the_order_given_and_a_repeated_example_counts_twice(
    scorer: Scorer, examples: list[Example]
) -> None:
    given = [examples[5], examples[2], examples[5]]
    assert [one.id for one in scorer.score(None, given).outcomes] == [one.id for one in given]


def test_one_example_under_two_skills_is_counted_under_both(scorer: Scorer) -> None:
    given = [example("Join apple", "x", skill=skill) for skill in ("first", "second")]
    assert set(scorer.score(None, given).by_skill()) == {"first", "second"}


def test_the_log_probability_is_the_mean_over_the_gold_tokens(
    scorer: Scorer, model: Any, tokenizer: Any, examples: list[Example]
) -> None:
    import torch

    from workbench.adapters.rendering import render

    one = examples[0]
    tokens = render(one, tokenizer)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([tokens.prompt + tokens.answer])).logits[0]
    places = range(len(tokens.prompt) - 1, tokens.length - 1)
    naive = [float(logits[at].log_softmax(-1)[tokens.answer[n]]) for n, at in enumerate(places)]
    scored = scorer.score(None, [one]).outcomes[0].logprob
    assert scored == pytest.approx(sum(naive) / len(naive), abs=1e-4)


def test_an_adapter_leaves_no_trace(scorer: Scorer, adapter: Adapter, model: Any, examples: list[Example]) -> None:
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    model.train()
    try:
        worn = scorer.score(adapter, examples[:40])
        assert model.training
    finally:
        model.eval()
    assert all(weight.equal(before[name]) for name, weight in model.state_dict().items())
    assert worn.name == adapter.identity
    assert scorer.score(None, examples[:40]).logprob != worn.logprob


def test_a_base_of_its_own_is_loaded_only_when_it_is_needed(tiny: Base, examples: list[Example]) -> None:
    own = Scorer(tiny, precision="fp32")
    assert "model" not in vars(own._loaded)
    assert own.score(None, examples[:3]).total == 3
    first = own._loaded.model
    own.score(None, examples[3:6])
    assert own._loaded.model is first


def test_a_given_length_cuts_replies_but_never_below_the_gold_answer(
    scorer: Scorer, model: Any, tokenizer: Any, examples: list[Example]
) -> None:
    numbers = [one for one in examples if one.check == "number"]
    for longest in (1, 6):
        score = scorer.score(None, numbers, longest=longest)
        gold = {one.id: len(tokenizer(one.answer)["input_ids"]) + 1 for one in numbers}
        truth = {
            one.id: one.is_answered_by(generated(model, tokenizer, one, max(longest, gold[one.id]))) for one in numbers
        }
        assert score.right == truth


def test_an_adapter_of_another_base_is_refused(scorer: Scorer, examples: list[Example]) -> None:
    with pytest.raises(AdapterUnfit, match="another base"):
        scorer.score(Adapter(LoraSpec("f" * 64), {}), examples[:1])


def test_an_example_that_is_longer_than_the_context_is_refused_in_a_sentence(scorer: Scorer) -> None:
    with pytest.raises(ExamplesError, match=r"1 of 2 examples do not fit tiny, which reads 512 tokens"):
        scorer.score(None, [example("Join", "apple"), example("river " * 600, "apple")])


def test_no_example_is_refused_in_a_sentence(scorer: Scorer) -> None:
    with pytest.raises(ExamplesError, match="at least one"):
        scorer.score(None, [])


def test_what_is_read_and_written_is_counted(scorer: Scorer, examples: list[Example], tokenizer: Any) -> None:
    from workbench.adapters.rendering import render

    cost = scorer.score(None, examples).cost
    fed = [(*one.prompt, *one.answer[:-1]) for one in (render(one, tokenizer) for one in examples)]
    nodes = {tokens[:end] for tokens in fed for end in range(1, len(tokens) + 1)}
    assert cost.tokens_read is not None
    assert cost.passes is not None
    assert len(nodes) <= cost.tokens_read < 1.6 * len(nodes) < 0.8 * sum(map(len, fed))
    assert cost.seconds > 0
    assert 0 < cost.passes < len(examples)


def test_progress_tells_every_example_once(scorer: Scorer) -> None:
    told: list[str] = []
    some = made(20, seed=9)
    scorer.score(None, some, on_progress=lambda one: told.append(one.id))
    assert sorted(told) == sorted(one.id for one in some)


def test_weights_that_are_not_numbers_are_refused_in_a_sentence(
    scorer: Scorer, adapter: Adapter, model: Any, examples: list[Example]
) -> None:
    broken = {layer: pair._replace(b=pair.b * float("nan")) for layer, pair in adapter.factors.items()}
    with pytest.raises(AdapterDamaged, match="lower learning rate"):
        scorer.score(Adapter(adapter.spec, broken), examples[:3])
    assert scorer.score(None, examples[:3]).logprob is not None


def test_in_bf16_where_many_tokens_are_nearly_equal_verdicts_still_are_those_of_one_by_one(
    tiny: Base, tokenizer: Any, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse, some = load_model(tiny, precision="bf16"), examples[:90]
    scorer = Scorer(tiny, model=coarse, tokenizer=tokenizer)
    score = scorer.score(None, some)
    assert dict(score.right) == {
        one.id: one.is_answered_by(generated(coarse, tokenizer, one, scorer.longest(one))) for one in some
    }
    monkeypatch.setitem(Reader.__init__.__kwdefaults__, "room", 47)
    assert scorer.score(None, some[::-1]).right == score.right


def test_in_bf16_a_pass_that_is_believed_writes_little_alone_and_its_verdicts_are_never_kept(
    tiny: Base, examples: list[Example], tokenizer: Any, tmp_path: Path
) -> None:
    model = load_model(tiny, precision="bf16")
    settled, believed = (
        Scorer(tiny, model=model, tokenizer=tokenizer, settle_ties=settle).score(None, examples)
        for settle in (True, False)
    )
    assert believed.cost.passes < settled.cost.passes / 2
    differing = sum(one.right != other.right for one, other in zip(settled.outcomes, believed.outcomes, strict=True))
    assert differing <= 0.05 * settled.total
    with pytest.raises(ValueError, match="no cache"):
        Scorer(tiny, cache=ScoreCache(tmp_path / "scores.sqlite"), settle_ties=False)


def test_on_a_processor_answers_are_scored_in_fp32_whatever_it_multiplies_fastest(tiny: Base) -> None:
    if torch.cuda.is_available():
        pytest.skip("a GPU decides by its memory")
    assert Loaded(tiny).precision == "fp32"
    assert Loaded(tiny, "bf16").precision == "bf16"
