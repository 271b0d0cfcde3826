"""What is open for a node: read from the books when it asks, numbered anew only when something changed.

What is wanted where is decided in `central.search_orders` and `central.placement_planning`; `plan` writes it
into the tables that a node's orders are read from.
"""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, func, select

from attendance import exchange, seal
from attendance.orders import Do, Order, Orders
from attendance.templates import SERVING
from central import enrolment_requests, placements, search_orders
from central.database import upsert
from central.keys import Keys
from central.nodes import NodeState
from central.office import Office
from central.placement_rows import STATED, UNDONE, read_slots
from central.slot_exports import wanted_exports
from central.tables import module, node, orders_document, placement, template, template_search

AT_ONCE = 100
"""Orders in one document. Each that ends makes a new one, and a village's link has to carry it: a hundred
keep a sensor busy for longer than a node waits between two looks, in some thirty kilobytes."""
PLANNED_AT_ONCE = 5_000
_MOST_ROUNDS = 100
_PLANNING_LOCK = 0x68_61_64_69_72
_SERIALS = 1 << 30


def open_orders(connection: Connection, node_id: str, now_ms: int) -> list[Order]:
    """All that is open for a node, the most urgent first: at most `AT_ONCE`, the others follow.

    A node that is not trusted gets none. One that never told of its module, or whose module is not the one
    whose slots stand for people, is asked for enrolments at most: what it would read, erase or search is
    not what the books think.
    """
    return list(islice(_open(connection, node_id, now_ms), AT_ONCE))


def find_open(connection: Connection, node_id: str, order_id: str, now_ms: int) -> Order | None:
    """The open order of this name, whether or not the newest document has room for it."""
    found = _open(connection, node_id, now_ms, searched=search_orders.named_in(order_id))
    return next((order for order in found if order.id == order_id), None)


def plan(connection: Connection, now_ms: int) -> int:
    """Order what is missing, and take back what nobody wants any more. Safe to do at any time, and again.

    It reads everything, in the one transaction: for commands and tests. A running central does the same with
    `plan_everything`, which holds nobody up.

    Args:
        connection: a transaction that may write.
        now_ms: central's clock.

    Returns:
        How much was changed, a few thousand rows at most. Whoever wants all of it goes on until it is 0.
    """
    _alone(connection)
    asked = search_orders.ask(connection, now_ms, PLANNED_AT_ONCE).count
    if asked == PLANNED_AT_ONCE:
        return asked  # a template without its searches must not seem to be searched everywhere
    changed = asked + search_orders.give_up(connection, now_ms) + search_orders.clear(connection, now_ms)
    changes = placements.read_changes(connection, now_ms)
    return changed + placements.write(connection, changes, now_ms, PLANNED_AT_ONCE)


def plan_everything(office: Office) -> int:
    """Plan until nothing is left to do; return how much was changed. Waits for nobody where nothing is.

    Raises:
        StoreError: the database failed; what is written stays, and the next time goes on from there.
    """
    return _plan_searches(office) + _plan_placements(office)


def _plan_searches(office: Office) -> int:
    with office.database.read() as connection:
        if not search_orders.pending(connection, office.clock.now_ms()):
            return 0
    changed, after = 0, ""
    while True:
        with office.database.write() as connection:
            now_ms = office.clock.now_ms()
            _alone(connection)
            asked = search_orders.ask(connection, now_ms, PLANNED_AT_ONCE, after=after)
            changed, after = changed + asked.count, asked.last
            if asked.last:
                continue
            if not search_orders.ask(connection, now_ms, 1).count:
                changed += search_orders.give_up(connection, now_ms)
                changed += search_orders.clear(connection, now_ms)
            return changed


def _plan_placements(office: Office) -> int:
    """Everything is read and decided before the transaction that writes it."""
    changed = 0
    for _round in range(_MOST_ROUNDS):
        with office.database.read() as connection:
            changes = placements.read_changes(connection, office.clock.now_ms())
        if not changes.count:
            break
        with office.database.write() as connection:
            _alone(connection)
            if placements.is_current(connection, changes):
                changed += placements.write(connection, changes, office.clock.now_ms(), PLANNED_AT_ONCE)
    return changed


def newer_orders(office: Office, node_id: str, held: int) -> str | None:
    """The signed orders of a node, or None where it holds the newest.

    Args:
        office: central.
        node_id: whose.
        held: serial of those it holds; 0 for none. Where that is more than was ever given here (central was
            restored from a backup) numbering goes on after it, or the node would take no order for long.

    Raises:
        StoreError: the database failed.
    """
    now_ms = office.clock.now_ms()
    key = office.template_keys.public_hex
    with office.database.read() as connection:
        content = _content(connection, node_id, key, now_ms)
        latest = _latest(connection, node_id)
    if _outdated(latest, content, held):
        with office.database.write() as connection:
            latest = _number(connection, office.keys, node_id, content, held, now_ms)
    assert latest is not None
    return str(latest.data) if latest.serial > held else None


def _alone(connection: Connection) -> None:
    """Two who plan at once would order the same twice. SQLite has one writer anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(_PLANNING_LOCK)))


def _open(
    connection: Connection, node_id: str, now_ms: int, *, searched: Collection[str] | None = None
) -> Iterator[Order]:
    """The orders in turn. Searches can be ten thousand: the next few of them, or the one for a template."""
    known = connection.execute(
        select(node.c.state, module.c.state.label("module_state"), module.c.model_class)
        .outerjoin(module, module.c.node == node.c.id)
        .where(node.c.id == node_id)
    ).one_or_none()
    if known is None or known.state != NodeState.ACTIVE:
        return
    yield from enrolment_requests.open_for(connection, node_id, now_ms)
    if known.module_state in SERVING:
        yield from _placed(connection, node_id, known.model_class)
        yield from _exports(connection, node_id, now_ms)
        yield from _searches(connection, node_id, known.model_class, searched)


def _placed(connection: Connection, node_id: str, model_class: str) -> list[Order]:
    rows = connection.execute(
        select(placement, template.c.model_class)
        .outerjoin(template, template.c.id == placement.c.template)
        .where(placement.c.node == node_id, placement.c.state.in_(["open", STATED]))
        .order_by(placement.c.ordered_ms, placement.c.id)
    ).all()
    purges = [_purge(row) for row in rows if row.do == Do.PURGE]
    return purges + [_install(row) for row in rows if row.do == Do.INSTALL and row.model_class == model_class]


def _purge(row: Row[Any]) -> Order:
    return Order(row.id, Do.PURGE, row.employee, slots=read_slots(row.slots), reason=row.reason)


def _install(row: Row[Any]) -> Order:
    return Order(
        row.id,
        Do.INSTALL,
        row.employee,
        slots=read_slots(row.slots),
        finger=row.finger,
        template=row.template,
        model_class=row.model_class,
    )


def _exports(connection: Connection, node_id: str, now_ms: int) -> list[Order]:
    """Not of slots that are to be emptied."""
    purges = connection.scalars(
        select(placement.c.slots).where(
            placement.c.node == node_id, placement.c.do == Do.PURGE, placement.c.state.in_(UNDONE)
        )
    )
    leaving = {number for text in purges for number in read_slots(text)}
    rows = wanted_exports(connection, node_id, now_ms)
    return [_export(row) for row in rows if row.slot not in leaving]


def _export(row: Row[Any]) -> Order:
    held = f"{row.employee}{row.since_ms or ''}{row.template or ''}"
    name = f"x-{row.slot}-{seal.sha256_hex(held.encode())[:8]}"
    return Order(name, Do.EXPORT, row.employee, slots=(row.slot,), finger=row.finger)


def _searches(
    connection: Connection, node_id: str, model_class: str, searched: Collection[str] | None
) -> Iterator[Order]:
    query = (
        select(template.c.id, template.c.employee, template.c.finger, template_search.c.asked_again)
        .join(template_search, template_search.c.template == template.c.id)
        .where(
            template_search.c.node == node_id,
            template_search.c.state == "waiting",
            template.c.model_class == model_class,
        )
        .order_by(template_search.c.asked_ms, template.c.id)
        .limit(AT_ONCE)
    )
    if searched is not None:
        query = query.where(template.c.id.in_(searched))
    for row in connection.execute(query):
        yield Order(
            search_orders.order_name(row.id, row.asked_again),
            Do.SEARCH,
            row.employee,
            finger=row.finger,
            template=row.id,
            model_class=model_class,
        )


def _content(connection: Connection, node_id: str, key: str, now_ms: int) -> dict[str, Any]:
    """The orders of a node with serial 1 in place of the number that they will get."""
    return Orders(1, node_id, key, tuple(open_orders(connection, node_id, now_ms))).content()


def _latest(connection: Connection, node_id: str) -> Row[Any] | None:
    return connection.execute(select(orders_document).where(orders_document.c.node == node_id)).one_or_none()


def _outdated(latest: Row[Any] | None, content: dict[str, Any], held: int) -> bool:
    if latest is None or latest.content_sha256 != _fingerprint(content):
        return True
    return int(latest.serial) < held < _SERIALS


def _number(
    connection: Connection, keys: Keys, node_id: str, content: dict[str, Any], held: int, now_ms: int
) -> Row[Any] | None:
    """Store new orders, unless the same ones got their number in the meantime."""
    connection.execute(select(node.c.id).where(node.c.id == node_id).with_for_update())
    latest = _latest(connection, node_id)
    if not _outdated(latest, content, held):
        return latest
    known = [latest.serial] if latest is not None else []
    serial = max([0, *known, *([held] if held < _SERIALS else [])]) + 1
    data = exchange.sign_document(keys.document, "orders", serial, {**content, "serial": serial})
    values = {
        "serial": serial,
        "data": data.decode(),
        "content_sha256": _fingerprint(content),
        "created_ms": now_ms,
    }
    connection.execute(
        upsert(connection.dialect.name, orders_document)
        .values(node=node_id, **values)
        .on_conflict_do_update(index_elements=["node"], set_=values)
    )
    return _latest(connection, node_id)


def _fingerprint(content: dict[str, Any]) -> str:
    return seal.sha256_hex(seal.canonical({**content, "serial": 1}))
