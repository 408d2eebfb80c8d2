"""A prediction as a response, and what it shares with a stream.

Source: https://replicate.com/docs/reference/http#predictions.get
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import AiLibError, InvalidResponseError, ProviderError
from ai_lib.providers.dialect import Context, NextRequest
from ai_lib.providers.dialects.replicate.usage import decode_usage
from ai_lib.providers.reading import read_text, single_answer
from ai_lib.types.message import Message, Role
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.utils import json
from ai_lib.utils.times import parse_date

__all__ = ["canceled_error", "decode", "failure_error", "next_request"]

_UNFINISHED = frozenset({"queued", "starting", "processing"})
# Seconds between two polls, as in the vendor's own client.
_POLL_INTERVAL = 0.5


def next_request(payload: Any, stream: bool) -> NextRequest | None:
    """Return the request that continues an unfinished prediction, or None for a finished one."""
    if payload["status"] not in _UNFINISHED:
        return None
    urls = payload.get("urls") or {}
    poll = NextRequest(url=read_text(urls["get"]), wait=_POLL_INTERVAL) if urls.get("get") else None
    if stream and urls.get("stream"):
        # The usage is not in the stream, but in the prediction, which is complete by then.
        after = attrs.evolve(poll, wait=0.0) if poll is not None else None
        return NextRequest(url=read_text(urls["stream"]), stream=True, then=after)
    return poll


def decode(payload: Any, context: Context, **facts: Any) -> ChatCompletionResponse:
    """Return the response; an error object, and a prediction that failed or is unfinished, raises."""
    if not isinstance(payload, Mapping):
        raise InvalidResponseError(f"expected a JSON object, got {type(payload).__name__}", code="malformed_answer")
    status = payload.get("status")
    if status in ("canceled", "aborted"):
        raise canceled_error()
    reason = payload.get("error") or payload.get("detail")
    if status == "failed" or (status != "succeeded" and reason):
        raise failure_error(reason, context)
    if isinstance(status, str) and status in _UNFINISHED:
        raise InvalidResponseError(
            f"the prediction is {status}, and has no URL to poll it from", code="malformed_answer"
        )
    if status != "succeeded":
        raise InvalidResponseError("the answer is not a prediction", code="malformed_answer")
    output, created = payload.get("output"), parse_date(payload.get("created_at"))
    text = "".join([read_text(piece) for piece in output]) if isinstance(output, list) else read_text(output)
    message = Message(role=Role.ASSISTANT, content=text or None)
    return single_answer(
        payload,
        context,
        ("stop", status),
        message,
        decode_usage(payload.get("metrics")),
        facts,
        created=None if created is None else int(created.timestamp()),
    )


def failure_error(reason: Any, context: Context) -> AiLibError:
    """Return the error for the reason of a failure, such as "The input was flagged as sensitive. (E005)"."""
    message = reason if isinstance(reason, str) else json.dumps(reason).decode()
    code = re.search(r"\bE\d{3,4}\b", message)
    return context.fail({"error": message, "code": code[0] if code else "prediction_failed"})


def canceled_error() -> ProviderError:
    """Return the error for a canceled prediction, which someone wanted to end: it is not retried."""
    return ProviderError("the prediction was canceled", code="canceled", retryable=False)
