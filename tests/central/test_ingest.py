"""What a node handed in is held exactly once, or refused with a name; only what is held is acknowledged."""

import gzip
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select, text, update

from attendance import seal
from attendance.chain import Link, make_event
from attendance.exchange import MAX_BATCH_EVENTS
from attendance.moment import ClockState
from central import coverage, event_store
from central.database import StoreError
from central.nodes import NodeState
from central.tables import dirty_day, event, fork, listening
from central.tables import node as node_table
from tests.support.central import MONDAY, Central, make_central
from tests.support.central_node import OWN_NONCE, CentralNode, error_of


def stored(central: Central) -> int:
    return int(central.rows(select(func.count()).select_from(event))[0][0])


def state_of(central: Central, node: CentralNode) -> str:
    query = select(node_table.c.state).where(node_table.c.id == node.id)
    return str(central.rows(query)[0].state)


def test_a_batch_is_held_as_the_exact_bytes_and_the_receipt_names_its_end(
    central: Central, node: CentralNode
) -> None:
    node.write("start", {"software": "x", "clock_source": "system", "journal": "created"})
    node.punch("p1")
    receipt = node.sent()
    assert (receipt.size, receipt.head) == (2, node.events[-1].leaf)
    assert (receipt.nonce, receipt.time_ms) == (OWN_NONCE, central.clock.now_ms())
    rows = central.rows(select(event.c.header, event.c.body, event.c.person).order_by(event.c.seq))
    assert [(bytes(row.header), bytes(row.body)) for row in rows] == [(e.header, e.body) for e in node.events]
    assert rows[1].person == "p1"


def test_the_same_batch_again_adds_nothing_and_gets_the_same_receipt(
    central: Central, node: CentralNode
) -> None:
    node.punch("p1")
    node.punch("p2")
    first = node.sent()
    assert node.sent() == first
    assert node.sent(node.events[:1]) == first
    assert stored(central) == 2


def test_a_batch_that_overlaps_adds_only_its_end(central: Central, node: CentralNode) -> None:
    for person in ("p1", "p2", "p3"):
        node.punch(person)
    node.sent(node.events[:2])
    assert node.sent(node.events[1:]).size == 3
    assert stored(central) == 3


def test_the_head_tells_what_is_held(central: Central, node: CentralNode) -> None:
    assert (node.head().size, node.head().head) == (0, "0" * 64)
    node.punch("p1")
    node.sent()
    assert (node.head().size, node.head().head) == (1, node.events[0].leaf)


def test_a_gap_is_named_by_the_number_that_is_missing(central: Central, node: CentralNode) -> None:
    for _ in range(3):
        node.punch("p1")
    node.sent(node.events[:1])
    response = node.send(node.events[2:])
    assert (response.status_code, error_of(response)) == (409, "gap")
    assert response.get_json()["next"] == 2
    assert "gap" in central.audit_actions()
    assert stored(central) == 1


def test_a_restored_backup_of_central_is_filled_up_again(central: Central, node: CentralNode) -> None:
    for _ in range(3):
        node.punch("p1")
    node.sent(node.events[:1])
    assert node.head().size == 1  # what the node knew to be 3 before the backup was put back
    assert node.sent(node.events[1:]).size == 3


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_a_fork_is_kept_from_both_sides_and_the_node_is_distrusted(
    central: Central, node: CentralNode, shared: int
) -> None:
    copied = CentralNode(central)
    for _ in range(shared):
        copied.events.append(node.punch("p1"))
    for person in ("p2", "p3"):
        node.punch(person)
    copied.punch("p1")
    copied.punch("p1")
    node.sent()
    response = copied.send()
    assert (response.status_code, error_of(response)) == (422, "fork")
    assert stored(central) == shared + 2
    kept = central.rows(select(fork))
    assert [(row.seq, row.leaf, row.stored_leaf) for row in kept] == [
        (shared + 1, copied.events[shared].leaf, node.events[shared].leaf)
    ]
    assert bytes(kept[0].batch) == copied.batch()
    assert state_of(central, node) == NodeState.DISTRUSTED
    assert "node-distrusted" in central.audit_actions()
    node.punch("p1")
    assert error_of(node.send(node.events[-1:])) == "node-distrusted"


def test_a_copied_card_that_goes_on_elsewhere_is_a_fork(central: Central, node: CentralNode) -> None:
    """Its next event has the right number, but names another one before it."""
    copied = CentralNode(central)
    node.punch("p1")
    copied.punch("p2")
    copied.punch("p2")
    node.sent()
    assert error_of(copied.send(copied.events[1:])) == "fork"
    assert central.rows(select(fork.c.seq))[0].seq == 1


def test_a_forged_fork_does_not_harm_the_node(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    node.sent()
    forger = CentralNode(central)
    forger.punch("p2")
    forger.event_key = CentralNode(central, seed=9).event_key
    assert error_of(forger.send()) == "bad-signature"
    assert state_of(central, node) == NodeState.ACTIVE
    assert central.rows(select(fork)) == []


def test_a_damaged_batch_is_refused_whole(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    node.punch("p2")
    plain = node.batch()
    for at in range(0, len(plain), 37):
        damaged = bytearray(plain)
        damaged[at] ^= 0x04
        response = node.send(data=bytes(damaged))
        assert response.status_code in (413, 422), (at, response.get_data())
    assert stored(central) == 0
    assert state_of(central, node) == NodeState.ACTIVE
    assert node.sent().size == 2


def test_events_in_another_order_or_with_a_hole_break_the_chain(central: Central, node: CentralNode) -> None:
    for _ in range(3):
        node.punch("p1")
    first, second, third = node.events
    hole = [first, third]
    assert error_of(node.send(data=node.batch(hole), events=hole)) == "gap"
    other = make_event(Link(node.id, 1, 1, "a" * 64), "punch", second.moment, {}, salt="0" * 32)
    swapped = [first, other]
    assert error_of(node.send(data=node.batch(swapped), events=swapped)) == "bad-chain"
    assert stored(central) == 0


def test_a_chain_does_not_start_in_the_middle(central: Central, node: CentralNode) -> None:
    start = make_event(Link(node.id, 1, 0, "a" * 64), "punch", node.punch("p1").moment, {}, salt="0" * 32)
    assert error_of(node.send([start])) == "bad-chain"


def test_another_nodes_batch_is_refused(central: Central, node: CentralNode) -> None:
    other = CentralNode(central, seed=2)
    other.claim()
    other.punch("p1")
    foreign = other.events
    response = node.send(foreign, data=other.batch())
    assert error_of(response) == "foreign-node"
    assert stored(central) == 0


def test_a_batch_of_another_epoch_is_refused(central: Central, node: CentralNode) -> None:
    node.epoch = 2
    node.punch("p1")
    assert error_of(node.send()) == "foreign-node"


def test_truncated_gzip_bombs_and_plain_bytes_are_refused(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    query = f"/events?epoch=1&start=1&count=1&nonce={OWN_NONCE}"
    packed = gzip.compress(node.batch())
    as_gzip = {"Content-Encoding": "gzip"}
    cases = [
        (packed[:-9], as_gzip, 422, "malformed"),
        (packed + b"x", as_gzip, 422, "malformed"),
        (node.batch(), as_gzip, 422, "malformed"),
        (node.batch(), {}, 422, "malformed"),
        (gzip.compress(b"0" * 5_000_000), as_gzip, 413, "oversize"),
        (bytes(600_000), as_gzip, 413, "oversize"),
        (bytes(1_100_000), as_gzip, 413, "oversize"),
    ]
    for body, headers, status, code in cases:
        response = node.request("POST", query, body, headers)
        assert (response.status_code, error_of(response)) == (status, code)
    assert stored(central) == 0


def test_the_address_must_announce_the_batch_that_follows(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    packed, headers = gzip.compress(node.batch()), {"Content-Encoding": "gzip"}
    for query in ("epoch=1&start=2&count=1", "epoch=1&start=1&count=2", "epoch=1&start=1", "start=x"):
        response = node.request("POST", f"/events?{query}&nonce={OWN_NONCE}", packed, headers)
        assert error_of(response) == "malformed"
    response = node.request("POST", "/events?epoch=1&start=1&count=1&nonce=short", packed, headers)
    assert error_of(response) == "malformed"


def test_a_database_error_in_the_middle_acknowledges_nothing(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    with central.office.database.write() as connection:
        connection.execute(text("ALTER TABLE checkpoint RENAME TO checkpoint_away"))
        # The look-up of the node still works, so the failure comes after the events were inserted.
        connection.execute(text("CREATE VIEW checkpoint AS SELECT DISTINCT * FROM checkpoint_away"))
    response = node.send()
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert stored(central) == 0
    with central.office.database.write() as connection:
        connection.execute(text("DROP VIEW checkpoint"))
        connection.execute(text("ALTER TABLE checkpoint_away RENAME TO checkpoint"))
    assert node.sent().size == 1


def test_the_same_batch_at_once_is_stored_once(central: Central, node: CentralNode) -> None:
    for _ in range(20):
        node.punch("p1")
    statuses: list[int] = []
    barrier = threading.Barrier(4)

    def hand_in() -> None:
        barrier.wait()
        statuses.append(node.send().status_code)

    threads = [threading.Thread(target=hand_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    assert stored(central) == 20


def test_a_punch_of_an_unknown_person_is_listed_and_not_lost(central: Central, node: CentralNode) -> None:
    node.punch("never-imported")
    node.punch(None)
    node.write("punch", {"slot": "x"})
    assert node.sent().size == 3
    with central.office.database.read() as connection:
        strays = coverage.nobodys_punches(connection)
    assert [stray.event for stray in strays] == [f"{node.id}/1/{seq}" for seq in (3, 2, 1)]
    assert "event-unreadable" in central.audit_actions()
    assert central.rows(select(dirty_day)) == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("punch", {"person": "p\0", "slot": 1, "kind": "in"}),
        ("punch", {"person": "p1", "slot": 1, "kind": "i\0n"}),
        ("punch", {"person": "p1", "slot": 1, "kind": "in", "more": [{"deep\0er": 1}]}),
        ("enrol-failed", {"person": "p1", "request": "e-\0", "reason": "timeout"}),
        ("enrol-failed", {"person": "p1", "request": None, "reason": "time\0out"}),
        ("enrol-begun", {"person": "p\0", "request": "e-1"}),
        ("unmatched", {"method": "pin", "reason": "wro\0ng"}),
    ],
)
def test_text_with_nul_makes_an_event_unreadable_and_the_batch_is_kept(
    kind: str, content: dict[str, object], central: Central, node: CentralNode
) -> None:
    """PostgreSQL keeps no such text; SQLite would."""
    node.write(kind, content)
    node.punch("p2", at=MONDAY)
    assert node.sent().size == 2
    assert central.audit_actions().count("event-unreadable") == 1
    rows = central.rows(select(event.c.person, event.c.kind).order_by(event.c.seq))
    assert [tuple(row) for row in rows] == [(None, None), ("p2", "in")]
    assert {row.person for row in central.rows(select(dirty_day))} == {"p2"}


def test_a_clock_source_with_nul_changes_nothing_where_any_source_is_accepted(
    database_url: str, tmp_path: Path
) -> None:
    central = make_central(tmp_path / "central", database_url, accept_emulated_clocks=True)
    central.add_unit()
    node = CentralNode(central)
    node.claim()
    node.write("start", {"software": "x", "clock_source": "emu\0lated", "journal": "created"})
    assert node.sent().size == 1
    assert central.rows(select(node_table.c.clock_source))[0][0] == ""
    assert central.audit_actions().count("event-unreadable") == 1
    central.office.database.close()


def test_a_type_with_nul_is_kept_under_a_name_that_can_be_kept(central: Central, node: CentralNode) -> None:
    node.write("od\0d")
    assert node.sent().size == 1
    assert central.rows(select(event.c.type))[0][0] == "od?d"


def test_a_backslash_that_only_looks_like_nul_in_the_bytes_is_read(
    central: Central, node: CentralNode
) -> None:
    node.write("punch", {"person": "p1", "slot": 1, "kind": "in", "note": "C:\\u0000"})
    node.sent()
    assert central.rows(select(event.c.person))[0][0] == "p1"


def test_events_of_unknown_types_are_kept(central: Central, node: CentralNode) -> None:
    node.write("from-the-future", {"new": {"nested": [1, 2, 3]}})
    assert node.sent().size == 1


def test_a_punch_marks_its_day_and_the_one_before_for_shifts(central: Central, node: CentralNode) -> None:
    node.punch("p1", at=MONDAY)
    node.sent()
    marked = {(row.person, row.day.isoformat()) for row in central.rows(select(dirty_day))}
    assert marked == {("p1", "2017-03-06"), ("p1", "2017-03-05")}


def placed(central: Central) -> list[tuple[bool, int]]:
    rows = central.rows(select(event.c.trusted, event.c.placed_ms).order_by(event.c.seq))
    return [(bool(row.trusted), row.placed_ms) for row in rows]


def test_a_clock_in_1970_is_placed_where_it_was_received_and_not_trusted(
    central: Central, node: CentralNode
) -> None:
    node.punch("p1", at=MONDAY)
    node.punch("p1", at=MONDAY.replace(year=1970), state=ClockState.DOUBTFUL)
    node.sent()
    now_ms = central.clock.now_ms()
    assert placed(central) == [(True, now_ms), (False, now_ms)]


def test_a_clock_far_ahead_of_central_is_not_believed(central: Central, node: CentralNode) -> None:
    node.punch("p1", at=MONDAY + timedelta(days=2))
    node.listen(MONDAY, MONDAY + timedelta(days=2))
    node.sent()
    assert [trusted for trusted, _ in placed(central)] == [False, False]
    assert central.rows(select(listening)) == []
    assert central.rows(select(node_table.c.reported_until_ms))[0].reported_until_ms is None


def test_listening_counts_only_with_a_trusted_clock(central: Central, node: CentralNode) -> None:
    node.listen(MONDAY - timedelta(minutes=20), MONDAY - timedelta(minutes=10))
    node.listen(MONDAY - timedelta(minutes=10), MONDAY, clock="doubtful")
    node.write("listening", {"from_wall_ms": 5, "to_wall_ms": 4})
    assert node.sent().size == 3
    assert len(central.rows(select(listening))) == 1


def test_a_node_on_an_emulated_clock_is_refused_unless_that_is_wanted(
    central: Central, node: CentralNode
) -> None:
    node.write("start", {"clock_source": "emulated"})
    response = node.send()
    assert (response.status_code, error_of(response)) == (403, "emulated-clock")
    assert stored(central) == 0


@pytest.mark.parametrize("count", [MAX_BATCH_EVENTS - 1, MAX_BATCH_EVENTS])
def test_a_full_batch_and_a_smaller_one_are_stored_event_for_event(
    central: Central, node: CentralNode, count: int
) -> None:
    for number in range(count + 1):
        node.punch(("p1", "p2", "nobody")[number % 3], photo=f"{number:064x}" if number % 2 else None)
    node.sent(node.events[:count])
    node.sent(node.events[count:])
    asked = (event.c.seq, event.c.header, event.c.body, event.c.photo, event.c.person, event.c.trusted)
    rows = [tuple(row) for row in central.rows(select(*asked).order_by(event.c.seq))]
    people = ("p1", "p2", None)
    assert rows == [
        (written.seq, written.header, written.body, written.photo, people[number % 3], True)
        for number, written in enumerate(node.events)
    ]


@pytest.mark.parametrize("count", [2, MAX_BATCH_EVENTS])
def test_the_books_take_no_number_twice_and_nothing_of_such_a_batch(central: Central, count: int) -> None:
    def row(seq: int) -> tuple[object, ...]:
        return ("n", 1, seq, "health", 1, 1, 1, None, None, None, bytearray(b"{}"), None, None, 1)

    database = central.office.database
    with database.write() as connection:
        event_store.add(connection, [row(count)])
    with pytest.raises(StoreError), database.write() as connection:
        event_store.add(connection, [row(seq) for seq in range(1, count + 1)])
    assert [found.seq for found in central.rows(select(event.c.seq))] == [count]


def test_an_erased_body_does_not_break_the_chain(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    whole = node.punch("p2")
    erased = replace(whole, body=None)
    assert node.sent([node.events[0], erased]).size == 2
    assert central.rows(select(event.c.body).where(event.c.seq == 2))[0].body is None


def test_a_retired_node_hands_in_nothing(central: Central, node: CentralNode) -> None:
    with central.office.database.write() as connection:
        connection.execute(update(node_table).values(state="retired"))
    node.punch("p1")
    assert error_of(node.send()) == "node-distrusted"


def test_receipts_are_signed_with_the_receipt_key(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    fields = node.send().get_json()
    message = seal.canonical(fields["checkpoint"])
    seal.verify(central.office.keys.receipt_public, seal.CHECKPOINT, message, fields["sig"])
