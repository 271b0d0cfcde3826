"""Read a document field by field, so that every refusal names the place and says what is wrong there."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from attendance.errors import HadirError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
MAX_TEXT_CHARS = 400


T = TypeVar("T")


class Fields:
    """One table of a document, the path that leads to it, and the error that a mistake in it raises."""

    def __init__(self, value: object, path: str, error: type[HadirError]) -> None:
        self.path = path
        self.error = error
        if not isinstance(value, Mapping):
            raise self.refuse("must be a table of named fields")
        if not all(isinstance(key, str) for key in value):
            raise self.refuse("has a field whose name is not text")
        self.values: Mapping[str, Any] = value

    def refuse(self, problem: str, key: str = "") -> HadirError:
        """The error to raise: place first, then the problem."""
        return self.error(f"{self.place(key)} {problem}")

    def place(self, key: str) -> str:
        """Dotted path of a field of this table."""
        return ".".join(part for part in (self.path, key) if part) or "the document"

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(key) is not None

    def text(self, key: str) -> str:
        """A text with something in it."""
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse("must be text and not empty", key)
        if len(value) > MAX_TEXT_CHARS:
            raise self.refuse(f"is longer than {MAX_TEXT_CHARS} characters", key)
        return value

    def optional_text(self, key: str) -> str | None:
        """A text, or None where the field is missing or null."""
        return self.text(key) if self.has(key) else None

    def checked(self, key: str, check: Callable[[str], T]) -> T:
        """What a check of its own makes of a text; its refusal gains the place."""
        value = self.text(key)
        try:
            return check(value)
        except HadirError as error:
            raise self.refuse(f"is wrong: {error}", key) from error

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number within bounds; true and false are no numbers here."""
        value = self.values.get(key)
        if type(value) is not int or not low <= value <= high:
            raise self.refuse(f"must be a whole number from {low} to {high}", key)
        return value

    def flag(self, key: str) -> bool:
        """True or false; missing means false."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.refuse("must be true or false", key)
        return value

    def day(self, key: str) -> date:
        """A date as YYYY-MM-DD."""
        value = self.text(key)
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self.refuse(f"must be a date like 2017-06-27, not {value!r}", key)

    def optional_day(self, key: str) -> date | None:
        """A date, or None where the field is missing or null."""
        return self.day(key) if self.has(key) else None

    def table(self, key: str) -> "Fields":
        """A table below this one."""
        return Fields(self.values.get(key), self.place(key), self.error)

    def optional_table(self, key: str) -> "Fields":
        """A table below this one; an empty one where it is missing."""
        return self.table(key) if self.has(key) else Fields({}, self.place(key), self.error)

    def items(self, key: str) -> Sequence[Any]:
        """A list; empty where it is missing."""
        value = self.values.get(key)
        if value is None:
            return ()
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            raise self.refuse("must be a list", key)
        return value

    def tables(self, key: str) -> Iterator["Fields"]:
        """A list of tables, each with its number in the path, counted from 1."""
        for number, value in enumerate(self.items(key), start=1):
            yield Fields(value, f"{self.place(key)}[{number}]", self.error)

    def rest(self, *known: str) -> dict[str, Any]:
        """The fields that this version does not know: kept, so that old and new can meet."""
        return {key: value for key, value in self.values.items() if key not in known}
