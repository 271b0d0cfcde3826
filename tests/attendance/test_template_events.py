"""What nodes tell of templates and modules is read whole, or refused by name; never half."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import body_reading, seal
from attendance.body_reading import MAX_TEXT_CHARS
from attendance.errors import MalformedError
from attendance.templates import (
    TYPES,
    Cleared,
    Installed,
    Module,
    ModuleState,
    OrderFailed,
    Purged,
    Searched,
    SearchHit,
)

KEY = "cd" * 32
MODULE = Module(
    "r503", "r503/1536/-/3", "00a1", 200, 199, 7, KEY, ModuleState.TRUSTED, "all well", "c2VhbGVk"
)
INSTALLED = Installed("i-1", "P1", "right-index", 7, "t1", "ab" * 32)
SEARCHED = Searched("s-1", "t1", "P1", 190, (SearchHit(3, "P2", 88), SearchHit(4, None, 0)))
PURGED = Purged("p-1", "P1", (3, 4))
FAILED = OrderFailed("x-1", "P1", "slot-empty", "nothing in slot 7")
CLEARED = Cleared({3: "P2", 9: None})
ALL = (MODULE, INSTALLED, SEARCHED, PURGED, FAILED, CLEARED)
NAMES = {type(one).__name__: one for one in ALL}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=MAX_TEXT_CHARS
)
MAYBE = st.none() | TEXT
NUMBERS = st.integers(0, 2**53 - 1)
SLOTS = st.integers(0, 65_535)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)


def again(one: Any) -> Any:
    content = one.content()
    seal.canonical(content)
    return type(one).parse(content | {"salt": "0" * 32, "of a newer version": [1]})


@given(
    st.one_of(
        st.builds(
            Module, TEXT, TEXT, MAYBE, NUMBERS, NUMBERS, NUMBERS, st.just(KEY), st.sampled_from(ModuleState),
            TEXT, MAYBE,
        ),
        st.builds(Installed, TEXT, TEXT, TEXT, SLOTS, TEXT, HASHES),
        st.builds(
            Searched, TEXT, TEXT, TEXT, NUMBERS,
            st.lists(st.builds(SearchHit, SLOTS, MAYBE, NUMBERS), max_size=4).map(tuple),
        ),
        st.builds(Purged, TEXT, TEXT, st.lists(SLOTS, max_size=9).map(tuple)),
        st.builds(OrderFailed, TEXT, TEXT, TEXT, TEXT),
    )
)  # fmt: skip
def test_what_is_told_comes_back_as_it_was(told: Any) -> None:
    assert again(told) == told


def test_a_long_detail_is_cut_and_a_missing_one_is_empty() -> None:
    long = OrderFailed("x-1", "P1", "impossible", "d" * 500)
    assert again(long).detail == "d" * MAX_TEXT_CHARS
    assert OrderFailed.parse({"order": "x", "person": "p", "reason": "r"}).detail == ""
    assert Installed.parse(INSTALLED.content() | {"finger": None}).finger == ""


def test_only_a_trusted_or_new_module_is_no_alarm() -> None:
    calm = {state for state in ModuleState if not state.alarming}
    assert calm == {ModuleState.TRUSTED, ModuleState.NEW}
    assert len(TYPES) == len(set(TYPES)) == len(ALL)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_needed_or_has_a_meaning_when_missing(name: str) -> None:
    may_lack = {
        "Module": {"serial", "detail", "recovery"},
        "Installed": {"finger"},
        "OrderFailed": {"detail"},
    }
    content = NAMES[name].content()
    for key in content:
        rest = {other: value for other, value in content.items() if other != key}
        if key in may_lack.get(name, set()):
            type(NAMES[name]).parse(rest)
        else:
            with pytest.raises(MalformedError):
                type(NAMES[name]).parse(rest)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Module", {"state": "fine"}), ("Module", {"state": None}), ("Module", {"state": []}),
        ("Module", {"capacity": -1}), ("Module", {"used": True}), ("Module", {"usable": 2**53}),
        ("Module", {"usable": "7"}), ("Module", {"template_key": KEY.upper()}),
        ("Module", {"template_key": ""}), ("Module", {"recovery": "c" * 1001}), ("Module", {"recovery": 7}),
        ("Module", {"model": ""}), ("Module", {"class": "c" * 201}), ("Module", {"serial": 7}),
        ("Installed", {"sha256": "ab"}), ("Installed", {"sha256": "AB" * 32}), ("Installed", {"slot": -1}),
        ("Installed", {"slot": 65_536}), ("Installed", {"slot": True}), ("Installed", {"template": None}),
        ("Searched", {"hits": {}}), ("Searched", {"hits": [7]}), ("Searched", {"hits": [{}]}),
        ("Searched", {"hits": [{"slot": 1, "score": -1}]}), ("Searched", {"hits": [{"slot": 1}]}),
        ("Searched", {"hits": [{"slot": 1, "score": 1, "person": 7}]}), ("Searched", {"library": None}),
        ("Purged", {"slots": 3}), ("Purged", {"slots": [70_000]}), ("Purged", {"slots": [None]}),
        ("Purged", {"person": ""}), ("OrderFailed", {"reason": "r" * 201}), ("OrderFailed", {"order": 1}),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_field_is_refused(name: str, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        type(NAMES[name]).parse(NAMES[name].content() | change)


@given(st.sampled_from(sorted(NAMES)), st.data(), JSON)
def test_a_hostile_field_is_refused_by_name_or_read(name: str, data: st.DataObject, value: object) -> None:
    key = data.draw(st.sampled_from(sorted(NAMES[name].content())))
    try:
        read = type(NAMES[name]).parse(NAMES[name].content() | {key: value})
    except MalformedError:
        return
    assert again(read) == read


@given(st.sampled_from(sorted(NAMES)), st.dictionaries(st.text(max_size=9), JSON, max_size=5))
def test_a_body_of_something_else_is_refused_by_name(name: str, body: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        type(NAMES[name]).parse(body)


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (body_reading.whole, [0, 2**53 - 1], [-1, 2**53, True, 1.0, "1", None, []]),
        (body_reading.slot, [0, 65_535], [-1, 65_536, False, 1.0, "1", None, []]),
        (body_reading.text, ["a", "a" * 200], ["", "a" * 201, None, 7, b"a", []]),
        (body_reading.optional_text, [None, "", "a" * 200], ["a" * 201, 7, b"a", []]),
        (body_reading.rows, [[], [{}], [{"a": 1}]], [None, {}, [1], [[]], "[]"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_field_is_what_it_has_to_be(read: Any, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert read({"k": value}, "k") == value
    for value in bad:
        with pytest.raises(MalformedError):
            read({"k": value}, "k")


def test_a_list_of_slots_is_one_of_slots_only() -> None:
    assert body_reading.slots({"k": [1, 0, 65_535]}, "k") == (1, 0, 65_535)
    for bad in (None, 3, [True], [1, "2"], {"1": 2}):
        with pytest.raises(MalformedError):
            body_reading.slots({"k": bad}, "k")


def test_a_refusal_names_the_field() -> None:
    for read in (body_reading.whole, body_reading.text, body_reading.optional_text, body_reading.rows):
        with pytest.raises(MalformedError, match="library"):
            read({"library": 1.5}, "library")
