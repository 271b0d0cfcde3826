"""A scripted module for tests of the checked link: simulated time, no pty, every byte as the test wants it.

Shares nothing with the packets of `edge.sensor_frames`, so that a common mistake cannot hide.
"""

from collections.abc import Callable

from edge.sensor_commands import SensorCommands
from edge.sensor_library import SensorLibrary
from edge.sensor_link import CheckedLink
from edge.sensor_pace import Pace

CAPACITY = 200
Piece = tuple[float, bytes]
"""Seconds after the command, and the bytes that come then."""


def packet(content: bytes, pid: int = 0x07, address: str = "FFFFFFFF") -> bytes:
    body = bytes([pid, (len(content) + 2) >> 8, (len(content) + 2) & 255]) + content
    total = sum(body) & 0xFFFF
    return bytes.fromhex("EF01" + address) + body + bytes([total >> 8, total & 255])


def ack(*content: int) -> bytes:
    return packet(bytes(content))


def parameters(capacity: int = CAPACITY, size_code: int = 2, level: int = 3, baud: int = 6) -> bytes:
    words = (4, 0, capacity, level, 0xFFFF, 0xFFFF, size_code, baud)
    return packet(b"\x00" + b"".join(word.to_bytes(2, "big") for word in words))


def found(slot: int, score: int) -> bytes:
    return packet(b"\x00" + slot.to_bytes(2, "big") + score.to_bytes(2, "big"))


def flipped(raw: bytes, byte: int, bit: int) -> bytes:
    spoiled = bytearray(raw)
    spoiled[byte] ^= 1 << bit
    return bytes(spoiled)


class Clock:
    """Simulated monotonic seconds; sleeping lets them pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class ScriptedPort:
    """A module that answers what the script says; without one, as a healthy one with a known finger would."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sent: list[bytes] = []
        self.scripts: dict[int, list[list[Piece]]] = {}
        self.healthy: dict[int, bytes] = {
            0x01: ack(0),
            0x02: ack(0),
            0x03: ack(0, 0, 77),
            0x04: found(5, 120),
            0x05: ack(0),
            0x0F: parameters(),
            0x13: ack(0),
            0x1D: ack(0, 0, 1),
            0x1F: ack(0, 0b0010_0000, *[0] * 31),
            0x35: ack(0),
        }
        self._line: list[Piece] = []
        self._busy_until = 0.0
        self.closed = False

    def script(self, opcode: int, *answers: bytes | list[Piece]) -> None:
        """The next answers to an opcode, in order; b"" is silence."""
        rows = [[(0.001, one)] if isinstance(one, bytes) else one for one in answers]
        self.scripts.setdefault(opcode, []).extend(rows)

    def unasked(self, raw: bytes, after_s: float = 0.0) -> None:
        self._line.append((self.clock.now + after_s, raw))

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        if data[6] != 0x01:
            return
        opcode = data[9]
        pending = self.scripts.get(opcode)
        pieces = pending.pop(0) if pending else [(0.001, self.healthy.get(opcode, b""))]
        # In order, as a module works: nothing is answered before what was asked earlier.
        begin = max(self.clock.now, self._busy_until)
        self._line += [(begin + after_s, raw) for after_s, raw in pieces]
        self._busy_until = max([self._busy_until, *(begin + after_s for after_s, raw in pieces if raw)])

    def read(self) -> bytes:
        got = self.waiting()
        if not got:
            dues = [due for due, raw in self._line if raw]
            self.clock.now = min([*dues, self.clock.now + 0.02])
            got = self.waiting()
        return got

    def waiting(self) -> bytes:
        self._line.sort(key=lambda piece: piece[0])
        due = [raw for at, raw in self._line if at <= self.clock.now]
        self._line = [piece for piece in self._line if piece[0] > self.clock.now]
        return b"".join(due)

    def close(self) -> None:
        self.closed = True

    def opcodes(self) -> list[int]:
        return [data[9] for data in self.sent if data[6] == 0x01]


class Wire:
    """A scripted module with the checked link, the library and the commands over it."""

    def __init__(self, prepare: Callable[[ScriptedPort], None] = lambda _port: None) -> None:
        self.clock = Clock()
        self.port = ScriptedPort(self.clock)
        prepare(self.port)
        self.pace = Pace(clock=self.clock, sleep=self.clock.sleep)
        self.link = CheckedLink(self.port, 0xFFFFFFFF, 0, self.pace)
        self.library = SensorLibrary(self.link, 0xFFFFFFFF, 0)
        assert self.link.parameters is not None
        self.commands = SensorCommands(self.link, self.library, self.link.parameters.capacity)
        self.port.sent.clear()
