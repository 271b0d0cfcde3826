"""The rules in force: loaded from a preset or a file, numbered, signed, and never changed afterwards."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from attendance import calendar, exchange, policy_presets, seal
from attendance.errors import PolicyError
from attendance.policy import Policy
from central import audit
from central.keys import Keys
from central.tables import policy_document


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """The newest rules.

    Attributes:
        data: the signed text as nodes get it.
    """

    serial: int
    data: str
    policy: Policy


def preset_content(preset: str) -> dict[str, Any]:
    """A preset that comes along, with the holidays of every year that comes along.

    Raises:
        PolicyError: no such preset.
    """
    package = resources.files(policy_presets.PRESET_PACKAGE)
    text = package.joinpath(policy_presets.preset_file(preset)).read_text(encoding="utf-8")
    content = policy_presets.parse_toml_policy(text)
    rows = [
        holiday.content()
        for year in policy_presets.HOLIDAY_YEARS
        for holiday in calendar.read_holidays_csv(
            package.joinpath(f"holidays-{year}.csv").read_text(encoding="utf-8")
        )
    ]
    return {**content, "holidays": [*content.get("holidays", ()), *rows]}


def file_content(path: Path) -> dict[str, Any]:
    """A policy file in TOML.

    Raises:
        PolicyError: unreadable, or rules that can't be.
    """
    try:
        return policy_presets.parse_toml_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "bukan teks UTF-8"
        raise PolicyError(f"{path} tidak dapat dibaca: {why}.") from error
    except PolicyError as error:
        # The parser speaks of keys and values of the file, in the words of its format.
        raise PolicyError(f"Aturan {path} tidak dapat dipakai. Rincian: {error}") from error


def put_in_force(
    connection: Connection,
    keys: Keys,
    content: dict[str, Any],
    name: str,
    now_ms: int,
    *,
    actor: str = "command",
) -> int:
    """Number, check, sign and store rules; return their serial. The same rules again get no new number.

    Versions of other names and days off that are in force stay: what they said of their days is history. A
    version of the same name is replaced.

    Raises:
        PolicyError: rules that can't be.
    """
    before = newest(connection, keys.document_public)
    serial = 1
    if before is not None:
        content = _merged(before.policy.content(), content)
        if policy_presets.numbered(content, before.serial) == before.policy.content():
            return before.serial
        serial = before.serial + 1
    whole = policy_presets.numbered(content, serial)
    data = exchange.sign_document(keys.document, "policy", serial, whole)
    connection.execute(
        insert(policy_document).values(
            serial=serial, data=data.decode(), sha256=seal.sha256_hex(data), name=name[:64], created_ms=now_ms
        )
    )
    audit.note(connection, now_ms, actor, "policy-in-force", str(serial), name)
    return serial


def newest(connection: Connection, document_key: str) -> StoredPolicy | None:
    """The rules in force, read back through their signature.

    Raises:
        SignatureError: what lies in the database is not what central signed.
    """
    row = connection.execute(
        select(policy_document).order_by(policy_document.c.serial.desc()).limit(1)
    ).one_or_none()
    if row is None:
        return None
    document = exchange.open_document(row.data.encode(), document_key, "policy")
    return StoredPolicy(row.serial, row.data, Policy.parse(document.content))


def newest_serial(connection: Connection) -> int:
    """Number of the rules in force; 0 where there are none."""
    return connection.scalar(select(func.max(policy_document.c.serial))) or 0


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    fresh = {version["id"] for version in new["policies"]}
    kept = [version for version in old["policies"] if version["id"] not in fresh]
    holidays = list(old.get("holidays", ()))
    holidays += [day for day in new.get("holidays", ()) if day not in holidays]
    rest = {key: value for key, value in old.items() if key not in ("serial", "policies", "holidays")}
    return {**rest, **new, "policies": [*kept, *new["policies"]], "holidays": holidays}
