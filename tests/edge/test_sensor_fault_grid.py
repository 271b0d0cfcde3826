"""Each fault at each command of a punch: the right person or a clean error, and the next person is served."""

from pathlib import Path
from typing import Any

import pytest

from edge.faults import SensorError
from edge.sensor import Held, Match, NoFinger, PoorImage
from tests.support.sensor_door import PACE, Door, door

PERSON = 4
COMMANDS: dict[str, dict[str, Any]] = {
    "image": {"opcode": "GenImg", "nth": 1},
    "features": {"opcode": "Img2Tz", "nth": 1},
    "search": {"opcode": "Search", "nth": 1},
    "narrow": {"opcode": "Search", "nth": 2},
}
OUTBOUND: list[tuple[str, dict[str, Any]]] = [
    ("flip_bits", {"bits": 1}),
    ("flip_bits", {"bits": 2}),
    ("flip_pair", {}),
    ("drop_byte", {}),
    ("insert_byte", {}),
    ("duplicate_byte", {}),
    ("truncate", {"keep": 7}),
    ("truncate", {"keep": 11}),
    ("duplicate_frame", {}),
    ("wrong_pid", {}),
    ("wrong_len", {"fix_sum": False}),
    ("wrong_len", {"fix_sum": True}),
    ("wrong_address", {}),
    ("extra_ack", {"code": 0, "where": "before"}),
    ("extra_ack", {"code": 1, "where": "before"}),
    ("extra_ack", {"code": 1, "where": "after"}),
    ("silence", {}),
    ("stall", {"ms": 600}),
    ("stall", {"ms": 3000}),
    ("late", {"commands": 1}),
    ("dribble", {"ms": 5}),
    ("noise", {"hex": "55", "where": "before"}),
    ("noise", {"hex": "00ff55ef01", "where": "before"}),
    ("noise", {"hex": "5500", "where": "after"}),
    ("stale_id", {"id": 2, "score": 200}),
    ("answer_code", {"code": 0x01}),
    ("answer_code", {"code": 0x21}),
    ("answer_code", {"code": 0x33, "keep_length": True}),
    ("reboot", {"at": "before_ack"}),
    ("reboot", {"at": "after_ack"}),
    ("lift_mid_capture", {}),
    ("messy", {}),
    ("sensor_abnormal", {}),
]
INBOUND: list[tuple[str, dict[str, Any]]] = [
    ("flip_bits", {"bits": 1}),
    ("flip_pair", {}),
    ("drop_byte", {}),
    ("insert_byte", {}),
    ("truncate", {"keep": 5}),
    ("duplicate_frame", {}),
    ("wrong_pid", {}),
    ("wrong_address", {}),
    ("silence", {}),
]
CASES = [("out", kind, args) for kind, args in OUTBOUND] + [("in", kind, args) for kind, args in INBOUND]


def served(here: Door, slot: int) -> list[object]:
    """Read until the finger has its answer; a door polls, and tells errors to the person."""
    here.module.place(f"person-{slot}", "right-index")
    seen: list[object] = []
    for _ in range(12):
        try:
            answer = here.sensor.read_finger()
        except SensorError as error:
            seen.append(error.kind)
            assert error.retry, error  # noqa: PT017 - which error it is is what is tested
            PACE.sleep(PACE.s(0.3))
            continue
        seen.append(answer)
        if isinstance(answer, Match):
            break
    return seen


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: "-".join([case[0], case[1], *map(str, case[2].values())])
)
def test_a_fault_ends_in_the_right_person_or_a_clean_error(
    tmp_path: Path, case: tuple[str, str, dict[str, Any]]
) -> None:
    direction, kind, args = case
    with door(tmp_path) as here:
        here.sensor.connect()
        library = here.module.snapshot()["slots"]
        for number, (name, when) in enumerate(COMMANDS.items()):
            # Somebody else before, whose features and image the module still holds.
            assert isinstance(served(here, 2)[-1], Match)
            here.release()
            here.module.fault(kind, when, direction=direction, args=args, seed=number)
            seen = served(here, PERSON)
            assert here.module.counters()[f"fault_{kind}"] == number + 1, "the fault did not strike"
            assert isinstance(seen[-1], Match), (name, seen)
            assert seen[-1].slot == PERSON, (name, seen)
            for early in seen[:-1]:
                assert isinstance(early, str | PoorImage | NoFinger | Held), (name, seen)
            here.module.clear_faults()
            here.release()
        assert here.module.snapshot()["slots"] == library


def test_features_that_went_to_another_buffer_do_not_book_the_person_before(tmp_path: Path) -> None:
    """Two flips whose sum fits turn "buffer 1" into "buffer 3": every search is for the other's features."""
    with door(tmp_path) as here:
        here.sensor.connect()
        assert isinstance(served(here, 2)[-1], Match)
        here.release()
        for at in (10, 12):
            here.module.fault("flip_bits", {"opcode": "Img2Tz"}, "in", {"at": at, "bit": 1})
        answer = served(here, PERSON)[-1]
        assert here.module.counters()["fault_flip_bits"] == 2
        assert isinstance(answer, Match)
        assert answer.slot == PERSON


@pytest.mark.parametrize(
    "kind", ["extra_ack", "flip_bits", "flip_pair", "ghost_image", "duplicate_frame", "noise"]
)
def test_no_finger_is_never_a_punch(tmp_path: Path, kind: str) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        assert isinstance(served(here, 2)[-1], Match)
        here.release()
        for seed in range(12):
            here.module.fault(kind, {"opcode": "GenImg"}, args={"code": 0, "bits": 2}, seed=seed)
            for _ in range(3):
                try:
                    answer = here.sensor.read_finger()
                except SensorError as error:
                    answer = error.kind  # type: ignore[assignment]
                assert not isinstance(answer, Match)
            here.module.clear_faults()


def test_a_module_that_hangs_is_an_error_until_its_power_is_cut(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        here.module.fault("hang", {"opcode": "Img2Tz"})
        seen = served(here, PERSON)
        assert all(isinstance(one, str) for one in seen)
        here.module.power(False)
        here.module.power(True)
        PACE.sleep(PACE.s(6.0))
        assert isinstance(served(here, PERSON)[-1], Match)
