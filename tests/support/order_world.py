"""Offices with sensors and people for tests of orders, entered straight into the books; nodes that obey."""

import itertools
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

from sqlalchemy import delete, event, insert, select, update

from attendance.orders import Do, Order
from central import orders
from central.tables import (
    assignment,
    employee,
    finding,
    module,
    node,
    person_key,
    placement,
    slot,
    template,
    template_search,
)
from tests.support.central import Central

CLASS = "R503/1536/-/3"
OTHER_CLASS = "AS608/512/-/3"
LEFT_INDEX, RIGHT_INDEX = "left-index", "right-index"
FINGERS = (RIGHT_INDEX, LEFT_INDEX)
OFFICE = "DISKOMINFO"
MONDAY = date(2017, 3, 6)


@dataclass
class Town:
    """The books of a central, and short ways to write into them."""

    central: Central
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def now_ms(self) -> int:
        return self.central.clock.now_ms()

    def pass_days(self, days: float) -> None:
        self.central.clock.at += timedelta(days=days)

    def run(self, query: Any, rows: Any = None) -> None:
        with self.central.office.database.write() as connection:
            if rows is None:
                connection.execute(query)
            elif rows:
                connection.execute(query, rows)

    def rows(self, query: Any) -> list[Any]:
        return self.central.rows(query)

    # --- who and where

    def unit(self, code: str = OFFICE) -> str:
        return self.central.add_unit(code, code.title())

    def node(
        self, name: str, unit: str = OFFICE, *, told: bool = True, state: str = "active", **more: Any
    ) -> str:
        """A node that was heard of just now; `told` its module."""
        now_ms = self.now_ms()
        keys = {"event_key": "00" * 32, "transport_key": "00" * 32, "epoch": 1, "claimed_at_ms": now_ms}
        self.run(insert(node).values(id=name, unit=unit, state=state, last_seen_ms=now_ms, **keys))
        if told:
            self.module(name, **more)
        return name

    def module(self, name: str, **more: Any) -> None:
        """The node tells of its module, for the first time or again."""
        values = {
            "model": "R503",
            "model_class": CLASS,
            "serial": None,
            "capacity": 200,
            "usable": 200,
            "used": 0,
            "template_key": "11" * 32,
            "state": "trusted",
            "detail": "",
            "event": f"{name}/1/1",
            "at_ms": self.now_ms(),
        }
        self.run(delete(module).where(module.c.node == name))
        self.run(insert(module).values(node=name, **{**values, **more}))

    def heard_of(self, *names: str) -> None:
        self.run(update(node).where(node.c.id.in_(names)).values(last_seen_ms=self.now_ms()))

    def person(self, name: str, *stays: tuple[str, date, date | None]) -> str:
        """Somebody with these assignments; without any, at the office since January."""
        self.run(insert(employee).values(id=name, name=f"Orang {name}", employment="pns"))
        for unit, first, last in stays or ((OFFICE, date(2017, 1, 1), None),):
            self.stay(name, unit, first, last)
        return name

    def stay(self, person: str, unit: str, first: date, last: date | None = None) -> None:
        self.run(
            insert(assignment).values(employee=person, unit=unit, grp="umum", valid_from=first, valid_to=last)
        )

    def ends(self, person: str, last: date) -> None:
        """Their present assignment ends with this day."""
        open_end = (assignment.c.employee == person) & assignment.c.valid_to.is_(None)
        self.run(update(assignment).where(open_end).values(valid_to=last))

    # --- what lies where

    def kept(
        self, person: str, finger: str, at: str, number: int, *, state: str = "clear", of: str = CLASS
    ) -> str:
        """A template in the safe, from a slot that the books know nothing of."""
        name = f"{next(self.numbers):016x}"
        self.run(
            insert(template).values(
                id=name,
                employee=person,
                finger=finger,
                model_class=of,
                size_bytes=1,
                sealed=b"x",
                origin_node=at,
                origin_slot=number,
                state=state,
                created_ms=self.now_ms() + int(name, 16),
            )
        )
        if not self.rows(select(person_key).where(person_key.c.employee == person)):
            key = {"kek": 1, "wrapped": b"x", "created_ms": 1}
            self.run(insert(person_key).values(employee=person, **key))
        return name

    def lies(
        self, person: str, at: str, number: int, finger: str = "", kept: str | None = None, unit: str = OFFICE
    ) -> None:
        """The books give a slot to somebody; node "" for the whole unit."""
        since_ms = None if kept is None else self.now_ms()
        values = {"unit": unit, "node": at, "slot": number, "employee": person}
        self.run(
            insert(slot).values(finger=finger, template=kept, since_ms=since_ms, proven_ms=None, **values)
        )

    def enrolled(
        self, person: str, at: str, *numbers: int, state: str = "clear", of: str = CLASS, unit: str = OFFICE
    ) -> list[str]:
        """Enrolled at a node, a finger for each slot, and handed in."""
        names = []
        for finger, number in zip(FINGERS, numbers, strict=False):
            names.append(self.kept(person, finger, at, number, state=state, of=of))
            self.lies(person, at, number, finger, names[-1], unit)
        return names

    def crowd(self, start: int, people: int, at: str) -> None:
        """Many people of the office, numbered from `start` on, enrolled at a node with two fingers each."""
        names = [f"q{number}" for number in range(start, start + people)]
        self.run(insert(employee), [{"id": name, "name": name, "employment": "pns"} for name in names])
        stay = {"unit": OFFICE, "grp": "umum", "valid_from": date(2017, 1, 1)}
        self.run(insert(assignment), [{"employee": name, **stay} for name in names])
        common = {"model_class": CLASS, "size_bytes": 1, "sealed": b"x", "origin_node": at, "state": "clear"}
        fingers = [(f"{name}-{side}", name, finger) for name in names for side, finger in enumerate(FINGERS)]
        templates = [
            {"id": key, "employee": name, "finger": finger, "origin_slot": 2 * start + place, "created_ms": 1}
            for place, (key, name, finger) in enumerate(fingers)
        ]
        self.run(insert(template), [{**row, **common} for row in templates])
        slots = [
            {
                "unit": OFFICE,
                "node": at,
                "slot": row["origin_slot"],
                "employee": row["employee"],
                "finger": row["finger"],
                "template": row["id"],
                "since_ms": 1,
            }
            for row in templates
        ]
        self.run(insert(slot), slots)

    def found(self, kept: str, state: str = "open", person: str = "p1") -> None:
        values = {"kind": "search", "node": "n", "event": "n/1/1", "opened_ms": 1}
        self.run(insert(finding).values(employee=person, template=kept, state=state, **values))

    # --- what comes of it

    def plan(self) -> int:
        return orders.plan_everything(self.central.office)

    def step(self) -> int:
        """Plan in one transaction."""
        with self.central.office.database.write() as connection:
            return orders.plan(connection, self.now_ms())

    def orders(self, name: str, *kinds: Do) -> list[Order]:
        with self.central.office.database.read() as connection:
            found = orders.open_orders(connection, name, self.now_ms())
        return [order for order in found if order.do in (kinds or tuple(Do))]

    def wishes(self, name: str, *kinds: Do) -> list[tuple[str, str, tuple[int, ...]]]:
        """What is open for a node: kind, person, slots."""
        return [(order.do.value, order.person, order.slots) for order in self.orders(name, *kinds)]

    def obey(self, *names: str) -> None:
        """These nodes do all their orders, and central hears of it, until there are none."""
        self.plan()
        while any(self._do(name, order) for name in names for order in self.orders(name)):
            self.plan()

    def _do(self, name: str, order: Order) -> bool:
        home = self.rows(select(node.c.unit).where(node.c.id == name))[0].unit
        if order.do is Do.EXPORT:
            kept = self.kept(order.person, order.finger, name, order.slots[0], state="searching")
            place = (slot.c.unit == home) & (slot.c.slot == order.slots[0]) & slot.c.node.in_(["", name])
            self.run(update(slot).where(place).values(template=kept))
        elif order.do is Do.SEARCH:
            self.answer(name, order.template, "clear")
        elif order.do is Do.INSTALL:
            self.end(order.id, "done")
            self.lies(order.person, name, order.slots[0], order.finger, order.template, home)
        else:
            self.end(order.id, "done")
            places = (slot.c.node == name) & slot.c.slot.in_(order.slots)
            self.run(delete(slot).where(places))
        return True

    def answer(self, name: str, kept: str, state: str) -> None:
        place = (template_search.c.node == name) & (template_search.c.template == kept)
        self.run(update(template_search).where(place).values(state=state, ended_ms=self.now_ms()))

    def end(self, order: str, state: str, reason: str = "") -> None:
        values = {"state": state, "ended_ms": self.now_ms()} | ({"reason": reason} if reason else {})
        self.run(update(placement).where(placement.c.id == order).values(**values))

    def state_of(self, kept: str) -> str:
        return str(self.rows(select(template.c.state).where(template.c.id == kept))[0].state)

    def statements(self) -> "Statements":
        return Statements(self.central)


class Statements:
    """Counts what is asked of the database while it is open."""

    def __init__(self, central: Central) -> None:
        self._engine = central.office.database._engine
        self.count = 0

    def __enter__(self) -> Self:
        event.listen(self._engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._note)

    def _note(self, *_: Any) -> None:
        self.count += 1
