"""A new key-encryption key: every person's key is wrapped anew under it. Templates stay as they are.

It goes in chunks, each a transaction, so that the door for nodes stays open. Cut off anywhere, every key is
wrapped under one version or the other, both of which are there; the next run goes on where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text, update

from central import audit, person_keys, template_vault
from central.office import Office
from central.private_files import PrivateFileError
from central.tables import person_key
from central.template_keys import Kek, MissingKekError, TemplateKeys

CHUNK = 200
_Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rotation:
    """What one run did.

    Attributes:
        version: under which keys lie now.
        made: it is new; else a run that was cut off was brought to its end.
        moved: keys that were wrapped anew.
        stuck: people whose key can't be opened, and why.
    """

    version: int
    made: bool
    moved: int
    stuck: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """Versions that were deleted, and of the others before the newest, how many keys still lie under each."""

    removed: tuple[int, ...]
    in_use: dict[int, int]


def rotate(office: Office, tell: _Progress) -> Rotation:
    """Finish what was cut off; where nothing was, make the next key-encryption key and move everybody to it.

    Args:
        office: central.
        tell: called after each chunk with the keys done so far, and those there are to do.

    Raises:
        MissingKekError, PrivateFileError: the key in use, or the new one, can't be read or made.
        StoreError: the database failed.
    """
    keys = office.template_keys
    finished = _move_all(office, keys.newest(), tell)
    if finished.moved:
        return finished
    kek = keys.make_next()
    with office.database.write() as connection:
        audit.note(
            connection, office.clock.now_ms(), "command", "template-key-made", f"version {kek.version}"
        )
    moved = _move_all(office, kek, tell)
    return Rotation(kek.version, True, moved.moved, moved.stuck)


def remove_old(office: Office) -> Removal:
    """Delete the key-encryption keys that nothing lies under any more. The one in use stays.

    Raises:
        PrivateFileError: a file can't be deleted. StoreError: the database failed.
    """
    keys = office.template_keys
    removed: list[int] = []
    with office.database.write() as connection:
        if connection.dialect.name != "sqlite":
            # So that nobody keeps a key under an old version between look and deed; see
            # `person_keys.made_for`.
            connection.execute(text("LOCK TABLE person_key IN SHARE MODE"))
        used = _used(connection)
        newest = keys.newest().version
        for version in sorted(keys.versions()):
            if version < newest and version not in used:
                keys.remove(version)
                removed.append(version)
                now_ms = office.clock.now_ms()
                audit.note(connection, now_ms, "command", "template-key-removed", f"version {version}")
    return Removal(tuple(removed), {version: count for version, count in used.items() if version < newest})


def forget_unreadable(office: Office) -> tuple[str, ...]:
    """Destroy the keys that can't be opened any more, with the templates under them.

    For when a key file or a row is lost for good. The templates still lie in sensors: the nodes are asked to
    hand them in again.

    Returns:
        Whose they were.

    Raises:
        StoreError: the database failed.
    """
    keys = office.template_keys
    with office.database.write() as connection:
        rows = connection.execute(select(person_key.c.employee, person_key.c.kek, person_key.c.wrapped))
        lost = [row.employee for row in rows if _refusal(keys, *row)]
        for person in lost:
            count = template_vault.destroy_person(connection, person)
            detail = f"{count} templates whose key can't be opened"
            audit.note(connection, office.clock.now_ms(), "command", "templates-forgotten", person, detail)
    return tuple(lost)


def _move_all(office: Office, kek: Kek, tell: _Progress) -> Rotation:
    with office.database.read() as connection:
        total = sum(count for version, count in _used(connection).items() if version < kek.version)
    after, moved, stuck = "", 0, list[tuple[str, str]]()
    while True:
        with office.database.write() as connection:
            chunk = _next_chunk(connection, kek.version, after)
            refused = [
                one for one in (_move(connection, office.template_keys, kek, *row) for row in chunk) if one
            ]
        if not chunk:
            return Rotation(kek.version, False, moved, tuple(stuck))
        after = chunk[-1][0]
        stuck += refused
        moved += len(chunk) - len(refused)
        tell(moved + len(stuck), max(total, moved + len(stuck)))


def _next_chunk(connection: Connection, version: int, after: str) -> list[tuple[str, int, bytes]]:
    query = (
        select(person_key.c.employee, person_key.c.kek, person_key.c.wrapped)
        .where(person_key.c.kek < version, person_key.c.employee > after)
        .order_by(person_key.c.employee)
        .limit(CHUNK)
        .with_for_update()
    )
    return [(row.employee, row.kek, row.wrapped) for row in connection.execute(query)]


def _move(
    connection: Connection, keys: TemplateKeys, kek: Kek, person: str, version: int, wrapped: bytes
) -> tuple[str, str] | None:
    """Wrap one key anew; who it is and why where that can't be done."""
    refusal = _refusal(keys, person, version, wrapped)
    if refusal:
        return person, refusal
    key = person_keys.unwrap(keys.kek(version), person, wrapped)
    connection.execute(
        update(person_key)
        .where(person_key.c.employee == person)
        .values(kek=kek.version, wrapped=person_keys.wrap(kek, person, key))
    )
    return None


def _refusal(keys: TemplateKeys, person: str, version: int, wrapped: bytes) -> str:
    """Why a key can't be opened; empty where it can."""
    try:
        person_keys.unwrap(keys.kek(version), person, wrapped)
    except (person_keys.DamagedVaultError, MissingKekError, PrivateFileError) as error:
        return str(error)
    return ""


def _used(connection: Connection) -> dict[int, int]:
    query = select(person_key.c.kek, func.count().label("number")).group_by(person_key.c.kek)
    return {row.kek: row.number for row in connection.execute(query)}
