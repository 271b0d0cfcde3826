"""What this node remembers of its fingerprint module, `sensor.json`: one file, so that its parts agree.

No template stands in it, only the hash of each.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from attendance import seal
from attendance.templates import ModuleState
from edge.durable_file import write_durably
from edge.faults import SensorError
from edge.sensor_identity import SensorIdentity
from edge.sensor_make import SensorMake

_IDENTITY = tuple(one.name for one in fields(SensorIdentity))


@dataclass(frozen=True, slots=True)
class ModuleMemory:
    """The module as it has to be.

    Attributes:
        identity: as it was when its library was last changed by us.
        make: for the class of its templates; None until it was asked.
        state: whether it is trusted; an alarming state ends only with a technician.
        detail: an English sentence on the state.
        hashes: SHA-256 of the template by slot in use; None where it has not been read yet.
        unsure: slots that were being written or erased when this was written.
        counter: of the seal in the notepad.
        sealed: the notepad is known to hold that seal; else it may still hold the one before.
        doubted: slots of a module that a technician took as the right one, which hold, as far as is known,
            not what was stored in them: nobody is booked by them. With the hash that would end the doubt,
            or None.
        cleared: slots that were emptied, or are just being emptied, since a technician took the module; None
            where all of that is told, or nobody took one.
    """

    identity: SensorIdentity
    make: SensorMake | None = None
    state: ModuleState = ModuleState.NEW
    detail: str = ""
    hashes: Mapping[int, str | None] = field(default_factory=dict)
    unsure: frozenset[int] = frozenset()
    counter: int = 0
    sealed: bool = True
    doubted: Mapping[int, str | None] = field(default_factory=dict)
    cleared: frozenset[int] | None = None

    @property
    def slots(self) -> frozenset[int]:
        """The slots in use."""
        return frozenset(self.hashes)

    def expected_in(self, slot: int) -> str | None:
        """The hash of what was stored in a slot, as far as it is known."""
        return self.doubted[slot] if slot in self.doubted else self.hashes.get(slot)

    def with_library(
        self, identity: SensorIdentity, slots: Iterable[int], told: Mapping[int, str]
    ) -> "ModuleMemory":
        """The same after a change of the library that was ours.

        Args:
            identity: the module after it.
            slots: in use after it.
            told: hashes of templates that were just written.
        """
        # What was being written is not what was read there before.
        known = {slot: value for slot, value in self.hashes.items() if slot not in self.unsure}
        hashes = {slot: told.get(slot, known.get(slot)) for slot in slots}
        doubted = {slot: value for slot, value in self.doubted.items() if slot in hashes}
        return replace(self, identity=identity, hashes=hashes, unsure=frozenset(), doubted=doubted)

    def to_be_sealed(self) -> "ModuleMemory":
        """The same with the next seal, which the notepad does not hold yet, where the module has one."""
        if self.identity.notepad is None:
            return self
        return replace(self, counter=self.counter + 1, sealed=False)

    def content(self) -> dict[str, Any]:
        """For the file."""
        return {
            **asdict(self.identity),
            "make": None if self.make is None else asdict(self.make),
            "state": self.state.value,
            "detail": self.detail,
            "hashes": {str(slot): value for slot, value in sorted(self.hashes.items())},
            "doubted": {str(slot): value for slot, value in sorted(self.doubted.items())},
            "cleared": None if self.cleared is None else sorted(self.cleared),
            "unsure": sorted(self.unsure),
            "counter": self.counter,
            "sealed": self.sealed,
        }

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> "ModuleMemory":
        """From the file.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: it is none.
        """
        make = values["make"]
        hashes, cleared = _hashes(values["hashes"]), values.get("cleared")
        return cls(
            SensorIdentity(**{name: values[name] for name in _IDENTITY}),
            None if make is None else SensorMake.parse(make),
            ModuleState(values["state"]),
            str(values["detail"]),
            hashes,
            frozenset(int(slot) for slot in values["unsure"]),
            int(values["counter"]),
            bool(values["sealed"]),
            _hashes(values["doubted"]),
            None if cleared is None else frozenset(int(slot) for slot in cleared),
        )


def _hashes(values: Mapping[str, Any]) -> dict[int, str | None]:
    if not all(value is None or seal.is_hash(value) for value in values.values()):
        raise ValueError("a hash is none")
    return {int(slot): value for slot, value in values.items()}


class MemoryFile:
    """The file in the state folder."""

    def __init__(self, path: Path) -> None:
        """Touch nothing yet."""
        self._path = path

    def read(self) -> ModuleMemory | None:
        """What is known from before; None before the first acquaintance.

        Raises:
            SensorError: identity-unreadable. A damaged file is no reason to take any module: a technician
                decides.
        """
        try:
            return ModuleMemory.parse(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SensorError(
                "identity-unreadable", False, f"{self._path} can't be read: {error!r}", "sensor-setting"
            ) from error

    def write(self, memory: ModuleMemory) -> None:
        """Durable on return.

        Raises:
            OSError: it can't be written; the old one stands.
        """
        write_durably(self._path, json.dumps(memory.content()).encode())
