"""Standard tasks, by the lm-evaluation-harness of EleutherAI, on the same base and adapter that everything else scores.

    task files (YAML) + their data ──► lm-evaluation-harness ──► model with the adapter laid over it ──► StandardScore

The harness (Gao et al. 2024, doi 10.5281/zenodo.12608602, MIT licence) is an optional extra. Its own tasks fetch their
data sets from the Hugging Face hub; task files of one's own may point to files on this machine, and then nothing is
fetched. It does not know our examples, skills or checkers.

>>> [score] = standard_tasks(base, adapter, ["capitals"], folder=Path("tasks"))        # doctest: +SKIP
>>> score.metrics["acc"], score.stderrs["acc"]                                         # doctest: +SKIP
(0.62, 0.05)
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.adapters.adapter import Adapter
from workbench.adapters.attach import attached
from workbench.adapters.bases import Base, Precision, load_model, load_tokenizer
from workbench.core.errors import AdapterUnfit, ExamplesError, ModelUnavailable

INSTALL = 'python -m pip install "lm_eval>=0.4.13,<0.5"'
FEWSHOT_SEED = 1234  # the harness's own
BOOTSTRAPS = 1000  # for the standard errors of metrics that have no formula


@dataclass(frozen=True, slots=True)
class StandardScore:
    """One task's figures, as the harness names them.

    Args:
        metrics: by metric, with `,filter` behind it where the task filters replies.
        stderrs: standard errors of those that have one.
        examples: how many were asked.
        shots: worked examples in each prompt.
        seconds: of all tasks that were scored together.
    """

    task: str
    version: str
    metrics: Mapping[str, float]
    stderrs: Mapping[str, float]
    examples: int
    shots: int
    seconds: float


def standard_tasks(
    base: Base,
    adapter: Adapter | None,
    tasks: Sequence[str],
    limit: int | None = None,
    *,
    folder: Path | None = None,
    chat: bool = False,
    precision: Precision = "auto",
    batch: int = 8,
    model: Any = None,
    tokenizer: Any = None,
) -> tuple[StandardScore, ...]:
    """Score tasks by name.

    Args:
        limit: examples of each task; None takes all.
        folder: of task files; None means the tasks that the harness brings.
        chat: put prompts into the base's chat template.
        batch: examples in one pass.
        model, tokenizer: of the base, where they are loaded already.
    Raises:
        ModelUnavailable: the harness is not installed.
        ExamplesError: no such task, or its data cannot be had here.
        AdapterUnfit: the adapter is of another base.
    """
    _installed()
    if adapter is not None and adapter.spec.base != base.identity:
        raise AdapterUnfit(f"The adapter {adapter.identity[:12]} was made for another base than {base.name}")
    started = time.perf_counter()
    loaded = _loaded(tasks, folder)
    model = load_model(base, precision=precision) if model is None else model
    with attached(model, adapter):
        results = _evaluated(model, tokenizer or load_tokenizer(base), loaded, limit, chat, batch)
    seconds = time.perf_counter() - started
    return tuple(_score(name, results, seconds) for name in loaded["tasks"])


def _installed() -> None:
    try:
        import lm_eval  # noqa: F401
    except ImportError as error:
        raise ModelUnavailable(f"Standard tasks need the lm-evaluation-harness ({error}); run: {INSTALL}") from error


def _loaded(tasks: Sequence[str], folder: Path | None) -> Any:
    """The harness's tasks with their data.

    A file that a task's data needs may be missing, or the hub out of reach: both come as OSError (ConnectionError and
    FileNotFoundError are of that kind), an unknown name as KeyError, a wrong setting in a task file as ValueError.
    """
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=None if folder is None else str(folder), include_defaults=folder is None)
    unknown = [task for task in tasks if task not in manager.all_tasks]
    if unknown or not tasks:
        where = folder or "the harness"
        raise ExamplesError(
            f"{where} has no task {', '.join(unknown) or 'of that name'}; it has: {_listing(manager.all_tasks)}"
        )
    try:
        loaded = manager.load(list(tasks))
    except (OSError, KeyError, ValueError) as error:
        raise ExamplesError(
            f"The data of {', '.join(tasks)} cannot be had ({error}); point the task file to files on this machine"
        ) from error
    for task in loaded["tasks"].values():
        if task.get_config("num_fewshot") is None:
            task.set_config(key="num_fewshot", value=0)
        task.set_fewshot_seed(seed=FEWSHOT_SEED)
    return loaded


def _evaluated(model: Any, tokenizer: Any, loaded: Any, limit: int | None, chat: bool, batch: int) -> Any:
    """By the harness's inner function: the outer one seeds every generator and lists the machine's packages."""
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM

    harnessed = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch)
    options = {"log_samples": False, "bootstrap_iters": BOOTSTRAPS, "apply_chat_template": chat}
    return evaluate(lm=harnessed, task_dict=loaded, limit=limit, **options)


def _score(name: str, results: Any, seconds: float) -> StandardScore:
    figures = {key: value for key, value in results["results"][name].items() if isinstance(value, float)}
    errors = {key: value for key, value in figures.items() if "_stderr" in key}
    return StandardScore(
        task=name,
        version=str(results["versions"].get(name)),
        metrics={_plain(key): value for key, value in figures.items() if key not in errors},
        stderrs={_plain(key.replace("_stderr", "")): value for key, value in errors.items()},
        examples=results["n-samples"][name]["effective"],
        shots=results["n-shot"][name],
        seconds=seconds,
    )


def _plain(key: str) -> str:
    """`acc,none` is `acc`: no filter."""
    return key.removesuffix(",none")


def _listing(names: Sequence[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(sorted(names)[:most]) or "none") + more
