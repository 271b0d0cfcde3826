"""What the board says of itself: power, heat, disk. Every fact may be absent; then it is left out."""

import shutil
from dataclasses import dataclass
from pathlib import Path

_THROTTLED = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
_TEMPERATURE = Path("sys/class/thermal/thermal_zone0/temp")
_MODEL = Path("proc/device-tree/model")
_BITS = {
    0: "under_voltage",
    1: "frequency_capped",
    2: "throttled",
    16: "under_voltage_since_boot",
    18: "throttled_since_boot",
}


@dataclass(frozen=True, slots=True)
class Board:
    """The machine below; `root` is where its /sys and /proc are."""

    root: Path = Path("/")

    def power(self) -> dict[str, int]:
        """The firmware's power flags as 0 or 1 by name, and the temperature; nothing where it is no Pi."""
        facts: dict[str, int] = {}
        flags = self._number(_THROTTLED, 16)
        if flags is not None:
            facts |= {name: flags >> bit & 1 for bit, name in _BITS.items()}
        temperature = self._number(_TEMPERATURE, 10)
        if temperature is not None:
            facts["temperature_mc"] = temperature
        return facts

    def disk(self, folder: Path) -> dict[str, int]:
        """Room on the card that holds this folder."""
        try:
            usage = shutil.disk_usage(folder)
        except OSError:
            return {}
        return {"total_bytes": usage.total, "free_bytes": usage.free}

    def model(self) -> str | None:
        """What the board calls itself."""
        try:
            return (self.root / _MODEL).read_text(encoding="utf-8").strip("\0\n ")[:64] or None
        except (OSError, UnicodeDecodeError):
            return None

    def _number(self, path: Path, base: int) -> int | None:
        try:
            return int((self.root / path).read_text(encoding="ascii").strip(), base)
        except (OSError, ValueError):
            return None
