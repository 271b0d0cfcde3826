"""The frame around everything that nodes ask of central: who signed, the next nonce, and how it refuses.

Every answer carries a fresh nonce in `Hadir-Nonce`. A refusal is JSON `{"error": code, "detail": sentence}`.
The views hang on `blueprint`: `central.pages.node_api`, `central.pages.node_templates`.
"""

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from flask import Blueprint, Response, current_app, jsonify, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from attendance.errors import EvidenceError, GapError, HadirError, OversizeError
from central import nodes, photos, request_signing
from central.nodes import Node
from central.office import Office
from central.pages import access

blueprint = Blueprint("node_api", __name__, url_prefix="/v1")

_RETRY_AFTER_S = "10"
_STATUS = {
    "oversize": 413,
    "unknown-node": 401,
    "bad-request-signature": 401,
    "nonce-stale": 401,
    "node-distrusted": 403,
    "emulated-clock": 403,
    "claim-used": 403,
    "claim-unknown": 403,
    "claim-expired": 403,
    "no-such-order": 404,
    "photo-not-named": 404,
    "gap": 409,
    "wrong-offset": 409,
}
_P = ParamSpec("_P")


def signed(view: Callable[Concatenate[Node, _P], Response]) -> Callable[..., Response]:
    """Let a view see only requests that the node of the path signed; hand it the node."""

    @wraps(view)
    def guarded(node: str, *args: _P.args, **kwargs: _P.kwargs) -> Response:
        office = office_here()
        with office.database.read() as connection:
            known = nodes.find(connection, node)
        target = request.environ.get("RAW_URI") or request.environ["REQUEST_URI"]
        received = request_signing.SignedRequest(
            request.method, f"https://central{target}", dict(request.headers.items()), body()
        )
        secret = office.keys.nonce_secret
        request_signing.verify_request(received, known.id, known.transport_key, secret, nonce_clock_ms())
        nodes.require_trusted(known)
        return view(known, *args, **kwargs)

    return access.node(guarded)


@blueprint.after_request
def _offer_nonce(response: Response) -> Response:
    response.headers["Hadir-Nonce"] = request_signing.make_nonce(
        office_here().keys.nonce_secret, nonce_clock_ms()
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.errorhandler(EvidenceError)
def _refuse(error: EvidenceError) -> Response:
    if isinstance(error, nodes.UnknownNodeError):
        office = office_here()
        with office.database.write() as connection:
            nodes.note_unknown(connection, (request.view_args or {}).get("node", ""), office.clock.now_ms())
    more: dict[str, Any] = {}
    if isinstance(error, GapError):
        more["next"] = error.next_seq
    response = _refusal(_STATUS.get(error.code, 422), error.code, str(error), more)
    if isinstance(error, photos.WrongOffsetError):
        response.headers["Upload-Offset"] = str(error.offset)
    if isinstance(error, photos.WrongHashError):
        response.headers["Upload-Offset"] = "0"
    return response


@blueprint.errorhandler(RequestEntityTooLarge)
def _refuse_size(_error: RequestEntityTooLarge) -> Response:
    return _refusal(413, OversizeError.code, "the request is larger than any that a node sends")


@blueprint.errorhandler(ClientDisconnected)
def _refuse_cut(_error: ClientDisconnected) -> Response:
    return _refusal(400, "cut-short", "the request ended before its announced length")


@blueprint.errorhandler(HadirError)
@blueprint.errorhandler(OSError)
def _unable(error: Exception) -> Response:
    """Our side failed: nothing was acknowledged, the node keeps everything and tries again."""
    current_app.logger.error("could not serve a node: %s", error)
    response = _refusal(503, "unavailable", "central can't store anything now")
    response.headers["Retry-After"] = _RETRY_AFTER_S
    return response


def office_here() -> Office:
    """What this app was opened over."""
    office = current_app.extensions["hadir"]
    assert isinstance(office, Office)
    return office


def nonce_clock_ms() -> int:
    """Nonces live by the machine's own clock, also where attendance runs on an emulated one."""
    return time.time_ns() // 1_000_000


def body() -> bytes:
    """The body of the request, as it came."""
    return request.get_data(cache=True)


def _refusal(status_code: int, code: str, sentence: str, more: Mapping[str, Any] | None = None) -> Response:
    response = jsonify({"error": code, "detail": sentence, **(more or {})})
    response.status_code = status_code
    return response
