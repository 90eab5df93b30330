"""Adapters over one engine: each request gets exactly the one it names, and the plain model stays bit for bit."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.adapters.tiny_models import Tiny, random_adapter, tiny_of
from workbench.adapters.exporting import write_gguf
from workbench.core.errors import AdapterDamaged, AdapterNotFound
from workbench.core.records import Message, Reply, Sampling
from workbench.models import llama_engine
from workbench.models.embedded import EmbeddedModel
from workbench.models.protocol import gather

QUESTIONS = ("hello", "hello there", "hello the", "abc", "hello you, what is it?")


async def said(model: EmbeddedModel, question: str = "hello", *, reuse: bool = False) -> Reply:
    sampling = Sampling(max_tokens=12, reuse_prompt=reuse)
    return await gather(model.stream([Message("user", question)], sampling))


def opened(tiny: Tiny, *names: str) -> EmbeddedModel:
    return EmbeddedModel(weights=tiny.weights, context_tokens=256, adapters={name: tiny.files[name] for name in names})


async def test_each_adapter_and_the_plain_model_answer_in_their_own_way(tiny: Tiny) -> None:
    model = opened(tiny, "a", "b")
    plain = await said(model)
    model.use("a")
    of_a = await said(model)
    model.use("b")
    of_b = await said(model)
    assert len({plain.text, of_a.text, of_b.text}) == 3
    model.use(None)
    assert await said(model) == plain


async def test_adapters_that_are_only_loaded_change_no_digit_of_the_plain_model(tiny: Tiny) -> None:
    assert await said(opened(tiny, "a", "b")) == await said(opened(tiny))


async def test_interleaved_at_random_none_of_200_answers_is_another_ones(tiny: Tiny) -> None:
    models = {name: opened(tiny, "a", "b").beside(name) for name in ("a", "b")} | {None: opened(tiny)}
    alone = {(name, one): (await said(model, one)).text for name, model in models.items() for one in QUESTIONS}
    plain = opened(tiny, "a", "b")
    together = {None: plain, "a": plain.beside("a"), "b": plain.beside("b")}
    draw = random.Random(0)
    for _ in range(200):
        name, one = draw.choice(list(alone))
        assert (await said(together[name], one, reuse=True)).text == alone[name, one]


async def test_models_on_one_engine_may_be_asked_at_the_same_time(tiny: Tiny) -> None:
    plain = opened(tiny, "a", "b")
    models = [plain, plain.beside("a"), plain.beside("b")]
    alone = [await said(model) for model in models]
    assert await asyncio.gather(*(said(model) for model in models * 4)) == alone * 4


async def test_an_adapter_that_comes_later_is_loaded_and_the_others_stay(tiny: Tiny) -> None:
    plain = opened(tiny, "a")
    before, of_a = await said(plain), await said(plain.beside("a"))
    of_b = await said(plain.beside("b", tiny.files["b"]))
    assert of_b.text not in (before.text, of_a.text)
    server = plain._engine.running().server
    assert await said(plain) == before
    assert await said(plain.beside("a")) == of_a
    assert plain._engine.running().server is server  # nothing was started anew for those


async def test_a_request_in_flight_is_answered_while_a_new_server_starts(tiny: Tiny) -> None:
    plain = opened(tiny)
    alone = await gather(plain.stream([Message("user", "hello")], Sampling(max_tokens=100)))
    arrived = asyncio.Event()
    slow = asyncio.create_task(
        gather(plain.stream([Message("user", "hello")], Sampling(max_tokens=100)), on_piece=lambda piece: arrived.set())
    )
    await arrived.wait()
    await said(plain.beside("b", tiny.files["b"]))
    assert await slow == alone


async def test_an_adapter_nobody_offered_is_refused_and_never_answered_as_the_plain_model(tiny: Tiny) -> None:
    model = opened(tiny, "a")
    with pytest.raises(AdapterNotFound, match="deploy it"):
        model.use("c")
    with pytest.raises(AdapterNotFound):
        model._engine.running().scales("c")


@pytest.mark.parametrize("damage", ["half", "header", "junk", "text", "empty", "gone"])
async def test_a_damaged_file_is_told_and_everything_else_goes_on(tiny: Tiny, tmp_path: Path, damage: str) -> None:
    whole = tiny.files["b"].read_bytes()
    damaged = {"half": whole[: len(whole) // 2], "header": whole[:90], "junk": b"GGUF" + b"\0" * 500, "text": b"hello"}
    path = tmp_path / "damaged.gguf"
    if damage != "gone":
        path.write_bytes(damaged.get(damage, b""))
    plain = opened(tiny, "a")
    before, of_a = await said(plain), await said(plain.beside("a"))
    with pytest.raises(AdapterDamaged, match=r"damaged\.gguf.*roll back"):
        await said(plain.beside("damaged", path))
    assert await said(plain) == before
    assert await said(plain.beside("a")) == of_a


async def test_an_adapter_of_another_architecture_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    other = tiny_of("qwen2", tmp_path)
    plain = opened(tiny)
    with pytest.raises(AdapterDamaged):
        await said(plain.beside("other", other.files["a"]))


async def test_a_loaded_adapter_whose_file_vanished_does_not_keep_the_plain_model_from_starting(
    tiny: Tiny, tmp_path: Path
) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(tiny.files["a"].read_bytes())
    plain = EmbeddedModel(weights=tiny.weights, context_tokens=256, adapters={"mine": path})
    before = await said(plain)
    await plain.close()
    path.write_bytes(b"GGUF and nothing more")
    assert await said(plain) == before


async def test_only_the_latest_used_adapters_stay_loaded(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llama_engine, "KEPT", 2)
    plain = opened(tiny, "a", "b")
    third = write_gguf(random_adapter(tiny.base, seed=3), tiny.base, tmp_path / "c.gguf")
    of_a = await said(plain.beside("a"))
    await said(plain.beside("c", third))
    assert plain._engine.running().adapters == ("a", "c")
    await said(plain.beside("b"))
    assert plain._engine.running().adapters == ("c", "b")
    assert await said(plain.beside("a")) == of_a


async def test_closed_it_opens_again_with_its_adapter(tiny: Tiny) -> None:
    model = opened(tiny, "a")
    model.use("a")
    before = await said(model)
    await model.close()
    assert not model.loaded
    assert await said(model) == before


def test_switching_between_loaded_adapters_starts_nothing(tiny: Tiny) -> None:
    model = opened(tiny, "a", "b")
    model.load()
    started = time.perf_counter()
    for name in ("a", "b", None) * 100:
        model.use(name)
        model.load()
    assert time.perf_counter() - started < 0.5
