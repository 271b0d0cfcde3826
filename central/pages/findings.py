"""Findings: two people whose fingers a sensor takes for one. The page shows both sides; people decide."""

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from central import audit, findings
from central.clock import now
from central.finding_cases import Case, Side, list_findings, read_case
from central.findings import FindingError, Verdict
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office, today
from central.pages.fingerprints import asked_page
from central.pages.guard import require_viewer
from central.pages.language import gettext
from central.pages.photos import shown_by
from central.pages.template_words import finding_state_words
from central.pages.viewer import FINDING_DECIDERS, PEOPLE_READERS, Viewer

_LARGEST = 2**63 - 1
"""What a database takes for a number."""
_MAX_NOTE_CHARS = 1000
_MIN_NOTE_CHARS = 10


@dataclass(frozen=True, slots=True)
class _Form:
    """What somebody entered; `problem` says what keeps it from counting."""

    verdict: str = ""
    note: str = ""
    problem: str | None = None


@pages.get("/sidik-jari/temuan")
@access.allow(*PEOPLE_READERS, scope=Scope.FILTERED)
def finding_list() -> ResponseReturnValue:
    """All findings that concern the viewer's units, the open ones first."""
    with office().database.read() as connection:
        found = list_findings(connection, today(), require_viewer().units, page=asked_page())
    return render_template("findings.html", found=found, now=now(office().clock))


@pages.get("/sidik-jari/temuan/<int:number>")
@access.allow(*PEOPLE_READERS, scope=Scope.FILTERED)
def finding(number: int) -> ResponseReturnValue:
    """One finding. It names two people who may be innocent, so who opened it is written down."""
    viewer, desk = require_viewer(), office()
    case = _case(number, viewer)
    with desk.database.write() as connection:
        audit.note(
            connection,
            desk.clock.now_ms(),
            viewer.account.name,
            "finding-viewed",
            str(number),
            f"{case.line.employee.id} and {case.line.other.id or 'nobody known'}",
        )
    return _page(case, viewer, _Form())


@pages.post("/sidik-jari/temuan/<int:number>")
@access.allow(*FINDING_DECIDERS, scope=Scope.FILTERED)
def decide_finding(number: int) -> ResponseReturnValue:
    """Take a decision, or say what it lacks."""
    viewer, desk = require_viewer(), office()
    case = _case(number, viewer)
    if not may_decide(viewer, case):
        abort(403)
    form = _read_form()
    if form.problem is None:
        try:
            with desk.database.write() as connection:
                findings.decide(
                    connection, number, form.verdict, form.note, viewer.account.name, desk.clock.now_ms()
                )
        except FindingError as error:
            form = _Form(form.verdict, form.note, str(error))
    if form.problem is not None:
        return _page(case, viewer, form), 400
    flash(gettext("Keputusan tersimpan: %(verdict)s.", verdict=finding_state_words(form.verdict)))
    return redirect(url_for("pages.finding", number=number))


def may_decide(viewer: Viewer, case: Case) -> bool:
    """An admin decides, and never about himself."""
    own = viewer.account.employee
    involved = own is not None and own in (case.line.employee.id, case.line.other.id)
    return viewer.decides_findings and not involved


def _case(number: int, viewer: Viewer) -> Case:
    if number > _LARGEST:
        abort(404)
    with office().database.read() as connection:
        found = read_case(connection, number, today(), viewer.units)
    return found if found is not None else abort(404)


def _read_form() -> _Form:
    verdict = request.form.get("verdict", "")
    note = request.form.get("note", "").strip()[:_MAX_NOTE_CHARS]
    if verdict not in set(Verdict):
        return _Form("", note, gettext("Pilih salah satu keputusan."))
    if len(note) < _MIN_NOTE_CHARS:
        return _Form(
            verdict, note, gettext("Tulis alasannya, supaya orang lain kelak dapat memahami keputusan ini.")
        )
    if verdict in (Verdict.CHEAT, Verdict.CHEAT_OTHER) and request.form.get("sure") != "yes":
        return _Form(
            verdict,
            note,
            gettext("Untuk kecurangan, tandai juga bahwa kedua orang sudah ditanya dan kedua foto dilihat."),
        )
    return _Form(verdict, note)


def _photo(connection: Connection, side: Side, viewer: Viewer) -> str | None:
    """The photo of one side, if it is here and this viewer may see it."""
    sha256 = side.photo or (side.enrolment.photo if side.enrolment is not None else None)
    shown = sha256 is not None and shown_by(connection, sha256, viewer) is not None
    return sha256 if shown else None


def _page(case: Case, viewer: Viewer, form: _Form) -> str:
    with office().database.read() as connection:
        photos = [_photo(connection, side, viewer) for side in (case.new, case.other)]
    return render_template(
        "finding.html",
        case=case,
        line=case.line,
        sides=((gettext("Jari baru"), case.new), (gettext("Pemilik tempat yang cocok"), case.other)),
        photos=photos,
        may_decide=may_decide(viewer, case),
        form=form,
        now=now(office().clock),
        max_note_chars=_MAX_NOTE_CHARS,
    )
