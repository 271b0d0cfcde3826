"""People who sign in: seven roles scoped by unit, argon2 hashes, throttled guesses, a second factor ready."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, insert, select, update

from attendance.errors import HadirError
from central import audit, throttling
from central.database import Database
from central.tables import account, unit

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 256
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")


class Role(StrEnum):
    """The seven roles of central."""

    LEADER = "leader"
    HR_ADMIN = "hr_admin"
    UNIT_HEAD = "unit_head"
    UNIT_ADMIN = "unit_admin"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"
    EMPLOYEE = "employee"


class AccountError(HadirError):
    """An account can't be made or changed like this; the sentence is for the person at the form."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in.

    Attributes:
        unit: sees this unit and what lies below it; None sees the whole regency.
        employee: id of the person whose own days an `employee` sees.
        second_factor: whether a TOTP code is asked for after the password.
    """

    id: int
    name: str
    full_name: str
    role: Role
    unit: str | None
    employee: str | None
    second_factor: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Not signed in. Whether name or password was wrong is not told.

    Attributes:
        wait: None after a wrong guess; how long no guess counts, where there were too many.
    """

    wait: timedelta | None = None


def create_account(
    connection: Connection,
    name: str,
    role: Role,
    *,
    password: str | None,
    now_ms: int,
    full_name: str = "",
    unit_code: str | None = None,
    employee: str | None = None,
    actor: str = "command",
) -> int:
    """Make an account and return its id. Without a password only a one-time link opens it.

    Raises:
        AccountError: a bad or taken name, a weak password, an unknown unit, a role that needs a unit.
    """
    if not _NAME.fullmatch(name):
        raise AccountError(
            f"Nama akun {name[:40]!r} tidak sah: 3 sampai 64 huruf kecil, angka, titik, - atau _."
        )
    if role in (Role.UNIT_HEAD, Role.UNIT_ADMIN) and unit_code is None:
        raise AccountError(f"Peran {role.value} harus punya unit.")
    if role is Role.EMPLOYEE and employee is None:
        raise AccountError("Peran employee harus menunjuk seorang pegawai.")
    if (
        unit_code is not None
        and connection.scalar(select(unit.c.code).where(unit.c.code == unit_code)) is None
    ):
        raise AccountError(f"Unit {unit_code} tidak dikenal.")
    if connection.scalar(select(account.c.id).where(account.c.name == name)) is not None:
        raise AccountError(f"Nama akun {name} sudah dipakai.")
    row = connection.execute(
        insert(account).values(
            name=name,
            full_name=full_name or name,
            role=role.value,
            unit=unit_code,
            employee=employee,
            password_hash=hash_password(password) if password is not None else None,
            active=True,
            created_ms=now_ms,
        )
    )
    audit.note(connection, now_ms, actor, "account-created", name, f"role {role.value}, unit {unit_code}")
    assert row.inserted_primary_key is not None
    return int(row.inserted_primary_key[0])


def authenticate(
    database: Database, name: str, password: str, address: str, now_ms: int
) -> Account | Refusal:
    """Check a name and a password.

    The guess is counted before it is checked, so that guessing in parallel wins nothing. An unknown name
    costs as much time as a wrong password.

    Args:
        database: the books.
        name: as typed.
        password: as typed.
        address: where the guess comes from.
        now_ms: central's clock.
    """
    subjects = [f"name:{name[:64].strip().lower()}", f"address:{address}"]
    with database.write() as connection:
        wait = throttling.count(connection, subjects, now_ms)
        if wait is not None:
            audit.note(connection, now_ms, subjects[0], "sign-in-throttled", address)
            return Refusal(wait)
        row = connection.execute(select(account).where(account.c.name == name.strip().lower())).one_or_none()
    stored = row.password_hash if row is not None and row.active and row.password_hash else _decoy()
    right = _matches(stored, password) and stored is not _decoy()
    with database.write() as connection:
        if right and row is not None:
            throttling.forget(connection, subjects)
            if _hasher().check_needs_rehash(stored):
                _store_hash(connection, row.id, hash_password(password))
            return _account(row)
        audit.note(connection, now_ms, subjects[0], "sign-in-refused", address)
    return Refusal()


def set_password(connection: Connection, account_id: int, password: str, *, actor: str, now_ms: int) -> None:
    """Give an account a new password.

    Raises:
        AccountError: too short or too long.
    """
    _store_hash(connection, account_id, hash_password(password))
    audit.note(connection, now_ms, actor, "password-changed", str(account_id))


def find(connection: Connection, account_id: int) -> Account | None:
    """The account, if it may still sign in."""
    row = connection.execute(select(account).where(account.c.id == account_id)).one_or_none()
    return _account(row) if row is not None and row.active else None


def start_second_factor(connection: Connection, account_id: int) -> str:
    """Give the account a TOTP secret (base32) and return it, to be shown once."""
    secret = pyotp.random_base32()
    connection.execute(
        update(account).where(account.c.id == account_id).values(totp_secret=secret, totp_last_step=None)
    )
    return secret


def check_second_factor(connection: Connection, account_id: int, code: str, now_ms: int) -> bool:
    """Check a TOTP code, one step early or late allowed; each code opens once."""
    row = connection.execute(
        select(account).where(account.c.id == account_id).with_for_update()
    ).one_or_none()
    if row is None or not row.totp_secret or not (code.isascii() and code.isdigit()):
        return False
    totp = pyotp.TOTP(row.totp_secret)
    step = now_ms // 1000 // totp.interval
    last = row.totp_last_step if row.totp_last_step is not None else -1
    for candidate in (step - 1, step, step + 1):
        if candidate > last and totp.generate_otp(candidate) == code:
            connection.execute(
                update(account).where(account.c.id == account_id).values(totp_last_step=candidate)
            )
            return True
    return False


def hash_password(password: str) -> str:
    """Argon2id with the library's current costs.

    Raises:
        AccountError: too short or too long.
    """
    if len(password) < MIN_PASSWORD_CHARS:
        raise AccountError(f"Kata sandi terlalu pendek: paling sedikit {MIN_PASSWORD_CHARS} karakter.")
    if len(password) > MAX_PASSWORD_CHARS:
        raise AccountError(f"Kata sandi terlalu panjang: paling banyak {MAX_PASSWORD_CHARS} karakter.")
    return _hasher().hash(password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher().verify(stored, password[: MAX_PASSWORD_CHARS + 1])
    except (VerificationError, InvalidHashError):
        return False


def _store_hash(connection: Connection, account_id: int, password_hash: str) -> None:
    connection.execute(update(account).where(account.c.id == account_id).values(password_hash=password_hash))


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _decoy() -> str:
    return _hasher().hash("checked where no account has that name")


def _account(row: Row[Any]) -> Account:
    return Account(
        row.id, row.name, row.full_name, Role(row.role), row.unit, row.employee, row.totp_secret is not None
    )
