"""How long things take, in ms of the module's own time."""

import random
from dataclasses import dataclass

BITS_PER_BYTE = 10
"""8N1: start bit, eight data bits, stop bit."""


@dataclass
class Tempo:
    """The scales of the time model.

    Attributes:
        seed: of the +-20 % jitter.
        work_scale: factor on work times; 0 leaves the wire alone.
        turnaround_scale: factor on the 2..8 ms between command and work; None follows `work_scale`.
        paced: whether bytes take 10/baud each, both ways.
        usb_latency_ms: a USB bridge that holds replies until so long or 62 bytes (FTDI: 16); 0 is none.
        host_wait_scale: how much longer, in module time, the module waits for a host that lives in real time.
    """

    seed: int = 0
    work_scale: float = 1.0
    turnaround_scale: float | None = None
    paced: bool = True
    usb_latency_ms: float = 0.0
    host_wait_scale: float = 1.0

    def __post_init__(self) -> None:
        self._random = random.Random(f"tempo|{self.seed}")
        self.turnaround = self.work_scale if self.turnaround_scale is None else self.turnaround_scale

    def work(self, ms: float) -> float:
        """A work time with its jitter."""
        if not self.work_scale:
            return 0.0
        return ms * self.work_scale * self._random.uniform(0.8, 1.2)

    def turnaround_ms(self) -> float:
        """From the last byte of a command to the start of its work."""
        if not self.turnaround:
            return 0.0
        return self._random.uniform(2.0, 8.0) * self.turnaround

    def byte_ms(self, baud: int) -> float:
        """One byte on the line."""
        return BITS_PER_BYTE * 1000.0 / baud if self.paced else 0.0
