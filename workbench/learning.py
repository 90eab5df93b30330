"""What can be learned, and undone: examples become an adapter, which is scored, judged, put in service, taken back.

    examples ─► train ─► shelf ─► score ─► gate ─► deploy ─► (the next question) ─► rollback

It puts adapters and evaluation together, as `agent.py` does for the walk, and decides nothing of its own: how to train
is the settings', what is good enough the gate's. Nothing heavy is loaded before it is needed.

>>> learning = Learning(load_settings())                                  # doctest: +SKIP
>>> lesson = learning.train(examples, "dates", tune=tune)                 # doctest: +SKIP
>>> verdict = await learning.gate("dates", fresh)                         # doctest: +SKIP
>>> learning.deploy("dates")                                              # doctest: +SKIP
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from workbench.adapters.shelf import Data, Parent, Provenance, Shelf, Shelved
from workbench.core.errors import AdapterError, ExamplesError, TrainingError
from workbench.core.examples import Example, data_hash
from workbench.core.schema import Settings
from workbench.core.stopping import Tell, in_thread
from workbench.corpus.interactions import EARLIER
from workbench.experience import Experience
from workbench.hardware.giving_back import give_back
from workbench.hardware.planner import gib
from workbench.holding import held_skills, shares
from workbench.models.deployed import Deployed
from workbench.models.embedded import EmbeddedModel
from workbench.retaining import Retained, retained, revised

if TYPE_CHECKING:
    from workbench.adapters.adapter import Adapter
    from workbench.adapters.bases import Base
    from workbench.adapters.merging import RuleName
    from workbench.adapters.training import Progress, Trained
    from workbench.evaluation.gate import Ledger, Verdict
    from workbench.evaluation.scoring import Score, Scored, Scorer
    from workbench.evaluation.standard import StandardScore

log = logging.getLogger(__name__)
NEEDED = ("torch", "transformers", "peft", "safetensors", "gguf")
SERVED_FILE = "adapter.gguf"
SCORES = "scores.sqlite"  # in the home
RETAINED = "retained"  # among the settings on a card: what keeps what the adapter before it knew
PLAIN = "base"  # what a person calls the base without an adapter


@dataclass(frozen=True)
class Lesson:
    """A finished training: the adapter on its shelf, the record of the run, what keeps what it knew before."""

    shelved: Shelved
    trained: Trained
    retained: Retained


@dataclass(frozen=True)
class Child:
    """A finished merge: the adapter on its shelf, and the share of the summed change that its rank could hold."""

    shelved: Shelved
    kept: float


class Learning:
    """Everything that learns in one home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._turns: dict[str, frozenset[str]] = {}

    @cached_property
    def shelf(self) -> Shelf:
        return Shelf(self.settings.home / "adapters", gib(self.settings.training.shelf_gib))

    @cached_property
    def experience(self) -> Experience:
        """What the adapters on the shelf have seen, and the examples kept beside them."""
        memory = self.settings.memory
        return Experience(self.shelf, self.settings.learn, sealed=memory.encrypt_memory, hidden=memory.encrypt_vectors)

    @cached_property
    def ledger(self) -> Ledger:
        """Every look of the gate."""
        from workbench.evaluation.gate import Ledger

        return Ledger(self.settings.home / "adapters")

    @cached_property
    def base(self) -> Base:
        """What new adapters lie on.

        Raises:
            TrainingError: PyTorch and its companions are not installed.
            ModelNotFound: the base is not on this machine.
        """
        from workbench.adapters.bases import open_base

        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            raise TrainingError(f"Learning needs {', '.join(missing)}; run: make setup, or pip install '.[learn]'")
        dials = self.settings.training
        return open_base(dials.base, dials.bases_folder or self.settings.home / "bases")

    @cached_property
    def scorer(self) -> Scorer:
        from workbench.evaluation.scoring import ScoreCache, Scorer

        sealed = self.settings.memory.encrypt_memory  # the cache holds replies, readable
        return Scorer(self.base, cache=None if sealed else ScoreCache(self.settings.home / SCORES))

    def release(self) -> None:
        """Let go of the base's weights, so that what answers has the memory; the next score loads them again."""
        if "scorer" in self.__dict__:
            self.scorer.release()
        give_back()

    def train(
        self,
        examples: Sequence[Example],
        name: str,
        *,
        replay: Sequence[Example] = (),
        tune: Sequence[Example] = (),
        fresh: Sequence[Example] = (),
        start: Shelved | None = None,
        steps: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Lesson:
        """Train an adapter and put it on the shelf, with the form that the engine serves.

        A run that was killed goes on from its last checkpoint when it is asked for again with the same examples.

        Args:
            replay: examples of what `start` knows, learned again; what it read in lessons about other skills than
                `examples` name is spared besides, as far as sums are kept.
            tune: to watch it by; it counts as seen.
            fresh: nothing is done by them; they are kept beside the adapter, for later gates.
            start: go on with this one, cut to `training.rank`; None begins at the base.
            steps: None is `training.steps`.
        Raises:
            AdapterError: the name is taken or is no name, or the start lies on another base.
            TrainingError: it cannot begin or go on; the last checkpoint is whole.
        """
        from workbench.adapters.gathering import gathered
        from workbench.adapters.merging import truncated
        from workbench.adapters.training import train

        self.refuse_taken(name)
        usual = self.settings.training
        dials = usual.model_copy(update={"steps": steps or usual.steps})
        folder = self.settings.home / "training" / name
        keeping = retained(self.experience, start, revised(examples), replay)
        trained = train(
            self.base,
            (*examples, *replay),
            dials,
            folder=folder,
            tune=tune,
            start=truncated(self.shelf.get(start.identity), dials.rank, keeping.read) if start else None,
            spare=keeping.spare,
            safe_bytes=gib(self.settings.hardware.safe_gib),
            on_progress=on_progress,
        )
        left_out = set(trained.left_out)
        own, again = ([one for one in some if one.id not in left_out] for some in (examples, replay))
        learned = (*own, *again)
        sums = gathered(self.base, trained.adapter, own or learned) if self.experience.keeps_sums else None
        read = (*keeping.read, sums) if keeping.read and sums else ()
        adapter = truncated(trained.adapter, dials.rank, read) if keeping.spare else trained.adapter
        skills = dict(Counter(one.skill for one in learned))
        origin = Provenance(
            "train",
            self.base.name,
            self.base.licence,
            Data(data_hash(learned), skills),
            (Parent(start.identity, (1.0,)),) if start else (),
            seed=dials.seed,
            settings={**dials.model_dump(mode="json"), **({RETAINED: keeping.skills.sentence} if start else {})},
        )
        shelved = self.shelf.put(adapter, origin, name=name)
        self.experience.inherit(shelved, [start] if start else [], (*learned, *tune))
        self.experience.keep(shelved, learned, tune, fresh)
        if sums is not None:
            self.experience.keep_sums(shelved, sums)
        self.prepare(shelved, adapter)
        shutil.rmtree(folder, ignore_errors=True)
        return Lesson(self.shelf.find(shelved.identity), trained, keeping.skills)

    def prepare(self, shelved: Shelved, adapter: Adapter) -> None:
        """Put beside an adapter what serving needs: its GGUF form."""
        from workbench.adapters.exporting import write_gguf

        if self.base.gguf is None:
            return
        with TemporaryDirectory() as folder:
            self.shelf.attach(shelved.identity, write_gguf(adapter, self.base, Path(folder) / SERVED_FILE))

    def score(
        self,
        examples: Sequence[Example],
        ref: str | None = None,
        *,
        keep: bool = True,
        on_progress: Callable[[Scored], None] | None = None,
    ) -> Score:
        """How many of the examples an adapter answers rightly, greedily; None and `base` are the plain base.

        Args:
            keep: use the cache of scores.
        Raises:
            AdapterNotFound: no adapter is called that.
            ExamplesError: there is no example.
        """
        adapter = None if ref in (None, PLAIN) else self.shelf.get(str(ref))
        return self.scorer.score(adapter, examples, keep=keep, on_progress=on_progress)

    def standard(
        self, tasks: Sequence[str], ref: str | None = None, *, limit: int | None = None, folder: Path | None = None
    ) -> tuple[StandardScore, ...]:
        """Score tasks of the lm-evaluation-harness, or of a folder of its task files; None and `base`: the plain base.

        Raises:
            ModelUnavailable: the harness is not installed.
            ExamplesError: no such task, or its data cannot be had here.
            AdapterNotFound: no adapter is called that.
        """
        from workbench.evaluation.standard import standard_tasks

        adapter = None if ref in (None, PLAIN) else self.shelf.get(str(ref))
        return standard_tasks(self.base, adapter, tasks, limit, folder=folder)

    def note_scores(self, ref: str, score: Score) -> Shelved:
        """Write a score on the adapter's card, skill by skill."""
        return self.shelf.add_scores(ref, shares((one.skill, one.right) for one in score.outcomes))

    async def gate(
        self,
        candidate: str,
        examples: Sequence[Example],
        *,
        incumbent: str | None = None,
        target: Collection[str] | None = None,
        known: Sequence[Example] = (),
        on_progress: Tell | None = None,
    ) -> Verdict:
        """Judge a candidate against the champion, or another incumbent, by fresh examples; the look is noted.

        The candidate's exported form answers some of them through the engine that will serve it. Examples that either
        was trained on are left out, and so are those that earlier looks used up. How the candidate does at each skill
        stands on its card, so that what was held before is held by those that come after.

        Args:
            incumbent: None is the champion, or the plain base where there is none; `base` is the plain base.
            target: skills that it should be better at; None takes those that the incumbent does not hold.
            known: examples that need not be fresh, to compare training and serving by where the fresh ones are few.
            on_progress: called with what is done, how many examples of it are, and how many there are.
        Raises:
            AdapterNotFound: one of them is not on the shelf.
            ExamplesError: no fresh example is left.
        """
        from workbench.evaluation.gate import Trial, chosen_for_serving, judge

        challenger, holder = self.shelf.find(candidate), self.incumbent(incumbent)
        fresh = self._unseen(examples, challenger, holder)
        then = holder.identity if holder else PLAIN
        before = await in_thread(lambda tell: self._told(fresh, then, "incumbent", tell), on_progress)
        after = await in_thread(lambda tell: self._told(fresh, challenger.identity, "candidate", tell), on_progress)
        trials = [Trial(one.id, one.skill, before[one.id], after[one.id]) for one in fresh]
        self.shelf.add_scores(challenger.identity, shares((one.skill, after[one.id]) for one in fresh))
        used = self.ledger.used_ids()
        wanted = self.settings.gate.serving_examples
        once = [one for one in trials if one.skill != EARLIER and one.example_id not in used]
        chosen = set(chosen_for_serving(once, wanted))
        apart = {one.id: one for one in known if one.id not in after}
        more = list(apart.values())[: max(0, wanted - len(chosen))]
        served = await self._served(challenger, [*(one for one in fresh if one.id in chosen), *more], on_progress)
        again = await in_thread(lambda tell: self._told(more, challenger.identity, "known", tell), on_progress)
        verdict = judge(
            trials,
            held=held_skills(holder),
            target=target,
            watched=(EARLIER,),
            incumbent=then,
            candidate=challenger.identity,
            ledger=self.ledger,
            dials=self.settings.gate,
            served={name: right for name, right in served.right.items() if name in chosen},
            also_served=[(again[one.id], served.right[one.id]) for one in more],
        )
        return replace(verdict, words=verdict.words.replace(challenger.identity[:12], challenger.label))

    def incumbent(self, ref: str | None = None) -> Shelved | None:
        """The adapter of that name; None is the champion. The plain base is None."""
        if ref == PLAIN:
            return None
        return self.shelf.champion() if ref is None else self.shelf.find(ref)

    def promoted(self, ref: str) -> str | None:
        """The time of the gate's look that promoted it over what answers now; None where there is none."""
        champion = self.shelf.champion()
        looks = self.ledger.looks(champion.identity if champion else PLAIN, self.shelf.find(ref).identity)
        return str(looks[-1]["time"]) if looks and looks[-1]["decision"] == "promote" else None

    def deploy(self, ref: str, *, insist: bool = False, why: str = "") -> Shelved:
        """Let an adapter answer from the next question on.

        Args:
            insist: without the gate's promotion; the history keeps that a person insisted.
        Raises:
            AdapterError: the gate has not promoted it over what answers now.
            AdapterNotFound, AdapterDamaged: nothing has moved.
        """
        one = self.shelf.find(ref)
        if SERVED_FILE not in one.card.files:
            self.prepare(one, self.shelf.get(one.identity))
        verdict = self.promoted(one.identity)
        if verdict is None and not insist:
            raise AdapterError(
                f"The gate has not promoted {one.label} over what answers now; run: workbench gate {one.label} "
                "FILE.jsonl, or insist with --force"
            )
        told = why or ("promoted by the gate" if verdict else "a person insisted")
        deployed = self.shelf.deploy(one.identity, why=told, forced=verdict is None, verdict=verdict)
        assert deployed is not None, "an adapter was named"
        return deployed

    def rollback(self, why: str = "") -> Shelved | None:
        """Back to what answered before; None is the plain base."""
        return self.shelf.rollback(why=why)

    def deployed(self) -> Deployed | None:
        """What answers now, as the engines are told; asked at every question.

        Raises:
            AdapterError: the champion cannot be read.
        """
        if not (self.settings.home / "adapters").is_dir():
            return None
        one = self.shelf.champion()
        if one is None:
            return None
        file = one.card.files.get(SERVED_FILE)
        return Deployed(
            adapter=one.label,
            base=one.card.origin.base_name,
            identity=one.identity,
            gguf=one.folder / SERVED_FILE,
            sha256=file.sha256 if file else None,
        )

    def turns_learned(self) -> frozenset[str]:
        """Turns that what answers now has learned from; none where that is the plain base, or cannot be read."""
        try:
            one = self.deployed()
        except AdapterError:  # the choice of a model says so
            return frozenset()
        return self.turns_learned_by(one.identity) if one else frozenset()

    def turns_learned_by(self, ref: str) -> frozenset[str]:
        """Turns that an adapter has learned from; read once.

        Raises:
            AdapterNotFound: no adapter is called that.
        """
        if ref not in self._turns:
            self._turns[ref] = frozenset(self.experience.turns_seen_by(self.shelf.find(ref)).values())
        return self._turns[ref]

    def merge(
        self,
        refs: Sequence[str],
        name: str,
        *,
        rule: RuleName = "linear",
        weights: Sequence[float],
        rank: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Child:
        """Make one adapter of several and put it on the shelf; the gate knows what its parents have seen.

        Args:
            weights: one coefficient for each parent.
            rank: of the child at most; None is exact for `linear`, the highest of the parents' for the others.
        Raises:
            AdapterNotFound, AdapterDamaged: a parent is not there, or not whole.
            AdapterUnfit: the parents lie on different bases.
            AdapterError: the name is taken, or a number cannot be used.
        """
        from workbench.adapters import merging

        self.refuse_taken(name)
        parents = [self.shelf.find(ref) for ref in refs]
        adapters = [self.shelf.get(one.identity) for one in parents]
        rank, seed = rank or merging.usual_rank(rule, adapters), self.settings.training.seed
        by = merging.named_rule(rule, seed=seed)
        made = merging.merge(adapters, by, list(weights), rank=rank, on_progress=on_progress)
        origin = Provenance(
            "merge",
            self.base.name,
            self.base.licence,
            parents=tuple(Parent(one.identity, (weight,)) for one, weight in zip(parents, weights, strict=True)),
            seed=seed if rule == "dare" else None,
            settings={"rule": rule, "rank": rank},
        )
        one = self.shelf.put(made.adapter, origin, name=name)
        self.experience.inherit(one, parents)
        self.prepare(one, made.adapter)
        return Child(self.shelf.find(one.identity), made.kept)

    def refuse_taken(self, name: str) -> None:
        """Before minutes are spent on it.

        Raises:
            AdapterError: the name is taken or is no name.
        """
        from workbench.adapters.shelf.entries import checked_name

        checked_name(name)
        if name == PLAIN or any(one.name == name for one in self.shelf.list()):
            raise AdapterError(f"The name {name!r} is taken; choose another, or delete that adapter")

    def _told(self, examples: Sequence[Example], ref: str, what: str, tell: Tell) -> Mapping[str, bool]:
        """The verdicts; none where there is no example."""
        if not examples:
            return {}
        done = iter(range(1, len(examples) + 1))
        return self.score(examples, ref, on_progress=lambda _: tell(what, next(done), len(examples))).right

    async def _served(self, one: Shelved, examples: Sequence[Example], on_progress: Tell | None) -> Score:
        """The exported form, through the engine that will answer."""
        from workbench.evaluation.scoring import asking, score_replies

        if SERVED_FILE not in one.card.files:
            self.prepare(one, self.shelf.get(one.identity))
        file = self.shelf.file(one.identity, SERVED_FILE)
        engine = EmbeddedModel(weights=self.base.gguf, adapters={one.identity: file})
        engine.use(one.identity)
        done = iter(range(1, len(examples) + 1))

        def tell(_: Scored) -> None:
            if on_progress is not None:
                on_progress("served", next(done), len(examples))

        try:
            return await score_replies(asking(engine, self.scorer.longest), examples, on_progress=tell)
        finally:
            await engine.close()

    def _unseen(self, examples: Sequence[Example], *learners: Shelved | None) -> list[Example]:
        """Those that none of them was trained or tuned on."""
        seen = {name for one in learners if one is not None for name in self.experience.seen_by(one)}
        fresh = [one for one in examples if one.id not in seen]
        if examples and not fresh:
            raise ExamplesError("All of these examples were trained on; bring some that neither adapter has seen")
        return fresh
