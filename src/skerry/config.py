"""What the operator decides, read once (skerry.toml, then SKERRY_*), then passed on, never imported."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from skerry.kernel.region import DEFAULT_IPV6_POOL, Region


class ConfigError(Exception):
    """A setting that cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Config:
    """One cloud. Every field can be set as ``name`` in skerry.toml or ``SKERRY_NAME`` in the environment."""

    cloud: str = "main"  # names the network namespace and everything else on the host
    state_dir: Path = Path("/var/lib/skerry")
    listen: str = "127.0.0.1"
    port: int = 4566
    region: str = "us-east-1"
    zones: int = 3
    public_pool: str = "198.18.0.0/24"
    ipv6_pool: str = str(DEFAULT_IPV6_POOL)
    drivers: str = "real"  # "real" | "memory"
    guest_uid: int = 64055
    accel: str = "auto"  # "auto" | "kvm" | "tcg"
    uplink_namespace: str = ""  # network namespace that reaches public addresses; empty: the host's
    log_level: str = "info"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.state_dir / 'skerry.db'}"

    @property
    def endpoint_url(self) -> str:
        return f"http://{self.listen}:{self.port}"

    def as_region(self) -> Region:
        zones = tuple(f"{self.region}{chr(ord('a') + n)}" for n in range(self.zones))
        return Region(
            self.region, zones, IPv4Network(self.public_pool), IPv6Network(self.ipv6_pool)
        )


def load_config(environ: Mapping[str, str] = os.environ, file: Path | None = None) -> Config:
    """Defaults, overridden by the file, overridden by the environment. Raises ConfigError."""
    path = file or Path(environ.get("SKERRY_CONFIG", "/etc/skerry/skerry.toml"))
    given: dict[str, object] = {}
    if path.exists():
        given.update(tomllib.loads(path.read_text()))
    names = {field.name for field in fields(Config)}
    for name in names:
        value = environ.get(f"SKERRY_{name.upper()}")
        if value is not None:
            given[name] = value
    unknown = given.keys() - names
    if unknown:
        raise ConfigError(f"{path}: unknown settings: {', '.join(sorted(unknown))}")
    return _checked(given)


def _checked(given: dict[str, object]) -> Config:
    settings: dict[str, object] = {}
    for name, value in given.items():
        default: object = getattr(Config(), name)
        convert = int if isinstance(default, int) else Path if isinstance(default, Path) else str
        try:
            settings[name] = convert(str(value))
        except (TypeError, ValueError) as bad:
            raise ConfigError(f"setting {name}: {value!r} cannot be used") from bad
    config = Config(**settings)  # pyright: ignore[reportArgumentType]
    for name, pool_of in (("public_pool", IPv4Network), ("ipv6_pool", IPv6Network)):
        try:
            pool_of(getattr(config, name))
        except ValueError as bad:
            raise ConfigError(f"setting {name}: {bad}") from bad
    if IPv6Network(config.ipv6_pool).prefixlen > 56:
        raise ConfigError("setting ipv6_pool: no larger prefix than /56, which is what a VPC gets")
    if not 1 <= config.zones <= 6:
        raise ConfigError("setting zones: 1 to 6")
    return config
