"""Access tokens from Google Cloud's application default credentials.

Source: https://google-auth.readthedocs.io/en/stable/user-guide.html#application-default-credentials
"""

from __future__ import annotations

import threading
from typing import Any

from ai_lib.errors import AuthenticationError, ConfigurationError, ConnectError

__all__ = ["GoogleToken"]

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_HINT = (
    "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to a service account's file; "
    "or pass ConnectionOptions(token=...)"
)


class GoogleToken:
    """Returns an access token, renewed when it is about to expire. Safe to share between threads."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._lock = threading.Lock()
        try:
            import google.auth  # noqa: F401
        except ImportError as exc:
            raise ConfigurationError(
                'Google Cloud credentials need the package google-auth: pip install "ai-lib[google]"; '
                "or pass ConnectionOptions(token=...)",
                code="missing_package",
            ) from exc

    def __call__(self) -> str:
        """Return the token.

        Raises:
            AuthenticationError: There are no credentials, or Google refused them.
            ConnectError: Google's token service could not be reached.
        """
        import google.auth
        import google.auth.transport.requests
        from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

        with self._lock:
            try:
                if self._credentials is None:
                    self._credentials, _ = google.auth.default(scopes=[_SCOPE])
                if not self._credentials.valid:
                    self._credentials.refresh(google.auth.transport.requests.Request())
            except DefaultCredentialsError as exc:
                raise AuthenticationError(
                    "no Google Cloud credentials found", code="missing_api_key", hint=_HINT
                ) from exc
            except TransportError as exc:
                raise ConnectError("Google's token service could not be reached", code="token_service") from exc
            except GoogleAuthError as exc:
                raise AuthenticationError(
                    f"Google Cloud refused the credentials: {type(exc).__name__}", code="bad_credentials", hint=_HINT
                ) from exc
            token: str = self._credentials.token
            return token

    def __reduce__(self) -> tuple[type[GoogleToken], tuple[()]]:
        return GoogleToken, ()  # the copy looks up its own credentials, maybe on another machine
