"""The checked link: a serial-like object under the Adafruit library that serves only answers it has verified.

The library checks neither sums nor lengths, and an answer carries no name of its command, so one late packet
makes every later call read the answer to the call before. This link verifies each packet, serves the library
exactly the bytes it asks for, and after any doubt builds a **fence**: it waits for silence and sends
ReadSysPara until an OK answer of 17 bytes comes. No other command is answered with that length and the module
works strictly in order, so nothing older can still be on its way.
"""

from dataclasses import asdict, dataclass, replace
from enum import Enum
from threading import get_ident

from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_frames import ACK, COMMAND, DATA, END, HEADER_BYTES, Frame, SystemParameters, encode
from edge.sensor_opcodes import Code, Op, Shape, deadline_s, shape_of
from edge.sensor_pace import Pace
from edge.sensor_receiver import Port, Receiver, Tally

MAX_DATA_BYTES = 65_536
FENCE_ATTEMPTS = 3
GAP_S = 2.0
_FENCE_ACK_BYTES = 17
_DATA_GAP_S = 1.0
_FILL = b"\xff"


class _Phase(Enum):
    IDLE = 0
    ACK = 1
    DATA_IN = 2
    DATA_OUT = 3


@dataclass(slots=True)
class _Exchange:
    command: bytes
    shape: Shape
    deadline: float


class CheckedLink:
    """Serial-like (`write`, `read`, `close`) over a port.

    Attributes:
        parameters: What ReadSysPara last said; the library's own ReadSysPara is answered from here.
        until: Monotonic second after which no exchange begins or waits any longer.
        failure: Why the last `read` served nothing.
    """

    def __init__(
        self, port: Port, address: int, password: int, pace: Pace | None = None, tally: Tally | None = None
    ) -> None:
        self._port = port
        self._address = address
        self._password = password
        self._owner = get_ident()
        self._pace = pace or Pace()
        self._tally = tally or Tally()
        self._receiver = Receiver(port, address, self._pace, self._tally)
        self._phase = _Phase.IDLE
        self._exchange: _Exchange | None = None
        self._out = bytearray()
        self._data_bytes = 0
        self._dirty = True
        self.parameters: SystemParameters | None = None
        self.until = float("inf")
        self.failure: SensorFault | None = None
        self._answered_at = float("-inf")
        self._gap = False

    # -- what the library sees

    def write(self, data: bytes | bytearray | list[int]) -> None:
        """Send a command, or a data packet inside the data phase of one.

        Raises:
            SensorError: link-down; sensor-silent or sensor-swapped from a fence; no-answer when the time is
                over.
        """
        packet = bytes(data)
        if packet[6] != COMMAND:
            self._write_data(packet)
            return
        command = packet[HEADER_BYTES:-2]
        self._out.clear()
        self.failure = None
        self._dirty |= self._phase is not _Phase.IDLE
        self._phase = _Phase.IDLE
        self._clear_line()
        if command[0] == Op.READ_PARAMETERS and self.parameters is not None:
            self._out += encode(self._address, ACK, self.parameters.content())
            return
        self._begin(command)
        self._port.write(packet)

    def read(self, count: int) -> bytes:
        """Exactly `count` verified bytes, or none when the answer did not come, was damaged or was another's.

        Raises:
            SensorError: link-down.
        """
        while len(self._out) < count:
            frame = self._receive()
            if frame is None:
                self._out.clear()
                return b""
            self._out += encode(self._address, frame.pid, frame.content)
        served = bytes(self._out[:count])
        del self._out[:count]
        return served

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    # -- what the sensor modules see

    @property
    def counters(self) -> dict[str, int]:
        """The metrics of this link."""
        return asdict(self._tally)

    @property
    def other_address(self) -> int | None:
        """An address seen on the line that is not ours."""
        return self._receiver.other_address

    def doubt(self) -> None:
        """Build a fence before the next command."""
        self._dirty = True

    @property
    def interrupted(self) -> bool:
        """True if the module started anew or was long silent since `trust`: it may be another one."""
        silent_s = self._pace.clock() - self._answered_at
        return self._receiver.rebooted or self._gap or silent_s > self._pace.s(GAP_S)

    def trust(self) -> None:
        """The module has just been made sure of."""
        self._receiver.rebooted = self._gap = False
        self._answered_at = self._pace.clock()

    @property
    def rebooted(self) -> bool:
        """True if a ready byte came since `trust`."""
        return self._receiver.rebooted

    def stray_codes(self) -> list[int]:
        """Codes of acks that come without having been asked for, until the line is silent."""
        frames = self._receiver.wait_for_silence()
        if frames:
            self._dirty = True
        return [frame.content[0] for frame in frames if frame.pid == ACK]

    def exchange(self, content: bytes) -> bytes | None:
        """One bare command, without the library, a fence or a retry: for probing. The ack's content, or None.

        Raises:
            SensorError: link-down.
        """
        if self._dirty or self._receiver.drain():
            self._receiver.wait_for_silence()
        self._out.clear()
        self._begin(content)
        self._port.write(encode(self._address, COMMAND, content))
        frame = self._receive()
        return None if frame is None else frame.content

    def receive_data(self) -> bytes | None:
        """All data packets after an OK ack as one piece, or None if any of them was damaged."""
        data = bytearray()
        while self._phase is _Phase.DATA_IN:
            frame = self._receive()
            if frame is None:
                return None
            data += frame.content
        return bytes(data)

    def send_data(self, data: bytes, packet_bytes: int) -> None:
        """Data packets of the set size, the last one marked as the end, whatever remainder it holds."""
        for at in range(0, len(data), packet_bytes):
            piece = data[at : at + packet_bytes]
            pid = END if at + packet_bytes >= len(data) else DATA
            self.write(encode(self._address, pid, piece))

    def fence(self) -> SystemParameters:
        """Make sure that nothing older is on its way, and that the module is still the same.

        Raises:
            SensorError: link-down, sensor-silent, wrong-password, sensor-swapped.
        """
        met: SystemParameters | None = None
        for _ in range(FENCE_ATTEMPTS):
            parameters = self._fence_once()
            if parameters is None:
                continue
            # A new answer may be a damaged one whose sum still fits: only twice the same is believed.
            if self._same_module(parameters) or (
                met is not None and replace(parameters, status=met.status) == met
            ):
                return self._accept(parameters)
            met = parameters
        self._dirty = True
        raise sensor_error(SensorFault.SILENT, f"no sound answer to ReadSysPara in {FENCE_ATTEMPTS} attempts")

    # -- fence

    def _fence_once(self) -> SystemParameters | None:
        self._tally.fence += 1
        self._receiver.wait_for_silence()
        self._begin(bytes([Op.READ_PARAMETERS]))
        self._port.write(encode(self._address, COMMAND, bytes([Op.READ_PARAMETERS])))
        deadline = self._pace.clock() + self._pace.s(shape_of(Op.READ_PARAMETERS).deadline_s)
        while (frame := self._receiver.next_frame(deadline)) is not None:
            if frame.pid != ACK:
                continue
            if frame.content[0] == Code.OK and len(frame.content) == _FENCE_ACK_BYTES:
                self._phase = _Phase.IDLE
                return SystemParameters.parse(frame.content)
            if frame.content[0] == Code.PASSWORD_NEEDED:
                self._say_password()
                return None
            self._tally.stale += 1
        return None

    def _say_password(self) -> None:
        """The module has started anew since the last VfyPwd. The next attempt fences its answer off."""
        answer = self.exchange(bytes([Op.VERIFY_PASSWORD]) + self._password.to_bytes(4, "big"))
        if answer is not None and answer[0] == Code.WRONG_PASSWORD:
            raise sensor_error(
                SensorFault.WRONG_PASSWORD, "the module has another password than the settings"
            )

    def _same_module(self, parameters: SystemParameters) -> bool:
        known = self.parameters
        return known is not None and (known.capacity, known.address) == (
            parameters.capacity,
            parameters.address,
        )

    def _accept(self, parameters: SystemParameters) -> SystemParameters:
        if self.parameters is not None and not self._same_module(parameters):
            self._tally.swap += 1
            raise sensor_error(
                SensorFault.SWAPPED,
                f"capacity {parameters.capacity} and address {parameters.address:08X} where"
                f" {self.parameters.capacity} and {self.parameters.address:08X} were known",
            )
        self.parameters = parameters
        self._dirty = False
        self._heard()
        return parameters

    def _heard(self) -> None:
        now = self._pace.clock()
        self._gap |= now - self._answered_at > self._pace.s(GAP_S)
        self._answered_at = now

    def _clear_line(self) -> None:
        if not self._dirty:
            self._receiver.begin()
            self._dirty = bool(self._receiver.drain()) or self._receiver.damage
        if self._dirty:
            self.fence()

    # -- one exchange

    def _begin(self, command: bytes) -> None:
        # Two threads on one wire would read each other's answers. One owner, and the other is told.
        if get_ident() != self._owner:
            raise sensor_error(SensorFault.WRONG_THREAD, "the sensor belongs to another thread")
        now = self._pace.clock()
        if now >= self.until:
            raise sensor_error(SensorFault.NO_ANSWER, "the time allowed for this reading is over")
        deadline = min(now + self._pace.s(deadline_s(command)), self.until)
        self._exchange = _Exchange(command, shape_of(command[0]), deadline)
        self._phase = _Phase.ACK
        self._receiver.begin()

    def _receive(self) -> Frame | None:
        if self._phase is _Phase.ACK:
            return self._receive_ack()
        if self._phase is _Phase.DATA_IN:
            return self._receive_data_packet()
        return None

    def _receive_ack(self) -> Frame | None:
        assert self._exchange is not None
        shape = self._exchange.shape
        foreign = False
        while (frame := self._receiver.next_frame(self._exchange.deadline)) is not None:
            ok = frame.content[0] == Code.OK
            lengths = (shape.ack_bytes,) if ok else (1, shape.ack_bytes)
            if frame.pid != ACK or len(frame.content) not in lengths:
                self._tally.stale += 1
                # A fence's second answer may straggle in and means nothing; any other strange OK may say that
                # the module has executed something else than it was sent.
                foreign |= frame.pid == ACK and ok and len(frame.content) != _FENCE_ACK_BYTES
                self._dirty = True
                continue
            self._heard()
            return self._answered(frame, shape)
        self._failed(foreign)
        return None

    def _answered(self, frame: Frame, shape: Shape) -> Frame:
        if frame.content[0] != Code.OK:
            self._phase = _Phase.IDLE
            # Padded to the length the library waits for; and an id on a refusal is never one (R503 sends
            # leftovers).
            return Frame(ACK, frame.content[:1] + _FILL * (shape.ack_bytes - 1))
        self._phase = _Phase.DATA_IN if shape.data_in else _Phase.DATA_OUT if shape.data_out else _Phase.IDLE
        self._data_bytes = 0
        return frame

    def _failed(self, foreign: bool) -> None:
        if foreign:
            self.failure = SensorFault.FOREIGN_ANSWER
            self._tally.foreign += 1
        elif self._receiver.damage:
            self.failure = SensorFault.DAMAGED_ANSWER
        else:
            self.failure = SensorFault.NO_ANSWER
            self._tally.timeout += 1
        self._dirty = True
        self._phase = _Phase.IDLE

    def _receive_data_packet(self) -> Frame | None:
        self._receiver.begin()
        frame = self._receiver.next_frame(self._pace.clock() + self._pace.s(_DATA_GAP_S))
        if frame is None or self._receiver.damage or frame.pid not in (DATA, END):
            self._failed(foreign=False)
            return None
        self._data_bytes += len(frame.content)
        if self._data_bytes > MAX_DATA_BYTES:
            # A DY50 was seen never to send the end packet.
            self._failed(foreign=False)
            self.failure = SensorFault.DAMAGED_ANSWER
            return None
        if frame.pid == END:
            self._phase = _Phase.IDLE
        return frame

    def _write_data(self, packet: bytes) -> None:
        if self._phase is not _Phase.DATA_OUT:
            raise sensor_error(SensorFault.REFUSED, "the module has not agreed to receive data")
        self._port.write(packet)
        if packet[6] == END:
            self._phase = _Phase.IDLE
