"""From the words of a policy document to its values. Every refusal names the place in the document."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from attendance.calendar import WEEKDAYS, clock_time, zone
from attendance.errors import PersonError, PolicyError
from attendance.people import check_group
from attendance.reading import Fields
from attendance.rules import DayWindow, Decree, Deduction, Missing, Overlay, Rules, Scope, Tier, Version, Week

OFF = "off"
RESERVED_CODES = frozenset({"H", "HL", "TK", "TAM", "TAP", "pending"})
_CLOCKS = ("in_open", "on_time_until", "split", "out_earliest", "out_close")
_SCOPES = ("unit", "group", "person")
_MINUTES_IN_A_DAY = 1440


def read_version(fields: Fields) -> Version:
    """One version of the rules.

    Raises:
        PolicyError: anything in it that can't be.
    """
    groups = {name: _week(week, {}) for name, week in _weeks(fields.table("groups"))}
    if not groups:
        raise fields.refuse("must name at least one group", "groups")
    valid_from, valid_to = fields.day("valid_from"), fields.optional_day("valid_to")
    if valid_to is not None and valid_to < valid_from:
        raise fields.refuse("lies before valid_from", "valid_to")
    if fields.values.get("ladder", "by-date") != "by-date":
        raise fields.refuse("must be by-date: the law in force on the day decides", "ladder")
    return Version(
        fields.text("id"),
        _decree(fields.optional_table("decree")),
        valid_from,
        valid_to,
        _scope(fields.optional_table("scope")),
        fields.checked("tz", zone),
        _default_group(fields, groups),
        groups,
        tuple(_overlay(overlay, groups) for overlay in fields.tables("overlays")),
        _shifts(fields.optional_table("shifts")),
        _rules(fields),
    )


def _group(fields: Fields, key: str) -> str:
    try:
        return check_group(key)
    except PersonError as error:
        raise fields.refuse(f"is wrong: {error}", key[:40]) from error


def _decree(fields: Fields) -> Decree:
    return Decree(fields.optional_text("no"), fields.optional_day("date"), fields.optional_text("note"))


def _scope(fields: Fields) -> Scope:
    kinds = [kind for kind in _SCOPES if fields.has(kind)]
    strange = set(fields.values) - {*_SCOPES, "all"}
    if len(kinds) > 1 or strange:
        raise fields.refuse("must name one of all, unit, group or person and nothing else")
    if not kinds:
        return Scope()
    value = fields.values[kinds[0]]
    names = (value,) if isinstance(value, str) else fields.items(kinds[0])
    if not names or not all(isinstance(name, str) and name for name in names):
        raise fields.refuse("must be a name or a list of names", kinds[0])
    return Scope(kinds[0], frozenset(names))


def _default_group(fields: Fields, groups: Mapping[str, Week]) -> str:
    if fields.has("default_group"):
        name = fields.text("default_group")
    else:
        name = "umum" if "umum" in groups else next(iter(groups))
        if name != "umum" and len(groups) > 1:
            raise fields.refuse(
                "must be named when there are several groups and none is called umum", "default_group"
            )
    if name not in groups:
        raise fields.refuse(f"names {name!r}, which is no group here", "default_group")
    return name


def _weeks(table: Fields) -> Iterator[tuple[str, Fields]]:
    for name in table.values:
        yield _group(table, name), table.table(name).table("week")


def _week(week: Fields, base: Week) -> Week:
    """The days that are named here; each starts from the same day of the week below, if there is one."""
    strange = week.rest(*WEEKDAYS)
    if strange:
        raise week.refuse(f"must be one of {', '.join(WEEKDAYS)}", next(iter(strange))[:40])
    days: dict[int, DayWindow | None] = {}
    for number, name in enumerate(WEEKDAYS):
        if name in week.values:
            value = week.values[name]
            days[number] = None if value == OFF else _window(week.table(name), base.get(number))
    return days


def _window(fields: Fields, below: DayWindow | None) -> DayWindow:
    clocks = {
        key: fields.checked(key, clock_time) if below is None or fields.has(key) else getattr(below, key)
        for key in _CLOCKS
    }
    work = _span(fields, "work") or (below.work if below else None)
    rest = _span(fields, "break") or (below.rest if below else None)
    window = DayWindow(**clocks, work=work, rest=rest)
    in_order = (
        window.in_open <= window.on_time_until < window.split <= window.out_earliest <= window.out_close
    )
    if not in_order:
        raise fields.refuse(
            "must run in_open, on_time_until, split, out_earliest, out_close from early to late"
        )
    if window.out_close - window.in_open >= timedelta(days=2):
        raise fields.refuse("must close less than two days after it opens", "out_close")
    return window


def _span(fields: Fields, key: str) -> tuple[timedelta, timedelta] | None:
    if not fields.has(key):
        return None
    ends = fields.items(key)
    if len(ends) != 2:
        raise fields.refuse("must be two clock times", key)
    pair = Fields({"from": ends[0], "to": ends[1]}, fields.place(key), PolicyError)
    start, end = pair.checked("from", clock_time), pair.checked("to", clock_time)
    if end <= start:
        raise fields.refuse("must end after it starts", key)
    return start, end


def _overlay(fields: Fields, groups: Mapping[str, Week]) -> Overlay:
    first, last = fields.day("valid_from"), fields.day("valid_to")
    if last < first:
        raise fields.refuse("lies before valid_from", "valid_to")
    weeks = {}
    for name, week in _weeks(fields.table("groups")):
        if name not in groups:
            raise fields.refuse(f"names {name!r}, which is no group here", "groups")
        weeks[name] = _week(week, groups[name])
    return Overlay(fields.text("name"), first, last, weeks)


def _shifts(table: Fields) -> dict[str, DayWindow]:
    if OFF in table.values:
        raise table.refuse("is the name of a free day and can't be a shift", OFF)
    return {_group(table, name): _window(table.table(name), None) for name in table.values}


def _rules(fields: Fields) -> Rules:
    tiers, missing = fields.table("tiers"), fields.optional_table("missing")
    pick, quota = fields.optional_table("pick"), fields.optional_table("quota")
    if (pick.values.get("in", "first"), pick.values.get("out", "last")) != ("first", "last"):
        raise pick.refuse("must be in = first and out = last; no other choice is safe against a double punch")
    late, early = _tiers(tiers, "late"), _tiers(tiers, "early")
    conversion = fields.optional_table("conversion")
    per_day = (
        timedelta(minutes=conversion.whole("minutes_per_day", 1, _MINUTES_IN_A_DAY))
        if conversion.values
        else None
    )
    return Rules(
        late,
        early,
        _missing(missing, late, early),
        _excuses(fields),
        _deduction(fields.optional_table("deduction")),
        timedelta(minutes=fields.whole("repeat_minutes", 0, 60) if fields.has("repeat_minutes") else 5),
        timedelta(seconds=fields.whole("silence_s", 0, 3600) if fields.has("silence_s") else 0),
        per_day if conversion.flag("enabled") else None,
        quota.whole("lupa_absen_month", 0, 31) if quota.has("lupa_absen_month") else None,
        timedelta(days=quota.whole("backdate_days", 0, 366)) if quota.has("backdate_days") else None,
    )


def _tiers(fields: Fields, key: str) -> tuple[Tier, ...]:
    tiers = tuple(
        Tier(row.text("code"), row.whole("from", 1, _MINUTES_IN_A_DAY)) for row in fields.tables(key)
    )
    starts = [tier.minutes for tier in tiers]
    if not tiers or starts != sorted(set(starts)):
        raise fields.refuse("must list at least one tier, from few minutes to many", key)
    if RESERVED_CODES & {tier.code for tier in tiers} or len({tier.code for tier in tiers}) < len(tiers):
        raise fields.refuse("must have codes of their own", key)
    return tiers


def _missing(fields: Fields, late: tuple[Tier, ...], early: tuple[Tier, ...]) -> Missing:
    for key, tiers in (("in_as", late), ("out_as", early)):
        if fields.has(key) and fields.text(key) not in {tier.code for tier in tiers}:
            raise fields.refuse("names no tier of this version", key)
    for key, code in (("in", "TAM"), ("out", "TAP"), ("both", "TK")):
        if fields.values.get(key, code) != code:
            raise fields.refuse(f"must be {code}: recaps know no other code for it", key)
    return Missing(fields.optional_text("in_as"), fields.optional_text("out_as"))


def _excuses(fields: Fields) -> frozenset[str]:
    codes = fields.items("excuses")
    if not all(isinstance(code, str) and code and code not in RESERVED_CODES for code in codes):
        raise fields.refuse("must be a list of codes, none of which the day itself uses", "excuses")
    return frozenset(codes)


def _deduction(fields: Fields) -> Deduction:
    rates = fields.optional_table("rates_hundredths_of_percent")
    cap = (
        fields.whole("cap_hundredths_of_percent", 0, 10_000)
        if fields.has("cap_hundredths_of_percent")
        else 10_000
    )
    deduction = Deduction(
        fields.flag("enabled"),
        fields.optional_text("decree_no"),
        {code: rates.whole(code, 0, 10_000) for code in rates.values},
        cap,
    )
    if deduction.enabled and deduction.decree_no is None:
        raise fields.refuse("can't be switched on without decree_no: money needs a decree", "enabled")
    return deduction
