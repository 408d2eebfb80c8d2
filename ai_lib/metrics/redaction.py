"""Redaction of keys and other secrets in text that people and models write."""

from __future__ import annotations

import re

__all__ = ["MASK", "redact"]

MASK = "***"

_PREFIXED = re.compile(
    # After a letter only where that is the end of an escaped line break, as in JSON within text.
    r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))(?P<secret>"
    r"sk-[A-Za-z0-9_-]{8,}|(?:gsk_|xai-)[A-Za-z0-9_-]{8,}"
    # Words such as hf_hub_download start like these keys, but have no digit.
    r"|(?:pk|rk|sk|pplx|hf|r8|nvapi|csk|fw|tgp|gh[pousr]|github_pat|xox[abprs])[-_](?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{16,}"
    r"|AIza[A-Za-z0-9_-]{16,}|A(?:KIA|SIA)[A-Z0-9]{12,}"
    # A JWT: the first part of each starts with {" in base64.
    r"|eyJ[A-Za-z0-9_-]{6,512}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*"
    r")"
)
# A word of letters alone may follow "bearer" in any text about bearers; a token is longer, or has digits.
_BEARER = re.compile(
    r"\bbearer\s+(?P<secret>(?=[A-Za-z._~+/=-]*[0-9])[A-Za-z0-9._~+/=-]{6,}|[A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE
)
# A truncated one extends to the end of the text, or of the JSON string.
_PEM = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>[^\x22-]*)(?:-----END [A-Z ]*PRIVATE KEY-----|(?=\x22)|\Z)"
)
_EMAIL = re.compile(r"(?<![\w.+-])(?P<secret>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def redact(text: str, *, emails: bool = False, keep_length: bool = False) -> str:
    """Return the text with what looks like a key masked: sk-..., gsk_..., AIza..., AKIA..., a JWT, a private key.

    Args:
        text: The text.
        emails: Mask e-mail addresses as well.
        keep_length: Use as many asterisks as there were characters, so that positions in the text stay the same.
    """

    def masked(found: re.Match[str]) -> str:
        start, end = (place - found.start() for place in found.span("secret"))
        return found[0][:start] + ("*" * (end - start) if keep_length else MASK) + found[0][end:]

    for pattern in (_PEM, _BEARER, _PREFIXED, *([_EMAIL] if emails else [])):
        text = pattern.sub(masked, text)
    return text
