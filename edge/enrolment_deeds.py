"""What an enrolment asks of the world, as values: the dialogue decides, the desk does them one by one."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from attendance.enrolment import Begun, Enrolment, FailedEnrolment, Intent
from edge.camera_socket import Photo
from edge.sensor_identifying import Identification

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose finger a slot holds, by the host's own table."""

    person: str
    name: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What the dialogue must know of the module.

    Attributes:
        model: its class.
        captures: how many touches make a template.
        compares_captures: it can compare two captures; otherwise the first one needs a slot to be found in.
        usable_slots: slots from 0 on that may hold templates.
    """

    model: str
    captures: int
    compares_captures: bool
    usable_slots: int


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search found."""

    slot: int
    score: int


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said: a sentence for the officer's screen, two short lines for the node's display.

    Attributes:
        kind: "step", "hint", "refusal" or "done".
        more: further pages of the display, two short lines each.
    """

    kind: str
    text: str
    first: str
    second: str
    more: tuple[tuple[str, str], ...] = ()


class Deed(Generic[T]):
    """Something to be done; `T` is what comes back."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Say(Deed[None]):
    """Show a line."""

    line: Line


@dataclass(frozen=True, slots=True)
class Pause(Deed[None]):
    """Let this many seconds of the sensor's time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ReadTraits(Deed[Traits]):
    """What kind of module it is."""


@dataclass(frozen=True, slots=True)
class Holders(Deed[Mapping[int, Holder]]):
    """Whose each slot is by the roster in force and the enrolments after it."""


@dataclass(frozen=True, slots=True)
class Slots(Deed[frozenset[int]]):
    """The slots in use by the module's index."""


@dataclass(frozen=True, slots=True)
class Identify(Deed[Identification | None]):
    """Look for a finger as in everyday work; None while the sensor needs a pause."""


@dataclass(frozen=True, slots=True)
class Touching(Deed[bool]):
    """Whether something lies on the glass."""


@dataclass(frozen=True, slots=True)
class Capture(Deed[str | None]):
    """Take an image into a buffer; None if it worked, "no-finger", or why it is poor."""

    buffer: int


@dataclass(frozen=True, slots=True)
class Extract(Deed[str | None]):
    """The features of the image that was taken last, into a further buffer."""

    buffer: int


@dataclass(frozen=True, slots=True)
class FindAll(Deed[Hit | None]):
    """Search the whole library for what is in buffer 1."""


@dataclass(frozen=True, slots=True)
class FindAt(Deed[Hit | None]):
    """Search for it in one slot only: others, of the same finger perhaps, must not answer for it."""

    slot: int


@dataclass(frozen=True, slots=True)
class Compare(Deed[int | None]):
    """Score of buffer 1 against buffer 2, or None."""


@dataclass(frozen=True, slots=True)
class Combine(Deed[bool]):
    """Make a template of the captures."""


@dataclass(frozen=True, slots=True)
class Load(Deed[bool]):
    """Read a slot back into buffer 1."""

    slot: int


@dataclass(frozen=True, slots=True)
class Store(Deed[None]):
    """Write buffer 1 into an empty slot, and see it there."""

    slot: int


@dataclass(frozen=True, slots=True)
class Erase(Deed[None]):
    """Empty a slot, and see it empty."""

    slot: int


@dataclass(frozen=True, slots=True)
class ChooseFinger(Deed[str]):
    """Let the officer name another finger of one of these."""

    fingers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfirmFace(Deed[None]):
    """Let the officer say that the person looks into the camera."""


@dataclass(frozen=True, slots=True)
class TakePhoto(Deed[Photo]):
    """A picture of this moment."""


@dataclass(frozen=True, slots=True)
class WriteBegun(Deed[None]):
    """Into the journal, before anything else that central asked for."""

    begun: Begun


@dataclass(frozen=True, slots=True)
class WriteIntent(Deed[None]):
    """Into the journal, before anything is stored."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class WriteEnrolment(Deed[None]):
    """Into the journal; from then on the person can punch here."""

    enrolment: Enrolment
    photo: str | None


@dataclass(frozen=True, slots=True)
class WriteFailure(Deed[None]):
    """Into the journal, once nothing is left of it."""

    failure: FailedEnrolment
    photo: str | None


Talk = Generator[Deed[Any], Any, T]


def ask(deed: Deed[T]) -> Talk[T]:
    """Have something done, and go on with what came back."""
    answer: T = yield deed
    return answer


class StoppedError(Exception):
    """The enrolment ends here: by a rule, by the officer, or by a fault that the desk throws in.

    Attributes:
        reason: kebab-case word for the event.
        line: what is said.
        other: holder of a finger that is enrolled already, and where.
        detail: an English sentence for the log.
    """

    def __init__(
        self,
        reason: str,
        line: Line,
        *,
        other: Holder | None = None,
        slot: int | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.other = other
        self.slot = slot
        self.detail = detail
