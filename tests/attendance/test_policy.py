from copy import deepcopy
from datetime import date, datetime
from typing import Any

import pytest

from attendance.calendar import at, clock_time
from attendance.errors import PolicyError
from attendance.policy import DayOff, Policy, Schedule
from attendance.policy_presets import PRESETS, parse_toml_policy, preset_file, with_overlay
from tests.support.office import preset, preset_content, preset_text, someone, wib, working

MONDAY, FRIDAY, SATURDAY = date(2026, 3, 2), date(2026, 3, 6), date(2026, 3, 7)


def _clocks(schedule: Schedule | DayOff) -> list[str]:
    assert isinstance(schedule, Schedule)
    moments = (
        schedule.in_open,
        schedule.on_time_until,
        schedule.split,
        schedule.out_earliest,
        schedule.out_close,
    )
    return [moment.strftime("%H:%M:%S") for moment in moments]


def test_the_rules_of_2017_are_those_of_the_regency() -> None:
    policy, person = preset("tanggamus-2017"), someone()
    monday = working(policy, person, date(2017, 3, 6))
    friday = working(policy, person, date(2017, 3, 10))
    assert _clocks(monday) == ["05:30:00", "09:00:59", "12:00:00", "15:30:00", "23:59:59"]
    assert _clocks(friday) == ["05:30:00", "09:00:59", "11:30:00", "15:00:00", "23:59:59"]
    assert monday.work is None, "a cut-off is no working schedule"
    assert monday.in_open == wib("2017-03-06 05:30:00")
    assert isinstance(policy.schedule(person, date(2017, 3, 11)), DayOff)


def test_the_rules_of_2023_are_those_of_the_presidential_regulation() -> None:
    policy, person = preset("asn-2023"), someone()
    monday = working(policy, person, MONDAY)
    assert _clocks(monday) == ["06:00:00", "07:30:59", "12:00:00", "16:00:00", "23:59:59"]
    assert _clocks(working(policy, person, FRIDAY)) == [
        "06:00:00",
        "07:30:59",
        "11:30:00",
        "16:30:00",
        "23:59:59",
    ]
    assert monday.work == (wib("2026-03-02 07:30:00"), wib("2026-03-02 16:00:00"))
    assert [tier.minutes for tier in monday.late_tiers] == [1, 31, 61, 91]
    assert [tier.code for tier in monday.early_tiers] == ["PSW1", "PSW2", "PSW3", "PSW4"]


def test_the_six_day_week_works_on_saturday_and_holds_37_and_a_half_hours() -> None:
    version = preset("asn-2023").versions[0]
    assert isinstance(preset("asn-2023").schedule(someone(group="enam-hari"), SATURDAY), Schedule)
    for group in ("umum", "enam-hari"):
        hours = 0.0
        for window in version.groups[group].values():
            assert window is not None
            assert window.work is not None
            rest = (window.rest[1] - window.rest[0]).total_seconds() if window.rest else 0
            hours += ((window.work[1] - window.work[0]).total_seconds() - rest) / 3600
        assert hours == 37.5, group


@pytest.mark.parametrize("name", PRESETS)
def test_a_policy_reads_back_as_the_same_content(name: str) -> None:
    content = preset_content(name)
    assert Policy.parse(content).content() == content


def test_fields_of_a_newer_version_are_kept_on_every_level() -> None:
    content = preset_content("asn-2023")
    content["colour"] = "green"
    content["policies"][0]["flexi"] = {"minutes": 90}
    content["policies"][0]["groups"]["umum"]["week"]["mon"]["lamp"] = 1
    content["holidays"][0]["note"] = "x"
    assert Policy.parse(deepcopy(content)).content() == content


def test_what_was_read_does_not_change_with_the_callers_copy() -> None:
    content = preset_content("asn-2023")
    policy = Policy.parse(content)
    content["policies"][0]["id"] = "changed"
    policy.content()["serial"] = 99
    assert policy.content()["policies"][0]["id"] == "asn-2023"
    assert policy.content()["serial"] == 1


def test_ramadan_moves_the_windows_on_its_dates_only() -> None:
    first, last = date(2026, 2, 18), date(2026, 3, 19)
    content = with_overlay(preset_content("asn-2023"), "asn-2023", "ramadan", first, last, "SE 1/2026")
    policy, person = Policy.parse(content), someone()
    assert _clocks(policy.schedule(person, MONDAY)) == [
        "06:00:00",
        "08:00:59",
        "12:00:00",
        "15:00:00",
        "23:59:59",
    ]
    assert _clocks(policy.schedule(person, FRIDAY)) == [
        "06:00:00",
        "08:00:59",
        "11:30:00",
        "15:30:00",
        "23:59:59",
    ]
    for outside in (date(2026, 2, 13), date(2026, 3, 27)):
        assert _clocks(policy.schedule(person, outside))[1] == "07:30:59"
    assert isinstance(policy.schedule(person, SATURDAY), DayOff)
    assert content["policies"][0]["overlays"][0]["decree"] == {"no": "SE 1/2026"}


def test_ramadan_of_2017_leaves_the_cut_off_alone() -> None:
    days = (date(2017, 5, 27), date(2017, 6, 24))
    content = with_overlay(preset_content("tanggamus-2017"), "tanggamus-2017", "ramadan", *days, "SE 20/2017")
    clocks = _clocks(Policy.parse(content).schedule(someone(), date(2017, 6, 5)))
    assert clocks == ["05:30:00", "09:00:59", "12:00:00", "15:00:00", "23:59:59"]


def test_of_two_overlays_the_later_one_in_the_list_wins() -> None:
    content = with_overlay(preset_content("asn-2023"), "asn-2023", "ramadan", MONDAY, FRIDAY, "SE 1")
    week = {"mon": {"on_time_until": "10:00:59"}, "tue": "off"}
    content["policies"][0]["overlays"].append(
        {
            "name": "banjir",
            "valid_from": "2026-03-02",
            "valid_to": "2026-03-03",
            "groups": {"umum": {"week": week}},
        }
    )
    policy = Policy.parse(content)
    assert _clocks(policy.schedule(someone(), MONDAY))[1] == "10:00:59"
    assert isinstance(policy.schedule(someone(), date(2026, 3, 3)), DayOff)
    assert _clocks(policy.schedule(someone(), date(2026, 3, 4)))[1] == "08:00:59"


def test_a_holiday_names_itself_and_cuti_bersama_is_told_apart() -> None:
    policy = preset("tanggamus-2017")
    joint, public = (policy.schedule(someone(), date(2017, *day)) for day in ((6, 27), (8, 17)))
    assert isinstance(joint, DayOff)
    assert isinstance(public, DayOff)
    assert (joint.joint_leave, public.joint_leave) == (True, False)
    assert public.reason == "Hari Kemerdekaan"


def test_a_local_holiday_holds_for_its_units_only() -> None:
    content = preset_content("asn-2023")
    local = {"date": "2026-03-02", "name": "HUT", "kind": "local", "decree": "SE 3", "units": ["RSUD"]}
    content["holidays"].append(local)
    policy = Policy.parse(content)
    assert isinstance(policy.schedule(someone(unit="RSUD"), MONDAY), DayOff)
    assert isinstance(policy.schedule(someone(unit="DISKOMINFO"), MONDAY), Schedule)


def test_a_rostered_shift_is_worked_on_a_holiday_and_may_end_on_the_next_date() -> None:
    eid = date(2026, 3, 21)
    schedule = preset("asn-2023").schedule(someone((eid, "malam"), group="piket"), eid)
    assert isinstance(schedule, Schedule)
    assert (schedule.day, schedule.shift) == (eid, "malam")
    assert schedule.on_time_until == wib("2026-03-21 20:00:59")
    assert schedule.out_earliest == wib("2026-03-22 07:30:00")


def test_rest_after_a_shift_and_a_day_without_a_shift_are_days_off() -> None:
    person = someone((MONDAY, "off"), (FRIDAY, "pagi"), group="umum")
    rest = preset("asn-2023").schedule(person, MONDAY)
    assert isinstance(rest, DayOff)
    assert rest.reason == "lepas piket"
    assert isinstance(preset("asn-2023").schedule(someone(group="piket"), MONDAY), DayOff)


def _with_versions(*changes: dict[str, Any]) -> Policy:
    content = preset_content("asn-2023")
    base = content["policies"][0]
    content["policies"] = [base, *({**deepcopy(base), **change} for change in changes)]
    return Policy.parse(content)


def test_the_most_specific_scope_wins_in_whatever_order_they_stand() -> None:
    scopes = [{"unit": ["DISKOMINFO", "RSUD"]}, {"group": "umum"}, {"person": "p-1"}]
    changes = [{"id": f"v{number}", "scope": scope} for number, scope in enumerate(scopes, start=1)]
    for ordered in (changes, changes[::-1]):
        policy = _with_versions(*ordered)
        assert policy.version(someone(), MONDAY).id == "v3"
        assert policy.version(someone(group="x"), MONDAY).id == "v3"
    assert _with_versions(*changes[:2]).version(someone(), MONDAY).id == "v2"
    assert _with_versions(*changes[:1]).version(someone(), MONDAY).id == "v1"
    assert _with_versions(*changes[:1]).version(someone(unit="DINSOS"), MONDAY).id == "asn-2023"


def test_a_newer_decree_takes_over_on_its_date_and_the_old_days_keep_the_old_rules() -> None:
    policy = _with_versions({"id": "perbup-9", "valid_from": "2026-03-04"})
    assert policy.version(someone(), date(2026, 3, 3)).id == "asn-2023"
    assert policy.version(someone(), date(2026, 3, 4)).id == "perbup-9"


def test_a_version_that_has_ended_gives_way_to_the_wider_one() -> None:
    policy = _with_versions({"id": "trial", "valid_to": "2026-03-02", "scope": {"unit": "DISKOMINFO"}})
    assert policy.version(someone(), MONDAY).id == "trial"
    assert policy.version(someone(), date(2026, 3, 3)).id == "asn-2023"


def test_a_group_that_the_version_lacks_falls_back_to_its_default() -> None:
    assert working(preset("asn-2023"), someone(group="pppk-baru"), MONDAY).group == "umum"


def test_the_versions_zone_decides_and_not_the_callers() -> None:
    policy = _with_versions({"id": "timur", "tz": "WIT", "scope": {"unit": "X"}})
    schedule = working(policy, someone(unit="X"), MONDAY)
    assert schedule.on_time_until == datetime.fromisoformat("2026-03-01T22:30:59+00:00")
    assert schedule.in_open == at(MONDAY, clock_time("06:00"), schedule.zone)


def test_a_day_without_rules_and_an_unknown_shift_are_refused_in_words() -> None:
    policy = preset("asn-2023")
    with pytest.raises(PolicyError, match="no rules are in force for p-1 on 2020-01-01"):
        policy.schedule(someone(), date(2020, 1, 1))
    with pytest.raises(PolicyError, match="names shift 'sore', unknown to asn-2023"):
        policy.schedule(someone((MONDAY, "sore")), MONDAY)


def test_the_presets_are_named_and_others_refused() -> None:
    assert [preset_file(name) for name in PRESETS] == ["tanggamus-2017.toml", "asn-2023.toml"]
    with pytest.raises(PolicyError, match="is no preset"):
        preset_file("../secret")


def test_deduction_stays_off_in_both_presets() -> None:
    for name in PRESETS:
        assert not preset(name).versions[0].rules.deduction.enabled
    rates = preset("asn-2023").versions[0].rules.deduction.rates
    assert (rates["TL1"], rates["PSW4"], rates["TK"]) == (50, 150, 300)


def test_a_file_may_hold_one_version_or_several() -> None:
    text = preset_text("asn-2023.toml")
    head = 'id = "asn-2023"'
    assert parse_toml_policy("\ufeff" + text)["policies"][0]["id"] == "asn-2023"
    several = parse_toml_policy(
        _as_list(text) + _as_list(text.replace(head, 'id = "b"').replace("-12", "-13"))
    )
    assert [version["id"] for version in several["policies"]] == ["asn-2023", "b"]


def _as_list(text: str) -> str:
    lines = [
        f"[policies.{line[1:]}" if line.startswith("[") and not line.startswith("[[") else line
        for line in text.splitlines()
    ]
    return "\n".join(["[[policies]]", *lines, ""])
