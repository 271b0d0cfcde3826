"""The presets that come along, and policy files in TOML. Text in, content out: callers read the files."""

import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date, time
from typing import Any

from attendance.calendar import Holiday
from attendance.errors import PolicyError
from attendance.policy import Policy

PRESETS = ("tanggamus-2017", "asn-2023")
"""Each is the package file `presets/<id>.toml`."""
HOLIDAY_YEARS = (2017, 2026)
"""Each is the package file `presets/holidays-<year>.csv`."""
PRESET_PACKAGE = "attendance.presets"


def preset_file(preset: str) -> str:
    """File name within PRESET_PACKAGE.

    Raises:
        PolicyError: no such preset.
    """
    if preset not in PRESETS:
        raise PolicyError(f"{preset[:40]!r} is no preset; there are {', '.join(PRESETS)}")
    return f"{preset}.toml"


def parse_toml_policy(text: str) -> dict[str, Any]:
    """The content of a policy document from a TOML text, without its serial (see `numbered`).

    The text is either one version at the top level or several under `[[policies]]`.

    Raises:
        PolicyError: not TOML (with the line), or rules that can't be (with the path).
    """
    try:
        table = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy file is not TOML: {error}") from error
    plain = _plain(table, "")
    content = plain if "policies" in plain else {"policies": [plain]}
    Policy.parse({**content, "serial": 1})
    return content


def numbered(content: Mapping[str, Any], serial: int, holidays: Iterable[Holiday] = ()) -> dict[str, Any]:
    """The content with its serial and with further days off, ready for `Policy.parse` and for signing.

    Raises:
        PolicyError: the whole is not a policy document.
    """
    rows = [*content.get("holidays", ()), *(holiday.content() for holiday in holidays)]
    whole = {**deepcopy(dict(content)), "serial": serial, "holidays": rows}
    Policy.parse(whole)
    return whole


def with_overlay(
    content: Mapping[str, Any], version_id: str, name: str, first: date, last: date, decree_no: str
) -> dict[str, Any]:
    """The content with one of a version's `overlay_templates` (such as `ramadan`) put on its dates.

    Templates carry no dates because those are decreed every year.

    Raises:
        PolicyError: no such version or template, or dates in the wrong order.
    """
    changed = deepcopy(dict(content))
    for version in changed["policies"]:
        template = version.get("overlay_templates", {}).get(name)
        if version["id"] == version_id and template is not None:
            overlay: dict[str, Any] = {
                "name": name,
                "valid_from": first.isoformat(),
                "valid_to": last.isoformat(),
            }
            overlay |= {"decree": {"no": decree_no}, "groups": deepcopy(template["groups"])}
            version["overlays"] = [*version.get("overlays", ()), overlay]
            Policy.parse({"serial": 1, **changed})
            return changed
    raise PolicyError(f"{version_id[:40]!r} has no overlay template {name[:40]!r}")


def _plain(value: Any, path: str) -> Any:
    """TOML values as JSON has them; floats are refused because signed documents hold none."""
    if isinstance(value, dict):
        return {key: _plain(item, f"{path}.{key}".strip(".")) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, path) for item in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        raise PolicyError(f"{path} is a number with a fraction; give it in a smaller unit as a whole number")
    return value
