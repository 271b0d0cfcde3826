"""An emulated clock: a small file that says what time it is, how fast it runs, and since which boot.

    python -m emulators.clock FILE start 2017-06-05T07:00:00+07:00 --rate 60
    python -m emulators.clock FILE set 1970-01-01T00:00:00Z      somebody sets the wall clock
    python -m emulators.clock FILE rate 600                      time runs faster from here on
    python -m emulators.clock FILE reboot --off-s 3600           power cut: new boot, the battery clock ran on
    python -m emulators.clock FILE show

The file is JSON, always replaced whole: {"wall_ms", "rate", "at_monotonic_ns", "boot", "bt_ms", "raw_ms"}.
The clocks stand at wall_ms, bt_ms and raw_ms when this machine's CLOCK_MONOTONIC stands at at_monotonic_ns,
and run `rate` times as fast as it. Every process of one machine that reads the file sees the same time.
"""

import argparse
import json
import os
import sys
import time
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_MS = 1_000_000
_FIRST_BOOT_MS = 60_000


@dataclass(frozen=True, slots=True)
class ClockFile:
    """The content of the file."""

    wall_ms: int
    rate: float
    at_monotonic_ns: int
    boot: str
    bt_ms: int
    raw_ms: int

    def at(self, monotonic_ns: int) -> "ClockFile":
        """The same clock, described at another instant."""
        passed_ms = int((monotonic_ns - self.at_monotonic_ns) * self.rate / _NS_PER_MS)
        return replace(
            self,
            wall_ms=self.wall_ms + passed_ms,
            at_monotonic_ns=monotonic_ns,
            bt_ms=self.bt_ms + passed_ms,
            raw_ms=self.raw_ms + passed_ms,
        )


class EmulatedTime:
    """The hand that moves the clock of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self, moment: datetime, rate: float = 1.0) -> None:
        """A machine that booted a minute ago, at this time."""
        self._save(
            ClockFile(
                to_ms(moment), rate, time.monotonic_ns(), str(uuid.uuid4()), _FIRST_BOOT_MS, _FIRST_BOOT_MS
            )
        )

    def set(self, moment: datetime) -> None:
        """Somebody sets the wall clock; the other clocks don't notice."""
        self._save(replace(self._now(), wall_ms=to_ms(moment)))

    def set_rate(self, rate: float) -> None:
        """Let time run at another speed from here on, without a jump."""
        self._save(replace(self._now(), rate=rate))

    def advance(self, by: timedelta) -> None:
        """Jump ahead as if that time had passed: all clocks together, so nobody set anything."""
        ms = by // timedelta(milliseconds=1)
        now = self._now()
        self._save(replace(now, wall_ms=now.wall_ms + ms, bt_ms=now.bt_ms + ms, raw_ms=now.raw_ms + ms))

    def slew(self, by: timedelta) -> None:
        """Bend wall time and CLOCK_BOOTTIME against CLOCK_MONOTONIC_RAW, as adjtimex can."""
        ms = by // timedelta(milliseconds=1)
        now = self._now()
        self._save(replace(now, wall_ms=now.wall_ms + ms, bt_ms=now.bt_ms + ms))

    def reboot(self, *, off: timedelta = timedelta(0), wall: datetime | None = None) -> None:
        """Power was off for a while. Without a battery clock the wall then stands at `wall`."""
        now = self._now()
        ms = off // timedelta(milliseconds=1)
        wall_ms = now.wall_ms + ms if wall is None else to_ms(wall)
        self._save(replace(now, wall_ms=wall_ms, boot=str(uuid.uuid4()), bt_ms=0, raw_ms=0))

    def now(self) -> datetime:
        """The emulated wall time."""
        return _EPOCH + timedelta(milliseconds=self._now().wall_ms)

    def _now(self) -> ClockFile:
        return ClockFile(**json.loads(self._path.read_bytes())).at(time.monotonic_ns())

    def _save(self, content: ClockFile) -> None:
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        fresh.write_text(json.dumps(asdict(content)), encoding="ascii")
        fresh.replace(self._path)


def to_ms(moment: datetime) -> int:
    """An aware datetime as milliseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} needs its offset, like 2017-06-05T07:00:00+07:00")
    return moment


def main(arguments: list[str] | None = None) -> int:
    """The command line above."""
    parser = argparse.ArgumentParser(prog="python -m emulators.clock", description="Move an emulated clock.")
    parser.add_argument("file", type=Path)
    deeds = parser.add_subparsers(dest="deed", required=True)
    start = deeds.add_parser("start", help="make the file")
    start.add_argument("moment", type=_moment)
    start.add_argument("--rate", type=float, default=1.0)
    deeds.add_parser("set", help="set the wall clock").add_argument("moment", type=_moment)
    deeds.add_parser("rate", help="run faster or slower").add_argument("rate", type=float)
    reboot = deeds.add_parser("reboot", help="cut the power")
    reboot.add_argument("--off-s", type=int, default=0)
    reboot.add_argument("--wall", type=_moment, help="where a wall clock without battery comes up")
    deeds.add_parser("show", help="print the time")
    asked = parser.parse_args(arguments)
    clock = EmulatedTime(asked.file)
    if asked.deed == "start":
        clock.start(asked.moment, asked.rate)
    elif asked.deed == "set":
        clock.set(asked.moment)
    elif asked.deed == "rate":
        clock.set_rate(asked.rate)
    elif asked.deed == "reboot":
        clock.reboot(off=timedelta(seconds=asked.off_s), wall=asked.wall)
    sys.stdout.write(f"{clock.now().isoformat(timespec='milliseconds')}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
