"""Masks keys in headers, addresses and contents, wherever they occur."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlencode, urlsplit, urlunsplit

from ai_lib.metrics.redaction import MASK, redact

__all__ = ["is_secret", "mask_secrets", "masked_headers", "masked_url", "secrets_of"]

# Shorter ones are words such as "test", which would be masked in questions too; no provider issues such keys.
_MIN_SECRET_LENGTH = 8
# Singular on purpose: x-ratelimit-remaining-tokens counts tokens.
_SECRET_WORDS = frozenset({
    "apikey", "auth", "authentication", "authorization", "bearer", "cookie", "credential", "credentials", "jwt",
    "key", "passphrase", "passwd", "password", "pwd", "secret", "session", "sid", "sig", "signature", "token",
})  # fmt: skip
# Its value must be the same for every attempt, and a test may want to check that it is.
_NOT_SECRET = frozenset({"idempotency-key"})


def is_secret(name: str) -> bool:
    """Return whether the name of a header or query field suggests a secret."""
    if name.lower() in _NOT_SECRET:
        return False
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return not _SECRET_WORDS.isdisjoint(re.split(r"[^a-z0-9]+", spaced.lower()))


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers with names in lower case and secrets masked."""
    masked = {}
    for name, value in headers.items():
        scheme, space, _ = str(value).partition(" ")
        masked[name.lower()] = str(value) if not is_secret(name) else f"{scheme} {MASK}" if space else MASK
    return masked


def masked_url(url: str) -> str:
    """Return an address with the secrets of its query masked, and without a password before its host."""
    parts = urlsplit(url)
    parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    fields = parse_qsl(parts.query, keep_blank_values=True)
    if any(is_secret(name) for name, _ in fields):
        masked = [(name, MASK if is_secret(name) else value) for name, value in fields]
        parts = parts._replace(query=urlencode(masked, safe="*"))
    return urlunsplit(parts)


def secrets_of(url: str, headers: Mapping[str, str]) -> set[str]:
    """Return the secrets that a request carries, so that they can be masked where a server repeats them."""
    parts = urlsplit(url)
    secrets = {value for name, value in headers.items() if is_secret(name)}
    secrets |= {value.partition(" ")[2] for value in secrets}
    for value in [value for name, value in headers.items() if "cookie" in name.lower()]:
        secrets |= {pair.partition("=")[2].strip() for pair in value.split(";")}
    secrets |= {value for name, value in parse_qsl(parts.query) if is_secret(name)}
    secrets |= {unquote(value) for value in (parts.username, parts.password) if value}
    return {value for value in secrets if len(value) >= _MIN_SECRET_LENGTH}


def mask_secrets(content: bytes, secrets: Iterable[str]) -> bytes:
    """Replace every secret in a content by asterisks.

    There is one asterisk for each byte, so that a recorded stream can be split again at the same places.

    Args:
        content: The body that a server or a client sent.
        secrets: The known secrets; whatever looks like a key is masked as well.
    """
    forms = {
        form for secret in secrets for form in (secret, secret.replace("/", "\\/"), quote(secret), quote_plus(secret))
    }
    for form in sorted(forms, key=len, reverse=True):
        encoded = form.encode()
        content = content.replace(encoded, b"*" * len(encoded))
    # Keys that are not known to us, such as another key in a provider's error. In Latin-1 one byte is one character.
    return redact(content.decode("latin-1"), keep_length=True).encode("latin-1")
