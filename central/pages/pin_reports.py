"""The month of the PINs: who used it how often, who stood by, and what is worth a look."""

from flask import render_template
from flask.typing import ResponseReturnValue

from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office, today, zone
from central.pages.guard import require_viewer
from central.pages.language import current_language
from central.pages.unit import asked_month
from central.pages.viewer import PIN_READERS
from central.pages.words import month_words
from central.pin_report import month_report


@pages.get("/pin/laporan")
@access.allow(*PIN_READERS, scope=Scope.FILTERED)
def pin_report() -> ResponseReturnValue:
    """The month (`?bulan=YYYY-MM`) of everybody whom the viewer sees."""
    month, problem = asked_month(today())
    with office().database.read() as connection:
        lines = month_report(connection, month, zone(), require_viewer().units)
    return render_template(
        "pin_report.html",
        lines=lines,
        month=month,
        month_words=month_words(month, current_language()),
        this_month=today().replace(day=1),
        problem=problem,
        uses=sum(len(line.uses) for line in lines),
        looks=sum(line.wants_a_look for line in lines),
    )
