"""Packets of the module's protocol, written independently of the node's own reader.

`EF 01 | ADDR(4) | PID(1) | LEN(2) | CONTENT(LEN-2) | SUM(2)`, big-endian; SUM is the 16-bit sum of PID, LEN
and content (ZFM-20 manual v2.0, chapter 5.1).
"""

from dataclasses import dataclass
from enum import IntEnum

HEADER = b"\xef\x01"
SMALLEST_LEN = 3
LARGEST_LEN = 258


class Pid(IntEnum):
    """What a packet is."""

    COMMAND = 0x01
    DATA = 0x02
    ACK = 0x07
    END = 0x08


@dataclass(frozen=True, slots=True)
class Frame:
    """A packet as it came off the line.

    Attributes:
        pid: packet identifier, any byte.
        content: payload without LEN and SUM.
        address: the four address bytes.
        sum_ok: whether the checksum held.
        last_at: index of its last byte in the piece of line that completed it.
    """

    pid: int
    content: bytes
    address: bytes
    sum_ok: bool
    last_at: int


def checksum(pid: int, length: int, content: bytes) -> int:
    """The additive checksum; header and address are not covered."""
    return (pid + (length >> 8) + (length & 0xFF) + sum(content)) & 0xFFFF


def encode(pid: int, content: bytes, address: bytes) -> bytes:
    """The bytes of one packet."""
    length = len(content) + 2
    total = checksum(pid, length, content)
    return b"".join(
        (
            HEADER,
            address,
            bytes((pid, length >> 8, length & 0xFF)),
            content,
            bytes((total >> 8, total & 0xFF)),
        )
    )


class Decoder:
    """Hunts for packets in a stream of bytes; keeps what is unfinished until the rest comes or `reset`."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a packet has begun and not ended."""
        return bool(self._waiting)

    def reset(self) -> None:
        """Forget the unfinished packet."""
        self._waiting.clear()

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes and return the packets they complete, good and bad, in order."""
        held = len(self._waiting)
        line = self._waiting
        line += data
        frames: list[Frame] = []
        at = 0
        while True:
            start = line.find(HEADER, at)
            if start < 0:
                # A lone EF may be the first half of a header.
                at = len(line) - 1 if line.endswith(HEADER[:1], at) else len(line)
                break
            at = start
            if len(line) < start + 9:
                break
            length = line[start + 7] << 8 | line[start + 8]
            if not SMALLEST_LEN <= length <= LARGEST_LEN:
                at = start + 2
                continue
            end = start + 9 + length
            if len(line) < end:
                break
            frames.append(_frame(bytes(line[start:end]), length, end - held - 1))
            at = end
        del line[:at]
        return frames


def _frame(raw: bytes, length: int, last_at: int) -> Frame:
    content = raw[9:-2]
    total = raw[-2] << 8 | raw[-1]
    return Frame(raw[6], content, raw[2:6], checksum(raw[6], length, content) == total, last_at)


def split_data(payload: bytes, packet_bytes: int, address: bytes) -> list[bytes]:
    """A template or an image as data packets of the set size, the last one marked as the end."""
    pieces = [payload[at : at + packet_bytes] for at in range(0, len(payload), packet_bytes)] or [b"\x00"]
    packets = [encode(Pid.DATA, piece, address) for piece in pieces[:-1]]
    packets.append(encode(Pid.END, pieces[-1], address))
    return packets
