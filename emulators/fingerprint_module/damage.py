"""Ways to spoil bytes on a line. Pure: bytes, a seeded generator and arguments in, bytes out."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from emulators.fingerprint_module.wire import checksum

Args = Mapping[str, Any]
Damage = Callable[[bytes, random.Random, Args], bytes]

_PID_AT, _LEN_AT, _CONTENT_AT = 6, 7, 9


def _place(raw: bytes, rng: random.Random, args: Args) -> int:
    at = args.get("at")
    return rng.randrange(len(raw)) if at is None else int(at) % len(raw)


def flip_bits(raw: bytes, rng: random.Random, args: Args) -> bytes:
    """Flip `bits` bits (1) anywhere, or in byte `at`, or exactly bit `bit` of it."""
    spoiled = bytearray(raw)
    if args.get("bit") is not None:
        spoiled[_place(raw, rng, args)] ^= 1 << (int(args["bit"]) & 7)
        return bytes(spoiled)
    first, span = (0, len(raw)) if args.get("at") is None else (_place(raw, rng, args), 1)
    for place in rng.sample(range(8 * span), min(int(args.get("bits", 1)), 8 * span)):
        spoiled[first + place // 8] ^= 1 << place % 8
    return bytes(spoiled)


def flip_pair(raw: bytes, rng: random.Random, _args: Args) -> bytes:
    """Flip two bits so that the checksum still holds, if such a pair exists; else two bits anywhere.

    Either the same bit of two covered bytes of equal weight, one up and one down, or one covered bit and the
    same bit of the sum in the same direction.
    """
    covered = range(_CONTENT_AT, len(raw) - 2)
    low = len(raw) - 1
    pairs = [
        (one, other, bit)
        for bit in range(8)
        for one in covered
        for other in (*range(one + 1, len(raw) - 2), low)
        if ((raw[one] ^ raw[other]) >> bit & 1) == (other != low)
    ]
    if not pairs:
        return flip_bits(raw, rng, {"bits": 2})
    one, other, bit = rng.choice(pairs)
    spoiled = bytearray(raw)
    spoiled[one] ^= 1 << bit
    spoiled[other] ^= 1 << bit
    return bytes(spoiled)


def drop_byte(raw: bytes, rng: random.Random, args: Args) -> bytes:
    """Lose one byte."""
    at = _place(raw, rng, args)
    return raw[:at] + raw[at + 1 :]


def insert_byte(raw: bytes, rng: random.Random, args: Args) -> bytes:
    """Add one byte, `value` or any, before byte `at` or anywhere."""
    at = _place(raw, rng, args)
    value = int(args["value"]) if args.get("value") is not None else rng.randrange(256)
    return raw[:at] + bytes((value & 0xFF,)) + raw[at:]


def duplicate_byte(raw: bytes, rng: random.Random, args: Args) -> bytes:
    """Send one byte twice."""
    at = _place(raw, rng, args)
    return raw[: at + 1] + raw[at:]


def truncate(raw: bytes, rng: random.Random, args: Args) -> bytes:
    """Keep the first `keep` bytes only."""
    keep = args.get("keep")
    return raw[: rng.randrange(len(raw)) if keep is None else int(keep)]


def duplicate_frame(raw: bytes, _rng: random.Random, _args: Args) -> bytes:
    """Send the packet twice."""
    return raw + raw


def _with_sum(raw: bytearray) -> bytes:
    length = raw[_LEN_AT] << 8 | raw[_LEN_AT + 1]
    total = checksum(raw[_PID_AT], length, bytes(raw[_CONTENT_AT:-2]))
    raw[-2:] = bytes((total >> 8, total & 0xFF))
    return bytes(raw)


def _headed(spoil: Callable[[bytearray, random.Random, Args], None]) -> Damage:
    """A damage of the packet's head; what is too short for one is left alone. `fix_sum` (true) mends SUM."""

    def damage(raw: bytes, rng: random.Random, args: Args) -> bytes:
        if len(raw) < _CONTENT_AT + 2:
            return raw
        spoiled = bytearray(raw)
        spoil(spoiled, rng, args)
        return _with_sum(spoiled) if args.get("fix_sum", True) else bytes(spoiled)

    return damage


def _spoil_pid(raw: bytearray, rng: random.Random, args: Args) -> None:
    others = [pid for pid in (0x00, 0x01, 0x02, 0x07, 0x08, 0xFF) if pid != raw[_PID_AT]]
    raw[_PID_AT] = int(args["pid"]) & 0xFF if args.get("pid") is not None else rng.choice(others)


def _spoil_len(raw: bytearray, rng: random.Random, args: Args) -> None:
    true = raw[_LEN_AT] << 8 | raw[_LEN_AT + 1]
    others = [length for length in (0, 1, true - 1, true + 1, true + 4, 258, 259, 0xFFFF) if length != true]
    length = int(args["len"]) & 0xFFFF if args.get("len") is not None else rng.choice(others) & 0xFFFF
    raw[_LEN_AT : _LEN_AT + 2] = bytes((length >> 8, length & 0xFF))


def _spoil_address(raw: bytearray, rng: random.Random, args: Args) -> None:
    address = args.get("address")
    raw[2:6] = bytes.fromhex(address) if address is not None else rng.randbytes(4)


DAMAGES: Mapping[str, Damage] = {
    "flip_bits": flip_bits,
    "flip_pair": flip_pair,
    "drop_byte": drop_byte,
    "insert_byte": insert_byte,
    "duplicate_byte": duplicate_byte,
    "truncate": truncate,
    "duplicate_frame": duplicate_frame,
    "wrong_pid": _headed(_spoil_pid),
    "wrong_len": _headed(_spoil_len),
    "wrong_address": _headed(_spoil_address),
}
