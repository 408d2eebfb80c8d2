"""Which proxy and which CA file to use: decided once, so that no call looks at the environment."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import attrs
from requests.utils import get_environ_proxies, select_proxy, should_bypass_proxies

from ai_lib.errors import ConfigurationError
from ai_lib.utils.env import first_set

__all__ = ["ProxyRules", "ca_bundle"]

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def checked_proxy(url: str, origin: str) -> str:
    """Return a proxy's address, with http:// in front where it names no scheme.

    Raises:
        ConfigurationError: It is malformed; the message does not repeat it, since it may hold a password.
    """
    address = url.strip() if "://" in url else f"http://{url.strip()}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or any(character.isspace() for character in address):
        raise ConfigurationError(
            f"the proxy address from {origin} is malformed; expected scheme://[user:password@]host:port "
            f"with one of {', '.join(_SCHEMES)}",
            code="malformed_proxy",
        )
    return address


@attrs.frozen
class ProxyRules:
    """How to choose a proxy for a URL: one given explicitly, AI_PROXY_URL, or the standard variables with NO_PROXY.

    Args:
        explicit: A proxy for every request; NO_PROXY does not apply to it.
        disabled: Use none, whatever the environment says.
    """

    explicit: str | None = attrs.field(default=None, repr=lambda value: "None" if value is None else "'***'")
    disabled: bool = False

    def proxies_for(self, url: str) -> dict[str, str]:
        """Return requests' mapping of schemes to proxies for this URL; empty for a direct connection.

        Raises:
            ConfigurationError: The proxy to use is malformed.
        """
        found = self.chosen(url)
        return {} if found is None else {urlsplit(url).scheme: checked_proxy(*found)}

    def chosen(self, url: str) -> tuple[str, str] | None:
        """Return the address of the proxy for this URL, as it was given, and by what; None for a direct connection."""
        if self.disabled:
            return None
        if self.explicit is not None:
            return self.explicit, "proxy="
        own = first_set(["AI_PROXY_URL"])
        if own is not None:
            name, address = own
            return None if should_bypass_proxies(url, no_proxy=None) else (address, name)
        chosen = select_proxy(url, get_environ_proxies(url))
        return (chosen, _variable_of(chosen, urlsplit(url).scheme)) if chosen else None


def _variable_of(address: str, scheme: str) -> str:
    names = [variable for name in (f"{scheme}_proxy", "all_proxy") for variable in (name, name.upper())]
    found = [name for name in names if os.environ.get(name, "").strip() == address.strip()]
    return found[0] if found else "the system's settings"


def ca_bundle(verify: bool | str) -> bool | str:
    """Return what to verify servers with: the caller's choice, else the file that the environment names.

    Raises:
        ConfigurationError: The file does not exist.
    """
    origin = "verify="
    if verify is True:
        named = first_set(["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
        if named is None:
            return True
        origin, verify = named
    if isinstance(verify, str) and not os.path.exists(verify):
        raise ConfigurationError(f"the CA file from {origin} does not exist: {verify}", code="missing_ca_file")
    return verify
