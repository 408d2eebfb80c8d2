"""From requests to HTTP and from HTTP to answers, for one provider, its dialect and one key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import attrs

from ai_lib.errors import InvalidRequestError, UnsupportedFeatureError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.dialect import Context, Dialect, Framing, NextRequest, Refuse
from ai_lib.providers.errors.reader import ErrorReader
from ai_lib.types.chunk import ChatCompletionChunk
from ai_lib.types.content import encode_json
from ai_lib.types.request import ChatCompletionRequest, OnUnsupported
from ai_lib.types.response import ChatCompletionResponse
from ai_lib.types.wire import HttpRequest, HttpResponse
from ai_lib.utils import json

if TYPE_CHECKING:
    from ai_lib.providers.endpoint import Endpoint
    from ai_lib.providers.operation import OperationFormat
    from ai_lib.types.limits import LimitStatus
    from ai_lib.types.model import ModelInfo

__all__ = ["ProviderAdapter"]

T = TypeVar("T")

_JSON = {"Content-Type": "application/json"}
_ACCEPT: dict[Framing, str] = {
    "sse": "text/event-stream",
    "sse_named": "text/event-stream",
    "ndjson": "application/x-ndjson",
    "eventstream": "application/vnd.amazon.eventstream",
}


@attrs.frozen(kw_only=True)
class ProviderAdapter:
    """Encodes requests to one provider with one key, and decodes its answers. Pure: it sends nothing.

    Args:
        config: The provider.
        dialect: Its wire format.
        base_url: Its URL, without a slash at the end.
        api_key: The key; None where the provider needs none.
        headers: Headers for every request, without the key.
        query: Query parameters added to every URL.
    """

    config: ProviderConfig
    dialect: Dialect
    base_url: str
    api_key: str | None = attrs.field(default=None, repr=False)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    query: Mapping[str, str] = attrs.field(factory=dict)
    errors: ErrorReader = attrs.field(init=False, repr=False)
    _context: Context = attrs.field(init=False, repr=False)
    _all_headers: Mapping[str, str] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        set_once: Callable[[str, Any], None] = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        set_once("errors", ErrorReader(self.config, self.api_key))
        quirks = self.dialect.quirks(self.config.quirks)
        set_once("_context", Context(self.config.id, self.config.owner, quirks, self.errors.embedded_error))
        key = {self.config.key_header: self.config.key_prefix + self.api_key} if self.api_key else {}
        others = {name: value for name, value in self.headers.items() if name.lower() not in map(str.lower, key)}
        set_once("_all_headers", {**others, **key})

    def chat_request(
        self, request: ChatCompletionRequest, *, stream: bool, on_unsupported: OnUnsupported = "raise"
    ) -> tuple[HttpRequest, tuple[str, ...]]:
        """Return the HTTP request for a chat that names its model, and notes on what was left out of it.

        Raises:
            UnsupportedFeatureError: The provider has no chat, or does not support a field that is to raise.
            InvalidRequestError: A value in the request has no JSON form, or the request is larger than the limit.
        """
        config, model = self.config, request.model
        path = config.chat_path if not stream else config.stream_path or config.chat_path
        if path is None:
            raise self.no_chat_error()
        left_out: list[str] = []
        fields = self.dialect.encode(request, stream, self._context, self._refusal(model, on_unsupported, left_out))
        owners = {
            owner
            for message in request.messages
            for data in (message.provider_data, *[call.provider_data for call in message.tool_calls])
            for owner in data or ()
        }
        left_out += [
            f"provider_data: data of {owner} on the messages, such as signatures, is sent only to it"
            for owner in sorted(owners - {config.owner, "*"})
        ]
        body = encode_json(fields, "the request")
        limit = config.max_bytes.get("request")
        if limit is not None and len(body) > limit:
            raise InvalidRequestError(
                f"the request has {len(body):,} bytes; {config.display_name} accepts at most {limit:,}",
                code="request_too_large",
                provider=config.id,
                hint="Upload large files with client.upload_file() where the provider can, or send less",
            )
        accept = _ACCEPT[self.dialect.framing] if stream else "application/json"
        headers = {**_JSON, "Accept": accept, **self._all_headers}
        if self.dialect.headers is not None:
            headers = _add_headers(headers, self.dialect.headers(fields))
        return HttpRequest(url=self._url(path, model), headers=headers, body=body), tuple(left_out)

    def emulates_stream(self, request: ChatCompletionRequest) -> bool:
        """Return whether a stream of this request is a whole answer, yielded as chunks."""
        streaming = self.config.streaming
        return streaming == "emulated" or (streaming == "emulated_with_tools" and bool(request.tools))

    def operation_request(
        self, endpoint: Endpoint, operation: OperationFormat, request: Any, on_unsupported: OnUnsupported = "raise"
    ) -> tuple[HttpRequest, tuple[str, ...]]:
        """Return the HTTP request for an operation other than chat, and notes on what was left out of it.

        Raises:
            UnsupportedFeatureError: The provider does not support a field, and `on_unsupported` is "raise".
            InvalidRequestError: A value in the request has no JSON form.
        """
        from ai_lib.providers.operation import Content  # most programs only chat

        left_out: list[str] = []
        context = self._operation_context(endpoint, operation)
        body = operation.encode(request, context, self._refusal(request.model, on_unsupported, left_out))
        content = body if isinstance(body, Content) else Content(body=encode_json(body, "the request"), headers=_JSON)
        return HttpRequest(
            url=self._url(endpoint.path, request.model, endpoint.base_url),
            headers={**content.headers, "Accept": "application/json", **self._all_headers, **endpoint.headers},
            body=content.body,
        ), tuple(left_out)

    def models_request(self, page: Mapping[str, str] | None = None) -> HttpRequest:
        """Return the HTTP request for the first page of the list of models, or for the one that `next_page` returned.

        Raises:
            UnsupportedFeatureError: The provider has no such list.
        """
        if self.config.models_path is None:
            error = self.unsupported_error("list_models", "the service has no list of models")
            error.hint = f"See {self.config.docs}" if self.config.docs else "See the vendor's documentation"
            raise error
        return self.get_request(self.config.models_path, page)

    def get_request(self, path: str, query: Mapping[str, str] | None = None) -> HttpRequest:
        """Return the HTTP request, with the key, that gets a path after the base URL."""
        headers = {"Accept": "application/json", **self._all_headers}
        return HttpRequest(method="GET", url=self._url(path, None, query=query), headers=headers)

    def next_http_request(self, following: NextRequest) -> HttpRequest:
        """Return the HTTP request that continues an unfinished answer; the key is sent only to the provider's host."""
        same_host = urlsplit(following.url)[:2] == urlsplit(self.base_url)[:2]
        accept = _ACCEPT[self.dialect.framing] if following.stream else "application/json"
        headers = {"Accept": accept, **(self._all_headers if same_host else {})}
        return HttpRequest(method="GET", url=following.url, headers=headers)

    def unsupported_error(self, feature: str, reason: str, model: str | None = None) -> UnsupportedFeatureError:
        """Return the error for a feature that the provider does not support."""
        return UnsupportedFeatureError(
            f"{self.config.display_name} does not support {feature}: {reason}",
            code="unsupported_feature",
            provider=self.config.id,
            model=model,
        )

    def no_chat_error(self) -> UnsupportedFeatureError:
        """Return the error for a chat with a provider that has no chat models."""
        operations = [name for name in ("embed", "rerank") if getattr(self.config, name) is not None]
        error = self.unsupported_error("chat", "the service has no chat models")
        if operations:
            error.hint = f"Use {' or '.join(f'client.{name}()' for name in operations)}"
        return error

    def decode(self, response: HttpResponse) -> ChatCompletionResponse:
        """Return the chat answer in a whole response, or raise the error that it is."""
        headers, request_id = response.headers, self.errors.request_id(response.headers)
        decode = partial(self.dialect.decode, request_id=request_id, headers=headers, limit_reader=self.rate_limits)
        return self._decode_json(decode, response, self._context)

    def decode_models(self, response: HttpResponse) -> list[ModelInfo]:
        """Return the models in a whole response, or raise the error that it is."""
        return self._decode_json(self.dialect.decode_models, response, self._context)

    def raise_for_status(self, response: HttpResponse) -> None:
        """Raise the error of a response with a status of 300 or more."""
        if response.status >= 300:
            raise self.errors.error(response)

    def decode_operation(self, endpoint: Endpoint, operation: OperationFormat, response: HttpResponse) -> Any:
        """Return the value of the response to an `operation_request`, or raise the error that it is."""
        return self._decode_json(operation.decode, response, self._operation_context(endpoint, operation))

    def decode_stream(self, events: Iterable[str]) -> Iterator[ChatCompletionChunk]:
        """Yield the chunks of a stream's events; see `Dialect.decode_stream`."""
        return self.dialect.decode_stream(events, self._context)

    @staticmethod
    def rate_limits(headers: Mapping[str, str]) -> dict[str, LimitStatus]:
        """Return the rate limits in a response's headers; see `rate_limits.read_rate_limits`.

        A static method, so that a response that keeps it neither holds the key nor becomes hard to pickle.
        """
        from ai_lib.providers.rate_limits import read_rate_limits  # few read them, and an import costs every program

        return read_rate_limits(headers)

    def next_page(self, response: HttpResponse) -> Mapping[str, str] | None:
        """Return the query parameters for the next page of models; None after the last one."""
        return self.dialect.next_page(json.loads(response.body)) if self.dialect.next_page is not None else None

    def next_request(self, response: HttpResponse, *, stream: bool) -> NextRequest | None:
        """Return the request that continues an unfinished answer, as a stream or not; None when it is finished."""
        if self.dialect.next_request is None or response.status >= 300:
            return None
        try:
            return self.dialect.next_request(json.loads(response.body), stream)
        except (AttributeError, LookupError, TypeError, ValueError):
            return None  # a malformed response: `decode` raises the error that says how

    def _decode_json(self, decode: Callable[[Any, Context], T], response: HttpResponse, context: Context) -> T:
        self.raise_for_status(response)
        try:
            payload = json.loads(response.body)
        except (ValueError, RecursionError) as exc:
            raise self.errors.not_json_error(response) from exc
        try:
            return decode(payload, context)
        except (AttributeError, LookupError, TypeError, ValueError) as exc:
            # A value of another type than the dialect promises, such as a number instead of an object.
            raise self.errors.malformed_error(response, exc) from exc

    def _operation_context(self, endpoint: Endpoint, operation: OperationFormat) -> Context:
        options = dict(endpoint.options)
        for field, value in (self.config.url_values(self.base_url) or {}).items():
            strings = {name: text for name, text in options.items() if isinstance(text, str)}
            options |= {name: text.replace(f"{{{field}}}", value) for name, text in strings.items()}
        return attrs.evolve(self._context, quirks=operation.quirks(options))

    def _refusal(self, model: str | None, on_unsupported: OnUnsupported, left_out: list[str]) -> Refuse:
        def refuse(field: str, reason: str) -> None:
            if on_unsupported == "raise":
                error = self.unsupported_error(field, reason, model)
                error.hint = "Leave it out, or pass on_unsupported='warn' or 'drop' to have it left out"
                raise error
            left_out.append(f"{field}: {reason}")

        return refuse

    def _url(
        self, path: str, model: str | None, base_url: str | None = None, query: Mapping[str, str] | None = None
    ) -> str:
        if "{" in path and model is not None:
            full_name = model if "/" in model else self.config.model_prefix + model
            path = path.replace("{model}", quote(model, safe="")).replace("{model_path}", quote(full_name, safe="/"))
        url = (self.base_url if base_url is None else self.config.resolve_url(self.base_url, base_url)) + path
        parameters = {**self.query, **(query or {})}
        return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}" if parameters else url


def _add_headers(headers: dict[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return both; a header in both, such as one for beta features, gets both values (RFC 9110 section 5.3)."""
    names = {name.lower(): name for name in headers}
    for added, value in more.items():
        name = names.get(added.lower(), added)
        headers = {**headers, name: f"{headers[name]}, {value}" if name in headers else value}
    return headers
