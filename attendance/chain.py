"""Events and the chain they form: what makes a missing, altered, repeated or forked one visible.

An event is a header and a body, both canonical JSON kept as the exact bytes. The header holds no personal
data; it holds the hash of the salted body, so the body can be erased later and the chain still verifies.
Each header names the leaf before it, so one signature over the last leaf covers the whole run.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec

from attendance.errors import BrokenChainError, ForeignError, GapError, MalformedError, OversizeError
from attendance.moment import Moment, MomentFields
from attendance.seal import canonical, sha256_hex

VERSION = 1
GENESIS = "0" * 64
MAX_HEADER_BYTES = 1024
MAX_BODY_BYTES = 8192
_SALT_HEX_LENGTH = 32
_BEGUN_LEAF = sha256(b"\0")


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing that a node wrote down.

    Attributes:
        header, body: the exact bytes; a body of None was erased by law.
        body_hash: SHA-256 of the body in hex.
        leaf: SHA-256(0x00 || header) in hex, as RFC 6962 hashes a leaf.
        content: the body's fields; empty where it was erased.
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
    leaf: str
    content: dict[str, Any]


_HashText = Annotated[str, msgspec.Meta(min_length=64, max_length=64)]


class _Header(msgspec.Struct, gc=False):
    """A header's fields as they stand on the wire; those of newer versions are passed over."""

    v: Literal[1]
    node: Annotated[str, msgspec.Meta(min_length=1)]
    epoch: Annotated[int, msgspec.Meta(ge=1)]
    seq: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    body: _HashText
    prev: _HashText
    t: MomentFields
    photo: _HashText | None = None


_read_header = msgspec.json.Decoder(_Header).decode
_read_body = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain stands: `size` events so far, the last leaf is `head`."""

    node: str
    epoch: int
    size: int = 0
    head: str = GENESIS


def leaf_of(header: bytes) -> str:
    """SHA-256(0x00 || header) in hex."""
    leaf = _BEGUN_LEAF.copy()
    leaf.update(header)
    return leaf.hexdigest()


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
        OversizeError, MalformedError: as `parse_events`.
    """
    return parse_events((header,), (body,))[0]


def parse_events(headers: Sequence[bytes], bodies: Sequence[bytes | None]) -> list[Event]:
    """Read events from their exact bytes and check that each header and body belong together.

    Args:
        headers: in order.
        bodies: as many; None where one was erased by law.

    Raises:
        OversizeError: before anything is parsed.
        MalformedError: a field is missing or wrong, or a body is not the one that its header names.
    """
    if max(map(len, headers), default=0) > MAX_HEADER_BYTES:
        raise OversizeError("the header of an event is larger than the format allows")
    if max(map(len, filter(None, bodies)), default=0) > MAX_BODY_BYTES:
        raise OversizeError("the body of an event is larger than the format allows")
    try:
        read = [_read_header(header) for header in headers]
        contents = [{} if body is None else _read_body(body) for body in bodies]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(f"header or body can't be read: {error}") from error
    if not _is_hex("".join([fields.body + fields.prev + (fields.photo or "") for fields in read])):
        raise MalformedError("the header lacks a hash")
    events = []
    for header, body, fields, content in zip(headers, bodies, read, contents, strict=True):
        if body is not None:
            if sha256(body).hexdigest() != fields.body:
                raise MalformedError(f"the body of event {fields.seq} is not the one that its header names")
            if len(str(content.get("salt", ""))) != _SALT_HEX_LENGTH:
                raise MalformedError(f"the body of event {fields.seq} has no salt")
        moment = Moment.read(fields.t)
        events.append(
            Event(
                header, body, fields.node, fields.epoch, fields.seq, fields.type, fields.body, fields.photo,
                moment, fields.prev, leaf_of(header), content,
            )
        )  # fmt: skip
    return events


def _is_hex(text: str) -> bool:
    """Whether it is bytes in lower-case hex; four times as fast as a pattern."""
    try:
        return bytes.fromhex(text).hex() == text
    except ValueError:
        return False


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
