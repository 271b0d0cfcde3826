"""What the module keeps without power, and the file it is kept in."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulators import fingers
from emulators.fingerprint_module.profiles import Profile

SECTOR_SLOTS = 4
"""Templates that share one erase sector (a 4 KiB sector and templates of about 1 KiB)."""
NOTEPAD_PAGES = 16
NOTEPAD_PAGE_BYTES = 32


class FlashFileError(ValueError):
    """The flash file is no flash file, or belongs to another profile."""


@dataclass(slots=True)
class CharFile:
    """Template bytes with what matching sees in them; bytes that cannot be read match nothing."""

    raw: bytes
    readable: bool
    descriptors: frozenset[int]

    @classmethod
    def of(cls, raw: bytes) -> "CharFile":
        """Bytes from the wire or the file."""
        try:
            minutiae = fingers.decode(raw)
        except fingers.UnreadableTemplateError:
            return cls(raw, False, frozenset())
        return cls(raw, True, frozenset(minutia.descriptor for minutia in minutiae))

    @property
    def minutiae(self) -> tuple[fingers.Minutia, ...]:
        """The minutiae again, none if unreadable."""
        return fingers.decode(self.raw) if self.readable else ()


@dataclass(slots=True)
class Library:
    """The template slots, indexed by descriptor so that a search costs the same for 20 and for 1000."""

    slots: dict[int, CharFile] = field(default_factory=dict)
    _holders: dict[int, set[int]] = field(default_factory=dict)

    def put(self, slot: int, charfile: CharFile) -> None:
        """Write one slot, over whatever was there."""
        self.drop(slot)
        self.slots[slot] = charfile
        for descriptor in charfile.descriptors:
            self._holders.setdefault(descriptor, set()).add(slot)

    def drop(self, slot: int) -> None:
        """Erase one slot; an empty one stays empty."""
        old = self.slots.pop(slot, None)
        if old is None:
            return
        for descriptor in old.descriptors:
            self._holders[descriptor].discard(slot)

    def clear(self) -> None:
        """Erase all slots."""
        self.slots.clear()
        self._holders.clear()

    def scores(self, probe: CharFile, start: int, count: int) -> list[tuple[int, int]]:
        """(slot, score) of every slot in [start, start+count) that shares enough with the probe, by slot."""
        common: dict[int, int] = {}
        holders = self._holders
        for descriptor in probe.descriptors:
            for slot in holders.get(descriptor, ()):
                common[slot] = common.get(slot, 0) + 1
        size = len(probe.descriptors)
        found = []
        for slot in sorted(common):
            if start <= slot < start + count:
                score = fingers.score_of_common(common[slot], size, len(self.slots[slot].descriptors))
                found.append((slot, score))
        return found


@dataclass(slots=True)
class Flash:
    """Everything that survives a power cut."""

    profile: Profile
    address: bytes = b"\xff\xff\xff\xff"
    password: bytes = b"\x00\x00\x00\x00"
    baud_multiple: int = 6
    level: int = 3
    packet_code: int = 2
    serial: str = "EMU00001"
    library: Library = field(default_factory=Library)
    notepad: list[bytes] = field(default_factory=lambda: [bytes(NOTEPAD_PAGE_BYTES)] * NOTEPAD_PAGES)
    erase_counts: Counter[int] = field(default_factory=Counter)
    writes: int = 0
    dirty: bool = True

    @classmethod
    def fresh(cls, profile: Profile, serial: str = "EMU00001") -> "Flash":
        """As it leaves the factory."""
        return cls(profile, baud_multiple=profile.baud_multiple, serial=serial)

    @property
    def baud(self) -> int:
        """Bits a second on the line."""
        return 9600 * self.baud_multiple

    @property
    def packet_bytes(self) -> int:
        """Content of a data packet."""
        return 32 << self.packet_code

    def write_slot(self, slot: int, charfile: CharFile | None) -> None:
        """Write or erase (None) a slot, and count the erasure of its sector."""
        self.touched(slot // SECTOR_SLOTS)
        if charfile is None:
            self.library.drop(slot)
        else:
            self.library.put(slot, charfile)

    def touched(self, sector: int = -1) -> None:
        """Count a flash write; sector -1 holds the settings and the notepad."""
        self.erase_counts[sector] += 1
        self.writes += 1
        self.dirty = True

    def clear(self) -> None:
        """Erase the library."""
        for sector in range(-(-self.profile.capacity // SECTOR_SLOTS)):
            self.erase_counts[sector] += 1
        self.writes += 1
        self.dirty = True
        self.library.clear()

    def as_json(self) -> dict[str, Any]:
        """The values for the file and for `snapshot`."""
        return {
            "profile": self.profile.name,
            "serial": self.serial,
            "address": self.address.hex(),
            "password": self.password.hex(),
            "baud_multiple": self.baud_multiple,
            "level": self.level,
            "packet_code": self.packet_code,
            "notepad": [page.hex() for page in self.notepad],
            "slots": {str(slot): one.raw.hex() for slot, one in sorted(self.library.slots.items())},
            "erase_counts": {str(sector): count for sector, count in sorted(self.erase_counts.items())},
            "writes": self.writes,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any], profile: Profile) -> "Flash":
        """Read `as_json` back.

        Raises:
            FlashFileError: a value is missing or unreadable, or the profile is another one.
        """
        if values.get("profile") != profile.name:
            raise FlashFileError(f"the flash is of profile {values.get('profile')!r}, not {profile.name!r}")
        try:
            flash = cls(
                profile,
                address=bytes.fromhex(values["address"]),
                password=bytes.fromhex(values["password"]),
                baud_multiple=int(values["baud_multiple"]),
                level=int(values["level"]),
                packet_code=int(values["packet_code"]),
                serial=str(values["serial"]),
                notepad=[bytes.fromhex(page) for page in values["notepad"]],
                erase_counts=Counter({int(key): int(count) for key, count in values["erase_counts"].items()}),
                writes=int(values["writes"]),
            )
            for slot, raw in values["slots"].items():
                flash.library.put(int(slot), CharFile.of(bytes.fromhex(raw)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FlashFileError(f"the flash values cannot be read: {error!r}") from error
        return flash


def load(path: Path, profile: Profile, serial: str) -> Flash:
    """The flash in a file, or a factory-fresh one if there is no file.

    Raises:
        FlashFileError: the file is there and is not a flash of this profile.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Flash.fresh(profile, serial)
    try:
        values = json.loads(text)
    except ValueError as error:
        raise FlashFileError(f"{path} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise FlashFileError(f"{path} holds no flash")
    return Flash.from_json(values, profile)


def save(flash: Flash, path: Path) -> None:
    """Write the file so that a reader sees the old one or the new one, never half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    temporary.write_text(json.dumps(flash.as_json(), separators=(",", ":")), encoding="utf-8")
    temporary.replace(path)
    flash.dirty = False
