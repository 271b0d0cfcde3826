"""The first half of the first shape takes what offices bring, and keeps it through the next step."""

from pathlib import Path

from sqlalchemy import text

from central import schema
from central.database import Database
from tests.support.central import Engine


def test_what_the_first_step_holds_survives_the_steps_after_it(engine: Engine, tmp_path: Path) -> None:
    if engine.name == "postgresql":
        url = engine.fresh(tmp_path)
        database = Database(url)
        with database.write() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
            connection.execute(text("DROP FUNCTION IF EXISTS audit_log_append_only"))
    else:
        database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    schema.upgrade(database, "0001")
    assert schema.current(database) == "0001"
    with database.write() as connection:
        connection.execute(text("INSERT INTO unit (code, name, zone) VALUES ('A', 'A', 'Asia/Jakarta')"))
        connection.execute(text("INSERT INTO employee (id, name, employment) VALUES ('p', 'P', 'pns')"))
    schema.upgrade(database)
    with database.read() as connection:
        assert connection.execute(text("SELECT code, kind FROM unit")).one() == ("A", "")
        assert connection.execute(text("SELECT id, grade FROM employee")).one() == ("p", "")
    database.close()
    if engine.name == "postgresql":
        engine.drop(url)
