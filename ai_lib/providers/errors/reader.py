"""From whatever a provider sends instead of an answer to the typed error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ai_lib.errors import AiLibError, AuthenticationError, InvalidResponseError, ModelNotFoundError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.errors.classify import ERROR_KINDS, classify
from ai_lib.providers.errors.fields import (
    MAX_BODY,
    MAX_MESSAGE,
    read_error_fields,
    read_retry_after,
    redact,
    to_json_text,
)
from ai_lib.types.wire import HttpResponse
from ai_lib.utils import json

__all__ = ["ErrorReader"]

_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "mistral-correlation-id")
_TITLE = r"(?is)<title[^>]*>(.*?)</title>"


class ErrorReader:
    """Reads the errors of one provider, reached with one key, which no error may show."""

    def __init__(self, config: ProviderConfig, api_key: str | None) -> None:
        self._config = config
        self._api_key = api_key
        self._table = {code: ERROR_KINDS[kind] for code, kind in config.errors.items()}

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Return the id to quote to the provider's support."""
        for name in (self._config.request_id_header, *_REQUEST_IDS):
            if name and (value := headers.get(name)):
                return value
        return None

    def error(self, response: HttpResponse) -> AiLibError:
        """Return the typed error for a response with a status of 300 or more."""
        if response.status < 400:
            target = self._redact(response.headers.get("location", "an unnamed address"))
            return InvalidResponseError(
                f"the server redirects to {target}",
                status=response.status,
                code="redirect",
                provider=self._config.id,
                hint="Set base_url to the final address; redirects are not followed, because the key would go along",
            )
        text = self._redact(response.body.decode("utf-8", "replace"))
        try:
            payload: Any = json.loads(response.body)
        except (ValueError, RecursionError):
            payload = _title_or_text(text)
        # AWS names the error only in this header, at times followed by a URL or preceded by a namespace.
        aws_code = response.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
        codes = (aws_code,) if aws_code else ()
        resets: list[float] = []
        if response.status == 429:
            from ai_lib.providers.rate_limits import read_rate_limits  # few calls fail like this

            limits = read_rate_limits(response.headers).values()
            resets = [limit.reset for limit in limits if limit.remaining == 0 and limit.reset]
            if self._config.zero_limit_is_quota and any(limit.limit == 0 for limit in limits):
                codes = ("insufficient_quota", *codes)
        error = self._make(payload, response.status, text, codes)
        error.request_id = self.request_id(response.headers) or error.request_id
        wait = read_retry_after(response.headers, response.received_at)
        error.retry_after = wait if wait is not None else error.retry_after
        if error.retry_after is None:
            error.retry_after = max(resets, default=None)
        should_retry = response.headers.get("x-should-retry")  # sent by OpenAI and Anthropic
        if should_retry in ("true", "false"):
            error.retryable = should_retry == "true"
        return error

    def embedded_error(self, payload: Any) -> AiLibError:
        """Return the typed error for an error object inside an answer with status 200."""
        return self._make(payload, None, self._redact(to_json_text(payload)))

    def malformed_error(self, response: HttpResponse, cause: Exception) -> InvalidResponseError:
        """Return the error for JSON with a value of another type than the dialect promises."""
        return InvalidResponseError(
            f"malformed response: {type(cause).__name__}: {cause}",
            code="malformed_answer",
            provider=self._config.id,
            request_id=self.request_id(response.headers),
            body=self._redact(response.body.decode("utf-8", "replace")),
        )

    def not_json_error(self, response: HttpResponse) -> InvalidResponseError:
        """Return the error for a body that is not JSON."""
        text = self._redact(response.body.decode("utf-8", "replace"))
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        content = f"{kind}: {_title_or_text(text)}" if text.strip() else "an empty body"
        return InvalidResponseError(
            f"expected JSON, got {content[:200]}",
            status=response.status,
            code="not_json",
            provider=self._config.id,
            request_id=self.request_id(response.headers),
            body=text,
            hint="A proxy, a captive portal or a wrong base_url often answers like this",
        )

    def _redact(self, text: str, limit: int = MAX_BODY) -> str:
        return redact(text, (self._api_key,) if self._api_key else (), limit)

    def _make(self, payload: Any, status: int | None, text: str, codes: tuple[str, ...] = ()) -> AiLibError:
        config, fields = self._config, read_error_fields(payload)
        codes += fields.codes
        code = next((code for code in codes if not code.isdigit()), codes[0] if codes else None)
        # The status comes last among the codes: a configuration may say what a service means by one.
        candidates = (*codes, *((str(status),) if status is not None else ()))
        error = classify(status or fields.status, candidates, fields.message, self._table)(
            self._redact(fields.message, MAX_MESSAGE) or f"{config.display_name} gave no reason",
            status=status or fields.status,
            code=code and self._redact(code, MAX_MESSAGE),
            provider=config.id,
            request_id=fields.request_id and self._redact(fields.request_id, MAX_MESSAGE),
            retry_after=fields.retry_after,
            body=text,
        )
        if isinstance(error, AuthenticationError):
            if config.key_env:
                error.hint += f"; it is read from {' or '.join(config.key_env)} or api_key="
            if config.key_note:
                error.hint += f". {config.key_note}"
        if isinstance(error, ModelNotFoundError) and config.model_note:
            error.hint = f"{error.hint}. {config.model_note}"
        return error


def _title_or_text(text: str) -> str:
    """Return the title of an HTML page, or the text itself on one line."""
    match = re.search(_TITLE, text)
    return " ".join((match[1] if match else text).split())[:200]
