"""`hadir-central templates`: where fingers stand, in one look; the text to print, in Indonesian."""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from central import placements
from central.office import Office
from central.placement_needs import enrolled_people, needs_of
from central.placement_planning import Changes
from central.placements import OutstandingPurge
from central.tables import node, template, template_search
from central.template_placing import Load
from central.template_room import Level

_STATES = {"clear": "boleh dikirim", "searching": "masih dicari", "held": "ditahan"}
_LEVELS = {Level.NEAR: "hampir penuh", Level.FULL: "penuh"}
_REASONS = {"left": "berhenti", "moved": "pindah", "replaced": "diganti", "decided": "keputusan"}
_DAY_MS = 86_400_000


def tell_templates(office: Office) -> str:
    """How many templates there are, what is searched and erased, and where sensors run full."""
    now_ms = office.clock.now_ms()
    with office.database.read() as connection:
        lines = [
            *_states(connection),
            *_searches(connection),
            *_purges(placements.outstanding_purges(connection, now_ms), now_ms),
            *_room(placements.read_changes(connection, now_ms), enrolled_people(connection)),
        ]
    return "\n".join(lines)


def _states(connection: Connection) -> Iterable[str]:
    rows = connection.execute(select(template.c.state, func.count()).group_by(template.c.state))
    counts = dict(tuple(row) for row in rows)
    told = ", ".join(f"{counts.get(state, 0)} {words}" for state, words in _STATES.items())
    yield f"Sidik jari tersimpan: {sum(counts.values())} ({told})"


def _searches(connection: Connection) -> Iterable[str]:
    rows = connection.execute(
        select(template_search.c.node, node.c.unit, func.count().label("waiting"))
        .join(node, node.c.id == template_search.c.node)
        .where(template_search.c.state == "waiting")
        .group_by(template_search.c.node, node.c.unit)
        .order_by(node.c.unit, template_search.c.node)
    ).all()
    yield f"Pencarian yang ditunggu: {sum(row.waiting for row in rows)}"
    for row in rows:
        yield f"  {row.unit} {row.node}: {row.waiting}"


def _purges(purges: Iterable[OutstandingPurge], now_ms: int) -> Iterable[str]:
    owed = list(purges)
    yield f"Penghapusan yang belum dipastikan alat: {len(owed)}"
    for each in owed:
        why = f"ditolak: {each.reason}" if each.failed else _REASONS.get(each.reason, each.reason)
        slots = " ".join(str(slot) for slot in each.slots)
        days = (now_ms - each.since_ms) // _DAY_MS
        yield (
            f"  {each.unit} {each.node} ({each.state}): {each.person}, slot {slots}, {why}, sejak {days} hari"
        )


def _room(changes: Changes, enrolled: frozenset[str]) -> Iterable[str]:
    full = [
        (unit_code, load)
        for unit_code, placing in changes.units.items()
        for load in (placing.unit, *placing.loads)
        if load.level is not Level.FREE
    ]
    yield f"Sensor dan unit yang hampir penuh: {len(full)}"
    for unit_code, load in full:
        yield f"  {_load(unit_code, load)}"
    needs = needs_of(changes, enrolled)
    for unit_code, people in needs.without_room.items():
        yield f"  {unit_code}: tidak ada tempat untuk {', '.join(people)}"
    missing = {code: {person for person, _ in placing.to_enrol} for code, placing in changes.units.items()}
    yield (
        f"Perlu didaftarkan di alat tempat kerjanya: {sum(len(people) for people in missing.values())} "
        f"({len(needs.elsewhere)} sudah terdaftar di sensor lain)"
    )
    yield from (f"  {code}: {len(people)} orang" for code, people in missing.items() if people)


def _load(unit_code: str, load: Load) -> str:
    where = f"{unit_code} {load.name}" if load.name else f"{unit_code} seluruhnya"
    return f"{where}: {load.slots} dari {load.plan} tempat yang direncanakan, {_LEVELS[load.level]}"
