"""What central knows of each node's health, for the technician's page."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, select

from attendance.chain import Event, parse_event
from attendance.errors import EvidenceError
from attendance.moment import ClockState, from_ms
from attendance.punch import HEALTH, RECOVERY
from central.board import is_quiet
from central.tables import checkpoint, event, fork, node, unit

OK = "ok"
STARTING = "starting"
WARN_FOR = timedelta(days=1)
_LOOK_BACK = 20


@dataclass(frozen=True, slots=True)
class NodeReport:
    """One node.

    Attributes:
        state: active, distrusted or retired.
        clock: trust of its last event's clock; None before the first event.
        emulated: it said that it runs on an emulated clock.
        sensor, camera: last word of the node on its parts: "ok", a fault's name, or None for silence.
        warnings: what it told people to know within `WARN_FOR`: `central-rolled-back`, `recovery`...
        events: how many central holds.
        backlog: how many events the node still has to send, by its own word; None where it does not know.
        photo_backlog: the same of photos; 0 is all of them, any other number is the least that it can be.
        forks: how many times it contradicted what central holds.
    """

    id: str
    unit: str
    unit_name: str
    state: str
    state_reason: str
    software: str
    quiet: bool
    seen: datetime | None
    claimed: datetime
    last_event: datetime | None
    clock: ClockState | None
    emulated: bool
    sensor: str | None
    camera: str | None
    events: int
    backlog: int | None
    photo_backlog: int | None
    forks: int
    warnings: tuple[str, ...]


def node_reports(connection: Connection, now: datetime, units: frozenset[str] | None) -> list[NodeReport]:
    """Every node in these units (None: all), those that need a person first, then by name of the unit."""
    forks = select(fork.c.node, func.count().label("forks")).group_by(fork.c.node).subquery()
    query = (
        select(node, unit.c.name.label("unit_name"), checkpoint.c.size, forks.c.forks)
        .select_from(
            node.join(unit, unit.c.code == node.c.unit)
            .outerjoin(checkpoint, and_(checkpoint.c.node == node.c.id, checkpoint.c.epoch == node.c.epoch))
            .outerjoin(forks, forks.c.node == node.c.id)
        )
        .order_by(unit.c.name, node.c.id)
    )
    reports = []
    for row in connection.execute(query):
        if units is not None and row.unit not in units:
            continue
        last = _newest(connection, row.id, row.epoch, 1)
        told = _newest(connection, row.id, row.epoch, _LOOK_BACK, [HEALTH, RECOVERY])
        said = next((event_.content for event_ in told if "sensor" in event_.content), {})
        seen = _moment(row.last_seen_ms)
        reports.append(
            NodeReport(
                id=row.id,
                unit=row.unit,
                unit_name=row.unit_name,
                state=row.state,
                state_reason=row.state_reason,
                software=row.software,
                quiet=row.state != "retired" and is_quiet(seen, now),
                seen=seen,
                claimed=from_ms(row.claimed_at_ms),
                last_event=last[0].moment.utc if last else None,
                clock=last[0].moment.state if last else None,
                emulated=row.clock_source == "emulated",
                sensor=part_state(said.get("sensor")),
                camera=part_state(said.get("camera")),
                events=row.size or 0,
                backlog=row.backlog,
                photo_backlog=row.photo_backlog,
                forks=row.forks or 0,
                warnings=_warnings(told, now),
            )
        )
    return sorted(reports, key=_urgency)


def part_state(said: object) -> str | None:
    """The state of a part as its node told it: a word, or an object with `state`; None for silence."""
    if isinstance(said, Mapping):
        state = said.get("state")
        if state is None and "ok" in said:
            state = OK if said["ok"] is True else said.get("error", "fault")
        said = state
    return said[:60] if isinstance(said, str) and said else None


def _urgency(report: NodeReport) -> int:
    if report.state == "retired":
        return 4
    if report.state == "distrusted" or report.forks:
        return 0
    if report.quiet:
        return 1
    parts_fail = is_fault(report.sensor) or is_fault(report.camera)
    return 2 if parts_fail or report.clock is ClockState.DOUBTFUL or report.warnings else 3


def is_fault(state: str | None) -> bool:
    """Whether a part needs somebody."""
    return state not in (None, OK, STARTING)


def _newest(
    connection: Connection, node_id: str, epoch: int, limit: int, types: Sequence[str] = ()
) -> list[Event]:
    """The newest events of a node, newest first. Health comes every few minutes, so the way back is short."""
    query = select(event.c.header, event.c.body).where(event.c.node == node_id, event.c.epoch == epoch)
    if types:
        query = query.where(event.c.type.in_(types))
    found = []
    for row in connection.execute(query.order_by(event.c.seq.desc()).limit(limit)):
        # A body in an older format has nothing to show.
        with suppress(EvidenceError):
            found.append(parse_event(bytes(row.header), bytes(row.body) if row.body is not None else None))
    return found


def _warnings(told: Sequence[Event], now: datetime) -> tuple[str, ...]:
    kinds = set()
    for event_ in told:
        if now - event_.moment.utc <= WARN_FOR:
            alarm = event_.content.get("alarm")
            if event_.type == RECOVERY:
                kinds.add(RECOVERY)
            elif isinstance(alarm, Mapping):
                kinds.add(str(alarm.get("kind", ""))[:60])
    return tuple(sorted(kinds))


def _moment(ms: int | None) -> datetime | None:
    return from_ms(ms) if ms is not None else None
