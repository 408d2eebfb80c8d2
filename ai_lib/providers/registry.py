"""The providers, dialects and formats that ship with the package, found by name.

The one impure module of this package: it reads the TOML files in `configs/`, when they are first needed.
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
    """Yield every configuration that ships with the package, retired providers included, sorted by id."""
    yield from filter(None, map(_load, _ids()))


def _find(name: str) -> ProviderConfig | None:
    key = name.strip().lower().replace("-", "_")
    # Users may pass anything here, and it becomes part of a file name.
    if not key.isidentifier() and not key.isalnum():
        return None
    return _load(key) or _load(_aliases().get(key, ""))


def is_provider(name: str) -> bool:
    """Return whether a provider has this id or alias."""
    return _find(name) is not None


def get_config(name: str) -> ProviderConfig:
    """Return the configuration of the provider with this id or alias.

    Raises:
        ConfigurationError: No provider has it (the message suggests similar names), or its service has ended.
    """
    config = _find(name)
    if config is None:
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), [*_ids(), *_aliases()], n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else "`ai-lib providers` lists them all"
        raise ConfigurationError(
            f"no provider {name!r}; {advice} For a custom server use AiClient(ProviderConfig(...))",
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
def load_dialect(name: str) -> Dialect:
    """Return the dialect of this name: `DIALECT` of the package in `dialects/`."""
    try:
        dialect: Dialect = import_module(f"ai_lib.providers.dialects.{name}").DIALECT
    except ModuleNotFoundError as exc:
        raise ConfigurationError(f"no dialect {name!r}", code="unknown_dialect") from exc
    return dialect


@cache
def load_operation(kind: str, name: str) -> OperationFormat:
    """Return the wire format of this name in the folder "embed", "rerank", "count_tokens" or "upload"."""
    from ai_lib.providers.operation import OperationFormat  # here and below: most programs only chat
    from ai_lib.providers.reading import quirks_reader

    try:
        module = import_module(f"ai_lib.providers.{kind}.{name}")
    except ModuleNotFoundError as exc:
        raise ConfigurationError(f"no {kind} format {name!r}", code="unknown_format") from exc
    quirks = quirks_reader(module.Options, f"{kind} format {name}")
    return OperationFormat(quirks=quirks, encode=module.encode, decode=module.decode)


@cache
def load_job_format(name: str) -> JobFormat:
    """Return the wire format of this name for batch jobs."""
    from ai_lib.providers.jobs.format import JobFormat

    try:
        module = import_module(f"ai_lib.providers.jobs.{name}")
        return JobFormat(submit=module.submit, status=module.status, results=module.results, cancel=module.cancel)
    except (ModuleNotFoundError, AttributeError) as exc:  # the folder also holds modules that are no formats
        raise ConfigurationError(f"no jobs format {name!r}", code="unknown_format") from exc
