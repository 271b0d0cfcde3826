"""Read one TOML table by table, and say every mistake as a sentence with its line.

The person who reads these sentences is a technician at an office, so they are in Indonesian.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from attendance.errors import HadirError

_HEADER = re.compile(r"\s*\[\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\-]+|\"[^\"]*\"|'[^']*')\s*=")
_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$|\s*\(at end of document\)$")


class ConfigError(HadirError):
    """The configuration can't be used.

    Attributes:
        problems: one sentence for each mistake, with file and line.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Source:
    """A configuration file as text: its tables, the line of each key, and the mistakes found so far."""

    def __init__(self, text: str, name: str) -> None:
        """Parse the text.

        Raises:
            ConfigError: it is not TOML.
        """
        self.name = name
        self._problems: list[tuple[int, str]] = []
        try:
            self.tables: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([self._not_toml(str(error), text)]) from error
        self._lines = _key_lines(text)

    def section(self, name: str) -> "Section":
        """One table; an empty one where it is missing."""
        values = self.tables.get(name, {})
        if not isinstance(values, Mapping):
            self.problem((name,), f"{name} harus berupa bagian [{name}].")
            values = {}
        return Section(self, name, values)

    def problem(self, path: tuple[str, ...], sentence: str) -> None:
        """Note a mistake at a key; a missing key is noted at its section, a missing section at line 1."""
        line = self._lines.get(path) or self._lines.get(path[:1]) or 1
        self._problems.append((line, f"{self.name} baris {line}: {sentence}"))

    def refuse_unknown_sections(self, known: list[str]) -> None:
        """Note every table that nobody reads, with the name that was probably meant."""
        for name in self.tables:
            if name not in known:
                self.problem((name,), f"bagian [{name}] tidak dikenal.{_suggestion(name, known)}")

    def finish(self) -> None:
        """Raise what was noted, in the order of the lines.

        Raises:
            ConfigError: at least one mistake.
        """
        if self._problems:
            raise ConfigError([sentence for _, sentence in sorted(self._problems)])

    def _not_toml(self, message: str, text: str) -> str:
        place = _PLACE.search(message)
        reason = message[: place.start()] if place else message
        if place and place[1]:
            return f"{self.name} baris {place[1]}: bukan TOML yang sah, kolom {place[2]} ({reason})."
        return f"{self.name} baris {max(1, len(text.splitlines()))}: bukan TOML yang sah ({reason})."


class Section:
    """One table. A reader notes a mistake and returns something of the right type, so that all are found."""

    def __init__(self, source: Source, name: str, values: Mapping[str, Any]) -> None:
        self._source = source
        self._name = name
        self._values = values
        self._known: list[str] = []

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; without a default it must be there."""
        value = self._value(key, default)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None:
            self.problem(key, f"{key} harus berupa teks yang tidak kosong, bukan {_shown(value)}.")
        return default or ""

    def optional_text(self, key: str) -> str | None:
        """A text, or None where the key is missing."""
        self._known.append(key)
        return self.text(key) if key in self._values else None

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds; true, 1.5 and "1" are none."""
        value = self._value(key, default)
        if type(value) is int and low <= value <= high:
            return value
        if value is not None:
            self.problem(key, f"{key} harus bilangan bulat {low} sampai {high}, bukan {_shown(value)}.")
        return low

    def optional_whole(self, key: str, low: int, high: int) -> int | None:
        """A whole number within bounds, or None where the key is missing."""
        self._known.append(key)
        return self.whole(key, low, high) if key in self._values else None

    def fraction(self, key: str, low: float, high: float, default: float) -> float:
        """A number within bounds, whole or not."""
        value = self._value(key, default)
        if type(value) in (int, float) and low <= value <= high:
            return float(value)
        self.problem(key, f"{key} harus bilangan {low:g} sampai {high:g}, bukan {_shown(value)}.")
        return default

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._value(key, default)
        if isinstance(value, bool):
            return value
        self.problem(key, f"{key} harus true atau false, bukan {_shown(value)}.")
        return default

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of a few words."""
        value = self._value(key, default)
        if value in allowed:
            return str(value)
        if value is not None:
            words = ", ".join(f'"{word}"' for word in allowed)
            self.problem(key, f"{key} harus salah satu dari {words}, bukan {_shown(value)}.")
        return allowed[0]

    def problem(self, key: str, sentence: str) -> None:
        """Note a mistake in a value of this section."""
        self._source.problem((self._name, key), f"[{self._name}] {sentence}")

    def finish(self) -> None:
        """Note every key that nobody asked for: a misspelt setting must not silently mean its default."""
        for key in self._values:
            if key not in self._known:
                hint = _suggestion(key, self._known)
                self._source.problem((self._name, key), f"[{self._name}] {key} tidak dikenal.{hint}")

    def _value(self, key: str, default: Any) -> Any:
        self._known.append(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.problem(key, f"{key} wajib diisi.")
        return default


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value[:60]}"' if isinstance(value, str) else str(value)[:60]


def _suggestion(word: str, known: list[str]) -> str:
    """A number without its unit is the most common slip, so keys that begin with the word come first."""
    longer = [key for key in known if key.startswith(f"{word}_")]
    found = longer or difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" Maksudnya {found[0]}?" if found else ""


def _key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Line numbers of sections and their keys, from 1. Text inside multi-line strings is passed over."""
    lines: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if inside:
            inside = "" if inside in line else inside
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            section = _parts(header[1])
            lines.setdefault(section, number)
        elif key:
            lines.setdefault((section + _parts(key[1]))[:2], number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                inside = quotes
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
