"""The door for nodes."""

from flask import Blueprint, Response, current_app, jsonify

from central.office import Office
from central.pages import access

blueprint = Blueprint("node_api", __name__, url_prefix="/v1")


def _office() -> Office:
    office = current_app.extensions["hadir"]
    assert isinstance(office, Office)
    return office


@blueprint.get("/health")
@access.anyone
def health() -> Response:
    """Whether central runs and what time it is there."""
    return jsonify({"ok": True, "time_ms": _office().clock.now_ms()})
