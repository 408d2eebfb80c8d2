"""Every exception of the library.

    AiLibError
    ├── ConfigurationError               fix the settings
    │   └── MissingKeyError              (also an AuthenticationError)
    ├── InvalidRequestError              fix the request
    │   ├── ContextLengthError
    │   ├── UnsupportedFeatureError
    │   └── ContentFilterError
    ├── AuthenticationError              fix the key
    ├── PermissionDeniedError
    ├── ModelNotFoundError
    ├── RateLimitError                   wait
    ├── QuotaExceededError               pay
    ├── ProviderError                    the provider failed
    │   └── OverloadedError
    ├── TransportError                   the bytes did not get through
    │   ├── NetworkError
    │   │   ├── DNSError
    │   │   ├── ConnectError
    │   │   ├── TLSError
    │   │   ├── ProxyError
    │   │   └── ConnectionLostError
    │   ├── RequestTimeoutError
    │   └── StreamInterruptedError
    │       └── StreamTimeoutError       (also a RequestTimeoutError)
    ├── InvalidResponseError             the answer is not what the dialect promises
    ├── CircuitOpenError                 stopped on this side, before any I/O
    ├── BackpressureError
    ├── BudgetExceededError
    ├── CancelledError
    ├── ToolArgumentsError
    └── ToolLoopError                    run_tools came to no end

The split follows what the caller can do about it. Facts are in attributes; a message never holds a key or a
prompt. Every class survives pickling and copying with equal attributes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

__all__ = [
    "AiLibError",
    "AuthenticationError",
    "BackpressureError",
    "BudgetExceededError",
    "CancelledError",
    "CircuitOpenError",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLostError",
    "ContentFilterError",
    "ContextLengthError",
    "DNSError",
    "InvalidRequestError",
    "InvalidResponseError",
    "MissingKeyError",
    "ModelNotFoundError",
    "NetworkError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProviderError",
    "ProxyError",
    "QuotaExceededError",
    "RateLimitError",
    "RequestTimeoutError",
    "Severity",
    "StreamInterruptedError",
    "StreamTimeoutError",
    "TLSError",
    "ToolArgumentsError",
    "ToolLoopError",
    "TransportError",
    "UnsupportedFeatureError",
]

Severity = Literal["client", "fatal", "transient", "server"]


class AiLibError(Exception):
    """The root of every error that the library raises on purpose.

    Attributes:
        message: What happened, in one line, as the provider or this library said it.
        status: The HTTP status, or None when there was no answer.
        code: The provider's error code or type, or this library's word for the failure.
        provider: The provider's id.
        model: The model that was asked.
        request_id: The id to quote to the provider's support.
        retry_after: Seconds to wait, when the provider named them.
        retryable: The same call may succeed when tried again, and cannot have been worked on already.
        ambiguous: The request was sent and no whole answer came: the provider may have worked on it, and bill it.
        fallbackable: Another provider or model may succeed where this one failed.
        severity: "client" (fix the request), "fatal" (fix the set-up), "transient" (wait), "server".
        attempts: One `Attempt` for each call made before this error was raised.
        timings: Seconds of the call by what they went to: queue, rate_limit, backoff, connect, first_byte, body,
            stream.
        errors: Of a fallback chain or a hedge, what each target raised; else empty.
        body: The provider's answer as text, cut and without the key.
        partial: Of a stream, the `ChatCompletionResponse` folded from what had arrived; else None.
        hint: What the user can do.
    """

    retryable: bool = False
    ambiguous: bool = False
    fallbackable: bool = False
    severity: Severity = "client"
    hint: str = ""
    default_code: ClassVar[str | None] = None
    tells_timings: ClassVar[bool] = False

    def __init__(
        self,
        message: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        hint: str | None = None,
        body: str | None = None,
    ) -> None:
        # Only `message` goes into args, so pickle can call the class with it and restore the rest from __dict__.
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code if code is not None else self.default_code
        self.provider = provider
        self.model = model
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body
        self.attempts: tuple[Any, ...] = ()
        self.timings: dict[str, float] = {}
        self.errors: tuple[AiLibError, ...] = ()
        self.partial: Any = None
        if retryable is not None:
            self.retryable = retryable
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        where = " ".join(str(part) for part in (self.provider, self.status) if part is not None)
        text = f"{where}: {self.message}" if where else self.message
        if self.request_id:
            text += f" (request {self.request_id})"
        if len(self.attempts) > 1:
            text += f" after {len(self.attempts)} attempts"
        if self.errors:
            each = ", ".join(f"{error.provider}: {type(error).__name__}" for error in self.errors)
            text += f"; every target failed ({each})"
        if self.timings and self.tells_timings:
            each = ", ".join(f"{purpose} {took:.2g} s" for purpose, took in self.timings.items())
            text += f"; the time went to {each}"
        return f"{text}. {self.hint}" if self.hint else text


class ConfigurationError(AiLibError):
    """A setting is missing or cannot be used; nothing was sent."""

    severity: Severity = "fatal"


class InvalidRequestError(AiLibError):
    """The request is wrong and will stay wrong however often it is sent."""


class ContextLengthError(InvalidRequestError):
    """The prompt, or the prompt and the answer asked for, is too long for the model."""

    fallbackable = True
    hint = "Shorten the messages, lower max_tokens, or choose a model with a larger context"


class UnsupportedFeatureError(InvalidRequestError):
    """The provider has no form for something in the request; nothing was sent."""

    fallbackable = True


class ContentFilterError(InvalidRequestError):
    """The provider refused the content of the prompt or of the answer."""

    fallbackable = True
    hint = "Change the content; sending it again gives the same answer"


class AuthenticationError(AiLibError):
    """The provider does not accept the key."""

    severity: Severity = "fatal"
    fallbackable = True
    hint = "Check that the API key is right, active, and meant for this provider and region"


class MissingKeyError(ConfigurationError, AuthenticationError):
    """The provider needs an API key and none was given; nothing was sent."""

    hint = ""


class PermissionDeniedError(AiLibError):
    """The key is valid but may not do this."""

    severity: Severity = "fatal"
    fallbackable = True
    hint = "Check the permissions of the key and whether the account may use this model or region"


class ModelNotFoundError(AiLibError):
    """The provider does not know the model, or the URL."""

    fallbackable = True
    hint = "Check the model's name (client.list_models() shows what the key can use) and the base URL"


class RateLimitError(AiLibError):
    """Too many requests or tokens in a window of time."""

    retryable = True
    fallbackable = True
    severity: Severity = "transient"
    hint = "Send more slowly, or wait for retry_after seconds"


class QuotaExceededError(AiLibError):
    """The account has no credit or has used up its plan; waiting a moment does not help."""

    fallbackable = True
    severity: Severity = "fatal"
    hint = "Check the plan and the billing of the account"


class ProviderError(AiLibError):
    """The provider failed."""

    retryable = True
    fallbackable = True
    severity: Severity = "server"


class OverloadedError(ProviderError):
    """The provider has no capacity just now."""

    severity: Severity = "transient"
    hint = "Try again later or on another provider"


class TransportError(AiLibError):
    """The request or its answer did not get through."""

    fallbackable = True
    severity: Severity = "transient"


class NetworkError(TransportError):
    """The connection failed; `code` says at which layer."""

    retryable = True
    default_code = "network_error"


class DNSError(NetworkError):
    """The host's name cannot be resolved."""

    default_code = "dns_failure"
    hint = "Check the spelling of the base URL and the machine's DNS and network"


class ConnectError(NetworkError):
    """Nothing accepts connections at the address."""

    default_code = "connection_refused"
    hint = "Check that the server is running and that base URL and port are right"


class TLSError(NetworkError):
    """The secure connection could not be made; sending again gives the same result."""

    retryable = False
    default_code = "tls_failure"
    hint = "Check the clock, and name the company's CA file with verify=, REQUESTS_CA_BUNDLE or SSL_CERT_FILE"


class ProxyError(NetworkError):
    """The proxy cannot be reached or refuses to connect."""

    default_code = "proxy_failure"
    hint = "Check the proxy's address and credentials, or pass disable_proxy=True"


class ConnectionLostError(NetworkError):
    """The other side closed or reset the connection before the answer was whole."""

    default_code = "connection_lost"
    hint = "A proxy or a restart of the server may have cut the connection; try again"


class RequestTimeoutError(TransportError):
    """A limit of time ran out; `code` is connect_timeout, first_byte_timeout, idle_timeout or total_timeout.

    Only a connect timeout is retried: in the other cases the provider may already be working on the request,
    and a second one would be paid for as well (`ambiguous`; see `RetryPolicy.retry_ambiguous`).
    """

    default_code = "total_timeout"
    tells_timings = True


class StreamInterruptedError(TransportError):
    """A stream ended before the dialect's end marker; what had arrived is in `.partial`."""

    default_code = "stream_interrupted"
    hint = "What had arrived is in .partial"


class StreamTimeoutError(StreamInterruptedError, RequestTimeoutError):
    """A stream went silent for too long or ran past its total time; what had arrived is in `.partial`."""

    default_code = "idle_timeout"


class InvalidResponseError(AiLibError):
    """The answer is not what the dialect promises: HTML, broken JSON, no choices."""

    fallbackable = True
    severity: Severity = "server"


class CircuitOpenError(AiLibError):
    """The circuit breaker is open: recent calls failed, so this one was not sent."""

    default_code = "circuit_open"
    fallbackable = True
    severity: Severity = "transient"
    hint = "Wait for retry_after seconds, or name other providers to fall back to"


class BackpressureError(AiLibError):
    """Too many calls are already running or waiting in this process; this one was not sent."""

    default_code = "queue_full"
    retryable = True
    fallbackable = True
    severity: Severity = "transient"
    tells_timings = True
    hint = "Make fewer calls at once, or raise the limit of concurrent calls or its queue"


class BudgetExceededError(AiLibError):
    """The call could cost more than is left of a budget, or nobody knows what it costs; it was not sent."""

    default_code = "budget_exceeded"
    hint = "Pass a smaller max_tokens, or raise the budget"


class CancelledError(AiLibError):
    """The caller cancelled the call; what had arrived of a stream is in `.partial`."""

    default_code = "cancelled"


class ToolArgumentsError(AiLibError):
    """The model wrote tool arguments that are not a JSON object.

    Attributes:
        arguments_json: The text as the model wrote it.
    """

    default_code = "invalid_tool_arguments"

    def __init__(self, message: str = "", *, arguments_json: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.arguments_json = arguments_json


class ToolLoopError(AiLibError):
    """`run_tools` was ended since the model goes on calling tools.

    `code` is max_rounds, or repeated_calls when it asked for the same again and again. The last answer is in
    `.partial`, with the whole conversation on its `messages`.
    """

    default_code = "max_rounds"
    hint = "Look at .partial.messages; raise max_rounds, or tell the model when to stop"
