"""A database before its first migration."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from central.database import Database
from tests.support.central import Engine


@contextmanager
def empty_database(engine: Engine, folder: Path) -> Iterator[Database]:
    if engine.name == "sqlite":
        database = Database(f"sqlite:///{folder / 'new.db'}")
        yield database
        database.close()
        return
    url = engine.fresh(folder)
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        connection.execute(text("DROP FUNCTION IF EXISTS audit_log_append_only"))
    yield database
    database.close()
    engine.drop(url)
