"""A provider, its dialect and a key: what turns a request into HTTP and HTTP into an answer."""

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
from ai_lib.types.message import Message
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
    """Speaks for one provider with one key. Pure: bytes come in and go out, nothing is sent here.

    Args:
        config: The provider.
        dialect: Its wire format.
        base_url: Where it is, without a slash at the end.
        api_key: The key; None where the provider needs none.
        headers: Headers for every request, the key not among them.
        query: What is added to the query of every address.
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
        set_once("_context", self._context_for(self.dialect.quirks(self.config.quirks)))
        key = {self.config.key_header: self.config.key_prefix + self.api_key} if self.api_key else {}
        own = {name: value for name, value in self.headers.items() if name.lower() not in map(str.lower, key)}
        set_once("_all_headers", {**own, **key})

    # --- ours to wire

    def chat_request(
        self,
        request: ChatCompletionRequest,
        *,
        stream: bool,
        on_unsupported: OnUnsupported = "raise",
    ) -> tuple[HttpRequest, tuple[str, ...]]:
        """Return the HTTP request, and what was left out of it.

        Args:
            request: What is asked; its model is named.
            stream: Whether the answer is to come as a stream.
            on_unsupported: What to do with a field that the provider has no form for: raise, or leave it out.

        Raises:
            UnsupportedFeatureError: A field has no form here, and `on_unsupported` is "raise"; or there is no chat.
            InvalidRequestError: Something in the request has no JSON form, or the request is larger than is taken.
        """
        path = self.config.chat_path if not stream else self.config.stream_path or self.config.chat_path
        if path is None:
            raise self.no_chat_error()
        left_out: list[str] = []
        body = self.dialect.encode(
            request, stream, self._context, self._refusing(request.model, on_unsupported, left_out)
        )
        left_out += self._left_behind(request.messages)
        return HttpRequest(
            url=self._url(path, request.model),
            headers={
                "Content-Type": "application/json",
                "Accept": _ACCEPT[self.dialect.framing] if stream else "application/json",
                **_with_headers(self._all_headers, self._headers_for(body)),
            },
            body=self._within_limit(_json_bytes(body)),
        ), tuple(left_out)

    def _headers_for(self, body: Mapping[str, Any]) -> Mapping[str, str]:
        return self.dialect.headers(body) if self.dialect.headers is not None else {}

    def emulates_stream(self, request: ChatCompletionRequest) -> bool:
        """Return whether a stream of this request is a whole answer given out as chunks."""
        how = self.config.streaming
        return how == "emulated" or (how == "emulated_with_tools" and bool(request.tools))

    def operation_request(
        self,
        endpoint: Endpoint,
        operation: OperationFormat,
        request: Any,
        on_unsupported: OnUnsupported = "raise",
    ) -> tuple[HttpRequest, tuple[str, ...]]:
        """Return the HTTP request for something beside chat, and what was left out of it.

        Args:
            endpoint: Where.
            operation: The wire format.
            request: What is asked; it has a `model`.
            on_unsupported: As for `chat_request`.
        """
        from ai_lib.providers.operation import Content  # few programs ask for more than chat

        left_out: list[str] = []
        context = self._operation_context(endpoint, operation)
        body = operation.encode(request, context, self._refusing(request.model, on_unsupported, left_out))
        content = body if isinstance(body, Content) else Content(body=_json_bytes(body), headers=_JSON)
        return HttpRequest(
            url=self._url(endpoint.path, request.model, endpoint.base_url),
            headers={**content.headers, "Accept": "application/json", **self._all_headers, **endpoint.headers},
            body=content.body,
        ), tuple(left_out)

    def models_request(self, page: Mapping[str, str] | None = None) -> HttpRequest:
        """Return the HTTP request for the list of models.

        Args:
            page: What `next_page` gave; None for the first page.

        Raises:
            UnsupportedFeatureError: The provider has none.
        """
        if self.config.models_path is None:
            error = self.unsupported_error("list_models", "the service has no list of models")
            error.hint = f"See {self.config.docs}" if self.config.docs else "See the vendor's documentation"
            raise error
        return self.get_request(self.config.models_path, page)

    def get_request(self, path: str, query: Mapping[str, str] | None = None) -> HttpRequest:
        """Return the HTTP request that gets a path, with the key.

        Args:
            path: What is appended to the base URL.
            query: What is added to the query.
        """
        return HttpRequest(
            method="GET",
            url=self._url(path, None, query=query),
            headers={"Accept": "application/json", **self._all_headers},
        )

    def next_http_request(self, further: NextRequest) -> HttpRequest:
        """Return the HTTP request that goes on where an answer was not finished; the key stays with its host."""
        ours = urlsplit(further.url)[:2] == urlsplit(self.base_url)[:2]
        accept = _ACCEPT[self.dialect.framing] if further.stream else "application/json"
        return HttpRequest(
            method="GET", url=further.url, headers={"Accept": accept, **(self._all_headers if ours else {})}
        )

    def unsupported_error(self, feature: str, reason: str, model: str | None = None) -> UnsupportedFeatureError:
        """Return the error for something that the provider cannot do."""
        return UnsupportedFeatureError(
            f"{self.config.display_name} does not support {feature}: {reason}",
            code="unsupported_feature",
            provider=self.config.id,
            model=model,
        )

    def no_chat_error(self) -> UnsupportedFeatureError:
        """Return the error for a chat with a provider that has none."""
        can = [what for what in ("embed", "rerank") if getattr(self.config, what) is not None]
        error = self.unsupported_error("chat", "the service has no chat models")
        error.hint = f"Use {' or '.join(f'client.{what}()' for what in can)}" if can else error.hint
        return error

    # --- wire to ours

    def decode(self, response: HttpResponse) -> ChatCompletionResponse:
        """Return the answer in a whole response.

        Raises:
            AiLibError: It is an error, or not an answer.
        """
        headers = response.headers
        decode = partial(
            self.dialect.decode,
            request_id=self.errors.request_id(headers),
            headers=headers,
            limit_reader=self.rate_limits,
        )
        return self._decoded(decode, response, self._context)

    def decode_models(self, response: HttpResponse) -> list[ModelInfo]:
        """Return the models in a whole response.

        Raises:
            AiLibError: It is an error, or not a list of models.
        """
        return self._decoded(self.dialect.decode_models, response, self._context)

    def raise_for_status(self, response: HttpResponse) -> None:
        """Raise for an answer that is an error, whatever else it may be.

        Raises:
            AiLibError: It is one.
        """
        if response.status >= 300:
            raise self.errors.error(response)

    def decode_operation(self, endpoint: Endpoint, operation: OperationFormat, response: HttpResponse) -> Any:
        """Return what the answer to `operation_request` says.

        Raises:
            AiLibError: It is an error, or not such an answer.
        """
        return self._decoded(operation.decode, response, self._operation_context(endpoint, operation))

    def decode_stream(self, events: Iterable[str]) -> Iterator[ChatCompletionChunk]:
        """Yield the chunks of a stream's events; see `Dialect.decode_stream`."""
        return self.dialect.decode_stream(events, self._context)

    @staticmethod
    def rate_limits(headers: Mapping[str, str]) -> dict[str, LimitStatus]:
        """Return the rate limits that a response's headers report; see `rate_limits.read_rate_limits`.

        A static method, so that a response that keeps it does not keep the key, and can be pickled.
        """
        from ai_lib.providers.rate_limits import read_rate_limits  # few read them, and an import costs every program

        return read_rate_limits(headers)

    def next_page(self, response: HttpResponse) -> Mapping[str, str] | None:
        """Return what to add to the query for the next page of models, or None."""
        return self.dialect.next_page(json.loads(response.body)) if self.dialect.next_page is not None else None

    def next_request(self, response: HttpResponse, *, stream: bool) -> NextRequest | None:
        """Return where to go on when the answer is not finished, or None.

        Args:
            response: The answer.
            stream: Whether a stream is wanted.
        """
        if self.dialect.next_request is None or response.status >= 300:
            return None
        try:
            return self.dialect.next_request(json.loads(response.body), stream)
        except (AttributeError, LookupError, TypeError, ValueError):
            return None  # not formed as promised: `decode` says how

    def _decoded(self, decode: Callable[[Any, Context], T], response: HttpResponse, context: Context) -> T:
        if response.status >= 300:
            raise self.errors.error(response)
        try:
            payload = json.loads(response.body)
        except (ValueError, RecursionError) as exc:
            raise self.errors.not_json_error(response) from exc
        try:
            return decode(payload, context)
        except (AttributeError, LookupError, TypeError, ValueError) as exc:
            # A value of another kind than the dialect promises, such as a number where an object should be.
            raise self.errors.malformed_error(response, exc) from exc

    # --- what several of these need

    def _context_for(self, quirks: Any) -> Context:
        return Context(self.config.id, self.config.owner, quirks, self.errors.embedded_error)

    def _operation_context(self, endpoint: Endpoint, operation: OperationFormat) -> Context:
        options = dict(endpoint.options)
        for field, value in (self.config.url_values(self.base_url) or {}).items():
            texts = {name: text for name, text in options.items() if isinstance(text, str)}
            options |= {name: text.replace(f"{{{field}}}", value) for name, text in texts.items()}
        return self._context_for(operation.quirks(options))

    def _refusing(self, model: str | None, on_unsupported: OnUnsupported, left_out: list[str]) -> Refuse:
        def refuse(field: str, reason: str) -> None:
            if on_unsupported == "raise":
                error = self.unsupported_error(field, reason, model)
                error.hint = "Leave it out, or pass on_unsupported='warn' or 'drop' to have it left out"
                raise error
            left_out.append(f"{field}: {reason}")

        return refuse

    def _left_behind(self, messages: Iterable[Message]) -> list[str]:
        """Return a note for what other providers put on the messages: it means nothing to this one, and stays here."""
        owners = {
            owner
            for message in messages
            for data in (message.provider_data, *[call.provider_data for call in message.tool_calls])
            for owner in data or ()
        }
        return [
            f"provider_data: what {owner} put on the messages (signatures and the like) goes back only to it"
            for owner in sorted(owners - {self.config.owner, "*"})
        ]

    def _url(
        self,
        path: str,
        model: str | None,
        base_url: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> str:
        if "{" in path and model is not None:
            named = model if "/" in model else self.config.model_prefix + model
            path = path.replace("{model}", quote(model, safe="")).replace("{model_path}", quote(named, safe="/"))
        url = (self.base_url if base_url is None else self.config.resolve_url(self.base_url, base_url)) + path
        added = {**self.query, **(query or {})}
        return f"{url}{'&' if '?' in url else '?'}{urlencode(added)}" if added else url

    def _within_limit(self, body: bytes) -> bytes:
        limit = self.config.max_bytes.get("request")
        if limit is not None and len(body) > limit:
            raise InvalidRequestError(
                f"the request has {len(body):,} bytes and {self.config.display_name} takes {limit:,}",
                code="request_too_large",
                provider=self.config.id,
                hint="Upload large files with client.upload_file() where the provider can, or send less",
            )
        return body


def _with_headers(have: Mapping[str, str], more: Mapping[str, str]) -> Mapping[str, str]:
    """Return both; a header that is in both, such as one for beta features, gets both values (RFC 9110 section 5.3)."""
    if not more:
        return have
    spelled = {name.lower(): name for name in have}
    added = {spelled.get(name.lower(), name): value for name, value in more.items()}
    return {**have, **{name: f"{have[name]}, {value}" if name in have else value for name, value in added.items()}}


def _json_bytes(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequestError(f"the request contains a value that cannot be represented as JSON: {exc}") from exc
