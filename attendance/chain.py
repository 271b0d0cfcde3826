"""Events and the chain they form: what makes a missing, altered, repeated or forked one visible.

An event is a header and a body, both canonical JSON kept as the exact bytes. The header holds no personal
data; it holds the hash of the salted body, so the body can be erased later and the chain still verifies.
Each header names the leaf before it, so one signature over the last leaf covers the whole run.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attendance.errors import BrokenChainError, ForeignError, GapError, MalformedError, OversizeError
from attendance.moment import LATEST_MS, ClockState, Moment
from attendance.seal import canonical, is_hash, sha256_hex

VERSION = 1
GENESIS = "0" * 64
MAX_HEADER_BYTES = 1024
MAX_BODY_BYTES = 8192
_SALT_HEX_LENGTH = 32

# The header exactly as this version writes it. Central reads tens of thousands of them a second, and this
# reads one three times as fast as JSON does. A header with anything else in it is read field by field.
_WHOLE = "(0|[1-9][0-9]{0,14})"
_COUNTED = "([1-9][0-9]{0,14})"
_HASH = "([0-9a-f]{64})"
_PLAIN = r"[ !#-\[\]-~]"
_AS_WRITTEN = re.compile(
    rf'\{{"body":"{_HASH}","epoch":{_COUNTED},"node":"({_PLAIN}+)","photo":(?:null|"{_HASH}"),'
    rf'"prev":"{_HASH}","seq":{_COUNTED},"t":\{{"anchor":(?:null|{_COUNTED}),"boot":"({_PLAIN}{{1,64}})",'
    rf'"bt_ms":{_WHOLE},"raw_ms":{_WHOLE},"state":"(anchored|rtc|doubtful)","wall_ms":{_WHOLE}\}},'
    rf'"type":"({_PLAIN}{{1,32}})","v":1\}}'
)
_STATES = {state.value: state for state in ClockState}
_read_json = json.JSONDecoder().raw_decode
_new_event = object.__new__


@dataclass(frozen=True)
class Event:
    """One thing that a node wrote down.

    `header` and `body` are the exact bytes; a body of None was erased by law.
    """

    header: bytes
    body: bytes | None
    node: str
    epoch: int
    seq: int
    type: str
    body_hash: str
    photo: str | None
    moment: Moment
    prev: str

    @cached_property
    def leaf(self) -> str:
        """SHA-256(0x00 || header) in hex, as RFC 6962 hashes a leaf."""
        return leaf_of(self.header)

    @cached_property
    def content(self) -> dict[str, Any]:
        """The body's fields; empty where it was erased."""
        return _object(self.body, "body") if self.body is not None else {}


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain stands: `size` events so far, the last leaf is `head`."""

    node: str
    epoch: int
    size: int = 0
    head: str = GENESIS


def leaf_of(header: bytes) -> str:
    """SHA-256(0x00 || header) in hex."""
    return hashlib.sha256(b"\0" + header).hexdigest()


def make_event(
    link: Link,
    type: str,  # noqa: A002 - the field's name on the wire
    moment: Moment,
    content: dict[str, Any],
    *,
    salt: str,
    photo: str | None = None,
) -> Event:
    """The event that follows `link`.

    Args:
        link: where the node's own chain stands.
        type: what kind of event.
        moment: when, and how sure.
        content: the body without its salt.
        salt: 16 fresh random bytes in hex; they keep the body's hash from being guessed.
        photo: SHA-256 of the frame of that moment.

    Raises:
        MalformedError: it has no canonical form. OversizeError: it is larger than the format allows.
    """
    body = canonical({**content, "salt": salt})
    header = canonical(
        {
            "v": VERSION,
            "node": link.node,
            "epoch": link.epoch,
            "seq": link.size + 1,
            "type": type,
            "body": sha256_hex(body),
            "photo": photo,
            "t": moment.fields(),
            "prev": link.head,
        }
    )
    return parse_event(header, body)


def parse_event(header: bytes, body: bytes | None) -> Event:
    """Read an event from its exact bytes and check that header and body belong together.

    Raises:
        OversizeError: before anything is parsed.
        MalformedError: a field is missing or wrong, or the body is not the one that the header names.
    """
    if len(header) > MAX_HEADER_BYTES or (body is not None and len(body) > MAX_BODY_BYTES):
        raise OversizeError("an event is larger than the format allows")
    event = _as_written(header, body) or _field_by_field(header, body)
    if body is not None:
        if hashlib.sha256(body).hexdigest() != event.body_hash:
            raise MalformedError(f"the body of event {event.seq} is not the one that its header names")
        content = _object(body, "body")
        if len(str(content.get("salt", ""))) != _SALT_HEX_LENGTH:
            raise MalformedError(f"the body of event {event.seq} has no salt")
        event.__dict__["content"] = content  # read once; the cached property finds it there
    return event


def _as_written(header: bytes, body: bytes | None) -> Event | None:
    """The event if its header has the form that this version writes."""
    match = _AS_WRITTEN.fullmatch(header.decode("latin-1"))
    if match is None:
        return None
    body_hash, epoch, node, photo, prev, seq, anchor, boot, bt_ms, raw_ms, state, wall_ms, type_ = (
        match.groups()
    )
    wall, known_anchor = int(wall_ms), int(anchor) if anchor is not None else None
    if wall > LATEST_MS:
        return None
    moment = Moment(wall, boot, int(bt_ms), int(raw_ms), known_anchor, _STATES[state])
    # As `Event(...)` would, without a call for each of its frozen fields: half of all reading was that.
    event = _new_event(Event)
    event.__dict__.update(
        header=header,
        body=body,
        node=node,
        epoch=int(epoch),
        seq=int(seq),
        type=type_,
        body_hash=body_hash,
        photo=photo,
        moment=moment,
        prev=prev,
        leaf=hashlib.sha256(b"\0" + header).hexdigest(),
    )
    return event


def _field_by_field(header: bytes, body: bytes | None) -> Event:
    """The event from any header, also one with fields that this version does not know."""
    fields = _object(header, "header")
    if fields.get("v") != VERSION:
        raise MalformedError(f"event version {fields.get('v')!r} is not known here")
    node, epoch, seq, type_ = (fields.get(key) for key in ("node", "epoch", "seq", "type"))
    if not isinstance(node, str) or not isinstance(type_, str) or not node or not 1 <= len(type_) <= 32:
        raise MalformedError("the header lacks its node or its type")
    if type(epoch) is not int or type(seq) is not int or epoch < 1 or not 1 <= seq < 2**53:
        raise MalformedError("the header lacks its epoch or its number")
    body_hash, prev, photo = fields.get("body"), fields.get("prev"), fields.get("photo")
    if not is_hash(body_hash) or not is_hash(prev) or not (photo is None or is_hash(photo)):
        raise MalformedError("the header lacks a hash")
    moment = Moment.parse(fields.get("t"))
    return Event(header, body, node, epoch, seq, type_, body_hash, photo, moment, prev)


def follow(link: Link, events: Iterable[Event]) -> Link:
    """Walk from `link` over `events` and return where the chain then stands.

    Raises:
        ForeignError: another node's or epoch's event. GapError: a number is missing or comes twice.
        BrokenChainError: an event names another predecessor.
    """
    node, epoch, size, head = link.node, link.epoch, link.size, link.head
    for event in events:
        if event.node != node or event.epoch != epoch:
            raise ForeignError(f"event {event.seq} belongs to {event.node}/{event.epoch}")
        if event.seq != size + 1:
            raise GapError(size + 1)
        if event.prev != head:
            raise BrokenChainError(f"event {event.seq} does not follow from event {size}")
        size, head = event.seq, event.leaf
    return Link(node, epoch, size, head)


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = _json(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the {what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedError(f"the {what} is not an object")
    return value


def _json(data: bytes) -> Any:
    """What `json.loads` reads, in half the time where no white space surrounds it."""
    text = data.decode()
    if text[:1] == "{" and text[-1:] == "}":
        value, end = _read_json(text)
        if end == len(text):
            return value
    return json.loads(data)
