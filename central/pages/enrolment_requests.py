"""Starting an enrolment at a node from here, and following it until it has ended."""

from dataclasses import dataclass
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, select

from attendance.enrolment import FINGERS, hand_of
from central import enrolment_progress as progress
from central import enrolment_requests as requests
from central.accounts import Role
from central.clock import now
from central.enrolment_requests import VALID_FOR, Refusal, State, Wanted
from central.pages import access, enrolment_words
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import here_and_now, office, today
from central.pages.guard import require_viewer
from central.pages.template_words import witness_missing_words
from central.pages.viewer import Viewer
from central.tables import node

ENROLLERS = (Role.HR_ADMIN, Role.UNIT_ADMIN)
"""Roles that may have somebody enrolled."""
_MAX_WORDS_CHARS = 80
_RIGHT = tuple(finger for finger in FINGERS if hand_of(finger) == "right")
_LEFT = tuple(finger for finger in FINGERS if hand_of(finger) == "left")


@dataclass(frozen=True, slots=True)
class _Form:
    """What stands in the form: typed before, taken from an earlier request, or the usual."""

    office: str = ""
    words: str = ""
    node: str = ""
    person: str = ""
    right: str = "right-index"
    left: str = "left-index"
    legal_basis: str | None = None
    notice: str | None = None


@pages.get("/pendaftaran")
@access.allow(*ENROLLERS, scope=Scope.FILTERED)
def enrolments() -> ResponseReturnValue:
    """The form (`?skpd=`, `?cari=`, or `?ulang=` for a request once more), and the newest requests."""
    viewer = require_viewer()
    with office().database.read() as connection:
        again = request.args.get("ulang", "")
        form = _like(_found(connection, viewer, again)) if again else _asked(request.args)
        return _page(connection, viewer, form)


@pages.post("/pendaftaran")
@access.allow(*ENROLLERS, scope=Scope.FILTERED)
def start_enrolment() -> ResponseReturnValue:
    """Ask the node; then on to the page that follows it, or back to the form with the reason."""
    viewer, desk, form = require_viewer(), office(), _asked(request.form)
    wanted = Wanted(
        form.node, form.person, (form.right, form.left), form.legal_basis or "", form.notice or ""
    )
    with desk.database.write() as connection:
        home = connection.scalar(select(node.c.unit).where(node.c.id == form.node))
        if home is not None and not viewer.sees(home):
            abort(404)
        made = requests.request(connection, wanted, viewer.account.name, desk.clock.now_ms())
    if not isinstance(made, Refusal):
        return redirect(url_for("pages.enrolment", request_id=made))
    with desk.database.read() as connection:
        return _page(connection, viewer, form, made), 409 if made is Refusal.BUSY else 400


@pages.get("/pendaftaran/<request_id>")
@access.allow(*ENROLLERS, scope=Scope.FILTERED)
def enrolment(request_id: str) -> ResponseReturnValue:
    """One request, kept current."""
    return render_template("enrolment_request.html", **_shown(request_id))


@pages.get("/pendaftaran/<request_id>/isi")
@access.allow(*ENROLLERS, scope=Scope.FILTERED)
def enrolment_fragment(request_id: str) -> ResponseReturnValue:
    """The moving part of it alone."""
    return render_template("enrolment_request_fragment.html", **_shown(request_id))


@pages.post("/pendaftaran/<request_id>/batal")
@access.allow(*ENROLLERS, scope=Scope.FILTERED)
def cancel_enrolment(request_id: str) -> ResponseReturnValue:
    """Take it back; where it has just ended, its page says how."""
    viewer, desk = require_viewer(), office()
    with desk.database.write() as connection:
        found = _found(connection, viewer, request_id)
        requests.cancel(connection, found.id, viewer.account.name, desk.clock.now_ms())
    return redirect(url_for("pages.enrolment", request_id=request_id))


def _page(connection: Connection, viewer: Viewer, form: _Form, refusal: Refusal | None = None) -> str:
    moment = now(office().clock)
    places = progress.offices(connection, viewer.units)
    code = form.office or (places[0].code if len(places) == 1 else "")
    if code and not viewer.sees(code):
        abort(404)
    terms = progress.last_terms(connection, code)
    return render_template(
        "enrolment_requests.html",
        form=form,
        places=places,
        place=next((one for one in places if one.code == code), None),
        doors=progress.doors(connection, code, moment),
        people=progress.candidates(connection, code, form.words, today()) if code else [],
        legal_basis=terms.legal_basis if form.legal_basis is None else form.legal_basis,
        notice=terms.notice if form.notice is None else form.notice,
        problem=enrolment_words.refusal_words(refusal) if refusal else None,
        lines=progress.latest(connection, viewer.units, moment),
        rights=_RIGHT,
        lefts=_LEFT,
        **_words(),
    )


def _shown(request_id: str) -> dict[str, Any]:
    with office().database.read() as connection:
        line = _found(connection, require_viewer(), request_id)
        end = progress.end_of(connection, line)
    reason, advice = enrolment_words.reason_words(line.reason, end.other)
    waits_for_photo = end.photo is not None and not end.photo_here
    return {
        "line": line,
        "end": end,
        "reason": reason,
        "advice": advice,
        "over": not line.state.open and not waits_for_photo,
        "seen_s": int((here_and_now() - line.seen).total_seconds()) if line.seen else None,
        **_words(),
    }


def _words() -> dict[str, Any]:
    return {
        "states": enrolment_words.STATES,
        "state_words": enrolment_words.state_words,
        "photo_missing_words": enrolment_words.photo_missing_words,
        "witness_missing_words": witness_missing_words,
        "State": State,
        "valid_minutes": int(VALID_FOR.total_seconds() // 60),
        "most_found": progress.MOST_FOUND,
    }


def _found(connection: Connection, viewer: Viewer, request_id: str) -> progress.RequestLine:
    """The request, if it exists for this viewer."""
    line = progress.find(connection, request_id[:64], now(office().clock))
    return line if line is not None and viewer.sees(line.unit) else abort(404)


def _like(line: progress.RequestLine) -> _Form:
    by_hand = {hand_of(finger): finger for finger in line.fingers}
    return _Form(
        line.unit,
        line.nip or line.person,
        line.node,
        line.person,
        by_hand["right"],
        by_hand["left"],
        line.legal_basis,
        line.notice,
    )


def _asked(given: Any) -> _Form:
    return _Form(
        given.get("skpd", "")[:32],
        given.get("cari", "").strip()[:_MAX_WORDS_CHARS],
        given.get("alat", "")[:16],
        given.get("pegawai", "")[:32],
        given.get("kanan", "right-index"),
        given.get("kiri", "left-index"),
        given.get("dasar"),
        given.get("pemberitahuan"),
    )
