"""Packets of the UART fingerprint module, to bytes and back. Bytes in, values out: no port, no clock.

`EF 01 | address(4) | pid(1) | length(2) | content | sum(2)`, big-endian. The sum is a plain 16-bit addition
over pid, length and content (ZFM-20 manual v2.0, 5.1), so header and address have to be compared literally.
"""

from dataclasses import dataclass

START = b"\xef\x01"
COMMAND, DATA, ACK, END = 0x01, 0x02, 0x07, 0x08
READY = 0x55
MIN_LENGTH, MAX_LENGTH = 3, 258
HEADER_BYTES = 9


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet whose header, address, length and sum were right."""

    pid: int
    content: bytes


def encode(address: int, pid: int, content: bytes) -> bytes:
    """The packet as it goes over the wire."""
    body = bytes([pid]) + (len(content) + 2).to_bytes(2, "big") + content
    return START + address.to_bytes(4, "big") + body + (sum(body) & 0xFFFF).to_bytes(2, "big")


class FrameHunter:
    """Finds packets in a stream that may hold noise, halves and damaged packets.

    After a wrong sum it steps one byte on, not past the whole packet: the damaged byte may be the length, and
    the next good packet may lie inside what the length claims.
    """

    def __init__(self, address: int) -> None:
        self._address = address.to_bytes(4, "big")
        self._buffer = bytearray()
        self._noise = bytearray()
        self.bad_sums = 0
        self.other_address: int | None = None

    def feed(self, data: bytes) -> None:
        """Add what the port gave."""
        self._buffer += data

    def next(self) -> Frame | None:
        """The next good packet, or None until more bytes are fed."""
        while self._align():
            length = int.from_bytes(self._buffer[7:9], "big")
            if len(self._buffer) < HEADER_BYTES + length:
                return None
            body = self._buffer[6 : 7 + length]
            if sum(body) & 0xFFFF == int.from_bytes(self._buffer[7 + length : 9 + length], "big"):
                frame = Frame(body[0], bytes(body[3:]))
                del self._buffer[: HEADER_BYTES + length]
                return frame
            self.bad_sums += 1
            self._step(1)
        return None

    def _align(self) -> bool:
        """Step on until a whole, possible header stands at the front; False if more bytes are needed."""
        while True:
            at = self._buffer.find(START)
            if at < 0:
                self._step(len(self._buffer) - self._buffer.endswith(START[:1]))
                return False
            self._step(at)
            if len(self._buffer) < HEADER_BYTES:
                return False
            if self._possible():
                return True
            self._step(1)

    def _possible(self) -> bool:
        if self._buffer[2:6] != self._address:
            self.other_address = int.from_bytes(self._buffer[2:6], "big")
            return False
        length = int.from_bytes(self._buffer[7:9], "big")
        return self._buffer[6] in (ACK, DATA, END) and MIN_LENGTH <= length <= MAX_LENGTH

    def _step(self, count: int) -> None:
        self._noise += self._buffer[:count]
        del self._buffer[:count]

    @property
    def half(self) -> bool:
        """True if a packet has begun and is not whole."""
        return bool(self._buffer)

    def give_up_half(self) -> None:
        """The line fell silent inside a packet: step on, because the good one may have begun inside it."""
        self._step(1)

    def take_noise(self) -> bytes:
        """What was stepped over since the last call."""
        noise = bytes(self._noise)
        self._noise.clear()
        return noise

    def clear(self) -> None:
        """Forget everything that was fed."""
        self._buffer.clear()
        self._noise.clear()


def is_ready_byte(noise: bytes) -> bool:
    """True for the lone 0x55 a module sends after power-up, with or without the 0x00 of the rising line."""
    return noise in (b"\x55", b"\x00\x55")


@dataclass(frozen=True, slots=True)
class SystemParameters:
    """The answer to ReadSysPara (17 bytes with its code). No other answer has that length."""

    status: int
    system_id: int
    capacity: int
    level: int
    address: int
    packet_size_code: int
    baud_code: int

    @classmethod
    def parse(cls, content: bytes) -> "SystemParameters":
        """From the content of an OK ack of 17 bytes."""
        words = [int.from_bytes(content[i : i + 2], "big") for i in range(1, 17, 2)]
        return cls(words[0], words[1], words[2], words[3], words[4] << 16 | words[5], words[6], words[7])

    def content(self) -> bytes:
        """The same answer again, as the module sent it."""
        words = (self.status, self.system_id, self.capacity, self.level)
        tail = self.address.to_bytes(4, "big"), self.packet_size_code, self.baud_code
        return (
            b"\x00"
            + b"".join(w.to_bytes(2, "big") for w in words)
            + tail[0]
            + b"".join(w.to_bytes(2, "big") for w in tail[1:])
        )
