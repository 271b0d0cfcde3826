"""What was there before the step is kept, and nothing more is claimed to be known of it."""

from pathlib import Path

from sqlalchemy import select, text

from central import schema
from central.tables import node, slot
from tests.support.central import Engine
from tests.support.empty_database import empty_database


def test_a_slot_from_before_the_step_keeps_its_holder_and_claims_no_finger_time_or_proof(
    engine: Engine, tmp_path: Path
) -> None:
    with empty_database(engine, tmp_path) as database:
        schema.upgrade(database, "0003")
        with database.write() as connection:
            connection.execute(text("INSERT INTO unit (code, name, zone) VALUES ('U', 'U', 'Asia/Jakarta')"))
            connection.execute(
                text("INSERT INTO employee (id, name, employment) VALUES ('p', 'Siti', 'non-asn')")
            )
            connection.execute(text("INSERT INTO slot (unit, node, slot, employee) VALUES ('U', '', 3, 'p')"))
        schema.upgrade(database)
        with database.read() as connection:
            kept = connection.execute(slot.select()).one()
        assert (kept.unit, kept.node, kept.slot, kept.employee) == ("U", "", 3, "p")
        assert (kept.finger, kept.template, kept.since_ms, kept.proven_ms) == ("", None, None, None)


def test_a_node_that_retired_before_the_step_keeps_the_time_that_the_log_of_deeds_has(
    engine: Engine, tmp_path: Path
) -> None:
    with empty_database(engine, tmp_path) as database:
        schema.upgrade(database, "0003")
        with database.write() as connection:
            connection.execute(text("INSERT INTO unit (code, name, zone) VALUES ('U', 'U', 'Asia/Jakarta')"))
            for name, state in (("old", "retired"), ("new", "active")):
                connection.execute(
                    text(
                        "INSERT INTO node (id, unit, event_key, transport_key, epoch, state, claimed_at_ms)"
                        f" VALUES ('{name}', 'U', 'e', 't', 1, '{state}', 5)"
                    )
                )
                connection.execute(
                    text(
                        "INSERT INTO audit_log (at_ms, actor, action, subject, detail)"
                        f" VALUES (77, 'command', 'node-retired', '{name}', '')"
                    )
                )
        schema.upgrade(database)
        with database.read() as connection:
            kept = connection.execute(select(node.c.id, node.c.retired_at_ms)).all()
        assert {tuple(row) for row in kept} == {("old", 77), ("new", None)}
