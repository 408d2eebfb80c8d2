"""Reads a provider's error: which fields hold what, how long to wait, and what must not be shown.

Error objects do not follow the dialect; they follow the service, and gateways mix several. So there is one reader
for all the shapes seen, tried in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    ContentFilterError,
    ContextLengthError,
    InvalidRequestError,
    ModelNotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
)
from ai_lib.utils import json
from ai_lib.utils.times import parse_date, parse_duration, parse_seconds

__all__ = [
    "ERROR_KINDS",
    "MAX_BODY",
    "MAX_MESSAGE",
    "ErrorFields",
    "read_error_fields",
    "read_retry_after",
    "redact",
    "to_json_text",
]

ERROR_KINDS: dict[str, type[AiLibError]] = {
    "authentication": AuthenticationError,
    "content_filter": ContentFilterError,
    "context_length": ContextLengthError,
    "invalid_request": InvalidRequestError,
    "model_not_found": ModelNotFoundError,
    "overloaded": OverloadedError,
    "permission": PermissionDeniedError,
    "provider": ProviderError,
    "quota": QuotaExceededError,
    "rate_limit": RateLimitError,
}
"""The words that configurations use for the classes of error."""

MAX_MESSAGE = 500
"""Most characters of a provider's message; some answer with a page."""
MAX_BODY = 4096
"""Most characters kept of a provider's answer."""


@attrs.frozen(kw_only=True)
class ErrorFields:
    """The fields of a provider's error.

    Args:
        message: The provider's text.
        codes: Its code, type and status fields, as text, most specific first.
        status: The HTTP status that the object itself names, for errors inside an answer.
        request_id: The id that the object names.
        retry_after: Seconds to wait that the object names.
    """

    message: str = ""
    codes: tuple[str, ...] = ()
    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None


# The names that services give to the provider's text; AWS writes Message where its front answers.
_MESSAGES = ("message", "Message", "msg", "status_msg", "detail")


def read_error_fields(payload: Any) -> ErrorFields:
    """Return the fields of an error object of any shape seen: one case of each is in the tests' wire folder."""
    if isinstance(payload, list):
        payload = payload[0] if payload else {}
    if not isinstance(payload, Mapping):
        return ErrorFields(message=_text(payload) if payload else "")
    error = _inner(payload)
    scalars = [error.get(key) for key in ("code", "reason", "type", "status", "status_code")]
    inner = error.get("innererror")
    if isinstance(inner, Mapping):
        scalars.insert(0, inner.get("code"))
    metadata = error.get("metadata")
    if isinstance(metadata, Mapping):
        scalars.insert(0, metadata.get("provider_code"))
        if metadata.get("reasons"):  # OpenRouter's moderation
            scalars.insert(0, "content_filter")
    if error is not payload and isinstance(payload.get("error"), str):
        scalars.append(payload.get("code"))
    if isinstance(error.get("__type"), str):  # AWS: com.amazon.coral.service#UnknownOperationException
        scalars.append(error["__type"].rpartition("#")[2])
    scalars[:0] = _detailed(error.get("details"))
    codes = tuple(str(value) for value in scalars if isinstance(value, str | int) and value != "")
    numbers = [int(code) for code in codes if len(code) == 3 and code.isdecimal()]
    message = next((text for name in _MESSAGES if (text := error.get(name))), "")
    return ErrorFields(
        message=_text(message),
        codes=codes,
        status=next((number for number in numbers if 400 <= number <= 599), None),
        request_id=_request_id(payload) or _request_id(error),
        retry_after=_wait_in(error),
    )


def _inner(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the object that holds message and code."""
    error = payload.get("error")
    if isinstance(error, Mapping):
        return error
    if isinstance(error, str):
        return {"message": error, "code": payload.get("code"), "type": payload.get("error_type")}
    for key in ("errors", "detail"):
        value = payload.get(key)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, Mapping):
            return {"message": first.get("msg"), **first, **({"message": first["error"]} if "error" in first else {})}
        if isinstance(first, str) and not payload.get("message"):
            return {"message": first, **payload}
    base = payload.get("base_resp")
    return base if isinstance(base, Mapping) else payload


def _text(message: Any) -> str:
    return " ".join((message if isinstance(message, str) else to_json_text(message)).split())


def to_json_text(value: Any) -> str:
    """Return decoded JSON as text again."""
    try:
        return json.dumps(value).decode()
    except ValueError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
        return ascii(value)


def _detailed(details: Any) -> list[Any]:
    """Return the reasons among Google's details; a limit that counts days is used up, and waiting seconds is no use.

    Source: https://cloud.google.com/apis/design/errors#error_details
    """
    found: list[Any] = []
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, Mapping):
            continue
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, Mapping) and "PerDay" in str(violation.get("quotaId")):
                found.insert(0, "insufficient_quota")
        found.append(detail.get("reason"))
    return found


def _request_id(payload: Mapping[str, Any]) -> str | None:
    value = payload.get("request_id") or payload.get("sid")
    if value is None and payload.get("error"):
        value = payload.get("id")  # Baidu
    return value if isinstance(value, str) else None


# "Please try again in 5.289s", "in 340ms", "in 1m26.4s", "retry after 12 seconds", "resets in ~30s"
_WAIT_WORDS = r"(?i)(?:try again in|retry after|resets in)\s*~?\s*"


def _wait_in(error: Mapping[str, Any]) -> float | None:
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping) and isinstance(detail.get("retryDelay"), str):  # google.rpc.RetryInfo
            return parse_seconds(detail["retryDelay"].removesuffix("s"))
    message = error.get("message")
    found = re.search(_WAIT_WORDS, message) if isinstance(message, str) else None
    return parse_duration(found.string[found.end() :]) if found is not None else None


def read_retry_after(headers: Mapping[str, str], received_at: float | None = None) -> float | None:
    """Return the seconds to wait from Retry-After-Ms or Retry-After (seconds or a date; RFC 9110 section 10.2.3).

    Args:
        headers: The response's headers. A date is taken relative to the response's own Date header, so that a wrong
            clock on this side does not matter.
        received_at: When the response came, in seconds since 1970; used where there is no Date header.
    """
    milliseconds = parse_seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = parse_seconds(value)
    if seconds is not None or value is None:
        return seconds
    until, now = parse_date(value), parse_date(headers.get("date"))
    start = now.timestamp() if now is not None else received_at
    return max(0.0, until.timestamp() - start) if until is not None and start is not None else None


def redact(text: str, secrets: tuple[str, ...], limit: int = MAX_BODY) -> str:
    """Return the text with each secret replaced by asterisks, then cut.

    Args:
        text: What a server sent.
        secrets: What must not be shown; shorter than four characters it would replace ordinary text.
        limit: Most characters. Cutting first would leave the beginning of a secret that lies across the cut.
    """
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***").replace(secret.replace("/", "\\/"), "***")  # JSON may escape a slash
    return text if len(text) <= limit else text[: limit - 3] + "..."
