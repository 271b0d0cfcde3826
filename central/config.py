"""What an installation is told: one TOML file, each value also as `HADIR_<NAME>` in the environment."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from attendance.errors import HadirError


class ConfigError(HadirError):
    """The configuration can't be used as it stands; the sentence names the line or the variable."""


@dataclass(frozen=True, slots=True)
class CentralConfig:
    """Settings of one installation.

    Attributes:
        data_dir: keys, certificates and photos; only central's own user may read it.
        database_url: `sqlite:///...` (default: a file in data_dir) or `postgresql+psycopg://...`.
        zone: time zone in which a regency's day begins where a unit says nothing else.
        host, port: where `serve` listens.
        public_url: the address under which nodes and people reach central.
        server_names: names and addresses that the server certificate is made for.
        threads: requests served at once; a live viewer holds one.
        plain_http: no TLS; refused unless host is a loopback address.
        clock_file: an emulated clock (demo and tests only).
        accept_emulated_clocks: take in nodes that say they run on an emulated clock.
    """

    data_dir: Path
    database_url: str = ""
    zone: str = "Asia/Jakarta"
    host: str = "127.0.0.1"
    port: int = 8443
    public_url: str = ""
    server_names: tuple[str, ...] = ("localhost", "127.0.0.1")
    threads: int = 32
    plain_http: bool = False
    clock_file: Path | None = None
    accept_emulated_clocks: bool = False

    def __post_init__(self) -> None:
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{self.data_dir.absolute() / 'central.db'}")
        if not self.public_url:
            scheme = "http" if self.plain_http else "https"
            object.__setattr__(self, "public_url", f"{scheme}://{self.server_names[0]}:{self.port}")
        _check(self)

    @property
    def photo_dir(self) -> Path:
        """Where photos lie, named by their hash."""
        return self.data_dir / "photos"


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> CentralConfig:
    """Read the file, then let the environment (the process's own by default) override it.

    Raises:
        ConfigError: unreadable, not TOML, an unknown name, a value of the wrong kind or out of range.
    """
    text = _read(path) if path is not None else ""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    known = {field.name for field in fields(CentralConfig)}
    settings: dict[str, Any] = {}
    for name, value in values.items():
        where = f"{path}, line {_line_of(text, name)}"
        if name not in known:
            raise ConfigError(f"{where}: {name!r} is not a setting of central")
        settings[name] = _typed(name, value, where)
    for variable, value in (os.environ if environment is None else environment).items():
        name = variable.removeprefix("HADIR_").lower()
        if variable.startswith("HADIR_") and name in known:
            settings[name] = _typed(name, _from_text(name, value, variable), variable)
    if "data_dir" not in settings:
        raise ConfigError("data_dir is missing: say where central keeps its keys and photos")
    return CentralConfig(**settings)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"^\s*\[*{re.escape(name)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


_WHOLE = frozenset({"port", "threads"})
_FLAGS = frozenset({"plain_http", "accept_emulated_clocks"})
_PATHS = frozenset({"data_dir", "clock_file"})


def _from_text(name: str, value: str, where: str) -> Any:
    if name in _WHOLE:
        if not value.isascii() or not value.isdigit():
            raise ConfigError(f"{where}: {value!r} is not a whole number")
        return int(value)
    if name in _FLAGS:
        if value not in ("true", "false"):
            raise ConfigError(f"{where}: write true or false, not {value!r}")
        return value == "true"
    return value.split(",") if name == "server_names" else value


def _typed(name: str, value: Any, where: str) -> Any:
    if name in _WHOLE and type(value) is not int:
        raise ConfigError(f"{where}: {name} must be a whole number")
    if name in _FLAGS and not isinstance(value, bool):
        raise ConfigError(f"{where}: {name} must be true or false")
    if name == "server_names":
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            raise ConfigError(f"{where}: server_names must be a list of names or addresses")
        return tuple(value)
    if name not in _WHOLE | _FLAGS and not isinstance(value, str):
        raise ConfigError(f"{where}: {name} must be text")
    return Path(value) if name in _PATHS else value


def _check(config: CentralConfig) -> None:
    if not config.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("database_url must begin with sqlite:/// or postgresql+psycopg://")
    try:
        make_url(config.database_url)
    except (ValueError, ArgumentError) as error:
        raise ConfigError("database_url can't be read: write postgresql+psycopg://USER@HOST/NAME") from error
    if config.database_url in ("sqlite:///", "sqlite:///:memory:"):
        raise ConfigError("database_url names no file: attendance kept in memory would be lost")
    try:
        ZoneInfo(config.zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"zone {config.zone!r} is not a time zone; write Asia/Jakarta for WIB") from error
    if not 0 <= config.port <= 65535:
        raise ConfigError(f"port {config.port} is not between 0 and 65535")
    if not 1 <= config.threads <= 1024:
        raise ConfigError(f"threads {config.threads} is not between 1 and 1024")
    if config.plain_http and config.host not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError(
            f"plain_http is for this machine alone, and host is {config.host}: leave it out to use HTTPS"
        )
