"""Who did what, in a table that the database itself keeps append-only."""

from sqlalchemy import Connection, insert, select

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


def note_rarely(
    connection: Connection,
    at_ms: int,
    actor: str,
    action: str,
    subject: str,
    detail: str = "",
    *,
    every_ms: int,
    any_subject: bool = False,
) -> None:
    """Write an entry unless the same stands there since less than `every_ms`.

    For what a machine may repeat without end. With `any_subject` one entry of that action speaks for all.
    """
    same = audit_log.c.action == action
    if not any_subject:
        same &= audit_log.c.subject == subject
    latest = connection.scalar(select(audit_log.c.at_ms).where(same).order_by(audit_log.c.id.desc()).limit(1))
    if latest is None or abs(at_ms - latest) >= every_ms:
        note(connection, at_ms, actor, action, subject, detail)
