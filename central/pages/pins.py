"""PINs for people whose fingers no sensor reads: who has one and why, setting, withdrawing."""

from dataclasses import dataclass, replace

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from central import people
from central import pins as books
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office, today
from central.pages.guard import require_viewer
from central.pages.language import gettext
from central.pages.pin_words import problem_words
from central.pages.viewer import PIN_KEEPERS, PIN_READERS, Viewer
from central.pins import DEFAULT_MONTHLY_QUOTA, LONGEST_REASON, MOST_MONTHLY_QUOTA, PinError, Problem
from central.tables import employee, pin
from central.workplaces import workplace

_MAX_PERSON_CHARS = 40


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands in the form; the PIN itself is never put back into it."""

    person: str = ""
    reason: str = ""
    quota: str = str(DEFAULT_MONTHLY_QUOTA)
    chosen_by: str = "person"
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    """Whom a form names."""

    id: str
    name: str
    nip: str | None
    unit: str | None


@pages.get("/pin")
@access.allow(*PIN_READERS, scope=Scope.FILTERED)
def pins() -> ResponseReturnValue:
    """Everybody with a PIN whom the viewer sees, with the reason."""
    viewer = require_viewer()
    with office().database.read() as connection:
        holders = books.holders(connection, today(), viewer.units)
    return render_template("pins.html", holders=holders, may_set=_may_set)


@pages.get("/pin/baru")
@access.allow(*PIN_KEEPERS, scope=Scope.FILTERED)
def new_pin() -> ResponseReturnValue:
    """The form; `?pegawai=` fills in somebody who has a PIN already."""
    person = _find(request.args.get("pegawai", ""))
    if person is None or not _may_set(person.id, require_viewer()):
        return _page(_Form())
    with office().database.read() as connection:
        known = connection.execute(
            select(pin.c.reason, pin.c.monthly_quota).where(pin.c.employee == person.id)
        ).one_or_none()
    form = _Form(person.nip or person.id)
    return _page(replace(form, reason=known.reason, quota=str(known.monthly_quota)) if known else form)


@pages.post("/pin/baru")
@access.allow(*PIN_KEEPERS, scope=Scope.FILTERED)
def set_pin() -> ResponseReturnValue:
    """Set a PIN, or say what is missing. One from the computer is shown on this answer and never again."""
    viewer, form = require_viewer(), _read_form()
    try:
        person = _named(form.person, viewer)
        chosen = _chosen(form, person)
        number = _give(person, chosen, form, viewer)
    except PinError as error:
        return _page(replace(form, problem=problem_words(error.problem))), 400
    shown = chosen if form.chosen_by == "computer" else None
    return render_template("pin_given.html", person=person, number=number, shown=shown)


@pages.post("/pin/cabut")
@access.allow(*PIN_KEEPERS, scope=Scope.FILTERED)
def withdraw_pin() -> ResponseReturnValue:
    """Take somebody's PIN away."""
    viewer, desk = require_viewer(), office()
    named = request.form.get("person") or abort(400)
    with desk.database.read() as connection:
        mine = {holder.employee: holder for holder in books.holders(connection, today(), viewer.units)}
    holder = mine.get(named)
    if holder is None:
        abort(404)
    with desk.database.write() as connection:
        books.withdraw(connection, named, viewer.account.name, desk.clock.now_ms())
    flash(gettext("PIN %(name)s dicabut. Alat melupakannya pada kontak berikutnya.", name=holder.name))
    return redirect(url_for("pages.pins"))


def _named(text: str, viewer: Viewer) -> _Person:
    person = _find(text)
    if person is None:
        raise PinError(Problem.NOT_HERE)
    if not _may_set(person.id, viewer):
        raise PinError(Problem.OWN)
    return person


def _chosen(form: _Form, person: _Person) -> str:
    if form.chosen_by == "computer":
        return books.generated(person.nip)
    first, again = request.form.get("pin", ""), request.form.get("again", "")
    if first != again:
        raise PinError(Problem.NOT_TWICE)
    return books.check_choice(first, person.nip)


def _give(person: _Person, chosen: str, form: _Form, viewer: Viewer) -> str:
    desk = office()
    hash_text = books.hashed(chosen)
    with desk.database.write() as connection:
        return books.give(
            connection,
            person.id,
            hash_text,
            reason=form.reason,
            monthly_quota=int(form.quota) if form.quota.isascii() and form.quota.isdigit() else 0,
            actor=viewer.account.name,
            now_ms=desk.clock.now_ms(),
        )


def _read_form() -> _Form:
    said = request.form.get
    return _Form(
        said("person", "")[:_MAX_PERSON_CHARS].strip(),
        said("reason", "")[: LONGEST_REASON + 1],
        said("quota", "").strip()[:4],
        "computer" if said("chosen_by") == "computer" else "person",
    )


def _find(text: str) -> _Person | None:
    """Who has this id or NIP and works where the viewer sees; nobody else exists for him."""
    if not text.strip():
        return None
    with office().database.read() as connection:
        found = people.find_person(connection, text)
        row = connection.execute(
            select(
                employee.c.id,
                employee.c.name,
                employee.c.nip,
                workplace(employee.c.id, today()).label("unit"),
            ).where(employee.c.id == found)
        ).one_or_none()
    if row is None or not require_viewer().sees(row.unit):
        return None
    return _Person(row.id, row.name, row.nip, row.unit)


def _may_set(person: str, viewer: Viewer) -> bool:
    """Nobody gives himself another way in."""
    return viewer.role in PIN_KEEPERS and viewer.account.employee != person


def _page(form: _Form) -> str:
    return render_template(
        "pin_form.html",
        form=form,
        default_quota=DEFAULT_MONTHLY_QUOTA,
        most_quota=MOST_MONTHLY_QUOTA,
        longest_reason=LONGEST_REASON,
    )
