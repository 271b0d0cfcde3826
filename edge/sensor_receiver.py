"""Takes packets off the port: with a deadline, and with an eye for signs of a damaged answer."""

from dataclasses import dataclass
from typing import Protocol

from edge.sensor_frames import Frame, FrameHunter, is_ready_byte
from edge.sensor_pace import Pace

_A_PACKET_OF_NOISE = 8
_LONGEST_BABBLE_S = 1.0


class Port(Protocol):
    """What the receiver and the link need of a serial port; `edge.sensor_port.SensorPort` in real life."""

    def read(self) -> bytes: ...  # noqa: D102
    def waiting(self) -> bytes: ...  # noqa: D102
    def write(self, data: bytes) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


@dataclass(slots=True)
class Tally:
    """Counters for the metrics. All only ever grow."""

    badsum: int = 0
    noise: int = 0
    stale: int = 0
    foreign: int = 0
    timeout: int = 0
    fence: int = 0
    reboot: int = 0
    swap: int = 0
    reopen: int = 0


class Receiver:
    """Packets from one port, and what was seen between them."""

    def __init__(self, port: Port, address: int, pace: Pace, tally: Tally) -> None:
        self._port = port
        self._pace = pace
        self._tally = tally
        self._hunter = FrameHunter(address)
        self._damage = False
        self._noise_bytes = 0
        self.rebooted = False

    @property
    def damage(self) -> bool:
        """True if, since `begin`, something came that was not a good packet."""
        return self._damage

    @property
    def other_address(self) -> int | None:
        """The last address that was not ours in an otherwise possible header."""
        return self._hunter.other_address

    def begin(self) -> None:
        """A new exchange: what was seen before does not count as its damage."""
        self._damage = False
        self._noise_bytes = 0

    def next_frame(self, deadline: float) -> Frame | None:
        """The next good packet.

        Returns None at the deadline, or earlier when damage has been seen and the line is silent: the answer
        was that damage, and waiting on would only make the person at the door wait.
        """
        clock = self._pace.clock
        last_byte = clock()
        while True:
            frame = self._hunted()
            if frame is not None:
                return frame
            if clock() >= deadline:
                self._damage |= self._hunter.half
                return None
            chunk = self._port.read()
            if chunk:
                self._hunter.feed(chunk)
                last_byte = clock()
            elif clock() - last_byte >= self._pace.quiet_s:
                frame = self._frame_inside_half()
                if frame is not None or self._damage:
                    return frame

    def _hunted(self) -> Frame | None:
        before = self._hunter.bad_sums
        frame = self._hunter.next()
        if self._hunter.bad_sums != before:
            self._tally.badsum += self._hunter.bad_sums - before
            self._damage = True
        self._judge(self._hunter.take_noise())
        return frame

    def _judge(self, noise: bytes) -> None:
        if not noise:
            return
        if is_ready_byte(noise):
            self.rebooted = True
            self._damage = True
            self._tally.reboot += 1
            return
        self._tally.noise += 1
        self._noise_bytes += len(noise)
        self._damage |= self._noise_bytes >= _A_PACKET_OF_NOISE

    def _frame_inside_half(self) -> Frame | None:
        while self._hunter.half:
            self._damage = True
            self._hunter.give_up_half()
            frame = self._hunted()
            if frame is not None:
                return frame
        return None

    def drain(self) -> list[Frame]:
        """Take what has come in unasked. Good packets are returned: they are answers to something older."""
        self._hunter.feed(self._port.waiting())
        frames = []
        while (frame := self._hunted()) is not None:
            frames.append(frame)
        if self._hunter.half:
            self._damage = True
        self._hunter.clear()
        self._tally.stale += len(frames)
        return frames

    def wait_for_silence(self) -> list[Frame]:
        """Drain until nothing has come for a while, but not for ever: a module may babble."""
        frames = []
        began = last_byte = now = self._pace.clock()
        while now - last_byte < self._pace.quiet_s and now - began < self._pace.s(_LONGEST_BABBLE_S):
            chunk = self._port.read()
            now = self._pace.clock()
            if chunk:
                last_byte = now
                self._hunter.feed(chunk)
                frames += self.drain()
        return frames
