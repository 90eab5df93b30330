"""Which engine answers: what was asked for, what is deployed, what Ollama has, else the embedded model.

    named model ► that one, plain, or a sentence that says why not
    auto        ► what is deployed ► Ollama (answers within 300 ms, has a usable model) ► embedded
    ollama      ► what is deployed on one of its models ► the best that fits of what it has, or an error
    embedded    ► the embedded model, with the adapter that is deployed on it

A server that was asked for, by `ollama` or by a model's name, gets five seconds to answer.

What is deployed is asked for at every choice, so a deploy or a rollback holds from the next question on. If it cannot
be served (its file is damaged, Ollama lacks the model made of it), its plain base answers and the reasons say so.
A name means that model and nothing else: `smollm2-135m` is the plain base even while an adapter is deployed on it, so
that "the same question to both" needs no undoing; the reasons say that the adapter was left out.

Every choice keeps its reasons. It opens a model once and hands out the same object afterwards; it does not know
prompts, memory or the shelf: what is deployed is handed in.

>>> backends = Backends(load_settings())                                # doctest: +SKIP
>>> choice = await backends.choose(0.2); choice.model                   # doctest: +SKIP
'smollm2-135m'
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.core.errors import AdapterError, ModelError, ModelNotFound, ModelUnavailable
from workbench.core.records import Choice
from workbench.core.schema import Settings
from workbench.hardware.planner import gib, plan, show_gib
from workbench.hardware.snapshot import Snapshot, take_snapshot
from workbench.models import catalog
from workbench.models.deployed import Deployed
from workbench.models.embedded import NAME as EMBEDDED
from workbench.models.embedded import EmbeddedModel
from workbench.models.ollama_server import InstalledModel, OllamaServer
from workbench.models.protocol import Model
from workbench.models.selector import select_model

__all__ = ["Backends", "Deployed", "Found"]

log = logging.getLogger(__name__)
OLLAMA = "ollama:"
WANTED_TIMEOUT_MS = 5_000  # for a server that was asked for: nothing else could answer in its place
PLAIN = "the plain base answers"


@dataclass(frozen=True, slots=True)
class Found:
    """What the Ollama server offers now; `reason` says why nothing, where it is nothing."""

    usable: tuple[InstalledModel, ...]
    resident: dict[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class _Served:
    """The choice that follows from what is deployed, or the reasons why none does."""

    choice: Choice | None = None
    trouble: tuple[str, ...] = ()


class Backends:
    """The engines of one agent.

    Args:
        deployed: says what is in service; asked at every choice, in a thread of its own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        deployed: Callable[[], Deployed | None] = lambda: None,
        snapshot: Callable[[int], Snapshot] = take_snapshot,
    ) -> None:
        self._settings = settings
        self._ask_deployed = deployed
        self._snapshot = snapshot
        self._server = OllamaServer(settings.ollama.host, settings.ollama.probe_timeout_ms)
        self._open: dict[tuple[str, str], Model] = {}
        self._serving: dict[str, EmbeddedModel] = {}  # by the adapter's name
        self._cards: dict[str, catalog.ModelCard] = {}

    async def choose(self, complexity: float, *, model: str | None = None) -> Choice:
        """The model for a question of this complexity (0..1), with reasons.

        Args:
            model: a name that outranks the settings, from the person asking.
        Raises:
            ModelNotFound, ModelUnavailable, MemoryBudgetError: each says what to do next.
        """
        deployed, trouble = await self._in_service()
        asked = model or self._settings.model.name
        if asked:
            choice = _without(await self._named(asked), deployed)
        else:
            served = await self._deployed(deployed) if deployed is not None else _Served()
            choice = served.choice or await self._undeployed(complexity)
            choice = replace(choice, reasons=(*trouble, *served.trouble, *choice.reasons))
        return replace(choice, complexity=complexity)

    async def _undeployed(self, complexity: float) -> Choice:
        """The choice where no adapter is in service."""
        backend = self._settings.model.backend
        if backend == "embedded":
            return self._embedded(complexity, "model.backend is 'embedded'")
        found = await self.find()
        if found.usable:
            return await self._fitting(complexity, found)
        if backend == "ollama":
            raise ModelUnavailable(f"{found.reason}; or set model.backend to auto or embedded")
        return self._embedded(complexity, found.reason)

    async def _in_service(self) -> tuple[Deployed | None, tuple[str, ...]]:
        """What is deployed now; a shelf that cannot be read is a reason, not an error."""
        try:
            return await asyncio.to_thread(self._ask_deployed), ()
        except AdapterError as error:
            log.warning("no adapter is in service: %s", error.sentence)
            return None, (f"no adapter is in service: {error.sentence}",)

    async def find(self) -> Found:
        """Ask the Ollama server what it has; an unreachable or empty server is a reason, not an error."""
        wanted = self._settings.model.backend == "ollama"
        status = await self._server.probe(self._patience_ms(wanted=wanted))
        if not status.answers:
            return Found((), {}, status.reason)
        try:
            installed, resident = await asyncio.gather(self._server.installed(), self._server.resident())
        except ModelError as error:
            return Found((), {}, error.sentence)
        usable = tuple(one for one in installed if one.chats)
        reason = (
            status.reason if usable else f"{status.reason} but has no model that chats; run: ollama pull qwen2:1.5b"
        )
        return Found(usable, dict(resident), reason)

    def _patience_ms(self, *, wanted: bool) -> int:
        usual = self._settings.ollama.probe_timeout_ms
        return max(usual, WANTED_TIMEOUT_MS) if wanted else usual

    def model(self, choice: Choice) -> Model:
        """The chosen model, opened once."""
        if choice.adapter is not None and choice.backend == "embedded":
            return self._serving[choice.adapter]
        key = (choice.backend, choice.model)
        if key not in self._open:
            self._open[key] = self._make(choice)
        return self._open[key]

    async def close(self) -> None:
        """Release every engine."""
        for model in self._open.values():
            await model.close()
        self._open.clear()
        self._serving.clear()

    def _make(self, choice: Choice) -> Model:
        dials = self._settings.model
        if choice.backend == "embedded":
            return EmbeddedModel(
                context_tokens=dials.context_tokens,
                threads=dials.threads,
                first_token_timeout_s=dials.first_token_timeout_s,
                token_timeout_s=dials.token_timeout_s,
            )
        from workbench.models.ollama import OllamaModel

        return OllamaModel(
            choice.model,
            host=self._settings.ollama.host,
            context_tokens=dials.context_tokens,
            keep_alive=self._settings.ollama.keep_alive,
            first_token_timeout_s=dials.first_token_timeout_s,
            token_timeout_s=dials.token_timeout_s,
        )

    def _embedded(self, complexity: float, reason: str) -> Choice:
        snapshot = self._look()
        choice = select_model(
            complexity,
            snapshot.free_bytes,
            (),
            context_tokens=self._settings.model.context_tokens,
            safe_bytes=self._safe_bytes,
            resident=self._held(),
            system_free_bytes=_system_free(snapshot),
        )
        return replace(choice, reasons=(reason, choice.reasons[-1]), refused=())

    async def _named(self, name: str) -> Choice:
        wanted = catalog.canonical_name(name)
        if wanted == EMBEDDED:
            return self._embedded(0.0, f"you asked for {EMBEDDED}")
        status = await self._server.probe(self._patience_ms(wanted=True))
        if not status.answers:
            raise ModelUnavailable(f"'{name}' needs Ollama: {status.reason}; or ask for '{EMBEDDED}'")
        installed = await self._server.installed()
        match = next((one for one in installed if catalog.canonical_name(one.name) == wanted), None)
        if match is None:
            raise ModelNotFound(
                f"Ollama has no model '{name}'; run: ollama pull {name}, or choose one of: {_listing(installed)}"
            )
        return await self._planned(match, f"you asked for {name}")

    async def _planned(self, one: InstalledModel, reason: str) -> Choice:
        """A model asked for by name is not refused, since Ollama keeps in RAM what VRAM cannot hold; it is said."""
        cards = (*catalog.CATALOG, *await self._unlisted_cards((one,)))
        known = {catalog.canonical_name(card.name): card for card in cards}
        card, free = known.get(catalog.canonical_name(one.name)), self._look().free_bytes
        if card is None:
            return Choice(one.name, "ollama", (reason, "its file does not say what it needs"), free_bytes=free)
        tokens = min(self._settings.model.context_tokens, card.architecture.context_tokens)
        need = plan(card.architecture, tokens).total
        told = f"it needs {show_gib(need)} and {show_gib(free)} are free"
        if need > free:
            told += "; Ollama will keep a part of it outside, and it will be slow"
        return Choice(one.name, "ollama", (reason, told), free_bytes=free, need_bytes=need)

    async def _deployed(self, deployed: Deployed) -> _Served:
        """The deployed adapter on its base, or why it cannot answer."""
        backend, name = self._settings.model.backend, deployed.adapter
        on_ollama = deployed.base.startswith(OLLAMA)
        if not on_ollama and catalog.canonical_name(deployed.base) != EMBEDDED:
            return _Served(None, (f"adapter '{name}' is deployed on {deployed.base}, which no engine here serves",))
        if backend not in ("auto", "ollama" if on_ollama else "embedded"):
            return _Served(
                None, (f"adapter '{name}' is deployed on {deployed.base}, and model.backend is '{backend}'",)
            )
        return await (self._deployed_in_ollama(deployed) if on_ollama else self._deployed_here(deployed))

    async def _deployed_here(self, deployed: Deployed) -> _Served:
        fault = deployed.fault
        if fault is None:
            choice = self._embedded(0.0, _on_it(deployed))
            try:
                self._serving[deployed.adapter] = await asyncio.to_thread(self._laid, choice, deployed)
            except AdapterError as error:
                fault = error.sentence
            else:
                return _Served(replace(choice, adapter=deployed.adapter))
        log.warning("adapter %s is not served: %s", deployed.adapter, fault)
        return _Served(self._embedded(0.0, f"adapter '{deployed.adapter}' is deployed on it but {fault}; {PLAIN}"))

    def _laid(self, choice: Choice, deployed: Deployed) -> EmbeddedModel:
        """The embedded model with the adapter, loaded; at once where it was loaded before."""
        plain = self.model(replace(choice, adapter=None))
        assert isinstance(plain, EmbeddedModel)
        known = self._serving.get(deployed.adapter)
        model = known if known and known.adapter == deployed.identity else None
        model = model or plain.beside(deployed.identity, deployed.gguf)
        model.load()
        return model

    async def _deployed_in_ollama(self, deployed: Deployed) -> _Served:
        """Ollama loads no adapter by request; it serves the model that was created with it."""
        found, name = await self.find(), deployed.adapter
        by_name = {catalog.canonical_name(one.name): one for one in found.usable}
        made = by_name.get(catalog.canonical_name(deployed.ollama_name))
        if made is not None:
            return _Served(replace(await self._planned(made, _on_it(deployed)), adapter=name))
        plain = by_name.get(catalog.canonical_name(deployed.base.removeprefix(OLLAMA)))
        if plain is None:
            why = f"Ollama has neither {deployed.ollama_name} nor its base" if found.usable else found.reason
            return _Served(trouble=(f"adapter '{name}' is deployed on {deployed.base}, but {why}",))
        lacking = f"adapter '{name}' is deployed on it but Ollama has no {deployed.ollama_name}; {PLAIN}"
        return _Served(await self._planned(plain, lacking))

    async def _fitting(self, complexity: float, found: Found) -> Choice:
        snapshot = self._look()
        choice = select_model(
            complexity,
            snapshot.free_bytes,
            [one.name for one in found.usable],
            cards=(*catalog.CATALOG, *await self._unlisted_cards(found.usable)),
            context_tokens=self._settings.model.context_tokens,
            safe_bytes=self._safe_bytes,
            resident={**found.resident, **self._held()},
            system_free_bytes=_system_free(snapshot),
        )
        return replace(choice, reasons=(found.reason, *choice.reasons))

    async def _unlisted_cards(self, usable: Sequence[InstalledModel]) -> tuple[catalog.ModelCard, ...]:
        """Cards for models that are installed but not in the catalog, from the facts in their own files."""
        known = {catalog.canonical_name(card.name) for card in catalog.CATALOG}
        cards = []
        for one in usable:
            if catalog.canonical_name(one.name) in known or one.size_bytes is None:
                continue
            if one.name not in self._cards:
                try:
                    shown = await self._server.show(one.name)
                    self._cards[one.name] = catalog.card_from_gguf_metadata(
                        one.name,
                        shown.get("model_info") or {},
                        file_bytes=one.size_bytes,
                        thinks="thinking" in (one.capabilities or ()),
                    )
                except ModelError as error:  # its file does not say what it needs, so it cannot be planned for
                    log.info("%s is left out: %s", one.name, error.sentence)
                    continue
            cards.append(self._cards[one.name])
        return tuple(cards)

    def _look(self) -> Snapshot:
        return self._snapshot(gib(self._settings.hardware.budget_gib))

    def _held(self) -> dict[str, int]:
        """The embedded model's own bytes, once it is loaded: they are not asked for a second time."""
        model = self._open.get(("embedded", EMBEDDED))
        if not isinstance(model, EmbeddedModel) or not model.loaded:
            return {}
        return {EMBEDDED: catalog.planned_bytes(EMBEDDED, model.context_tokens)}

    @property
    def _safe_bytes(self) -> int:
        return gib(self._settings.hardware.safe_gib)


def _system_free(snapshot: Snapshot) -> int | None:
    return snapshot.system_available_bytes if snapshot.label == "VRAM" else None


def _listing(installed: Sequence[InstalledModel]) -> str:
    return ", ".join([*(one.name for one in installed if one.chats), EMBEDDED])


def _on_it(deployed: Deployed) -> str:
    return f"adapter '{deployed.adapter}' is deployed on it"


def _without(choice: Choice, deployed: Deployed | None) -> Choice:
    """A model asked for by name answers plain; say so where an adapter of it is in service."""
    if deployed is None or deployed.base.removeprefix(OLLAMA) != choice.model:
        return choice
    left_out = f"adapter '{deployed.adapter}' is deployed on it but left out, since a name means the plain model"
    return replace(choice, reasons=(*choice.reasons, left_out))
