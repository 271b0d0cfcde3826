"""The second half of the first shape makes the log append-only."""

import pytest
from sqlalchemy import text

from central.database import Database, StoreError


def test_the_log_refuses_changes_from_any_program(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_log (at_ms, actor, action, subject, detail) VALUES (1, 'a', 'b', 'c', 'd')"
            )
        )
    for statement in ("UPDATE audit_log SET actor = 'z'", "DELETE FROM audit_log"):
        with pytest.raises(StoreError, match="append-only"), database.write() as connection:
            connection.execute(text(statement))
    database.close()
