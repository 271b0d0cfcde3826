"""The words for the person at the door: pages of two lines of 16 characters, and a sentence to be spoken.

Never a verdict ("hadir", "TK"), never a word that shames; always the name, the time, and whether it is
stored.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from attendance.window import COMING, Kind
from edge.punching import Decision

WIDTH = 16
ATTEMPTS = 3
_TITLES = re.compile(r"^(?:(?:prof|drs|dra|dr|drg|ir|hj|h|kh|r|rr)\.\s*)+", re.IGNORECASE)
_ADMIN = "Hub. admin OPD"


class Outcome(StrEnum):
    """What the light and the buzzer say."""

    STORED = "stored"
    """Written durably. Only this one is green."""
    REFUSED = "refused"
    """No punch: the finger was not recognised."""
    NOT_RECORDED = "not-recorded"
    """A matched finger that could not be written down."""
    FAULT = "fault"
    """The machine is out of order."""
    READY = "ready"
    """Waiting for a finger."""


@dataclass(frozen=True, slots=True)
class Page:
    """Two lines as a 16x2 display shows them.

    Raises:
        ValueError: a line is too long or holds a character that the display does not have.
    """

    first: str
    second: str

    def __post_init__(self) -> None:
        for line in (self.first, self.second):
            if len(line) > WIDTH or not line.isascii() or not line.isprintable():
                raise ValueError(f"{line!r} does not fit a line of {WIDTH} plain characters")


@dataclass(frozen=True, slots=True)
class Message:
    """Pages shown one after the other, with their light, and a sentence for the voice."""

    pages: tuple[Page, ...]
    outcome: Outcome
    voice: str | None = None

    def then(self, *pages: Page) -> "Message":
        """The same with more pages behind."""
        return Message(self.pages + pages, self.outcome, self.voice)


def short_name(name: str) -> str:
    """A name on one line: without titles and degrees, later words shortened to initials where it is long."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if c.isascii() and c.isprintable())
    plain = " ".join(_TITLES.sub("", plain.split(",")[0].strip()).split()) or "?"
    words = plain.split(" ")
    for place in range(len(words) - 1, 0, -1):
        if len(" ".join(words)) <= WIDTH:
            break
        words[place] = words[place][0]
    return " ".join(words)[:WIDTH].rstrip()


def idle(now: datetime) -> Page:
    """Between two people: what to do, and the time."""
    return Page("Tempelkan jari", f"{now:%H:%M:%S} {now.tzname()}"[:WIDTH])


def starting() -> Message:
    """Just after power-up."""
    return Message((Page("Hadir", "Memulai..."),), Outcome.READY)


def stored(decision: Decision, *, say_late: bool = True) -> Message:
    """The confirmation of a punch that is durably written.

    Args:
        decision: what was written; its time is shown in the zone that it carries.
        say_late: whether the voice mentions lateness.
    """
    time = f"{decision.when:%H:%M}"
    recorded = f"Tercatat {time}"
    if decision.person is None:
        stored_page = Page("Tersimpan", recorded)
        if not decision.punch.roster:
            return Message((stored_page,), Outcome.STORED, "Tersimpan.")
        unknown = Page("Belum terdaftar", _ADMIN)
        return Message((unknown, stored_page), Outcome.STORED, "Belum terdaftar. Hubungi admin.")
    name = short_name(decision.person.name)
    pages = _repeated(decision) or _judged(decision, name, time)
    if all(page.first != name for page in pages):
        pages += (Page(name, recorded),)
    return Message(pages, Outcome.STORED, _spoken(decision, say_late=say_late))


def _judged(decision: Decision, name: str, time: str) -> tuple[Page, ...]:
    judgement = decision.judgement
    if judgement is None:
        return (Page(name, f"Tercatat {time}"),)
    if judgement.kind is Kind.IN:
        return (Page(name, f"Masuk {time}  OK"),)
    if judgement.kind is Kind.LATE:
        return (Page(name, _late(judgement.minutes)), Page(name, f"Masuk {time}"))
    if judgement.kind is Kind.OUT:
        return (Page(name, f"Pulang {time} OK"),)
    if judgement.kind is Kind.EARLY and judgement.schedule:
        return (Page("Belum waktunya", f"pulang: {judgement.schedule.out_earliest:%H:%M}"),)
    if judgement.kind is Kind.DAY_OFF:
        return (Page(name, f"Libur {time}  OK"),)
    return (Page("Di luar jam", f"Tercatat {time}"),)


def _repeated(decision: Decision) -> tuple[Page, ...]:
    if decision.repeat is None:
        return ()
    time = f"{decision.repeat.when.astimezone(decision.when.tzinfo):%H:%M}"
    first = f"Masuk {time} lalu" if decision.repeat.kind in COMING else f"Pulang {time}"
    return (Page("Sudah absen", first),)


def _late(minutes: int) -> str:
    for text in (f"Terlambat {minutes} mnt", f"Terlambat {minutes}mnt"):
        if len(text) <= WIDTH:
            return text
    return f"Terlambat {minutes // 60} jam"


def _spoken(decision: Decision, *, say_late: bool) -> str:
    person, judgement = decision.person, decision.judgement
    assert person is not None
    addressed = " ".join(filter(None, (person.salutation, person.name)))
    if decision.repeat is not None:
        return f"{person.salutation or 'Anda'} sudah absen."
    kind = judgement.kind if judgement else None
    if kind is Kind.LATE and say_late:
        return "Terima kasih. Tercatat terlambat."
    if kind in COMING:
        return f"Terima kasih, {addressed}. Selamat bekerja."
    if kind is Kind.EARLY:
        return "Belum waktunya pulang."
    if kind is Kind.OUT:
        return "Terima kasih. Hati-hati di jalan."
    if kind is Kind.OUTSIDE:
        return "Tercatat di luar jam absen."
    return "Terima kasih. Tercatat."


def not_recorded() -> Message:
    """A matched finger that could not be written: nobody may believe that it was."""
    return Message(
        (Page("TIDAK TEREKAM", _ADMIN),), Outcome.NOT_RECORDED, "Absen tidak terekam. Hubungi admin."
    )


def not_recognised(attempt: int) -> Message:
    """A finger that no template answers to; `attempt` counts from 1."""
    shown = min(attempt, ATTEMPTS)
    message = Message(
        (Page("Jari tak dikenal", f"Coba lagi ({shown}/{ATTEMPTS})"),),
        Outcome.REFUSED,
        "Sidik jari tidak dikenali, silakan coba lagi.",
    )
    return message.then(Page("Belum terdaftar?", _ADMIN)) if attempt >= ATTEMPTS else message


def poor_image() -> Message:
    """A finger of which no picture could be made."""
    return Message(
        (Page("Jari kotor/basah", "Bersihkan,ulangi"),), Outcome.REFUSED, "Bersihkan jari, lalu ulangi."
    )


def out_of_order(*, retry: bool, sentence: str | None = None) -> Message:
    """The machine does not work; `retry` where putting the finger on again may help."""
    if retry:
        return Message((Page("Gangguan sensor", "Tempel jari lagi"),), Outcome.FAULT, sentence)
    sentence = sentence or "Alat sedang gangguan. Hubungi admin."
    return Message((Page("Alat gangguan", _ADMIN),), Outcome.FAULT, sentence)


def sensor_out_of_order(sentence: str | None, *, stopped: bool) -> Message:
    """The sensor does not work; `stopped` where booking is stopped because its contents can't be trusted."""
    if not stopped:
        return out_of_order(retry=False, sentence=sentence)
    return Message((Page("Absen berhenti", "Hub. teknisi"),), Outcome.FAULT, sentence)


def clock_doubtful() -> Page:
    """Behind a confirmation: the time of it will need a person to look at it."""
    return Page("Jam belum pas", _ADMIN)


def camera_fault(when: datetime) -> Page:
    """Behind a confirmation: stored without a picture."""
    return Page("Kamera gangguan", f"Tercatat {when:%H:%M}")


def not_sent_yet(events: int) -> Page:
    """Behind a confirmation while the link is down: stored here, central has not got it yet."""
    long = f"Belum terkirim:{events}"
    short = f"Blm terkirim:{events if events < 1000 else '>1k'}"
    return Page("Tersimpan", long if len(long) <= WIDTH else short)
