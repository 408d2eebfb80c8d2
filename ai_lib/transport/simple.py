"""A transport made from an object that only has `post(url, body) -> bytes`."""

from __future__ import annotations

import attrs

from ai_lib.api.transport import BytesTransport, HttpStream, Transport
from ai_lib.errors import ConfigurationError, UnsupportedFeatureError
from ai_lib.types.wire import HttpRequest, HttpResponse

__all__ = ["SimpleTransport", "as_transport"]


@attrs.frozen
class SimpleTransport:
    """Sends requests through `post(url, body) -> bytes`; every value it returns counts as a successful response.

    Args:
        inner: The object with the method `post`.
    """

    inner: BytesTransport

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a POST request.

        Raises:
            UnsupportedFeatureError: The request is a GET.
        """
        if request.body is None:
            raise UnsupportedFeatureError(
                f"{type(self.inner).__name__} only has post(url, body) and cannot send a GET; pass a Transport instead",
                code="no_get",
            )
        return HttpResponse(status=200, body=self.inner.post(request.url, request.body))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Raise an error, since one value cannot be a stream.

        Raises:
            UnsupportedFeatureError: Always.
        """
        raise UnsupportedFeatureError(
            f"{type(self.inner).__name__} only has post(url, body) and cannot stream",
            code="no_stream",
            hint="Use chat(), or pass an object with the methods of ai_lib.transport.Transport",
        )

    def close(self) -> None:
        """Close the object, if it has a method `close`."""
        close = getattr(self.inner, "close", None)
        if close is not None:
            close()


def as_transport(value: object) -> Transport:
    """Return a transport for the object that the user passed.

    Raises:
        ConfigurationError: It is neither a `Transport` nor a `BytesTransport`.
    """
    if isinstance(value, Transport):
        return value
    if isinstance(value, BytesTransport):
        return SimpleTransport(value)
    raise ConfigurationError(
        f"{type(value).__name__} is not a transport; it needs send(), stream() and close(), or post(url, body) -> bytes"
    )
