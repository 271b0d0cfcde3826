"""What sync may ask of the punch process, and how it is refused otherwise."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance.exchange import sign_document
from attendance.orders import Orders
from attendance.seal import node_id, public_hex
from edge.clock import EmulatedClock
from edge.documents import DocumentShelf
from edge.journal import Journal
from edge.journal_faults import StorageFault, storage_error
from edge.logbook import Logbook
from edge.punch_requests import Answers, RequestQueue
from edge.server_record import ServerRecord
from emulators.clock import EmulatedTime
from tests.support.door_people import policy_content, wib
from tests.support.journal_world import flip

KEY, CENTRAL = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NODE = node_id(public_hex(KEY))
KEY_TO_SEAL_FOR = "09" + 31 * "00"


@pytest.fixture
def logbook(tmp_path: Path) -> Iterator[Logbook]:
    EmulatedTime(tmp_path / "clock.json").start(wib("2017-06-05 07:28:41"), rate=0)
    clock = EmulatedClock(tmp_path / "clock.json")
    made = Logbook(tmp_path, KEY, clock, epoch=1, rtc=True, watch=None)
    yield made
    made.close()


@pytest.fixture
def answers(logbook: Logbook, tmp_path: Path) -> Answers:
    shelf = DocumentShelf(tmp_path, NODE)
    return Answers(logbook, shelf, tmp_path / "server.json", lambda: {"sensor": "ok"})


def claim_node(folder: Path) -> None:
    keys = {"receipt_key": public_hex(CENTRAL), "document_key": public_hex(CENTRAL)}
    ServerRecord(
        NODE, 1, "D", "Dinas", "Asia/Jakarta", "https://h.example", None, **keys, code="123456"
    ).save(folder / "server.json")


def good_anchor(folder: Path) -> dict[str, Any]:
    now = json.loads((folder / "clock.json").read_bytes())
    clocks = {key: now[key] for key in ("boot", "bt_ms", "raw_ms")}
    return {"do": "anchor", "utc_ms": now["wall_ms"], "error_ms": 40, "source": "server", **clocks}


def policy(serial: int = 3) -> dict[str, Any]:
    data = sign_document(CENTRAL, "policy", serial, policy_content(serial))
    return {"do": "document", "kind": "policy", "data": data.decode()}


def test_the_status_says_where_the_chain_stands(answers: Answers, logbook: Logbook) -> None:
    event = logbook.write("health", {"x": 1})
    assert answers.handle({"do": "status"}) == {
        "ok": True,
        "node": NODE,
        "epoch": 1,
        "size": 1,
        "head": event.leaf,
        "clock": "doubtful",
        "policy": 0,
        "roster": 0,
        "orders": 0,
        "sensor": "ok",
    }


def test_orders_are_in_force_durably_and_make_no_event_of_their_own(
    answers: Answers, logbook: Logbook, tmp_path: Path
) -> None:
    """Each order's end is an event; a wave of searches must not fill the journal with numbers of lists."""
    claim_node(tmp_path)
    content = Orders(4, NODE, KEY_TO_SEAL_FOR, ()).content()
    data = sign_document(CENTRAL, "orders", 4, content).decode()
    assert answers.handle({"do": "document", "kind": "orders", "data": data}) == {"ok": True, "serial": 4}
    assert answers.handle({"do": "status"})["orders"] == 4
    assert logbook.link.size == 0
    again = DocumentShelf(tmp_path, NODE)
    assert again.load(public_hex(CENTRAL)) == {}
    assert again.standing.orders == Orders(4, NODE, KEY_TO_SEAL_FOR, ())


def test_an_anchor_is_written_and_believed(answers: Answers, logbook: Logbook, tmp_path: Path) -> None:
    assert answers.handle(good_anchor(tmp_path)) == {"ok": True, "seq": 1}
    assert logbook.moment().anchor == 1
    assert answers.handle({"do": "status"})["clock"] == "anchored"


def test_documents_are_taken_as_soon_as_the_node_is_claimed(answers: Answers, tmp_path: Path) -> None:
    assert answers.handle(policy())["error"] == "not-enrolled"
    claim_node(tmp_path)
    assert answers.handle(policy()) == {"ok": True, "serial": 3, "seq": 1}
    assert answers.handle(policy()) == {"ok": True, "serial": 3}
    assert answers.handle(policy(2))["error"] == "old-document"
    assert answers.handle({"do": "status"})["policy"] == 3


def test_a_document_in_force_is_told_by_an_event(answers: Answers, logbook: Logbook, tmp_path: Path) -> None:
    claim_node(tmp_path)
    answers.handle(policy())
    event = logbook._journal.last_events(1)[0]
    assert (event.type, event.content["document"], event.content["serial"]) == ("policy", "policy", 3)
    assert len(event.content["sha256"]) == 64


def test_sync_may_hand_in_drops_and_health(answers: Answers) -> None:
    for number, type_ in enumerate(("drop", "health"), start=1):
        reply = answers.handle({"do": "event", "type": type_, "content": {"reason": "photo-lost"}})
        assert reply == {"ok": True, "seq": number}


def test_sync_may_ask_to_mend_what_it_could_not_read(
    answers: Answers, logbook: Logbook, tmp_path: Path
) -> None:
    for number in range(3):
        logbook.write("health", {"x": number})
    assert answers.handle({"do": "mend", "seq": 2}) == {"ok": True, "was_whole": True}
    flip(next((tmp_path / "segments").rglob("*.log")), 700)
    assert answers.handle({"do": "mend", "seq": 2}) == {"ok": True, "was_whole": False}
    assert answers.handle({"do": "mend", "seq": 2}) == {"ok": True, "was_whole": True}


REFUSED = [
    ({}, "unknown-request"),
    ({"do": ["x"]}, "unknown-request"),
    ({"do": "event", "type": "punch", "content": {}}, "malformed"),
    ({"do": "event", "type": "clock", "content": {}}, "malformed"),
    ({"do": "event", "type": "drop", "content": "x"}, "malformed"),
    ({"do": "event", "type": "drop", "content": {"x": 1.5}}, "malformed"),
    ({"do": "event", "type": "drop", "content": {"x": "y" * 9000}}, "oversize"),
    ({"do": "anchor"}, "malformed"),
    ({"do": "mend"}, "malformed"),
    ({"do": "mend", "seq": 0}, "malformed"),
    ({"do": "anchor", "utc_ms": 1, "error_ms": 1, "bt_ms": 1, "raw_ms": 1, "boot": "b", "source": "s"}, None),
    ({"do": "document", "kind": "order", "data": "{}"}, "malformed"),
    ({"do": "document", "kind": "policy", "data": 5}, "malformed"),
    ({"do": "document", "kind": "policy", "data": "{}"}, "malformed"),
    ({"do": "document", "kind": "policy", "data": "\ud800"}, "malformed"),
]


@pytest.mark.parametrize(("request_", "error"), REFUSED)
def test_what_can_not_be_done_is_refused_in_words_and_writes_nothing(
    answers: Answers, logbook: Logbook, tmp_path: Path, request_: dict[str, Any], error: str | None
) -> None:
    claim_node(tmp_path)
    reply = answers.handle(request_)
    assert reply["ok"] is False
    assert reply["error"] == (error or "anchor-refused")
    assert reply["text"]
    assert logbook.link.size == 0


def test_impossible_rules_with_a_good_signature_are_refused(answers: Answers, tmp_path: Path) -> None:
    claim_node(tmp_path)
    data = sign_document(CENTRAL, "policy", 4, {"serial": 4, "policies": []}).decode()
    assert answers.handle({"do": "document", "kind": "policy", "data": data})["error"] == "refused"


def test_a_full_disk_is_a_reply(
    answers: Answers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, logbook: Logbook
) -> None:
    claim_node(tmp_path)

    def full(*_: object) -> None:
        raise storage_error(StorageFault.FULL, "no room")

    monkeypatch.setattr(Journal, "append", full)
    assert answers.handle({"do": "event", "type": "drop", "content": {}})["error"] == "disk-full"
    assert answers.handle(good_anchor(tmp_path))["error"] == "disk-full"
    assert not logbook.moment().trusted
    assert answers.handle(policy()) == {"ok": True, "serial": 3}

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge.documents.write_durably", no_room)
    assert answers.handle(policy(4))["error"] == "disk"


def test_a_damaged_record_of_the_claim_counts_as_no_claim(answers: Answers, tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text("{")
    assert answers.handle(policy())["error"] == "not-enrolled"


def test_requests_are_answered_by_the_owner_between_two_looks() -> None:
    waiting, replies = RequestQueue(), list[Any]()
    asked = [threading.Thread(target=lambda n=n: replies.append(waiting.answer({"n": n}))) for n in range(3)]
    for thread in asked:
        thread.start()
    while len(replies) < 3:
        waiting.serve(lambda request: {"got": request["n"]}, 0.05)
    for thread in asked:
        thread.join()
    assert sorted(reply["got"] for reply in replies) == [0, 1, 2]


def test_a_mistake_in_an_answer_does_not_end_attendance() -> None:
    waiting, failures = RequestQueue(), list[Exception]()

    def ask() -> None:
        try:
            waiting.answer({})
        except ZeroDivisionError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    waiting.serve(lambda _request: {"x": 1 // 0}, 5.0)
    thread.join()
    assert len(failures) == 1


def test_an_owner_that_does_not_come_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.punch_requests._PATIENCE_S", 0.01)
    waiting = RequestQueue()
    assert [waiting.answer({})["error"] for _ in range(33)] == ["busy"] * 33
