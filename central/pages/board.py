"""The live board: who is present, office by office, and how far the figures can be believed."""

import time
from collections.abc import Iterator
from datetime import timedelta

from flask import Response, current_app, redirect, render_template, session, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import ServiceUnavailable

from central.accounts import Role
from central.board import PunchLine, last_punches
from central.clock import now
from central.database import StoreError
from central.pages import access
from central.pages.access import Scope
from central.pages.blueprint import pages
from central.pages.desk import office
from central.pages.guard import SESSION, find_viewer, require_viewer
from central.pages.language import current_language
from central.pages.live import LiveBoard, Shot, live_board
from central.pages.narrowing import narrow
from central.pages.viewer import PEOPLE_READERS, Viewer

HEARTBEAT = timedelta(seconds=15)
_LONGEST_STREAM = timedelta(hours=1)
_RETRY_MS = 3000
_AGAIN_IN_S = 15


@pages.get("/")
@access.allow(*Role, scope=Scope.FILTERED)
def home() -> ResponseReturnValue:
    """The board, or the first page of those whom the board is not for."""
    viewer = require_viewer()
    if not viewer.reads_people:
        return redirect(url_for("pages.nodes" if viewer.reads_nodes else "pages.own_days"))
    return render_template("board.html", fragment=_fragment(live_board(current_app).current(), viewer))


@pages.get("/papan/isi")
@access.allow(*PEOPLE_READERS, scope=Scope.FILTERED)
def board_fragment() -> str:
    """The moving part of the board alone, for a browser that gets no stream."""
    return _fragment(live_board(current_app).current(), require_viewer())


@pages.get("/papan/aliran")
@access.allow(*PEOPLE_READERS, scope=Scope.FILTERED)
def board_stream() -> Response:
    """The moving part of the board, again each time it changes, as server-sent events."""
    live = live_board(current_app)
    if not live.seats.acquire(blocking=False):
        raise ServiceUnavailable(retry_after=_AGAIN_IN_S)
    answer = Response(stream_with_context(_events(live, session.get(SESSION))), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(live.seats.release)
    return answer


def _events(live: LiveBoard, token: str | None) -> Iterator[str]:
    """The stream of one viewer. Ends with his session; a silent link shows by the missing beat."""
    after, until_s = 0, time.monotonic() + _LONGEST_STREAM.total_seconds()
    yield f"retry: {_RETRY_MS}\n\n"
    while time.monotonic() < until_s and live.still_serving():
        try:
            shot = live.wait_for_change(after, HEARTBEAT)
            viewer = find_viewer(office(), token)
        except StoreError:
            return  # the browser says so and tries again
        if viewer is None or not viewer.reads_people:
            yield _event("bye", "session ended")
            return
        if shot is None:
            yield ": still here\n\n" + _event("beat", "1")
        else:
            after = shot.serial
            yield _event("board", _fragment(shot, viewer))


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n"


def _fragment(shot: Shot, viewer: Viewer) -> str:
    language = current_language()

    def render() -> str:
        part = narrow(shot.board, viewer.units, _punches(viewer))
        return render_template(
            "board_fragment.html", part=part, now=now(office().clock), reads_nodes=viewer.reads_nodes
        )

    return live_board(current_app).fragment(shot, (viewer.units, viewer.reads_nodes, language), render)


def _punches(viewer: Viewer) -> list[PunchLine]:
    """The newest punches of a viewer who does not see them all; asked once for all with the same units."""
    if viewer.units is None:
        return []
    with office().database.read() as connection:
        return last_punches(connection, now(office().clock), viewer.units)
