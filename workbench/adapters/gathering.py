"""What a lesson's layers read, gathered in one pass: of each input the Gram matrix, in thin form.

    examples ─► tokens ─► base with the adapter ─► x before each layer ─► G Ω ─► Nyström ─► F

G is never built: a pass keeps G Ω for some random directions Ω, and Nyström's method makes F of it (Tropp et al. 2017,
arXiv 1706.05736). It does not know what the sums are for.

>>> gathered(base, adapter, examples).factors["model.layers.0.mlp.down_proj"].shape    # doctest: +SKIP
torch.Size([64, 1536])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.adapters.adapter import Adapter
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, load_model, load_tokenizer
from workbench.adapters.grams import Grams, read_by
from workbench.adapters.rendering import render
from workbench.core.examples import Example

if TYPE_CHECKING:
    from torch import Tensor

DIRECTIONS = 64  # of each input
READ = 64  # examples at most
SEED = 0  # of the random directions
SHIFT = 1e-7  # of the sketch's norm, so that rounding leaves it positive


def gathered(
    base: Base,
    adapter: Adapter,
    examples: Sequence[Example],
    *,
    directions: int = DIRECTIONS,
    on_progress: Callable[[int, int], None] | None = None,
) -> Grams:
    """Of each layer that the adapter touches, what it reads under it: every token of prompts and answers.

    Args:
        examples: the first `READ` are read.
        directions: rows of each factor; fewer where the input is narrower.
        on_progress: called with how many examples are read, of how many.
    Raises:
        AdapterUnfit: the adapter is of another base.
    """
    import torch

    tokenizer, model = load_tokenizer(base), load_model(base)
    texts = [render(one, tokenizer) for one in examples[:READ]]
    sketches: dict[str, _Sketch] = {}
    with attached(model, adapter), torch.inference_mode(), _heard(model, adapter.factors, sketches, 2 * directions):
        for done, one in enumerate(texts, 1):
            model(input_ids=torch.tensor([[*one.prompt, *one.answer]], device=model.device))
            if on_progress is not None:
                on_progress(done, len(texts))
    skills = frozenset(one.skill for one in examples)
    return Grams(skills, {layer: sketch.factor(directions) for layer, sketch in sketches.items()})


@dataclass
class _Sketch:
    """The stream of one input: G Ω, summed over tokens."""

    omega: Tensor  # (in, m), orthonormal columns, float64
    image: Tensor = field(init=False)  # (in, m)
    tokens: int = 0

    def __post_init__(self) -> None:
        import torch

        self.image = torch.zeros_like(self.omega)

    def hear(self, x: Tensor) -> None:
        """Tokens: (count, in), float64, or rounding would leave less than the shift."""
        self.image += x.T @ (x @ self.omega)
        self.tokens += len(x)

    def factor(self, directions: int) -> Tensor:
        """F by Nyström's method, shifted by what rounding takes; (directions, in), bfloat16."""
        import torch

        image, omega = self.image / self.tokens, self.omega
        shift = SHIFT * float(image.norm())
        image = image + shift * omega
        middle = omega.T @ image
        root = torch.linalg.cholesky((middle + middle.T) / 2)
        left = torch.linalg.solve_triangular(root, image.T, upper=False).T  # image · root⁻ᵀ
        u, sigma, _ = torch.linalg.svd(left, full_matrices=False)
        values = (sigma[:directions].square() - shift).clamp(min=0.0)
        found: Tensor = values.sqrt()[:, None] * u[:, :directions].T
        return found.to(torch.bfloat16).contiguous()


@contextmanager
def _heard(model: Any, layers: Mapping[str, Any], sketches: dict[str, _Sketch], width: int) -> Iterator[None]:
    """Inside, what enters these layers is summed up."""
    import torch

    drawn: dict[int, Tensor] = {}

    def omega(size: int) -> Tensor:
        if size not in drawn:
            chance = torch.Generator().manual_seed(SEED)
            random = torch.randn(size, min(width, size), generator=chance, dtype=torch.float64)
            drawn[size] = torch.linalg.qr(random).Q
        return drawn[size]

    def hook(name: str) -> Any:
        def hear(_: Any, given: tuple[Any, ...]) -> None:
            x = given[0].detach().flatten(0, -2).cpu().double()
            sketches.setdefault(name, _Sketch(omega(x.shape[-1]))).hear(x)

        return hear

    readers = {read_by(one): one for one in sorted(layers)}  # one of those that read the same
    handles = [model.get_submodule(one).register_forward_pre_hook(hook(read)) for read, one in readers.items()]
    try:
        yield
    finally:
        for one in handles:
            one.remove()
