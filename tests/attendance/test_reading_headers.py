"""The fast way of reading a header and the slow one agree on everything that the fast one takes."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.chain import GENESIS, Event, _as_written, _field_by_field, parse_event
from attendance.errors import MalformedError
from attendance.moment import LATEST_MS, ClockState
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


@given(headers)
def test_what_the_fast_way_takes_the_slow_way_reads_alike(fields: dict[str, Any]) -> None:
    header = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    fast = _as_written(header, BODY)
    try:
        slow = _field_by_field(header, BODY)
    except MalformedError:
        assert fast is None
    else:
        assert fast in (None, slow)


@given(
    st.integers(min_value=1, max_value=10**14), st.none() | st.just(HASH), st.sampled_from(list(ClockState))
)
def test_the_fast_way_takes_what_this_version_writes(seq: int, photo: str | None, state: ClockState) -> None:
    moment = {"wall_ms": seq, "boot": "b", "bt_ms": 0, "raw_ms": 0, "anchor": None, "state": state.value}
    fields = {"v": 1, "node": "n", "epoch": 1, "seq": seq, "type": "punch", "photo": photo, "prev": GENESIS}
    header = canonical({**fields, "body": sha256_hex(BODY), "t": moment})
    fast = _as_written(header, BODY)
    assert fast is not None
    assert fast == parse_event(header, BODY)


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
    assert _as_written(data, BODY) is None
    with pytest.raises(MalformedError):
        parse_event(data, BODY)
