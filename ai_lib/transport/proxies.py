"""The choice of proxy and CA file, made once, so that no call reads the environment."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import attrs
from requests.utils import get_environ_proxies, select_proxy, should_bypass_proxies

from ai_lib.errors import ConfigurationError
from ai_lib.utils.env import first_set

__all__ = ["ProxyRules", "ca_bundle"]

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def normalize_proxy(url: str, origin: str) -> str:
    """Return a proxy's address, with http:// in front if it has no scheme.

    Args:
        url: The address.
        origin: Where the address was set, for the error.

    Raises:
        ConfigurationError: It is malformed; the message does not repeat it, since it may contain a password.
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
    """Chooses the proxy for a URL: an explicit one, AI_PROXY_URL, or the standard variables, with NO_PROXY.

    Args:
        explicit: A proxy for every request; NO_PROXY does not apply to it.
        disabled: Use no proxy, regardless of the environment.
    """

    explicit: str | None = attrs.field(default=None, repr=lambda value: "None" if value is None else "'***'")
    disabled: bool = False

    def proxies_for(self, url: str) -> dict[str, str]:
        """Return requests' mapping of schemes to proxies for this URL; empty for a direct connection.

        Raises:
            ConfigurationError: The address of the proxy is malformed.
        """
        chosen = self.choose(url)
        return {} if chosen is None else {urlsplit(url).scheme: normalize_proxy(*chosen)}

    def choose(self, url: str) -> tuple[str, str] | None:
        """Return the address of the proxy for this URL and where it was set; None for a direct connection."""
        if self.disabled:
            return None
        if self.explicit is not None:
            return self.explicit, "proxy="
        configured = first_set(["AI_PROXY_URL"])
        if configured is not None:
            name, address = configured
            return None if should_bypass_proxies(url, no_proxy=None) else (address, name)
        proxy = select_proxy(url, get_environ_proxies(url))
        if not proxy:
            return None
        names = [
            name for scheme in (urlsplit(url).scheme, "all") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())
        ]
        origin = next((name for name in names if os.environ.get(name, "").strip() == proxy.strip()), None)
        # On macOS and Windows, `get_environ_proxies` falls back to the system's settings.
        return proxy, origin or "the system's settings"


def ca_bundle(verify: bool | str) -> bool | str:
    """Return the value for `verify`: the caller's choice, else the CA file that the environment names.

    Raises:
        ConfigurationError: The file does not exist.
    """
    origin = "verify="
    if verify is True:
        configured = first_set(["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
        if configured is None:
            return True
        origin, verify = configured
    if isinstance(verify, str) and not os.path.exists(verify):
        raise ConfigurationError(f"the CA file from {origin} does not exist: {verify}", code="missing_ca_file")
    return verify
