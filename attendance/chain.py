"""Events and the chain they form: what makes a missing, altered, repeated or forked one visible.

An event is a header and a body, both canonical JSON kept as the exact bytes. The header holds no personal
data; it holds the hash of the salted body, so the body can be erased later and the chain still verifies.
Each header names the leaf before it, so one signature over the last leaf covers the whole run.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attendance.errors import BrokenChainError, ForeignError, GapError, MalformedError, OversizeError
from attendance.moment import Moment
from attendance.seal import canonical, is_hash, sha256_hex

VERSION = 1
GENESIS = "0" * 64
MAX_HEADER_BYTES = 1024
MAX_BODY_BYTES = 8192
_SALT_HEX_LENGTH = 32


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
        return hashlib.sha256(b"\0" + self.header).hexdigest()

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
    if body is not None and sha256_hex(body) != body_hash:
        raise MalformedError(f"the body of event {seq} is not the one that its header names")
    event = Event(
        header, body, node, epoch, seq, type_, body_hash, photo, Moment.parse(fields.get("t")), prev
    )
    if body is not None and len(str(event.content.get("salt", ""))) != _SALT_HEX_LENGTH:
        raise MalformedError(f"the body of event {seq} has no salt")
    return event


def follow(link: Link, events: Iterable[Event]) -> Link:
    """Walk from `link` over `events` and return where the chain then stands.

    Raises:
        ForeignError: another node's or epoch's event. GapError: a number is missing or comes twice.
        BrokenChainError: an event names another predecessor.
    """
    for event in events:
        if event.node != link.node or event.epoch != link.epoch:
            raise ForeignError(f"event {event.seq} belongs to {event.node}/{event.epoch}")
        if event.seq != link.size + 1:
            raise GapError(link.size + 1)
        if event.prev != link.head:
            raise BrokenChainError(f"event {event.seq} does not follow from event {link.size}")
        link = Link(link.node, link.epoch, event.seq, event.leaf)
    return link


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the {what} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedError(f"the {what} is not an object")
    return value
