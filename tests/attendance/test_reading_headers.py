"""A header is read exactly where each of its fields is what the format promises."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.chain import GENESIS, Event, Link, make_event, parse_event
from attendance.errors import MalformedError
from attendance.moment import LATEST_MS, ClockState, Moment
from attendance.punch import Listening
from attendance.seal import canonical, sha256_hex

BODY = canonical({"salt": "0" * 32})
HASH = "a" * 64

numbers = st.integers(min_value=-1, max_value=2**53) | st.sampled_from([0, 1, 10**14, 10**15, 10**16])
words = st.sampled_from(["n", "", "node-1", 'q"', "back\\slash", "é", "x" * 33, "x" * 65, "\u0001", "null"])
headers = st.fixed_dictionaries(
    {
        "v": st.sampled_from([1, 1, 1, 2]),
        "node": words,
        "epoch": numbers,
        "seq": numbers,
        "type": words,
        "body": st.sampled_from([sha256_hex(BODY), HASH, "A" * 64]),
        "photo": st.sampled_from([None, HASH, "short"]),
        "prev": st.sampled_from([GENESIS, HASH, ""]),
        "t": st.fixed_dictionaries(
            {
                "wall_ms": numbers,
                "boot": words,
                "bt_ms": numbers,
                "raw_ms": numbers,
                "anchor": st.none() | numbers,
                "state": st.sampled_from([*ClockState, "unknown", None, 1])
                | st.builds(dict)
                | st.builds(list),
            }
        ),
    }
)


def is_whole(value: object, least: int, beyond: int | None = None) -> bool:
    return type(value) is int and least <= value and (beyond is None or value < beyond)


def is_proper(fields: dict[str, Any]) -> bool:
    """The format in other words: what `attendance.chain` must take, and nothing else."""
    moment = fields["t"]
    return (
        fields["v"] == 1
        and len(fields["node"]) >= 1
        and 1 <= len(fields["type"]) <= 32
        and is_whole(fields["epoch"], 1)
        and is_whole(fields["seq"], 1, 2**53)
        and fields["body"] == sha256_hex(BODY)
        and fields["prev"] in (GENESIS, HASH)
        and fields["photo"] in (None, HASH)
        and is_whole(moment["wall_ms"], 0, LATEST_MS + 1)
        and is_whole(moment["bt_ms"], 0, 2**53)
        and is_whole(moment["raw_ms"], 0, 2**53)
        and 1 <= len(moment["boot"]) <= 64
        and (moment["anchor"] is None or is_whole(moment["anchor"], 1))
    )


def compact(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(headers)
def test_a_header_is_read_where_every_field_is_as_promised_and_refused_elsewhere(
    fields: dict[str, Any],
) -> None:
    if not is_proper(fields):
        with pytest.raises(MalformedError):
            parse_event(compact(fields), BODY)
        return
    event, moment = parse_event(compact(fields), BODY), fields["t"]
    assert [event.node, event.epoch, event.seq, event.type, event.photo, event.prev] == [
        fields[key] for key in ("node", "epoch", "seq", "type", "photo", "prev")
    ]
    assert event.moment.fields() == {**moment, "state": event.moment.state.value}
    known = isinstance(moment["state"], str) and moment["state"] in list(ClockState)
    assert event.moment.state == (moment["state"] if known else ClockState.DOUBTFUL)


@given(
    st.integers(min_value=1, max_value=2**53 - 1),
    st.integers(min_value=0, max_value=LATEST_MS),
    st.none() | st.just(HASH),
    st.sampled_from(list(ClockState)),
)
def test_what_this_version_writes_comes_back_also_with_fields_of_a_later_one(
    seq: int, wall_ms: int, photo: str | None, state: ClockState
) -> None:
    moment = Moment(wall_ms, "b", 0, 1, None, state)
    written = make_event(Link("n", 1, seq - 1), "punch", moment, {}, salt="0" * 32, photo=photo)
    assert written == parse_event(written.header, written.body)
    assert (written.seq, written.photo, written.moment) == (seq, photo, moment)
    fields = json.loads(written.header)
    later = parse_event(compact({**fields, "later": [1.5], "t": {**fields["t"], "later": {}}}), written.body)
    assert (later.seq, later.photo, later.moment) == (seq, photo, moment)
    assert later.leaf != written.leaf


WRONG_KINDS: list[object] = [True, 1.0, 1.5, "1", None, [], {}, -1, 10**30]


@pytest.mark.parametrize("wrong", WRONG_KINDS)
@pytest.mark.parametrize("key", ["seq", "wall_ms", "bt_ms", "raw_ms"])
def test_a_number_is_a_whole_number_and_nothing_like_one(key: str, wrong: object) -> None:
    moment = Moment(1, "b", 0, 1, 1, ClockState.RTC)
    fields = json.loads(make_event(Link("n", 1), "punch", moment, {}, salt="0" * 32).header)
    (fields if key in fields else fields["t"])[key] = wrong
    with pytest.raises(MalformedError):
        parse_event(compact(fields), None)


@pytest.mark.parametrize("beyond_ms", [LATEST_MS + 1, 10**15 - 1, 2**53 - 1])
def test_a_time_that_no_calendar_has_is_refused_and_the_last_one_that_it_has_is_read(beyond_ms: int) -> None:
    """Else it is found out where somebody makes a date of it, which is after it was taken in."""

    def read(wall_ms: int) -> Event:
        moment = {"wall_ms": wall_ms, "boot": "b", "bt_ms": 0, "raw_ms": 0, "anchor": None, "state": "rtc"}
        fields = {"v": 1, "node": "n", "epoch": 1, "seq": 1, "type": "punch", "photo": None, "prev": GENESIS}
        return parse_event(canonical({**fields, "body": sha256_hex(BODY), "t": moment}), BODY)

    last = read(LATEST_MS).moment.utc
    assert (last + timedelta(days=2)).astimezone(ZoneInfo("Asia/Jayapura")).year == 9999
    with pytest.raises(MalformedError, match="calendar"):
        read(beyond_ms)
    span = {"from_wall_ms": 0, "to_wall_ms": beyond_ms, "from_bt_ms": 0, "to_bt_ms": 0}
    with pytest.raises(MalformedError, match="calendar"):
        Listening.parse({**span, "boot": "b", "clock": "rtc", "sensor": "ok"})


@given(st.binary(max_size=200))
def test_bytes_that_are_no_header_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_event(data, BODY)
