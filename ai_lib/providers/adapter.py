"""A provider, its dialect and a key: what turns a request into HTTP and HTTP into an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar

import attrs

from ai_lib.errors import (
    AiLibError,
    AuthenticationError,
    InvalidRequestError,
    InvalidResponseError,
    UnsupportedFeatureError,
    classify,
)
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.dialect import Context, Dialect
from ai_lib.providers.faults import ERROR_KINDS, MAX_BODY, MAX_MESSAGE, fault_of, json_text, redact, retry_after_of
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.model import ModelInfo
from ai_lib.types.request import ChatCompletionRequest
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout
from ai_lib.utils import json

__all__ = ["OnUnsupported", "ProviderAdapter"]

OnUnsupported: TypeAlias = Literal["raise", "warn", "drop"]
T = TypeVar("T")

_DEFAULT_TIMEOUT = Timeout()
_REQUEST_IDS = ("x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "mistral-correlation-id")
_TITLE = r"(?is)<title[^>]*>(.*?)</title>"


@attrs.frozen(kw_only=True)
class ProviderAdapter:
    """Speaks for one provider with one key. Pure: bytes come in and go out, nothing is sent here.

    Args:
        config: The provider.
        dialect: Its wire format.
        base_url: Where it is, without a slash at the end.
        api_key: The key; None where the provider needs none.
        headers: Headers for every request, the key not among them.
    """

    config: ProviderConfig
    dialect: Dialect
    base_url: str
    api_key: str | None = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    _context: Context = attrs.field(init=False, repr=False)
    _all_headers: Mapping[str, str] = attrs.field(init=False, repr=False)
    _error_table: dict[str, type[AiLibError]] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        set_once: Callable[[str, Any], None] = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        quirks = self.dialect.quirks(self.config.quirks)
        set_once("_context", Context(self.config.id, self.config.owner, quirks, self._error_inside))
        key = {self.config.key_header: self.config.key_prefix + self.api_key} if self.api_key else {}
        own = {name: value for name, value in self.headers.items() if name.lower() not in map(str.lower, key)}
        set_once("_all_headers", {**own, **key})
        set_once("_error_table", {code: ERROR_KINDS[kind] for code, kind in self.config.errors.items()})

    # --- ours to wire

    def chat_request(
        self,
        request: ChatCompletionRequest,
        *,
        stream: bool,
        on_unsupported: OnUnsupported = "raise",
        timeout: Timeout = _DEFAULT_TIMEOUT,
        deadline: float | None = None,
    ) -> tuple[HttpRequest, tuple[str, ...]]:
        """Return the HTTP request, and what was left out of it.

        Args:
            request: What is asked; its model is named.
            stream: Whether the answer is to come as a stream.
            on_unsupported: What to do with a field that the provider has no form for: raise, or leave it out.
            timeout: The limits of the attempt.
            deadline: When the whole call must be over.

        Raises:
            UnsupportedFeatureError: A field has no form here, and `on_unsupported` is "raise".
            InvalidRequestError: Something in the request has no JSON form.
        """
        left_out: list[str] = []

        def refuse(field: str, reason: str) -> None:
            if on_unsupported == "raise":
                raise UnsupportedFeatureError(
                    f"{self.config.display_name} does not support {field}: {reason}",
                    code="unsupported_feature",
                    provider=self.config.id,
                    model=request.model,
                    hint="Leave it out, or pass on_unsupported='warn' or 'drop' to have it left out",
                )
            left_out.append(f"{field}: {reason}")

        body = self.dialect.encode(request, stream, self._context, refuse)
        try:
            content = json.dumps(body)
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidRequestError(f"the request holds a value without a JSON form: {exc}") from exc
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream" if stream else "application/json"}
        return HttpRequest(
            url=self.base_url + self.config.chat_path,
            headers={**headers, **self._all_headers},
            body=content,
            timeout=timeout,
            deadline=deadline,
        ), tuple(left_out)

    def models_request(self) -> HttpRequest:
        """Return the HTTP request for the list of models.

        Raises:
            UnsupportedFeatureError: The provider has none.
        """
        if self.config.models_path is None:
            raise UnsupportedFeatureError(
                f"{self.config.display_name} has no list of models",
                code="unsupported_feature",
                provider=self.config.id,
                hint=f"See {self.config.docs}" if self.config.docs else "See the vendor's documentation",
            )
        return HttpRequest(
            method="GET",
            url=self.base_url + self.config.models_path,
            headers={"Accept": "application/json", **self._all_headers},
        )

    # --- wire to ours

    def decode(self, response: HttpResponse) -> ChatCompletionResponse:
        """Return the answer in a whole response.

        Raises:
            AiLibError: It is an error, or not an answer.
        """
        decode = partial(self.dialect.decode, request_id=self.request_id(response.headers), headers=response.headers)
        return self._decoded(decode, response)

    def decode_models(self, response: HttpResponse) -> list[ModelInfo]:
        """Return the models in a whole response.

        Raises:
            AiLibError: It is an error, or not a list of models.
        """
        return self._decoded(self.dialect.decode_models, response)

    def decode_stream(self, events: Iterable[str]) -> Iterator[ChatCompletionChunk]:
        """Yield the chunks of a stream's events; see `Dialect.decode_stream`."""
        return self.dialect.decode_stream(events, self._context)

    def _decoded(self, read: Callable[[Any, Context], T], response: HttpResponse) -> T:
        if response.status >= 300:
            raise self.error(response)
        try:
            payload = json.loads(response.body)
        except (ValueError, RecursionError) as exc:
            raise self.not_json(response) from exc
        try:
            return read(payload, self._context)
        except (AttributeError, LookupError, TypeError, ValueError) as exc:
            # A value of another kind than the dialect promises, such as a number where an object should be.
            raise InvalidResponseError(
                f"the answer is not formed as promised: {type(exc).__name__}: {exc}",
                code="malformed_answer",
                provider=self.config.id,
                request_id=self.request_id(response.headers),
                body=self._without_key(response.body.decode("utf-8", "replace")),
            ) from exc

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Return the id to quote to the provider's support."""
        own = self.config.request_id_header
        if own and (found := headers.get(own)):
            return found
        for name in _REQUEST_IDS:
            if found := headers.get(name):
                return found
        return None

    # --- errors

    def error(self, response: HttpResponse) -> AiLibError:
        """Return the typed error for a response with a status from 300 up."""
        if response.status < 400:
            return self._redirect(response)
        text = self._without_key(response.body.decode("utf-8", "replace"))
        try:
            payload: Any = json.loads(response.body)
        except (ValueError, RecursionError):
            payload = _plain(text)
        error = self._error(payload, response.status, text)
        error.request_id = self.request_id(response.headers) or error.request_id
        wait = retry_after_of(response.headers, response.received_at)
        error.retry_after = wait if wait is not None else error.retry_after
        told = response.headers.get("x-should-retry")  # OpenAI's word on the matter
        if told in ("true", "false"):
            error.retryable = told == "true"
        return error

    def _error_inside(self, payload: Any) -> AiLibError:
        """Return the typed error for an error object inside an answer that had status 200."""
        return self._error(payload, None, self._without_key(json_text(payload)))

    def _without_key(self, text: str, limit: int = MAX_BODY) -> str:
        return redact(text, (self.api_key,) if self.api_key else (), limit)

    def _error(self, payload: Any, status: int | None, text: str) -> AiLibError:
        fault = fault_of(payload)
        code = next((code for code in fault.codes if not code.isdigit()), fault.codes[0] if fault.codes else None)
        kind = classify(status or fault.status, fault.codes, fault.message, self._error_table)
        error = kind(
            self._without_key(fault.message, MAX_MESSAGE) or f"{self.config.display_name} gave no reason",
            status=status or fault.status,
            code=code and self._without_key(code, MAX_MESSAGE),
            provider=self.config.id,
            request_id=fault.request_id and self._without_key(fault.request_id, MAX_MESSAGE),
            retry_after=fault.retry_after,
            body=text,
        )
        if isinstance(error, AuthenticationError):
            error.hint = self._key_hint(error.hint)
        return error

    def _key_hint(self, hint: str) -> str:
        variables = " or ".join(self.config.key_env)
        hint = f"{hint}; it is read from {variables} or api_key=" if variables else hint
        return f"{hint}. {self.config.key_note}" if self.config.key_note else hint

    def _redirect(self, response: HttpResponse) -> InvalidResponseError:
        target = self._without_key(response.headers.get("location", "an address it does not name"))
        return InvalidResponseError(
            f"the server redirects to {target}",
            status=response.status,
            code="redirect",
            provider=self.config.id,
            hint="Set base_url to the final address; redirects are not followed, because the key would go along",
        )

    def not_json(self, response: HttpResponse) -> InvalidResponseError:
        """Return the error for a body that should be JSON and is not."""
        text = self._without_key(response.body.decode("utf-8", "replace"))
        kind = response.headers.get("content-type", "no content type").partition(";")[0]
        what = f"{kind}: {_plain(text)}" if text.strip() else "an empty body"
        return InvalidResponseError(
            f"expected JSON, got {what[:200]}",
            status=response.status,
            code="not_json",
            provider=self.config.id,
            request_id=self.request_id(response.headers),
            body=text,
            hint="A proxy, a captive portal or a wrong base_url often answers like this",
        )


def _plain(text: str) -> str:
    """Return the title of a page, or the text itself on one line."""
    found = re.search(_TITLE, text)
    return " ".join((found[1] if found else text).split())[:200]
