"""Every way in which a policy document can be wrong has a sentence with the place in it."""

from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from attendance.errors import PolicyError
from attendance.policy import Policy
from attendance.policy_presets import numbered, parse_toml_policy, with_overlay
from tests.support.office import preset_content, preset_text

BASE = preset_content("asn-2023")
MON = "policies/0/groups/umum/week/mon"
DROP = object()


def _broken(path: str, value: Any) -> dict[str, Any]:
    content: Any = deepcopy(BASE)
    target, *keys = content, *path.split("/")
    for key in keys[:-1]:
        target = target[int(key)] if isinstance(target, list) else target[key]
    if value is DROP:
        del target[keys[-1]]
    else:
        target[int(keys[-1]) if isinstance(target, list) else keys[-1]] = value
    return dict(content)


REFUSALS: list[tuple[str, Any, str]] = [
    ("serial", DROP, "serial must be a whole number"),
    ("serial", 1.0, "serial must be a whole number"),
    ("serial", -1, "serial must be a whole number"),
    ("policies", DROP, "policies must hold at least one version"),
    ("policies", "x", "policies must be a list"),
    ("policies/0", None, r"policies\[1\] must be a table"),
    ("policies/0/id", "", r"policies\[1\].id must be text"),
    ("policies/0/id", "x" * 401, "longer than 400"),
    ("policies/0/decree", [1], r"policies\[1\].decree must be a table"),
    ("policies/0/decree/no", 21, r"decree.no must be text"),
    ("policies/0/decree/date", "12-04-2023", r"decree.date must be a date"),
    ("policies/0/valid_from", DROP, r"policies\[1\].valid_from must be text"),
    ("policies/0/valid_from", "2023-02-29", r"valid_from must be a date like 2017-06-27"),
    ("policies/0/valid_to", "2023-04-11", r"valid_to lies before valid_from"),
    ("policies/0/tz", "Jakarta", r"policies\[1\].tz is wrong: 'Jakarta' is no time zone"),
    ("policies/0/ladder", "pp53", r"ladder must be by-date"),
    ("policies/0/scope", {"unit": "A", "group": "b"}, r"scope must name one of"),
    ("policies/0/scope", {"units": "A"}, r"scope must name one of"),
    ("policies/0/scope", {"unit": []}, r"scope.unit must be a name or a list"),
    ("policies/0/scope", {"unit": [3]}, r"scope.unit must be a name or a list"),
    ("policies/0/scope", "all", r"scope must be a table"),
    ("policies/0/groups", {}, r"groups must name at least one group"),
    ("policies/0/groups", {"A": {"week": {}}}, r"groups.A is wrong: 'A' is not a group name"),
    ("policies/0/groups", {"a": {}}, r"groups.a.week must be a table"),
    ("policies/0/default_group", "nobody", r"default_group names 'nobody'"),
    ("policies/0/groups/umum/week/monday", "off", r"week.monday must be one of mon, tue"),
    (MON, "free", r"week.mon must be a table"),
    (MON + "/in_open", DROP, r"mon.in_open must be text"),
    (MON + "/in_open", 6, r"mon.in_open must be text"),
    (MON + "/on_time_until", "7:30", r"mon.on_time_until is wrong: '7:30' is no clock time"),
    (MON + "/in_open", "08:00", r"mon must run in_open, on_time_until, split"),
    (MON + "/split", "07:30:59", r"mon must run in_open, on_time_until, split"),
    (MON + "/split", "16:01", r"mon must run in_open, on_time_until, split"),
    (MON + "/out_close", "15:59", r"mon must run in_open, on_time_until, split"),
    (MON + "/out_close", "07:00+2d", r"mon.out_close must close less than two days"),
    (MON + "/work", ["07:30"], r"mon.work must be two clock times"),
    (MON + "/work", ["16:00", "07:30"], r"mon.work must end after it starts"),
    (MON + "/break", ["12:00", "25:00"], r"mon.break.to is wrong"),
    ("policies/0/shifts/off", {"in_open": "06:00"}, r"shifts.off is the name of a free day"),
    ("policies/0/shifts/malam/out_close", "06:00", r"shifts.malam must run"),
    (
        "policies/0/overlays",
        [{"name": "r", "valid_from": "2026-02-18"}],
        r"overlays\[1\].valid_to must be text",
    ),
    (
        "policies/0/overlays",
        [{"name": "r", "valid_from": "2026-02-18", "valid_to": "2026-02-17", "groups": {}}],
        r"overlays\[1\].valid_to lies before valid_from",
    ),
    (
        "policies/0/overlays",
        [{"name": "r", "valid_from": "2026-02-18", "valid_to": "2026-02-18", "groups": {"x": {"week": {}}}}],
        r"overlays\[1\].groups names 'x', which is no group",
    ),
    (
        "policies/0/overlays",
        [
            {
                "name": "r",
                "valid_from": "2026-02-18",
                "valid_to": "2026-02-18",
                "groups": {"umum": {"week": {"mon": {"out_earliest": "11:00"}}}},
            }
        ],
        r"overlays\[1\].groups.umum.week.mon must run",
    ),
    (
        "policies/0/overlays",
        [
            {
                "name": "r",
                "valid_from": "2026-02-18",
                "valid_to": "2026-02-18",
                "groups": {"umum": {"week": {"sun": {"out_earliest": "11:00"}}}},
            }
        ],
        r"overlays\[1\].groups.umum.week.sun.in_open must be text",
    ),
    ("policies/0/tiers", DROP, r"tiers must be a table"),
    ("policies/0/tiers/late", [], r"tiers.late must list at least one tier"),
    ("policies/0/tiers/late/1/from", 1, r"tiers.late must list at least one tier, from few minutes to many"),
    ("policies/0/tiers/late/0/from", 0, r"late\[1\].from must be a whole number from 1"),
    ("policies/0/tiers/late/0/code", "TK", r"tiers.late must have codes of their own"),
    ("policies/0/tiers/late/0/code", "TL2", r"tiers.late must have codes of their own"),
    ("policies/0/pick", {"out": "first"}, r"pick must be in = first and out = last"),
    ("policies/0/missing/in_as", "TL9", r"missing.in_as names no tier"),
    ("policies/0/missing/out_as", "TL1", r"missing.out_as names no tier"),
    ("policies/0/missing/both", "ALPA", r"missing.both must be TK"),
    ("policies/0/excuses", ["TK"], r"excuses must be a list of codes"),
    ("policies/0/excuses", "DL", r"excuses must be a list"),
    ("policies/0/repeat_minutes", 61, r"repeat_minutes must be a whole number from 0 to 60"),
    ("policies/0/silence_s", 3601, r"silence_s must be a whole number from 0 to 3600"),
    ("policies/0/deduction/enabled", True, r"deduction.enabled can't be switched on without decree_no"),
    ("policies/0/deduction/enabled", "yes", r"deduction.enabled must be true or false"),
    ("policies/0/deduction/cap_hundredths_of_percent", 10_001, r"cap_hundredths_of_percent must be a whole"),
    ("policies/0/deduction/rates_hundredths_of_percent/TL1", 0.5, r"TL1 must be a whole number"),
    ("policies/0/conversion/minutes_per_day", 0, r"conversion.minutes_per_day must be a whole"),
    ("policies/0/conversion", {"enabled": True}, r"conversion.minutes_per_day must be a whole"),
    ("policies/0/quota/lupa_absen_month", 32, r"quota.lupa_absen_month must be a whole"),
    ("policies/0/quota/backdate_days", "7", r"quota.backdate_days must be a whole"),
    ("holidays/0/kind", "merah", r"holidays\[1\].kind must be one of"),
    ("holidays/0/decree", DROP, r"holidays\[1\].decree must be text"),
    ("holidays/0/units", [1], r"holidays\[1\].units must be a list of unit codes"),
    ("holidays/0/date", "2017-13-01", r"holidays\[1\].date must be a date"),
]


@pytest.mark.parametrize(
    ("path", "value", "words"), REFUSALS, ids=lambda value: "gone" if value is DROP else str(value)[:40]
)
def test_a_wrong_policy_is_refused_with_the_place_in_it(path: str, value: Any, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Policy.parse(_broken(path, value))


def test_the_document_that_these_break_is_good() -> None:
    assert Policy.parse(deepcopy(BASE)).serial == 1


def test_several_groups_need_one_that_is_the_default() -> None:
    content = deepcopy(BASE)
    version = content["policies"][0]
    del version["default_group"]
    Policy.parse(content)
    version["groups"]["kantor"] = version["groups"].pop("umum")
    version["overlay_templates"] = {}
    with pytest.raises(PolicyError, match="default_group must be named"):
        Policy.parse(content)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "two versions carry the id 'asn-2023'"),
        ({"id": "b"}, "'asn-2023' and 'b' start on the same day for the same people"),
    ],
)
def test_rival_versions_are_refused(change: dict[str, str], words: str) -> None:
    content = deepcopy(BASE)
    content["policies"].append({**deepcopy(content["policies"][0]), **change})
    with pytest.raises(PolicyError, match=words):
        Policy.parse(content)


@pytest.mark.parametrize("value", [[], "text", None, {1: 2}])
def test_what_is_no_document_is_refused(value: Any) -> None:
    with pytest.raises(PolicyError, match="the document"):
        Policy.parse(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id =\n", "not TOML: .*line 1"),
        ('id = "a"\nid = "b"\n', "not TOML: .*line 2"),
        ("", r"policies\[1\].groups must be a table"),
        ("rate = 0.5", "rate is a number with a fraction"),
    ],
)
def test_a_wrong_policy_file_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        parse_toml_policy(text)


def test_dates_of_toml_become_text() -> None:
    text = preset_text("asn-2023.toml").replace('"2023-04-12"', "2023-04-12")
    assert parse_toml_policy(text)["policies"][0]["valid_from"] == "2023-04-12"


def test_an_overlay_needs_a_template_of_that_name_and_dates_in_order() -> None:
    with pytest.raises(PolicyError, match="has no overlay template 'puasa'"):
        with_overlay(BASE, "asn-2023", "puasa", date(2026, 2, 18), date(2026, 3, 19), "SE 1")
    with pytest.raises(PolicyError, match="valid_to lies before"):
        with_overlay(BASE, "asn-2023", "ramadan", date(2026, 3, 19), date(2026, 2, 18), "SE 1")


def test_a_document_is_checked_when_it_gets_its_number() -> None:
    with pytest.raises(PolicyError, match="serial"):
        numbered(BASE, 0)
