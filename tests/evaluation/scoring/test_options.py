from __future__ import annotations

from typing import Any

import pytest

from workbench.adapters.adapter import Adapter
from workbench.adapters.attach import attached
from workbench.adapters.rendering import answer_tokens, prompt_tokens
from workbench.core.errors import ExamplesError
from workbench.core.examples import Example
from workbench.core.records import Message
from workbench.evaluation.scoring import Chosen, OptionQuestion, Scorer
from workbench.evaluation.scoring.reader import Reader


def asked(examples: list[Example]) -> list[OptionQuestion]:
    """Options that begin alike, one that is the beginning of another, and one that is given twice."""
    return [OptionQuestion(one.messages, (one.answer, "apple", "apple river", "apple", "no")) for one in examples[:12]]


def naive(model: Any, tokenizer: Any, messages: tuple[Message, ...], option: str) -> float:
    import torch

    prompt, answer = prompt_tokens(messages, tokenizer), answer_tokens(option, tokenizer)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].log_softmax(-1)
    return sum(float(logits[len(prompt) - 1 + at, token]) for at, token in enumerate(answer))


@pytest.mark.parametrize("room", [30, 512])
def test_options_together_are_as_likely_as_each_alone(
    scorer: Scorer,
    adapter: Adapter,
    model: Any,
    tokenizer: Any,
    examples: list[Example],
    room: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(Reader.__init__.__kwdefaults__, "room", room)
    questions = asked(examples)
    together = scorer.options(adapter, questions)
    with attached(model, adapter):
        apart = [[naive(model, tokenizer, one.messages, option) for option in one.options] for one in questions]
    for one, other in zip(together, apart, strict=True):
        assert one.logprobs == pytest.approx(other, abs=1e-3)
        assert one.logprobs[1] == pytest.approx(one.logprobs[3], abs=1e-3)


def test_a_question_is_read_once_for_all_its_options(
    scorer: Scorer, examples: list[Example], tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    through = Reader._pass

    def counted(self: Reader, tokens: Any, *rest: Any) -> Any:
        read.append(len(tokens))
        return through(self, tokens, *rest)

    scorer.options(None, asked(examples)[:1])
    monkeypatch.setattr(Reader, "_pass", counted)
    questions = asked(examples)
    scorer.options(None, questions)
    alone = sum(len(prompt_tokens(one.messages, tokenizer)) * len(one.options) for one in questions)
    assert sum(read) < alone / 3


def test_the_best_option_by_sum_and_by_mean_may_differ() -> None:
    one = Chosen(logprobs=(-2.0, -3.0), tokens=(1, 6))
    assert one.means == (-2.0, -0.5)
    assert (one.best, one.best_by_mean) == (0, 1)


def test_no_option_is_refused_in_a_sentence(scorer: Scorer) -> None:
    with pytest.raises(ExamplesError, match="give each question its options"):
        scorer.options(None, [OptionQuestion((Message("user", "Is it?"),), ())])
