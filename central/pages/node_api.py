"""The door for nodes: claims, nonces, events, documents, photos. What they mean is decided in `central`."""

from dataclasses import asdict

from flask import Response, jsonify, request

from attendance import exchange, seal
from attendance.errors import MalformedError, OversizeError
from central import claims, event_store, ingest, nodes, orders, photos, receipts, request_signing, rosters
from central.nodes import Node
from central.office import Office
from central.pages import access
from central.pages.node_door import blueprint, body, nonce_clock_ms, office_here, signed

MAX_CLAIM_BYTES = 4096
MAX_STATUS_BYTES = 4096


@blueprint.get("/health")
@access.anyone
def health() -> Response:
    """Whether central runs and what time it is there."""
    return jsonify({"ok": True, "time_ms": office_here().clock.now_ms()})


@blueprint.get("/nonce")
@access.anyone
def nonce() -> Response:
    """A nonce to sign the first request with."""
    office = office_here()
    fresh = request_signing.make_nonce(office.keys.nonce_secret, nonce_clock_ms())
    return jsonify({"nonce": fresh, "time_ms": office.clock.now_ms()})


@blueprint.post("/claim")
@access.anyone
def claim() -> Response:
    """Take in a node that brings a token."""
    office = office_here()
    wanted = claims.ClaimRequest.parse(_json(MAX_CLAIM_BYTES))
    with office.database.write() as connection:
        claimed = claims.redeem(connection, wanted, office.clock.now_ms())
    keys = {"receipt_key": office.keys.receipt_public, "document_key": office.keys.document_public}
    return jsonify({**asdict(claimed), **keys, "code": wanted.code})


@blueprint.get("/nodes/<node>/head")
@signed
def head(known: Node) -> Response:
    """What central holds, and what time it is; signed."""
    office, now_ms = office_here(), office_here().clock.now_ms()
    own_nonce = receipts.check_own_nonce(request.args.get("nonce", ""))
    epoch = _number("epoch")
    held = known.held
    if epoch != known.epoch:
        with office.database.read() as connection:
            held = nodes.held(connection, known.id, epoch)
    _note_seen(office, known, now_ms)
    return _json_bytes(receipts.receipt(office.keys, held, own_nonce, now_ms))


@blueprint.post("/nodes/<node>/events")
@signed
def events(known: Node) -> Response:
    """Take in a batch; the receipt is signed only after the commit."""
    office = office_here()
    own_nonce = receipts.check_own_nonce(request.args.get("nonce", ""))
    if request.headers.get("Content-Encoding") != "gzip":
        raise MalformedError("a batch travels as gzip")
    if len(body()) > exchange.MAX_BATCH_GZIP_BYTES:
        raise OversizeError(f"a packed batch is larger than {exchange.MAX_BATCH_GZIP_BYTES} bytes")
    batch = exchange.open_batch(exchange.inflate(body()))
    if (batch.epoch, batch.start, batch.count) != (_number("epoch"), _number("start"), _number("count")):
        raise MalformedError("the batch is not the one that the address announces")
    held = ingest.take_in(
        office.database,
        known,
        batch,
        office.clock.now_ms(),
        accept_emulated_clocks=office.config.accept_emulated_clocks,
    )
    return _json_bytes(receipts.receipt(office.keys, held, own_nonce, office.clock.now_ms()))


@blueprint.get("/nodes/<node>/documents")
@signed
def documents(known: Node) -> Response:
    """Rules, roster and orders, where newer than what the node holds; orders only where it asks for them."""
    office = office_here()
    policy, roster = rosters.newer_documents(
        office, known.id, policy_held=_number("policy"), roster_held=_number("roster")
    )
    answer = {"policy": policy, "roster": roster}
    if "orders" in request.args:
        answer["orders"] = orders.newer_orders(office, known.id, _number("orders"))
    return jsonify(answer)


@blueprint.get("/nodes/<node>/photos/<sha256>")
@signed
def photo_progress(known: Node, sha256: str) -> Response:
    """How much of a photo is held; asked with HEAD."""
    named = _named_photo(known, sha256)
    return _photo_answer(named, photos.held(office_here().config.photo_dir, sha256))


@blueprint.patch("/nodes/<node>/photos/<sha256>")
@signed
def photo_piece(known: Node, sha256: str) -> Response:
    """Take the next piece of a photo."""
    named = _named_photo(known, sha256)
    offset, length = _header_number("Upload-Offset"), _header_number("Upload-Length")
    return _photo_answer(
        named, photos.take_piece(office_here().config.photo_dir, sha256, offset, length, body())
    )


@blueprint.post("/nodes/<node>/status")
@signed
def status(known: Node) -> Response:
    """What the node says of itself, for display."""
    office = office_here()
    fields = _json(MAX_STATUS_BYTES)
    if not isinstance(fields, dict):
        raise MalformedError("the status is not an object")
    numbers = [fields.get(name) for name in ("backlog", "photo_backlog")]
    software = fields.get("software", fields.get("version", ""))
    if not all(number is None or (type(number) is int and 0 <= number < 2**53) for number in numbers):
        raise MalformedError("the status counts its backlog in something else than whole numbers")
    if not isinstance(software, str):
        raise MalformedError("the status names its software in something else than text")
    with office.database.write() as connection:
        nodes.note_status(
            connection,
            known.id,
            office.clock.now_ms(),
            backlog=numbers[0],
            photo_backlog=numbers[1],
            software=software[:64],
        )
    return jsonify({"ok": True})


def _json(max_bytes: int) -> object:
    if len(body()) > max_bytes:
        raise OversizeError(f"the request is larger than {max_bytes} bytes")
    value = request.get_json(force=True, silent=True)
    if value is None:
        raise MalformedError("the request is not JSON")
    return value


def _number(name: str) -> int:
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise MalformedError(f"the address lacks the number {name}")
    return int(text)


def _header_number(name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise MalformedError(f"the header {name} is not a whole number")
    return int(text)


def _named_photo(known: Node, sha256: str) -> photos.NamedPhoto:
    """The photo and the event that the address names for it."""
    if not seal.is_hash(sha256):
        raise MalformedError("a photo is named by its SHA-256 in hex")
    named = photos.NamedPhoto(sha256, known.id, _number("epoch"), _number("event"))
    with office_here().database.read() as connection:
        if event_store.photo_named(connection, named.node, named.epoch, named.seq) != sha256:
            raise photos.PhotoNotNamedError("no such stored event of this node names this photo")
    return named


def _photo_answer(named: photos.NamedPhoto, progress: photos.Progress) -> Response:
    """Tell how much is held. A whole photo is entered in the books first, also if only asked for.

    So the second event of the same picture comes in, and one whose entry failed after its last piece.
    """
    office = office_here()
    if progress.complete:
        with office.database.write() as connection:
            photos.note_held(connection, named, progress.offset_bytes, office.clock.now_ms())
    response = jsonify({"offset": progress.offset_bytes, "complete": progress.complete})
    response.headers["Upload-Offset"] = str(progress.offset_bytes)
    response.headers["Upload-Complete"] = "?1" if progress.complete else "?0"
    return response


def _note_seen(office: Office, known: Node, now_ms: int) -> None:
    if not nodes.seen_lately(known, now_ms):
        with office.database.write() as connection:
            nodes.note_seen(connection, known.id, now_ms)


def _json_bytes(data: bytes) -> Response:
    return Response(data, mimetype="application/json")
