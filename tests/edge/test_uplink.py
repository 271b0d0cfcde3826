"""The door to central: only our central is talked to, only signed requests leave, every mishap has a name."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attendance import seal
from central import request_signing
from edge.answer import Answer
from edge.faults import LinkError
from edge.link_faults import SENTENCES, LinkFault
from edge.pacing import Patience
from edge.photo_store import NamedPhoto
from edge.uplink import MAX_ANSWER_BYTES, Identity, Uplink
from tests.support.stub_server import Authority, Request, StubServer, answer

KEY = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
NODE = "abcdefghijklmnop"
SECRET = b"s" * 32
NOW_MS = 1_780_000_000_000
SHORT = Patience(timedelta(seconds=5), timedelta(seconds=0.4))
LONG = Patience(timedelta(seconds=10), timedelta(seconds=20))
Answering = Callable[[Request], bytes | Iterable[bytes] | None]


def nonce_answer() -> bytes:
    nonce = request_signing.make_nonce(SECRET, NOW_MS)
    return answer(json.dumps({"nonce": nonce, "time_ms": NOW_MS}).encode())


def central(script: Answering) -> Answering:
    """Nonces as central gives them; everything else by the script."""
    return lambda request: nonce_answer() if request.target == "/v1/nonce" else script(request)


def uplink(url: str, ca_file: Path | None = None, wall_ms: int = NOW_MS) -> Uplink:
    return Uplink(url, ca_file, Identity(NODE, KEY), wall_ms=lambda: wall_ms)


def fault_of(script: Answering, patience: Patience = LONG) -> LinkError:
    with StubServer(script) as server:
        door = uplink(server.url)
        with pytest.raises(LinkError) as caught:
            door.ask_head(1, "0" * 32, patience)
        door.close()
    assert caught.value.sentence_id in SENTENCES
    return caught.value


def verified(request: Request) -> None:
    """As central does it."""
    received = request_signing.SignedRequest(
        request.method, f"https://central{request.target}", request.headers, request.body
    )
    request_signing.verify_request(received, NODE, seal.public_hex(KEY), SECRET, NOW_MS)


@pytest.mark.parametrize("wall_ms", [0, NOW_MS, 4_000_000_000_000])
def test_central_accepts_every_signature_whatever_the_clock_of_the_node_says(wall_ms: int) -> None:
    with StubServer(central(lambda _: answer(b"{}"))) as server:
        door = uplink(server.url, wall_ms=wall_ms)
        door.ask_head(1, "0" * 32, LONG)
        door.send_events(1, 5, 3, "0" * 32, gzip.compress(b"batch"), LONG)
        door.fetch_documents(0, 2, 3, LONG)
        door.photo_offset(NamedPhoto(1, 4, "a" * 64), LONG)
        door.send_photo_piece(NamedPhoto(1, 4, "a" * 64), 10, 20, b"0123456789", LONG)
        door.report_status({"backlog": 3}, LONG)
        door.fetch_template("i-0123456789ab", LONG)
        door.hand_in_template("x-7-01234567", b"sealed", LONG)
        door.close()
    signed = [request for request in server.requests if request.target != "/v1/nonce"]
    assert len(signed) == 8
    for request in signed:
        verified(request)
        assert f"created={NOW_MS // 1000}" in request.headers["signature-input"]
    assert server.connections == 1  # kept open: a new TLS greeting would cost four trips


def test_a_request_that_was_changed_on_the_way_no_longer_verifies() -> None:
    with StubServer(central(lambda _: answer(b"{}"))) as server:
        door = uplink(server.url)
        door.send_events(1, 5, 3, "0" * 32, gzip.compress(b"batch"), LONG)
        door.close()
    request = server.requests[-1]
    request.body = gzip.compress(b"other")
    with pytest.raises(request_signing.RequestSignatureError):
        verified(request)


def test_a_stale_nonce_is_replaced_once_and_not_for_ever() -> None:
    stale = answer(b'{"error":"nonce-stale"}', 401)
    answers = [stale, answer(b'{"size":1}')]
    with StubServer(central(lambda _: answers.pop(0))) as server:
        door = uplink(server.url)
        assert door.ask_head(1, "0" * 32, LONG).fields == {"size": 1}
        door.close()
    with StubServer(central(lambda _: stale)) as server:
        door = uplink(server.url)
        assert door.ask_head(1, "0" * 32, LONG).error == "nonce-stale"
        door.close()
    assert len(server.requests) == 4


def test_the_nonce_of_the_last_answer_is_used_for_the_next_request() -> None:
    fresh = request_signing.make_nonce(SECRET, NOW_MS + 1000)
    with StubServer(central(lambda _: answer(b"{}", headers={"Hadir-Nonce": fresh}))) as server:
        door = uplink(server.url)
        door.ask_head(1, "0" * 32, LONG)
        door.ask_head(1, "1" * 32, LONG)
        door.close()
    assert f'nonce="{fresh}"' in server.requests[-1].headers["signature-input"]


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (lambda _: answer(b"<html>Sign in</html>"), LinkFault.STRANGER),
        (lambda _: answer(b"", 302, {"Location": "http://portal.example/"}), LinkFault.STRANGER),
        (lambda _: answer(b'{"nonce":"x","time_ms":"late"}'), LinkFault.STRANGER),
        (lambda _: answer(b'{"nonce":"x","time_ms":99999999999999999}'), LinkFault.STRANGER),
        (lambda _: answer(b'{"nonce":"a\\nb","time_ms":1}'), LinkFault.STRANGER),
        (lambda _: answer(b"[" * 60_000), LinkFault.STRANGER),
        (lambda _: b"SSH-2.0-OpenSSH_9\r\n\r\n", LinkFault.CUT),
        (lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", LinkFault.TIMED_OUT),
        (lambda _: [b"HTTP/1.1 200 OK\r\nContent-Len"], LinkFault.TIMED_OUT),
        (lambda _: None, LinkFault.CUT),
        (lambda _: answer(b"busy", 503), LinkFault.BUSY),
        (central(lambda _: answer(b"", 307, {"Location": "/v1/elsewhere"})), LinkFault.STRANGER),
        (central(lambda _: answer(b"x" * (MAX_ANSWER_BYTES + 1))), LinkFault.TOO_LARGE),
        (
            central(lambda _: answer(gzip.compress(bytes(5_000_000)), headers={"Content-Encoding": "gzip"})),
            LinkFault.STRANGER,
        ),
        (
            central(lambda _: answer(gzip.compress(b"{}")[:-4], headers={"Content-Encoding": "gzip"})),
            LinkFault.STRANGER,
        ),
    ],
)
def test_an_answer_that_is_not_centrals_is_a_named_fault(script: Answering, kind: LinkFault) -> None:
    assert fault_of(script, SHORT if kind is LinkFault.TIMED_OUT else LONG).kind == kind


def test_an_endless_answer_is_given_up_early() -> None:
    sent = []

    def endless(_: Request) -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            sent.append(1)
            yield b"x" * 65_536

    assert fault_of(central(endless)).kind == LinkFault.TOO_LARGE
    assert len(sent) < 1_000


def test_an_answer_that_drips_in_for_ever_is_given_up() -> None:
    dripped = []

    def dripping(_: Request) -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"
        for _ in range(400):
            time.sleep(0.02)
            dripped.append(1)
            yield b"x"

    assert fault_of(central(dripping), SHORT).kind == LinkFault.TIMED_OUT
    assert len(dripped) < 400


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        door = uplink(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(LinkError) as caught:
            door.ask_head(1, "0" * 32, LONG)
    assert caught.value.kind == LinkFault.UNREACHABLE
    assert caught.value.retry


def test_a_cut_connection_is_opened_anew() -> None:
    answers = [None, answer(b"{}")]
    with StubServer(central(lambda _: answers.pop(0))) as server:
        door = uplink(server.url)
        with pytest.raises(LinkError):
            door.ask_head(1, "0" * 32, LONG)
        assert door.ask_head(1, "0" * 32, LONG).status == 200
        door.close()
    assert server.connections == 2


def head_over_tls(context, ca_file: Path, wall_ms: int = NOW_MS) -> Answer:
    with StubServer(central(lambda _: answer(b"{}")), context) as server:
        door = uplink(server.url, ca_file, wall_ms)
        try:
            return door.ask_head(1, "0" * 32, LONG)
        finally:
            door.close()


def test_the_pinned_authority_is_enough(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert head_over_tls(authority.serving(), authority.file).status == 200


def test_no_other_authority_counts_not_even_one_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned, other = Authority(tmp_path, "pinned"), Authority(tmp_path, "other")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.file))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(LinkError) as caught:
        head_over_tls(other.serving(), pinned.file)
    assert caught.value.kind == LinkFault.UNTRUSTED
    assert not caught.value.retry
    assert head_over_tls(pinned.serving(), pinned.file).status == 200


def test_public_authorities_are_not_trusted_beside_the_pinned_one(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with StubServer(central(lambda _: answer(b"{}")), authority.serving()) as server:
        door = uplink(server.url, authority.file)
        door.ask_head(1, "0" * 32, LONG)
        assert door._session is not None
        adapter = door._session.get_adapter("https://")
        assert [ca["subject"] for ca in adapter._context.get_ca_certs()] == [
            ((("commonName", "test authority"),),)
        ]
        door.close()


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(LinkError) as caught:
        head_over_tls(authority.serving("127.0.0.2"), authority.file)
    assert caught.value.kind == LinkFault.UNTRUSTED


@pytest.mark.parametrize("years", [(1990, 2000), (2060, 2070)])
def test_a_certificate_out_of_date_says_what_the_clock_believes(
    tmp_path: Path, years: tuple[int, int]
) -> None:
    authority = Authority(tmp_path)
    with pytest.raises(LinkError) as caught:
        head_over_tls(authority.serving(years=years), authority.file)
    assert caught.value.kind == LinkFault.CLOCK
    assert "2026-05-28" in caught.value.message
    assert "RTC" in caught.value.message


def test_with_a_clock_in_1970_central_is_still_reached_but_no_stranger(tmp_path: Path) -> None:
    pinned, other = Authority(tmp_path, "pinned"), Authority(tmp_path, "other")
    out_of_date = pinned.serving(years=(2060, 2070))
    assert head_over_tls(out_of_date, pinned.file, wall_ms=5_000).status == 200
    for stranger in (other.serving(), pinned.serving("127.0.0.2")):
        with pytest.raises(LinkError) as caught:
            head_over_tls(stranger, pinned.file, wall_ms=5_000)
        assert caught.value.kind == LinkFault.UNTRUSTED


def test_dates_count_again_as_soon_as_the_clock_is_plausible(tmp_path: Path) -> None:
    authority, wall = Authority(tmp_path), [5_000]
    with StubServer(central(lambda _: answer(b"{}")), authority.serving(years=(2060, 2070))) as server:
        door = Uplink(server.url, authority.file, Identity(NODE, KEY), wall_ms=lambda: wall[0])
        door.ask_head(1, "0" * 32, LONG)
        wall[0] = NOW_MS
        with pytest.raises(LinkError) as caught:
            door.ask_head(1, "0" * 32, LONG)
    assert caught.value.kind == LinkFault.CLOCK


@pytest.mark.parametrize(
    ("url", "ca"),
    [
        ("http://central.example", None),
        ("https://central.example", None),
        ("ftp://127.0.0.1", None),
        ("central.example:8443", None),
        ("https://central.example", "missing.crt"),
        ("https://central.example", "empty.crt"),
    ],
)
def test_settings_that_would_open_the_door_to_anyone_are_refused(
    tmp_path: Path, url: str, ca: str | None
) -> None:
    (tmp_path / "empty.crt").write_text("")
    with pytest.raises(LinkError) as caught:
        uplink(url, tmp_path / ca if ca else None).ask_head(1, "0" * 32, SHORT)
    assert caught.value.kind == LinkFault.SETTING


def test_an_answer_reads_only_what_is_well_formed() -> None:
    odd = Answer(503, b"[1]", {"retry-after": "soon", "upload-offset": "-3"})
    assert (odd.fields, odd.error, odd.retry_after, odd.whole_header("upload-offset")) == ({}, "", None, None)
    good = Answer(409, b'{"error":"gap"}', {"retry-after": "999999", "upload-offset": "42"})
    assert (good.error, good.whole_header("upload-offset")) == ("gap", 42)
    assert good.retry_after == timedelta(days=1)
