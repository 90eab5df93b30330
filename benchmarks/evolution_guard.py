"""A step that spares what was learned before, without an example of it: where earlier inputs point, the step is short.

    inputs x of a layer on a task's examples ─► G = mean of x xᵀ, (in, in)          kept in place of the examples
    D = ΔW after the new task − ΔW before

    min over D'  ‖(D' − D) X_new‖² + s · ‖D' X_old‖²      ─►      D' = D · G_new · (s · G_old + G_new)⁻¹

The first term keeps what the new task's inputs got, the second what earlier tasks' inputs got. It is the closed form of
RegMean (Jin et al. 2023, arXiv 2212.09849) for a step instead of a model. A direction that only new inputs have is
taken whole, one that only old inputs have not at all; where both are alike it is interpolation at 1/(1 + s), so a fixed
half step is s = 1 without looking. What is kept of a task is one sum over all its tokens for each layer, no text. It
does not know which s is right; who calls it asks the new task's examples.

>>> guarded(before, after, old, new, strength=1.0, rank=16)               # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.adapters.adapter import Adapter, Factors
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.merging.lowrank import joined, truncated_pair
from workbench.adapters.merging.merge import of_pairs, whole
from workbench.adapters.rendering import render
from workbench.core.examples import Example

if TYPE_CHECKING:
    from torch import Tensor

Moments = Mapping[str, "Tensor"]  # by the layer's name, float32, (in, in)
READS_AS = {"k_proj": "q_proj", "v_proj": "q_proj", "up_proj": "gate_proj"}  # layers that read what another reads
TOGETHER = 16  # texts whose inputs are multiplied at once
RIDGE = 1e-4  # of the mean square of an input, so that directions which no input has are left out


def moments(base: Base, adapter: Adapter, examples: Sequence[Example]) -> dict[str, Tensor]:
    """Mean of x xᵀ over every token of prompts and answers, for each input of the layers that the adapter touches."""
    import torch

    tokenizer, model = load_tokenizer(base), load_model(base)
    texts = [render(one, tokenizer) for one in examples]
    heard: dict[str, list[Tensor]] = {}
    found: dict[str, Tensor] = {}
    with attached(model, adapter), torch.inference_mode(), _listening(model, sorted(adapter.factors), heard):
        for first in range(0, len(texts), TOGETHER):
            for one in texts[first : first + TOGETHER]:
                model(input_ids=torch.tensor([[*one.prompt, *one.answer]], device=model.device))
            for layer in heard:
                x = torch.cat(heard[layer])  # (tokens, in); one large product takes less than many small ones
                found[layer] = found[layer] + x.T @ x if layer in found else x.T @ x
            heard.clear()
    tokens = sum(one.length for one in texts)
    return {layer: one / tokens for layer, one in found.items()}


def added(first: Moments, second: Moments) -> dict[str, Tensor]:
    """The sum, so that each task counts the same."""
    return {layer: one + second[layer] for layer, one in first.items()}


def kept_in(path: Path, some: Moments) -> None:
    """Write them: about 400 MB for the embedded model's base."""
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(dict(some), path)


def read_from(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    found: dict[str, Tensor] = load_file(path)
    return found


def guarded(
    before: Adapter, after: Adapter, old: Moments, new: Moments, *, strength: float, rank: int | None = None
) -> Adapter:
    """The step from one adapter to the next, short where earlier inputs point.

    Args:
        old: sum over the earlier tasks.
        strength: s, of all that is old together; 0 is the whole step.
        rank: of the result at most; None is exact.
    """
    pairs = {}
    for layer in sorted(after.factors):
        was, step = _step(before, after, layer)
        if strength:
            name = reads_as(layer)
            step = Factors(_shortened(step.a, old[name], new[name], strength), step.b)
        exact = joined([was, step])
        pairs[layer] = truncated_pair(exact, len(exact.a) if rank is None else rank).pair
    return of_pairs(after.spec.base, pairs)


def reads_as(layer: str) -> str:
    """The layer whose input is written down for this one's.

    >>> reads_as("model.layers.0.self_attn.v_proj")
    'model.layers.0.self_attn.q_proj'
    """
    rest, _, last = layer.rpartition(".")
    return f"{rest}.{READS_AS.get(last, last)}"


def _step(before: Adapter, after: Adapter, layer: str) -> tuple[Factors, Factors]:
    was, now = whole(before, layer), whole(after, layer)
    return was, joined([now, Factors(was.a, -was.b)])


def _shortened(a: Tensor, old: Tensor, new: Tensor, strength: float) -> Tensor:
    """A · G_new · (s · G_old + G_new + ridge)⁻¹, (rank, in); in float64, for inputs differ by many powers of ten."""
    import torch

    new, both = new.double(), strength * old.double() + new.double()
    ridge = RIDGE * both.diagonal().mean()
    root = torch.linalg.cholesky(both + ridge * torch.eye(len(both), dtype=torch.float64))
    return torch.cholesky_solve(new @ a.double().T, root).T.float()


@contextmanager
def _listening(model: Any, layers: Sequence[str], heard: dict[str, list[Tensor]]) -> Iterator[None]:
    """Inside, what enters these layers is noted."""

    def hook(name: str) -> Any:
        def hear(_: Any, given: tuple[Any, ...]) -> None:
            heard.setdefault(name, []).append(given[0].flatten(0, -2).float().cpu())

        return hear

    handles = [model.get_submodule(one).register_forward_pre_hook(hook(one)) for one in layers if reads_as(one) == one]
    try:
        yield
    finally:
        for one in handles:
            one.remove()
