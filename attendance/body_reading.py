"""Fields of event bodies: what is missing or of another kind is refused by name."""

from collections.abc import Mapping
from typing import Any

from attendance.errors import MalformedError

MAX_TEXT_CHARS = 200
_MAX_SLOT = 65_535


def whole(body: Mapping[str, Any], key: str) -> int:
    """A whole number from 0 to 2**53 - 1.

    Raises:
        MalformedError: it is none.
    """
    value = body.get(key)
    if type(value) is not int or not 0 <= value < 2**53:
        raise MalformedError(f"the field {key} is not a whole number")
    return value


def slot(body: Mapping[str, Any], key: str = "slot") -> int:
    """The number of a slot of a sensor.

    Raises:
        MalformedError: it is none.
    """
    return _as_slot(body.get(key))


def slots(body: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """A list of slots.

    Raises:
        MalformedError: it is none.
    """
    values = body.get(key)
    if not isinstance(values, list):
        raise MalformedError(f"the field {key} is no list of slots")
    return tuple(_as_slot(value) for value in values)


def text(body: Mapping[str, Any], key: str) -> str:
    """Text of 1 to `MAX_TEXT_CHARS` characters, none of them NUL, which PostgreSQL does not keep.

    Raises:
        MalformedError: it is none.
    """
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT_CHARS or "\0" in value:
        raise MalformedError(f"the field {key} is not text of 1 to {MAX_TEXT_CHARS} characters")
    return value


def optional_text(body: Mapping[str, Any], key: str, limit: int = MAX_TEXT_CHARS) -> str | None:
    """Text of at most `limit` characters, none of them NUL; or None.

    Raises:
        MalformedError: it is neither.
    """
    value = body.get(key)
    if value is None or (isinstance(value, str) and len(value) <= limit and "\0" not in value):
        return value
    raise MalformedError(f"the field {key} is neither text nor empty")


def rows(body: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """A list of objects.

    Raises:
        MalformedError: it is none.
    """
    value = body.get(key)
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise MalformedError(f"the field {key} is no list of objects")
    return value


def _as_slot(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_SLOT:
        raise MalformedError(f"{str(value)[:40]} is no slot of a sensor")
    return value
