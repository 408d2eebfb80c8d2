"""A transport that authorizes each request just before it is sent: tokens that expire, and signatures."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import ConfigurationError
from ai_lib.types.wire import HttpRequest, HttpResponse

__all__ = ["AuthorizedTransport", "bearer_auth"]


@attrs.frozen
class AuthorizedTransport:
    """Sends what `authorize` makes of each request.

    Args:
        inner: What moves the bytes.
        authorize: Returns the request with what proves who sends it; asked anew for every attempt.
    """

    inner: Transport
    authorize: Callable[[HttpRequest], HttpRequest]

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response."""
        return self.inner.send(self.authorize(request))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Send a request and return once the response's headers are in."""
        return self.inner.stream(self.authorize(request))

    def close(self) -> None:
        """Free what the inner transport holds open."""
        self.inner.close()


def bearer_auth(token: Callable[[], str]) -> Callable[[HttpRequest], HttpRequest]:
    """Return what puts a bearer token into each request (RFC 6750).

    Args:
        token: Returns the token; it may keep it until it expires.
    """

    def authorize(request: HttpRequest) -> HttpRequest:
        value = token()
        if not isinstance(value, str) or not value or any(not 33 <= ord(character) <= 126 for character in value):
            raise ConfigurationError("token() must return a bearer token: text without blanks", code="bad_api_key")
        return attrs.evolve(request, headers={**request.headers, "Authorization": f"Bearer {value}"})

    return authorize
