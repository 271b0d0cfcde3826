"""A fingerprint module on a pty with a serial port open on it, for the real library."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import serial

from emulators.fingerprint_module.bench import Bench
from emulators.fingerprint_module.commands import Commands
from emulators.fingerprint_module.profiles import profile_named
from emulators.fingerprint_module.pty_module import PtyModule, unpaced


@contextmanager
def plugged(
    folder: Path, profile: str = "r503_200", baud: int = 57600, **quirks: Any
) -> Iterator[tuple[PtyModule, serial.Serial]]:
    """A booted module and a port with a time-out of 0.4 s."""
    bench = Bench(replace(profile_named(profile), **quirks), unpaced())
    with PtyModule(bench, folder / "tty") as module:
        boot(module)
        with serial.Serial(str(folder / "tty"), baud, timeout=0.4) as port:
            yield module, port


def boot(module: Commands) -> None:
    """Wait until it answers."""
    while not module.state()["ready"]:
        time.sleep(0.002)
