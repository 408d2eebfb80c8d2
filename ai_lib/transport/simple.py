"""Makes a transport of a class that only takes bytes and gives bytes."""

from __future__ import annotations

import attrs

from ai_lib.api.transport import BytesTransport, HttpStream, Transport
from ai_lib.errors import ConfigurationError, UnsupportedFeatureError
from ai_lib.types.wire import HttpRequest, HttpResponse

__all__ = ["SimpleTransport", "transport_from"]


@attrs.frozen
class SimpleTransport:
    """Sends through `post(url, body) -> bytes`; whatever it returns counts as a successful answer.

    Args:
        inner: The user's object.
    """

    inner: BytesTransport

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a POST request.

        Raises:
            UnsupportedFeatureError: The request is a GET.
        """
        if request.body is None:
            raise UnsupportedFeatureError(
                f"{type(self.inner).__name__} only has post(url, body); a GET needs a Transport", code="no_get"
            )
        return HttpResponse(status=200, body=self.inner.post(request.url, request.body))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Raise, since a stream cannot come out of one value.

        Raises:
            UnsupportedFeatureError: Always.
        """
        raise UnsupportedFeatureError(
            f"{type(self.inner).__name__} only has post(url, body) and cannot stream",
            code="no_stream",
            hint="Use chat(), or give it a stream(request) method as in ai_lib.api.transport.Transport",
        )

    def close(self) -> None:
        """Close the user's object, where it can be closed."""
        close = getattr(self.inner, "close", None)
        if close is not None:
            close()


def transport_from(given: object) -> Transport:
    """Return a transport for what the user passed.

    Raises:
        ConfigurationError: It is neither kind of transport.
    """
    if isinstance(given, Transport):
        return given
    if isinstance(given, BytesTransport):
        return SimpleTransport(given)
    raise ConfigurationError(
        f"{type(given).__name__} is no transport: it needs send(), stream() and close(), or post(url, body) -> bytes"
    )
