"""How a node becomes known: a token for one office, shown once, burnt as the node is taken in."""

import hashlib
import secrets
from base64 import b32encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from attendance import seal
from attendance.errors import EvidenceError, MalformedError, PersonError
from central import audit
from central.database import upsert
from central.nodes import NodeState
from central.tables import claim, node, unit

TOKEN_LIFETIME = timedelta(days=7)
_TOKEN_BYTES = 20
_MS = timedelta(milliseconds=1)


class ClaimError(EvidenceError):
    """The claim is refused; `code` says why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a node hands in with its token.

    Attributes:
        event_key, transport_key: public halves in hex; the node keeps the others.
        proof: signature by the event key over the token's hash and both keys.
    """

    token: str
    event_key: str
    transport_key: str
    software: str
    proof: str

    @classmethod
    def parse(cls, value: object) -> "ClaimRequest":
        """Read a claim and check that whoever sends it holds the event key.

        Raises:
            MalformedError: a field is missing or wrong. SignatureError: the proof is not by that key.
        """
        names = ("token", "event_key", "transport_key", "software", "proof")
        if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in names):
            raise MalformedError("the claim lacks a field")
        request = cls(*(value[name] for name in names))
        if not seal.is_hash(request.event_key) or not seal.is_hash(request.transport_key):
            raise MalformedError("the claim brings a key that is not 32 bytes in hex")
        if not 1 <= len(request.token) <= 128 or len(request.software) > 64:
            raise MalformedError("the claim's token or software name has an impossible length")
        seal.verify(request.event_key, seal.CLAIM, request.transcript, request.proof)
        return request

    @property
    def token_sha256(self) -> str:
        """How the token lies in the books."""
        return _hash(self.token)

    @property
    def transcript(self) -> bytes:
        """What both sides have agreed on."""
        fields = {
            "token_sha256": self.token_sha256,
            "event_key": self.event_key,
            "transport_key": self.transport_key,
        }
        return seal.canonical(fields)

    @property
    def code(self) -> str:
        """Six digits that both screens show, so that two people can see that they speak of the same node."""
        return f"{int.from_bytes(hashlib.sha256(self.transcript).digest()[:8], 'big') % 1_000_000:06d}"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A node that is known now."""

    node: str
    epoch: int
    unit: str
    unit_name: str
    zone: str


def issue(
    connection: Connection,
    unit_code: str,
    now_ms: int,
    *,
    actor: str = "command",
    lifetime: timedelta = TOKEN_LIFETIME,
) -> str:
    """Make a token for one node of this unit. Only its hash is kept: it can't be shown again.

    Raises:
        PersonError: no such unit.
    """
    if connection.scalar(select(unit.c.code).where(unit.c.code == unit_code)) is None:
        raise PersonError(f"Unit {unit_code} tidak dikenal; impor unit lebih dahulu.")
    token = b32encode(secrets.token_bytes(_TOKEN_BYTES)).decode().lower()
    connection.execute(
        insert(claim).values(
            token_sha256=_hash(token),
            unit=unit_code,
            created_ms=now_ms,
            expires_ms=now_ms + lifetime // _MS,
        )
    )
    audit.note(connection, now_ms, actor, "claim-issued", unit_code)
    return token


def redeem(connection: Connection, request: ClaimRequest, now_ms: int) -> Claimed:
    """Burn the token and take the node in, in the transaction of `connection`.

    A node that lost our answer asks again with the same keys and gets the same answer. A known key with a new
    token is a node that was installed anew: its next epoch begins.

    Raises:
        ClaimError: `claim-unknown`, `claim-used`, `claim-expired` or `node-distrusted`.
    """
    burnt = connection.execute(
        update(claim)
        .where(
            claim.c.token_sha256 == request.token_sha256,
            claim.c.used_ms.is_(None),
            claim.c.expires_ms > now_ms,
        )
        .values(used_ms=now_ms, node=seal.node_id(request.event_key))
        .returning(claim.c.unit)
    ).scalar_one_or_none()
    if burnt is None:
        return _repeated(connection, request)
    _take_in(connection, request, burnt, now_ms)
    return _answer(connection, seal.node_id(request.event_key))


def _repeated(connection: Connection, request: ClaimRequest) -> Claimed:
    known = connection.execute(
        select(claim, node.c.transport_key)
        .join(node, node.c.id == claim.c.node, isouter=True)
        .where(claim.c.token_sha256 == request.token_sha256)
    ).one_or_none()
    if known is None:
        raise ClaimError("claim-unknown", "no such claim token was issued here")
    if known.used_ms is None:
        raise ClaimError("claim-expired", "the claim token has expired: ask for a new one")
    same = known.node == seal.node_id(request.event_key) and known.transport_key == request.transport_key
    if not same:
        raise ClaimError("claim-used", "another node has used this claim token")
    return _answer(connection, known.node)


def _take_in(connection: Connection, request: ClaimRequest, unit_code: str, now_ms: int) -> None:
    name = seal.node_id(request.event_key)
    before = connection.execute(select(node).where(node.c.id == name).with_for_update()).one_or_none()
    if before is not None and before.state != NodeState.ACTIVE:
        raise ClaimError("node-distrusted", f"this node's key is not trusted any more: {before.state_reason}")
    values: dict[str, Any] = {
        "unit": unit_code,
        "event_key": request.event_key,
        "transport_key": request.transport_key,
        "epoch": before.epoch + 1 if before is not None else 1,
        "state": NodeState.ACTIVE.value,
        "state_reason": "",
        "software": request.software,
    }
    connection.execute(
        upsert(connection.dialect.name, node)
        .values(id=name, claimed_at_ms=now_ms, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
    detail = f"unit {unit_code}, epoch {values['epoch']}, code {request.code}"
    audit.note(connection, now_ms, f"node:{name}", "node-claimed", name, detail)


def _answer(connection: Connection, name: str) -> Claimed:
    row = connection.execute(
        select(node.c.id, node.c.epoch, unit.c.code, unit.c.name, unit.c.zone)
        .join(unit, unit.c.code == node.c.unit)
        .where(node.c.id == name)
    ).one()
    return Claimed(row.id, row.epoch, row.code, row.name, row.zone)


def _hash(token: str) -> str:
    return hashlib.sha256(token.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()
