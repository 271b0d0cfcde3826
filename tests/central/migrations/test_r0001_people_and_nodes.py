"""The first half of the first shape takes what offices bring, and keeps it through the next step."""

from pathlib import Path

from sqlalchemy import text

from central import schema
from tests.support.central import Engine
from tests.support.empty_database import empty_database


def test_what_the_first_step_holds_survives_the_steps_after_it(engine: Engine, tmp_path: Path) -> None:
    with empty_database(engine, tmp_path) as database:
        schema.upgrade(database, "0001")
        assert schema.current(database) == "0001"
        with database.write() as connection:
            connection.execute(text("INSERT INTO unit (code, name, zone) VALUES ('A', 'A', 'Asia/Jakarta')"))
            connection.execute(text("INSERT INTO employee (id, name, employment) VALUES ('p', 'P', 'pns')"))
        schema.upgrade(database)
        with database.read() as connection:
            assert connection.execute(text("SELECT code, kind FROM unit")).one() == ("A", "")
            assert connection.execute(text("SELECT id, grade FROM employee")).one() == ("p", "")
