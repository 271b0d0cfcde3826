"""Work with templates: captures for an enrolment, and slots that are read, written and erased with proof.

A write to the module's flash is never repeated blindly and never believed: the index, the count and the bytes
are read back. "Stored" is said only of what was seen to be there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_glass import poor_reason
from edge.sensor_library import SearchAnswer
from edge.sensor_models import PACKET_BYTES, ModelProfile
from edge.sensor_opcodes import Code
from edge.sensor_pace import Pace
from edge.sensor_searching import usable_slots

SETTLE_S = 1.0
_WORK_BUFFER = 1
_WRITE_CODES = frozenset({Code.OK, Code.FLASH_ERROR})
_UNSURE = frozenset(
    {SensorFault.NO_ANSWER, SensorFault.DAMAGED_ANSWER, SensorFault.FOREIGN_ANSWER, SensorFault.REFUSED}
)


class TemplateShelf:
    """The templates of one connected module.

    Every method raises `SensorError` when there is no sound answer.
    """

    def __init__(
        self,
        commands: SensorCommands,
        profile: ModelProfile,
        pace: Pace,
        expect: Callable[[frozenset[frozenset[int]]], None] = lambda _libraries: None,
    ) -> None:
        """Work on these commands; `expect` is told which sets of slots may be in use from now on."""
        self._expect = expect
        self._commands = commands
        self._profile = profile
        self._pace = pace

    @property
    def profile(self) -> ModelProfile:
        """What is known of the module."""
        return self._profile

    @property
    def usable_slots(self) -> int:
        """Slots from 0 on that may hold templates."""
        return usable_slots(self._commands.capacity)

    def touching(self) -> bool:
        """Whether something lies on the glass; takes an image."""
        return self._commands.take_image() != Code.NO_FINGER

    def slots(self) -> frozenset[int]:
        """The slots in use, where index and count agree."""
        return self._commands.slots()

    def capture_to_buffer(self, buffer: int) -> str | None:
        """Take one image into a buffer. None if it worked; otherwise "no-finger" or why the image is poor."""
        code = self._commands.take_image()
        if code == Code.NO_FINGER:
            return "no-finger"
        if code != Code.OK:
            return "capture-failed"
        return poor_reason(self._commands.extract(buffer))

    def extract(self, buffer: int) -> str | None:
        """The features of the image taken last, into a further buffer. None if it worked, or why not."""
        return poor_reason(self._commands.extract(buffer))

    def load(self, slot: int) -> bool:
        """True if the slot's template is in buffer 1 now; False if the slot holds none."""
        return self._commands.load(slot, _WORK_BUFFER)

    def make_model(self) -> bool:
        """Combine the captures.

        True is no proof that they were of one finger (PID 4750 combines two people).
        """
        return self._commands.make_model()

    def compare(self) -> int | None:
        """Score of buffer 1 against buffer 2, or None if they do not match."""
        return self._commands.compare()

    def find(self) -> SearchAnswer:
        """Search the whole library for the features in buffer 1."""
        return self._commands.search()

    def find_in(self, slot: int) -> SearchAnswer:
        """Search the features in buffer 1 among the few slots around this one; the answer must name it."""
        return self._commands.confirm(slot)

    def find_only(self, slot: int) -> SearchAnswer:
        """Search the features in buffer 1 in this slot alone, which an enrolment has just written."""
        return self._commands.search_only(slot)

    def search_range(self, start: int, number: int, buffer: int) -> SearchAnswer:
        """Search these slots for what lies in a buffer; the answer's code may be a receive error."""
        return self._commands.search_range(start, number, buffer)

    def holds(self, data: bytes, buffer: int) -> bool:
        """Whether a buffer holds these bytes."""
        try:
            return self._commands.receive_template(buffer) == data
        except SensorError as error:
            if error.kind != SensorFault.REFUSED:
                raise
            return False  # it holds nothing that could be sent

    def overwrite(self, buffer: int) -> None:
        """Let nothing that was sent to a buffer, or read through it, stay there."""
        in_use = self._commands.slots()
        if in_use:
            self._commands.load(min(in_use), buffer)
            return
        try:
            size = len(self._commands.receive_template(buffer))
        except SensorError as error:
            if error.kind != SensorFault.REFUSED:
                raise
            return  # it is empty
        # Bytes that are no template: some modules refuse a row of equal ones.
        self.upload((bytes(range(256)) * (1 + size // 256))[:size], buffer)

    @contextmanager
    def bounded(self, seconds: float) -> Iterator[None]:
        """Let nothing in this block wait any longer, in seconds of the sensor's time."""
        link = self._commands.link
        link.until = self._pace.clock() + self._pace.s(seconds)
        try:
            yield
        finally:
            link.until = float("inf")

    def download(self, buffer: int) -> bytes:
        """The bytes of a buffer, read twice and equal.

        Raises:
            SensorError: template-size, or damaged-answer if two readings differ.
        """
        first = self._commands.receive_template(buffer)
        if first != self._commands.receive_template(buffer):
            raise sensor_error(SensorFault.DAMAGED_ANSWER, "two readings of one buffer differ")
        self._check_size(first)
        return first

    def upload(self, data: bytes, buffer: int) -> None:
        """Fill a buffer and make sure that it holds these bytes.

        Raises:
            SensorError: template-size; not-stored if the module refused or holds something else.
        """
        self._check_size(data)
        parameters = self._commands.link.parameters
        assert parameters is not None
        packet_bytes = PACKET_BYTES[parameters.packet_size_code]
        code = self._commands.library.send_template(data, buffer, packet_bytes)
        self._commands.link.doubt()
        if code != Code.OK:
            raise sensor_error(SensorFault.NOT_STORED, f"the module refused the template ({code:02X})")
        if self._commands.receive_template(buffer) != data:
            raise sensor_error(SensorFault.NOT_STORED, "the buffer does not hold what was sent")

    def store(self, slot: int, buffer: int = _WORK_BUFFER) -> None:
        """Write a buffer to an empty slot, and see it there.

        Raises:
            SensorError: slot-out-of-range; flash-error, also when the template landed elsewhere; not-stored,
                also when the slot is in use: nothing is written over a template, so nobody inherits a slot.
        """
        self._commands.check_slot(slot)
        before = self._commands.slots()
        if slot in before:
            raise sensor_error(SensorFault.NOT_STORED, f"slot {slot} is in use")
        self._expect(frozenset({before, before | {slot}}))
        self._written(lambda: self._commands.library.store(slot, buffer))
        after = self._commands.slots()
        if after == before | {slot}:
            self._expect(frozenset({after}))
            return
        if after != before:
            raise sensor_error(SensorFault.FLASH, _changes(before, after))
        self._refuse_overwriting()
        raise sensor_error(SensorFault.NOT_STORED, f"slot {slot} does not show in the module's index")

    def _refuse_overwriting(self) -> None:
        """No slot was added.

        A damaged command may have written over another person's: then that one must go.
        """
        answer = self._commands.search()
        if answer.code == Code.OK:
            self.delete(answer.slot)
            raise sensor_error(
                SensorFault.FLASH,
                f"slot {answer.slot} was written over, is erased, and must be enrolled anew",
            )

    def delete(self, slot: int) -> None:
        """Erase a slot, and see it empty. An empty slot is left alone.

        Raises:
            SensorError: slot-out-of-range; not-stored if the slot is still in use; flash-error if others are
            gone too.
        """
        self._commands.check_slot(slot)
        before = self._commands.slots()
        if slot not in before:
            return
        self._expect(frozenset({before, before - {slot}}))
        self._written(lambda: self._commands.library.delete(slot))
        after = self._commands.slots()
        if after == before:
            raise sensor_error(SensorFault.NOT_STORED, f"slot {slot} is still in the module's index")
        if after != before - {slot}:
            raise sensor_error(SensorFault.FLASH, _changes(before, after))
        self._expect(frozenset({after}))

    def read_template(self, slot: int) -> bytes | None:
        """The template of a slot, or None if it holds none."""
        if not self._commands.load(slot, _WORK_BUFFER):
            return None
        return self.download(_WORK_BUFFER)

    def one_reading(self, slot: int) -> bytes | None:
        """The bytes of a slot, read once and of any size, or None if it holds none.

        For comparing them with what is known of the slot, not for passing them on.
        """
        if not self._commands.load(slot, _WORK_BUFFER):
            return None
        return self._commands.receive_template(_WORK_BUFFER)

    def write_template(self, slot: int, data: bytes) -> None:
        """Put a template made elsewhere into an empty slot, byte for byte.

        Raises:
            SensorError: as `upload` and `store`; not-stored if the slot's bytes differ, after erasing it
            again.
        """
        self.upload(data, _WORK_BUFFER)
        self.settle()
        self.store_uploaded(slot, data)

    def settle(self) -> None:
        """Wait between `upload` and `store`. OpenKNX: a Store within a second of the transfer may fail."""
        self._pace.sleep(self._pace.s(SETTLE_S))

    def store_uploaded(self, slot: int, data: bytes) -> None:
        """Put into an empty slot what `upload` has just sent, and read it back.

        Raises:
            SensorError: as `store`; not-stored if the slot's bytes differ, after erasing it again.
        """
        self.store(slot)
        if self.read_template(slot) != data:
            self.delete(slot)
            raise sensor_error(SensorFault.NOT_STORED, f"slot {slot} holds other bytes than were sent")

    def _check_size(self, data: bytes) -> None:
        if len(data) not in self._profile.template_bytes:
            raise sensor_error(
                SensorFault.TEMPLATE_SIZE, f"{len(data)} bytes are no {self._profile.name} template"
            )

    def _written(self, write: Callable[[], int]) -> None:
        """One attempt at a flash write. If its answer is in doubt, what follows reads back and decides."""
        try:
            code = self._commands.once(write, _WRITE_CODES)
        except SensorError as error:
            if error.kind not in _UNSURE:
                raise
            return
        if code == Code.FLASH_ERROR:
            raise sensor_error(SensorFault.FLASH, "the module could not write its flash")


def _changes(before: frozenset[int], after: frozenset[int]) -> str:
    return f"slots that came: {sorted(after - before)}, slots that went: {sorted(before - after)}"
