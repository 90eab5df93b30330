"""Ollama over a real socket, through the real client."""

import asyncio
import json
import time
from contextlib import aclosing

import pytest

from tests.models.ollama_server import GIB, OllamaWire, Request, Say
from workbench.core.errors import (
    ModelNotFound,
    ToolError,
)
from workbench.core.records import Message, Piece, Reply, Sampling, ToolCall, Usage
from workbench.models.ollama import OllamaModel, as_llama_index
from workbench.models.ollama_server import OllamaServer
from workbench.models.protocol import Model, gather

ASK = [Message("system", "Be short."), Message("user", "How are you?")]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
THINKER = {"completion", "thinking"}


def tiny(wire: OllamaWire, name: str = "tiny", **how: object) -> OllamaModel:
    return OllamaModel(name, host=wire.url, **how)  # type: ignore[arg-type]


async def ask(model: Model, sampling: Sampling | None = None, **how: object) -> Reply:
    return await gather(model.stream(ASK, sampling or Sampling(), **how))  # type: ignore[arg-type]


async def pieces(model: Model, sampling: Sampling | None = None) -> list[Piece]:
    return [piece async for piece in model.stream(ASK, sampling or Sampling())]


# a reply


async def test_a_reply_arrives_token_by_token_and_ends_with_finish_and_usage(ollama_server: OllamaWire) -> None:
    ollama_server.say("Fine", ", ", "thanks")
    got = await pieces(tiny(ollama_server))
    assert [piece.text for piece in got] == ["Fine", ", ", "thanks", ""]
    assert [piece.finish for piece in got] == [None, None, None, "stop"]
    assert got[-1].usage == Usage(prompt_tokens=5, completion_tokens=3)


async def test_the_first_piece_comes_before_the_last_is_written(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", delay_s=0.3)
    started = time.perf_counter()
    async with aclosing(tiny(ollama_server).stream(ASK, Sampling())) as stream:
        assert (await anext(stream)).text == "a"
        assert time.perf_counter() - started < 0.3


async def test_a_reply_cut_by_the_token_limit_says_length(ollama_server: OllamaWire) -> None:
    ollama_server.say("a", "b", done_reason="length")
    assert (await ask(tiny(ollama_server), Sampling(max_tokens=2))).finish == "length"


async def test_sampling_context_and_keep_alive_reach_the_server(ollama_server: OllamaWire) -> None:
    ollama_server.say("ok")
    sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=12, seed=5, stop=("END",))
    await ask(tiny(ollama_server, context_tokens=2048, keep_alive="9m"), sampling)
    sent = ollama_server.chats[0]
    expected = {"num_ctx": 2048, "num_predict": 12, "temperature": 0.7, "top_p": 0.9, "seed": 5, "stop": ["END"]}
    assert sent["options"] == expected
    assert sent["keep_alive"] == "9m"
    assert sent["messages"] == [{"role": m.role, "content": m.content} for m in ASK]
    assert "format" not in sent


async def test_a_random_seed_is_left_to_the_server(ollama_server: OllamaWire) -> None:
    ollama_server.say("ok")
    await ask(tiny(ollama_server), Sampling(seed=None))
    assert "seed" not in ollama_server.chats[0]["options"]


async def test_a_json_schema_is_sent_as_the_format(ollama_server: OllamaWire) -> None:
    schema = {"type": "object", "properties": {"sum": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    ollama_server.say('{"sum": ', '{"n": 4}}')
    reply = await ask(tiny(ollama_server), Sampling(json_schema=schema))
    assert ollama_server.chats[0]["format"] == schema
    assert json.loads(reply.text) == {"sum": {"n": 4}}


async def test_log_probabilities_stand_beside_their_text(ollama_server: OllamaWire) -> None:
    ollama_server.say("Fine", "!", logprob=-0.5)
    got = await pieces(tiny(ollama_server))
    assert ollama_server.chats[0]["logprobs"] is True
    assert [piece.logprobs for piece in got] == [(-0.5,), (-0.5,), ()]


async def test_japanese_text_survives_the_wire(ollama_server: OllamaWire) -> None:
    ollama_server.say("元気", "です。")
    assert (await ask(tiny(ollama_server))).text == "元気です。"


# thinking


async def test_the_thinking_field_is_kept_apart_from_the_answer(ollama_server: OllamaWire) -> None:
    ollama_server.install("sage", capabilities=THINKER)
    ollama_server.say("Four", ".", thinking=("2 and 2", " is 4"))
    reply = await ask(tiny(ollama_server, "sage"))
    assert (reply.thinking, reply.text, len(reply.logprobs)) == ("2 and 2 is 4", "Four.", 2)
    assert ollama_server.chats[0]["think"] is True


async def test_a_model_that_cannot_think_is_not_asked_to(ollama_server: OllamaWire) -> None:
    ollama_server.say("ok")
    await ask(tiny(ollama_server))
    assert "think" not in ollama_server.chats[0]


async def test_capabilities_are_asked_for_once(ollama_server: OllamaWire) -> None:
    ollama_server.always(lambda request: Say(("ok",)))
    model = tiny(ollama_server)
    for _ in range(3):
        await ask(model, tools=[WEATHER])
    assert [request.path for request in ollama_server.requests].count("/api/show") == 1


async def test_a_card_that_knows_saves_the_question(ollama_server: OllamaWire) -> None:
    ollama_server.install("sage", capabilities=THINKER)
    ollama_server.say("ok")
    await ask(tiny(ollama_server, "sage", thinks=True))
    assert [request.path for request in ollama_server.requests] == ["/api/chat"]
    assert ollama_server.chats[0]["think"] is True


async def test_a_server_too_old_to_tell_capabilities_still_chats(ollama_server: OllamaWire) -> None:
    ollama_server.install("old", capabilities=None)
    ollama_server.say("<think>", "hm", "</think>", "\n\n", "ok")
    reply = await ask(tiny(ollama_server, "old"), tools=[WEATHER])
    assert (reply.thinking, reply.text) == ("hm", "ok")
    assert "think" not in ollama_server.chats[0]
    assert len(ollama_server.chats[0]["tools"]) == 1


@pytest.mark.parametrize(
    "tokens",
    [
        ("<think>so, a < b</think>\n\nYes <think>", "."),
        ("<th", "ink>so, a", " < b</", "think>", "\n", "\nYes", " <think>", "."),
        tuple("<think>so, a < b</think>\n\nYes <think>."),
        ("\n<think>so, a <", " b<", "/think>Yes <think>."),
    ],
)
async def test_inline_thinking_is_found_across_chunk_borders(
    ollama_server: OllamaWire, tokens: tuple[str, ...]
) -> None:
    ollama_server.say(*tokens)
    reply = await ask(tiny(ollama_server))
    assert (reply.thinking, reply.text) == ("so, a < b", "Yes <think>.")


async def test_text_that_only_resembles_a_tag_is_kept_whole(ollama_server: OllamaWire) -> None:
    ollama_server.say(" <", "th", "rough> it all")
    ollama_server.say("<thi")
    assert (await ask(tiny(ollama_server))).text == " <through> it all"
    half = await ask(tiny(ollama_server))
    assert (half.text, len(half.logprobs)) == ("<thi", 1)


async def test_thinking_that_was_cut_off_never_becomes_the_answer(ollama_server: OllamaWire) -> None:
    ollama_server.say("<think>", "on and on </thi", done_reason="length")
    reply = await ask(tiny(ollama_server))
    assert (reply.text, reply.thinking, reply.finish) == ("", "on and on </thi", "length")


async def test_inline_thinking_gives_no_log_probabilities(ollama_server: OllamaWire) -> None:
    ollama_server.say("<", "think>", "hm", "</think>", "\n", "Y", "es")
    assert len((await ask(tiny(ollama_server))).logprobs) == 2


# tools


async def test_a_tool_call_arrives_with_its_arguments(ollama_server: OllamaWire) -> None:
    ollama_server.say(tool_calls=({"name": "weather", "arguments": {"city": "Kyoto"}},))
    reply = await ask(tiny(ollama_server), tools=[WEATHER])
    assert reply.tool_calls == (ToolCall("weather", {"city": "Kyoto"}),)
    assert ollama_server.chats[0]["tools"][0]["function"]["name"] == "weather"


async def test_tools_are_not_sent_to_a_model_that_cannot_call_them(ollama_server: OllamaWire) -> None:
    ollama_server.install("plain", capabilities={"completion"})
    ollama_server.say("no tools here")
    assert (await ask(tiny(ollama_server, "plain"), tools=[WEATHER])).text == "no tools here"
    assert not ollama_server.chats[0].get("tools")


async def test_malformed_tool_arguments_are_an_error_that_shows_them(ollama_server: OllamaWire) -> None:
    ollama_server.say(tool_calls=({"name": "weather", "arguments": '{"city": '},))
    with pytest.raises(ToolError, match=r"malformed tool call.*city"):
        await ask(tiny(ollama_server), tools=[WEATHER])


async def test_a_tool_call_the_server_could_not_read_is_a_tool_error(ollama_server: OllamaWire) -> None:
    ollama_server.say("x", error="error parsing tool call: raw='{\"city\"', err=unexpected end", error_after=1)
    with pytest.raises(ToolError, match="could not read"):
        await ask(tiny(ollama_server), tools=[WEATHER])


# stopping


async def test_closing_the_stream_stops_the_server(ollama_server: OllamaWire) -> None:
    ollama_server.say(*["word "] * 500, delay_s=0.02)
    async with aclosing(tiny(ollama_server).stream(ASK, Sampling())) as stream:
        await anext(stream)
    assert await asyncio.to_thread(ollama_server.hung_up.wait, 2)


async def test_cancelling_the_task_stops_the_server(ollama_server: OllamaWire) -> None:
    ollama_server.say("never", first_delay_s=30)
    task = asyncio.create_task(ask(tiny(ollama_server)))
    assert await asyncio.to_thread(ollama_server.chatting.wait, 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ollama_server.hung_up.wait, 2)


async def test_several_replies_at_once_do_not_mix(ollama_server: OllamaWire) -> None:
    def echo(request: Request) -> Say:
        return Say(tuple(request.body["messages"][-1]["content"]), delay_s=0.01)

    ollama_server.always(echo)
    model, words = tiny(ollama_server), ["alpha", "beta", "gamma", "delta"]
    replies = await asyncio.gather(*(gather(model.stream([Message("user", word)], Sampling())) for word in words))
    assert [reply.text for reply in replies] == words


def test_one_model_works_in_several_event_loops(ollama_server: OllamaWire) -> None:
    ollama_server.always(lambda request: Say(("ok",)))
    model = tiny(ollama_server)
    assert [asyncio.run(ask(model)).text for _ in range(2)] == ["ok", "ok"]


async def test_a_proxy_is_not_asked_for_this_machine(
    ollama_server: OllamaWire, dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, dead_url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    ollama_server.always(lambda request: Say(("direct",)))
    assert (await ask(tiny(ollama_server))).text == "direct"
    assert (await OllamaServer(ollama_server.url).probe()).answers
    llm = as_llama_index(tiny(ollama_server))
    assert (await llm.acomplete("hi")).text == "direct"
    await llm.async_client.close()


async def test_unload_empties_the_servers_memory(ollama_server: OllamaWire) -> None:
    ollama_server.say("ok")
    model, server = tiny(ollama_server), OllamaServer(ollama_server.url)
    await ask(model)
    assert await server.resident() == {"tiny:latest": GIB}
    await model.unload()
    assert await server.resident() == {}
    with pytest.raises(ModelNotFound, match="ollama pull gone"):
        await tiny(ollama_server, "gone").unload()


async def test_close_may_be_called_twice_and_leaves_the_model_warm(ollama_server: OllamaWire) -> None:
    ollama_server.say("ok")
    model = tiny(ollama_server)
    await ask(model)
    await model.close()
    await model.close()
    assert await OllamaServer(ollama_server.url).resident() == {"tiny:latest": GIB}
