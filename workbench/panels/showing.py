"""States as the plain JSON that a widget draws: no HTML, no colours, no widgets.

A browser receives text and puts it on the page as text, so nothing a person or a model writes can become markup.

>>> chat_entry(Exchange(1, "Hello <b>"))["question"]
'Hello <b>'
"""

from __future__ import annotations

from typing import Any

from workbench.core.records import Choice, Confidence, Recalled, ToolUse, Turn
from workbench.panels.chat_state import Exchange
from workbench.panels.machine_state import MemoryChart
from workbench.panels.timeline import Bar

Json = dict[str, Any]
TAIL_CHARS = 160  # of a thought that is being said
ENDINGS = {
    "stopped": "Stopped; nothing of this turn was kept.",
    "failed": "",
    "asking": "",
    "answered": "",
}


def chat_entry(exchange: Exchange) -> Json:
    """One exchange of the chat log."""
    return {
        "number": exchange.number,
        "question": exchange.question,
        "status": exchange.status,
        "answer": exchange.answer if exchange.status in ("asking", "answered") else "",
        "doing": doing(exchange),
        "thoughts": [*({"name": one.name, "text": one.text} for one in exchange.thoughts), *_tools(exchange.tool_uses)],
        "thinking": exchange.thinking,
        "notice": exchange.notice or ENDINGS[exchange.status],
        "problem": exchange.problem,
        "turn_id": exchange.turn.id if exchange.turn and exchange.status == "answered" else None,
        "rating": exchange.rating,
        "footnote": footnote(exchange),
    }


def doing(exchange: Exchange) -> str:
    """What happens now, in a few words; empty once the answer is being said or the exchange has ended."""
    if exchange.status != "asking" or exchange.answer:
        return ""
    part = exchange.part or next((bar.name for bar in reversed(exchange.bars) if bar.end_ms is None), "starting")
    said = exchange.text.strip()[-TAIL_CHARS:]
    return f"{standing(exchange)}{part}: {said}" if said else f"{standing(exchange)}{part} …"


def standing(exchange: Exchange) -> str:
    """Who leads the vote; empty where nobody votes."""
    if not exchange.votes:
        return ""
    last = exchange.votes[-1]
    return f"after {last.votes} votes “{last.leader}” leads ({last.lead:.0%} sure to stay ahead) · "


def footnote(exchange: Exchange) -> str:
    """How long it took, how sure it is, and what was remembered."""
    turn = exchange.turn
    if exchange.status != "answered" or turn is None:
        return ""
    parts = [f"{exchange.elapsed_ms / 1000:.1f} s", f"strategy: {turn.strategy}"]
    if turn.confidence is not None:
        parts.append(f"confidence {turn.confidence.value:.0%}")
    if turn.memory_ids:
        parts.append(f"{len(turn.memory_ids)} new {'memory' if len(turn.memory_ids) == 1 else 'memories'} kept")
    return " · ".join(parts)


def timeline(exchange: Exchange | None) -> Json:
    """The bars of the latest turn; a running bar reaches to now."""
    if exchange is None:
        return {"bars": [], "total_ms": 0.0}
    return {"bars": [_bar(bar, exchange.elapsed_ms) for bar in exchange.bars], "total_ms": exchange.elapsed_ms}


def facts(exchange: Exchange | None) -> Json:
    """What the latest answer rests on: memories, model, confidence."""
    if exchange is None or exchange.turn is None:
        return {"memories": [], "recall_done": False, "model": None, "confidence": None, "tokens": None}
    return {
        "memories": [_memory(one) for one in exchange.recalled],
        "recall_done": any(bar.name == "recall" and bar.end_ms is not None for bar in exchange.bars),
        "model": _model(exchange.choice) if exchange.choice else None,
        "confidence": _confidence(exchange.confidence) if exchange.confidence else None,
        "tokens": _tokens(exchange.turn) if exchange.status == "answered" else None,
    }


def memory_chart(chart: MemoryChart | None) -> Json:
    """The live chart of VRAM or resident memory."""
    if chart is None:
        return {}
    return {
        "label": chart.label,
        "device": chart.device,
        "points": [[round(at, 2), round(used, 4)] for at, used in chart.points],
        "top_gib": chart.top_gib,
        "budget_gib": chart.budget_gib,
        "budget_fits": chart.budget_fits,
        "window_s": chart.window_s,
        "now": f"{chart.now_gib:.2f} GiB of a {chart.budget_gib:.1f} GiB budget",
    }


def _bar(bar: Bar, now_ms: float) -> Json:
    end_ms = now_ms if bar.end_ms is None else bar.end_ms
    return {
        "name": bar.name,
        "kind": bar.kind,
        "start_ms": round(bar.start_ms, 1),
        "duration_ms": round(max(end_ms - bar.start_ms, 0.0), 1),
        "running": bar.end_ms is None,
    }


def _tools(uses: tuple[ToolUse, ...]) -> list[Json]:
    return [
        {"name": f"tool {use.call.name}", "text": use.output if use.output is not None else use.error or ""}
        for use in uses
    ]


def _memory(recalled: Recalled) -> Json:
    return {"text": recalled.text, "score": round(recalled.score, 2), "why": recalled.why}


def _model(choice: Choice) -> Json:
    return {
        "name": choice.model,
        "backend": choice.backend,
        "adapter": choice.adapter,
        "reasons": list(choice.reasons),
        "refused": [f"{one.model}: {one.reason}" for one in choice.refused],
    }


def _confidence(confidence: Confidence) -> Json:
    return {"value": round(confidence.value, 3), "source": confidence.source, "detail": confidence.detail}


def _tokens(turn: Turn) -> str | None:
    read, written = turn.usage.prompt_tokens, turn.usage.completion_tokens
    return None if read is None or written is None else f"{read} tokens read, {written} written"
