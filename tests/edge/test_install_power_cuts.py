"""A power cut at any byte of the Store of an installed template, or at any step around it.

At the end the slot is empty, or it holds the whole template and central was told. In between it is nobody's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from attendance.orders import Order
from edge.errand_office import ErrandOffice
from edge.faults import SensorError
from edge.install_intent import IntentFile
from edge.sensor_faults import SensorFault, sensor_error
from edge.sensor_templates import TemplateShelf
from edge.template_work import TemplateWork
from tests.support.errand_world import FINGER, ErrandWorld, errand_world, purge

STORE_BYTES, ACK_BYTES = 15, 12
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
SOME_CUTS = [cut for number, cut in enumerate(STORE_CUTS) if cut[0] == "reboot" or number % 2 == 0]


class Killed(BaseException):
    """SIGKILL at this very place."""


@contextmanager
def killed_at(owner: type, method: str, *, done: bool) -> Iterator[None]:
    """The process dies in this method: before it, or after it has done its work."""
    right = getattr(owner, method)

    def dying(*arguments: Any, **more: Any) -> None:
        try:
            if done:
                right(*arguments, **more)
        except SensorError as error:
            raise Killed from error
        raise Killed

    setattr(owner, method, dying)
    try:
        yield
    finally:
        setattr(owner, method, right)


def cut_everything(here: ErrandWorld) -> None:
    """The whole box is without power for a moment."""
    here.module.power(on=False)
    here.module.clear_faults()
    here.sensor.book.write_what_is_owed = lambda **_: None  # type: ignore[method-assign]
    here.end()
    here.module.power(on=True)
    here.start()
    here.settle()


def cut_process(here: ErrandWorld) -> None:
    """SIGKILL: the module keeps its power and its buffers."""
    here.module.clear_faults()
    here.sensor.book.write_what_is_owed = lambda **_: None  # type: ignore[method-assign]
    here.crash()
    here.settle()


def installs_until_killed(here: ErrandWorld, slot: int) -> Order:
    order = here.install(slot)
    here.give(order)
    with pytest.raises(Killed):
        here.work()
    return order


def nobody_or_right(here: ErrandWorld, order: Order) -> None:
    """Before anything is put in order: the slot is nobody's, or it holds the template of its holder."""
    (slot,) = order.slots
    whole = here.flash().get(slot) == here.templates[order.template].data.hex()
    assert here.holder(slot) is None or whole


def whole_and_told_once(here: ErrandWorld, order: Order) -> None:
    (slot,) = order.slots
    here.work()
    here.idle()
    assert here.flash()[slot] == here.templates[order.template].data.hex()
    assert [content["order"] for _, content in here.told()].count(order.id) == 1
    assert here.told()[-1][0] == "template-installed"
    assert here.holder(slot) == "p-siti"
    assert here.errands._intents.pending is None


@pytest.mark.parametrize(
    ("profile", "cut", "cuts"),
    [("r503_200", cut_everything, SOME_CUTS), ("zfm20", cut_process, STORE_CUTS[1::4])],
    ids=["r503_200", "zfm20"],
)
def test_a_cut_at_any_byte_of_the_store_ends_whole_and_told(
    tmp_path: Path,
    profile: str,
    cut: Callable[[ErrandWorld], None],
    cuts: list[tuple[str, str, dict[str, object]]],
) -> None:
    with errand_world(tmp_path, profile) as here:
        for slot, (kind, direction, args) in enumerate(cuts, 8):
            here.module.fault(kind, {"opcode": "Store"}, direction, args)
            with killed_at(TemplateShelf, "_written", done=True):
                order = installs_until_killed(here, slot)
            cut(here)
            nobody_or_right(here, order)
            whole_and_told_once(here, order)
        assert here.sensor.state == "ok"


@pytest.mark.parametrize("outcome", ["old", "empty", "torn", "whole"])
def test_after_a_cut_an_order_that_is_not_wanted_any_more_leaves_an_empty_slot(
    tmp_path: Path, outcome: str
) -> None:
    with errand_world(tmp_path) as here:
        args = {"at": "after_ack"} if outcome == "whole" else {"at": "mid_flash_write", "outcome": outcome}
        here.module.fault("reboot", {"opcode": "Store"}, args=args)
        with killed_at(TemplateShelf, "_written", done=True):
            installs_until_killed(here, 9)
        here.give()
        cut_everything(here)
        assert here.holder(9) is None
        here.idle()
        assert set(here.flash()) == {7}
        assert here.told() == []
        assert here.who_taps("p-budi", FINGER) == "p-budi"


def test_a_torn_template_is_nobodys_even_where_the_roster_names_the_slot(tmp_path: Path) -> None:
    """The module was emptied once, and central sends its people's templates again, into the same slots."""
    with errand_world(tmp_path) as here:
        here.send_roster(s9="p-siti")
        here.module.fault("reboot", {"opcode": "Store"}, args={"at": "mid_flash_write", "outcome": "torn"})
        with killed_at(TemplateShelf, "_written", done=True):
            order = installs_until_killed(here, 9)
        cut_everything(here)
        assert here.holder(9) is None
        whole_and_told_once(here, order)


def test_a_store_that_fails_for_good_leaves_nothing_under_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flash that says that it failed, and has written something."""
    with errand_world(tmp_path) as here:
        here.send_roster(s9="p-siti")
        here.give(here.install(9))

        def failing(_shelf: TemplateShelf, slot: int, _data: bytes) -> None:
            here.module.enrol(slot, "stranger", FINGER)
            raise sensor_error(SensorFault.FLASH, "the module could not write its flash")

        monkeypatch.setattr(TemplateShelf, "store_uploaded", failing)
        for _ in range(400):
            here.carry()
            here.step()
            assert 9 not in here.flash() or here.holder(9) is None
            if here.failures() and here.errands._intents.pending is None:
                break
        assert here.failures() == ["not-stored"]
        assert set(here.flash()) == {7}


def test_a_template_that_was_told_before_the_kill_stays_where_the_roster_named_it_already(
    tmp_path: Path,
) -> None:
    with errand_world(tmp_path) as here:
        here.send_roster(s9="p-siti")
        with killed_at(IntentFile, "end", done=False):
            order = installs_until_killed(here, 9)
        here.give()
        cut_everything(here)
        here.idle()
        assert here.flash()[9] == here.templates[order.template].data.hex()
        assert here.holder(9) == "p-siti"
        assert here.errands._intents.pending is None


STEPS = [
    (IntentFile, "begin", False),
    (IntentFile, "begin", True),
    (TemplateShelf, "store_uploaded", True),
    (TemplateWork, "install", True),
    (ErrandOffice, "_tell", False),
    (ErrandOffice, "_tell", True),
    (IntentFile, "end", True),
]


@pytest.mark.parametrize(
    ("owner", "method", "done"), STEPS, ids=lambda one: getattr(one, "__name__", str(one))
)
def test_a_kill_before_or_after_a_step_ends_whole_and_told(
    tmp_path: Path, owner: type, method: str, done: bool
) -> None:
    with errand_world(tmp_path) as here:
        with killed_at(owner, method, done=done):
            order = installs_until_killed(here, 9)
        cut_everything(here)
        nobody_or_right(here, order)
        whole_and_told_once(here, order)


def test_what_was_enrolled_into_the_slot_since_is_not_touched(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        with killed_at(IntentFile, "begin", done=True):
            installs_until_killed(here, 0)
        cut_everything(here)
        here.give()
        here.sensor.pace.sleep(0.01)
        assert here.errands._intents.pending is not None
        assert here.enrol() == "enrolled"
        flash = here.flash()
        assert set(flash) == {0, 1, 7}
        here.idle()
        assert here.flash() == flash
        assert here.errands._intents.pending is None
        assert here.who_taps("p-siti", FINGER) == "p-siti"


def test_a_note_that_has_rotted_leaves_the_slot_nobodys_and_told(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        with killed_at(ErrandOffice, "_tell", done=False):
            installs_until_killed(here, 9)
        here.give()
        (tmp_path / "install-intent.json").write_bytes(b"{")
        cut_everything(here)
        here.idle()
        assert here.holder(9) is None
        assert here.told()[-1][1]["unknown"] == [9]


@pytest.mark.parametrize(("method", "done"), [("delete", False), ("delete", True)])
def test_a_kill_around_an_erasure_ends_erased_and_told(tmp_path: Path, method: str, done: bool) -> None:
    with errand_world(tmp_path, people=1) as here:
        here.enrolled_before(8, "p-budi")
        here.give(purge(7, 8))
        with killed_at(TemplateShelf, method, done=done), pytest.raises(Killed):
            here.work()
        cut_everything(here)
        here.work()
        assert set(here.flash()) == {100}
        assert [type_ for type_, _ in here.told()] == ["purged"]
