"""A node becomes known by a token that works once; a lost answer costs nothing, a stolen token neither."""

import threading
from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import select

from attendance import seal
from central import claims
from central.tables import claim
from central.tables import node as node_table
from tests.support.central import Central
from tests.support.central_node import CentralNode, error_of


def test_a_claim_takes_the_node_in_and_tells_it_whom_to_trust(central: Central) -> None:
    central.add_unit()
    node = CentralNode(central)
    answer = node.claim().get_json()
    assert answer["node"] == node.id
    assert (answer["epoch"], answer["unit"], answer["zone"]) == (1, "DISKOMINFO", "Asia/Jakarta")
    assert answer["receipt_key"] == central.office.keys.receipt_public
    assert answer["document_key"] == central.office.keys.document_public
    assert len(answer["code"]) == 6
    assert answer["code"].isdigit()
    assert "node-claimed" in central.audit_actions()


def test_a_token_lies_in_the_books_only_as_a_hash(central: Central) -> None:
    central.add_unit()
    token = central.token()
    assert [row.token_sha256 for row in central.rows(select(claim))] == [seal.sha256_hex(token.encode())]


def test_the_same_node_may_ask_again_after_a_lost_answer(central: Central) -> None:
    central.add_unit()
    token, node = central.token(), CentralNode(central)
    assert node.claim(token).get_json() == node.claim(token).get_json()
    assert len(central.rows(select(node_table))) == 1


def test_a_used_token_opens_nothing_for_another_node(central: Central) -> None:
    central.add_unit()
    token = central.token()
    CentralNode(central).claim(token)
    response = CentralNode(central, seed=2).claim(token)
    assert (response.status_code, error_of(response)) == (403, "claim-used")
    assert len(central.rows(select(node_table))) == 1


def test_the_same_event_key_with_another_transport_key_is_another_node(central: Central) -> None:
    central.add_unit()
    token, node = central.token(), CentralNode(central)
    node.claim(token)
    node.transport_key = CentralNode(central, seed=3).transport_key
    assert error_of(node.claim(token)) == "claim-used"


def test_an_expired_token_opens_nothing(central: Central) -> None:
    central.add_unit()
    token = central.token()
    central.clock.at += claims.TOKEN_LIFETIME + timedelta(seconds=1)
    assert error_of(CentralNode(central).claim(token)) == "claim-expired"


def test_an_invented_token_opens_nothing(central: Central) -> None:
    assert error_of(CentralNode(central).claim("invented")) == "claim-unknown"


def test_a_claim_without_the_private_key_is_refused_and_burns_nothing(central: Central) -> None:
    central.add_unit()
    token, node = central.token(), CentralNode(central)
    fields = node.claim_fields(token)
    stolen = fields | {"transport_key": seal.public_hex(CentralNode(central, seed=5).transport_key)}
    assert error_of(central.client.post("/v1/claim", json=stolen)) == "bad-signature"
    assert node.claim(token).status_code == 200


def test_claims_that_are_no_claims_are_refused(central: Central) -> None:
    fields = CentralNode(central).claim_fields("token")
    for body in (
        {},
        [],
        "text",
        fields | {"event_key": 5},
        fields | {"event_key": "zz"},
        fields | {"token": ""},
        fields | {"token": "x" * 200},
        fields | {"software": "x" * 100},
    ):
        response = central.client.post("/v1/claim", json=body)
        assert (response.status_code, error_of(response)) == (422, "malformed")
    assert error_of(central.client.post("/v1/claim", data=b"{")) == "malformed"
    assert error_of(central.client.post("/v1/claim", data=b" " * 5000)) == "oversize"


def test_two_nodes_race_for_one_token_and_one_wins(central: Central) -> None:
    central.add_unit()
    token = central.token()
    nodes = [CentralNode(central, seed=seed) for seed in range(1, 7)]
    barrier = threading.Barrier(len(nodes))
    statuses: dict[str, int] = {}

    def race(node: CentralNode) -> None:
        barrier.wait()
        statuses[node.id] = node.claim(token).status_code

    threads = [threading.Thread(target=race, args=(node,)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses.values()) == [200] + [403] * 5
    known = [row.id for row in central.rows(select(node_table.c.id))]
    assert known == [name for name, status in statuses.items() if status == 200]


def test_a_node_installed_anew_with_its_old_key_begins_its_next_epoch(
    central: Central, node: CentralNode
) -> None:
    node.punch("p1")
    node.sent()
    assert node.claim().get_json()["epoch"] == 2
    node.punch("p1")
    assert node.sent(node.events[1:]).size == 1


def test_a_distrusted_key_is_not_taken_in_again(central: Central, node: CentralNode) -> None:
    with central.office.database.write() as connection:
        connection.execute(node_table.update().values(state="distrusted"))
    assert error_of(node.claim()) == "node-distrusted"


def test_the_claimed_values_are_those_of_the_contract(central: Central) -> None:
    central.add_unit()
    names = set(asdict(claims.Claimed("n", 1, "u", "un", "z"))) | {"receipt_key", "document_key", "code"}
    assert set(CentralNode(central).claim().get_json()) == names
