"""Slots that were given before the step keep their holders, and nothing is claimed to be known of them."""

from pathlib import Path

from sqlalchemy import text

from central import schema
from central.tables import slot
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
