"""Only the node itself speaks in its name, and an old request is not taken for a new one."""

from types import SimpleNamespace

import pytest
from sqlalchemy import select

from attendance import seal
from attendance.errors import EvidenceError
from central import request_signing
from central.request_signing import SignedRequest, StaleNonceError, check_nonce, make_nonce
from central.tables import node as nodes
from tests.support.central import Central
from tests.support.central_node import OWN_NONCE, CentralNode, error_of

SECRET = b"s" * 32
HEAD = f"/head?epoch=1&nonce={OWN_NONCE}"


def test_a_nonce_lives_ten_minutes_and_not_before_it_was_made() -> None:
    nonce = make_nonce(SECRET, 1_000_000)
    check_nonce(SECRET, nonce, 1_000_000)
    check_nonce(SECRET, nonce, 1_600_000)
    for now_ms in (999_999, 1_600_001):
        with pytest.raises(StaleNonceError):
            check_nonce(SECRET, nonce, now_ms)


@pytest.mark.parametrize("nonce", ["", "x", "ü", "A" * 43, None, 5, "=" * 40])
def test_an_invented_nonce_is_stale(nonce: object) -> None:
    with pytest.raises(StaleNonceError):
        check_nonce(SECRET, nonce, 1_000_000)


def test_a_flipped_bit_in_a_nonce_is_seen() -> None:
    nonce = make_nonce(SECRET, 1_000_000)
    for at in range(len(nonce) - 1):
        flipped = nonce[:at] + ("A" if nonce[at] != "A" else "B") + nonce[at + 1 :]
        with pytest.raises(StaleNonceError):
            check_nonce(SECRET, flipped, 1_000_000)


def test_a_signed_request_is_let_in_and_every_answer_brings_the_next_nonce(node: CentralNode) -> None:
    response = node.request("GET", HEAD)
    assert response.status_code == 200
    assert node.request("GET", HEAD, nonce=response.headers["Hadir-Nonce"]).status_code == 200


def test_a_stale_nonce_is_told_apart_so_that_the_node_fetches_a_new_one(
    central: Central, node: CentralNode
) -> None:
    old = make_nonce(central.office.keys.nonce_secret, 5)
    response = node.request("GET", HEAD, nonce=old)
    assert (response.status_code, error_of(response)) == (401, "nonce-stale")
    assert response.headers["Hadir-Nonce"]


def test_another_key_or_another_name_does_not_speak_for_the_node(central: Central, node: CentralNode) -> None:
    other = CentralNode(central, seed=2)
    other.claim()
    for response in (
        node.request("GET", HEAD, key=other.transport_key),
        node.request("GET", HEAD, key_id=other.id),
        other.request("GET", HEAD, node=node.id),
        other.request("GET", HEAD, node=node.id, key_id=node.id),
        node.request("GET", HEAD, key=node.event_key),
    ):
        assert (response.status_code, error_of(response)) == (401, "bad-request-signature")


def test_an_unknown_node_is_named_and_written_down(central: Central, node: CentralNode) -> None:
    stranger = CentralNode(central, seed=8)
    for _ in range(3):
        response = stranger.request("GET", HEAD)
        assert (response.status_code, error_of(response)) == (401, "unknown-node")
    assert central.audit_actions().count("unknown-node") == 1  # strangers must not fill the disk


def test_unsigned_and_half_signed_requests_are_refused(central: Central, node: CentralNode) -> None:
    target = f"/v1/nodes/{node.id}{HEAD}"
    signed = node.signed("GET", target, b"", {}).headers
    cases = [
        {},
        {"Signature": signed["Signature"]},
        {"Signature-Input": signed["Signature-Input"]},
        signed | {"Signature": "hadir=:AAAA:"},
        signed | {"Signature-Input": "nonsense"},
        signed | {"Signature-Input": signed["Signature-Input"].replace('"@path" ', "")},
    ]
    for headers in cases:
        response = central.client.get(target, headers=headers)
        assert (response.status_code, error_of(response)) == (401, "bad-request-signature")


@pytest.mark.parametrize("left_out", ["@method", "@path", "@query"])
def test_a_signature_that_covers_less_is_not_enough(
    central: Central, node: CentralNode, left_out: str
) -> None:
    target = f"/v1/nodes/{node.id}{HEAD}"
    covered = tuple(part for part in ("@method", "@path", "@query") if part != left_out)
    headers = node.signed("GET", target, b"", {}, covered=covered).headers
    assert error_of(central.client.get(target, headers=headers)) == "bad-request-signature"


def test_what_was_signed_for_one_address_opens_no_other(central: Central, node: CentralNode) -> None:
    target = f"/v1/nodes/{node.id}{HEAD}"
    headers = node.signed("GET", target, b"", {}).headers
    assert central.client.get(target, headers=headers).status_code == 200
    assert central.client.get(target.replace("epoch=1", "epoch=2"), headers=headers).status_code == 401
    assert central.client.open(target, method="POST", headers=headers).status_code in (401, 405)


def test_a_body_that_was_not_signed_is_refused(central: Central, node: CentralNode) -> None:
    target = f"/v1/nodes/{node.id}/status"
    body = b'{"backlog":1}'
    headers = node.signed("POST", target, body, {"Content-Type": "application/json"}).headers
    assert central.client.post(target, data=body, headers=headers).status_code == 200
    assert error_of(central.client.post(target, data=b'{"backlog":2}', headers=headers)) == (
        "bad-request-signature"
    )
    without = node.signed("POST", target, b"", {"Content-Type": "application/json"}).headers
    assert central.client.post(target, data=body, headers=without).status_code == 401


def test_the_time_that_a_node_states_says_nothing() -> None:
    """A clock in 1970 or in 2100 must not lock a node out: the nonce is what makes a request fresh."""
    key = CentralNode(SimpleNamespace(clock=None), seed=4)  # type: ignore[arg-type]
    nonce = make_nonce(SECRET, 1_000_000)
    request = key.signed("GET", "/v1/nodes/x/head?", b"", {}, nonce)
    public = seal.public_hex(key.transport_key)
    for created in (1, 4_102_444_800):
        headers = dict(request.headers)
        assert "created" in headers["Signature-Input"]
        with pytest.raises(EvidenceError):  # altered, so refused for its signature and not for its time
            request_signing.verify_request(
                SignedRequest("GET", request.url, headers | {"Signature-Input": f"x;created={created}"}, b""),
                key.id,
                public,
                SECRET,
                1_000_000,
            )
    request_signing.verify_request(
        SignedRequest("GET", request.url, dict(request.headers), b""), key.id, public, SECRET, 1_000_000
    )


def test_a_replayed_batch_within_the_nonces_life_changes_nothing(central: Central, node: CentralNode) -> None:
    node.punch("p1")
    nonce = node.nonce()
    for _ in range(3):
        assert node.request("GET", HEAD, nonce=nonce).status_code == 200
    first = node.sent()
    assert node.sent() == first


def test_the_status_is_kept_for_display_and_nonsense_refused(central: Central, node: CentralNode) -> None:
    for body in (b"[]", b"{", b'{"backlog":-1}', b'{"backlog":"x"}', b'{"software":5}', b" " * 5000):
        response = node.request("POST", "/status", body, {"Content-Type": "application/json"})
        assert response.status_code in (413, 422), body
    good = b'{"backlog":3,"photo_backlog":2,"software":"hadir 1","more":[1]}'
    for body, kept in ((good, (3, 2)), (b'{"software":"hadir 1"}', (None, None))):
        assert node.request("POST", "/status", body, {"Content-Type": "application/json"}).status_code == 200
        row = central.rows(select(nodes.c.backlog, nodes.c.photo_backlog))[0]
        assert tuple(row) == kept
