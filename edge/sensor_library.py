"""The Adafruit library, unmodified, on a checked link: one method per command, giving back its code.

What the library lacks is added here through its own packet functions: an address other than the factory's,
the search within a range, templates read without recursion.
"""

import struct
import termios
from collections.abc import Callable
from dataclasses import dataclass

from adafruit_fingerprint import Adafruit_Fingerprint

from edge.faults import SensorError
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_link import CheckedLink
from edge.sensor_opcodes import Code, Op

_LIBRARY_ERRORS = (
    RuntimeError,  # five different texts, and RecursionError
    LookupError,
    ValueError,
    TypeError,
    NameError,  # UnboundLocalError in get_fpdata
    ArithmeticError,
    OSError,
    struct.error,
    termios.error,
)


def guarded(link: CheckedLink, call: Callable[[], int]) -> int:
    """Run one call of the library and return its code.

    Raises:
        SensorError: whatever went wrong. The library raises at least eight kinds of exception for a bad
            answer; all of them mean here that the link served nothing, and the link knows why.
    """
    try:
        return int(call())
    except SensorError:
        raise
    except _LIBRARY_ERRORS as error:
        link.doubt()
        kind = link.failure or SensorFault.DAMAGED_ANSWER
        raise sensor_error(kind, f"the library gave up: {error!r}") from error


class _Fingerprint(Adafruit_Fingerprint):  # type: ignore[misc]  # the library has no types
    """The library with an address of its own."""

    _debug = False  # its debug output prints templates: biometric data have no place in a log

    def __init__(self, link: CheckedLink, address: int, password: int) -> None:
        self.address = list(address.to_bytes(4, "big"))
        super().__init__(link, tuple(password.to_bytes(4, "big")))

    def ask(self, content: list[int], wire_bytes: int) -> list[int]:
        """Any command, answered by an ack of this many bytes on the wire."""
        self._send_packet(content)
        answer: list[int] = self._get_packet(wire_bytes)
        return answer


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What a search said. Slot and score mean something only with the code OK."""

    code: int
    slot: int
    score: int


class SensorLibrary:
    """The library's commands over one link. Each raises `SensorError` if no sound answer came."""

    def __init__(self, link: CheckedLink, address: int, password: int) -> None:
        """Construct the library, which verifies the password.

        Raises:
            SensorError: no sound answer.
        """
        self._link = link
        self._made: list[_Fingerprint] = []
        guarded(link, lambda: self._construct(address, password))
        self._library = self._made[0]

    def _construct(self, address: int, password: int) -> int:
        self._made.append(_Fingerprint(self._link, address, password))
        return Code.OK

    def verify_password(self) -> int:
        """Say the password (0x13)."""
        return guarded(self._link, self._library.verify_password)

    def take_image(self) -> int:
        """Look for a finger and take its image (0x01)."""
        return guarded(self._link, self._library.get_image)

    def extract(self, buffer: int) -> int:
        """Turn the image into features in a buffer (0x02)."""
        return guarded(self._link, lambda: self._library.image_2_tz(buffer))

    def search(self, start: int, number: int, buffer: int = 1) -> SearchAnswer:
        """Search a range of slots for the features in a buffer: 0x04, never the 0x1B that R503 lacks.

        The library's own `finger_search` knows one range only, the whole module.
        """
        where = start.to_bytes(2, "big") + number.to_bytes(2, "big")
        answer = self._ask(bytes([Op.SEARCH, buffer]) + where, 16)
        return SearchAnswer(answer[0], answer[1] << 8 | answer[2], answer[3] << 8 | answer[4])

    def compare(self) -> tuple[int, int]:
        """Compare buffers 1 and 2 (0x03): code and score. The library wraps the score in a tuple."""
        code = guarded(self._link, self._library.compare_templates)
        return code, int(self._library.confidence[0])

    def make_model(self) -> int:
        """Combine the captures (0x05). OK is no proof that they were of one finger."""
        return guarded(self._link, self._library.create_model)

    def store(self, slot: int, buffer: int) -> int:
        """Write a buffer to flash (0x06)."""
        return guarded(self._link, lambda: self._library.store_model(slot, buffer))

    def load(self, slot: int, buffer: int) -> int:
        """Read flash into a buffer (0x07)."""
        return guarded(self._link, lambda: self._library.load_model(slot, buffer))

    def delete(self, slot: int) -> int:
        """Erase one slot (0x0C)."""
        return guarded(self._link, lambda: self._library.delete_model(slot))

    def count(self) -> tuple[int, int]:
        """Code and number of stored templates (0x1D)."""
        code = guarded(self._link, self._library.count_templates)
        return code, int(self._library.template_count)

    def set_parameter(self, number: int, value: int) -> int:
        """Write a system parameter to flash (0x0E)."""
        return self._ask(bytes([Op.SET_PARAMETER, number, value]), 12)[0]

    def write_notepad(self, page: int, data: bytes) -> int:
        """Write one page of 32 bytes to flash (0x18)."""
        return self._ask(bytes([Op.WRITE_NOTEPAD, page]) + data, 12)[0]

    def set_password(self, password: int) -> int:
        """Write another password to flash (0x12)."""
        return self._ask(bytes([Op.SET_PASSWORD]) + password.to_bytes(4, "big"), 12)[0]

    def set_light(self, colour: int, mode: int, speed: int, cycles: int) -> int:
        """Drive the ring of an R503 (0x35)."""
        return guarded(self._link, lambda: self._library.set_led(colour, mode, speed, cycles))

    def index_page(self, page: int) -> tuple[int, bytes]:
        """Code and the 256 bits of one page of the index (0x1F)."""
        answer = self._ask(bytes([Op.INDEX, page]), 44)
        return answer[0], answer[1:]

    def receive_template(self, buffer: int) -> tuple[int, bytes]:
        """Code and the bytes of a buffer (0x08), packet by packet: the library recurses once per packet.

        Raises:
            SensorError: damaged-answer if any packet was damaged, missing or out of place.
        """
        code = self._ask(bytes([Op.UPLOAD, buffer]), 12)[0]
        if code != Code.OK:
            return code, b""
        data = self._link.receive_data()
        if data is None:
            raise sensor_error(self._link.failure or SensorFault.DAMAGED_ANSWER, "the template came damaged")
        return code, data

    def send_template(self, data: bytes, buffer: int, packet_bytes: int) -> int:
        """Fill a buffer (0x09).

        The code of the ack, or that of an ack some modules send over a damaged packet.
        """
        code = self._ask(bytes([Op.DOWNLOAD, buffer]), 12)[0]
        if code != Code.OK:
            return code
        self._link.send_data(data, packet_bytes)
        return next((stray for stray in self._link.stray_codes() if stray != Code.OK), Code.OK)

    def _ask(self, content: bytes, wire_bytes: int) -> bytes:
        answer = bytearray()

        def call() -> int:
            answer.extend(self._library.ask(list(content), wire_bytes))
            return answer[0]

        guarded(self._link, call)
        return bytes(answer)
