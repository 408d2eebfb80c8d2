"""Authorization added to each request just before it is sent: tokens that expire, and signatures."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ai_lib.api.transport import HttpStream, Transport
from ai_lib.errors import ConfigurationError
from ai_lib.types.wire import HttpRequest, HttpResponse

__all__ = ["AuthorizedTransport", "bearer_auth"]


@attrs.frozen
class AuthorizedTransport:
    """Authorizes each request, then sends it.

    Args:
        inner: The transport that sends the request.
        authorize: Returns the request with its authorization; called for every attempt.
    """

    inner: Transport
    authorize: Callable[[HttpRequest], HttpRequest]

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the whole response."""
        return self.inner.send(self.authorize(request))

    def stream(self, request: HttpRequest) -> HttpStream:
        """Send a request and return once the response's headers have arrived."""
        return self.inner.stream(self.authorize(request))

    def close(self) -> None:
        """Close the inner transport."""
        self.inner.close()


def bearer_auth(token: Callable[[], str]) -> Callable[[HttpRequest], HttpRequest]:
    """Return a function that adds a bearer token to each request (RFC 6750).

    Args:
        token: Returns the token; it may cache it until it expires.
    """

    def authorize(request: HttpRequest) -> HttpRequest:
        value = token()
        if not isinstance(value, str) or not value or any(not 33 <= ord(character) <= 126 for character in value):
            raise ConfigurationError(
                "token() must return a bearer token, a string of visible ASCII characters", code="bad_api_key"
            )
        return attrs.evolve(request, headers={**request.headers, "Authorization": f"Bearer {value}"})

    return authorize
