"""The clocks are read together, and a set wall clock is noticed once."""

import errno
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.clock import ClockError, EmulatedClock, SetWatch, SystemClock, TimerFd
from emulators.clock import EmulatedTime

MORNING = datetime(2017, 6, 5, 0, 28, tzinfo=UTC)


class HandTimer:
    """A timer at the outermost edge, with the answers of the kernel."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.armed = 0

    def arm(self) -> None:
        self.armed += 1

    def read(self) -> None:
        number = self.answers.pop(0) if self.answers else errno.EAGAIN
        if number:
            raise OSError(number, "timer")

    def close(self) -> None:
        self.armed = -1


def test_the_system_clock_tells_all_four_of_one_instant() -> None:
    before, reading, after = time.time(), SystemClock().now(), time.time()
    assert before * 1000 - 1 <= reading.wall_ms <= after * 1000 + 1
    assert reading.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert reading.raw_ms > 0
    assert abs(reading.bt_ms - time.clock_gettime(time.CLOCK_BOOTTIME) * 1000) < 60_000


def test_an_emulated_clock_runs_at_the_rate_of_its_file(tmp_path: Path) -> None:
    hand = EmulatedTime(tmp_path / "clock.json")
    hand.start(MORNING, rate=0)
    clock = EmulatedClock(tmp_path / "clock.json")
    first = clock.now()
    assert first.wall_ms == int(MORNING.timestamp() * 1000)
    assert clock.now() == first
    hand.advance(timedelta(minutes=5))
    later = clock.now()
    assert (later.wall_ms - first.wall_ms, later.bt_ms - first.bt_ms, later.raw_ms - first.raw_ms) == (
        300_000,
        300_000,
        300_000,
    )
    assert later.boot == first.boot


def test_an_emulated_clock_that_runs_fast_runs_ahead_of_real_time(tmp_path: Path) -> None:
    EmulatedTime(tmp_path / "clock.json").start(MORNING, rate=1000)
    clock = EmulatedClock(tmp_path / "clock.json")
    real, first = time.monotonic(), clock.now()
    time.sleep(0.02)
    passed_ms = clock.now().wall_ms - first.wall_ms
    assert passed_ms >= 20_000
    assert passed_ms <= (time.monotonic() - real) * 1_000_000 + 1


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"wall_ms": 1}', json.dumps({"wall_ms": "x", "rate": 1, "at_monotonic_ns": 0})],
)
def test_a_damaged_clock_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "clock.json").write_text(content)
    with pytest.raises(ClockError, match="is no emulated clock"):
        EmulatedClock(tmp_path / "clock.json")


def test_a_missing_clock_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClockError, match="is no emulated clock"):
        EmulatedClock(tmp_path / "clock.json")


def test_a_set_clock_is_told_once_and_the_watch_goes_on() -> None:
    timer = HandTimer()
    watch = SetWatch(timer)
    assert not watch.was_set()
    timer.answers = [errno.ECANCELED, errno.EAGAIN, errno.ECANCELED]
    assert [watch.was_set() for _ in range(4)] == [True, False, True, False]
    assert timer.armed == 2
    watch.close()
    assert timer.armed == -1


def test_a_timer_that_fails_otherwise_is_a_fault_and_no_quiet_clock() -> None:
    timer = HandTimer()
    timer.answers = [errno.EBADF]
    with pytest.raises(ClockError, match="timerfd"):
        SetWatch(timer).was_set()


def test_the_kernel_gives_the_watch_a_timer_that_waits_quietly() -> None:
    watch = SetWatch(TimerFd())
    assert not watch.was_set()
    watch.close()
