"""Any llama-index LLM behind our protocol: the library's own mock, and its Ollama LLM over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LogProb, TextBlock, ToolCallBlock
from llama_index.core.llms import MockLLM
from llama_index.llms.ollama import Ollama
from pydantic import PrivateAttr

from tests.models.ollama_server import OllamaWire
from workbench.core.errors import (
    ConnectionDropped,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    ToolError,
)
from workbench.core.records import Message, Piece, Reply, Sampling, ToolCall, Usage
from workbench.models.llamaindex import LlamaIndexModel
from workbench.models.ollama import OllamaModel, as_llama_index
from workbench.models.protocol import Model, gather

ASK = [Message("system", "Be short."), Message("user", "How are you?")]


async def ask(model: Model, sampling: Sampling | None = None) -> Reply:
    return await gather(model.stream(ASK, sampling or Sampling()))


class Told(MockLLM):
    """The library's mock with a reply of the test's choice: responses in order, or an error to raise."""

    _script: tuple[Any, ...] = PrivateAttr()
    _pause_s: float = PrivateAttr()

    def __init__(self, script: Sequence[Any], pause_s: float = 0.0) -> None:
        super().__init__()
        self._script = tuple(script)
        self._pause_s = pause_s

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        async def responses() -> AsyncIterator[ChatResponse]:
            for item in self._script:
                await asyncio.sleep(self._pause_s)
                if isinstance(item, Exception):
                    raise item
                yield item

        return responses()


def said(text: str, delta: str | None = None, **more: Any) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role="assistant", content=text), delta=delta, **more)


def told(*script: object, pause_s: float = 0.0, **limits: float) -> LlamaIndexModel:
    return LlamaIndexModel(Told(script, pause_s), **limits)


@pytest.fixture
async def ollama_llm(ollama_server: OllamaWire) -> AsyncIterator[Ollama]:
    """llama-index's Ollama LLM, connected to the server of the test."""
    llm = as_llama_index(OllamaModel("tiny", host=ollama_server.url, context_tokens=2048, keep_alive="7m"))
    yield llm
    await llm.async_client.close()
    llm.client.close()


# the library's mock


async def test_the_mock_llm_streams_as_a_model() -> None:
    reply = await ask(LlamaIndexModel(MockLLM(max_tokens=3)))
    assert (reply.text, reply.finish) == ("text text text", "stop")


async def test_the_llm_tells_its_name_and_context() -> None:
    model = LlamaIndexModel(MockLLM())
    assert (model.name, model.backend, model.context_tokens) == ("unknown", "llama-index", 3900)


async def test_max_tokens_caps_the_llm_and_leaves_the_callers_object_alone() -> None:
    llm = MockLLM(max_tokens=50)
    reply = await ask(LlamaIndexModel(llm), Sampling(max_tokens=2))
    assert (reply.text.split(), reply.finish) == (["text", "text"], "length")
    assert llm.max_tokens == 50


async def test_a_stop_string_cuts_the_reply_across_pieces() -> None:
    reply = await ask(told(said("", "One E"), said("", "N"), said("", "D two")), Sampling(stop=("END",)))
    assert (reply.text, reply.finish) == ("One ", "stop")


async def test_half_a_stop_string_at_the_end_is_text() -> None:
    assert (await ask(told(said("", "One E"), said("", "N")), Sampling(stop=("END",)))).text == "One EN"


async def test_a_schema_is_asked_for_in_words(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.say('{"n": 4}')
    await ask(LlamaIndexModel(ollama_llm), Sampling(json_schema={"type": "object", "required": ["n"]}))
    last = ollama_server.chats[0]["messages"][-1]["content"]
    assert last.startswith("How are you?\n\n")
    assert '"required": ["n"]' in last


async def test_an_llm_without_deltas_is_read_by_difference() -> None:
    assert (await ask(told(said("Fi"), said("Fine"), said("Fine.")))).text == "Fine."


async def test_inline_thinking_is_kept_apart() -> None:
    reply = await ask(told(said("", "<th"), said("", "ink>hm</think>"), said("", "Yes")))
    assert (reply.thinking, reply.text) == ("hm", "Yes")


async def test_log_probabilities_of_the_written_tokens_are_passed_on() -> None:
    candidates = [[LogProb(token="No", logprob=-0.1), LogProb(token="Yes", logprob=-2.0)]]
    reply = await ask(told(said("", "Yes", logprobs=candidates)))
    assert reply.logprobs == (-2.0,)


async def test_usage_is_found_where_openai_style_llms_put_it() -> None:
    reply = await ask(told(said("", "Yes", additional_kwargs={"prompt_tokens": 9, "completion_tokens": 1})))
    assert reply.usage == Usage(9, 1)


async def test_tool_calls_written_as_json_text_are_parsed() -> None:
    call = ToolCallBlock(tool_name="weather", tool_kwargs='{"city": "Kyoto"}')
    response = ChatResponse(message=ChatMessage(role="assistant", blocks=[TextBlock(text=""), call]), delta="")
    assert (await ask(told(response))).tool_calls == (ToolCall("weather", {"city": "Kyoto"}),)


async def test_a_malformed_tool_call_shows_what_was_written() -> None:
    call = ToolCallBlock(tool_name="weather", tool_kwargs='{"city": ')
    response = ChatResponse(message=ChatMessage(role="assistant", blocks=[TextBlock(text=""), call]), delta="")
    with pytest.raises(ToolError, match="city"):
        await ask(told(response))


async def test_an_unknown_error_of_an_llm_keeps_its_words() -> None:
    with pytest.raises(ModelRefused, match="quota exceeded"):
        await ask(told(said("", "a"), RuntimeError("quota exceeded")))


async def test_a_wrapped_connection_error_is_recognised() -> None:
    wrapped = RuntimeError("request failed")
    wrapped.__cause__ = ConnectionRefusedError("refused")
    with pytest.raises(ModelUnavailable, match="does not answer"):
        await ask(told(wrapped))


async def test_a_silent_llm_is_a_timeout() -> None:
    with pytest.raises(ModelTimeout, match=r"0\.05 s"):
        await ask(told(said("", "a"), pause_s=1, first_token_timeout_s=0.05))


# llama-index's Ollama


async def test_the_ollama_llm_is_built_without_asking_the_server(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    assert (ollama_llm.metadata.model_name, ollama_llm.metadata.context_window) == ("tiny", 2048)
    assert ollama_server.requests == []


async def test_the_ollama_llm_streams_with_our_context_and_keep_alive(
    ollama_server: OllamaWire, ollama_llm: Ollama
) -> None:
    ollama_server.say("Fi", "ne")
    chat = await ollama_llm.astream_chat([ChatMessage(role="user", content="Hi")])
    assert [part.delta async for part in chat] == ["Fi", "ne", ""]
    assert ollama_server.chats[0]["options"]["num_ctx"] == 2048
    assert ollama_server.chats[0]["keep_alive"] == "7m"


async def test_the_ollama_llm_completes_without_streaming(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.say("Fi", "ne")
    assert ollama_llm.complete("Hi").text == "Fine"


async def test_an_ollama_llm_answers_as_a_model(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.install("tiny", capabilities={"completion", "thinking"})
    ollama_server.say("Fi", "ne", thinking=("hm",))
    model = LlamaIndexModel(ollama_llm)
    reply = await ask(model, Sampling(temperature=0.4))
    assert reply == Reply("Fine", "hm", finish="stop", usage=Usage(5, 3))
    assert (model.name, model.context_tokens) == ("tiny", 2048)
    assert ollama_server.chats[0]["options"]["temperature"] == 0.4
    assert ollama_llm.temperature is None


async def test_an_llm_without_a_token_limit_is_stopped_and_its_server_too(
    ollama_server: OllamaWire, ollama_llm: Ollama
) -> None:
    ollama_server.say(*["word "] * 500, delay_s=0.02)
    reply = await ask(LlamaIndexModel(ollama_llm), Sampling(max_tokens=3))
    assert (reply.text, reply.finish) == ("word word word ", "length")
    assert await asyncio.to_thread(ollama_server.hung_up.wait, 2)


@pytest.mark.parametrize("how", [{"drop_after": 1}, {"reset_after": 1}, {"end_after": 1}])
async def test_a_reply_that_stops_half_way_is_a_dropped_connection(
    ollama_server: OllamaWire, ollama_llm: Ollama, how: dict[str, int]
) -> None:
    ollama_server.say("a", "b", **how)
    with pytest.raises(ConnectionDropped, match="ask again"):
        await ask(LlamaIndexModel(ollama_llm))


async def test_the_servers_words_reach_the_person(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.say(status=500, error="out of memory")
    with pytest.raises(ModelRefused, match="out of memory"):
        await ask(LlamaIndexModel(ollama_llm))


async def test_a_dead_server_is_unavailable(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.stop()
    with pytest.raises(ModelUnavailable, match="does not answer"):
        await ask(LlamaIndexModel(ollama_llm))


async def test_closing_leaves_the_callers_llm_usable(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.say("one")
    ollama_server.say("two")
    model = LlamaIndexModel(ollama_llm)
    await ask(model)
    await model.close()
    assert (await ask(model)).text == "two"


async def test_pieces_come_as_they_are_written(ollama_server: OllamaWire, ollama_llm: Ollama) -> None:
    ollama_server.say("a", "b")
    got = [piece async for piece in LlamaIndexModel(ollama_llm).stream(ASK, Sampling())]
    assert got == [Piece("a"), Piece("b"), Piece(finish="stop", usage=Usage(5, 2))]
