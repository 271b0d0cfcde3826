"""One unit: its people today or on another day, and the recap of a month. And the list of units."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import abort, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection, select

from attendance.recap import month_days
from central.board import node_lines, read_board, silent_nodes
from central.clock import now
from central.day_sheets import unit_day, unit_month
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office, today
from central.pages.guard import require_viewer
from central.pages.language import current_language, gettext
from central.pages.live import live_board
from central.pages.narrowing import narrow
from central.pages.viewer import PEOPLE_READERS
from central.pages.words import month_words
from central.tables import unit as unit_table
from central.units import subtree


@dataclass(frozen=True, slots=True)
class _Unit:
    code: str
    name: str
    parent: str | None
    parent_name: str | None


@pages.get("/skpd")
@access.allow(*PEOPLE_READERS, scope=Scope.FILTERED)
def units() -> ResponseReturnValue:
    """All units that the viewer sees, with today's figures."""
    part = narrow(live_board(current_app).current().board, require_viewer().units)
    return render_template("units.html", part=part)


@pages.get("/skpd/<code>")
@access.allow(*PEOPLE_READERS, scope=Scope.UNIT)
def unit(code: str) -> ResponseReturnValue:
    """The people of a unit on one day (`?hari=YYYY-MM-DD`)."""
    here, problem = _asked_day("hari", today())
    desk, moment = office(), now(office().clock)
    over = here < today()
    with desk.database.read() as connection:
        found = _find(connection, code)
        nodes = node_lines(connection, moment)
        silent = silent_nodes(nodes)
        people = unit_day(connection, code, here, silent=silent, over=over)
        below = subtree(connection, code)
        part = narrow(read_board(connection, here, moment, over), below) if len(below) > 1 else None
    return render_template(
        "unit.html",
        unit=found,
        day=here,
        today=today(),
        yesterday=here - timedelta(days=1),
        tomorrow=here + timedelta(days=1),
        problem=problem,
        people=people,
        part=part,
        nodes=nodes.get(code, ()),
        silent=silent,
    )


@pages.get("/skpd/<code>/rekap")
@access.allow(*PEOPLE_READERS, scope=Scope.UNIT)
def unit_recap(code: str) -> ResponseReturnValue:
    """The month of a unit by person (`?bulan=YYYY-MM`)."""
    month, problem = asked_month(today())
    with office().database.read() as connection:
        found = _find(connection, code)
        lines = unit_month(connection, code, month_days(month.year, month.month))
    return render_template(
        "unit_recap.html",
        unit=found,
        month=month,
        month_words=month_words(month, current_language()),
        this_month=today().replace(day=1),
        problem=problem,
        lines=lines,
        open_days=sum(line.line.open_days for line in lines),
        working_days=sum(line.line.working_days for line in lines),
    )


def _find(connection: Connection, code: str) -> _Unit:
    above = unit_table.alias("above")
    row = connection.execute(
        select(unit_table.c.name, unit_table.c.parent, above.c.name.label("parent_name"))
        .select_from(unit_table.outerjoin(above, above.c.code == unit_table.c.parent))
        .where(unit_table.c.code == code)
    ).one_or_none()
    if row is None:
        abort(404)
    return _Unit(code, row.name, row.parent, row.parent_name)


def _asked_day(name: str, fallback: date) -> tuple[date, str | None]:
    """The day that the address asks for; a wrong one gives the fallback and a sentence."""
    text = request.args.get(name, "")
    if not text:
        return fallback, None
    try:
        asked = date.fromisoformat(text)
        _ = asked - timedelta(days=1)  # the page leads there
    except (ValueError, OverflowError):
        return fallback, gettext("Tanggal itu tidak dapat dibaca. Pilih tanggal dari kotak tanggal.")
    if asked > fallback:
        return fallback, gettext("Hari itu belum tiba. Yang tampak adalah hari ini.")
    return asked, None


def asked_month(today_: date) -> tuple[date, str | None]:
    """The month that the address asks for, as its first day; a wrong one gives this month and a sentence."""
    text = request.args.get("bulan", "")
    if not text:
        return today_.replace(day=1), None
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today_.replace(day=1), gettext("Bulan itu tidak dapat dibaca. Pilih bulan dari kotak bulan.")
    if asked > today_:
        return today_.replace(day=1), gettext("Bulan itu belum tiba. Yang tampak adalah bulan ini.")
    return asked, None
