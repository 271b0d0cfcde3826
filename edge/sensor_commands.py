"""The module's commands: which of them may be repeated, and which codes make sense as an answer."""

from collections.abc import Callable

from edge.faults import SensorError
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_library import SearchAnswer, SensorLibrary
from edge.sensor_link import CheckedLink
from edge.sensor_opcodes import Code, Op, shape_of
from edge.sensor_searching import narrow_range, usable_slots, wide_range

MAX_RETRIES = 2
INDEX_PAGE_SLOTS = 256

# Even "broken" is only believed when it is said again: it may be a damaged answer.
_WORTH_REPEATING = frozenset(
    {
        SensorFault.NO_ANSWER,
        SensorFault.DAMAGED_ANSWER,
        SensorFault.REFUSED,
        SensorFault.PASSWORD_NEEDED,
        SensorFault.BROKEN,
    }
)
_BROKEN = frozenset({Code.SENSOR_ABNORMAL, Code.HARDWARE_ERROR})
# After a strange OK these are not repeated one by one: what the buffers hold is in doubt, the look begins
# anew.
_OF_ONE_LOOK = frozenset({Op.GEN_IMAGE, Op.IMAGE_TO_FEATURES, Op.SEARCH})
_IMAGE_CODES = frozenset({Code.OK, Code.NO_FINGER, Code.CAPTURE_FAILED})
_FEATURE_CODES = frozenset(
    {Code.OK, Code.TOO_DRY, Code.TOO_WET, Code.MESSY, Code.FEW_POINTS, Code.NO_IMAGE, Code.RESIDUE}
)
_SEARCH_CODES = frozenset({Code.OK, Code.NOT_FOUND, Code.LIBRARY_EMPTY})
_READ_CODES = frozenset({Code.OK})
_LOAD_CODES = frozenset({Code.OK, Code.BAD_TEMPLATE, Code.EMPTY_SLOT, Code.BAD_SLOT})


class SensorCommands:
    """Commands over the library. A code that makes no sense for its command is a doubt, never a result."""

    def __init__(self, link: CheckedLink, library: SensorLibrary, capacity: int) -> None:
        self.link = link
        self.library = library
        self.capacity = capacity

    def take_image(self) -> int:
        """OK, no finger, or capture failed."""
        return self._ask(Op.GEN_IMAGE, self.library.take_image, _IMAGE_CODES)

    def extract(self, buffer: int) -> int:
        """OK, or why the image has no usable features."""
        return self._ask(Op.IMAGE_TO_FEATURES, lambda: self.library.extract(buffer), _FEATURE_CODES)

    def search(self) -> SearchAnswer:
        """OK with slot and score, or not found."""
        return self._ask_search(*wide_range(self.capacity))

    def confirm(self, slot: int) -> SearchAnswer:
        """The same question put to the few slots around this one."""
        self.check_slot(slot)
        return self._ask_search(*narrow_range(slot))

    def search_only(self, slot: int) -> SearchAnswer:
        """The same question put to this slot alone.

        Damage can turn such a narrow command into a Store of buffer 1 at its first slot (see
        `edge.sensor_searching`). So only for a slot whose own person's finger lies in that buffer.
        """
        self.check_slot(slot)
        return self._ask_search(slot, 1)

    def search_range(self, start: int, number: int, buffer: int) -> SearchAnswer:
        """Any question of that kind; also the receive error with which some optical modules refuse it.

        The caller makes sure that no slot was written instead, see `search_only`.
        """
        for _ in range(1 + MAX_RETRIES):
            answer = self._ask_search(start, number, buffer, _SEARCH_CODES | {Code.RECEIVE_ERROR})
            if answer.code != Code.RECEIVE_ERROR:
                break
            self.link.doubt()  # it may be the truth: the command arrived damaged
        return answer

    def compare(self) -> int | None:
        """Score of buffers 1 and 2 against each other, or None for "no match".

        Some optical modules send a receive error before the real answer; it is repeated behind a fence.
        """
        scores = [0]

        def call() -> int:
            code, scores[0] = self.library.compare()
            return code

        code = self._ask(Op.COMPARE, call, frozenset({Code.OK, Code.NO_MATCH}))
        return scores[0] if code == Code.OK else None

    def make_model(self) -> bool:
        """True if the module combined its captures. No proof that they were of one finger."""
        code = self._ask(Op.MAKE_MODEL, self.library.make_model, frozenset({Code.OK, Code.NOT_COMBINED}))
        return code == Code.OK

    def load(self, slot: int, buffer: int) -> bool:
        """True if the slot's template is in the buffer now; False if the slot holds none."""
        self.check_slot(slot)
        code = self._ask(Op.LOAD, lambda: self.library.load(slot, buffer), _LOAD_CODES)
        return code == Code.OK

    def count(self) -> int:
        """Number of stored templates."""
        counts = [0]

        def call() -> int:
            code, counts[0] = self.library.count()
            return code

        self._ask(Op.COUNT, call, _READ_CODES)
        return counts[0]

    def index(self) -> frozenset[int]:
        """The slots in use, page by page.

        Bits at or beyond the capacity are leftovers of the module's memory.
        """
        slots: set[int] = set()
        for page in range((self.capacity + INDEX_PAGE_SLOTS - 1) // INDEX_PAGE_SLOTS):
            bits = int.from_bytes(self._index_page(page), "little")
            slots.update(page * INDEX_PAGE_SLOTS + i for i in range(INDEX_PAGE_SLOTS) if bits >> i & 1)
        return frozenset(slot for slot in slots if slot < self.capacity)

    def slots(self) -> frozenset[int]:
        """The slots in use, where index and count agree.

        Raises:
            SensorError: damaged-answer if they never do (R551 modules have an index that is off by one).
        """
        for _ in range(1 + MAX_RETRIES):
            slots = self.index()
            if self.count() == len(slots):
                return slots
        raise sensor_error(SensorFault.DAMAGED_ANSWER, "the module's index and its count do not agree")

    def _index_page(self, page: int) -> bytes:
        pages = [b""]

        def call() -> int:
            code, pages[0] = self.library.index_page(page)
            return code

        self._ask(Op.INDEX, call, _READ_CODES)
        return pages[0]

    def receive_template(self, buffer: int) -> bytes:
        """The bytes of a buffer."""
        data = [b""]

        def call() -> int:
            code, data[0] = self.library.receive_template(buffer)
            return code

        self._ask(Op.UPLOAD, call, _READ_CODES)
        return data[0]

    def has_slot(self, slot: int) -> bool:
        """True for a slot that may hold a template."""
        return 0 <= slot < usable_slots(self.capacity)

    def check_slot(self, slot: int) -> None:
        """Refuse a slot the module does not have.

        Raises:
            SensorError: slot-out-of-range.
        """
        if not self.has_slot(slot):
            raise sensor_error(
                SensorFault.SLOT_RANGE, f"slot {slot} of a module with {usable_slots(self.capacity)} to use"
            )

    def once(self, call: Callable[[], int], expected: frozenset[int]) -> int:
        """One attempt, for commands that must never be sent twice blindly. A code not expected raises."""
        code = call()
        if code not in expected:
            self.link.doubt()
            self._refuse(code)
        return code

    def _ask_search(
        self, start: int, number: int, buffer: int = 1, codes: frozenset[int] = _SEARCH_CODES
    ) -> SearchAnswer:
        answers: list[SearchAnswer] = []

        def call() -> int:
            answers.append(self.library.search(start, number, buffer))
            return answers[-1].code

        self._ask(Op.SEARCH, call, codes)
        return answers[-1]

    def _ask(self, opcode: int, call: Callable[[], int], expected: frozenset[int]) -> int:
        attempts = 1 + MAX_RETRIES * shape_of(opcode).repeatable
        for attempt in range(1, attempts + 1):
            try:
                return self.once(call, expected)
            except SensorError as error:
                repeat = error.kind in _WORTH_REPEATING or (
                    error.kind == SensorFault.FOREIGN_ANSWER and opcode not in _OF_ONE_LOOK
                )
                if not repeat or attempt == attempts:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _refuse(self, code: int) -> None:
        if code == Code.PASSWORD_NEEDED:
            # It has started anew. Nothing was executed, so saying the password and asking again is always
            # right.
            if self.library.verify_password() == Code.WRONG_PASSWORD:
                raise sensor_error(SensorFault.WRONG_PASSWORD, "the module no longer takes the password")
            raise sensor_error(SensorFault.PASSWORD_NEEDED, "the module had lost its session")
        if code in _BROKEN:
            raise sensor_error(SensorFault.BROKEN, f"the module reports a hardware error ({code:02X})")
        raise sensor_error(SensorFault.REFUSED, f"the module answered {code:02X}")
