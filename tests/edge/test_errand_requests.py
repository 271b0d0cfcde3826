"""What the courier asks of the punch process: the sealed way in and out; odd requests are refused by name."""

from base64 import b64encode
from pathlib import Path
from typing import Any

from attendance.template_parcel import MAX_SEALED_BYTES
from edge.errand_choosing import MAX_HELD
from tests.support.errand_world import ErrandWorld, errand_world, export, purge

FETCH = b64encode(b"x" * 100).decode()


def test_without_orders_there_is_no_errand(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        assert here.ask("errand") == {"errand": None, "waiting": False}
        here.give(purge(7))
        assert here.ask("errand") == {"errand": None, "waiting": True}


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("errand-data", {}, "malformed"),
    ("errand-data", {"order": None, "data": FETCH}, "malformed"),
    ("errand-data", {"order": "../../etc", "data": FETCH}, "malformed"),
    ("errand-data", {"order": ["i-000000000009"], "data": FETCH}, "malformed"),
    ("errand-data", {"order": "i-000000000009"}, "malformed"),
    ("errand-data", {"order": "i-000000000009", "data": 5}, "malformed"),
    ("errand-data", {"order": "i-000000000009", "data": "no base64"}, "malformed"),
    ("errand-data", {"order": "i-000000000009", "data": "\ud800"}, "malformed"),
    ("errand-data", {"order": "i-000000000009", "data": ""}, "oversize"),
    (
        "errand-data",
        {"order": "i-000000000009", "data": b64encode(bytes(MAX_SEALED_BYTES + 1)).decode()},
        "oversize",
    ),
    ("errand-data", {"order": "i-000000000009", "data": "A" * 2_000_000}, "oversize"),
    ("errand-data", {"order": "i-unknown", "data": FETCH}, "no-such-order"),
    ("errand-data", {"order": "p-0123456789ab", "data": FETCH}, "no-such-order"),
    ("errand-data", {"order": "x-7-01234567", "data": FETCH}, "no-such-order"),
    ("errand-done", {}, "malformed"),
    ("errand-done", {"order": 7, "code": None}, "malformed"),
    ("errand-done", {"order": "x-7-01234567", "code": ""}, "malformed"),
    ("errand-done", {"order": "x-7-01234567", "code": "x" * 65}, "malformed"),
    ("errand-done", {"order": "x-7-01234567", "code": ["no"]}, "malformed"),
    ("errand-done", {"order": "i-000000000009", "code": None}, "no-such-order"),
    ("errand-done", {"order": "i-unknown", "code": "bad-seal"}, "no-such-order"),
]


def test_an_odd_request_is_refused_by_name_and_changes_nothing(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(here.install(9), purge(7), export())
        for what, fields, code in HOSTILE:
            assert here.ask(what, **fields) == {"error": code}, (what, fields)
        assert here.errands._parcels.fetched == {}
        assert here.told() == []


def test_only_a_few_templates_wait_in_memory(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        orders = [here.install(slot) for slot in range(20, 20 + MAX_HELD + 2)]
        here.give(*orders)
        for _ in range(MAX_HELD):
            assert here.carry() == "fetch"
        assert here.ask("errand")["errand"] is None
        assert here.ask("errand-data", order=orders[-1].id, data=FETCH) == {"error": "no-such-order"}
        here.work()
        assert set(here.flash()) == {7, *range(20, 20 + MAX_HELD + 2)}


def test_a_template_is_handed_in_once_and_again_only_if_central_lists_it_anew(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(export())
        here.work()
        here.idle()
        assert here.ask("errand")["errand"] is None
        here.handed_in.clear()
        here.give(export())
        here.work()
        assert list(here.handed_in) == [export().id]


def test_an_export_that_central_wants_no_more_is_forgotten(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(export())
        here.until(lambda: here.ask("errand")["errand"] is not None)
        assert here.ask("errand-done", order=export().id, code="no-such-order") == {}
        here.idle()
        assert here.ask("errand")["errand"] is None
        assert here.told() == []


def test_an_export_that_central_refuses_is_told_and_not_read_again(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(export())
        here.until(lambda: here.ask("errand")["errand"] is not None)
        assert here.ask("errand-done", order=export().id, code="other-template") == {}
        here.give(export())
        here.idle()
        assert here.failures() == ["impossible"]
        assert "other-template" in here.told()[0][1]["detail"]


def test_a_fetch_that_central_refuses_rests_until_the_next_list(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        order = here.install(9)
        here.give(order)
        assert here.ask("errand-done", order=order.id, code="no-such-order") == {}
        here.idle()
        assert here.ask("errand")["errand"] is None
        here.give(order)
        here.work()
        assert 9 in here.flash()


def test_an_order_that_vanishes_takes_its_template_with_it(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(here.install(9))
        here.carry()
        here.give()
        here.idle()
        assert here.errands._parcels.fetched == {}
        assert set(here.flash()) == {7}


def ended(here: ErrandWorld) -> set[str]:
    ledger = here.office.ledger
    assert ledger is not None
    return ledger.ended


def test_what_has_ended_is_remembered_only_as_long_as_central_lists_it(tmp_path: Path) -> None:
    with errand_world(tmp_path) as here:
        here.give(here.install(9), purge(7))
        here.work()
        assert ended(here) == {"i-000000000009", "p-0123456789ab"}
        (tmp_path / "enrolments.json").unlink()
        here.crash()
        here.settle()
        here.idle()
        assert ended(here) == {"i-000000000009", "p-0123456789ab"}
        assert len(here.told()) == 2
        here.give()
        here.idle()
        assert ended(here) == set()
