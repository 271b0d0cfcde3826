"""Orders come back as they were, what a newer version added is kept or counted, and nonsense is refused."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance import seal
from attendance.enrolment import FINGERS
from attendance.errors import MalformedError
from attendance.orders import (
    KIND,
    MAX_OPEN,
    Do,
    Order,
    Orders,
    check_order_id,
    delivery_purpose,
    export_purpose,
)
from attendance.sealing import check_public_hex

KEY = "ab" * 32
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,63}", fullmatch=True)
PEOPLE = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", fullmatch=True)
SLOTS = st.integers(0, 65_535)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=200)
NAMES = st.sampled_from(["Siti Aminah", "Budi", "I Gusti Ngurah Rai, S.H."])
FINGER = st.sampled_from(FINGERS)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EXPORT = Order("x-7-0011aabb", Do.EXPORT, "P1", slots=(7,), finger="right-index")
INSTALL = Order(
    "i-1", Do.INSTALL, "P1", "Siti", (3,), "right-index", template="t1", model_class="r503/1536/-/3"
)
SEARCH = Order("s-t1", Do.SEARCH, "P1", template="t1", model_class="r503/1536/-/3")
PURGE = Order("p-1", Do.PURGE, "P1", slots=(3, 4), reason="left")
ENROL = Order(
    "e-1", Do.ENROL, "P1", "Siti", fingers=("right-index", "left-index"), legal_basis="SK 1", notice="v1",
    expires_ms=1_500_000_000_000,
)  # fmt: skip
ALL = (EXPORT, INSTALL, SEARCH, PURGE, ENROL)


@st.composite
def whole_orders(draw: st.DrawFn) -> Order:
    do = draw(st.sampled_from(list(Do)))
    finger = draw(st.sampled_from(["", *FINGERS]))
    more: dict[Do, dict[str, Any]] = {
        Do.EXPORT: {"slots": (draw(SLOTS),), "finger": finger},
        Do.INSTALL: {"slots": (draw(SLOTS),), "template": draw(TEXT), "model_class": draw(TEXT)},
        Do.SEARCH: {"template": draw(TEXT), "model_class": draw(TEXT), "finger": finger},
        Do.PURGE: {"slots": tuple(draw(st.lists(SLOTS, min_size=1, max_size=9)))},
        Do.ENROL: {
            "name": draw(NAMES),
            "fingers": (draw(FINGER), draw(FINGER)),
            "legal_basis": draw(TEXT),
            "notice": draw(TEXT),
            "expires_ms": draw(st.integers(1, 2**53 - 1)),
        },
    }
    return Order(draw(IDS), do, draw(PEOPLE), reason=draw(st.just("") | TEXT), **more[do])


@given(
    rows=st.lists(whole_orders(), max_size=6, unique_by=lambda order: order.id),
    serial=st.integers(1, 2**31),
    extra=st.dictionaries(st.sampled_from(["later", "v2"]), JSON),
)
def test_orders_come_back_as_they_were(rows: list[Order], serial: int, extra: dict[str, Any]) -> None:
    orders = Orders(serial, "nodea", KEY, tuple(rows), extra=extra)
    content = orders.content()
    seal.canonical(content)
    assert Orders.parse(content) == orders
    assert Orders.parse(content).content() == content


def test_what_a_newer_version_added_is_kept_or_counted() -> None:
    content = Orders(1, "nodea", KEY, ALL).content()
    content["orders"][0]["urgency"] = {"level": 3}
    content["orders"].append({"do": "calibrate", "order": "c-1", "strength": 9})
    content["orders"].append({"order": "no kind at all"})
    content["epoch"] = 4
    read = Orders.parse(content)
    assert (read.unknown, len(read.orders), read.extra) == (2, 5, {"epoch": 4})
    assert read.orders[0].extra == {"urgency": {"level": 3}}
    assert read.content()["orders"] == content["orders"][:5]
    assert read.content()["epoch"] == 4


@pytest.mark.parametrize(
    ("order", "lacking"),
    [
        (EXPORT, {"slots": ()}), (EXPORT, {"slots": (1, 2)}), (EXPORT, {"finger": "toe"}),
        (INSTALL, {"slots": ()}), (INSTALL, {"slots": (1, 2)}), (INSTALL, {"template": ""}),
        (INSTALL, {"model_class": ""}), (SEARCH, {"template": ""}), (SEARCH, {"model_class": ""}),
        (PURGE, {"slots": ()}), (ENROL, {"fingers": ("right-index",)}), (ENROL, {"legal_basis": ""}),
        (ENROL, {"fingers": ("right-index",) * 3}), (ENROL, {"notice": ""}), (ENROL, {"expires_ms": 0}),
        (ENROL, {"name": ""}),
    ],
    ids=str,
)  # fmt: skip
def test_an_order_that_lacks_what_it_needs_is_refused(order: Order, lacking: dict[str, Any]) -> None:
    assert Order.parse(order.content()) == order
    with pytest.raises(MalformedError, match=order.id):
        Order.parse(replace(order, **lacking).content())


@pytest.mark.parametrize(
    "change",
    [
        {"order": ""}, {"order": "A"}, {"order": "a" * 65}, {"order": "-a"}, {"order": "a b"}, {"order": 1},
        {"order": "a\n"}, {"person": ""}, {"person": "../x"}, {"person": None}, {"slots": [-1]},
        {"slots": [65_536]}, {"slots": [True]}, {"slots": ["1"]}, {"slots": 1}, {"slots": None},
        {"finger": None}, {"template": 7}, {"class": "c" * 201}, {"fingers": "right-index"},
        {"fingers": ["toe", "right-index"]}, {"fingers": [None]}, {"fingers": [["right-index"]]},
        {"expires_ms": -1}, {"expires_ms": True}, {"expires_ms": 2**53}, {"expires_ms": "1"},
        {"reason": []}, {"name": 7}, {"name": "\x07bell"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("order", ALL, ids=lambda order: order.do.value)
def test_a_wrong_field_is_refused(order: Order, change: dict[str, Any]) -> None:
    content = Orders(1, "nodea", KEY, (order,)).content()
    content["orders"][0] |= change
    with pytest.raises(MalformedError):
        Orders.parse(content)


@pytest.mark.parametrize(
    "change",
    [
        {"serial": 0}, {"serial": True}, {"serial": "1"}, {"serial": None}, {"node": None}, {"node": 7},
        {"orders": None}, {"orders": {}}, {"orders": ["x"]}, {"orders": [[]]}, {"central_key": None},
        {"central_key": "ab"}, {"central_key": "AB" * 32},
    ],
    ids=str,
)  # fmt: skip
def test_a_document_that_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Orders.parse(Orders(1, "nodea", KEY, ALL).content() | change)


def test_an_order_twice_and_too_many_are_refused() -> None:
    with pytest.raises(MalformedError, match="twice"):
        Orders.parse(Orders(1, "nodea", KEY, (EXPORT, replace(PURGE, id=EXPORT.id))).content())
    many = tuple(replace(PURGE, id=f"p-{number}") for number in range(MAX_OPEN))
    content = Orders(1, "nodea", KEY, many).content()
    assert len(Orders.parse(content).orders) == MAX_OPEN
    content["orders"].append(EXPORT.content())
    with pytest.raises(MalformedError, match=str(MAX_OPEN)):
        Orders.parse(content)


@given(content=st.dictionaries(st.sampled_from(["serial", "node", "orders", "central_key", "x"]), JSON))
def test_noise_is_refused_by_name(content: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Orders.parse(content)


@given(which=st.integers(0, 4), key=st.sampled_from(sorted(EXPORT.content())), value=JSON, drop=st.booleans())
def test_a_hostile_field_is_refused_by_name_or_harmless(
    which: int, key: str, value: object, drop: bool
) -> None:
    content = copy.deepcopy(Orders(1, "nodea", KEY, ALL).content())
    row = content["orders"][which]
    row.pop(key) if drop else row.update({key: value})
    try:
        read = Orders.parse(content)
    except MalformedError:
        return
    for order in read.orders:
        order.require_whole()
    assert len(read.orders) + read.unknown == 5
    check_public_hex(read.central_key)


def test_a_purpose_names_node_person_and_what_for() -> None:
    assert export_purpose("n1", EXPORT) == "hadir/export/v1|n1|P1|right-index|7"
    assert delivery_purpose("n1", INSTALL) == "hadir/install/v1|n1|P1|t1"
    assert delivery_purpose("n1", SEARCH) == "hadir/search/v1|n1|P1|t1"
    others = (
        export_purpose("n2", EXPORT),
        export_purpose("n1", replace(EXPORT, person="P2")),
        export_purpose("n1", replace(EXPORT, finger="left-index")),
        export_purpose("n1", replace(EXPORT, slots=(8,))),
        delivery_purpose("n2", INSTALL),
        delivery_purpose("n1", replace(INSTALL, person="P2")),
        delivery_purpose("n1", replace(INSTALL, template="t2")),
    )
    mine = {export_purpose("n1", EXPORT), delivery_purpose("n1", INSTALL), delivery_purpose("n1", SEARCH)}
    assert len({*others} | mine) == len(others) + 3
    with pytest.raises(MalformedError):
        delivery_purpose("n1", replace(INSTALL, template="t1|x"))


def test_the_names_of_orders_are_plain() -> None:
    for name in ("x-7-0011aabb", "s-0123456789abcdef", "a" * 64):
        assert check_order_id(name) == name
    assert KIND == "orders"
