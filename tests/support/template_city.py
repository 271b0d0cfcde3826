"""The fingers of the synthetic regency: most are enrolled, some are searched for, a few wait for somebody."""

import random
from datetime import timedelta

from sqlalchemy import insert, select

from attendance.moment import to_ms
from central import tables
from tests.support.board_city import ON_PAPER, node_of
from tests.support.board_world import BoardWorld
from tests.support.template_world import AS608, R503, TemplateWorld

OF_ANOTHER_CLASS = "KEC-E"


def build(world: BoardWorld, *, seed: int = 11) -> None:
    """Fill a world that `board_city` has built."""
    dice, fingers = random.Random(seed), TemplateWorld(world)
    with world.office.database.read() as connection:
        people = connection.execute(select(tables.assignment.c.employee, tables.assignment.c.unit)).all()
        nodes = list(connection.execute(select(tables.node.c.id, tables.node.c.unit)).all())
    equipped = [row.id for row in nodes if row.unit not in ON_PAPER and row.id != "cadanganaaaaaaaa"]
    _sensors(fingers, equipped, dice)
    slots, templates = [], []
    for number, row in enumerate(people):
        if row.unit in ON_PAPER or dice.random() < 0.08:
            continue
        name, moved_in = f"t{number:015}", row.unit == OF_ANOTHER_CLASS and number % 3 == 0
        unit = "SETDA" if moved_in else row.unit
        node = node_of(unit)
        templates.append(_template(world, name, row.employee, node, number % 180, unit))
        slots.append(_slot(world, unit, node, number % 180, row.employee, name, proven=True))
    with world.office.database.write() as connection:
        connection.execute(insert(tables.template), templates)
        connection.execute(insert(tables.slot), slots)
    checked = [row for row in templates if row["origin_node"] in equipped][5:12]
    for row in checked:
        _search(world, fingers, row, equipped, dice)
    moved = [row for row in templates if row["origin_node"] == node_of("DINKES")][:3]
    for number, row in enumerate(moved, start=150):
        fingers.slot(node_of("RSUD"), number, str(row["employee"]), template=str(row["id"]))
    _findings(world, fingers, templates)
    _purges(world, fingers, templates)


def _sensors(fingers: TemplateWorld, nodes: list[str], dice: random.Random) -> None:
    special = {
        node_of("DLH"): {"state": "swapped", "detail": "the module has another serial number"},
        node_of("DISDIK"): {"used": 191},
        node_of("DINKES"): {"used": 128},
        node_of("SETDA"): {"used": 200},
        node_of("KEC-A"): {"state": "enriched", "detail": "slot 131 is in use and nobody stored it"},
    }
    for node in nodes:
        kind = AS608 if node == node_of(OF_ANOTHER_CLASS) else R503
        fingers.sensor(node, kind, **{"used": dice.randint(14, 60), **special.get(node, {})})


def _template(
    world: BoardWorld, name: str, employee: str, node: str, slot: int, unit: str
) -> dict[str, object]:
    return {
        "id": name,
        "employee": employee,
        "finger": "right-index",
        "model_class": AS608 if unit == OF_ANOTHER_CLASS else R503,
        "size_bytes": 1536,
        "sealed": b"sealed",
        "origin_node": node,
        "origin_slot": slot,
        "state": "clear",
        "created_ms": to_ms(world.clock.at - timedelta(days=20)),
    }


def _slot(
    world: BoardWorld, unit: str, node: str, number: int, employee: str, template: str, *, proven: bool
) -> dict[str, object]:
    at = to_ms(world.clock.at - timedelta(days=20))
    return {
        "unit": unit,
        "node": node,
        "slot": number,
        "employee": employee,
        "finger": "right-index",
        "template": template,
        "since_ms": at,
        "proven_ms": at if proven else None,
    }


def _search(
    world: BoardWorld, fingers: TemplateWorld, row: dict[str, object], nodes: list[str], dice: random.Random
) -> None:
    with world.office.database.write() as connection:
        connection.execute(
            tables.template.update().where(tables.template.c.id == row["id"]).values(state="searching")
        )
    waiting = set(dice.sample(nodes, dice.randint(2, 12))) | {node_of("KEC-C")}
    states = {node: "waiting" if node in waiting else "clear" for node in nodes if node != row["origin_node"]}
    fingers.searches(str(row["id"]), **{**states, node_of(OF_ANOTHER_CLASS): "refused:other-class"})


def _findings(world: BoardWorld, fingers: TemplateWorld, templates: list[dict[str, object]]) -> None:
    faces = [world.photo(node_of("DISKOMINFO"), 40 + number) for number in range(4)]
    new, other, third, fourth = (str(templates[index]["employee"]) for index in (20, 90, 150, 151))
    first = templates[20]
    enrolled = fingers.enrolled(
        str(first["origin_node"]), new, int(str(first["origin_slot"])), witness=third, photo=faces[0],
        at=world.clock.at - timedelta(days=4),
    )  # fmt: skip
    enrolled_other = fingers.enrolled(
        str(templates[90]["origin_node"]), other, int(str(templates[90]["origin_slot"])), witness=None,
        witness_missing="nobody-else-enrolled", photo=faces[1], at=world.clock.at - timedelta(days=200),
        legal_basis="SK Bupati 12/2026 tentang presensi elektronik pegawai di lingkungan pemerintah daerah",
    )  # fmt: skip
    with world.office.database.write() as connection:
        connection.execute(
            tables.template.update().where(tables.template.c.id == first["id"]).values(state="held")
        )
        for name, reference in ((first["id"], enrolled), (templates[90]["id"], enrolled_other)):
            change = tables.slot.update().where(tables.slot.c.template == name)
            connection.execute(change.values(event=reference))
    fingers.finding(
        new, other, str(templates[90]["origin_node"]), template=first["id"],
        other_template=templates[90]["id"], photo=faces[0], other_photo=faces[1],
        slot=templates[90]["origin_slot"], score=61,
    )  # fmt: skip
    fingers.finding(
        third, fourth, str(templates[150]["origin_node"]), kind="enrolment", photo=faces[2],
        opened_ms=to_ms(world.clock.at - timedelta(hours=5)),
    )  # fmt: skip
    fingers.finding(third, None, str(templates[30]["origin_node"]), opened_ms=to_ms(world.clock.at))
    fingers.finding(
        fourth, new, str(templates[20]["origin_node"]), state="chance", decided_by="ratu.sekda",
        decided_ms=to_ms(world.clock.at - timedelta(days=2)), other_photo=faces[0],
        note="Keduanya datang ke BKPSDM dan menempelkan jari bergantian; sensor membedakan keduanya.",
    )  # fmt: skip


def _purges(world: BoardWorld, fingers: TemplateWorld, templates: list[dict[str, object]]) -> None:
    people = [str(row["employee"]) for row in templates[200:206]]
    for number, (node, days) in enumerate(
        ((node_of("KEC-C"), 2), (node_of("DISPAR"), 11), (node_of("BPBD"), 0), (node_of("BPBD"), 0))
    ):
        at = to_ms(world.clock.at - timedelta(days=days, minutes=7))
        fingers.purge(f"p-{number}", node, people[number], "17 18", ordered_ms=at)
    fingers.purge("p-9", node_of("DISHUB"), people[5], "9", state="failed", reason="not-yours")
