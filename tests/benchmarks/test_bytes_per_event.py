"""W1 holds: one signature for a batch keeps the wire at most at 0.8 of a signature for each event."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import exchange, seal
from attendance.chain import Link
from benchmarks.bytes_per_event import measure, morning


def test_a_batch_costs_at_most_four_fifths_of_a_signature_for_each_event() -> None:
    result = measure()
    assert result["ratio"] <= 0.8
    assert result["floor"] < result["bytes"] < result["peer"]


def test_what_is_measured_is_what_central_would_accept() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    events = list(morning(key))
    signature = seal.sign(key, seal.EVENT, bytes.fromhex(events[-1].leaf))
    packed = exchange.deflate(exchange.encode_batch(events, signature))
    batch = exchange.decode_batch(exchange.inflate(packed))
    end = exchange.verify_batch(batch, Link(events[0].node, 1), seal.public_hex(key))
    assert end.size == exchange.MAX_BATCH_EVENTS
