"""The sensors of the nodes: which are not ours any more, how full they are, what they still must erase."""

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from central import purge_statements
from central.accounts import Role
from central.clock import now
from central.module_lines import read_modules
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office
from central.pages.guard import require_viewer
from central.pages.language import gettext
from central.pages.viewer import TEMPLATE_READERS
from central.purge_statements import LONGEST_CHARS, SHORTEST_CHARS, Fate, StatementError, may_be_stated
from central.purge_waits import NodeWaits, read_waits
from central.template_room import PLANNED_PERCENT

_STATERS = (Role.HR_ADMIN,)
"""Roles that answer for a sensor which can't confirm any more."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What somebody entered for a node; `problem` says what keeps it from counting."""

    node: str = ""
    fate: str = ""
    text: str = ""
    problem: str | None = None


@pages.get("/sidik-jari/sensor")
@access.allow(*TEMPLATE_READERS, scope=Scope.FILTERED)
def sensors() -> ResponseReturnValue:
    """Every sensor that the viewer sees, those with an alarm first, then the fullest."""
    with office().database.read() as connection:
        lines = read_modules(connection, require_viewer().units)
    return render_template(
        "sensors.html",
        lines=lines,
        alarms=[line for line in lines if line.alarming],
        planned_percent=PLANNED_PERCENT,
    )


@pages.get("/sidik-jari/hapus")
@access.allow(*TEMPLATE_READERS, scope=Scope.FILTERED)
def purges() -> ResponseReturnValue:
    """Every node that was told to erase a finger and has not confirmed it, the oldest debt first."""
    return _purges_page(_Form())


@pages.post("/sidik-jari/hapus/<node>")
@access.allow(*_STATERS, scope=Scope.FILTERED)
def state_purge(node: str) -> ResponseReturnValue:
    """Confirm by a statement what a node can't confirm any more, or say what the statement lacks."""
    viewer, desk = require_viewer(), office()
    form = _read_form(node)
    with desk.database.read() as connection:
        waits = read_waits(connection, now(desk.clock), viewer.units)
    owed = next((one for one in waits if one.node == node), None)
    if owed is None:
        abort(404)
    if form.problem is None:
        form = _state(owed, form, viewer.account.name)
    if form.problem is not None:
        return _purges_page(form), 400
    flash(gettext("Tersimpan: dikonfirmasi dengan berita acara, bukan oleh alat."))
    return redirect(url_for("pages.purges"))


def _state(owed: NodeWaits, form: _Form, by: str) -> _Form:
    desk = office()
    try:
        with desk.database.write() as connection:
            purge_statements.state(connection, owed, Fate(form.fate), form.text, by, desk.clock.now_ms())
    except StatementError:
        return _Form(
            form.node,
            form.fate,
            form.text,
            gettext("Keadaan alat itu sudah berubah: ia melapor lagi, atau tidak berutang apa pun lagi."),
        )
    return form


def _read_form(node: str) -> _Form:
    fate = request.form.get("fate", "")
    text = " ".join(request.form.get("statement", "").split())
    if fate not in set(Fate):
        return _Form(node, "", text, gettext("Pilih apa yang terjadi dengan sensornya."))
    if not SHORTEST_CHARS <= len(text) <= LONGEST_CHARS or not text.isprintable():
        return _Form(
            node,
            fate,
            text,
            gettext("Tulis apa yang terjadi, oleh siapa, dan nomor berita acaranya."),
        )
    return _Form(node, fate, text)


def _purges_page(form: _Form) -> str:
    moment, viewer = now(office().clock), require_viewer()
    with office().database.read() as connection:
        waits = read_waits(connection, moment, viewer.units)
        statements = purge_statements.read_statements(connection, viewer.units)
    may_state = viewer.role in _STATERS
    return render_template(
        "purges.html",
        waits=waits,
        now=moment,
        statements=statements,
        form=form,
        stated_by_hand={one.node for one in waits if may_state and may_be_stated(one)},
        fates=_fate_words(),
        max_chars=LONGEST_CHARS,
    )


def _fate_words() -> dict[str, tuple[str, str]]:
    """What may have become of a sensor, and what the statement then has to say."""
    return {
        Fate.DESTROYED: (
            gettext("Dimusnahkan"),
            gettext("Sensornya dirusak sampai tidak dapat dibaca lagi. Tulis siapa, kapan, dan saksinya."),
        ),
        Fate.EMPTIED: (
            gettext("Dikosongkan dengan tangan"),
            gettext("Isinya dihapus di luar Hadir dan diperiksa kosong. Tulis siapa dan dengan alat apa."),
        ),
        Fate.STOLEN: (
            gettext("Dicuri atau hilang"),
            gettext(
                "Sidik jari di dalamnya ada di tangan orang lain. Tulis kapan diketahui dan nomor laporan "
                "polisinya."
            ),
        ),
    }
