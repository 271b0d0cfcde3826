"""A power cut at any byte of a Store, or at any step around it, leaves an enrolment whole or none of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from attendance.enrolment import ENROL, FAILED, FailedEnrolment
from edge.enrolment_deeds import Deed, Erase, Store, WriteEnrolment, WriteFailure, WriteIntent
from edge.faults import SensorError
from edge.journal_faults import StorageFault, storage_error
from tests.support.enrolment_world import World, as_asked, world

STORE_BYTES, ACK_BYTES = 15, 12
UNTOUCHED = {7}


def go_until(here: World, deed: type[Deed[object]], nth: int = 1) -> None:
    """Run a fresh dialogue up to the nth deed of this kind, which is not done yet."""
    seen: list[object] = []

    def comes(next_deed: object) -> bool:
        if isinstance(next_deed, deed) and all(next_deed is not one for one in seen):
            seen.append(next_deed)
        return len(seen) == nth

    here.begin()
    assert here.go_on(as_asked("p-siti"), until=comes) == "stopped", here.lines


def cut_everything(here: World) -> None:
    """The whole box is without power for a moment."""
    here.module.lift()
    here.module.power(on=False)
    here.module.clear_faults()
    here.end()
    here.module.power(on=True)
    here.start()


def cut_process(here: World) -> None:
    """SIGKILL: the module keeps its power and its buffers."""
    here.module.lift()
    here.module.clear_faults()
    here.crash()


def nothing_is_left(here: World) -> None:
    here.settle()
    assert set(here.flash()) == UNTOUCHED
    assert here.types()[-1] == FAILED
    told = FailedEnrolment.parse(here.events()[-1].content)
    assert told.reason == "interrupted"
    assert set(told.slots) <= {0, 1}
    assert here.known_as()["template_count"] == len(UNTOUCHED)
    roster = here.shelf.standing.roster
    assert roster is not None
    assert set(roster.slots) == UNTOUCHED


STORE_CUTS: list[tuple[str, str, dict[str, object]]] = [
    *(("truncate", "in", {"keep": keep}) for keep in range(STORE_BYTES)),
    *(
        ("reboot", "out", {"at": "mid_flash_write", "outcome": outcome})
        for outcome in ("old", "empty", "torn")
    ),
    ("reboot", "out", {"at": "before_ack"}),
    *(("truncate", "out", {"keep": keep}) for keep in range(ACK_BYTES)),
    ("reboot", "out", {"at": "after_ack"}),
]


@pytest.mark.parametrize(
    ("profile", "nth", "cut"),
    [("r503_200", 1, cut_everything), ("r503_200", 4, cut_process), ("zfm20", 2, cut_everything)],
)
def test_a_cut_at_any_byte_of_a_store_leaves_nothing(
    tmp_path: Path, profile: str, nth: int, cut: Callable[[World], None]
) -> None:
    """An R503's first store holds one touch only; the last one of a dialogue follows a finished finger."""
    with world(tmp_path, profile) as here:
        for kind, direction, args in STORE_CUTS:
            go_until(here, Store, nth)
            here.module.fault(kind, {"opcode": "Store"}, direction, args)  # type: ignore[arg-type]
            here.office.turn()
            cut(here)
            nothing_is_left(here)


@pytest.mark.parametrize(
    ("deed", "nth"), [(WriteIntent, 1), (WriteIntent, 2), (Store, 1), (Store, 3), (Erase, 1), (Erase, 2)]
)
@pytest.mark.parametrize("done", [False, True])
def test_a_kill_before_or_after_a_step_leaves_nothing(
    tmp_path: Path, deed: type[Deed[object]], nth: int, done: bool
) -> None:
    with world(tmp_path) as here:
        go_until(here, deed, nth)
        if done:
            here.office.turn()
        elif deed is WriteIntent and nth == 1:
            cut_process(here)
            here.settle()
            assert (set(here.flash()), here.types()) == (UNTOUCHED, [])
            return
        cut_everything(here)
        nothing_is_left(here)


def test_a_kill_before_the_enrolment_is_written_leaves_nothing_and_after_it_all(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        go_until(here, WriteEnrolment)
        cut_everything(here)
        nothing_is_left(here)
        go_until(here, WriteEnrolment)
        here.office.turn()
        cut_everything(here)
        here.settle()
        assert here.types()[-1] == ENROL
        assert set(here.flash()) == {0, 1, 7}
        assert here.who_taps("p-siti", "right-index") == "p-siti"


def test_a_kill_while_it_is_taken_back_is_taken_back_again(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        go_until(here, WriteEnrolment)
        here.ask("cancel")
        while not isinstance(here.office._desk._deed, WriteFailure):
            here.office.turn()
        cut_everything(here)
        nothing_is_left(here)


def test_a_disk_that_refuses_the_intent_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as here:
        go_until(here, WriteIntent)
        here.module.lift()
        broken(here, monkeypatch)
        assert here.go_on(as_asked("p-siti")) == "open"
        assert "tidak dapat mencatat" in " ".join(here.lines)
        assert set(here.flash()) == UNTOUCHED
        monkeypatch.undo()
        here.settle()
        assert here.types() == []


def test_a_disk_that_refuses_the_enrolment_takes_the_templates_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(tmp_path) as here:
        go_until(here, WriteEnrolment)
        broken(here, monkeypatch)
        assert here.go_on(as_asked("p-siti")) == "open"
        assert set(here.flash()) == UNTOUCHED
        monkeypatch.undo()
        nothing_is_left(here)


def test_another_module_does_not_pass_for_the_one_of_the_cut(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        go_until(here, Store, 2)
        here.office.turn()
        here.module.swap("EMU00002", keep_library=True)
        here.crash()
        with pytest.raises(SensorError, match="sensor-swapped"):
            here.settle()


def test_a_template_that_came_elsewhere_meanwhile_does_not_pass(tmp_path: Path) -> None:
    with world(tmp_path) as here:
        go_until(here, Store, 2)
        here.office.turn()
        here.end()
        here.module.enrol(30, "intruder", "thumb")
        here.start()
        with pytest.raises(SensorError, match="sensor-enriched"):
            here.settle()


def broken(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk on which nothing can be written."""

    def write(*_args: object, **_more: object) -> None:
        raise storage_error(StorageFault.FULL, "no room")

    monkeypatch.setattr(here.logbook, "write", write)
