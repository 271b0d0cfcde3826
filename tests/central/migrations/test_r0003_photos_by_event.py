"""The photos that are there keep their events, and what is marked stays marked."""

from datetime import date
from pathlib import Path

from sqlalchemy import text

from central import schema
from central.database import Database
from central.tables import dirty_day
from tests.support.central import Engine
from tests.support.empty_database import empty_database

_EVENT = """
INSERT INTO event (node, epoch, seq, type, wall_ms, placed_ms, trusted, header, photo, received_ms)
VALUES ('n', 1, :seq, 'punch', 1, 1, true, :header, :photo, 1)
"""


def test_repeating_the_steps_changes_nothing(database_url: str) -> None:
    database = Database(database_url)
    assert schema.current(database) == schema.head()
    schema.upgrade(database)
    assert schema.current(database) == schema.head()
    database.close()


def test_a_photo_that_came_before_the_step_belongs_to_each_event_that_names_it_and_marks_stay(
    engine: Engine, tmp_path: Path
) -> None:
    here, missing = "a" * 64, "b" * 64
    with empty_database(engine, tmp_path) as database:
        schema.upgrade(database, "0002")
        with database.write() as connection:
            for seq, photo in enumerate((here, missing, None, here), 1):
                connection.execute(text(_EVENT), {"seq": seq, "header": b"{}", "photo": photo})
            connection.execute(text("INSERT INTO dirty_day (person, day) VALUES ('p', '2017-03-06')"))
            connection.execute(text(f"INSERT INTO photo VALUES ('{here}', 5, 'n', 1)"))
        schema.upgrade(database)
        with database.read() as connection:
            rows = connection.execute(text("SELECT * FROM photo_subject ORDER BY seq")).all()
            assert rows == [(here, "n", 1, 1), (here, "n", 1, 4)]
            assert connection.scalar(text("SELECT count(*) FROM event")) == 4
            assert [(row.day, row.person) for row in connection.execute(dirty_day.select())] == [
                (date(2017, 3, 6), "p")
            ]
