"""W1: bytes per event on the wire of a batch as nodes send it, against JSON with a signature for each event.

Both sides carry the very same events and both are gzipped; the peer is what most signed-log protocols send.
The floor is what no codec can take away from such a batch: the hashes and salts, which are random to it.
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import exchange, seal
from attendance.chain import Event, Link, make_event
from attendance.moment import ClockState, Moment, to_ms
from attendance.punch import HEALTH, LISTENING, PUNCH, UNMATCHED, Listening, Punch

EVENTS = exchange.MAX_BATCH_EVENTS
_BEGIN = datetime(2026, 11, 23, 23, 20, tzinfo=UTC)  # 06:20 WIB
_BOOT = "7c5f8a8e-1d0b-4c3f-9d0e-2f8f6a1b7c9d"


def measure() -> dict[str, float]:
    """Bytes per event of ours, of the peer, and of the floor; `ratio` is ours to the peer's."""
    key = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    events = list(morning(key))
    last = seal.sign(key, seal.EVENT, bytes.fromhex(events[-1].leaf))
    ours = exchange.deflate(exchange.encode_batch(events, last))
    peer = exchange.deflate(_signed_each(key, events))
    floor = sum(_random_bytes(event) for event in events) + 64
    return {
        "ratio": len(ours) / len(peer),
        "floor": floor / len(events),
        "peer": len(peer) / len(events),
        "bytes": len(ours) / len(events),
        "peer_bytes": len(peer) / len(events),
        "floor_bytes": floor / len(events),
    }


def morning(key: Ed25519PrivateKey, count: int = EVENTS) -> Iterator[Event]:
    """What one node writes on a busy morning: punches with photos, listening spans, health, strangers."""
    dice = random.Random(20261124)
    link = Link(seal.node_id(seal.public_hex(key)), 1)
    at = _BEGIN
    for number in range(count):
        kind, content, photo = _happening(number, at, dice)
        passed_ms = 3_600_000 + (at - _BEGIN) // timedelta(milliseconds=1)
        moment = Moment(to_ms(at), _BOOT, passed_ms, passed_ms - 11, 3, ClockState.ANCHORED)
        salt = dice.randbytes(16).hex()
        event = make_event(link, kind, moment, content, salt=salt, photo=photo)
        yield event
        link = Link(link.node, link.epoch, event.seq, event.leaf)
        at += timedelta(milliseconds=dice.randint(2_000, 20_000))


def _happening(number: int, at: datetime, dice: random.Random) -> tuple[str, dict[str, Any], str | None]:
    if number % 40 == 39:
        since = at - timedelta(minutes=10)
        span = Listening(since, at, _BOOT, ClockState.ANCHORED, 3_000_000 + number, 3_600_000 + number)
        return LISTENING, span.content(), None
    if number % 100 == 99:
        return HEALTH, _health(number, dice), None
    if number % 50 == 25:
        return UNMATCHED, {"reason": "unknown-finger"}, None
    score, person = dice.randint(60, 240), dice.randrange(120)
    minutes = dice.choice([0, 0, 0, dice.randint(1, 40)])
    kind = "late" if minutes else "in"
    day = (at + timedelta(hours=7)).date()
    punch = Punch(f"p{person:05d}", person, score, kind, day, minutes, 4, 17)
    return PUNCH, punch.content(), dice.randbytes(32).hex()


def _health(number: int, dice: random.Random) -> dict[str, Any]:
    return {
        "sensor": {"state": "ok", "templates": 118, "searches": number * 2},
        "camera": {"state": "ok", "frames": number * 3},
        "disk": {"free_bytes": 21_474_836_480 - dice.randrange(10**9)},
        "power": {"throttled": 0},
        "counters": {"punches": number, "unmatched": number // 50},
    }


def _signed_each(key: Ed25519PrivateKey, events: list[Event]) -> bytes:
    """The peer: a JSON list of the same headers and bodies, each with its own signature."""
    rows = [
        {
            "header": json.loads(event.header),
            "body": event.content,
            "sig": seal.sign(key, seal.EVENT, bytes.fromhex(event.leaf)),
        }
        for event in events
    ]
    return json.dumps(rows, separators=(",", ":"), sort_keys=True).encode()


def _random_bytes(event: Event) -> int:
    """Body hash, previous leaf, salt and photo hash: random to any codec that does not recompute them."""
    return 32 + 32 + 16 + (32 if event.photo else 0)
