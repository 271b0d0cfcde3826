"""One random key for each person, for their templates alone. Destroying it is what erases them.

It lies in the database wrapped (AES-256-GCM) under the key-encryption key in use. The wrapping is bound to
the person and to that key's version.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select

from attendance import sealing
from attendance.errors import HadirError, PersonError
from central.tables import employee, person_key
from central.template_keys import Kek, MissingKekError, TemplateKeys

_KEY_BYTES = 32
_NONCE_BYTES = 12


class DamagedVaultError(HadirError):
    """What was kept does not open: altered, or exchanged with somebody else's."""


def key_of(connection: Connection, keys: TemplateKeys, person: str) -> bytes | None:
    """The person's key, or None where there is none.

    Raises:
        MissingKekError, PrivateFileError: the key that it is wrapped under can't be used.
        DamagedVaultError: it does not open.
    """
    row = connection.execute(
        select(person_key.c.kek, person_key.c.wrapped).where(person_key.c.employee == person)
    ).one_or_none()
    return None if row is None else unwrap(keys.kek(row.kek), person, row.wrapped)


def made_for(connection: Connection, keys: TemplateKeys, person: str, now_ms: int) -> bytes:
    """Make a person's key, where `key_of` has found none.

    Raises:
        MissingKekError: the key in use was taken away in this very moment; nothing may be kept under it.
    """
    key, kek = AESGCM.generate_key(_KEY_BYTES * 8), keys.newest()
    connection.execute(
        insert(person_key).values(
            employee=person, kek=kek.version, wrapped=wrap(kek, person, key), created_ms=now_ms
        )
    )
    # `template_rotation.remove_old` holds the table while it looks and deletes. Whoever waited for it with
    # an older key sees here that the file has gone.
    if kek.version not in keys.versions():
        raise MissingKekError("Kunci sidik jari baru saja diganti: coba lagi.")
    return key


def destroy(connection: Connection, person: str) -> None:
    """Destroy a person's key. Their templates, in backups too, are noise from then on."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON").close()  # no old bytes in free pages
    connection.execute(delete(person_key).where(person_key.c.employee == person))


def hold(connection: Connection, person: str) -> None:
    """Keep others from changing this person's key and templates until the transaction ends.

    Raises:
        PersonError: there is no such person.
    """
    query = select(employee.c.id).where(employee.c.id == person).with_for_update()
    if connection.scalar(query) is None:
        raise PersonError(f"there is no person {person!r}")


def wrap(kek: Kek, person: str, key: bytes) -> bytes:
    """A person's key as it lies in the database."""
    return encrypt(kek.key, key, _bound(person, kek.version))


def unwrap(kek: Kek, person: str, wrapped: bytes) -> bytes:
    """A person's key in clear.

    Raises:
        DamagedVaultError: altered, or another person's, or of another version.
    """
    try:
        return decrypt(kek.key, wrapped, _bound(person, kek.version))
    except InvalidTag as error:
        raise DamagedVaultError(
            f"Kunci {person} tidak terbuka dengan versi {kek.version}: "
            "kembalikan barisnya di tabel person_key dari cadangan."
        ) from error


def encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """AES-256-GCM with a random nonce, which stands first."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """The reverse of `encrypt`.

    Raises:
        InvalidTag: another key, other bytes, or bound to something else.
    """
    if len(sealed) <= _NONCE_BYTES:
        raise InvalidTag
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound)


def _bound(person: str, version: int) -> bytes:
    return sealing.purpose("person-key", person, str(version)).encode()
