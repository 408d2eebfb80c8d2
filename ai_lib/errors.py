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
    ├── TransportError                   the request or its answer was lost
    │   ├── NetworkError
    │   │   ├── DNSError
    │   │   ├── ConnectError
    │   │   ├── TLSError
    │   │   ├── ProxyError
    │   │   └── ConnectionLostError
    │   ├── RequestTimeoutError
    │   └── StreamInterruptedError
    │       └── StreamTimeoutError       (also a RequestTimeoutError)
    ├── InvalidResponseError             the answer is malformed
    ├── CircuitOpenError                 stopped by this library, before any I/O
    ├── BackpressureError
    ├── BudgetExceededError
    ├── CancelledError
    ├── ToolArgumentsError
    └── ToolLoopError                    run_tools did not finish

The classes follow what the caller can do about the error. Facts are in attributes; a message never contains a key or a
prompt. Every class survives pickling and copying with equal attributes.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

__all__ = [
    "AiLibError", "AuthenticationError", "BackpressureError", "BudgetExceededError", "CancelledError",
    "CircuitOpenError", "ConfigurationError", "ConnectError", "ConnectionLostError", "ContentFilterError",
    "ContextLengthError", "DNSError", "InvalidRequestError", "InvalidResponseError", "MissingKeyError",
    "ModelNotFoundError", "NetworkError", "OverloadedError", "PermissionDeniedError", "ProviderError", "ProxyError",
    "QuotaExceededError", "RateLimitError", "RequestTimeoutError", "Severity", "StreamInterruptedError",
    "StreamTimeoutError", "TLSError", "ToolArgumentsError", "ToolLoopError", "TransportError",
    "UnsupportedFeatureError",
]  # fmt: skip

Severity = Literal["client", "fatal", "transient", "server"]


class AiLibError(Exception):
    """The base class of every error that the library raises on purpose.

    Attributes:
        message: What happened, in one line, from the provider or this library.
        status: The HTTP status, or None when there was no answer.
        code: The provider's error code or type, or this library's own code.
        provider: The provider's id.
        model: The model that was called.
        request_id: The id to quote to the provider's support.
        retry_after: Seconds to wait, where the provider named them.
        retryable: Whether the same call may succeed when repeated, and cannot have been worked on already.
        ambiguous: Whether the request was sent and no whole answer came: the provider may work on it, and bill it.
        fallbackable: Whether another provider or model may succeed where this one failed.
        severity: "client" (fix the request), "fatal" (fix the settings), "transient" (wait) or "server".
        attempts: One `Attempt` for each request made before this error was raised.
        timings: Seconds of the call by purpose: queue, rate_limit, backoff, connect, first_byte, body, stream.
        errors: The error of each target of a fallback chain or a hedge; otherwise empty.
        body: The provider's answer as text, truncated and without the key.
        partial: The `ChatCompletionResponse` of what had arrived of a stream; otherwise None.
        hint: Advice on what to do.
    """

    retryable: bool = False
    ambiguous: bool = False
    fallbackable: bool = False
    severity: Severity = "client"
    hint: str = ""
    default_code: ClassVar[str | None] = None
    reports_timings: ClassVar[bool] = False

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

    def is_retryable(self) -> bool:
        """Return whether the same call may succeed when repeated, as `retryable` says."""
        return self.retryable

    def __str__(self) -> str:
        origin = " ".join(str(part) for part in (self.provider, self.status) if part is not None)
        text = f"{origin}: {self.message}" if origin else self.message
        if self.request_id:
            text += f" (request {self.request_id})"
        if len(self.attempts) > 1:
            text += f" after {len(self.attempts)} attempts"
        if self.errors:
            failures = ", ".join(f"{error.provider}: {type(error).__name__}" for error in self.errors)
            text += f"; every target failed ({failures})"
        if self.timings and self.reports_timings:
            shares = ", ".join(f"{purpose} {seconds:.2g} s" for purpose, seconds in self.timings.items())
            text += f"; time was spent on {shares}"
        return f"{text}. {self.hint}" if self.hint else text


class ConfigurationError(AiLibError):
    """A setting is missing or invalid; nothing was sent."""

    severity: Severity = "fatal"


class InvalidRequestError(AiLibError):
    """The request is invalid; sending it again fails in the same way."""


class ContextLengthError(InvalidRequestError):
    """The prompt, alone or with the requested answer, is too long for the model."""

    fallbackable = True
    hint = "Shorten the messages, lower max_tokens, or choose a model with a larger context"


class UnsupportedFeatureError(InvalidRequestError):
    """The provider does not support something in the request; nothing was sent."""

    fallbackable = True


class ContentFilterError(InvalidRequestError):
    """The provider refused the content of the prompt or of the answer."""

    fallbackable = True
    hint = "Change the content; sending it again gives the same result"


class AuthenticationError(AiLibError):
    """The provider rejected the key."""

    severity: Severity = "fatal"
    fallbackable = True
    hint = "Check that the API key is right, active, and meant for this provider and region"


class MissingKeyError(ConfigurationError, AuthenticationError):
    """The provider requires an API key and none was given; nothing was sent."""

    hint = ""


class PermissionDeniedError(AiLibError):
    """The key is valid but lacks the permission."""

    severity: Severity = "fatal"
    fallbackable = True
    hint = "Check the permissions of the key and whether the account may use this model or region"


class ModelNotFoundError(AiLibError):
    """The provider does not have the model, or the URL."""

    fallbackable = True
    hint = "Check the model's name (client.list_models() shows what the key can use) and the base URL"


class RateLimitError(AiLibError):
    """The key sent too many requests or tokens in a period of time."""

    retryable = fallbackable = True
    severity: Severity = "transient"
    hint = "Send more slowly, or wait for retry_after seconds"


class QuotaExceededError(AiLibError):
    """The account has no credit or has used up its plan; waiting briefly does not help."""

    fallbackable = True
    severity: Severity = "fatal"
    hint = "Check the account's plan and billing"


class ProviderError(AiLibError):
    """The provider failed."""

    retryable = fallbackable = True
    severity: Severity = "server"


class OverloadedError(ProviderError):
    """The provider has no capacity at the moment."""

    severity: Severity = "transient"
    hint = "Try again later or on another provider"


class TransportError(AiLibError):
    """The request or its answer was lost on the way."""

    fallbackable = True
    severity: Severity = "transient"


class NetworkError(TransportError):
    """The connection failed; `code` names the layer."""

    retryable = True
    default_code = "network_error"


class DNSError(NetworkError):
    """The host name cannot be resolved."""

    default_code = "dns_failure"
    hint = "Check the spelling of the base URL and the machine's DNS and network"


class ConnectError(NetworkError):
    """Nothing accepts connections at the address."""

    default_code = "connection_refused"
    hint = "Check that the server is running and that base URL and port are right"


class TLSError(NetworkError):
    """The TLS handshake failed; sending again gives the same result."""

    retryable = False
    default_code = "tls_failure"
    hint = "Check the clock, and name a private CA's file with verify=, REQUESTS_CA_BUNDLE or SSL_CERT_FILE"


class ProxyError(NetworkError):
    """The proxy cannot be reached or refuses to connect."""

    default_code = "proxy_failure"
    hint = "Check the proxy's address and credentials, or pass disable_proxy=True"


class ConnectionLostError(NetworkError):
    """The server closed or reset the connection before the answer was complete."""

    default_code = "connection_lost"
    hint = "A proxy or a restart of the server may have cut the connection; try again"


class RequestTimeoutError(TransportError):
    """A timeout expired; `code` is connect_timeout, first_byte_timeout, idle_timeout or total_timeout.

    Only a connect timeout is retried: otherwise the provider may already be working on the request, and bill a second
    one too (`ambiguous`; see `RetryPolicy.retry_ambiguous`).
    """

    default_code = "total_timeout"
    reports_timings = True


class StreamInterruptedError(TransportError):
    """A stream ended before the dialect's end marker; what had arrived is in `.partial`."""

    default_code = "stream_interrupted"
    hint = "What had arrived is in .partial"


class StreamTimeoutError(StreamInterruptedError, RequestTimeoutError):
    """A stream was silent for too long or exceeded its total timeout; what had arrived is in `.partial`."""

    default_code = "idle_timeout"


class InvalidResponseError(AiLibError):
    """The answer is malformed: HTML, invalid JSON, no choices."""

    fallbackable = True
    severity: Severity = "server"


class CircuitOpenError(AiLibError):
    """The circuit breaker is open: recent calls failed, so this one was not sent."""

    default_code = "circuit_open"
    fallbackable = True
    severity: Severity = "transient"
    hint = "Wait for retry_after seconds, or add providers to fall back to"


class BackpressureError(AiLibError):
    """Too many calls are already running or queued in this process; this one was not sent."""

    default_code = "queue_full"
    retryable = fallbackable = True
    severity: Severity = "transient"
    reports_timings = True
    hint = "Make fewer concurrent calls, or raise the concurrency limit or the length of its queue"


class BudgetExceededError(AiLibError):
    """The call could cost more than remains of a budget, or its cost is unknown; it was not sent."""

    default_code = "budget_exceeded"
    hint = "Pass a smaller max_tokens, or raise the budget"


class CancelledError(AiLibError):
    """The caller cancelled the call; what had arrived of a stream is in `.partial`."""

    default_code = "cancelled"


class ToolArgumentsError(AiLibError):
    """The model wrote tool arguments that are not a JSON object.

    Attributes:
        arguments_json: The model's text.
    """

    default_code = "invalid_tool_arguments"

    def __init__(self, message: str = "", *, arguments_json: str = "", **facts: Any) -> None:
        super().__init__(message, **facts)
        self.arguments_json = arguments_json


class ToolLoopError(AiLibError):
    """`run_tools` stopped because the model kept calling tools.

    `code` is max_rounds, or repeated_calls when the model repeated the same calls. The last answer is in `.partial`,
    with the whole conversation in its `messages`.
    """

    default_code = "max_rounds"
    hint = "Inspect .partial.messages; raise max_rounds, or tell the model when to stop"
