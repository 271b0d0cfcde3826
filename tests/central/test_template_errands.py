"""A node gets and gives templates for its own open orders alone, sealed for one reader and purpose."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import delete, insert, select, update

from attendance import exchange, sealing
from attendance.orders import KIND, Do, Order, Orders, export_purpose
from attendance.template_parcel import MAX_SEALED_BYTES, MAX_TEMPLATE_BYTES, Parcel
from central import nodes, orders, search_orders, template_errands
from central.tables import audit_log, module, placement, slot, template, template_search
from central.tables import node as nodes_table
from tests.support.central import Central
from tests.support.central_node import CentralNode, error_of, node_of_another_office
from tests.support.template_traces import traces
from tests.support.template_vault_world import (
    MODEL_CLASS,
    a_template,
    cleared,
    execute,
    get,
    handed_in,
    keep,
    name_finger,
    open_orders,
    opened,
    put,
    tell_module,
    unseal,
)

DATA = a_template("of p1")
OTHER_CLASS = "as608/512/-/3"


@pytest.fixture
def exporting(central: Central, node: CentralNode) -> Order:
    """The order to hand in slot 1, which is p1's."""
    tell_module(central, node.id)
    name_finger(central, 1, "right-index")
    return next(order for order in open_orders(central, node.id) if order.slots == (1,))


@pytest.fixture
def second(central: Central, node: CentralNode) -> CentralNode:
    """A node of another office, with a module of the same class."""
    made = node_of_another_office(central, "DINSOS", "Dinas Sosial", seed=2)
    tell_module(central, made.id)
    made.head()  # heard of lately: its answer is worth waiting for
    return made


def order_to_install(central: Central, at: CentralNode, name: str, number: int = 4) -> Order:
    row = {
        "id": "i-0123456789ab", "do": "install", "node": at.id, "employee": "p1", "finger": "right-index",
        "template": name, "slots": str(number), "state": "open", "ordered_ms": 1,
    }  # fmt: skip
    execute(central, insert(placement).values(**row))
    return Order(
        row["id"], Do.INSTALL, "p1", slots=(number,), finger="right-index", template=name,
        model_class=MODEL_CLASS,
    )  # fmt: skip


def slot_row(central: Central) -> Any:
    return central.rows(select(slot).where(slot.c.slot == 1))[0]


def read_for_nodes(central: Central) -> list[tuple[str, str, str]]:
    rows = central.rows(select(audit_log).where(audit_log.c.action == "template-read"))
    return [(row.actor, row.subject, row.detail) for row in rows]


def test_a_template_that_was_asked_for_is_kept_and_looked_for_elsewhere(
    central: Central, node: CentralNode, second: CentralNode, exporting: Order
) -> None:
    answer = put(node, exporting.id, handed_in(central, node.id, exporting, DATA))
    assert (answer.status_code, answer.get_json()) == (200, {"held": True})
    (row,) = central.rows(select(template))
    assert (row.employee, row.finger, row.model_class) == ("p1", "right-index", MODEL_CLASS)
    assert (row.origin_node, row.origin_slot, row.state) == (node.id, 1, "searching")
    assert unseal(central, row.id) == DATA
    assert (slot_row(central).template, slot_row(central).finger) == (row.id, "right-index")
    assert exporting.id not in [order.id for order in open_orders(central, node.id)]
    assert [(one.template, one.node) for one in central.rows(select(template_search))] == [
        (row.id, second.id)
    ]
    (search,) = open_orders(central, second.id)
    assert (search.do, search.template) == (Do.SEARCH, row.id)
    assert "template-kept" in central.audit_actions()


def test_the_same_hand_in_twice_is_one_template_and_is_answered_alike(
    central: Central, node: CentralNode, exporting: Order
) -> None:
    sealed = handed_in(central, node.id, exporting, DATA)
    assert put(node, exporting.id, sealed).status_code == 200
    assert put(node, exporting.id, sealed).status_code == 200
    assert put(node, exporting.id, handed_in(central, node.id, exporting, DATA)).status_code == 200
    assert len(central.rows(select(template))) == 1
    other = put(node, exporting.id, handed_in(central, node.id, exporting, a_template("another")))
    assert (other.status_code, error_of(other)) == (404, "no-such-order")
    assert put(node, exporting.id, b"noise" * 20).status_code == 404
    execute(central, update(slot).where(slot.c.slot == 1).values(employee="p2"))
    assert put(node, exporting.id, sealed).status_code == 404


def test_a_hand_in_that_was_not_asked_for_is_refused(
    central: Central, node: CentralNode, second: CentralNode, exporting: Order
) -> None:
    sealed = handed_in(central, node.id, exporting, DATA)
    names = [
        "x-1-00000000",
        "x-9-00000000",
        "x-99999-0",
        "x-99999999999999999999-00000000",
        "s-1",
        "X",
        "%00",
    ]
    for name in names:
        answer = put(node, name, sealed)
        assert (answer.status_code, error_of(answer)) == (404, "no-such-order"), name
    # The order is the first node's; the second has a slot 1 of its own.
    execute(central, insert(slot).values(unit="DINSOS", node="", slot=1, employee="p2"))
    for content in (sealed, handed_in(central, second.id, exporting, DATA)):
        assert error_of(put(second, exporting.id, content)) == "no-such-order"
    assert central.rows(select(template)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"person": "p2"}, "other-template"),
        ({"finger": "left-index"}, "other-template"),
        ({"finger": ""}, "other-template"),
        ({"model_class": OTHER_CLASS}, "other-template"),
        ({"data": bytes(1536)}, "malformed"),
        ({"data": b"\xff" * 512}, "malformed"),
        ({"data": b"ab" * 31}, "malformed"),
        ({"data": b"ab" * (MAX_TEMPLATE_BYTES // 2 + 1)}, "malformed"),
    ],
    ids=str,
)
def test_a_parcel_of_something_else_is_refused(
    central: Central, node: CentralNode, exporting: Order, change: dict[str, Any], code: str
) -> None:
    answer = put(node, exporting.id, handed_in(central, node.id, exporting, **({"data": DATA} | change)))
    assert (answer.status_code, error_of(answer)) == (422, code)
    assert central.rows(select(template)) == []
    assert slot_row(central).template is None
    assert traces(answer.get_data(), [DATA]) == []


def test_what_is_sealed_for_another_purpose_reader_or_slot_is_refused(
    central: Central, node: CentralNode, second: CentralNode, exporting: Order
) -> None:
    plain = Parcel("p1", "right-index", MODEL_CLASS, DATA).encode()
    key, purpose = central.office.template_keys.public_hex, export_purpose(node.id, exporting)
    other_slot = Order("x", Do.EXPORT, "p1", slots=(2,), finger="right-index")
    stranger = sealing.public_hex(X25519PrivateKey.generate())
    sound = sealing.seal_to(key, plain, purpose)
    wrong = [
        sealing.seal_to(stranger, plain, purpose),
        sealing.seal_to(key, plain, export_purpose(second.id, exporting)),
        sealing.seal_to(key, plain, export_purpose(node.id, other_slot)),
        sealing.seal_to(key, plain, sealing.purpose("recovery", node.id)),
        sound[:-1], sound[:40], b"", bytes([sound[0] ^ 1]) + sound[1:],
    ]  # fmt: skip
    for content in wrong:
        answer = put(node, exporting.id, content)
        assert (answer.status_code, error_of(answer)) == (422, "bad-seal")
    assert central.rows(select(template)) == []
    assert put(node, exporting.id, sound).status_code == 200


def test_an_oversize_hand_in_is_refused_before_it_is_opened(
    central: Central, node: CentralNode, exporting: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("it was opened")

    monkeypatch.setattr(sealing, "open_sealed", never)
    answer = put(node, exporting.id, bytes(MAX_SEALED_BYTES + 1))
    assert (answer.status_code, error_of(answer)) == (413, "oversize")
    assert put(node, exporting.id, bytes(2 << 20)).status_code == 413


def test_unsigned_replayed_and_borrowed_requests_reach_no_template(
    central: Central, node: CentralNode, second: CentralNode, exporting: Order
) -> None:
    path = f"/v1/nodes/{node.id}/templates/{exporting.id}"
    sealed = handed_in(central, node.id, exporting, DATA)
    client = central.app.test_client()
    for answer in (client.get(path), client.put(path, data=sealed)):
        assert answer.status_code == 401
    assert put(second, exporting.id, sealed, node=node.id).status_code == 401
    old = node.nonce()
    signed = node.signed("PUT", path, sealed, {}, old)
    assert client.put(path, data=sealed + b"x", headers=signed.headers).status_code == 401
    assert client.put(path, data=sealed, headers=signed.headers).status_code == 200
    # Sent again as it was, it changes nothing and tells nothing.
    assert client.put(path, data=sealed, headers=signed.headers).get_json() == {"held": True}
    assert len(central.rows(select(template))) == 1
    assert client.get(path, headers=signed.headers).status_code == 401
    assert client.put(path, data=sealed, headers=signed.headers).headers["Hadir-Nonce"]


def test_a_distrusted_or_retired_node_gets_and_gives_nothing(
    central: Central, node: CentralNode, exporting: Order
) -> None:
    name = keep(central)
    install = order_to_install(central, node, name)
    execute(central, update(template).values(state="clear"))
    assert get(node, install.id).status_code == 200
    for state in ("distrusted", "retired"):
        execute(central, update(nodes_table).values(state=state))
        for answer in (get(node, install.id), put(node, exporting.id, b"x")):
            assert (answer.status_code, error_of(answer)) == (403, "node-distrusted")
    with central.office.database.read() as connection:
        known = nodes.find(connection, node.id)
    with pytest.raises(template_errands.NoSuchOrderError):  # also where it lost its trust after the door
        template_errands.deliver(central.office, known, install.id)


def test_a_template_is_delivered_sealed_for_the_node_and_the_read_is_noted(
    central: Central, node: CentralNode, second: CentralNode
) -> None:
    name = keep(central, data=DATA)
    execute(
        central, insert(template_search).values(template=name, node=second.id, state="waiting", asked_ms=1)
    )
    (search,) = open_orders(central, second.id)
    answer = get(second, search.id)
    assert (answer.status_code, answer.mimetype) == (200, "application/octet-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    assert traces(answer.get_data(), [DATA]) == []
    assert opened(second.id, search, answer.get_data()) == Parcel("p1", "right-index", MODEL_CLASS, DATA)
    assert get(second, search.id).get_data() != answer.get_data()
    told = (f"node:{second.id}", "p1", f"search {search.id}, template {name}")
    assert read_for_nodes(central) == [told, told]
    for other in (node.id, second.id + "x"):
        with pytest.raises(sealing.SealError):
            opened(other, search, answer.get_data())
    # The newest key counts, from the next read on.
    fresh = X25519PrivateKey.generate()
    tell_module(central, second.id, key=sealing.public_hex(fresh))
    assert opened(second.id, search, get(second, search.id).get_data(), fresh).data == DATA


def test_only_a_cleared_template_is_installed(central: Central, second: CentralNode) -> None:
    name = keep(central, data=DATA)
    install = order_to_install(central, second, name)
    for state in ("searching", "held"):
        execute(central, update(template).values(state=state))
        assert error_of(get(second, install.id)) == "no-such-order"
    execute(central, update(template).values(state="clear"))
    assert opened(second.id, install, get(second, install.id).get_data()).data == DATA
    assert len(read_for_nodes(central)) == 1


def test_no_template_is_delivered_for_another_order(
    central: Central, node: CentralNode, second: CentralNode, exporting: Order
) -> None:
    name = keep(central, data=DATA)
    execute(central, update(template).values(state="clear"))
    install = order_to_install(central, second, name)
    for asked in (
        (node, install.id),
        (second, "i-000000000000"),
        (node, exporting.id),
        (second, "s-" + name),
    ):
        answer = get(*asked)
        assert (answer.status_code, error_of(answer)) == (404, "no-such-order")
    changes = (
        update(module).where(module.c.node == second.id).values(model_class=OTHER_CLASS),
        update(module).where(module.c.node == second.id).values(state="swapped"),
        delete(module).where(module.c.node == second.id),
        update(placement).values(state="done"),
    )
    for change in changes:
        execute(central, change)
        assert error_of(get(second, install.id)) == "no-such-order"
        tell_module(central, second.id)
    assert read_for_nodes(central) == []


def test_an_order_of_another_kind_takes_nothing_in(central: Central, second: CentralNode) -> None:
    name = keep(central, data=DATA)
    cleared(central, name)
    install = order_to_install(central, second, name)
    execute(central, insert(slot).values(unit="DINSOS", node=second.id, slot=4, employee="p1"))
    answer = put(second, install.id, handed_in(central, second.id, install, a_template("another")))
    assert (answer.status_code, error_of(answer)) == (404, "no-such-order")
    assert [row.id for row in central.rows(select(template))] == [name]


def test_an_order_for_somebody_elses_template_delivers_nothing(central: Central, second: CentralNode) -> None:
    name = keep(central, "p2", data=DATA)
    execute(central, update(template).values(state="clear"))
    install = order_to_install(central, second, name)  # says p1
    assert error_of(get(second, install.id)) == "no-such-order"


def test_a_slot_that_changes_hands_in_this_moment_gets_no_template(
    central: Central, node: CentralNode, exporting: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(central, update(slot).where(slot.c.slot == 1).values(employee="p2"))
    monkeypatch.setattr(orders, "find_open", lambda *_: exporting)  # as it was a moment ago
    answer = put(node, exporting.id, handed_in(central, node.id, exporting, DATA))
    assert error_of(answer) == "no-such-order"
    assert slot_row(central).template is None
    assert central.rows(select(template)) == []


def test_where_the_keys_are_gone_nodes_are_told_to_try_later(
    central: Central, node: CentralNode, exporting: Order
) -> None:
    keep(central, "p1", "left-index")
    file = central.office.template_keys.versions()[1]
    away = file.rename(file.with_name("away"))
    sealed = handed_in(central, node.id, exporting, DATA)
    answer = put(node, exporting.id, sealed)
    assert (answer.status_code, error_of(answer)) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    away.rename(file)
    assert put(node, exporting.id, sealed).status_code == 200


def test_a_template_is_kept_together_with_its_searches_or_not_at_all(
    central: Central,
    node: CentralNode,
    second: CentralNode,
    exporting: Order,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    sealed = handed_in(central, node.id, exporting, DATA)
    monkeypatch.setattr(search_orders, "ask", full)
    assert put(node, exporting.id, sealed).status_code == 503
    assert central.rows(select(template)) == []
    monkeypatch.undo()
    assert put(node, exporting.id, sealed).status_code == 200
    (kept,) = central.rows(select(template))
    assert [row.template for row in central.rows(select(template_search))] == [kept.id]


def test_the_documents_say_what_to_seal_for(central: Central, node: CentralNode, exporting: Order) -> None:
    central.clock.at += timedelta(minutes=1)
    answer = node.request("GET", "/documents?policy=0&roster=0&orders=0")
    document = exchange.open_document(
        answer.get_json()["orders"].encode(), central.office.keys.document_public, KIND
    )
    assert Orders.parse(document.content).central_key == central.office.template_keys.public_hex
