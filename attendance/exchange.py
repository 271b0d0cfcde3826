"""What travels between a node and central: batches up, checkpoints and signed documents down.

All of it is text with a length limit that is checked before anything is parsed. Compression is plain gzip.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from attendance.chain import Event, Link, follow, leaf_of, parse_events
from attendance.errors import ForeignError, MalformedError, OversizeError
from attendance.moment import is_time_ms

MAX_BATCH_EVENTS = 500
MAX_BATCH_BYTES = 1_048_576
MAX_BATCH_GZIP_BYTES = 524_288
MAX_PHOTO_BYTES = 200_000
MAX_DOCUMENT_BYTES = 2_097_152
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of events in order, with the signature over the last one's leaf."""

    node: str
    epoch: int
    start: int
    events: tuple[Event, ...]
    signature: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What central says it holds durably, and what time it was there.

    Attributes:
        size: events held without a gap. head: leaf of the last one.
        time_ms: central's clock, milliseconds since 1970 UTC.
        nonce: the node's own random text, which makes the time fresh.
    """

    node: str
    epoch: int
    size: int
    head: str
    time_ms: int
    nonce: str

    @property
    def link(self) -> Link:
        """The place in the chain that it vouches for."""
        return Link(self.node, self.epoch, self.size, self.head)


@dataclass(frozen=True, slots=True)
class Document:
    """Something that central signed for nodes: rules or a roster. A higher serial replaces a lower one."""

    kind: str
    serial: int
    content: dict[str, Any]
    sha256: str


def encode_batch(events: Sequence[Event], signature: str) -> bytes:
    """Lines: an envelope, then header and body of each event as the exact bytes.

    Canonical JSON holds no line breaks, so the lines need no escaping.
    """
    first = events[0]
    envelope = {
        "v": 1,
        "node": first.node,
        "epoch": first.epoch,
        "start": first.seq,
        "count": len(events),
        "sig": signature,
    }
    lines = [seal.canonical(envelope)]
    for event in events:
        lines += [event.header, event.body or b""]
    return b"\n".join(lines)


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """A batch whose envelope has been read and whose events have not.

    A node that lost an answer sends the same batch again; its last leaf says so without reading the rest.

    Attributes:
        data: all of it as it came: the envelope's line, then two lines for each event.
    """

    node: str
    epoch: int
    start: int
    count: int
    signature: str
    data: bytes

    @property
    def end(self) -> int:
        """Number of the last event."""
        return self.start + self.count - 1

    @property
    def last_leaf(self) -> str:
        """Leaf of the last event; it names all that came before it."""
        return leaf_of(self.data.rsplit(b"\n", 2)[1])

    def events(self) -> tuple[Event, ...]:
        """Read every event; nothing is verified yet beyond the format.

        Raises:
            OversizeError, MalformedError: an event is damaged. ForeignError: not the ones announced.
        """
        lines = self.data.split(b"\n")
        found = tuple(parse_events(lines[1::2], [body or None for body in lines[2::2]]))
        if (found[0].node, found[0].epoch, found[0].seq) != (self.node, self.epoch, self.start):
            raise ForeignError("the first event is not the one that the envelope announces")
        return found


def open_batch(data: bytes) -> PackedBatch:
    """Read a batch's envelope.

    Raises:
        OversizeError: too many bytes or events. MalformedError: not a batch.
    """
    if len(data) > MAX_BATCH_BYTES:
        raise OversizeError(f"a batch is larger than {MAX_BATCH_BYTES} bytes")
    envelope = _object(data.split(b"\n", 1)[0], "batch")
    node, epoch, start, count, signature = (
        envelope.get(key) for key in ("node", "epoch", "start", "count", "sig")
    )
    if envelope.get("v") != 1 or not isinstance(node, str) or not isinstance(signature, str):
        raise MalformedError("the batch has no proper envelope")
    if type(epoch) is not int or type(start) is not int or type(count) is not int or start < 1 or count < 1:
        raise MalformedError("the batch does not say where it starts")
    if count > MAX_BATCH_EVENTS:
        raise OversizeError(f"a batch holds more than {MAX_BATCH_EVENTS} events")
    if (brought := data.count(b"\n")) != 2 * count:
        raise MalformedError(f"the batch promises {count} events and brings {brought / 2:g}")
    return PackedBatch(node, epoch, start, count, signature, data)


def decode_batch(data: bytes) -> Batch:
    """Read a batch and every event in it; nothing is verified yet beyond the format.

    Raises:
        OversizeError: too many bytes or events. MalformedError: not a batch, or an event in it is damaged.
        ForeignError: the envelope announces another node, epoch or start than the events have.
    """
    packed = open_batch(data)
    return Batch(packed.node, packed.epoch, packed.start, packed.events(), packed.signature)


def verify_batch(batch: Batch, link: Link, public_key_hex: str) -> Link:
    """Check that the batch follows from `link` and that the node signed its end; return the new end.

    Raises:
        ForeignError, GapError, BrokenChainError: as `chain.follow`. SignatureError: not this node's key.
    """
    end = follow(link, batch.events)
    seal.verify(public_key_hex, seal.EVENT, bytes.fromhex(end.head), batch.signature)
    return end


def sign_checkpoint(key: Ed25519PrivateKey, checkpoint: Checkpoint) -> bytes:
    """The receipt as it travels. Make it only after a durable commit: it says *held*."""
    fields = {
        "v": 1,
        "node": checkpoint.node,
        "epoch": checkpoint.epoch,
        "size": checkpoint.size,
        "head": checkpoint.head,
        "time_ms": checkpoint.time_ms,
        "nonce": checkpoint.nonce,
    }
    return _signed(key, seal.CHECKPOINT, "checkpoint", fields)


def open_checkpoint(data: bytes, public_key_hex: str) -> Checkpoint:
    """Verify a receipt, then read it.

    Raises:
        SignatureError: central did not sign it. MalformedError, OversizeError: it is no receipt.
    """
    fields = _opened(data, public_key_hex, seal.CHECKPOINT, "checkpoint")
    node, head, nonce = fields.get("node"), fields.get("head"), fields.get("nonce")
    epoch, size, time_ms = fields.get("epoch"), fields.get("size"), fields.get("time_ms")
    if not isinstance(node, str) or not isinstance(nonce, str) or not isinstance(head, str):
        raise MalformedError("the checkpoint lacks a field")
    if not seal.is_hash(head) or type(epoch) is not int or type(size) is not int or not is_time_ms(time_ms):
        raise MalformedError("the checkpoint lacks a number, its time or its head")
    return Checkpoint(node, epoch, size, head, time_ms, nonce)


def sign_document(key: Ed25519PrivateKey, kind: str, serial: int, content: dict[str, Any]) -> bytes:
    """A policy, roster or order as it travels to nodes and lies on their disks."""
    return _signed(
        key, seal.DOCUMENT, "document", {"v": 1, "kind": kind, "serial": serial, "content": content}
    )


def open_document(data: bytes, public_key_hex: str, kind: str) -> Document:
    """Verify a document, check that it is of the wanted kind, then read it.

    Raises:
        SignatureError: central did not sign it. MalformedError, OversizeError: it is no such document.
    """
    fields = _opened(data, public_key_hex, seal.DOCUMENT, "document")
    serial, content = fields.get("serial"), fields.get("content")
    if fields.get("kind") != kind:
        raise MalformedError(f"wanted a {kind}, this is {fields.get('kind')!r}")
    if type(serial) is not int or serial < 1 or not isinstance(content, dict):
        raise MalformedError(f"the {kind} lacks its serial or its content")
    return Document(kind, serial, content, seal.sha256_hex(data))


def deflate(data: bytes) -> bytes:
    """Gzip without a time stamp, so the same bytes give the same bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return packer.compress(data) + packer.flush()


def inflate(data: bytes, limit: int = MAX_BATCH_BYTES) -> bytes:
    """Unpack gzip, giving up as soon as it grows beyond `limit` bytes.

    Raises:
        OversizeError: a bomb. MalformedError: truncated or not gzip.
    """
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error as error:
        raise MalformedError(f"not gzip: {error}") from error
    if len(plain) > limit:
        raise OversizeError(f"unpacks to more than {limit} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise MalformedError("the gzip data is cut short or followed by something else")
    return plain


def _signed(key: Ed25519PrivateKey, domain: str, name: str, fields: dict[str, Any]) -> bytes:
    signature = seal.sign(key, domain, seal.canonical(fields))
    return seal.canonical({name: fields, "sig": signature})


def _opened(data: bytes, public_key_hex: str, domain: str, name: str) -> dict[str, Any]:
    if len(data) > MAX_DOCUMENT_BYTES:
        raise OversizeError(f"a {name} is larger than {MAX_DOCUMENT_BYTES} bytes")
    outer = _object(data, name)
    fields, signature = outer.get(name), outer.get("sig")
    if not isinstance(fields, dict) or not isinstance(signature, str):
        raise MalformedError(f"this is no signed {name}")
    seal.verify(public_key_hex, domain, seal.canonical(fields), signature)
    return fields


def _object(data: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the {what} is not JSON") from error
    if not isinstance(value, dict):
        raise MalformedError(f"the {what} is not an object")
    return value
