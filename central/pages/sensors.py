"""The sensors of the nodes: which are not ours any more, how full they are, what they still must erase."""

from flask import render_template
from flask.typing import ResponseReturnValue

from central.clock import now
from central.module_lines import read_modules
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office
from central.pages.guard import require_viewer
from central.pages.viewer import TEMPLATE_READERS
from central.purge_waits import read_waits
from central.template_room import PLANNED_PERCENT


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
    moment = now(office().clock)
    with office().database.read() as connection:
        waits = read_waits(connection, moment, require_viewer().units)
    return render_template("purges.html", waits=waits, now=moment)
