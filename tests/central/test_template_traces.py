"""No template stands in clear in central's books, files, logs or answers; one that did would be found."""

import json
import logging
import random
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text, update

from attendance.orders import Do
from central import template_rotation
from central.tables import metadata, template
from emulators import fingers
from tests.support.central import Central
from tests.support.central_node import CentralNode
from tests.support.template_traces import SLICE_BYTES, traces
from tests.support.template_vault_world import (
    a_template,
    destroy,
    get,
    handed_in,
    keep,
    open_orders,
    put,
    tell_module,
    unseal,
)

WAYS: dict[str, Callable[[bytes], bytes]] = {
    "raw": bytes,
    "repr": lambda part: repr(part).encode(),
    "repr in JSON": lambda part: repr(part).replace("\\", "\\\\").encode(),
    "JSON of text": lambda part: json.dumps(part.decode("latin-1")).encode(),
    "hex": lambda part: part.hex().encode(),
    "HEX": lambda part: part.hex().upper().encode(),
    "spaced hex": lambda part: part.hex(" ").encode(),
    "hex with colons": lambda part: part.hex(":").upper().encode(),
    "0x hex": lambda part: (
        ", ".join(map(hex, part)).replace("0x", "0x0").encode()
        if max(part) < 16
        else b", ".join(b"0x%02x" % one for one in part)
    ),
    "numbers": lambda part: repr(list(part)).encode(),
    "base64": b64encode,
    "base64 after one byte": lambda part: b64encode(b"#" + part + b"!"),
    "base64 after two bytes": lambda part: b64encode(b"##" + part + b"!!"),
    "base64 of the web": lambda part: urlsafe_b64encode(part).rstrip(b"="),
    "base64 of the web after one byte": lambda part: urlsafe_b64encode(b"?" + part),
}


@pytest.mark.parametrize("way", WAYS)
def test_any_slice_of_a_template_is_found_wherever_it_stands(way: str) -> None:
    chance = random.Random(way)
    templates = [a_template(number) for number in range(3)]
    for _ in range(60):
        number, before = chance.randrange(3), chance.randrange(200)
        start = chance.randrange(2, 512 - SLICE_BYTES)
        part = templates[number][start : start + SLICE_BYTES]
        filling = chance.randbytes(before).replace(b"\\", b"/") + b" "
        found = traces(filling + WAYS[way](part) + b" " + chance.randbytes(50), templates)
        assert any(found.startswith(f"template {number} ") for found in found), (start, before, found)


def test_an_emulated_template_is_found_too() -> None:
    minutiae = [fingers.Minutia(n * 7 % 256, n * 13 % 256, n, n * 997) for n in range(1, 60)]
    raw = fingers.encode(minutiae, 1536)
    for start in range(0, 300, 7):
        assert traces(b"{" + b64encode(raw[start : start + 48]) + b"}", [raw])
    assert traces(raw, [raw, a_template(1)]) != []


def test_noise_empty_pages_and_shorter_pieces_are_no_trace() -> None:
    data = a_template("mine")
    noise = random.Random(1).randbytes(1 << 20)
    assert traces(noise + bytes(1 << 16) + b64encode(noise) + noise.hex().encode(), [data]) == []
    assert traces(data[100:112] + b" " + data[200:212].hex().encode(), [data]) == []
    with pytest.raises(ValueError, match="shorter"):
        traces(noise, [bytes(20)])


def books_of(central: Central, folder: Path) -> dict[str, bytes]:
    """Every file of central, and what its database wrote since the test began where that lies elsewhere."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    rows = b""
    if not central.office.database.is_sqlite:
        began = folder.stat().st_ctime
        with central.office.database.read() as connection:
            connection.execute(text("CHECKPOINT"))
            data = Path(str(connection.scalar(text("SHOW data_directory"))))
            # PostgreSQL packs long values, so they are read as it gives them, too.
            values = [
                value
                for table in metadata.sorted_tables
                for row in connection.execute(table.select())
                for value in row
            ]
        rows = b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
        # What it writes to its tables stands in its log first.
        log = (path for path in (data / "pg_wal").iterdir() if path.is_file())
        files += [path for path in log if path.stat().st_mtime >= began]
    return {str(path): path.read_bytes() for path in files} | {"rows": rows}


def found_in(books: dict[str, bytes], templates: list[bytes]) -> dict[str, list[str]]:
    found = {name: traces(data, templates) for name, data in books.items()}
    return {name: what for name, what in found.items() if what}


def life(central: Central, node: CentralNode) -> tuple[list[bytes], bytes]:
    """Three templates are handed in, refused, looked for, wrapped anew, and one is erased.

    Returns:
        The templates, and all that central answered.
    """
    second = CentralNode(central, seed=2)
    assert second.claim().status_code == 200
    for one in (node, second):
        tell_module(central, one.id)
        one.head()
    templates, answers = list[bytes](), list[bytes]()
    for order in open_orders(central, node.id):
        data = a_template(order.id)
        templates.append(data)
        sealed = handed_in(central, node.id, order, data)
        other = handed_in(central, node.id, order, data, person="p9")
        answers += [put(node, order.id, sent).get_data() for sent in (other, sealed[:-1], sealed, sealed)]
    searches = [order for order in open_orders(central, second.id) if order.do is Do.SEARCH]
    answers += [get(second, order.id).get_data() for order in searches]
    template_rotation.rotate(central.office, lambda *_: None)
    assert [unseal(central, order.template) in templates for order in searches] == [True] * 3
    assert destroy(central, "p1") == 1
    return templates, b"".join(answers)


def test_a_whole_life_of_templates_leaves_no_trace_at_central(
    central: Central, node: CentralNode, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    templates, answers = life(central, node)
    assert len(templates) == 3
    books = books_of(central, tmp_path)
    if central.office.database.is_sqlite:
        assert {"central.db", "central.db-wal"} <= {Path(name).name for name in books}
    assert found_in(books, templates) == {}
    assert traces(answers + caplog.text.encode(), templates) == []


def test_a_template_that_stood_in_the_books_in_clear_would_be_found(
    central: Central, node: CentralNode, tmp_path: Path
) -> None:
    data = a_template("in clear")
    keep(central)
    with central.office.database.write() as connection:
        connection.execute(update(template).values(sealed=data))
    assert found_in(books_of(central, tmp_path), [data])
