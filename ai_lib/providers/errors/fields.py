"""The fields of a provider's error object, how long it says to wait, and what must not be shown.

Error objects do not follow the dialect; they follow the service, and gateways mix several. So one reader handles all
the shapes seen, tried in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from ai_lib.utils import json
from ai_lib.utils.times import parse_date, parse_duration, parse_seconds

__all__ = ["MAX_BODY", "MAX_MESSAGE", "ErrorFields", "read_error_fields", "read_retry_after", "redact", "to_json_text"]

MAX_MESSAGE = 500  # characters of a provider's message; some send a whole page
MAX_BODY = 4096  # characters kept of a provider's answer


@attrs.frozen(kw_only=True)
class ErrorFields:
    """The fields that an error object itself names, the codes (also types and statuses) most specific first."""

    message: str = ""
    codes: tuple[str, ...] = ()
    status: int | None = None
    request_id: str | None = None
    retry_after: float | None = None


# The fields in which services put their text; AWS writes Message where its front end answers.
_MESSAGES = ("message", "Message", "msg", "status_msg", "detail")
# "Please try again in 5.289s", "in 340ms", "in 1m26.4s", "retry after 12 seconds", "resets in ~30s"
_WAIT_WORDS = re.compile(r"(?i)(?:try again in|retry after|resets in)\s*~?\s*")


def read_error_fields(payload: Any) -> ErrorFields:
    """Return the fields of an error object of any shape seen: one example of each is in the tests' wire folder."""
    if isinstance(payload, list):
        payload = payload[0] if payload else {}
    if not isinstance(payload, Mapping):
        return ErrorFields(message=_one_line(payload) if payload else "")
    error = _inner_error(payload)
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
    reasons, retry_after = _read_details(error)
    codes = tuple(str(value) for value in (*reasons, *scalars) if isinstance(value, str | int) and value != "")
    numbers = [int(code) for code in codes if len(code) == 3 and code.isdecimal()]
    return ErrorFields(
        message=_one_line(next((text for name in _MESSAGES if (text := error.get(name))), "")),
        codes=codes,
        status=next((number for number in numbers if 400 <= number <= 599), None),
        request_id=_read_request_id(payload) or _read_request_id(error),
        retry_after=retry_after,
    )


def _inner_error(payload: Mapping[str, Any]) -> Mapping[str, Any]:
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


def _read_details(error: Mapping[str, Any]) -> tuple[list[Any], float | None]:
    """Return the reasons in Google's error details, and the seconds to wait from there or from the message.

    Source: https://cloud.google.com/apis/design/errors#error_details
    """
    listed = error.get("details")
    details = [detail for detail in listed if isinstance(detail, Mapping)] if isinstance(listed, list) else []
    reasons: list[Any] = []
    for detail in details:
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            # A limit per day is used up: waiting seconds does not help.
            if isinstance(violation, Mapping) and "PerDay" in str(violation.get("quotaId")):
                reasons.insert(0, "insufficient_quota")
        reasons.append(detail.get("reason"))
    delays = [detail["retryDelay"] for detail in details if isinstance(detail.get("retryDelay"), str)]
    if delays:  # google.rpc.RetryInfo
        return reasons, parse_seconds(delays[0].removesuffix("s"))
    message = error.get("message")
    match = _WAIT_WORDS.search(message) if isinstance(message, str) else None
    return reasons, parse_duration(match.string[match.end() :]) if match is not None else None


def _one_line(message: Any) -> str:
    return " ".join((message if isinstance(message, str) else to_json_text(message)).split())


def to_json_text(value: Any) -> str:
    """Return decoded JSON as text again."""
    try:
        return json.dumps(value).decode()
    except ValueError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
        return ascii(value)


def _read_request_id(payload: Mapping[str, Any]) -> str | None:
    value = payload.get("request_id") or payload.get("sid")
    if value is None and payload.get("error"):
        value = payload.get("id")  # Baidu
    return value if isinstance(value, str) else None


def read_retry_after(headers: Mapping[str, str], received_at: float | None = None) -> float | None:
    """Return the seconds to wait from Retry-After-Ms or Retry-After (seconds or a date; RFC 9110 section 10.2.3).

    A date is taken relative to the response's own Date, so that a wrong local clock does not matter; without it, to
    `received_at`, in seconds since 1970.
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
    """Return the text with each secret replaced by asterisks, then cut: a cut could make a secret unrecognisable.

    A secret shorter than four characters stays, as replacing it would garble ordinary text.
    """
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***").replace(secret.replace("/", "\\/"), "***")  # JSON may escape a slash
    return text if len(text) <= limit else text[: limit - 3] + "..."
