"""Takes keys out of what is kept: out of headers, addresses and contents, wherever they turn up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlencode, urlsplit, urlunsplit

from ai_lib.metrics.redaction import MASK, redact

__all__ = ["MASK", "is_secret", "masked_headers", "masked_url", "secrets_of", "without_secrets"]

# Shorter ones are words such as "test", which would be taken out of questions too; no provider gives such keys.
_SHORTEST = 8
# Singular on purpose: x-ratelimit-remaining-tokens counts tokens.
_SECRET_WORDS = frozenset(
    {
        "apikey",
        "auth",
        "authentication",
        "authorization",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "jwt",
        "key",
        "passphrase",
        "passwd",
        "password",
        "pwd",
        "secret",
        "session",
        "sid",
        "sig",
        "signature",
        "token",
    }
)
# The value must be the same for every attempt, and a test may want to see that it is.
_NO_SECRETS = frozenset({"idempotency-key"})


def is_secret(name: str) -> bool:
    """Return whether a header, or a field of a query, has a name that secrets have."""
    if name.lower() in _NO_SECRETS:
        return False
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return not _SECRET_WORDS.isdisjoint(re.split(r"[^a-z0-9]+", spaced.lower()))


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with their names in lower case, and asterisks where a secret stood."""
    return {name.lower(): _masked(value) if is_secret(name) else str(value) for name, value in headers.items()}


def _masked(value: str) -> str:
    scheme, blank, _ = str(value).partition(" ")
    return f"{scheme} {MASK}" if blank else MASK


def masked_url(url: str) -> str:
    """Return an address with asterisks for the secrets in its query, and without the password before its host."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if not any(is_secret(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        return urlunsplit(parts._replace(netloc=host))
    fields = parse_qsl(parts.query, keep_blank_values=True)
    query = urlencode([(name, MASK if is_secret(name) else value) for name, value in fields], safe="*")
    return urlunsplit(parts._replace(netloc=host, query=query))


def secrets_of(url: str, headers: Mapping[str, str]) -> set[str]:
    """Return the secrets that go along with a request, so that they are found again where a server repeats them."""
    parts = urlsplit(url)
    found = {value for name, value in headers.items() if is_secret(name)}
    found |= {value.partition(" ")[2] for value in found}
    for value in [value for name, value in headers.items() if "cookie" in name.lower()]:
        found |= {pair.partition("=")[2].strip() for pair in value.split(";")}
    found |= {value for name, value in parse_qsl(parts.query) if is_secret(name)}
    found |= {unquote(value) for value in (parts.username, parts.password) if value}
    return {value for value in found if len(value) >= _SHORTEST}


def without_secrets(content: bytes, secrets: Iterable[str]) -> bytes:
    """Return the content with asterisks for every secret in it.

    There are as many asterisks as the secret had bytes, so that a stream can be cut again where it was cut.

    Args:
        content: What a server, or a client, sent.
        secrets: The secrets that are known; what has the form of a key goes as well.
    """
    forms = {
        form for secret in secrets for form in (secret, secret.replace("/", "\\/"), quote(secret), quote_plus(secret))
    }
    for form in sorted(forms, key=len, reverse=True):
        encoded = form.encode()
        content = content.replace(encoded, b"*" * len(encoded))
    # What looks like a key although nobody told it to us: another key in a provider's error, say. One byte is one
    # character in this encoding.
    return redact(content.decode("latin-1"), keep_length=True).encode("latin-1")
