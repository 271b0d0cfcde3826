"""Who is signed in: tokens whose hashes lie in the database, so any can be closed from here at once."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from central.accounts import Account, find
from central.tables import session, sign_in_link

SESSION_LIFETIME = timedelta(hours=12)
_MS = timedelta(milliseconds=1)


def open_session(connection: Connection, account_id: int, now_ms: int) -> str:
    """Sign an account in and return the token for its cookie."""
    token = secrets.token_urlsafe(32)
    connection.execute(delete(session).where(session.c.expires_ms <= now_ms))
    connection.execute(
        insert(session).values(
            token_sha256=_hash(token),
            account=account_id,
            created_ms=now_ms,
            expires_ms=now_ms + SESSION_LIFETIME // _MS,
        )
    )
    return token


def account_of(connection: Connection, token: str, now_ms: int) -> Account | None:
    """Who holds this token; nobody once it expired, was closed, or the account was switched off."""
    account_id = connection.scalar(
        select(session.c.account).where(session.c.token_sha256 == _hash(token), session.c.expires_ms > now_ms)
    )
    return find(connection, account_id) if account_id is not None else None


def close_session(connection: Connection, token: str) -> None:
    """Sign out."""
    connection.execute(delete(session).where(session.c.token_sha256 == _hash(token)))


def close_all(connection: Connection, account_id: int) -> None:
    """Sign an account out everywhere, for example after a new password."""
    connection.execute(delete(session).where(session.c.account == account_id))


def make_link(connection: Connection, account_id: int, now_ms: int, lifetime: timedelta) -> str:
    """Make a token that opens this account once."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(sign_in_link).values(
            token_sha256=_hash(token), account=account_id, expires_ms=now_ms + lifetime // _MS
        )
    )
    return token


def redeem_link(connection: Connection, token: str, now_ms: int) -> Account | None:
    """Burn the token and say whom it opens; None for an unknown, used or expired one."""
    burnt = connection.execute(
        update(sign_in_link)
        .where(
            sign_in_link.c.token_sha256 == _hash(token),
            sign_in_link.c.used_ms.is_(None),
            sign_in_link.c.expires_ms > now_ms,
        )
        .values(used_ms=now_ms)
        .returning(sign_in_link.c.account)
    ).scalar_one_or_none()
    return find(connection, burnt) if burnt is not None else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
