"""Where somebody works from when, after a row of an import has been heard: values in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """One unit and group, from a day to a day, both included; no end is for ever."""

    unit: str
    group: str
    since: date
    until: date | None = None

    def is_at(self, other: "Stay") -> bool:
        """Whether both name the same unit and group."""
        return (self.unit, self.group) == (other.unit, other.group)


def placed(
    known: Sequence[Stay], unit: str, group: str, since: date | None, today: date
) -> tuple[list[Stay], tuple[str, ...]]:
    """What the books hold after a row that puts somebody here.

    What was before stays as it was (a mutasi splits the month). An earlier date than the one on record
    corrects it, but never reaches behind the assignment before that: many files name the day somebody became
    a civil servant. A row that speaks of today leaves alone what is planned for later: a move elsewhere, and
    a last day.

    Args:
        known: all assignments of the person, in order.
        unit: what the row says.
        group: what the row says.
        since: the row's date; None where it has none.
        today: at central.

    Returns:
        All assignments as they should stand, and what whoever imports must be told, in Indonesian.
    """
    wanted = Stay(unit, group, since or today)
    heard, planned = _heard(known, wanted, today)
    latest = heard[-1] if heard else None
    if latest is not None and len(heard) > 1 and wanted.since <= heard[-2].since:
        wanted = replace(wanted, since=latest.since)
    if latest is not None and _says_nothing_new(latest, wanted, since, today):
        return list(known), _still_planned(latest, planned)
    until = None
    if planned:
        until = planned[0].since - _ONE_DAY
    elif latest is not None and latest.until is not None and latest.until >= max(today, wanted.since):
        until = latest.until
    wanted = replace(wanted, until=until)
    before = [_ended(stay, wanted.since) for stay in heard if stay.since < wanted.since]
    if known and known[-1].until is not None and until is None:
        return [*before, wanted], (_taken_back(known[-1].until, wanted.since),)
    return [*before, wanted, *planned], _still_planned(wanted, planned)


def _heard(known: Sequence[Stay], wanted: Stay, today: date) -> tuple[list[Stay], list[Stay]]:
    """What the row speaks of, and what is planned for later and none of its business."""
    later = [stay for stay in known if stay.since > today]
    if not later or wanted.since > today or later[-1].is_at(wanted):
        return list(known), []
    return [stay for stay in known if stay.since <= today], later


def _says_nothing_new(latest: Stay, wanted: Stay, since: date | None, today: date) -> bool:
    if not latest.is_at(wanted):
        return False
    if latest.until is not None and latest.until < max(today, wanted.since):
        return False
    return since is None or wanted.since >= latest.since


def _ended(stay: Stay, next_since: date) -> Stay:
    runs_on = stay.until is None or stay.until >= next_since
    return replace(stay, until=next_since - _ONE_DAY) if runs_on else stay


def _still_planned(latest: Stay, planned: Sequence[Stay]) -> tuple[str, ...]:
    if planned:
        first = planned[0]
        return (f"Rencana pindah ke {first.unit} mulai {first.since.isoformat()} tetap berlaku.",)
    if latest.until is not None:
        last = latest.until.isoformat()
        return (f"Hari terakhir {last} tetap berlaku; untuk membatalkannya tulis TMT sesudah hari itu.",)
    return ()


def _taken_back(last_day: date, since: date) -> str:
    return (
        f"Sudah berhenti dengan hari terakhir {last_day.isoformat()}; "
        f"impor ini menerimanya kembali mulai {since.isoformat()}."
    )
