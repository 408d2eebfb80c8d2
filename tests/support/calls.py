"""Calls to tell observers of."""

import attrs

from ai_lib.api.metrics import CallObserver, CallRecord, CallStart
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.usage import Usage, UsageStatus

__all__ = ["KNOWN", "QUESTION", "SECRET", "answer", "end", "record", "start"]

SECRET = "sk-abcdefghijklmnop1234"
QUESTION = f"Who am I? My key is {SECRET}"
KNOWN = {
    "usage": Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15, cached_tokens=4, reasoning_tokens=2),
    "usage_status": UsageStatus.FINALIZED,
}


def start(**facts) -> CallStart:
    given = {
        "id": "c1",
        "operation": "chat",
        "provider": "groq",
        "model": "llama",
        "base_url": "https://api.groq.com/openai/v1",
        "at": 1_700_000_000.0,
        "request": ChatCompletionRequest(messages=QUESTION, model="llama", temperature=0.5, stop="END"),
    }
    return CallStart(**{**given, **facts})


def answer(text: str = f"You are {SECRET}") -> ChatCompletionResponse:
    return ChatCompletionResponse(
        id="chatcmpl-1", choices=[Choice(message=Message.assistant(text), finish_reason="stop")]
    )


def record(begun: CallStart | None = None, **facts) -> CallRecord:
    begun = begun or start()
    given = {"start": begun, "outcome": "success", "seconds": 0.5, **_begun(begun)}
    return CallRecord(**{**given, **facts})


def _begun(start: CallStart) -> dict[str, object]:
    return {"provider": start.provider, "model": start.model, "base_url": start.base_url}


def end(observer: CallObserver, begun: CallStart | None = None, **facts) -> None:
    """Tell of a whole call."""
    begun = begun or start()
    ended = observer.call_started(begun)
    ended(attrs.evolve(record(begun), **facts))
