"""Which settings exist, each with type, default, unit and one line of meaning; and which pairs contradict each other.

    Settings ── home, log_level
             ├─ model          which model answers and how long it may take
             ├─ ollama         where the Ollama server is
             ├─ reasoning      how a question is thought about
             ├─ memory         where memories are kept, encrypted or not, and how they are recalled
             ├─ importance     what makes a memory worth keeping
             ├─ consolidation  when memories are promoted, merged, superseded, expired
             ├─ training       how an adapter is trained, and on what
             ├─ gate           what an adapter must show before it is deployed
             ├─ evolution      how a population of adapters becomes a better one
             ├─ learn          when use becomes an adapter, and what guards what was known
             └─ hardware       the memory budget

A setting's dotted key (`model.backend`) is also its environment name (`WORKBENCH_MODEL_BACKEND`). This file does not
know where values come from: `settings.load_settings` reads the layers and hands the origins in.

>>> SPECS["hardware.budget_gib"].unit, SPECS["hardware.budget_gib"].must_be
('GiB', 'a number above 0 (GiB)')
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit, urlunsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic.fields import FieldInfo

from workbench.core.errors import SettingsError
from workbench.core.layers import DEFAULT, PREFIX, Origin

EMBEDDED_MODEL = "smollm2-135m"  # the one model that comes with the package


def setting(
    default: Any,
    meaning: str,
    *,
    unit: str | None = None,
    must_be: str | None = None,
    secret: bool = False,
    **limits: Any,
) -> Any:
    """A field with its unit, its meaning and, where the type does not say it, what a value must be."""
    extra: dict[str, Any] = {"unit": unit, "must_be": must_be, "secret": secret}
    return Field(default, description=meaning, repr=not secret, json_schema_extra=extra, **limits)


def client_address(text: str) -> str:
    """An Ollama address as a client needs it, from the forms OLLAMA_HOST may take.

    >>> client_address("0.0.0.0:11500"), client_address("gpu-box"), client_address("https://models.example/api/")
    ('http://127.0.0.1:11500', 'http://gpu-box:11434', 'https://models.example/api')
    """
    text = text.strip().strip("'\"")
    has_scheme = "://" in text
    url = urlsplit(text if has_scheme else f"http://{text}")
    port = url.port if has_scheme or url.port is not None else 11434
    named = re.fullmatch(r"[\w.:%-]+", url.hostname or "") or not (url.hostname or has_scheme or url.path)
    if url.scheme not in ("http", "https") or not named or port == 0 or re.search(r"[\s?#]", text):
        raise ValueError("not an http address")
    # A server listens on "every address"; a client has to name one.
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(url.hostname or "", url.hostname or "")
    user, at, _ = url.netloc.rpartition("@")
    netloc = f"{user}{at}{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    return urlunsplit((url.scheme, netloc, url.path.rstrip("/"), "", ""))


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("workbench", appauthor=False)


class Section(BaseModel):
    """Settings that belong together; frozen, and closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True, hide_input_in_errors=True
    )


class ModelSettings(Section):
    """Which model answers, and how long it may take."""

    backend: Literal["auto", "ollama", "embedded"] = setting(
        "auto", "engine that answers; auto prefers a running Ollama"
    )
    name: str | None = setting(None, "model to use; empty lets the selector choose")
    context_tokens: int = setting(4096, "longest prompt plus reply", unit="tokens", ge=512, le=131072)
    threads: int = setting(0, "threads of the embedded model; 0 means all cores but one", unit="threads", ge=0, le=1024)
    first_token_timeout_s: float = setting(120.0, "wait for the first token, loading included", unit="s", gt=0)
    token_timeout_s: float = setting(30.0, "wait between two tokens", unit="s", gt=0)


class OllamaSettings(Section):
    """Where the Ollama server is."""

    host: Annotated[str, BeforeValidator(client_address)] = setting(
        "http://127.0.0.1:11434", "address of the Ollama server", must_be="an address such as http://127.0.0.1:11434"
    )
    probe_timeout_ms: int = setting(300, "wait when looking whether Ollama runs", unit="ms", ge=1, le=60000)
    keep_alive: str = setting(
        "5m",
        "how long Ollama keeps a model loaded after its last answer; -1 means for ever",
        must_be="a duration such as 30s, 5m, 1h30m or -1",
        pattern=r"^(-1|0|\d+|(\d+(\.\d+)?(ms|s|m|h))+)$",
    )


class ReasoningSettings(Section):
    """How a question is thought about."""

    strategy: Literal["auto", "direct", "chain", "vote"] = setting("auto", "how to think; auto goes by complexity")
    direct_below: float = setting(0.35, "auto answers directly below this", unit="complexity", ge=0, le=1)
    max_tokens: int = setting(256, "longest reply of one model call", unit="tokens", ge=1)
    temperature: float = setting(0.0, "randomness of an answer; 0 is repeatable", ge=0, le=2)
    vote_temperature: float = setting(0.7, "randomness of the votes, which must differ", gt=0, le=2)
    votes_min: int = setting(3, "votes taken before counting may stop", unit="votes", ge=1, le=99)
    votes_max: int = setting(9, "votes taken at most", unit="votes", ge=1, le=99)
    vote_confidence: float = setting(0.95, "voting stops when the lead is this sure", unit="probability", gt=0, lt=1)
    max_steps: int = setting(3, "steps of a plan at most", unit="steps", ge=1, le=20)
    question_max_chars: int = setting(8000, "longest question accepted", unit="characters", ge=1)
    timeout_s: float = setting(600.0, "longest time for a whole turn", unit="s", gt=0)
    seed: int = setting(0, "seed of every random draw", ge=0, le=2**32 - 1)
    language: Literal["auto", "en", "ja"] = setting("auto", "language of the answer; auto follows the question")
    history_turns: int = setting(4, "latest turns the model reads word for word", unit="turns", ge=0, le=1000)
    history_tokens: int = setting(600, "most that the model reads of the session so far", unit="tokens", ge=0)
    summarise: Literal["extract", "model"] = setting(
        "extract", "who summarises older turns: rules that copy sentences, or the model"
    )


class MemorySettings(Section):
    """Where memories are kept, and how they are recalled."""

    database_url: str | None = setting(
        None,
        "SQLAlchemy URL of the database; empty means SQLite in home",
        must_be="a database URL such as sqlite:////data/agent.db",
        secret=True,
        pattern=r"^\w+(\+\w+)?://",
    )
    recall_k: int = setting(5, "memories recalled for a question at most", unit="memories", ge=0, le=1000)
    recall_tokens: int = setting(400, "length of the recalled memories together at most", unit="tokens", ge=1)
    recall_min_score: float = setting(
        0.3, "least similarity of a recalled memory whose words do not match", unit="cosine", ge=-1, le=1
    )
    index: Literal["auto", "chroma", "exact"] = setting(
        "auto", "how vectors are searched; auto is exact until Chroma is open"
    )
    chroma_url: str | None = setting(
        None,
        "a Chroma server that several processes share; empty means files in home",
        must_be="an address such as http://127.0.0.1:8000",
        pattern=r"^https?://\S+$",
    )
    embedder: str = setting(
        "minilm",
        "model that turns text into vectors; changing it embeds all memories anew",
        must_be="minilm, multilingual-e5-small, ollama:NAME or hf:NAME-OR-FOLDER",
        pattern=r"^(minilm|multilingual-e5-small|ollama:\S+|hf:\S.*)$",
    )
    encrypt_memory: bool = setting(False, "encrypt what is kept: texts, names, turns; needs a key")
    encrypt_vectors: bool = setting(False, "encrypt vectors too; they are then searched in RAM only")
    key: str | None = setting(None, "the key of an encrypted memory; only from the environment", secret=True)
    key_file: str | None = setting(None, "file with the key, readable by you alone; empty means the config folder's")
    key_source: Literal["auto", "environment", "file", "keyring"] = setting(
        "auto", "where the key is looked for; auto tries them in this order"
    )


class ImportanceSettings(Section):
    """What makes a memory worth keeping: weights of the measurable parts, which are added and divided by their sum."""

    novelty: float = setting(1.0, "weight of how little the store already says of it", ge=0, le=10)
    specificity: float = setting(1.0, "weight of names, numbers, dates and rare words", ge=0, le=10)
    explicit: float = setting(2.0, "weight of being asked to remember it", ge=0, le=10)
    feedback: float = setting(1.0, "weight of thumbs and corrections on turns that used it", ge=0, le=10)
    recalled: float = setting(1.0, "weight of how often it was recalled", ge=0, le=10)
    recency: float = setting(0.5, "weight of how lately it was said or recalled", ge=0, le=10)
    half_life_days: float = setting(30.0, "after this long without a recall, recency is halved", unit="days", gt=0)
    threshold: float = setting(0.6, "at this importance a memory is long-term at once", unit="importance", ge=0, le=1)


class ConsolidationSettings(Section):
    """When memories are promoted, merged, superseded, expired."""

    every_hours: float = setting(24.0, "time between two runs of an open agent; 0 means on demand", unit="h", ge=0)
    promote_at: float = setting(0.45, "short-term memories of this importance become long-term", ge=0, le=1)
    expire_below: float = setting(0.18, "short-term memories below this importance expire", ge=0, le=1)
    expire_after_days: float = setting(14.0, "not before they are this old", unit="days", ge=0)
    keep_tokens: int = setting(0, "most that active memories may have together; 0 means no limit", unit="tokens", ge=0)
    duplicate_cosine: float = setting(0.92, "memories at least this similar are candidates for merging", ge=0, le=1)
    history_days: float = setting(365.0, "expired and merged memories are removed for good after", unit="days", ge=0)


class TrainingSettings(Section):
    """How an adapter is trained, and on what."""

    base: str = setting(
        EMBEDDED_MODEL,
        "base model of new adapters",
        must_be="smollm2-135m, ollama:NAME, a GGUF file, a Hugging Face folder or id",
        min_length=1,
    )
    bases_folder: Path | None = setting(None, "where weights turned from GGUF are kept; empty means home")
    precision: Literal["auto", "fp32", "bf16", "int8", "nf4", "fp4"] = setting(
        "auto", "of the base while training; auto is bf16 where the machine multiplies it, else fp32"
    )
    rank: int = setting(8, "rank of a new adapter", ge=1, le=1024)
    alpha: float = setting(16.0, "scale of a new adapter, divided by its rank", gt=0)
    rslora: bool = setting(False, "divide alpha by the root of the rank instead")
    dropout: float = setting(0.0, "share of the adapter's inputs dropped in training", ge=0, lt=1)
    steps: int = setting(40, "optimizer steps", unit="steps", ge=1)
    batch: int = setting(16, "examples a step", unit="examples", ge=1)
    learning_rate: float = setting(2e-3, "at its highest, after the warm-up", gt=0, le=1)
    sequence_tokens: int = setting(512, "length of a packed sequence", unit="tokens", ge=32, le=131072)
    checkpointing: Literal["auto", "on", "off"] = setting(
        "auto", "compute activations twice to save memory; auto goes by the memory plan"
    )
    checkpoint_steps: int = setting(10, "steps between two checkpoints", unit="steps", ge=1)
    patience: int = setting(0, "checkpoints without a better tune loss before stopping; 0 never stops", ge=0)
    seed: int = setting(0, "seed of weights, order and dropout", ge=0, le=2**32 - 1)
    shelf_gib: float = setting(2.0, "most that adapters on the shelf may take together", unit="GiB", gt=0)


class GateSettings(Section):
    """What an adapter must show before it is deployed."""

    alpha: float = setting(0.05, "chance of promoting a useless adapter, over all gates of one incumbent", gt=0, lt=0.5)
    margin: float = setting(0.05, "loss on a held skill that counts as harm", unit="share of right answers", gt=0, lt=1)
    harm_alpha: float = setting(0.01, "chance of overlooking a harm as large as the margin, for each skill", gt=0, lt=1)
    serving_examples: int = setting(50, "examples scored anew through the engine that will answer", ge=1)


class EvolutionSettings(Section):
    """How a population of adapters becomes a better one."""

    search: Literal["auto", "gradient", "pairs", "cma", "population", "random"] = setting(
        "auto",
        "who proposes candidates: a gradient path of coefficients, every two parents and then CMA-ES, CMA-ES from the "
        "start, a population, or chance; auto is gradient where gold answers are known, else pairs, and cma where the "
        "budget allows neither",
    )
    selection: Literal["tournament", "truncation", "pareto", "quality-diversity"] = setting(
        "tournament", "of a population: who breeds and who stays"
    )
    size: int = setting(12, "candidates in a generation", ge=4, le=4096)
    evaluations: int = setting(2000, "answers to examples that a run may judge", unit="evaluations", ge=1)
    seconds: float | None = setting(
        None, "that a run may take; one that the clock ends cannot be repeated", unit="s", gt=0
    )
    depths: int = setting(3, "depths of layers with a coefficient of their own", ge=1, le=64)
    kinds: bool = setting(False, "attention and MLP have coefficients of their own")
    rank: int | None = setting(None, "highest of a candidate; empty keeps sums exact", ge=1, le=4096)
    parents: int = setting(10, "most adapters that a run begins with, the best at the examples", ge=1, le=256)
    keep: int = setting(3, "best of a generation that are scored on every example", ge=1)
    error: float = setting(0.05, "chance that one of these is stopped early", gt=0, lt=1)
    lessons: bool = setting(False, "a population may also train candidates for a few steps")
    verdicts_only: bool = setting(
        False, "of an answer only right or wrong is known: gold answers lead no search and are never learned from"
    )
    teach_steps: int = setting(16, "optimizer steps of the champion's lesson on the same examples; 0 is none", ge=0)
    teach_rate: float = setting(
        5e-4, "learning rate of the champion's lesson; a good merge wants a gentler one than a new adapter", gt=0, le=1
    )
    confirm: float = setting(
        0.3, "share of the gate's examples that measure the finalists anew; the others judge", gt=0, lt=1
    )
    seed: int = setting(0, "seed of everything drawn", ge=0, le=2**32 - 1)
    executor: Literal["in-process", "ray"] = setting(
        "in-process", "where candidates are tried: in this process, or by Ray workers; the champion is the same"
    )
    workers: int = setting(2, "of Ray, each with the base in its memory", unit="processes", ge=1, le=4096)
    threads: int = setting(
        0, "of each Ray worker; 0 is as many as this process computes with", unit="threads", ge=0, le=256
    )
    ray_address: str | None = setting(None, "of a running Ray cluster, auto for this machine's; empty starts one here")


class LearnSettings(Section):
    """When use becomes an adapter, and what guards what was known."""

    least_new: int = setting(20, "examples to train on that what answers now has not learned", unit="examples", ge=1)
    least_fresh: int = setting(20, "examples that nothing has seen, to judge by", unit="examples", ge=2)
    least_fresh_again: int = setting(
        30,
        "to judge by once something answers that learned from use: what is left to gain is less, and each look at it "
        "costs",
        unit="examples",
        ge=2,
    )
    passes: int = setting(
        4, "times that a cycle reads each example; it takes training.steps at least", unit="times", ge=1
    )
    replay: int = setting(16, "stored examples of each earlier skill that are learned again", unit="examples", ge=0)
    stock: int = setting(
        150,
        "unseen examples of each skill that are kept beside an adapter, for later judgements",
        unit="examples",
        ge=0,
    )
    invent: int = setting(
        0,
        "examples that the model invents after yours to train on, kept where it agrees with itself; small models agree "
        "on mistakes",
        unit="examples",
        ge=0,
    )
    search_examples: int = setting(
        32,
        "most examples of use that a cycle's search looks at, and most of earlier skills; half as many choose among "
        "its finalists",
        unit="examples",
        ge=1,
    )
    cross_check: bool = setting(
        True,
        "whether each half of the examples is read by a short lesson on the other, and what contradicts the others is "
        "not trained on",
    )
    evaluations: int = setting(2000, "answers that the search of a cycle may judge", unit="evaluations", ge=1)
    look_minutes: float = setting(10.0, "between two looks of workbench learn --watch", unit="min", gt=0)
    hours: str | None = setting(
        None,
        "part of the day in which --watch may learn; empty is all day",
        must_be="HH:MM-HH:MM, such as 22:00-06:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
    )


class HardwareSettings(Section):
    """The memory budget."""

    budget_gib: float = setting(6.0, "memory of the device that models run on", unit="GiB", gt=0)
    safe_gib: float = setting(5.0, "memory a model may take; a plan above it is refused", unit="GiB", gt=0)
    sample_interval_ms: int = setting(500, "time between two readings of the machine", unit="ms", ge=10, le=3600000)


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class Settings(Section):
    """All settings of one run, agreed with each other.

    Raises:
        SettingsError: two values contradict each other; the sentence names both and where they came from.
    """

    home: Path = Field(
        default_factory=_default_home,
        description="folder that holds the user's state",
        json_schema_extra={"must_be": "a folder"},
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = setting(
        "INFO", "least severe message written to the log"
    )
    model: ModelSettings = ModelSettings()
    ollama: OllamaSettings = OllamaSettings()
    reasoning: ReasoningSettings = ReasoningSettings()
    memory: MemorySettings = MemorySettings()
    importance: ImportanceSettings = ImportanceSettings()
    consolidation: ConsolidationSettings = ConsolidationSettings()
    training: TrainingSettings = TrainingSettings()
    gate: GateSettings = GateSettings()
    evolution: EvolutionSettings = EvolutionSettings()
    learn: LearnSettings = LearnSettings()
    hardware: HardwareSettings = HardwareSettings()
    _origins: dict[str, Origin] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: Any, /) -> None:
        """Take the origins from the validation context, then refuse what contradicts itself."""
        self._origins = dict(context["origins"]) if context else {}
        for sentence in contradictions(self):
            raise SettingsError(sentence)

    @property
    def origins(self) -> Mapping[str, Origin]:
        """Where each dotted key's value came from; complete, in the order of the schema."""
        return MappingProxyType({key: self._origins.get(key, DEFAULT) for key in SPECS})

    def value(self, key: str) -> Any:
        """The value of a dotted key."""
        found: Any = self
        for part in key.split("."):
            found = getattr(found, part)
        return found


def contradictions(settings: Settings) -> Iterator[str]:
    """One sentence for each pair of settings that cannot both hold."""
    model, reasoning, hardware = settings.model, settings.reasoning, settings.hardware
    memory, consolidation = settings.memory, settings.consolidation

    def pair(left: str, right: str, rule: str) -> str:
        return f"{_said(settings, left)} but {_said(settings, right)}: {rule}; change one of them"

    if hardware.safe_gib > hardware.budget_gib:
        yield pair("hardware.safe_gib", "hardware.budget_gib", "the safe part cannot exceed the budget")
    if reasoning.votes_min > reasoning.votes_max:
        yield pair("reasoning.votes_min", "reasoning.votes_max", "the least cannot exceed the most")
    if reasoning.max_tokens >= model.context_tokens:
        yield pair("reasoning.max_tokens", "model.context_tokens", "a reply must leave room for the prompt")
    if memory.encrypt_vectors and not memory.encrypt_memory:
        yield pair("memory.encrypt_vectors", "memory.encrypt_memory", "vectors are encrypted only together with texts")
    if memory.encrypt_vectors and memory.index == "chroma":
        yield pair("memory.encrypt_vectors", "memory.index", "Chroma would keep readable vectors")
    if memory.encrypt_vectors and memory.chroma_url is not None:
        yield pair("memory.encrypt_vectors", "memory.chroma_url", "a Chroma server would keep readable vectors")
    if consolidation.expire_below > consolidation.promote_at:
        low, high = "consolidation.expire_below", "consolidation.promote_at"
        yield pair(low, high, "a memory cannot both expire and be promoted")
    if settings.evolution.verdicts_only and settings.evolution.search == "gradient":
        yield pair("evolution.verdicts_only", "evolution.search", "a gradient needs gold answers")
    if settings.evolution.verdicts_only and settings.evolution.lessons:
        yield pair("evolution.verdicts_only", "evolution.lessons", "lessons of a search learn from gold answers")
    if model.backend == "embedded" and model.name not in (None, EMBEDDED_MODEL):
        yield pair("model.backend", "model.name", f"the only embedded model is '{EMBEDDED_MODEL}'")


def _said(settings: Settings, key: str) -> str:
    value, unit = settings.value(key), SPECS[key].unit
    if isinstance(value, str):
        value = re.sub(r"://[^/@]*@", "://***@", value)  # user and password of an address
    text = f"{value!r} {unit}" if unit else repr(value)
    return f"'{key}' is {text} ({settings.origins[key]})"


@dataclass(frozen=True, slots=True)
class Spec:
    """What the schema says of one setting."""

    key: str
    section: type[Section]
    leaf: str
    unit: str | None
    meaning: str
    must_be: str
    optional: bool  # None is a value of its own
    secret: bool

    @property
    def env_name(self) -> str:
        """`model.backend` as an environment variable: `WORKBENCH_MODEL_BACKEND`."""
        return PREFIX + self.key.replace(".", "_").upper()

    @property
    def default(self) -> Any:
        return self.section.model_fields[self.leaf].get_default(call_default_factory=True)


def _specs(section: type[Section], prefix: str = "") -> Iterator[Spec]:
    for leaf, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from _specs(field.annotation, f"{leaf}.")
        else:
            yield _spec(section, leaf, field, f"{prefix}{leaf}")


def _spec(section: type[Section], leaf: str, field: FieldInfo, key: str) -> Spec:
    extra: Any = field.json_schema_extra
    unit = extra.get("unit")
    must_be = (extra.get("must_be") or _kind(field.annotation) + _range(field)) + (f" ({unit})" if unit else "")
    optional = type(None) in get_args(field.annotation)
    return Spec(key, section, leaf, unit, field.description or "", must_be, optional, extra.get("secret", False))


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return "one of " + ", ".join(get_args(annotation))
    return {int: "a whole number", float: "a number"}.get(annotation, "text")


def _range(field: FieldInfo) -> str:
    limits = {name: getattr(mark, name) for mark in field.metadata for name in _LIMIT_WORDS if hasattr(mark, name)}
    if limits.keys() == {"ge", "le"}:
        return f" from {limits['ge']} to {limits['le']}"
    return "".join(
        f"{' and' if index else ''} {_LIMIT_WORDS[name]} {limit}" for index, (name, limit) in enumerate(limits.items())
    )


_LIMIT_WORDS = {"gt": "above", "ge": "of at least", "lt": "below", "le": "at most"}
SECTIONS = tuple(name for name, field in Settings.model_fields.items() if isinstance(field.default, Section))
SPECS: Mapping[str, Spec] = MappingProxyType({spec.key: spec for spec in _specs(Settings)})
