"""The form of an instruction: a generator that yields waiting times and interim acknowledgements."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from emulators.fingerprint_module.codes import Code
from emulators.fingerprint_module.device import Device, Reply

Steps = Generator[float | bytes, None, Reply]
"""Yields module time to wait (float, ms) or an acknowledgement to send at once; returns the last one."""
Run = Callable[[Device, bytes], Steps]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One row of the instruction table.

    Attributes:
        run: starts the work on a payload that follows the instruction code.
        arguments: how many bytes that payload has at least; fewer are a receive error.
        ack_bytes: length of an OK acknowledgement, code included (for models that pad errors).
    """

    run: Run
    arguments: int = 0
    ack_bytes: int = 1


def ack(code: int, tail: bytes = b"") -> Reply:
    """A reply without data."""
    return Reply(bytes((code,)) + tail)


def answer(code: int) -> Run:
    """An instruction that only says a code."""

    def run(device: Device, _payload: bytes) -> Steps:
        yield device.work(2)
        return ack(code)

    return run


OK = ack(Code.OK)
FLASH_WRITE_MS = 100.0
"""Store and erase take 60-150 ms; a sector erase alone about 90 (ESMT sheet)."""


def two(payload: bytes, at: int) -> int:
    """A 16-bit argument."""
    return payload[at] << 8 | payload[at + 1]
