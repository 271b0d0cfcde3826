import fcntl
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edge.faults import SensorError
from edge.sensor import (
    FingerprintSensor,
    Held,
    Light,
    Match,
    NoFinger,
    PoorImage,
    SensorSettings,
    Unrecognised,
)
from edge.sensor_faults import SensorFault
from edge.sensor_pace import Pace
from tests.support.sensor_door import FINGER, PACE, Door, door

PROFILES = [
    "r503_200",
    "zfm20",
    "r305",
    "r307_512",
    "as608_300",
    "fpm10a_150",
    "r503_pro_1500",
    "pid4750_lenient",
]
CYCLES = 25


def fault_of(call: object, *arguments: object) -> SensorError:
    with pytest.raises(SensorError) as error:
        call(*arguments)  # type: ignore[operator]
    return error.value


def connected(here: Door) -> Door:
    here.sensor.connect()
    return here


@pytest.mark.parametrize("profile", PROFILES)
def test_each_model_finds_the_person_and_refuses_the_stranger(tmp_path: Path, profile: str) -> None:
    with door(tmp_path, profile) as here:
        if profile == "pid4750_lenient":
            here.sensor = here.another(baud=115_200)
        here.sensor.connect()
        for slot in (3, 6, 0):
            answer = here.press(slot)
            assert isinstance(answer, Match)
            assert answer.slot == slot
            here.release()
        here.module.place("stranger", FINGER)
        assert here.sensor.read_finger() == Unrecognised()
        here.sensor.close()


def test_one_touch_is_answered_once(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        connected(here)
        assert isinstance(here.press(4), Match)
        assert [here.sensor.read_finger() for _ in range(3)] == [Held()] * 3
        here.release()
        assert isinstance(here.press(4), Match)


def test_the_time_of_contact_is_that_of_the_first_image(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        connected(here)
        before = PACE.clock()
        answer = here.press(4)
        assert isinstance(answer, Match)
        assert before < answer.captured_monotonic_s < PACE.clock()


def test_an_empty_glass_is_no_finger_and_a_smear_is_a_poor_image(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        connected(here)
        assert here.sensor.read_finger() == NoFinger()
        here.module.place("person-1", FINGER, quality=0.1)
        assert here.sensor.read_finger() == PoorImage("few-points")
        # A poor image is no answer: the same touch may be pressed harder.
        here.module.place("person-1", FINGER)
        assert isinstance(here.sensor.read_finger(), Match)


def test_a_sensor_that_was_not_connected_says_so(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        assert fault_of(here.sensor.read_finger).kind == SensorFault.CLOSED
        connected(here)
        here.sensor.close()
        assert fault_of(here.sensor.read_finger).kind == SensorFault.CLOSED


def test_what_stands_at_the_other_end_is_named_at_the_start(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        nowhere = here.another(path=str(tmp_path / "nowhere"))
        assert fault_of(nowhere.connect).kind == SensorFault.PORT_MISSING
        other = here.another(baud=115_200)
        error = fault_of(other.connect)
        assert (error.kind, error.retry) == (SensorFault.WRONG_BAUD, False)
        assert "57600" in error.message
        moved = here.another(address=0x01020304)
        assert fault_of(moved.connect).kind == SensorFault.OTHER_ADDRESS
        connected(here)
        busy = here.another()
        assert fault_of(busy.connect).kind == SensorFault.PORT_BUSY


def test_a_module_that_names_another_address_in_a_code_is_understood(tmp_path: Path) -> None:
    with door(tmp_path, "r308_noparam") as here:
        moved = here.another(address=0x01020304)
        assert fault_of(moved.connect).kind == SensorFault.OTHER_ADDRESS


@pytest.mark.parametrize(
    ("wrong", "value"),
    [("path", ""), ("baud", 0), ("baud", 57_601), ("baud", 230_400), ("password", -1), ("address", 1 << 32)],
)
def test_settings_no_module_can_have_are_refused(wrong: str, value: object) -> None:
    good = SensorSettings("/dev/serial0", 57_600, 0, 0xFFFFFFFF, 50, 80)
    with pytest.raises(ValueError, match=wrong):
        replace(good, **{wrong: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("score", ["50", 5.5, None])
def test_a_minimum_score_that_is_no_number_is_refused(score: object) -> None:
    with pytest.raises(ValueError, match="minimum_score"):
        SensorSettings("/dev/serial0", 57_600, 0, 0xFFFFFFFF, score, 80)  # type: ignore[arg-type]


def test_the_sensor_comes_back_after_an_unplug_and_answers_the_old_touch_not_again(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        connected(here)
        assert isinstance(here.press(4), Match)
        here.module.unplug()
        assert fault_of(here.sensor.read_finger).kind == SensorFault.LINK_DOWN
        assert fault_of(here.sensor.read_finger).retry
        here.module.replug()
        PACE.sleep(PACE.s(6.0))
        assert here.sensor.read_finger() == Held()
        here.release()
        assert isinstance(here.press(5), Match)
        assert here.sensor.counters()["reopen"] >= 2


def test_a_pulled_plug_is_tried_again_with_growing_pauses(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        slow = FingerprintSensor(here.settings, Pace(scale=1000.0, clock=PACE.clock))
        quick = here.sensor
        quick.connect()
        here.module.unplug()
        kinds = [fault_of(quick.read_finger).kind for _ in range(3)]
        assert kinds[:2] == [SensorFault.LINK_DOWN, SensorFault.PORT_MISSING]
        tried = quick.counters()["reopen"]
        for _ in range(20):
            fault_of(quick.read_finger)
        assert quick.counters()["reopen"] < tried + 20
        slow.close()


def test_unplugging_leaks_no_file_and_no_thread(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        connected(here)
        before = 0
        threads = threading.active_count()
        for cycle in range(CYCLES):
            here.module.unplug()
            with pytest.raises(SensorError):
                here.sensor.read_finger()
            here.module.replug()
            while True:
                try:
                    here.sensor.read_finger()
                    break
                except SensorError as error:
                    assert error.retry  # noqa: PT017 - anything else would never come back
                    PACE.sleep(PACE.s(0.3))
            if cycle == 1:
                before = _open_files()
        assert _open_files() == before
        assert threading.active_count() == threads


def test_the_port_is_ours_alone_and_given_back(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        with Path(here.settings.path).open("rb", buffering=0) as port:
            exclusive = []
            connected(here)
            exclusive.append(_exclusive(port.fileno()))
            here.sensor.close()
            exclusive.append(_exclusive(port.fileno()))
        assert exclusive == [True, False]


def _exclusive(descriptor: int) -> bool:
    """TIOCGEXCL; Python has no name for it. Root may open an exclusive port all the same."""
    raw = fcntl.ioctl(descriptor, 0x8004_5440, bytes(4))
    return int.from_bytes(raw, sys.byteorder) == 1


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_another_module_on_the_same_wires_stops_the_booking(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        known = here.sensor.connect()
        here.module.swap("OTHER007", keep_library=True)
        seen = [_kind_or_answer(here) for _ in range(4)]
        assert SensorFault.SWAPPED in seen
        assert not any(isinstance(one, Match) for one in seen)
        # Sticky: it is for a person to say that the new module is meant.
        assert fault_of(here.sensor.read_finger).kind == SensorFault.SWAPPED
        assert fault_of(here.sensor.connect, known).kind == SensorFault.SWAPPED
        assert here.sensor.connect().serial != known.serial
        assert isinstance(here.press(4), Match)


def test_another_module_is_noticed_before_anybody_comes(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.sensor.connect()
        here.module.swap("OTHER007", keep_library=True)
        PACE.sleep(PACE.s(2.5))
        for _ in range(4):
            try:
                assert here.sensor.read_finger() == NoFinger()
            except SensorError as error:
                assert error.kind == SensorFault.SWAPPED  # noqa: PT017 - nothing else may come
                break
        else:
            pytest.fail("another module went unnoticed")


def _kind_or_answer(here: Door) -> object:
    here.module.place("person-4", FINGER)
    try:
        return here.sensor.read_finger()
    except SensorError as error:
        return error.kind


def test_a_module_exchanged_while_unplugged_is_not_trusted(tmp_path: Path) -> None:
    with door(tmp_path, "zfm20") as here:
        connected(here)
        here.module.unplug()
        fault_of(here.sensor.read_finger)
        here.module.swap("OTHER007")
        here.module.replug()
        PACE.sleep(PACE.s(6.0))
        assert fault_of(here.sensor.read_finger).kind == SensorFault.SWAPPED


@pytest.mark.parametrize("change", ["library_emptied", "slot_lost"])
def test_a_library_that_shrank_does_not_pass_for_fingers_nobody_knows(tmp_path: Path, change: str) -> None:
    with door(tmp_path) as here:
        connected(here)
        here.module.fault(change, args={"slot": 4})
        assert _kind_or_answer(here) == SensorFault.SWAPPED


def test_the_whole_library_is_compared_once_an_hour(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        hours = [0.0]
        here.sensor = FingerprintSensor(
            here.settings, Pace(scale=PACE.scale, clock=lambda: PACE.clock() + hours[0] * 3600 * PACE.scale)
        )
        connected(here)
        here.module.fault("slots_exchanged", args={"a": 4, "b": 50})
        assert here.sensor.read_finger() == NoFinger()
        hours[0] = 1.1
        assert fault_of(here.sensor.read_finger).kind == SensorFault.SWAPPED


def test_a_start_that_fails_gives_the_port_back(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        known = here.sensor.connect()
        here.sensor.close()
        assert fault_of(here.sensor.connect, replace(known, serial="other")).kind == SensorFault.SWAPPED
        other = here.another()
        assert other.connect() == known
        other.close()


def test_the_identity_tells_the_module_and_its_library(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        known = here.sensor.connect()
        assert (known.model, known.capacity, known.template_count) == ("r503", 200, 8)
        assert known.serial == b"EMU00001".hex()
        assert here.sensor.identity() == known
        here.module.enrol(50, "new", FINGER)
        assert here.sensor.identity() != known


def test_the_ring_shows_each_light_once(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        connected(here)
        for light in Light:
            here.sensor.set_light(light)
        before = here.module.counters()["commands"]
        here.sensor.set_light(Light.OFF)
        assert here.module.counters()["commands"] == before


def test_a_module_that_lost_its_session_is_told_the_password_again(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.module.fault("password_set", args={"password": "12345678"})
        here.sensor = here.another(password=0x12345678)
        connected(here)
        for at in ("before_ack", "after_ack"):
            here.module.fault("reboot", {"opcode": "GenImg"}, args={"at": at})
            seen = [_kind_or_answer(here) for _ in range(4)]
            assert any(isinstance(one, Match) and one.slot == 4 for one in seen)
            here.release()
        here.sensor.close()


def test_twins_in_the_library_are_told_apart_or_refused(tmp_path: Path) -> None:
    with door(tmp_path) as here:
        here.module.twin("person-1", FINGER, "person-2", FINGER, share=0.4)
        here.module.enrol(2, "person-2", FINGER)
        connected(here)
        for slot in (1, 2, 1, 2):
            answer = here.press(slot)
            assert not isinstance(answer, Match) or answer.slot == slot
            here.release()
