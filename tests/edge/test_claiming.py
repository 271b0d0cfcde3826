"""A claim can be cut off anywhere and run again: the same keys, the same answer, the same node."""

import json
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attendance import seal
from attendance.errors import SignatureError
from central.claims import ClaimRequest
from edge import claiming, durable_file, keys
from edge.answer import Answer
from edge.claiming import ClaimRefusedError, enrol
from edge.config import ServerConfig
from edge.faults import EnrolmentError, LinkError
from edge.link_faults import LinkFault, link_error
from edge.pacing import Patience
from edge.server_record import ServerRecord

SERVER = ServerConfig("https://central.example", Path("/etc/hadir/ca.crt"))
TOKEN = "abcd2345"


class Office:
    """Central's side: burns a token for one event key, and gives that key the same answer again."""

    def __init__(self) -> None:
        self.burnt: dict[str, str] = {}
        self.faults: list[LinkError | Answer] = []
        self.asked: list[Mapping[str, Any]] = []

    def claim(self, fields: Mapping[str, Any], patience: Patience) -> Answer:
        self.asked.append(fields)
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Answer):
            return fault
        request = ClaimRequest.parse(dict(fields))
        if self.burnt.setdefault(request.token, request.event_key) != request.event_key:
            return Answer(403, b'{"error":"claim-used"}', {})
        if fault is not None:
            raise fault  # burnt, and the answer is lost
        return Answer(200, json.dumps(self.said(request)).encode(), {})

    @staticmethod
    def said(request: ClaimRequest) -> dict[str, Any]:
        return {
            "node": seal.node_id(request.event_key),
            "epoch": 1,
            "unit": "DISKOMINFO",
            "unit_name": "Dinas Kominfo",
            "zone": "Asia/Jakarta",
            "receipt_key": "ab" * 32,
            "document_key": "cd" * 32,
            "code": request.code,
            "from a newer version": True,
        }


def claim(folder: Path, office: Office, token: str = TOKEN) -> ServerRecord:
    return enrol(folder / "state", SERVER, token, office, wait=lambda _: None)


def test_a_claim_leaves_keys_and_record_that_only_the_owner_can_read(tmp_path: Path) -> None:
    record = claim(tmp_path, Office())
    files = sorted(path.name for path in (tmp_path / "state").iterdir())
    assert files == ["event.key", "server.json", "transport.key"]
    assert all(stat.S_IMODE((tmp_path / "state" / name).stat().st_mode) == 0o600 for name in files)
    assert ServerRecord.load(tmp_path / "state" / "server.json") == record
    event_key = keys.load(tmp_path / "state" / "event.key")
    assert record.node == seal.node_id(seal.public_hex(event_key))
    assert (record.url, record.ca_file) == ("https://central.example", "/etc/hadir/ca.crt")


def test_a_claim_whose_answer_was_lost_gets_the_same_answer_again(tmp_path: Path) -> None:
    office = Office()
    office.faults = [link_error(LinkFault.CUT, "lost")] * 5
    with pytest.raises(LinkError):
        claim(tmp_path, office)
    assert not (tmp_path / "state" / "server.json").exists()
    record = claim(tmp_path, office)
    assert record.node == seal.node_id(office.burnt[TOKEN])
    assert len({fields["event_key"] for fields in office.asked}) == 1


def test_a_short_outage_is_sat_out(tmp_path: Path) -> None:
    office = Office()
    office.faults = [link_error(LinkFault.UNREACHABLE, "down"), Answer(503, b"", {})]
    assert claim(tmp_path, office).unit == "DISKOMINFO"


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_a_disk_that_fails_at_any_file_leaves_a_claim_that_can_be_repeated(
    tmp_path: Path, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, written, real = Office(), [], durable_file.write_durably

    def failing(path: Path, data: bytes, mode: int = 0o600) -> None:
        written.append(path.name)
        if len(written) == broken:
            raise OSError(28, "No space left on device")
        real(path, data, mode)

    for module in ("edge.durable_file", "edge.server_record"):
        monkeypatch.setattr(f"{module}.write_durably", failing)
    with pytest.raises(OSError, match="No space"):
        claim(tmp_path, office)
    record = claim(tmp_path, office)
    assert len(office.burnt) == 1
    assert record.node == seal.node_id(office.burnt[TOKEN])


def test_a_claimed_node_is_not_claimed_twice(tmp_path: Path) -> None:
    office = Office()
    first = claim(tmp_path, office)
    assert claim(tmp_path, office, "another2") == first
    assert len(office.asked) == 1


@pytest.mark.parametrize("trace", ["sync-cursor.json", "policy.doc", "roster.doc"])
def test_a_node_that_lost_its_record_is_not_claimed_anew_over_what_is_unsent(
    tmp_path: Path, trace: str
) -> None:
    office = Office()
    claim(tmp_path, office)
    (tmp_path / "state" / "server.json").unlink()
    (tmp_path / "state" / trace).write_bytes(b"{}")
    with pytest.raises(EnrolmentError) as caught:
        claim(tmp_path, office, "another2")
    assert caught.value.kind == "claimed-before"
    assert len(office.asked) == 1


def test_the_token_may_be_typed_in_capitals_with_spaces(tmp_path: Path) -> None:
    office = Office()
    claim(tmp_path, office, "  ABCD2345\n")
    assert office.asked[0]["token"] == TOKEN


def test_the_proof_holds_for_this_token_and_these_keys_only(tmp_path: Path) -> None:
    office = Office()
    claim(tmp_path, office)
    fields = dict(office.asked[0])
    ClaimRequest.parse(fields)
    for name, value in (("token", "other234"), ("transport_key", "00" * 32)):
        with pytest.raises(SignatureError):
            ClaimRequest.parse({**fields, name: value})


@pytest.mark.parametrize(
    "code", ["claim-used", "claim-unknown", "claim-expired", "node-distrusted", "new-word"]
)
def test_a_refusal_is_said_in_words_and_leaves_no_record(tmp_path: Path, code: str) -> None:
    office = Office()
    office.faults = [Answer(403, json.dumps({"error": code}).encode(), {})]
    with pytest.raises(ClaimRefusedError) as caught:
        claim(tmp_path, office)
    assert caught.value.code == code
    assert not (tmp_path / "state" / "server.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"node": "aaaaaaaaaaaaaaaa"},
        {"epoch": "1"},
        {"epoch": 0},
        {"receipt_key": "xx"},
        {"document_key": None},
        {"unit": 5},
        {"code": None},
    ],
)
def test_an_answer_that_does_not_fit_is_not_believed(
    tmp_path: Path, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Office.said
    monkeypatch.setattr(Office, "said", staticmethod(lambda request: {**said(request), **change}))
    with pytest.raises(LinkError) as caught:
        claim(tmp_path, Office())
    assert caught.value.kind == LinkFault.STRANGER
    assert not (tmp_path / "state" / "server.json").exists()


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_hotspot_that_answers_in_html_is_not_central(tmp_path: Path, status: int) -> None:
    office = Office()
    office.faults = [Answer(status, b"<html>", {})]
    with pytest.raises(LinkError):
        claim(tmp_path, office)


def test_a_record_of_another_node_is_noticed(tmp_path: Path) -> None:
    record = claim(tmp_path, Office())
    replace(record, node="b" * 16).save(tmp_path / "state" / "server.json")
    with pytest.raises(EnrolmentError) as caught:
        claim(tmp_path, Office())
    assert caught.value.kind == "mixed-up"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"node":"x"}', b"\xff"])
def test_a_damaged_record_is_named_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    claim(tmp_path, Office())
    (tmp_path / "state" / "server.json").write_bytes(content)
    with pytest.raises(EnrolmentError):
        claim(tmp_path, Office())
    assert (tmp_path / "state" / "server.json").read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_key_is_named_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "event.key"
    path.write_bytes(content)
    with pytest.raises(EnrolmentError):
        keys.load_or_create(path)
    assert path.read_bytes() == content


def test_a_missing_key_is_never_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(EnrolmentError) as caught:
        keys.load(tmp_path / "event.key")
    assert caught.value.kind == "key-missing"
    assert list(tmp_path.iterdir()) == []


def test_a_power_cut_in_the_middle_of_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    durable_file.write_durably(path, b"old")
    steps: list[str] = []
    real = durable_file.os.fsync

    def fsync(descriptor: int) -> None:
        steps.append(path.read_bytes().decode() if path.exists() else "")
        if len(steps) == 1:
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(durable_file.os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output"):
        durable_file.write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    durable_file.write_durably(path, b"new")
    # The new bytes were forced to the card before the name moved, and the folder after it.
    assert steps == ["old", "old", "new"]


def test_the_technician_is_told_the_code_to_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    office = Office()
    monkeypatch.setattr(claiming, "Uplink", lambda *_: office)

    class Config:
        state_dir, server = tmp_path / "state", SERVER

    assert claiming.run(Config, TOKEN) == claiming.DONE  # type: ignore[arg-type]
    said = capsys.readouterr().out
    code = ClaimRequest.parse(dict(office.asked[0])).code
    assert f"KODE {code[:3]} {code[3:]}" in said
    (tmp_path / "state" / "server.json").write_bytes(b"{}")
    assert claiming.run(Config, TOKEN) == claiming.REFUSED  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert "Kembalikan berkas itu dari cadangan" in said
    assert "sekali lagi" not in said  # it would end the same way
    (tmp_path / "state" / "server.json").unlink()
    office.faults = [Answer(403, b'{"error":"claim-expired"}', {})]
    assert claiming.run(Config, TOKEN) == claiming.REFUSED  # type: ignore[arg-type]
    assert "kedaluwarsa" in capsys.readouterr().out
