"""What an employee sees: his own month."""

from flask import abort, render_template
from flask.typing import ResponseReturnValue

from attendance.recap import month_days
from central.board import node_lines, silent_nodes
from central.clock import now
from central.day_sheets import person_month
from central.pages import access
from central.pages.blueprint import pages
from central.pages.desk import office, today
from central.pages.guard import require_viewer
from central.pages.language import current_language
from central.pages.unit import asked_month
from central.pages.words import month_words


@pages.get("/saya")
@access.signed_in
def own_days() -> ResponseReturnValue:
    """The own days of a month (`?bulan=YYYY-MM`); an account that is no employee has none."""
    viewer = require_viewer()
    if viewer.account.employee is None:
        abort(404)
    month, problem = asked_month(today())
    with office().database.read() as connection:
        silent = silent_nodes(node_lines(connection, now(office().clock)))
        days = person_month(
            connection, viewer.account.employee, month_days(month.year, month.month), today(), silent
        )
    return render_template(
        "own_days.html",
        days=days,
        month=month,
        this_month=today().replace(day=1),
        month_words=month_words(month, current_language()),
        problem=problem,
    )
