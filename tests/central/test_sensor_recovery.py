"""A technician gets back into a module whose node is gone, and it is known that somebody did."""

import json
from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from attendance import seal, sealing
from central import template_commands
from central.sensor_recovery import NoRecoveryError
from central.tables import audit_log
from edge.module_secret import Secret, recovery_copy
from tests.support.central import Central
from tests.support.central_node import CentralNode
from tests.support.template_vault_world import tell_module

SECRET = Secret(0x00C0FFEE, 0x12345678)
FIELDS = {"v": 1, "node": "", "serial": None, "password": 1, "address": 2}


def told(central: Central, node: CentralNode, copy: str | None) -> str:
    tell_module(central, node.id, recovery=copy)
    return template_commands.recover_sensor(central.office, node.id)


def sealed(central: Central, node: CentralNode, fields: Any) -> str:
    plain = fields if isinstance(fields, bytes) else seal.canonical(fields)
    key = central.office.template_keys.public_hex
    return b64encode(sealing.seal_to(key, plain, sealing.purpose("recovery", node.id))).decode()


@pytest.mark.parametrize("serial", ["00a1b2c3d4e5f607", None])
def test_what_the_node_sealed_is_told_and_noted(
    central: Central, node: CentralNode, serial: str | None
) -> None:
    copy = recovery_copy(SECRET, serial, node.id, central.office.template_keys.public_hex)
    said = told(central, node, copy)
    assert "0x00c0ffee" in said
    assert "0x12345678" in said
    assert (serial or "tidak ada") in said
    (row,) = central.rows(select(audit_log).where(audit_log.c.action == "sensor-recovered"))
    assert (row.actor, row.subject) == ("command", node.id)
    assert "c0ffee" not in row.detail


def test_where_there_is_none_it_says_why(central: Central, node: CentralNode) -> None:
    with pytest.raises(NoRecoveryError, match="belum menitipkan"):
        told(central, node, None)
    with pytest.raises(NoRecoveryError, match="stranger"):
        template_commands.recover_sensor(central.office, "stranger")
    assert "sensor-recovered" not in central.audit_actions()


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"node": "another"}, {"password": -1}, {"password": 1 << 32}, {"address": True},
     {"address": "2"}, {"serial": 7}, {"password": None}],
    ids=json.dumps,
)  # fmt: skip
def test_a_copy_that_says_something_else_is_refused(
    central: Central, node: CentralNode, change: dict[str, Any]
) -> None:
    sound = {**FIELDS, "node": node.id}
    assert "0x00000001" in told(central, node, sealed(central, node, sound))
    with pytest.raises(NoRecoveryError, match="tidak dapat dibuka"):
        told(central, node, sealed(central, node, sound | change))


def test_a_copy_for_another_reader_or_no_copy_at_all_is_refused(central: Central, node: CentralNode) -> None:
    mine = central.office.template_keys.public_hex
    other = sealing.public_hex(X25519PrivateKey.generate())
    copies = [
        recovery_copy(SECRET, None, node.id, other),
        recovery_copy(SECRET, None, "another", mine),
        sealed(central, node, b"no JSON"),
        sealed(central, node, b"[1]"),
        "no base64",
        "",
        b64encode(b"short").decode(),
    ]
    for copy in copies:
        with pytest.raises(NoRecoveryError, match="tidak dapat dibuka"):
            told(central, node, copy)
    assert "sensor-recovered" not in central.audit_actions()
