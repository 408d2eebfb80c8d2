"""Starts and records of calls, as observers and metrics receive them."""

import attrs

from ai_lib.api.metrics import CallObserver, CallRecord, CallStart
from ai_lib.types.message import Message
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse, Choice
from ai_lib.types.usage import Usage, UsageStatus

__all__ = ["KNOWN_USAGE", "QUESTION", "SECRET", "call_record", "call_response", "call_start", "report_call"]

SECRET = "sk-abcdefghijklmnop1234"
QUESTION = f"Who am I? My key is {SECRET}"
KNOWN_USAGE = {
    "usage": Usage(prompt_tokens=10, completion_tokens=5, total_tokens=15, cached_tokens=4, reasoning_tokens=2),
    "usage_status": UsageStatus.FINALIZED,
}


def call_start(**fields) -> CallStart:
    """Return the start of a chat with the provider groq; `fields` replace some of its facts."""
    defaults = {
        "id": "c1",
        "operation": "chat",
        "provider": "groq",
        "model": "llama",
        "base_url": "https://api.groq.com/openai/v1",
        "at": 1_700_000_000.0,
        "request": ChatCompletionRequest(messages=QUESTION, model="llama", temperature=0.5, stop="END"),
    }
    return CallStart(**{**defaults, **fields})


def call_response(text: str = f"You are {SECRET}") -> ChatCompletionResponse:
    return ChatCompletionResponse(
        id="chatcmpl-1", choices=[Choice(message=Message.assistant(text), finish_reason="stop")]
    )


def call_record(start: CallStart | None = None, **fields) -> CallRecord:
    """Return the record of a successful call of half a second; `fields` replace some of its facts."""
    start = start or call_start()
    defaults = {
        "start": start,
        "outcome": "success",
        "seconds": 0.5,
        "provider": start.provider,
        "model": start.model,
        "base_url": start.base_url,
    }
    return CallRecord(**{**defaults, **fields})


def report_call(observer: CallObserver, start: CallStart | None = None, **fields) -> None:
    """Report the start and the end of a call to an observer; `fields` replace facts of its record."""
    start = start or call_start()
    report_end = observer.call_started(start)
    report_end(attrs.evolve(call_record(start), **fields))
