"""Choose the model that answers: a table proposes, the computed need vetoes and steps down, and every reason is kept.

    free memory    complexity    proposal
    ≥ 5.5 GiB      > 0.8         deepseek-r1:7b
    ≥ 3.5 GiB      > 0.5         qwen2.5:7b-instruct-q4_k_m
    otherwise                    qwen2:1.5b-instruct-q4_k_m

    veto, in this order:  not installed · need > safe limit · need − already held > free

The table and the arithmetic disagree in one place. At 4096 tokens a 7B model in Q4_K_M needs 4.97 GiB (its weights
alone are 4.36), so between 3.50 and 4.97 GiB free the second row proposes a model that would not fit. There the veto
steps down to the 1.5B model and says so; above, the proposal stands, 0.03 GiB below the safe limit of 5. `propose` is
the table and nothing else; `select_model` is the table and the veto.

After a veto the next candidate is the strongest model below the proposal, and so on down; then, where everything below
is missing too, the weakest model above it, and so on up: a 7B model answers an easy question better than the embedded
one. The embedded model comes last. Where even that does not fit, the choice is refused before anything is loaded.

Memory that an already loaded model holds is not charged twice (`resident`). Memory held by other loaded models is taken
as used: whether Ollama would unload them is Ollama's decision.

It does not load anything, read the device or ask Ollama; those readings are handed in.

>>> select_model(0.9, gib(5.6), {"deepseek-r1:7b"}).model
'deepseek-r1:7b'
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from workbench.core.errors import MemoryBudgetError
from workbench.core.records import Choice, Refusal
from workbench.hardware.planner import MemoryPlan, fits, gib, plan, show_gib
from workbench.models.catalog import CATALOG, ModelCard, canonical_name, card_for

SAFE_BYTES = gib(5)  # of a 6 GiB card: the rest is for the desktop and for what the plan cannot see
NOTHING_RESIDENT: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what a model asks for before it is proposed."""

    model: str
    free_at_least_bytes: int = 0
    complexity_above: float = -1.0

    def objection(self, complexity: float, free_bytes: int) -> str | None:
        """What the question or the machine lacks for this row; `None` where the row applies."""
        lacks = []
        if free_bytes < self.free_at_least_bytes:
            lacks.append(f"at least {show_gib(self.free_at_least_bytes)} free ({show_gib(free_bytes)} are)")
        if not complexity > self.complexity_above:
            lacks.append(f"a complexity above {self.complexity_above:.2f} (this is {complexity:.2f})")
        return f"the table asks for {' and '.join(lacks)}" if lacks else None


TABLE: tuple[Row, ...] = (
    Row("deepseek-r1:7b", free_at_least_bytes=gib(5.5), complexity_above=0.8),
    Row("qwen2.5:7b-instruct-q4_k_m", free_at_least_bytes=gib(3.5), complexity_above=0.5),
    Row("qwen2:1.5b-instruct-q4_k_m"),
)


def propose(complexity: float, free_bytes: int, *, resident: Mapping[str, int] = NOTHING_RESIDENT) -> str:
    """The table at the head of this file, before any veto.

    Args:
        complexity: of the question, 0..1.
        free_bytes: what is free within the budget.
        resident: bytes each loaded model already holds; a row counts its own model's as free.
    """
    held = _Held(resident)
    rows = (row for row in TABLE if row.objection(complexity, free_bytes + held.by(row.model)) is None)
    return next(rows).model  # the last row asks for nothing, so there always is one


def select_model(
    complexity: float,
    free_bytes: int,
    installed: Collection[str],
    *,
    cards: Sequence[ModelCard] = CATALOG,
    context_tokens: int = 4096,
    safe_bytes: int = SAFE_BYTES,
    resident: Mapping[str, int] = NOTHING_RESIDENT,
    system_free_bytes: int | None = None,
) -> Choice:
    """Choose a model for a question, with the reasons and the alternatives refused.

    Args:
        complexity: of the question, 0..1, from `complexity.measure_complexity`.
        free_bytes: `free_bytes` of a hardware snapshot.
        installed: names that Ollama lists; case and `:latest` do not matter, and the choice keeps Ollama's spelling.
        cards: the models that may be chosen; add `card_from_gguf_metadata` for one that is not in the catalog.
        context_tokens: the context to plan for; a model made for less is planned at its own longest.
        safe_bytes: the most that one model may need.
        resident: bytes that loaded models already hold, by name, from Ollama's /api/ps.
        system_free_bytes: free RAM for the embedded model where `free_bytes` counts VRAM, which it does not use.
    Raises:
        MemoryBudgetError: not even the embedded model fits.
    """
    machine = _Machine(
        free_bytes,
        installed,
        safe_bytes,
        _Held(resident),
        free_bytes if system_free_bytes is None else system_free_bytes,
    )
    proposed = propose(complexity, free_bytes, resident=resident)
    vetoed: list[Refusal] = []
    for card in _ladder(proposed, cards):
        need = plan(card.architecture, min(context_tokens, card.architecture.context_tokens))
        veto = machine.veto(card, need)
        if veto is None:
            passed_over = _passed_over(card, vetoed, complexity, machine, cards)
            return Choice(
                model=machine.spelling(card),
                backend=card.backend,
                reasons=_reasons(card, need, proposed, complexity, machine, vetoed),
                refused=(*passed_over, *vetoed),
                complexity=complexity,
                free_bytes=free_bytes,
                need_bytes=need.total,
            )
        vetoed.append(Refusal(card.name, veto))
    raise MemoryBudgetError(_nothing_fits(vetoed))


def explain_by_free_memory(
    complexity: float, installed: Collection[str], free_gib: Sequence[float] = (1, 2, 3, 4, 5, 6)
) -> tuple[Choice, ...]:
    """What would be chosen for one question on machines with this much free memory."""
    return tuple(select_model(complexity, gib(free), installed) for free in free_gib)


@dataclass(frozen=True, slots=True)
class _Held:
    """Bytes that loaded models hold, asked for by any spelling of the name."""

    resident: Mapping[str, int]

    def by(self, model: str) -> int:
        return sum(held for name, held in self.resident.items() if canonical_name(name) == canonical_name(model))


@dataclass(frozen=True, slots=True)
class _Machine:
    """What is free and installed here, and the veto that follows from it."""

    free_bytes: int
    installed: Collection[str]
    safe_bytes: int
    held: _Held
    system_free_bytes: int

    def spelling(self, card: ModelCard) -> str:
        """The name as its engine lists it, or the card's own."""
        same = (name for name in self.installed if canonical_name(name) == canonical_name(card.name))
        return next(same, card.name)

    def has(self, card: ModelCard) -> bool:
        names = {canonical_name(name) for name in self.installed}
        return card.backend == "embedded" or canonical_name(card.name) in names

    def free_for(self, card: ModelCard) -> int:
        return self.system_free_bytes if card.backend == "embedded" else self.free_bytes

    def veto(self, card: ModelCard, need: MemoryPlan) -> str | None:
        """Why this model cannot answer here; `None` where it can."""
        if not self.has(card):
            return f"it is not installed; run: ollama pull {card.name}"
        if not fits(need, self.safe_bytes):
            return f"it needs {need}, above the safe limit of {show_gib(self.safe_bytes)}"
        held = self.held.by(card.name)
        if need.total - held > self.free_for(card):
            loaded = f", {show_gib(held)} of it already loaded," if held else ""
            return f"it needs {need}{loaded} and only {show_gib(self.free_for(card))} are free"
        return None


def _ladder(proposed: str, cards: Sequence[ModelCard]) -> Iterator[ModelCard]:
    """The proposal, then downwards, then upwards, the embedded model last."""
    start = card_for(proposed).strength
    ranked = sorted(cards, key=lambda card: card.strength, reverse=True)
    served = [card for card in ranked if card.backend != "embedded"]
    yield from (card for card in served if card.strength <= start)
    yield from reversed([card for card in served if card.strength > start])
    yield from (card for card in ranked if card.backend == "embedded")


def _passed_over(
    chosen: ModelCard, vetoed: Sequence[Refusal], complexity: float, machine: _Machine, cards: Sequence[ModelCard]
) -> tuple[Refusal, ...]:
    """Stronger models that the table never proposed, with what it asked for."""
    tried = {refusal.model for refusal in vetoed}
    stronger = [card for card in cards if card.strength > chosen.strength and card.name not in tried]
    return tuple(Refusal(card.name, _objection(card, complexity, machine)) for card in stronger)


def _objection(card: ModelCard, complexity: float, machine: _Machine) -> str:
    rows = (row for row in TABLE if canonical_name(row.model) == canonical_name(card.name))
    asked = (row.objection(complexity, machine.free_bytes + machine.held.by(row.model)) for row in rows)
    return next(asked, None) or "it is stronger than the table's proposal for this question"


def _reasons(
    chosen: ModelCard,
    need: MemoryPlan,
    proposed: str,
    complexity: float,
    machine: _Machine,
    vetoed: Sequence[Refusal],
) -> tuple[str, ...]:
    table = f"complexity {complexity:.2f} with {show_gib(machine.free_bytes)} free: the table proposes {proposed}"
    need_line = f"{chosen.name} needs {need}; {show_gib(machine.free_for(chosen))} are free"
    held = machine.held.by(chosen.name)
    loaded = (f"{chosen.name} is already loaded and holds {show_gib(held)}",) if held else ()
    return (table, *(f"not {refusal.model}: {refusal.reason}" for refusal in vetoed), need_line, *loaded)


def _nothing_fits(vetoed: Sequence[Refusal]) -> str:
    last = vetoed[-1] if vetoed else Refusal("any model", "no card was given")
    return (
        f"No model fits the memory budget: not even {last.model}, because {last.reason}; "
        "close other programs, unload a model (ollama stop NAME) or lower model.context_tokens."
    )
