"""Which providers there are: the TOML files in `configs/`, found by id or alias.

The one impure module of this package: it reads files that ship with it, when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING, Any

from ai_lib.errors import ConfigurationError
from ai_lib.providers.config import ProviderConfig
from ai_lib.providers.dialect import Dialect

if TYPE_CHECKING:
    from ai_lib.providers.jobs.format import JobFormat
    from ai_lib.providers.operation import OperationFormat

__all__ = ["configs", "get_config", "is_provider", "load_dialect", "load_job_format", "load_operation"]

_FOLDER = resources.files("ai_lib.providers") / "configs"


@cache
def _load(provider_id: str) -> ProviderConfig | None:
    file = _FOLDER / f"{provider_id}.toml"
    if not file.is_file():
        return None
    import tomllib  # takes 3 ms, and a configuration made at run time does not need it

    data: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return ProviderConfig(provider_id, **data)


@cache
def _ids() -> tuple[str, ...]:
    return tuple(sorted(file.name.removesuffix(".toml") for file in _FOLDER.iterdir() if file.name.endswith(".toml")))


@cache
def _aliases() -> dict[str, str]:
    return {alias: config.id for config in configs() for alias in config.aliases}


def configs() -> Iterator[ProviderConfig]:
    """Yield every configuration that ships with the package, retired providers included, by id."""
    for provider_id in _ids():
        config = _load(provider_id)
        if config is not None:
            yield config


def _find(name: str) -> ProviderConfig | None:
    key = name.strip().lower().replace("-", "_")
    if not key.isidentifier() and not key.isalnum():
        return None
    return _load(key) or _load(_aliases().get(key, ""))


def is_provider(name: str) -> bool:
    """Return whether a provider has this id or alias."""
    return _find(name) is not None


def get_config(name: str) -> ProviderConfig:
    """Return the configuration of the provider with this id or alias.

    Raises:
        ConfigurationError: There is none, or its service has ended; the message names the nearest ones.
    """
    config = _find(name)
    if config is None:
        from difflib import get_close_matches

        known = [*_ids(), *_aliases()]
        near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "`ai-lib providers` lists them all"
        raise ConfigurationError(
            f"no provider {name!r}; {advice} For a server of your own use AiClient(ProviderConfig(...))",
            code="unknown_provider",
        )
    if config.retired:
        raise ConfigurationError(
            f"{config.display_name} ended its service on {config.retired}. {' '.join(config.notes)}".strip(),
            code="provider_retired",
            provider=config.id,
        )
    return config


@cache
def load_operation(kind: str, name: str) -> OperationFormat:
    """Return the wire format of this name for something beside chat.

    Args:
        kind: The folder: "embed", "rerank" or "count_tokens".
        name: The module in it.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        module = import_module(f"ai_lib.providers.{kind}.{name}")
    except ModuleNotFoundError as exc:
        raise ConfigurationError(f"no {kind} format {name!r}", code="unknown_format") from exc
    operation: OperationFormat = module.OPERATION
    return operation


@cache
def load_job_format(name: str) -> JobFormat:
    """Return the wire format of this name for batch jobs.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        job_format: JobFormat = import_module(f"ai_lib.providers.jobs.{name}").FORMAT
    except (ModuleNotFoundError, AttributeError) as exc:
        raise ConfigurationError(f"no jobs format {name!r}", code="unknown_format") from exc
    return job_format


@cache
def load_dialect(name: str) -> Dialect:
    """Return the dialect of this name.

    Raises:
        ConfigurationError: There is none.
    """
    try:
        module = import_module(f"ai_lib.providers.dialects.{name}")
    except ModuleNotFoundError as exc:
        raise ConfigurationError(f"no dialect {name!r}", code="unknown_dialect") from exc
    dialect: Dialect = module.DIALECT
    return dialect
