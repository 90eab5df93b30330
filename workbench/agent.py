"""The agent: it puts the rooms together, once, and hands each walk what it needs.

    settings ─► Memory, Backends, Learning ─► Rooms ─► Walk(question) ─► Turn

Everything above (command line, panels, gateway, notebooks) speaks to this object and to nothing below it. It decides no
step of a walk.

>>> async with open_agent() as agent:                                   # doctest: +SKIP
...     turn = await agent.ask("My dog is called Rufus.")
...     turn = await agent.ask("What is my dog's name?")
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import AdapterError, ModelTimeout, QuestionError
from workbench.core.records import (
    Choice,
    Feedback,
    Message,
    Recalled,
    Session,
    StrategyName,
    Turn,
    begun_session,
)
from workbench.core.settings import Settings, load_settings
from workbench.core.stopping import Tell, in_thread, nobody_listens
from workbench.hardware.planner import gib
from workbench.hardware.sampler import Sampler
from workbench.hardware.snapshot import Snapshot, take_snapshot
from workbench.learning import Learning
from workbench.memory import Memory
from workbench.models.backends import Backends
from workbench.models.protocol import Model

if TYPE_CHECKING:
    from workbench.core.examples import Example
    from workbench.cycles import Cycle, Doubt, Forgetting, Unlearned
    from workbench.reasoning.events import TurnEvent

log = logging.getLogger(__name__)
SAMPLES_KEPT = 600  # five minutes at the default interval


class Agent:
    """A local agent with its memory and its models; make one with `open_agent`."""

    def __init__(self, settings: Settings, memory: Memory, backends: Backends, learning: Learning) -> None:
        self.settings = settings
        self.memory = memory
        self.backends = backends
        self.learning = learning

    async def ask(
        self,
        question: str | bytes,
        *,
        session: Session | None = None,
        strategy: StrategyName | None = None,
        model: str | Model | None = None,
        complexity: float | None = None,
        on_event: Callable[[TurnEvent], None] | None = None,
    ) -> Turn:
        """Answer a question and remember the turn.

        Cancelling the task stops the engine and leaves nothing of the turn behind.

        Args:
            session: the conversation to continue; None begins a new one.
            strategy: direct, chain or vote; None leaves it to the settings, and `auto` answers directly while an
                adapter is deployed, for that is what it was trained on and judged by.
            model: a model's name, or any object that speaks the `Model` protocol (a llama-index LLM in
                `LlamaIndexModel`, say); None leaves it to the settings.
            complexity: 0..1 if you know better than the rule.
            on_event: called with every event as it happens.
        Raises:
            WorkbenchError: any of its kinds; nothing was stored.
        """
        from workbench.reasoning.question import as_text
        from workbench.reasoning.walk import Asked, Walk

        if strategy is None and self.settings.reasoning.strategy == "auto":
            strategy = "direct" if await asyncio.to_thread(self._adapter_answers, model) else None
        walk = Walk(self._rooms(strategy, model), timeout_s=self.settings.reasoning.timeout_s)
        if complexity is not None and not 0 <= complexity <= 1:
            raise QuestionError(f"The complexity is {complexity:g}, but must lie between 0 and 1")
        turn = Turn(
            question=as_text(question),
            session_id=session.id if session else None,
            session_name=session.name if session else None,
            complexity=complexity,
        )
        turn = await _follow(walk.run(start_event=Asked(turn=turn)), on_event, self.settings.reasoning.timeout_s)
        if self.settings.reasoning.summarise == "model":
            await self._summarise(turn)
        return turn

    async def give_feedback(self, turn: str, *, up: bool | None = None, correction: str | None = None) -> Feedback:
        """Keep a thumb or a correction with a turn; a correction is recalled from the next question on.

        Args:
            turn: the turn's id, or the beginning of it.
            up: True for a thumb up, False for a thumb down.
            correction: the answer it should have given.
        Raises:
            QuestionError: neither or both were given, or the correction is empty.
            NotStored: no turn, or more than one, has that id.
        """
        if (up is None) == (correction is None):
            raise QuestionError('Give one of: --up, --down, --correct "the right answer"')
        if correction is not None and not correction.strip():
            raise QuestionError("The correction is empty; write the answer it should have given")
        kind: Any = "correct" if correction is not None else "up" if up else "down"
        return await self.memory.give_feedback(Feedback(turn, kind, correction))

    async def forget_turn(self, turn: str) -> Unlearned:
        """Forget a turn for good, its feedback, what was stated in it, and the examples made of it.

        Args:
            turn: its id, or the beginning of it.
        Returns:
            What is gone, and which adapters learned from it.
        Raises:
            NotStored: no turn, or more than one, has that id.
            StoreLocked: another process learns in this home.
        """
        return await asyncio.to_thread(self._forgetting.turn, turn)

    async def forget_session(self, session: str, *, keep_memories: bool = False) -> Unlearned:
        """Forget a session for good, and the examples made of its turns; else as `forget_turn`."""
        return await asyncio.to_thread(lambda: self._forgetting.session(session, keep_memories=keep_memories))

    async def forget_memories(self, *memory_ids: str) -> Unlearned:
        """Forget memories for good, and the examples of turns that say them; else as `forget_turn`."""
        return await asyncio.to_thread(self._forgetting.memories, memory_ids)

    async def learn(
        self,
        *,
        again: bool = False,
        deploy: bool = True,
        unseen: Sequence[Example] = (),
        on_progress: Tell | None = None,
    ) -> Cycle:
        """Learn from what was rated and corrected: train, evolve with the shelf, and deploy if the gate promotes.

        What memory keeps needs no cycle: a correction is recalled from the next question on. A cycle that was killed is
        gone on with by the next call.

        Args:
            again: without the adapters that learned from something that was forgotten since; when there is enough to
                begin with, what answered before them answers.
            deploy: put what the gate promotes in service.
            unseen: more examples for the gate, of skills that what answers now holds.
            on_progress: called with what is done, how much of it is, and of how much.
        Raises:
            LearningPaused, StoreLocked: a person lets learning rest, or another process learns in this home.
            ModelError: the embedder cannot be loaded, so it cannot be seen whether feedback turned.
            TrainingError, EvolutionError: it cannot begin or go on; what was done is kept.
        """
        from workbench.cycles import Cycles, Doubting, enriched, gathered

        began, cycles = time.time(), Cycles(self.learning)
        tell = cycles.pause.heeded(on_progress or nobody_listens)
        with cycles.alone():
            doubts = await in_thread(lambda _: Doubting(self.memory, cycles.folder).found())
            past = cycles.past(again=again)
            gather = partial(gathered, self.memory.sessions, self.learning, brought=unseen, past=past, doubts=doubts)
            found = await in_thread(lambda _: gather(again=again))
            if found.lacks is not None:
                return cycles.close(found, began)
            if again:
                await in_thread(lambda _: cycles.step_back())
            check = partial(cycles.check, found, self.memory.embedder.embed)
            found = await in_thread(lambda told: check(told), tell)
            found = await enriched(self.settings, found, tell)
            lesson = await in_thread(lambda told: cycles.train(found, told), tell)
            with await in_thread(lambda _: cycles.evolve(found, lesson)) as run:
                await in_thread(run.through, tell)
                await run.end(deploy=deploy, known=found.train, on_progress=tell)
                cycle = cycles.close(found, began, lesson=lesson, run=run)  # kept before what may still be stopped
                return cycles.add(cycle, run, await cycles.compare(run, self.looked_up, tell))

    async def trust_feedback(self) -> tuple[Doubt, ...]:
        """Say that the feedback that is set apart is right: it is recalled from now on, and learned from.

        Returns:
            What was set apart.
        Raises:
            StoreLocked: another process learns in this home.
        """
        from workbench.cycles import Cycles, Doubting

        cycles = Cycles(self.learning)
        with cycles.held():
            return await in_thread(lambda _: Doubting(self.memory, cycles.folder).trust())

    async def session(self, name: str | None = None) -> Session:
        """The session with exactly that name or id, else a new one; a new one is stored with its first turn."""
        known = await asyncio.to_thread(self.memory.sessions.list) if name is not None else ()
        found = next((session for session in known if name in (session.id, session.name)), None)
        return found or begun_session(name)

    def snapshot(self) -> Snapshot:
        """The memory this machine has and uses now: VRAM where there is a GPU, resident memory else."""
        return take_snapshot(gib(self.settings.hardware.budget_gib))

    def sampler(self) -> Sampler:
        """A sampler of `snapshot`, not yet started."""
        return Sampler(self.snapshot, self.settings.hardware.sample_interval_ms, SAMPLES_KEPT)

    async def warm(self) -> None:
        """Load what a long-lived process needs anyway: the embedder and the vector index."""
        await self.memory.open_index()

    async def close(self) -> None:
        await self.backends.close()
        await asyncio.to_thread(self.memory.close)

    @property
    def _forgetting(self) -> Forgetting:
        from workbench.cycles import Forgetting

        return Forgetting(self.memory, self.learning)

    async def looked_up(self, question: str) -> tuple[Recalled, ...]:
        """What memory says to a question, as in a turn, without counting as use."""
        dials = self.settings.memory
        return await self.memory.recall(
            question, k=dials.recall_k, tokens=dials.recall_tokens, min_score=dials.recall_min_score, counted=False
        )

    async def _summarise(self, turn: Turn) -> None:
        """Let the model that answered put the turns that left the window into words."""
        from workbench.reasoning.summarising import summariser

        dials = self.settings.reasoning
        if turn.session_id is None or turn.choice is None:
            return
        await self.memory.conversation.summarise(
            turn.session_id,
            summariser(self.backends.model(turn.choice), dials),
            turns=dials.history_turns,
            tokens=dials.history_tokens,
            question_language=turn.language,
        )

    def _adapter_answers(self, model: str | Model | None) -> bool:
        """Whether an adapter is deployed and nobody asked for a certain model."""
        try:
            return model is None and self.settings.model.name is None and self.learning.deployed() is not None
        except AdapterError:  # the choice of a model says so
            return False

    def _rooms(self, strategy: StrategyName | None, model: str | Model | None) -> Any:
        from workbench.reasoning.steps import Rooms

        dials = self.settings.reasoning
        if strategy is not None:
            dials = dials.model_copy(update={"strategy": strategy})
        return Rooms(_TurnMemory(self.memory, self.settings, self.learning), _TurnModels(self.backends, model), dials)


@asynccontextmanager
async def open_agent(
    settings: Settings | None = None, *, home: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> AsyncIterator[Agent]:
    """An agent on a home folder, closed at the end.

    Args:
        settings: ready settings; None loads all layers.
        home: the state folder, outranking the settings.
        overrides: dotted keys that outrank every layer, such as `{"model.backend": "embedded"}`.
    """
    if settings is None:
        settings = load_settings(overrides={**(overrides or {}), **({"home": home} if home else {})})
    memory = await asyncio.to_thread(open_memory, settings)
    learning = Learning(settings)
    agent = Agent(settings, memory, Backends(settings, deployed=learning.deployed), learning)
    try:
        yield agent
    finally:
        await agent.close()


def open_memory(settings: Settings) -> Memory:
    """The memory of the settings' home."""
    from workbench.memory import open_embedder

    embedder = open_embedder(settings.memory.embedder, ollama_host=settings.ollama.host)
    return Memory.open(settings.home, settings, embedder=embedder)


@dataclass(frozen=True, slots=True)
class _TurnMemory:
    """Memory as the walk sees it, with the settings' figures filled in."""

    memory: Memory
    settings: Settings
    learning: Learning

    async def recall(self, question: str) -> tuple[Recalled, ...]:
        dials = self.settings.memory
        found = await self.memory.recall(
            question, k=dials.recall_k, tokens=dials.recall_tokens, min_score=dials.recall_min_score
        )
        learned = await asyncio.to_thread(self.learning.turns_learned)
        return tuple(replace(one, learned=one.turn_id in learned) for one in found) if learned else found

    async def history(self, turn: Turn) -> tuple[Message, ...]:
        dials = self.settings.reasoning
        return await asyncio.to_thread(
            self.memory.conversation.context,
            turn.session_id,
            turns=dials.history_turns,
            tokens=dials.history_tokens,
            question_language=turn.language,
            known=[memory.memory_id for memory in turn.recalled],
        )

    async def remember(self, turn: Turn) -> Turn:
        return await self.memory.remember(turn)


@dataclass(frozen=True, slots=True)
class _TurnModels:
    """The models as the walk sees them: chosen by the backends unless the person brought one."""

    backends: Backends
    asked: str | Model | None

    async def choose(self, complexity: float) -> Choice:
        if self.asked is None or isinstance(self.asked, str):
            return await self.backends.choose(complexity, model=self.asked)
        return Choice(self.asked.name, self.asked.backend, ("you handed this model in",), complexity=complexity)

    def model(self, choice: Choice) -> Model:
        return self.backends.model(choice) if self.asked is None or isinstance(self.asked, str) else self.asked


async def _follow(handler: Any, on_event: Callable[[TurnEvent], None] | None, timeout_s: float) -> Turn:
    """Pass on the events of a running walk and return its turn; being cancelled cancels the walk first."""
    from workflows.errors import WorkflowTimeoutError

    from workbench.reasoning.events import TurnEvent

    try:
        async for event in handler.stream_events():
            if on_event is not None and isinstance(event, TurnEvent):
                on_event(event)
        turn: Turn = await handler
    except WorkflowTimeoutError as error:
        raise ModelTimeout(
            f"No answer within {timeout_s:g} s; ask something shorter or raise reasoning.timeout_s"
        ) from error
    except BaseException:  # cancelled, or a listener failed: the walk must not go on and store the turn
        await handler.cancel_run()
        await asyncio.gather(handler, return_exceptions=True)
        raise
    return turn
