"""Keys and other secrets taken out of what people and models write, before it is kept."""

from __future__ import annotations

import re

__all__ = ["MASK", "redacted"]

MASK = "***"

_PREFIXED = re.compile(
    # After a letter only where that is the end of an escaped line break, as in JSON within text.
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?:"
    r"sk-[A-Za-z0-9_-]{8,}|(?:gsk_|xai-)[A-Za-z0-9_-]{8,}"
    # Words such as hf_hub_download begin like these keys, but have no digit.
    r"|(?:pk|rk|sk|pplx|hf|r8|nvapi|csk|fw|tgp|gh[pousr]|github_pat|xox[abprs])[-_](?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{16,}|A(?:KIA|SIA)[A-Z0-9]{12,}"
    # A JWT: the first part of each begins with {" in base64.
    r"|eyJ[A-Za-z0-9_-]{6,512}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*"
    r")"
)
# A word of letters alone may follow "bearer" in any text about bearers; a token is longer, or has digits.
_BEARER = re.compile(
    r"\b(bearer\s+)(?:(?=[A-Za-z._~+/=-]*[0-9])[A-Za-z0-9._~+/=-]{6,}|[A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE
)
_PEM = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]*(?:(-----END [A-Z ]*PRIVATE KEY-----)|\Z)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def redacted(text: str, *, emails: bool = False) -> str:
    """Return the text with asterisks for what looks like a key: sk-..., gsk_..., AIza..., AKIA..., a JWT and the like.

    Args:
        text: The text.
        emails: Mask e-mail addresses as well.
    """
    text = _PEM.sub(rf"\1{MASK}\2", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _PREFIXED.sub(MASK, text)
    return _EMAIL.sub(MASK, text) if emails else text
