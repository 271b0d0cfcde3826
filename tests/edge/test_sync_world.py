"""Whatever happens on the way, central holds every event exactly once, and nothing counts before that."""

import json
import random
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance import exchange
from attendance.chain import Link, make_event
from attendance.moment import ClockState, Moment
from edge import sync_cursor
from edge.answer import Answer
from edge.pacing import Patience
from tests.support.sync_world import DOCUMENT_KEY, EVENT_KEY, NODE, Killed, World, refused, settled


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def punches(world: World, count: int, *, photos: bool = False) -> None:
    for _ in range(count):
        number = len(world.node.events)
        photo = f"photo {number} ".encode() * 2_000 if photos else None
        world.node.write("punch", {"slot": number}, photo)
    world.sync.noticed()


def test_events_arrive_in_order_and_count_as_held_only_then(world: World) -> None:
    punches(world, 30)
    assert world.sender.agreed.size == 0
    settled(world)
    assert world.sender.agreed.size == 30


def test_photos_follow_after_all_events(world: World) -> None:
    world.most_events = 7
    world.start()
    punches(world, 20, photos=True)
    settled(world)
    kinds = [request.split()[0] for request in world.central.requests]
    assert "events" not in kinds[kinds.index("photo?") :]
    assert len(world.central.photos) == 20


def test_central_is_told_of_no_photos_only_once_every_event_was_looked_at(world: World) -> None:
    punches(world, 3, photos=True)
    while not world.central.reports:
        world.turn()
    assert "photo_backlog" not in world.central.reports[0]
    settled(world)
    world.run(600)
    assert world.central.reports[-1]["photo_backlog"] == 0


def test_a_new_event_waits_for_no_more_than_a_piece_of_a_photo(world: World) -> None:
    punches(world, 1)
    world.node.write("punch", {"slot": 1}, bytes(200_000))
    settled_pieces = 0
    while settled_pieces < 2:
        world.turn()
        settled_pieces = sum("@" in request for request in world.central.requests)
    punches(world, 1)
    asked = len(world.central.requests)
    world.turn()
    assert world.central.requests[asked].startswith("events 3")


def test_an_answer_that_was_lost_after_the_commit_costs_no_second_copy(world: World) -> None:
    world.plan = {"after events": ["cut"]}
    punches(world, 10)
    world.run(60)
    assert world.plan == {"after events": []}
    settled(world)
    sent = [request for request in world.central.requests if request.startswith("events")]
    assert sent == ["events 1+10"]  # the question for the head found that all of it had arrived


def test_a_batch_that_times_out_is_halved_until_it_fits(world: World) -> None:
    world.plan = {"before events": ["timed-out"] * 3}
    punches(world, 64)
    world.run(300)
    settled(world)
    sent = [int(request.split("+")[1]) for request in world.central.requests if request.startswith("events")]
    assert sent[:4] == [64, 32, 16, 8]
    assert sent[4] > 8  # and it grows again


@pytest.mark.parametrize("fault", ["html", "500", "503", "old-receipt", "forged"])
def test_http_200_and_worse_acknowledge_nothing(world: World, fault: str) -> None:
    punches(world, 5)
    world.run(2)
    assert world.sender.agreed.size == 5
    world.plan = {"after events": [fault] * 50, "after head": [fault] * 50}
    punches(world, 5)
    world.run(20)
    assert world.sender.agreed.size == 5
    settled(world)
    assert world.sender.agreed.size == len(world.node.events)


def test_a_central_restored_from_backup_gets_everything_again_and_people_are_told_once(world: World) -> None:
    punches(world, 20, photos=True)
    settled(world)
    world.central.restore(8)
    settled(world)
    assert world.node.alarms() == ["central-rolled-back"]
    assert len(world.central.photos) == 20


def test_a_restored_central_is_found_even_while_nothing_is_sent(world: World) -> None:
    punches(world, 5)
    settled(world)
    world.central.restore(0)
    world.run(1200)
    assert world.both_hold_the_same()
    assert world.node.alarms() == ["central-rolled-back"]


@pytest.mark.parametrize(
    "place", ["before events", "after events", "before head", "after head", "before photo"]
)
def test_a_kill_in_the_middle_of_anything_loses_and_doubles_nothing(world: World, place: str) -> None:
    punches(world, 8, photos=True)
    world.run(0.2)
    world.plan = {place: ["killed"]}
    punches(world, 5, photos=True)
    world.start()
    world.run(60)
    assert world.plan == {place: []}
    settled(world)
    assert len(world.central.photos) == 13
    assert world.node.alarms() == []


def test_a_kill_after_an_alarm_was_told_tells_it_at_least_once(world: World) -> None:
    punches(world, 20)
    settled(world)
    world.central.restore(8)
    world.node.dies_after = {"event": True}
    settled(world)
    assert set(world.node.alarms()) == {"central-rolled-back"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_while_the_cursor_is_written_loses_nothing(
    world: World, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaths, write = [True], sync_cursor.write_durably

    def dying(path: Path, data: bytes) -> None:
        if when == "after" or not deaths:
            write(path, data)
        if deaths and deaths.pop():
            raise Killed

    monkeypatch.setattr(sync_cursor, "write_durably", dying)
    punches(world, 10)
    settled(world)
    assert not deaths
    assert world.sender.agreed.size == 10


def test_a_full_disk_stops_no_event_on_its_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sync_cursor, "write_durably", full)
        punches(world, 10)
        settled(world)
    assert world.sender.agreed.size == 10


def foreign_history(count: int) -> list[exchange.Event]:
    link, events = Link(NODE, 1), []
    for number in range(count):
        moment = Moment(1_780_000_000_000, "clone", number, number, None, ClockState.ANCHORED)
        event = make_event(link, "punch", moment, {"slot": 99}, salt=f"{number:032x}")
        events.append(event)
        link = Link(NODE, 1, event.seq, event.leaf)
    return events


@pytest.mark.parametrize(("theirs", "alarm"), [(3, "forked"), (10, "forked"), (40, "central-ahead")])
def test_another_history_under_our_name_is_shown_to_central_and_told(
    world: World, theirs: int, alarm: str
) -> None:
    world.central.events = foreign_history(theirs)
    punches(world, 10)
    world.run(1800)
    assert alarm in world.node.alarms()
    assert "central-refuses-fork" in world.node.alarms()  # central saw both versions
    assert world.sender.agreed.size == 0
    assert len(world.central.requests) < 400  # and is not bothered all the time


def test_a_foreign_history_counts_nothing_that_was_agreed_before(world: World) -> None:
    punches(world, 5)
    settled(world)
    world.central.events = foreign_history(9)
    punches(world, 2)
    world.run(600)
    assert world.sender.agreed.size == 5


def test_a_restart_takes_up_where_central_signed(world: World) -> None:
    punches(world, 12)
    settled(world)
    world.start()
    assert world.sender.agreed.size == 12
    punches(world, 1)
    settled(world)
    assert world.central.requests[-1].startswith(("events 13+1", "status", "documents", "head"))
    assert [request for request in world.central.requests if request.startswith("events 13")] == [
        "events 13+1"
    ]


def test_a_history_that_contradicts_what_was_agreed_is_shown_to_central_too(world: World) -> None:
    punches(world, 5)
    settled(world)
    world.central.events = foreign_history(3)
    punches(world, 2)
    world.run(600)
    assert {"forked", "central-refuses-fork"} <= set(world.node.alarms())


def test_a_central_that_signs_and_stores_nothing_is_not_flooded(world: World) -> None:
    world.central.send_events = lambda epoch, start, count, nonce, packed, patience: Answer(
        200, world.central.receipt(nonce), {}
    )
    punches(world, 5)
    world.run(3600)
    assert world.sender.agreed.size == 0
    assert len(world.central.requests) < 400


def test_while_nobody_answers_the_node_asks_rarely(world: World) -> None:
    world.plan = {"before": ["unreachable"] * 1000}
    punches(world, 5, photos=True)
    world.run(3600)
    assert 10 < len(world.central.requests) < 50


def test_large_events_are_sent_in_batches_that_central_takes(world: World) -> None:
    dice = random.Random(2)
    for number in range(160):
        world.node.write("health", {"number": number, "noise": dice.randbytes(3_800).hex()})
    world.run(60)
    world.start()
    world.sender.pace = replace(world.sender.pace, ceiling=500)
    world.central.restore(0)
    settled(world)
    sent = [int(request.split("+")[1]) for request in world.central.requests if request.startswith("events")]
    assert max(sent) > 64


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data.replace(b'\\"size\\":12', b'\\"size\\":99'),
        lambda data: data.replace(b'"photos_done":12', b'"photos_done":99'),
        lambda data: data[: len(data) // 2],
        lambda data: b"\xff\x00" + data,
        lambda data: b"[]",
        lambda data: b'{"cursor":{"receipt":7,"photos_done":0,"alarms":[],"told":[]},"sha256":""}',
    ],
)
def test_a_tampered_cursor_costs_a_question_and_never_an_event(world: World, harm) -> None:
    punches(world, 12, photos=True)
    settled(world)
    world.run(60)
    data = world.cursor_path.read_bytes()
    assert b'"photos_done":12' in data
    changed = harm(data)
    assert changed != data
    world.cursor_path.write_bytes(changed)
    world.start()
    assert world.sender.agreed.size == 0
    punches(world, 3)
    settled(world)
    assert world.node.alarms() == ["cursor-damaged"]
    assert len(world.central.photos) == 12


def test_a_cursor_of_another_node_proves_nothing(world: World, tmp_path: Path) -> None:
    world.central.events = foreign_history(4)
    other = world.central.receipt("0" * 32)
    punches(world, 6)
    world.cursor.keep(world.cursor.now.__class__(receipt=other.decode()))
    world.start()
    assert world.sender.agreed.size == 0


def test_a_photo_that_is_gone_or_damaged_becomes_a_drop_and_blocks_nothing(world: World) -> None:
    punches(world, 4, photos=True)
    names = [item.event.photo for item in world.node.events]
    paths = [world.node.photos / name[:2] / f"{name}.jpg" for name in names if name]
    paths[0].unlink()
    paths[1].write_bytes(b"")  # what a power cut leaves of a file that was not forced to the card
    settled(world)
    drops = [item.event.content for item in world.node.events if item.event.type == "drop"]
    assert [(drop["event"], drop["reason"]) for drop in drops] == [(1, "missing"), (2, "damaged")]
    assert set(world.central.photos) == set(names[2:])


def test_a_photo_goes_on_where_it_was_cut(world: World) -> None:
    world.node.write("punch", {"slot": 1}, random.Random(1).randbytes(100_000))
    world.plan = {"before photo": ["cut"], "after photo": ["ok", "ok", "cut"]}
    world.run(300)
    assert world.plan == {"before photo": [], "after photo": []}
    settled(world)
    pieces = [int(request.split("@")[1]) for request in world.central.requests if "@" in request]
    assert pieces == sorted(set(pieces))  # no byte was sent twice


def test_photo_bytes_damaged_on_the_way_are_sent_again(world: World) -> None:
    punches(world, 1, photos=True)
    world.plan = {"photo bytes": ["damaged"]}
    world.run(60)
    assert world.plan == {"photo bytes": []}
    settled(world)
    assert len(world.central.photos) == 1


def test_a_refused_photo_is_told_and_does_not_hold_up_the_others(world: World) -> None:
    punches(world, 3, photos=True)
    refused_name = world.node.events[0].event.photo
    offset, piece = world.central.photo_offset, world.central.send_photo_piece

    def no(photo, ask, *rest):
        return refused(404, "photo-not-named") if photo.sha256 == refused_name else ask(photo, *rest)

    world.central.photo_offset = lambda photo, patience: no(photo, offset, patience)
    world.central.send_photo_piece = lambda photo, *rest: no(photo, piece, *rest)
    settled(world)
    assert "photo-refused" in world.node.alarms()
    assert len(world.central.photos) == 2


def test_alarms_and_drops_wait_for_a_punch_process_that_is_away(world: World) -> None:
    punches(world, 4, photos=True)
    settled(world)
    world.node.away = True
    world.central.restore(1)
    world.run(1500)
    world.start()  # not even a restart in between loses the alarm
    world.run(30)
    assert world.node.alarms() == []
    settled(world)
    assert world.node.alarms() == ["central-rolled-back"]


def test_the_time_comes_signed_with_half_the_round_trip_as_its_error(world: World) -> None:
    world.central.takes_ms = 800
    world.run(10)
    [anchor] = world.node.anchors
    assert anchor["source"] == "central"
    off = abs((anchor["utc_ms"] - 1_780_000_000_000) - anchor["bt_ms"])
    assert off <= anchor["error_ms"] <= 800
    world.run(4000)
    assert len(world.node.anchors) == 2  # hourly, not with every contact


@pytest.mark.parametrize(
    ("refusal", "told"), [("disk-full", 1), ("busy", 1), ("anchor-refused", 0), ("malformed", 0)]
)
def test_a_time_that_could_not_be_written_down_is_told_again(world: World, refusal: str, told: int) -> None:
    world.node.refuses["anchor"] = [refusal]
    world.run(60)
    assert len(world.node.anchors) == told


def test_documents_are_handed_over_only_when_central_signed_them(world: World) -> None:
    forged = exchange.sign_document(EVENT_KEY, "policy", 3, {})
    world.central.documents = {"policy": forged}
    world.run(120)
    assert world.node.documents == []
    world.central.documents = {
        "policy": exchange.sign_document(DOCUMENT_KEY, "policy", 3, {}),
        "roster": exchange.sign_document(DOCUMENT_KEY, "roster", 8, {"node": NODE}),
    }
    world.run(900)
    assert world.node.documents == [("policy", 3), ("roster", 8)]


@pytest.mark.parametrize("damaged", [1, 10])
def test_a_place_that_cannot_be_read_is_mended_without_a_restart(world: World, damaged: int) -> None:
    punches(world, 4)
    settled(world)
    punches(world, 30)
    world.node.damaged = {len(world.central.events) + damaged}
    world.most_events = 1
    world.start()
    world.run(120)
    assert world.both_hold_the_same()


def test_an_event_that_is_lost_for_good_is_asked_for_once(world: World) -> None:
    punches(world, 4)
    settled(world)
    punches(world, 3)
    world.node.damaged, world.node.refuses["mend"] = {5}, ["journal-lost"] * 50
    world.run(3600)
    assert len(world.node.refuses["mend"]) == 49


def test_a_step_that_failed_and_works_again_is_no_fault_any_more(world: World) -> None:
    fetch = world.central.fetch_documents
    world.central.fetch_documents = lambda *_: Answer(500, b"", {})  # type: ignore[method-assign]
    world.run(60)
    assert world.sync.fault is not None
    world.central.fetch_documents = fetch  # type: ignore[method-assign]
    world.run(600)
    assert world.sync.fault is None


@pytest.mark.parametrize("word", ["\ud800", "x" * 9_000, "two words", ["x"]])
def test_a_refusal_that_is_no_word_ends_nothing_and_is_no_alarm(world: World, word: object) -> None:
    punches(world, 3)
    send = world.central.send_events
    odd = Answer(403, json.dumps({"error": word}).encode(), {})
    world.central.send_events = lambda *_: odd  # type: ignore[method-assign]
    world.run(60)
    assert world.node.alarms() == []
    world.central.send_events = send  # type: ignore[method-assign]
    settled(world)


def errand(order: str, data: bytes | None = None) -> dict[str, str]:
    if data is None:
        return {"order": order, "what": "fetch"}
    return {"order": order, "what": "hand-in", "data": b64encode(data).decode()}


def test_templates_are_carried_both_ways_one_after_the_other(world: World) -> None:
    world.central.templates = {"i-1": b"sealed for the node", "s-2": b"another"}
    world.central.wanted = {"x-7-01234567"}
    world.node.errands = [errand("i-1"), errand("x-7-01234567", b"sealed for central"), errand("s-2")]
    world.run(40)
    assert world.node.fetched == world.central.templates
    assert world.central.handed_in == {"x-7-01234567": b"sealed for central"}
    assert world.node.ended == [("x-7-01234567", None)]


def test_what_central_does_not_want_is_told_back_and_not_asked_for_again(world: World) -> None:
    world.central.wanted = {"x-2"}
    world.node.errands = [errand("i-1"), errand("x-1", b"late"), errand("x-2", b"bad")]
    world.run(600)
    assert world.node.ended == [("i-1", "no-such-order"), ("x-1", "no-such-order"), ("x-2", "bad-seal")]
    assert sum(request.startswith("template") for request in world.central.requests) == 3


@pytest.mark.parametrize("fault", ["timed-out", "cut", "html", "500", "503", "killed"])
def test_an_errand_whose_answer_is_lost_is_done_again_and_events_go_on(world: World, fault: str) -> None:
    world.plan = {"after template": [fault, fault]}
    world.central.wanted = {"x-1"}
    world.central.templates = {"i-1": b"sealed"}
    world.node.errands = [errand("x-1", b"sealed"), errand("i-1")]
    punches(world, 3)
    world.run(1200)
    assert world.both_hold_the_same()
    assert (world.node.fetched, world.node.ended) == ({"i-1": b"sealed"}, [("x-1", None)])


@pytest.mark.parametrize("body", [b"<html>Sign in to the hotspot</html>", b"{}", b'{"held":"yes"}'])
def test_http_200_alone_is_no_template_held(world: World, body: bytes) -> None:
    world.central.hand_in_template = lambda *_: Answer(200, body, {})  # type: ignore[method-assign]
    world.node.errands = [errand("x-1", b"sealed")]
    world.run(60)
    assert world.node.ended == []
    assert world.sync.fault is not None


def test_a_refusal_of_the_node_itself_ends_no_errand(world: World) -> None:
    asked: list[str] = []

    def distrust(order: str, patience: Patience) -> Answer:
        asked.append(order)
        return refused(403, "node-distrusted")

    world.central.fetch_template = distrust  # type: ignore[method-assign]
    world.node.errands = [errand("i-1")]
    world.run(3600)
    assert world.node.ended == []
    assert 10 <= len(asked) <= 80
    assert world.sync.fault is not None


def test_events_wait_for_no_more_than_one_template(world: World) -> None:
    world.central.templates = {f"i-{number}": b"x" * 3_000 for number in range(20)}
    world.node.errands = [errand(f"i-{number}") for number in range(20)]
    while not any(request.startswith("template") for request in world.central.requests):
        world.turn()
    punches(world, 1)
    asked = len(world.central.requests)
    world.turn()
    assert world.central.requests[asked].startswith("events 1")
    world.run(60)
    assert len(world.node.fetched) == 20


def test_the_budget_of_the_link_counts_templates(world: World) -> None:
    world.sync._times = replace(world.sync._times, photo_bytes_per_s=100)
    world.central.templates = {f"i-{number}": b"x" * 3_000 for number in range(20)}
    world.node.errands = [errand(f"i-{number}") for number in range(20)]
    world.run(100)
    assert 3 <= len(world.node.fetched) <= 4


def test_a_punch_process_of_an_older_version_has_no_errands(world: World) -> None:
    world.node.refuses["errand"] = ["unknown-request"] * 1000
    world.run(300)
    assert world.sync.fault is None
    assert 5 <= 1000 - len(world.node.refuses["errand"]) <= 20


@pytest.mark.parametrize(
    "odd",
    [
        "fetch",
        {},
        {"order": "../status", "what": "fetch"},
        {"order": "i-1", "what": "burn"},
        {"order": "x-1", "what": "hand-in"},
        {"order": "x-1", "what": "hand-in", "data": "%%"},
    ],
)
def test_an_errand_that_is_none_is_not_walked(world: World, odd: Any) -> None:
    world.node.errands = [odd]
    world.run(60)
    assert not any(request.startswith("template") for request in world.central.requests)
    assert world.sync.fault is not None


def test_a_document_that_is_no_text_ends_nothing(world: World) -> None:
    world.central.fetch_documents = lambda *_: Answer(200, b'{"policy":"\\ud800"}', {})  # type: ignore[method-assign]
    punches(world, 3)
    settled(world)
    assert world.node.documents == []


def test_own_events_that_do_not_hold_are_never_sent(world: World) -> None:
    punches(world, 6)
    del world.node.events[3]
    world.run(600)
    assert world.node.alarms()[0] == "own-chain-broken"
    assert len(world.central.events) == 0


def test_a_distrusted_node_keeps_its_events_and_asks_rarely(world: World) -> None:
    punches(world, 5)
    send = world.central.send_events
    world.central.send_events = lambda *_: refused(403, "node-distrusted")
    world.run(3600)
    assert world.node.alarms() == ["central-refuses-node-distrusted"]
    world.central.send_events = send
    settled(world)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), rate=st.sampled_from([0.05, 0.3, 0.6]))
def test_every_event_is_held_exactly_once_after_any_history(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rate: float
) -> None:
    world = World(tmp_path_factory.mktemp("world"), seed)
    fate = random.Random(seed)
    world.fault_rate = rate
    rolled_back = False
    for _ in range(15):
        punches(world, fate.randint(0, 8), photos=fate.random() < 0.3)
        world.run(fate.choice([0.1, 5, 60]))
        chance = fate.random()
        if chance < 0.2:
            world.start()  # killed at a place where only the disk survives
        elif chance < 0.3 and world.sender.agreed.size:
            world.central.restore(fate.randrange(world.sender.agreed.size))
            rolled_back = True
        world.node.away = fate.random() < 0.2
    settled(world)
    assert [event.seq for event in world.central.events] == list(range(1, len(world.node.events) + 1))
    named = {item.event.photo for item in world.node.events if item.event.photo}
    assert named == set(world.central.photos)
    assert not rolled_back or "central-rolled-back" in world.node.alarms()
