"""The glass of the sensor: whether a finger lies on it, whose it is, and whether it has been lifted since."""

from edge.faults import SensorError
from edge.sensor_commands import SensorCommands
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_identifying import (
    Again,
    Before,
    Found,
    Gone,
    Held,
    Identification,
    Look,
    NoFinger,
    NotFound,
    Poor,
    PoorImage,
    Rules,
    decide,
)
from edge.sensor_opcodes import SEARCH_PER_SLOT_S, Code
from edge.sensor_pace import Pace

FEATURE_BUFFER = 1
LIFT_S = 0.1
READING_S = 2.8
_MAX_INTERRUPTIONS = 2
_POOR_BY_CODE = {
    Code.TOO_DRY: "too-dry",
    Code.TOO_WET: "too-wet",
    Code.MESSY: "messy",
    Code.RESIDUE: "messy",
    Code.FEW_POINTS: "few-points",
}
_INTERRUPTED = frozenset({SensorFault.FOREIGN_ANSWER})


def poor_reason(extract_code: int) -> str | None:
    """Why an image gave no features, or None if it did.

    Raises:
        SensorError: foreign-answer if the module says that it has no image, although it has just taken one.
    """
    if extract_code == Code.NO_IMAGE:
        raise sensor_error(SensorFault.FOREIGN_ANSWER, "the image was lost before its features were taken")
    return None if extract_code == Code.OK else _POOR_BY_CODE[Code(extract_code)]


class Glass:
    """Reads fingers, one answer per lift.

    Outlives the connection: a sensor that comes back after an unplug must not answer the same touch twice.
    """

    def __init__(self, rules: Rules, pace: Pace) -> None:
        self._rules = rules
        self._pace = pace
        self._before = Before(known=False)
        self._answered = False
        self._bare_since: float | None = None

    def forget_features(self) -> None:
        """The module's buffers may now hold anything (a start, an unplug, work with templates)."""
        self._before = Before(known=False)

    def withdraw_answer(self) -> None:
        """The last answer is not given yet: if it never is, the same touch may be read again."""
        self._answered = False

    def confirm_answer(self) -> None:
        """The answer is given: the same touch is only held from now on."""
        self._answered = True

    def read(self, commands: SensorCommands) -> Identification:
        """Look once; when a finger that has not been answered is there, identify it.

        Raises:
            SensorError: no sound answer within `READING_S` (more on large modules) plus one fence.
        """
        allowed_s = READING_S + SEARCH_PER_SLOT_S * commands.capacity
        commands.link.until = self._pace.clock() + self._pace.s(allowed_s)
        try:
            code = commands.take_image()
            if code == Code.NO_FINGER:
                return self._bare()
            self._bare_since = None
            if self._answered:
                return Held()
            return self._identify(commands, code, self._pace.clock())
        finally:
            commands.link.until = float("inf")

    def _bare(self) -> NoFinger:
        """No finger.

        Lifted means seen bare twice, some time apart: one reading alone may be a capture that failed.
        """
        now = self._pace.clock()
        if self._bare_since is None:
            self._bare_since = now
        elif now - self._bare_since >= self._pace.s(LIFT_S):
            self._answered = False
        return NoFinger()

    def _identify(self, commands: SensorCommands, first_code: int, contact: float) -> Identification:
        before, self._before = self._before, Before(known=False)
        looks: list[Look] = []
        interruptions = 0
        code = first_code
        while True:
            try:
                look = self._look(commands, code)
            except SensorError as error:
                interruptions += 1
                if error.kind not in _INTERRUPTED or interruptions > _MAX_INTERRUPTIONS:
                    raise
                look = None
            if look is not None:
                looks.append(look)
                outcome = decide(looks, self._rules, before, contact)
                if outcome is not Again.LOOK:
                    break
            code = commands.take_image()
        self._remember(looks[-1])
        self._answered = not isinstance(outcome, PoorImage)
        return outcome

    def _remember(self, last: Look) -> None:
        """Whose image and features the module holds now: unknown, unless the last image was searched for.

        Both outlive the finger, so a "finger present" that was in truth a damaged "no finger" would find
        them.
        """
        if isinstance(last, Found | NotFound):
            self._before = Before(known=True, slot=last.slot if isinstance(last, Found) else None)

    def _look(self, commands: SensorCommands, image_code: int) -> Look:
        """One look, of which the image has just been taken.

        No other image may be taken before its searches are over:
        on R503 that spoils them."""
        if image_code == Code.NO_FINGER:
            return Gone()
        if image_code != Code.OK:
            return Poor("capture-failed")
        code = commands.extract(FEATURE_BUFFER)
        reason = poor_reason(code)
        if reason is not None:
            return Poor(reason)
        first = commands.search()
        if first.code != Code.OK:
            return NotFound()
        second = commands.confirm(first.slot) if commands.has_slot(first.slot) else None
        if second is None or second.code != Code.OK or second.slot != first.slot:
            commands.link.doubt()
            raise sensor_error(SensorFault.FOREIGN_ANSWER, "the narrow search does not confirm the wide one")
        return Found(first.slot, min(first.score, second.score))
