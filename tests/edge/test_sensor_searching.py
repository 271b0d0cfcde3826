import pytest

from edge.sensor_searching import GROUP_SLOTS, narrow_range, usable_slots, wide_range

STORE = 0x06
OPCODE_BIT = 8 * 3 + 1


def command(start: int, number: int) -> bytes:
    body = bytes([1, 0, 8, 4, 1]) + start.to_bytes(2, "big") + number.to_bytes(2, "big")
    return body + (sum(body) & 0xFFFF).to_bytes(2, "big")


def sum_preserving_pairs(raw: bytes) -> list[bytes]:
    """Those pairs of flips that make a store of it: one flip is bit 1 of the opcode, the other is any."""
    found = []
    for other in range(8 * len(raw)):
        spoiled = bytearray(raw)
        for bit in (OPCODE_BIT, other):
            spoiled[bit // 8] ^= 1 << bit % 8
        if sum(spoiled[:-2]) & 0xFFFF == int.from_bytes(spoiled[-2:], "big"):
            found.append(bytes(spoiled))
    return found


def stores(raw: bytes) -> bool:
    """The module would take it for a store: command packet, a length it accepts, the opcode."""
    return raw[0] == 1 and 3 <= int.from_bytes(raw[1:3], "big") <= 258 and raw[3] == STORE


def test_the_plain_narrow_search_could_become_a_store() -> None:
    """Why this module exists: `04 01 id 0001` is two flipped bits away from writing over a template."""
    assert any(stores(raw) for slot in range(8) for raw in sum_preserving_pairs(command(slot, 1)))


@pytest.mark.parametrize("capacity", [80, 150, 162, 200, 256, 300, 500])
def test_no_sum_preserving_pair_of_flips_turns_a_search_into_a_store(capacity: int) -> None:
    ranges = {wide_range(capacity)} | {narrow_range(slot) for slot in range(usable_slots(capacity))}
    for start, number in ranges:
        assert not any(stores(raw) for raw in sum_preserving_pairs(command(start, number)))


@pytest.mark.parametrize("capacity", [1, 80, 162, 200, 1000])
def test_every_usable_slot_lies_in_its_own_narrow_range_and_in_the_wide_one(capacity: int) -> None:
    for slot in range(usable_slots(capacity)):
        for start, number in (narrow_range(slot), wide_range(capacity)):
            assert start <= slot < start + number <= capacity
    assert capacity - usable_slots(capacity) < GROUP_SLOTS
