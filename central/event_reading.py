"""Decides what the events of a batch mean for the books. Whatever they say, every one of them is kept."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from attendance import enrolment, punch, templates
from attendance.chain import Event
from attendance.errors import MalformedError
from attendance.moment import ClockState, from_ms, to_ms
from central.pin_tries import is_try

AHEAD_TOLERANCE_MS = 300_000
"""A node's clock this far ahead of central's is not believed: it could close days that are not over."""
_QUARTER_MS = 900_000
_ONE_DAY = timedelta(days=1)
_ESCAPE, _NUL = b"\\", b"\\u0000"
"""How NUL stands in JSON: PostgreSQL keeps no text with it, and would refuse the whole batch. The single byte
is looked for first, which costs next to nothing."""


@dataclass(slots=True)
class Reading:
    """What one batch comes to.

    Attributes:
        rows: for the table `event`, in the order of its columns. Bytes are a bytearray and truth is 0 or 1,
            which sqlite3 takes as they are; asking around how to adapt `bytes` and `bool` doubles an insert.
        days: days that must be folded again, as (person, day).
        listening: signed spans, as (from_ms, to_ms).
        last_wall_ms: clock of the last event.
        reported_until_ms: clock of the last event whose time is trusted; None if there is none.
        clock_source: what the last `start` event says of the node's clock; None without one.
        unreadable: numbers of events whose bodies are not what their type promises.
        enrolments: events that tell how an enrolment ended.
        asked_for: events of enrolments that central asked for.
        templates: events that tell of the module, and how orders ended.
        pin_tries: events that tell of a PIN that booked nothing.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    days: set[tuple[str, date]] = field(default_factory=set)
    listening: list[tuple[int, int]] = field(default_factory=list)
    last_wall_ms: int = 0
    reported_until_ms: int | None = None
    clock_source: str | None = None
    unreadable: list[int] = field(default_factory=list)
    enrolments: list[Event] = field(default_factory=list)
    asked_for: list[Event] = field(default_factory=list)
    templates: list[Event] = field(default_factory=list)
    pin_tries: list[Event] = field(default_factory=list)


def persons_named(events: Sequence[Event]) -> set[str]:
    """Ids of the people whom the punches name."""
    named = (event.content.get("person") for event in events if event.type == punch.PUNCH)
    return {person for person in named if isinstance(person, str) and "\0" not in person}


def clock_sources(events: Sequence[Event]) -> set[str]:
    """What `start` events say of the clock they run on; silence counts as the system's."""
    starts = (event.content.get("clock_source", "system") for event in events if event.type == punch.START)
    return {str(source) for source in starts}


def read_events(
    events: Sequence[Event],
    known_people: Collection[str],
    zone: ZoneInfo,
    reported_until_ms: int | None,
    now_ms: int,
) -> Reading:
    """Read a batch.

    Args:
        events: verified and not stored yet.
        known_people: ids among those named that central has; a punch of anybody else is kept as nobody's.
        zone: of the node's unit, in which its days begin.
        reported_until_ms: the watermark before this batch.
        now_ms: central's clock, when the batch came.
    """
    reading = Reading(reported_until_ms=reported_until_ms)
    day_of, doubtful = _DayOf(zone), ClockState.DOUBTFUL
    latest_ms = now_ms + AHEAD_TOLERANCE_MS
    add_row, add_day = reading.rows.append, reading.days.add
    until_ms = -1 if reported_until_ms is None else reported_until_ms
    for event in events:
        moment = event.moment
        type_ = event.type if _ESCAPE not in event.header else event.type.replace("\0", "?")
        placed_ms = wall_ms = moment.wall_ms
        trusted = wall_ms <= latest_ms and moment.state is not doubtful
        if trusted:
            until_ms = wall_ms if wall_ms > until_ms else until_ms
        elif until_ms < 0 or not until_ms <= wall_ms <= now_ms:
            # It happened between the last trusted time and now; a doubtful clock that denies it is wrong.
            placed_ms = now_ms
        person = slot = kind = None
        if _ESCAPE in (event.body or b"") and type_ not in templates.TYPES and _has_nul(event):
            reading.unreadable.append(event.seq)
        elif type_ == punch.PUNCH:
            person, slot, kind = _punch(event, known_people, reading)
            if person is not None:
                add_day((person, day_of[placed_ms // _QUARTER_MS]))
        elif type_ == punch.LISTENING:
            _listening(event, latest_ms, reading)
        elif type_ in enrolment.TYPES:
            _enrolment(event, reading)
        elif type_ == punch.START:
            reading.clock_source = str(event.content.get("clock_source", "system"))[:16]
        elif type_ in templates.TYPES:
            reading.templates.append(event)
        elif type_ == punch.UNMATCHED and is_try(event):
            reading.pin_tries.append(event)
        body = bytearray(event.body) if event.body is not None else None
        add_row(
            (
                event.node, event.epoch, event.seq, type_, wall_ms, placed_ms, int(trusted),
                person, slot, kind, bytearray(event.header), body, event.photo, now_ms,
            )
        )  # fmt: skip
    # A shift that began the evening before may end with any of these punches.
    reading.days |= {(person, day - _ONE_DAY) for person, day in reading.days}
    reading.last_wall_ms = events[-1].moment.wall_ms
    reading.reported_until_ms = None if until_ms < 0 else until_ms
    return reading


def _punch(
    event: Event, known_people: Collection[str], reading: Reading
) -> tuple[str | None, int | None, str | None]:
    said = event.content.get
    person, slot, kind = said("person"), said("slot"), said("kind")
    numbered = type(slot) is int and 0 <= slot < 2**31
    # Of punches only a PIN leaves the slot empty and names a person: that is how days and reports know it.
    by_pin = slot is None and person is not None and said("method") == punch.Method.PIN
    if (numbered or by_pin) and type(kind) is str and (person is None or type(person) is str):
        return (person if person in known_people else None), slot, kind[:16]
    reading.unreadable.append(event.seq)
    return None, None, None


def _has_nul(event: Event) -> bool:
    """Whether any text of the body has it: the bytes alone may also be a backslash and what follows it."""
    return _NUL in (event.body or b"") and any("\0" in part for part in _texts(event.content))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield name
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _enrolment(event: Event, reading: Reading) -> None:
    if event.type in (enrolment.ENROL, enrolment.FAILED):
        reading.enrolments.append(event)
    if event.content.get("request") is not None:
        reading.asked_for.append(event)


def _listening(event: Event, latest_ms: int, reading: Reading) -> None:
    """Only a span with a trusted clock bears witness; a span that reaches into the future can't."""
    try:
        span = punch.Listening.parse(event.content)
    except MalformedError:
        reading.unreadable.append(event.seq)
        return
    until_ms = to_ms(span.until)
    if span.clock is not ClockState.DOUBTFUL and event.moment.trusted and until_ms <= latest_ms:
        reading.listening.append((to_ms(span.since), until_ms))


class _DayOf(dict[int, date]):
    """The date of a punch where it was made.

    By quarter of an hour since 1970: every time zone's offset is a multiple of that.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, quarter: int) -> date:
        day = self[quarter] = from_ms(quarter * _QUARTER_MS).astimezone(self._zone).date()
        return day
