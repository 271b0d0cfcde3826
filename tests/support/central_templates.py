"""Templates, searches and orders at central, and the events by which a node tells how they ended."""

from typing import Any

from sqlalchemy import insert, select

from attendance.templates import (
    INSTALLED,
    MODULE,
    ORDER_FAILED,
    PURGED,
    SEARCHED,
    Installed,
    Module,
    ModuleState,
    OrderFailed,
    Purged,
    Searched,
    SearchHit,
)
from central import tables
from tests.support.central import Central
from tests.support.central_node import CentralNode

CLASS = "r503/1536/0102/3"
SHA = "a" * 64


def tell_module(node: CentralNode, **changes: Any) -> None:
    """Write what the node says of its module."""
    values: dict[str, Any] = {
        "model": "r503",
        "model_class": CLASS,
        "serial": "a1b2",
        "capacity": 200,
        "usable": 200,
        "used": 3,
        "template_key": "0" * 63 + "9",
        "state": ModuleState.TRUSTED,
    } | changes
    node.write(MODULE, Module(**values).content())


def tell_installed(node: CentralNode, order: str, person: str, slot: int, template: str) -> None:
    """Write that a template is in its slot."""
    node.write(INSTALLED, Installed(order, person, "right-index", slot, template, SHA).content())


def tell_purged(node: CentralNode, order: str, person: str, *slots: int) -> None:
    """Write that slots are empty."""
    node.write(PURGED, Purged(order, person, slots).content())


def tell_searched(node: CentralNode, template: str, person: str, *hits: tuple[int, str | None]) -> None:
    """Write that a library was looked through; a hit is a slot and whose it is."""
    found = tuple(SearchHit(slot, whose, 90) for slot, whose in hits)
    node.write(SEARCHED, Searched(f"s-{template}", template, person, 40, found).content())


def tell_failed(node: CentralNode, order: str, person: str, reason: str = "not-stored") -> None:
    """Write that an order is not done as it stands."""
    node.write(ORDER_FAILED, OrderFailed(order, person, reason).content())


def keep_template(
    central: Central, name: str, person: str, node: CentralNode, slot: int, state: str = "searching"
) -> str:
    """A template in the safe, whose bytes nobody can open."""
    values = {
        "id": name,
        "employee": person,
        "finger": "right-index",
        "model_class": CLASS,
        "size_bytes": 1536,
        "sealed": b"sealed",
        "origin_node": node.id,
        "origin_slot": slot,
        "state": state,
        "created_ms": central.clock.now_ms(),
    }
    with central.office.database.write() as connection:
        connection.execute(insert(tables.template).values(**values))
    return name


def ask_search(central: Central, template: str, *nodes: CentralNode) -> None:
    """Order a search."""
    with central.office.database.write() as connection:
        for node in nodes:
            connection.execute(
                insert(tables.template_search).values(
                    template=template, node=node.id, state="waiting", asked_ms=central.clock.now_ms()
                )
            )


def order(
    central: Central,
    name: str,
    do: str,
    node: CentralNode,
    person: str,
    *slots: int,
    template: str | None = None,
    state: str = "open",
) -> str:
    """Order an install or a purge."""
    values = {
        "id": name,
        "do": do,
        "node": node.id,
        "employee": person,
        "finger": "left-thumb",
        "template": template,
        "slots": " ".join(str(number) for number in slots),
        "reason": "moved" if do == "purge" else "",
        "state": state,
        "ordered_ms": central.clock.now_ms(),
    }
    with central.office.database.write() as connection:
        connection.execute(insert(tables.placement).values(**values))
    return name


def one(central: Central, table: Any, **where: Any) -> Any:
    """The one row of a table that fits."""
    rows = central.rows(select(table).filter_by(**where))
    assert len(rows) == 1, rows
    return rows[0]


def entry(central: Central, node: str, number: int) -> Any:
    """The row of a slot, or None."""
    rows = central.rows(select(tables.slot).filter_by(node=node, slot=number))
    return rows[0] if rows else None
