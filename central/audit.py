"""Who did what, in a table that the database itself keeps append-only."""

from sqlalchemy import Connection, insert

from central.tables import audit_log

_MAX_DETAIL_CHARS = 2000


def note(
    connection: Connection, at_ms: int, actor: str, action: str, subject: str = "", detail: str = ""
) -> None:
    """Write one entry, in the transaction of the deed itself: no deed without it, none without the deed.

    Args:
        connection: the transaction.
        at_ms: central's clock.
        actor: account name, `node:<id>` or `command`.
        action: kebab-case word, like `node-distrusted`.
        subject: whom or what it was done to.
        detail: a sentence; no passwords, tokens or templates.
    """
    connection.execute(
        insert(audit_log).values(
            at_ms=at_ms,
            actor=actor[:80],
            action=action,
            subject=subject[:80],
            detail=detail[:_MAX_DETAIL_CHARS],
        )
    )
