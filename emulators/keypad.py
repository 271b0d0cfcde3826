"""A USB number pad in software: bytes of `struct input_event`, into a FIFO or a pty, as the kernel's.

    python -m emulators.keypad --fifo /run/papan.fifo 1234 ENTER 135790 ENTER

Codes are those of linux/input-event-codes.h for the pad, each press with its scan code, its release, and a
report behind it, as a real pad sends them.
"""

import argparse
import contextlib
import os
import pty
import struct
import time
import tty
from collections.abc import Iterator
from pathlib import Path

EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
SYN_REPORT, SYN_DROPPED, MSC_SCAN = 0, 3, 4
KEYPAD = {
    "0": 82, "1": 79, "2": 80, "3": 81, "4": 75, "5": 76, "6": 77, "7": 71, "8": 72, "9": 73,
    "ENTER": 96, "BACKSPACE": 14, "ESC": 1, "DOT": 83, "NUMLOCK": 69, "PLUS": 78,
}  # fmt: skip
_OFF = {"0": 110, "1": 107, "2": 108, "3": 109, "4": 105, "5": 355, "6": 106, "7": 102, "8": 103, "9": 104}
WITHOUT_NUMLOCK = KEYPAD | _OFF | {"DOT": 111}
ROW = {**{digit: 1 + int(digit) for digit in "123456789"}, "0": 11, "ENTER": 28, "BACKSPACE": 14, "ESC": 1}
_SCAN = 0x70000


def event(type_: int, code: int, value: int, *, bits: int = 64, at_us: int = 0) -> bytes:
    """One input event as a kernel of this word size writes it."""
    layout = "<QQHHi" if bits == 64 else "<LLHHi"
    return struct.pack(layout, at_us // 1_000_000, at_us % 1_000_000, type_, code, value)


def press(code: int, *, bits: int = 64, at_us: int = 0, repeats: int = 0) -> bytes:
    """A key pressed, held for so many repeats, and let go."""

    def report(value: int) -> bytes:
        scan = event(EV_MSC, MSC_SCAN, _SCAN + code, bits=bits, at_us=at_us) if value != 2 else b""
        key = event(EV_KEY, code, value, bits=bits, at_us=at_us)
        return scan + key + event(EV_SYN, SYN_REPORT, 0, bits=bits, at_us=at_us)

    return report(1) + report(2) * repeats + report(0)


class Pad:
    """Types into an open file."""

    def __init__(self, fd: int, *, bits: int, codes: dict[str, int]) -> None:
        self._fd = fd
        self._bits = bits
        self._codes = codes

    def type(self, *words: str) -> None:
        """Press keys: a word is a key's name, or digits one after the other."""
        for word in words:
            for name in [word] if word in self._codes else word:
                self.raw(press(self._codes[name], bits=self._bits, at_us=time.time_ns() // 1000))

    def raw(self, data: bytes) -> None:
        """Write any bytes at all."""
        os.write(self._fd, data)


@contextlib.contextmanager
def fifo_pad(path: Path, *, bits: int = 64, codes: dict[str, int] = KEYPAD) -> Iterator[Pad]:
    """A pad on a FIFO that is plugged in at this path, and unplugged at the end."""
    path.unlink(missing_ok=True)
    os.mkfifo(path, 0o600)
    # Open for both: it neither waits for a reader nor dies of a missing one.
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield Pad(fd, bits=bits, codes=codes)
    finally:
        path.unlink(missing_ok=True)
        os.close(fd)


@contextlib.contextmanager
def pty_pad(path: Path, *, bits: int = 64, codes: dict[str, int] = KEYPAD) -> Iterator[Pad]:
    """A pad on a pty, with a link to it at this path; its end hangs up, as a pulled plug does."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    path.unlink(missing_ok=True)
    path.symlink_to(os.ttyname(slave))
    os.close(slave)
    try:
        yield Pad(master, bits=bits, codes=codes)
    finally:
        path.unlink(missing_ok=True)
        os.close(master)


def main() -> None:
    """Type the given words and stay plugged in until all of it was read."""
    parser = argparse.ArgumentParser(description="an emulated USB number pad")
    parser.add_argument("--fifo", type=Path, required=True, help="where the node reads")
    parser.add_argument("--bits", type=int, choices=(32, 64), default=64)
    parser.add_argument("--pause-s", type=float, default=0.2, help="between two words")
    parser.add_argument(
        "--stay-s", type=float, default=5.0, help="plugged in before the first and after the last"
    )
    parser.add_argument("words", nargs="+", help="digits, or ENTER, BACKSPACE, ESC")
    options = parser.parse_args()
    with fifo_pad(options.fifo, bits=options.bits) as pad:
        time.sleep(options.stay_s)
        for word in options.words:
            pad.type(word)
            time.sleep(options.pause_s)
        time.sleep(options.stay_s)


if __name__ == "__main__":
    main()
