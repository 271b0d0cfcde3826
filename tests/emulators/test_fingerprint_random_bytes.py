"""Whatever the host sends, the module goes on, and bad packets change nothing."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.fingerprint_module import wire
from emulators.fingerprint_module.mixing import MixedFaults
from emulators.fingerprint_module.profiles import PROFILES
from tests.support.fingerprint_desk import ADDRESS, Desk

FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def alive(desk: Desk) -> bool:
    """Whether it answers VfyPwd at the address and with the password it has now."""
    desk.bench.clear_faults()
    desk.module.reboot()
    desk.wait(1000)
    return desk.ask(0x13, *desk.device.flash.password) == b"\x00"


@FAST
@given(st.sampled_from(sorted(PROFILES)), st.lists(st.binary(max_size=80), max_size=8))
def test_random_bytes_never_stop_it(profile: str, pieces: list[bytes]) -> None:
    desk = Desk(profile)
    for piece in pieces:
        desk.send(piece, wait_ms=20)
    assert alive(desk)


@FAST
@given(
    st.sampled_from(sorted(PROFILES)),
    st.lists(
        st.tuples(st.sampled_from((1, 1, 1, 2, 7, 8, 9)), st.binary(min_size=1, max_size=60)), max_size=12
    ),
)
def test_random_good_packets_never_stop_it(profile: str, packets: list[tuple[int, bytes]]) -> None:
    desk = Desk(profile)
    desk.enrol(1, "p1")
    desk.place("p1")
    for pid, content in packets:
        desk.send(wire.encode(pid, content, desk.device.flash.address), wait_ms=20)
    assert alive(desk)


@FAST
@given(
    st.integers(0, 0x5F), st.binary(max_size=40), st.integers(0, 1 << 16), st.sampled_from(("sum", "address"))
)
def test_a_bad_sum_or_a_foreign_address_changes_nothing(
    opcode: int, tail: bytes, where: int, what: str
) -> None:
    desk = Desk()
    desk.enrol(1, "p1")
    desk.capture("p1")
    before = desk.memory()
    raw = bytearray(wire.encode(1, bytes((opcode,)) + tail, ADDRESS))
    at = len(raw) - 1 - where % 2 if what == "sum" else 2 + where % 4
    raw[at] ^= 1 << where % 8
    answer = desk.send(bytes(raw), wait_ms=90)
    assert desk.memory() == before
    assert answer == (wire.encode(7, b"\x01", ADDRESS) if what == "sum" else b"")


@FAST
@given(st.integers(0, 1 << 16), st.lists(st.binary(min_size=1, max_size=40), max_size=12))
def test_random_commands_under_mixed_faults_never_stop_it(seed: int, contents: list[bytes]) -> None:
    desk = Desk()
    desk.bench.mix_faults(MixedFaults(0.7, seed))
    for content in contents:
        desk.send(wire.encode(1, content, desk.device.flash.address), wait_ms=100)
    assert alive(desk)
