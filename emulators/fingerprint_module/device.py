"""What the instructions work on: flash, RAM, the glass and its finger. No line, no clock of its own."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from emulators import fingers
from emulators.fingerprint_module.agenda import Agenda
from emulators.fingerprint_module.flash import CharFile, Flash
from emulators.fingerprint_module.profiles import Profile
from emulators.fingerprint_module.tempo import Tempo


@dataclass(frozen=True, slots=True)
class Touch:
    """A finger on the glass; quality, shift and wear lie between 0 and 1 (ValueError otherwise)."""

    person: str
    finger: str
    quality: float
    shift: float
    wear: float

    def __post_init__(self) -> None:
        fingers.check_shares(quality=self.quality, shift=self.shift, wear=self.wear)


@dataclass(slots=True)
class Ram:
    """Lost with power, SoftRst and brown-out."""

    image: fingers.Capture | None = None
    image_of: tuple[str, str] = ("", "")
    image_bytes: bytes | None = None
    buffers: dict[int, CharFile] = field(default_factory=dict)
    filled: list[int] = field(default_factory=list)
    model: CharFile | None = None
    fresh: bool = False
    password_given: bool = False
    last_matched: bool = False
    downloaded_at_ms: float = -1e9
    live_since_download: bool = True
    lamp: bytes = b""


@dataclass(slots=True)
class DataPhase:
    """The host is expected to send data packets."""

    target: int | None
    """Buffer number, None for the image."""
    deadline_ms: float
    got: bytearray = field(default_factory=bytearray)
    spoiled: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What an instruction answers: the acknowledgement, data after it, and what happens once it has left."""

    content: bytes
    data: bytes = b""
    after: Callable[[], None] | None = None


@dataclass
class Device:
    """One module without its line."""

    profile: Profile
    flash: Flash
    tempo: Tempo
    world: fingers.Fingers
    agenda: Agenda = field(default_factory=Agenda)
    ram: Ram = field(default_factory=Ram)
    touch: Touch | None = None
    awaiting: DataPhase | None = None
    counters: Counter[str] = field(default_factory=Counter)
    captures: Counter[tuple[str, str]] = field(default_factory=Counter)
    flaws: set[str] = field(default_factory=set)
    """Faults that hold during the running instruction, by name."""
    restart: Callable[[], None] = lambda: None
    """Set by the module: lose RAM and boot."""
    stand_by: Callable[[], None] = lambda: None
    """Set by the module: switch the line off until a finger comes."""

    def __post_init__(self) -> None:
        self.random = random.Random(f"device|{self.tempo.seed}")

    @property
    def now_ms(self) -> float:
        """Module time."""
        return self.agenda.now_ms

    def work(self, ms: float) -> float:
        """A work time in module time."""
        return self.tempo.work(ms)

    def next_capture(self, touch: Touch) -> fingers.Capture:
        """The next numbered capture of the finger on the glass."""
        who = (touch.person, touch.finger)
        self.captures[who] += 1
        return self.world.capture(
            touch.person, touch.finger, self.captures[who], touch.quality, touch.shift, touch.wear
        )

    def charfile(self, minutiae: tuple[fingers.Minutia, ...]) -> CharFile:
        """Minutiae as a template of this profile's size."""
        kept = minutiae[: fingers.room(self.profile.template_bytes)]
        raw = fingers.encode(kept, self.profile.template_bytes)
        return CharFile(raw, bool(kept), frozenset(minutia.descriptor for minutia in kept))

    def buffer_number(self, asked: int) -> int:
        """ZFM class: 1 or else 2; R503: 1 to 6, anything else the last."""
        return asked if 1 <= asked <= self.profile.buffers else self.profile.buffers
