"""Fingerprints: who is in which sensor, who is still being checked, and what waits for somebody."""

from dataclasses import dataclass, field

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from central import template_people
from central.clock import now
from central.finding_cases import open_findings_of
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office, today
from central.pages.enrolment_requests import ENROLLERS
from central.pages.guard import require_viewer
from central.pages.needs import current_needs
from central.pages.viewer import PEOPLE_READERS, Viewer
from central.paging import Page
from central.placement_needs import Needs
from central.search_progress import Progress, progress_of
from central.template_counts import Counts, UnitCounts, read_counts, unit_counts
from central.template_people import PeopleList, PersonLine, Place
from central.units import subtree

_MAX_SEARCH_CHARS = 80


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for.

    Attributes:
        unit: code of the unit that the list is narrowed to; empty for all that the viewer sees.
    """

    which: PeopleList
    text: str
    unit: str
    page: int


@dataclass(frozen=True, slots=True)
class _Listing:
    """One page of people, and by their ids what the list says of them."""

    people: Page[PersonLine]
    progress: dict[str, Progress] = field(default_factory=dict)
    findings: dict[str, list[int]] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)
    classes: dict[str, list[str]] = field(default_factory=dict)
    wanted: dict[str, list[str]] = field(default_factory=dict)
    called: dict[str, tuple[str, ...]] = field(default_factory=dict)


@pages.get("/sidik-jari")
@access.allow(*PEOPLE_READERS, scope=Scope.FILTERED)
def fingerprints() -> ResponseReturnValue:
    """The numbers, and one of the lists (`?daftar=`, `?cari=`, `?skpd=`, `?halaman=`) for who reads names."""
    viewer, asked = require_viewer(), _asked()
    if asked.unit and not viewer.sees(asked.unit):
        abort(404)
    with office().database.read() as connection:
        needs = current_needs(current_app, connection, office().clock.now_ms())
        lines = unit_counts(connection, today(), viewer.units, needs)
        counts = read_counts(connection, lines, today(), viewer.units)
        listing = _listing(connection, viewer, asked, needs) if viewer.reads_names else None
    return render_template(
        "fingerprints.html",
        counts=counts,
        lines=lines,
        asked=asked,
        listing=listing,
        lists=_sizes(counts),
        shown=_shown(lines, asked),
        may_enrol=viewer.role in ENROLLERS,
    )


def asked_page() -> int:
    """The page that the address asks for; the first where it asks for none that can be."""
    text = request.args.get("halaman", "1")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 else 1


def _asked() -> _Asked:
    chosen = request.args.get("daftar", "")
    which = PeopleList(chosen) if chosen in set(PeopleList) else PeopleList.CHECKING
    return _Asked(which, _printable("cari"), _printable("skpd"), asked_page())


def _printable(name: str) -> str:
    """What the address says, without what no database keeps as text."""
    text = "".join(letter if letter.isprintable() else " " for letter in request.args.get(name, ""))
    return " ".join(text.split())[:_MAX_SEARCH_CHARS]


def _listing(connection: Connection, viewer: Viewer, asked: _Asked, needs: Needs) -> _Listing:
    units = viewer.units
    if asked.unit:
        below = subtree(connection, asked.unit)
        units = below if units is None else below & units
        if not units:
            abort(404)
    people = template_people.list_people(
        connection, asked.which, today(), units, needs, text=asked.text, page=asked.page
    )
    ids = [line.id for line in people.items]
    match asked.which:
        case PeopleList.CHECKING:
            progress = progress_of(connection, ids, now(office().clock))
            return _Listing(people, progress=progress, findings=open_findings_of(connection, ids))
        case PeopleList.UNPROVEN:
            return _Listing(people, places=template_people.unproven_places(connection, ids))
        case PeopleList.OTHER_CLASS:
            wanted = template_people.unit_classes(connection, {line.unit for line in people.items})
            classes = template_people.enrolled_classes(connection, ids)
            called = {person: needs.elsewhere.get(person, ()) for person in ids}
            return _Listing(people, classes=classes, wanted=wanted, called=called)
        case PeopleList.ALL:
            return _Listing(people, findings=open_findings_of(connection, ids))
        case PeopleList.WITHOUT | PeopleList.WITHOUT_ROOM:
            return _Listing(people)


def _sizes(counts: Counts) -> dict[str, int]:
    return {
        PeopleList.CHECKING: counts.checking,
        PeopleList.UNPROVEN: counts.unproven,
        PeopleList.OTHER_CLASS: counts.other_class,
        PeopleList.WITHOUT_ROOM: counts.without_room,
        PeopleList.WITHOUT: counts.without,
        PeopleList.ALL: counts.people,
    }


def _shown(lines: list[UnitCounts], asked: _Asked) -> str:
    """The name of the unit that the list is narrowed to."""
    return next((line.name for line in lines if line.code == asked.unit), asked.unit)
