"""Bytes out, bytes in: the default transport, and the protocols to implement for another one.

>>> from ai_lib import AiClient
>>> from ai_lib.transport import HttpTransport
>>> client = AiClient("ollama", transport=HttpTransport(pool_size=8))

Knows no provider. The only package that may import requests, urllib3 and sseclient.
"""

from typing import TYPE_CHECKING

from ai_lib.utils.lazy import lazy_exports

if TYPE_CHECKING:
    from ai_lib.api.transport import BytesTransport, HttpStream, Transport
    from ai_lib.transport.authorized import AuthorizedTransport, bearer_auth
    from ai_lib.transport.embedded import EmbeddedTransport
    from ai_lib.transport.http import HttpTransport
    from ai_lib.types.wire import HttpRequest, HttpResponse, Timeout
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "api.transport": "BytesTransport HttpStream Transport",
            "transport.authorized": "AuthorizedTransport bearer_auth",
            "transport.embedded": "EmbeddedTransport",
            "transport.http": "HttpTransport",
            "types.wire": "HttpRequest HttpResponse Timeout",
        },
    )

__all__ = [
    "AuthorizedTransport", "BytesTransport", "EmbeddedTransport", "HttpRequest", "HttpResponse", "HttpStream",
    "HttpTransport", "Timeout", "Transport", "bearer_auth",
]  # fmt: skip
