"""What goes wrong between us and Ollama, over a real socket: each case is one of our errors, with the next action."""

import asyncio

import pytest

from tests.models.ollama_server import OllamaWire
from workbench.core.errors import ConnectionDropped, ModelNotFound, ModelRefused, ModelTimeout, ModelUnavailable
from workbench.core.records import Message, Piece, Reply, Sampling
from workbench.models.ollama import OllamaModel
from workbench.models.protocol import Model, gather

ASK = [Message("system", "Be short."), Message("user", "How are you?")]


def tiny(wire: OllamaWire, name: str = "tiny", **how: object) -> OllamaModel:
    return OllamaModel(name, host=wire.url, **how)  # type: ignore[arg-type]


async def ask(model: Model, **how: object) -> Reply:
    return await gather(model.stream(ASK, Sampling(), **how))  # type: ignore[arg-type]


async def test_an_unknown_model_says_how_to_get_it(ollama_server: OllamaWire) -> None:
    for thinks in (None, True):
        with pytest.raises(ModelNotFound, match="ollama pull llama9"):
            await ask(tiny(ollama_server, "llama9", thinks=thinks))


async def test_no_server_says_how_to_start_it(dead_url: str) -> None:
    for thinks in (None, True):
        with pytest.raises(ModelUnavailable, match="ollama serve"):
            await ask(OllamaModel("tiny", host=dead_url, thinks=thinks))


async def test_a_host_that_is_no_address_is_named(ollama_server: OllamaWire) -> None:
    for host in ("http://box:port", "ftp://box"):
        with pytest.raises(ModelUnavailable, match="not the address of a server"):
            await ask(OllamaModel("tiny", host=host, thinks=False))


async def test_a_slow_first_token_is_a_timeout(ollama_server: OllamaWire) -> None:
    ollama_server.say("late", first_delay_s=5)
    with pytest.raises(ModelTimeout, match=r"no first token within 0\.2 s"):
        await ask(tiny(ollama_server, first_token_timeout_s=0.2, token_timeout_s=9))
    assert ollama_server.hung_up.wait(2), "the server was left working for nobody"


async def test_silence_between_tokens_is_a_timeout(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", delay_s=5)
    with pytest.raises(ModelTimeout, match=r"no next token within 0\.2 s"):
        await ask(tiny(ollama_server, first_token_timeout_s=9, token_timeout_s=0.2))


async def test_a_slow_reader_is_not_blamed_on_the_server(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", "c")
    async for _ in tiny(ollama_server, token_timeout_s=0.1).stream(ASK, Sampling()):
        await asyncio.sleep(0.15)


@pytest.mark.parametrize(
    "how",
    [
        {"drop_after": 0},
        {"drop_after": 2},
        {"reset_after": 2},
        {"end_after": 2},
        {"raw_after": 2, "raw": b'{"model": "tiny", "mess'},
    ],
    ids=["before the first line", "no end of body", "reset by peer", "no done line", "half a line"],
)
async def test_a_reply_that_stops_half_way_is_a_dropped_connection(
    ollama_server: OllamaWire, how: dict[str, object]
) -> None:
    ollama_server.say("a", "b", "c", **how)
    with pytest.raises(ConnectionDropped, match="ask again"):
        await ask(tiny(ollama_server))


async def test_the_same_model_answers_after_a_drop(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", drop_after=1)
    ollama_server.say("whole")
    model = tiny(ollama_server)
    with pytest.raises(ConnectionDropped):
        await ask(model)
    assert (await ask(model)).text == "whole"


async def test_a_server_killed_in_mid_reply_is_a_dropped_connection(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", delay_s=9, end_after=1)
    stream = tiny(ollama_server).stream(ASK, Sampling())
    assert (await anext(stream)).text == "a"
    await asyncio.to_thread(ollama_server.stop)
    with pytest.raises(ConnectionDropped):
        await anext(stream)


async def test_an_error_line_in_mid_stream_is_the_servers_refusal(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", error="an error was encountered while running the model", error_after=1)
    seen: list[Piece] = []
    with pytest.raises(ModelRefused, match="while running the model"):
        await gather(tiny(ollama_server).stream(ASK, Sampling()), on_piece=seen.append)
    assert [piece.text for piece in seen] == ["a"]


@pytest.mark.parametrize("status", [400, 500, 503])
async def test_a_servers_own_error_is_passed_on_in_its_words(ollama_server: OllamaWire, status: int) -> None:
    ollama_server.say(status=status, error="model requires more system memory (5.6 GiB) than is available (3.1 GiB)")
    with pytest.raises(ModelRefused, match="more system memory"):
        await ask(tiny(ollama_server))


async def test_an_embedding_model_refuses_to_chat(ollama_server: OllamaWire) -> None:
    ollama_server.install("embed", capabilities={"embedding"})
    with pytest.raises(ModelRefused, match="does not support chat"):
        await ask(tiny(ollama_server, "embed"))


async def test_a_page_that_is_not_ollama_is_recognised(ollama_server: OllamaWire) -> None:
    ollama_server.say("x", raw_after=0, raw=b"<html>hello</html>\n")
    with pytest.raises(ModelRefused, match="does not answer as Ollama does"):
        await ask(tiny(ollama_server))
    with pytest.raises(ModelRefused, match="does not answer as Ollama does"):
        await ask(OllamaModel("tiny", host=f"{ollama_server.url}/elsewhere"))
