"""The password and address that this node has chosen for its module, `sensor-secret.json`.

The order is what keeps a module from being locked out for ever: first the secret is durable here, then its
recovery copy, sealed for central, is durable in the journal, and only then is the module told.
"""

import base64
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import rfc8785

from attendance import sealing
from edge.durable_file import write_durably
from edge.faults import SensorError

FACTORY_PASSWORD = 0
_UNSIGNED_32 = range(1 << 32)
_START_BYTE = 0xEF


@dataclass(frozen=True, slots=True)
class Secret:
    """How a module is opened: 32 bits each."""

    password: int
    address: int


class Stage(StrEnum):
    """How far the module has got."""

    PREPARED = "prepared"
    """It has been told nothing."""
    TOLD = "told"
    """The recovery copy is in the journal; the module has the old secret, the new one, or half of each."""
    SET = "set"
    """It has been opened with the new secret."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A secret and its stage."""

    secret: Secret
    stage: Stage

    def ways_in(self, start: Secret) -> tuple[Secret, ...]:
        """With what the module may open, likeliest first.

        Args:
            start: what it opened with before. The password is set before the address.
        """
        if self.stage is Stage.PREPARED:
            return (start,)
        if self.stage is Stage.SET:
            return (self.secret,)
        return (self.secret, Secret(self.secret.password, start.address), start)


def random_secret() -> Secret:
    """One that nobody can guess. No byte of it looks like the start of a packet."""
    while True:
        password, address = secrets.token_bytes(4), secrets.token_bytes(4)
        usual = password == bytes(4) or address in (bytes(4), b"\xff" * 4)
        if not usual and _START_BYTE not in password + address:
            return Secret(int.from_bytes(password, "big"), int.from_bytes(address, "big"))


def recovery_copy(secret: Secret, serial: str | None, node: str, central_key: str) -> str:
    """The secret, sealed for central (base64): canonical JSON with `v`, `node`, `serial`, both numbers.

    Raises:
        MalformedError: that is no key.
    """
    plain: dict[str, Any] = {
        "v": 1,
        "node": node,
        "serial": serial,
        "password": secret.password,
        "address": secret.address,
    }
    sealed = sealing.seal_to(central_key, rfc8785.dumps(plain), sealing.purpose("recovery", node))
    return base64.b64encode(sealed).decode()


class LockFile:
    """The file in the state folder, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self._path = path

    def read(self) -> Lock | None:
        """The lock, or None where the module opens with the settings of hadir.toml.

        Raises:
            SensorError: secret-unreadable: no other secret is made in its place, nor is any guessed.
        """
        try:
            values = json.loads(self._path.read_bytes())
            secret = Secret(_number(values["password"]), _number(values["address"]))
            return Lock(secret, Stage(values["stage"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SensorError(
                "secret-unreadable",
                False,
                f"{self._path} can't be read: {type(error).__name__}",
                "sensor-setting",
            ) from error

    def write(self, lock: Lock) -> None:
        """Durable on return.

        Raises:
            OSError: it can't be written; the old one stands.
        """
        values = {
            "password": lock.secret.password,
            "address": lock.secret.address,
            "stage": lock.stage.value,
        }
        write_durably(self._path, json.dumps(values).encode(), mode=0o600)

    def forget(self) -> None:
        """The module opens with the settings of hadir.toml. Raises OSError."""
        self._path.unlink(missing_ok=True)


def _number(value: object) -> int:
    if type(value) is not int or value not in _UNSIGNED_32:
        raise ValueError("a number of 32 bits is none")
    return value
