"""Makes the typed error out of whatever a provider sends instead of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ai_lib.errors import AiLibError, AuthenticationError, InvalidResponseError, ModelNotFoundError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.errors.classify import classify
from ai_lib.providers.errors.fields import (
    ERROR_KINDS,
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
    """Reads the errors of one provider, reached with one key.

    Args:
        config: The provider.
        api_key: The key, which no error may show.
    """

    def __init__(self, config: ProviderConfig, api_key: str | None) -> None:
        self._config = config
        self._api_key = api_key
        self._table = {code: ERROR_KINDS[kind] for code, kind in config.errors.items()}

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Return the id to quote to the provider's support."""
        own = self._config.request_id_header
        if own and (found := headers.get(own)):
            return found
        for name in _REQUEST_IDS:
            if found := headers.get(name):
                return found
        return None

    def error(self, response: HttpResponse) -> AiLibError:
        """Return the typed error for a response with a status from 300 up."""
        if response.status < 400:
            return self._redirect(response)
        text = self._without_key(response.body.decode("utf-8", "replace"))
        try:
            payload: Any = json.loads(response.body)
        except (ValueError, RecursionError):
            payload = _plain(text)
        # AWS names the kind only there, at times with an address after it and a namespace before it.
        named = response.headers.get("x-amzn-errortype", "").partition(":")[0].rpartition("#")[2]
        codes = (named,) if named else ()
        if self._config.zero_limit_is_quota and response.status == 429 and _has_zero_limit(response.headers):
            codes = ("insufficient_quota", *codes)
        error = self._error(payload, response.status, text, codes)
        error.request_id = self.request_id(response.headers) or error.request_id
        wait = read_retry_after(response.headers, response.received_at)
        error.retry_after = wait if wait is not None else error.retry_after
        if error.retry_after is None and response.status == 429:
            error.retry_after = _reset_of(response.headers)
        told = response.headers.get("x-should-retry")  # OpenAI's word on the matter
        if told in ("true", "false"):
            error.retryable = told == "true"
        return error

    def embedded_error(self, payload: Any) -> AiLibError:
        """Return the typed error for an error object inside an answer that had status 200."""
        return self._error(payload, None, self._without_key(to_json_text(payload)))

    def _without_key(self, text: str, limit: int = MAX_BODY) -> str:
        return redact(text, (self._api_key,) if self._api_key else (), limit)

    def _error(self, payload: Any, status: int | None, text: str, codes: tuple[str, ...] = ()) -> AiLibError:
        fault = read_error_fields(payload)
        codes += fault.codes
        code = next((code for code in codes if not code.isdigit()), codes[0] if codes else None)
        # The status comes last among the codes: a configuration may say what a service means by one.
        told = (*codes, *((str(status),) if status is not None else ()))
        kind = classify(status or fault.status, told, fault.message, self._table)
        error = kind(
            self._without_key(fault.message, MAX_MESSAGE) or f"{self._config.display_name} gave no reason",
            status=status or fault.status,
            code=code and self._without_key(code, MAX_MESSAGE),
            provider=self._config.id,
            request_id=fault.request_id and self._without_key(fault.request_id, MAX_MESSAGE),
            retry_after=fault.retry_after,
            body=text,
        )
        if isinstance(error, AuthenticationError):
            error.hint = self._key_hint(error.hint)
        if isinstance(error, ModelNotFoundError) and self._config.model_note:
            error.hint = f"{error.hint}. {self._config.model_note}"
        return error

    def _key_hint(self, hint: str) -> str:
        variables = " or ".join(self._config.key_env)
        hint = f"{hint}; it is read from {variables} or api_key=" if variables else hint
        return f"{hint}. {self._config.key_note}" if self._config.key_note else hint

    def _redirect(self, response: HttpResponse) -> InvalidResponseError:
        target = self._without_key(response.headers.get("location", "an address it does not name"))
        return InvalidResponseError(
            f"the server redirects to {target}",
            status=response.status,
            code="redirect",
            provider=self._config.id,
            hint="Set base_url to the final address; redirects are not followed, because the key would go along",
        )

    def malformed_error(self, response: HttpResponse, cause: Exception) -> InvalidResponseError:
        """Return the error for JSON in which something is of another kind than the dialect promises."""
        return InvalidResponseError(
            f"the answer is not formed as promised: {type(cause).__name__}: {cause}",
            code="malformed_answer",
            provider=self._config.id,
            request_id=self.request_id(response.headers),
            body=self._without_key(response.body.decode("utf-8", "replace")),
        )

    def not_json_error(self, response: HttpResponse) -> InvalidResponseError:
        """Return the error for a body that should be JSON and is not."""
        text = self._without_key(response.body.decode("utf-8", "replace"))
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        what = f"{kind}: {_plain(text)}" if text.strip() else "an empty body"
        return InvalidResponseError(
            f"expected JSON, got {what[:200]}",
            status=response.status,
            code="not_json",
            provider=self._config.id,
            request_id=self.request_id(response.headers),
            body=text,
            hint="A proxy, a captive portal or a wrong base_url often answers like this",
        )


def _has_zero_limit(headers: Mapping[str, str]) -> bool:
    from ai_lib.providers.rate_limits import (
        read_rate_limits,  # few calls fail like this, and an import costs every program
    )

    return any(limit.limit == 0 for limit in read_rate_limits(headers).values())


def _reset_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until what is used up is there again, where the headers tell."""
    from ai_lib.providers.rate_limits import read_rate_limits  # as above

    waits = [limit.reset for limit in read_rate_limits(headers).values() if limit.remaining == 0 and limit.reset]
    return max(waits, default=None)


def _plain(text: str) -> str:
    """Return the title of a page, or the text itself on one line."""
    found = re.search(_TITLE, text)
    return " ".join((found[1] if found else text).split())[:200]
