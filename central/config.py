"""What an installation is told: one TOML file, each value also as `HADIR_<NAME>` in the environment."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
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
        raise ConfigError(f"{path} bukan TOML yang benar. Rincian: {error}") from error
    known = {field.name for field in fields(CentralConfig)}
    settings: dict[str, Any] = {}
    for name, value in values.items():
        where = f"{path}, baris {_line_of(text, name)}"
        if name not in known:
            raise ConfigError(f"{where}: {name!r} bukan setelan hadir-central.")
        settings[name] = _typed(name, value, where)
    for variable, value in (os.environ if environment is None else environment).items():
        name = variable.removeprefix("HADIR_").lower()
        if variable.startswith("HADIR_") and name in known:
            settings[name] = _typed(name, _from_text(name, value, variable), variable)
    if "data_dir" not in settings:
        raise ConfigError("data_dir tidak ada: sebutkan folder untuk kunci dan foto.")
    return CentralConfig(**settings)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "bukan teks UTF-8"
        raise ConfigError(f"{path} tidak dapat dibaca: {why}.") from error


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"^\s*\[*{re.escape(name)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


_WHOLE = frozenset({"port", "threads"})
_FLAGS = frozenset({"plain_http", "accept_emulated_clocks"})
_PATHS = frozenset({"data_dir", "clock_file"})
_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MAX_HOST_CHARS = 253


def _from_text(name: str, value: str, where: str) -> Any:
    if name in _WHOLE:
        if not value.isascii() or not value.isdigit():
            raise ConfigError(f"{where}: {value!r} bukan bilangan bulat.")
        return int(value)
    if name in _FLAGS:
        if value not in ("true", "false"):
            raise ConfigError(f"{where}: tulis true atau false, bukan {value!r}.")
        return value == "true"
    return value.split(",") if name == "server_names" else value


def _typed(name: str, value: Any, where: str) -> Any:
    if name in _WHOLE and type(value) is not int:
        raise ConfigError(f"{where}: {name} harus bilangan bulat.")
    if name in _FLAGS and not isinstance(value, bool):
        raise ConfigError(f"{where}: {name} harus true atau false.")
    if name == "server_names":
        if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
            raise ConfigError(f"{where}: server_names harus daftar nama atau alamat.")
        return tuple(value)
    if name not in _WHOLE | _FLAGS and not isinstance(value, str):
        raise ConfigError(f"{where}: {name} harus teks.")
    return Path(value) if name in _PATHS else value


def _is_host(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return len(name) <= _MAX_HOST_CHARS and all(_HOST_LABEL.fullmatch(label) for label in name.split("."))
    return True


def _check(config: CentralConfig) -> None:
    if not config.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("database_url harus diawali sqlite:/// atau postgresql+psycopg://.")
    try:
        make_url(config.database_url)
    except (ValueError, ArgumentError) as error:
        raise ConfigError("database_url salah: tulis postgresql+psycopg://USER@HOST/NAMA.") from error
    if config.database_url in ("sqlite:///", "sqlite:///:memory:"):
        raise ConfigError("database_url tidak menyebut berkas: kehadiran di memori akan hilang.")
    try:
        ZoneInfo(config.zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"zone {config.zone!r} bukan zona waktu; tulis Asia/Jakarta untuk WIB.") from error
    for name in config.server_names:
        if not _is_host(name):
            raise ConfigError(f"server_names memuat {name!r}, yang bukan nama atau alamat mesin.")
    if not 0 <= config.port <= 65535:
        raise ConfigError(f"port {config.port} tidak di antara 0 dan 65535.")
    if not 1 <= config.threads <= 1024:
        raise ConfigError(f"threads {config.threads} tidak di antara 1 dan 1024.")
    if config.plain_http and config.host not in ("127.0.0.1", "::1", "localhost"):
        raise ConfigError(
            f"plain_http hanya untuk mesin ini sendiri, dan host {config.host}: hapus agar memakai HTTPS."
        )
