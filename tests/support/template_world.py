"""Writes sensors, templates, searches, findings and purges straight into the tables of a central."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from attendance.enrolment import ENROL, EnrolledFinger, Enrolment
from attendance.moment import to_ms
from central import tables
from tests.support.board_world import NOW, BoardWorld

R503 = "r503/1536/0102/3"
AS608 = "as608/512/-/3"


class TemplateWorld:
    """Adds what issue 3 keeps to a board world; each method is one row or a few."""

    def __init__(self, world: BoardWorld) -> None:
        self.world = world

    def sensor(self, node: str, model_class: str = R503, **values: Any) -> None:
        row = {
            "model": model_class.partition("/")[0],
            "serial": "a1b2c3d4",
            "capacity": 200,
            "usable": 200,
            "used": 24,
            "state": "trusted",
            "detail": "",
        }
        self._add(
            tables.module,
            node=node,
            model_class=model_class,
            template_key="0" * 64,
            event=f"{node}/1/1",
            at_ms=to_ms(NOW - timedelta(hours=3)),
            **{**row, **values},
        )

    def template(
        self,
        id_: str,
        employee: str,
        node: str,
        slot: int,
        *,
        state: str = "clear",
        model_class: str = R503,
        event: str | None = None,
    ) -> str:
        """A template in the safe and the slot of the node that it is from."""
        self._add(
            tables.template,
            id=id_,
            employee=employee,
            finger="right-index",
            model_class=model_class,
            size_bytes=1536,
            sealed=b"sealed",
            origin_node=node,
            origin_slot=slot,
            state=state,
            created_ms=to_ms(NOW - timedelta(days=1)),
        )
        self.slot(node, slot, employee, template=id_, proven=NOW, event=event)
        return id_

    def slot(
        self,
        node: str,
        number: int,
        employee: str,
        *,
        template: str | None = None,
        proven: datetime | None = None,
        since: datetime = NOW - timedelta(days=1),
        event: str | None = None,
    ) -> None:
        with self.world.office.database.read() as connection:
            unit = connection.scalar(select(tables.node.c.unit).where(tables.node.c.id == node))
        self._add(
            tables.slot,
            unit=unit,
            node=node,
            slot=number,
            employee=employee,
            finger="right-index",
            template=template,
            since_ms=to_ms(since),
            proven_ms=to_ms(proven) if proven else None,
            event=event,
        )

    def searches(self, template: str, **states: str) -> None:
        """How far each node has got; a refusal is written as `node="refused:why"`."""
        with self.world.office.database.write() as connection:
            for node, text in states.items():
                state, _, reason = text.partition(":")
                self._insert(
                    connection,
                    tables.template_search,
                    template=template,
                    node=node,
                    state=state,
                    reason=reason,
                    library=24 if state in ("clear", "hit") else None,
                    asked_ms=to_ms(NOW - timedelta(hours=2)),
                    ended_ms=to_ms(NOW) if state != "waiting" else None,
                )

    def finding(self, employee: str, other: str | None, node: str, **values: Any) -> int:
        """A finding; its number."""
        row = {
            "kind": "search",
            "slot": 7,
            "score": 84,
            "event": f"{node}/1/1",
            "state": "open",
            "opened_ms": to_ms(NOW - timedelta(days=3)),
        }
        with self.world.office.database.write() as connection:
            made = connection.execute(
                insert(tables.finding).values(employee=employee, other=other, node=node, **{**row, **values})
            )
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    def purge(self, id_: str, node: str, employee: str, slots: str = "3 4", **values: Any) -> None:
        row = {"reason": "left", "state": "open", "ordered_ms": to_ms(NOW - timedelta(days=2))}
        self._add(
            tables.placement,
            id=id_,
            do="purge",
            node=node,
            employee=employee,
            slots=slots,
            **{**row, **values},
        )

    def install(
        self, id_: str, node: str, employee: str, slot: int, template: str, **more: str | int
    ) -> None:
        self._add(
            tables.placement,
            id=id_,
            do="install",
            node=node,
            employee=employee,
            slots=str(slot),
            template=template,
            **{"state": "open", "ordered_ms": to_ms(NOW), **more},
        )

    def pin(self, employee: str, number: str = "1001") -> None:
        self._add(
            tables.pin,
            employee=employee,
            number=number,
            hash="scrypt$1$1$1$x$x",
            reason="sidik jari aus",
            monthly_quota=10,
            set_by="hradmin",
            set_ms=to_ms(NOW),
        )

    def enrolled(
        self,
        node: str,
        person: str,
        slot: int,
        *,
        witness: str | None,
        photo: str | None = None,
        at: datetime = NOW - timedelta(days=1),
        **values: Any,
    ) -> str:
        """The signed event of an enrolment with one finger; its reference."""
        row = {"legal_basis": "SK Bupati 12/2026", "notice": "v2", "witness_missing": None}
        enrolment = Enrolment(
            person,
            (EnrolledFinger("right-index", slot, 3, 1, (120, 110)),),
            witness=witness,
            witness_slot=None if witness is None else 1,
            model="r503",
            roster=1,
            photo_missing=None if photo else "no-camera",
            **{**row, **values},
        )
        return self.world.event(node, ENROL, at, enrolment.content(), photo=photo)

    def _add(self, table: Any, **values: Any) -> None:
        with self.world.office.database.write() as connection:
            self._insert(connection, table, **values)

    def _insert(self, connection: Connection, table: Any, **values: Any) -> None:
        connection.execute(insert(table).values(**values))


def fill(fingers: TemplateWorld) -> None:
    """One of everything, among the people of `tests/central/pages/conftest.py`; the finding is number 1."""
    dinkes, kominfo = "dinkesaaaaaaaaaa", "kominfoaaaaaaaaa"
    fingers.sensor(dinkes, used=130, usable=200)
    fingers.sensor(kominfo, state="swapped", detail="another serial number")
    face = fingers.world.photo(dinkes, 31)
    enrolled = fingers.enrolled(dinkes, "alice", 1, witness="pia", photo=face)
    fingers.template("t-alice", "alice", dinkes, 1, state="held", event=enrolled)
    fingers.searches("t-alice", **{kominfo: "hit"})
    fingers.template("t-pia", "pia", dinkes, 2, state="searching")
    fingers.searches("t-pia", **{kominfo: "waiting"})
    fingers.slot(kominfo, 9, "charlie", template="t-pia")
    fingers.slot(kominfo, 7, "bob")
    fingers.finding("alice", "bob", kominfo, template="t-alice", photo=face)
    fingers.purge("p-1", kominfo, "bob")
