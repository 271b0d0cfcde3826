"""The claim: a technician's one-time token makes this box a node of an office.

It can be interrupted anywhere and simply be run again:

1. both keys are made and durable before anything is sent; a second run uses the same ones;
2. central burns the token together with the event key: the same pair gets the same answer again, so an answer
   that was lost on the way, or not saved, can be asked for again;
3. `server.json` is written last, whole and durable. A node that has it is claimed.
"""

import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from edge import keys
from edge.answer import Answer
from edge.config import NodeConfig, ServerConfig
from edge.faults import EnrolmentError, Fault, LinkError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Pace, Patience, pause
from edge.server_record import ServerRecord
from edge.uplink import Uplink

DONE, FAILED, REFUSED = 0, 1, 3
"""Exit status: claimed; try again; another token or another setting is needed."""
_TRIES = 5
_TRACES = ("sync-cursor.json", "policy.doc", "roster.doc")
"""Files that only a claimed node has."""
_SENTENCES = {
    "claim-used": "Kode sudah dipakai alat lain. Minta kode baru kepada admin.",
    "claim-unknown": "Kode tidak dikenal. Periksa penulisannya, atau minta kode baru kepada admin.",
    "claim-expired": "Kode sudah kedaluwarsa. Minta kode baru kepada admin.",
    "node-distrusted": "Server tidak lagi mempercayai alat ini. Hubungi admin.",
    "claimed-before": "Alat ini sudah pernah terdaftar, tetapi server.json hilang. Kembalikan berkas itu "
    "dari cadangan. Jangan menghapus folder data: di dalamnya mungkin ada absen yang belum terkirim.",
    "mixed-up": "Kunci dan pendaftaran di folder data berasal dari dua alat. Kembalikan berkas yang asli.",
    "record-damaged": "server.json rusak. Kembalikan berkas itu dari cadangan.",
}


class ClaimDoor(Protocol):
    """What of `edge.uplink.Uplink` is needed here."""

    def claim(self, fields: Mapping[str, Any], patience: Patience) -> Answer: ...  # noqa: D102


class ClaimRefusedError(Exception):
    """Central understood the claim and does not accept it; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Claim:
    """What is handed in: a token, and proof that this node holds both keys."""

    token: str
    event_key: Ed25519PrivateKey
    transport_key: Ed25519PrivateKey
    software: str

    def fields(self) -> dict[str, Any]:
        """The claim as it travels. The proof binds token and keys, and only this node can make it."""
        event_key, transport_key = seal.public_hex(self.event_key), seal.public_hex(self.transport_key)
        transcript = {
            "token_sha256": seal.sha256_hex(self.token.encode()),
            "event_key": event_key,
            "transport_key": transport_key,
        }
        return {
            "v": 1,
            "token": self.token,
            "event_key": event_key,
            "transport_key": transport_key,
            "software": self.software,
            "proof": seal.sign(self.event_key, seal.CLAIM, seal.canonical(transcript)),
        }


def run(config: NodeConfig, token: str) -> int:
    """Claim this node and print the six digits to compare; returns the exit status."""
    if config.server is None:
        _say('Bagian [server] belum ada di hadir.toml: isi "url" dan "ca_file".')
        return REFUSED
    try:
        door = Uplink(config.server.url, config.server.ca_file)
        record = enrol(config.state_dir, config.server, token, door)
    except ClaimRefusedError as refusal:
        _say(_SENTENCES.get(refusal.code, f"Server menolak: {refusal.code}."))
        return REFUSED
    except EnrolmentError as fault:
        _say(_SENTENCES.get(fault.kind, "Berkas kunci atau pendaftaran tidak dapat dipakai. Hubungi admin."))
        _say(str(fault))
        return REFUSED
    except (Fault, OSError) as fault:
        _say(f"Pendaftaran belum berhasil: {fault}")
        _say("Tidak ada yang rusak. Jalankan perintah yang sama sekali lagi.")
        return FAILED
    _say(f"Alat {record.node} terdaftar untuk {record.unit_name} ({record.unit}).")
    _say(f"KODE {record.code[:3]} {record.code[3:]}: harus sama dengan kode di layar server.")
    return DONE


def enrol(
    state_dir: Path,
    server: ServerConfig,
    token: str,
    door: ClaimDoor,
    wait: Callable[[float], None] = time.sleep,
) -> ServerRecord:
    """Claim the node, or return what an earlier claim settled; durable on return.

    Args:
        state_dir: made if missing.
        server: where central is; kept in the record.
        token: as the technician has it; spaces around it and capitals do not matter.
        door: to central.
        wait: sleeps for seconds between tries.

    Raises:
        ClaimRefusedError: central says no. LinkError: central can't be reached, or it answers nonsense.
        EnrolmentError: key files or record are damaged, or the record of an earlier claim is lost.
        OSError: the disk is full or broken.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    record_file = state_dir / "server.json"
    event_key = keys.load_or_create(state_dir / "event.key")
    if record_file.exists():
        return _earlier_claim(record_file, seal.node_id(seal.public_hex(event_key)))
    _refuse_lost_record(state_dir)
    transport_key = keys.load_or_create(state_dir / "transport.key")
    claim = Claim(token.strip().lower(), event_key, transport_key, f"hadir {version('hadir')}")
    record = read_answer(_asked(door, claim.fields(), wait), claim, server)
    record.save(record_file)
    return record


def read_answer(answer: Answer, claim: Claim, server: ServerConfig) -> ServerRecord:
    """The record from central's answer.

    Raises:
        ClaimRefusedError: central says no. LinkError: it is not central's answer to this claim.
    """
    if answer.status != 200:
        if answer.error and 400 <= answer.status < 500:
            raise ClaimRefusedError(answer.error)
        raise answer.fault()
    own = {"url": server.url, "ca_file": str(server.ca_file) if server.ca_file else None}
    try:
        record = ServerRecord.parse({**answer.fields, **own}, "the answer")
    except EnrolmentError as error:
        raise link_error(LinkFault.STRANGER, error.message) from error
    if record.node != seal.node_id(seal.public_hex(claim.event_key)):
        raise link_error(LinkFault.STRANGER, "the answer names another node than this one")
    return record


def _refuse_lost_record(state_dir: Path) -> None:
    """A second claim under this key would begin a new epoch, and central takes no more of the old one."""
    traces = [name for name in _TRACES if (state_dir / name).exists()]
    if traces:
        message = f"{state_dir} has {traces[0]} and no server.json: what is unsent there would stay there"
        raise EnrolmentError("claimed-before", message)


def _earlier_claim(record_file: Path, own_node: str) -> ServerRecord:
    record = ServerRecord.load(record_file)
    if record.node != own_node:
        message = f"{record_file} is of node {record.node}, the key of node {own_node}: files were mixed up"
        raise EnrolmentError("mixed-up", message)
    return record


def _asked(door: ClaimDoor, fields: Mapping[str, Any], wait: Callable[[float], None]) -> Answer:
    """Central's answer, after some tries where the link is bad: repeating a claim changes nothing."""
    for failures in range(1, _TRIES + 1):
        try:
            answer = door.claim(fields, Pace().patience(2_048))
            if not answer.overloaded:
                return answer
            fault = answer.fault()
        except LinkError as error:
            fault = error
        if not fault.retry or failures == _TRIES:
            raise fault
        _say(f"Server belum menjawab ({fault.kind}), dicoba lagi ...")
        wait(pause(failures, random.SystemRandom()).total_seconds())
    raise AssertionError("unreachable")


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
