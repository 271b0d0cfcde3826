"""Two people whose fingers a sensor takes for one: told once, held back, decided by people with a reason.

Nobody is punished by a finding. Until it is decided the template travels to no other office, and the person
goes on punching where they were enrolled, with a flag on their days.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, false, func, insert, or_, select, update

from attendance.errors import HadirError
from attendance.moment import from_ms
from central import audit, dirty_days, finding_photos, template_states
from central.tables import finding, slot

OPENED = "finding-opened"
DECIDED = "finding-decided"
OPEN = "open"


class Verdict(StrEnum):
    """What people say of a finding."""

    CHANCE = "chance"
    """Two fingers that the sensor takes for one: it happens."""
    SAME_PERSON = "same-person"
    """One human with two ids."""
    CHEAT = "cheat"
    """A finger of one person was enrolled for another: the new one is false."""
    CHEAT_OTHER = "cheat-other"
    """The same, and the one that was there before is false: the new finger is its owner's own."""


_FLAGGED_MS = func.coalesce(finding.c.since_ms, finding.c.opened_ms)
_INNOCENT = (Verdict.CHANCE.value, Verdict.SAME_PERSON.value)


class FindingError(HadirError):
    """The decision is not taken; the sentence is for whoever decides."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a node told.

    Attributes:
        kind: "search" where a search hit somebody else, "enrolment" where an enrolment was refused.
        employee: whose new finger it is; known.
        other: who holds the slot that answered, or None where nobody is known.
        template: central's id of the new finger; None where nothing was stored.
        other_template: of what the books have in the slot that answered, or None.
        node: where. slot: which slot of it, or None.
        score: of the match, or None; not comparable between models.
        event: node/epoch/seq of what told it.
        other_event: of what filled the slot that answered, or None.
        photo: hash of a photo that came with the event, or None.
    """

    kind: str
    employee: str
    other: str | None
    template: str | None
    other_template: str | None
    node: str
    slot: int | None
    score: int | None
    event: str
    other_event: str | None
    photo: str | None = None


def open_finding(connection: Connection, told: Suspicion, now_ms: int) -> int | None:
    """Open a finding, and hold the template back.

    Returns:
        Its number; None where it was told before, or was decided for the same two fingers elsewhere.
    """
    if (
        connection.scalar(select(finding.c.id).where(_told_before(told) | _settled(told)).limit(1))
        is not None
    ):
        return None
    photo, other_photo = told.photo, None
    since_ms = _stored_since(connection, told, now_ms)
    if photo is None and told.template is not None:
        photo = finding_photos.face_of_template(connection, told.template, now_ms)
    if told.other is not None:
        other_photo = finding_photos.face_in_slot(
            connection, told.other, told.other_event, told.other_template, now_ms
        )
    opened = connection.execute(
        insert(finding)
        .values(
            kind=told.kind,
            employee=told.employee,
            other=told.other,
            template=told.template,
            other_template=told.other_template,
            node=told.node,
            slot=told.slot,
            score=told.score,
            event=told.event,
            photo=photo,
            other_photo=other_photo,
            state=OPEN,
            since_ms=since_ms,
            opened_ms=now_ms,
        )
        .returning(finding.c.id)
    ).scalar_one()
    template_states.refresh(connection, [told.template])
    dirty_days.mark_people(connection, [told.employee], since_ms)
    detail = f"{told.kind} {opened}: {told.other or 'nobody known'} in slot {told.slot} of node {told.node}"
    audit.note(connection, now_ms, f"node:{told.node}", OPENED, told.employee, detail)
    return int(opened)


def decide(
    connection: Connection, finding_id: int, verdict: str, note: str, actor: str, now_ms: int
) -> list[int]:
    """Decide a finding, or correct a decision; every decision stays in the log of deeds.

    Open findings of the same two fingers, told by other nodes, are decided with it.

    Args:
        connection: the transaction.
        finding_id: which.
        verdict: one of `Verdict`.
        note: why; an empty one is refused.
        actor: name of the account.
        now_ms: central's clock.

    Returns:
        The numbers of all findings that were decided.

    Raises:
        FindingError: no such finding or verdict, it stands so already, no reason is given, or the finger that
            was there before is not in the safe, so that nobody can say where it lies.
    """
    if verdict not in set(Verdict):
        raise FindingError(f"Keputusan {verdict[:40]!r} tidak dikenal.")
    if not note.strip():
        raise FindingError("Alasan kosong: tulis apa yang diperiksa dan oleh siapa.")
    row = connection.execute(select(finding).where(finding.c.id == finding_id)).one_or_none()
    if row is None:
        raise FindingError(f"Temuan {finding_id} tidak ada.")
    if verdict == Verdict.CHEAT_OTHER and (row.other is None or row.other_template is None):
        raise FindingError(
            "Jari yang lama belum ada di simpanan server. Bila alatnya sedang mati, nyalakan dulu; "
            "bila tempat itu tak bertuan, minta teknisi mengosongkannya di alat."
        )
    alike = (finding.c.id == row.id) | _alike(row, Verdict(verdict))
    rows = connection.execute(select(finding).where(alike).order_by(finding.c.id).with_for_update()).all()
    rows = [each for each in rows if each.state in (OPEN, row.state)]
    if row.id not in {each.id for each in rows} or row.state == verdict:
        raise FindingError(f"Temuan {finding_id} sudah diputus demikian.")
    numbers = [each.id for each in rows]
    values = {"state": verdict, "decided_by": actor[:80], "note": note.strip(), "decided_ms": now_ms}
    connection.execute(update(finding).where(finding.c.id.in_(numbers)).values(**values))
    for each in rows:
        detail = f"{each.id}: {verdict}, before: {each.state} {each.note}".rstrip() + f"; {note.strip()}"
        audit.note(connection, now_ms, actor, DECIDED, each.employee, detail)
    template_states.refresh(
        connection, [name for each in rows for name in (each.template, each.other_template)]
    )
    dirty_days.mark_people(
        connection, [each.employee for each in rows], min(each.since_ms or each.opened_ms for each in rows)
    )
    return numbers


def _stored_since(connection: Connection, told: Suspicion, now_ms: int) -> int:
    """Since when somebody may have been booked by the new finger.

    A node that had no network may have done so for weeks before anybody could look for it elsewhere.
    """
    mine = (slot.c.template == told.template) & (slot.c.employee == told.employee)
    since_ms = connection.scalar(select(func.min(slot.c.since_ms)).where(mine))
    return now_ms if since_ms is None else min(since_ms, now_ms)


def open_since(connection: Connection, persons: Collection[str]) -> dict[str, datetime]:
    """Since when there is a stored finger of these persons about which people have to decide."""
    query = (
        select(finding.c.employee, func.min(_FLAGGED_MS).label("since_ms"))
        .where(
            finding.c.state == OPEN, finding.c.template.is_not(None), finding.c.employee.in_(list(persons))
        )
        .group_by(finding.c.employee)
    )
    return {row.employee: from_ms(row.since_ms) for row in connection.execute(query)}


def _told_before(told: Suspicion) -> ColumnElement[bool]:
    """One finding for each slot that answered; one more where a refused cheat is tried again."""
    place = and_(finding.c.node == told.node, finding.c.slot == told.slot, finding.c.kind == told.kind)
    if told.template is not None:
        return and_(place, finding.c.template == told.template)
    return and_(place, finding.c.employee == told.employee, finding.c.state.in_((OPEN, *_INNOCENT)))


def _settled(told: Suspicion) -> ColumnElement[bool]:
    """People have said that these two fingers are alike by chance, or that these two people are one.

    Or that the one which answered is false: it is being erased.
    """
    if told.other is None:
        return false()
    there = and_(finding.c.employee == told.employee, finding.c.other == told.other)
    if told.other_template is not None:
        false_one = and_(there, finding.c.other_template == told.other_template)
    else:
        false_one = false()
    back = and_(finding.c.employee == told.other, finding.c.other == told.employee)
    one_human = and_(finding.c.state == Verdict.SAME_PERSON, or_(there, back))
    if told.template is None:
        fingers = and_(there, finding.c.template.is_(None))
    else:
        fingers = and_(there, finding.c.template == told.template)
        if told.other_template is not None:
            same = and_(finding.c.template == told.other_template, finding.c.other_template == told.template)
            fingers = or_(fingers, and_(back, same))
    false_one = and_(finding.c.state == Verdict.CHEAT_OTHER, false_one)
    return or_(one_human, false_one, and_(finding.c.state == Verdict.CHANCE, fingers))


def _alike(row: Row[Any], verdict: Verdict) -> ColumnElement[bool]:
    """Other findings that this decision answers too."""
    there = and_(finding.c.employee == row.employee, finding.c.other == row.other)
    if row.other is None:
        return false()
    if verdict is Verdict.SAME_PERSON:
        return or_(there, and_(finding.c.employee == row.other, finding.c.other == row.employee))
    if verdict is Verdict.CHEAT_OTHER:
        return and_(there, finding.c.other_template == row.other_template)
    if row.template is None:
        return and_(there, finding.c.template.is_(None))
    alike = and_(there, finding.c.template == row.template)
    if verdict is Verdict.CHANCE and row.other_template is not None:
        same = and_(finding.c.template == row.other_template, finding.c.other_template == row.template)
        return or_(alike, same)
    return alike
