"""A missing, altered, repeated or forked event is seen and named; hostile bytes get a named refusal."""

import json
import zlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from attendance import exchange, seal
from attendance.chain import Event, Link, follow, make_event, parse_event
from attendance.errors import (
    BrokenChainError,
    EvidenceError,
    ForeignError,
    GapError,
    MalformedError,
    OversizeError,
    SignatureError,
)
from attendance.moment import ClockState, Moment

KEY = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
NODE = seal.node_id(seal.public_hex(KEY))
MOMENT = Moment(1_488_760_139_000, "boot-1", 5000, 5001, 1, ClockState.ANCHORED)


def chain_of(count: int, node: str = NODE) -> list[Event]:
    link, events = Link(node, 1), []
    for number in range(count):
        event = make_event(link, "punch", MOMENT, {"slot": number}, salt=f"{number:032x}")
        events.append(event)
        link = Link(node, 1, event.seq, event.leaf)
    return events


def signed_batch(events: list[Event]) -> bytes:
    return exchange.encode_batch(events, seal.sign(KEY, seal.EVENT, bytes.fromhex(events[-1].leaf)))


def test_a_batch_arrives_as_the_exact_bytes_and_verifies_with_one_signature() -> None:
    events = chain_of(7)
    batch = exchange.decode_batch(signed_batch(events))
    end = exchange.verify_batch(batch, Link(NODE, 1), seal.public_hex(KEY))
    assert [e.header for e in batch.events] == [e.header for e in events]
    assert (end.size, end.head) == (7, events[-1].leaf)


def test_a_missing_event_is_named_by_its_number() -> None:
    events = chain_of(5)
    del events[2]
    with pytest.raises(GapError) as caught:
        follow(Link(NODE, 1), events)
    assert caught.value.next_seq == 3


def test_a_repeated_event_does_not_follow_itself() -> None:
    events = chain_of(3)
    with pytest.raises(GapError):
        follow(Link(NODE, 1), [events[0], events[0]])


def test_another_nodes_event_is_foreign() -> None:
    with pytest.raises(ForeignError):
        follow(Link(NODE, 1), chain_of(1, node="abcdabcdabcdabcd"))


def test_an_event_put_in_place_of_another_breaks_the_chain() -> None:
    events = chain_of(3)
    other = make_event(Link(NODE, 1, 1, "f" * 64), "punch", MOMENT, {"slot": 99}, salt="0" * 32)
    with pytest.raises(BrokenChainError):
        follow(Link(NODE, 1), [events[0], other, events[2]])


def test_an_altered_body_is_found_by_its_hash() -> None:
    event = chain_of(1)[0]
    assert event.body is not None
    with pytest.raises(MalformedError, match="not the one"):
        parse_event(event.header, event.body.replace(b'"slot":0', b'"slot":1'))


def test_an_erased_body_leaves_the_chain_whole() -> None:
    events = chain_of(3)
    events[1] = parse_event(events[1].header, None)
    batch = exchange.decode_batch(signed_batch(events))
    assert batch.events[1].content == {}
    assert exchange.verify_batch(batch, Link(NODE, 1), seal.public_hex(KEY)).size == 3


def test_one_flipped_byte_anywhere_is_refused_by_name() -> None:
    data = signed_batch(chain_of(2))
    for position in range(len(data)):
        damaged = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with pytest.raises(EvidenceError):
            exchange.verify_batch(exchange.decode_batch(damaged), Link(NODE, 1), seal.public_hex(KEY))


def test_a_signature_for_a_document_is_no_signature_for_an_event() -> None:
    signature = seal.sign(KEY, seal.DOCUMENT, b"x")
    with pytest.raises(SignatureError):
        seal.verify(seal.public_hex(KEY), seal.EVENT, b"x", signature)


@given(st.binary(max_size=400))
def test_random_bytes_are_refused_by_name(data: bytes) -> None:
    doors: list[Callable[[bytes], object]] = [
        exchange.decode_batch,
        exchange.inflate,
        lambda d: exchange.open_checkpoint(d, seal.public_hex(KEY)),
        lambda d: exchange.open_document(d, seal.public_hex(KEY), "policy"),
        lambda d: parse_event(d, d),
    ]
    for door in doors:
        with pytest.raises(EvidenceError):
            door(data)


def test_sizes_are_refused_before_parsing() -> None:
    with pytest.raises(OversizeError):
        exchange.decode_batch(b"x" * (exchange.MAX_BATCH_BYTES + 1))
    with pytest.raises(OversizeError):
        exchange.inflate(exchange.deflate(b"0" * 5_000_000))
    with pytest.raises(OversizeError):
        make_event(Link(NODE, 1), "punch", MOMENT, {"note": "x" * 9000}, salt="0" * 32)


def test_truncated_gzip_is_refused_by_name() -> None:
    packed = exchange.deflate(signed_batch(chain_of(3)))
    with pytest.raises(MalformedError, match="cut short"):
        exchange.inflate(packed[:-5])
    assert exchange.inflate(packed) == zlib.decompress(packed, 31)


def test_floats_have_no_canonical_form() -> None:
    with pytest.raises(MalformedError):
        seal.canonical({"a": [1, {"b": 1.5}]})


def test_a_checkpoint_and_a_document_come_back_as_signed() -> None:
    checkpoint = exchange.Checkpoint(NODE, 1, 4, "a" * 64, 1_488_760_139_000, "b" * 32)
    public = seal.public_hex(KEY)
    assert exchange.open_checkpoint(exchange.sign_checkpoint(KEY, checkpoint), public) == checkpoint
    signed = exchange.sign_document(KEY, "policy", 3, {"later": {"field": "kept"}})
    assert exchange.open_document(signed, public, "policy").content == {"later": {"field": "kept"}}
    with pytest.raises(MalformedError, match="wanted a roster"):
        exchange.open_document(signed, public, "roster")
    with pytest.raises(SignatureError):
        exchange.open_document(signed.replace(b"kept", b"lost"), public, "policy")


def moment_of(fields: dict[str, object]) -> Moment:
    header = json.loads(chain_of(1)[0].header)
    return parse_event(json.dumps({**header, "t": fields}).encode(), None).moment


def test_a_clock_state_of_the_future_is_doubtful_rather_than_counted() -> None:
    moment = moment_of({**MOMENT.fields(), "state": "quantum"})
    assert moment == replace(MOMENT, state=ClockState.DOUBTFUL)
    assert not moment.trusted


@pytest.mark.parametrize(
    "damage",
    [{"wall_ms": -1}, {"wall_ms": 1.5}, {"wall_ms": True}, {"bt_ms": None}, {"boot": ""}, {"anchor": 0}],
)
def test_an_impossible_time_block_is_refused(damage: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        moment_of({**MOMENT.fields(), **damage})
