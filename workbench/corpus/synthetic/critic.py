"""The critic: what is kept was verified, by the skill's own verifier or by solutions that agree with the proposer.

    screen   empty · of a form that the checker cannot read · refused before · near a seed, a kept or a held-out one
    verify   gold = verify(task): none ──► refused; else kept with that gold, whatever the proposer believed
    agree    v of k independent solutions equal the proposer's answer: kept iff v ≥ share · k     (share > ½)

Agreement is no truth: a model that is wrong in the same way each time agrees with itself. Each example says which of
the two it was kept by. Pure functions; no model is asked here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from workbench.core.checkers import check
from workbench.core.examples import Example, Origin, example
from workbench.corpus.asking import Refused
from workbench.corpus.near_duplicates import alike, gist
from workbench.corpus.synthetic.records import Candidate, Synthesised, Task


def as_example(task: Task, candidate: Candidate, answer: str, **found: str) -> Example:
    """The candidate with that answer, and where it came from."""
    place = {"seed": str(task.seed), "try": str(candidate.number), "proposed": candidate.answer, **found}
    origin = Origin("synthetic", place)
    return example(candidate.prompt, answer, skill=task.skill, check=task.check, origin=origin)


def screen(task: Task, candidate: Candidate, so_far: Synthesised) -> Refused | None:
    """Why a candidate is not worth solving; None if it is.

    One that was refused is not tried again: a wrong answer that may try often enough finds its majority one day.
    """
    one = as_example(task, candidate, candidate.answer)
    if not candidate.prompt or not candidate.answer:
        return Refused(one, "the task or its answer is empty")
    if task.verify is None and not fits_checker(task, candidate.answer):
        return Refused(one, f"its answer is not of the form that the checker '{task.check}' reads")
    if any(one == other.example for other in so_far.refused):
        return Refused(one, "it repeats one that was refused before")
    for name, others in (
        ("a seed", task.seeds),
        ("one kept before", so_far.kept),
        ("a held-out example", task.against),
    ):
        if any(_same_task(one, other) or task.near(one, other) for other in others):
            return Refused(one, f"it nearly repeats {name}")
    return None


def fits_checker(task: Task, answer: str) -> bool:
    """An answer that its own checker takes for right; of a choice, one of the options that the seeds show."""
    if task.check == "choice" and not any(check("choice", answer, one.answer) for one in task.seeds):
        return False
    return check(task.check, answer, answer)


def verified(task: Task, candidate: Candidate) -> Example | Refused:
    """Kept with the verifier's answer; refused where the verifier does not know the task."""
    gold = task.verify(candidate.prompt) if task.verify is not None else None
    if not gold:
        return Refused(as_example(task, candidate, candidate.answer), "the verifier does not know this task")
    return as_example(task, candidate, gold, verified_by="verifier")


def agreed(task: Task, candidate: Candidate, solutions: Sequence[str]) -> Example | Refused | None:
    """Kept or refused as soon as the solutions so far settle it; None while they do not."""
    votes = sum(same_answer(task.check, solution, candidate.answer) for solution in solutions)
    if votes >= task.votes_needed:
        return as_example(task, candidate, candidate.answer, verified_by=f"{votes} of {len(solutions)} solutions")
    if votes + task.solutions - len(solutions) >= task.votes_needed:
        return None
    one = as_example(task, candidate, candidate.answer, solutions=" | ".join(solutions))
    return Refused(one, "too few independent solutions agree with its answer")


def nearly_same(left: Example, right: Example) -> bool:
    """Whether two examples ask the same, by the rule that `near_duplicates.groups` groups by."""
    return alike(gist(left), gist(right))


def same_answer(checker: str, left: str, right: str) -> bool:
    """Equal as the checker sees it, in both directions: to contain an answer is not to give the same one."""
    return check(checker, left, right) and check(checker, right, left)


def _same_task(left: Example, right: Example) -> bool:
    return _folded(left.prompt) == _folded(right.prompt)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
