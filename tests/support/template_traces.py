"""Finds what is left of a template in files, logs and captures: raw, escaped, in hex, in base64, as numbers.

Any 24 bytes of it in a row are found, whatever stands before and after. Data is looked at in steps that no
such run fits between, so that a file of many megabytes takes less than a second.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

SLICE_BYTES = 24
_DISTINCT = 8
"""Different symbols in a run, at least: else the empty pages of every file would be somebody's finger."""


@dataclass(frozen=True)
class _Form:
    """One way of writing bytes down.

    Attributes:
        texts: a template in this form; more than one where it depends on what stands before it.
        prepare: brings data into the one spelling that is looked for.
        window, step: any slice in this form is at least `window + step - 1` long.
        symbols: the parts of a run that are counted.
        least: symbols of the shortest slice.
    """

    name: str
    texts: Callable[[bytes], Iterable[bytes]]
    prepare: Callable[[bytes], bytes]
    window: int
    step: int
    symbols: Callable[[bytes], Sequence[object]]
    least: int


def traces(data: bytes, templates: Iterable[bytes]) -> list[str]:
    """Where templates are found, as `template 3 in hex`; empty where there is no trace of any.

    Args:
        data: of a file, a log or a wire.
        templates: in clear.
    """
    parts = tuple(template.strip(b"\0") for template in templates)
    if any(len(part) < SLICE_BYTES for part in parts):
        raise ValueError("a template is shorter than what is looked for")
    return [found for form in _FORMS for found in _in_form(form, data, parts)]


def _in_form(form: _Form, data: bytes, parts: tuple[bytes, ...]) -> list[str]:
    places, ready = _places(form, parts), form.prepare(data)
    steps = range(0, len(ready) - form.window + 1, form.step)
    seen = {ready[at : at + form.window] for at in steps} & places.keys()
    found = {
        number
        for at in (steps if seen else ())
        if (piece := ready[at : at + form.window]) in seen
        for number, text, start in places[piece]
        if _is_slice(form, _run(ready, at, text, start))
    }
    return [f"template {number} in {form.name}" for number in sorted(found)]


@lru_cache(maxsize=64)
def _places(form: _Form, parts: tuple[bytes, ...]) -> dict[bytes, list[tuple[int, bytes, int]]]:
    """Where in the templates each piece stands that is as long as the form's window."""
    places: dict[bytes, list[tuple[int, bytes, int]]] = {}
    for number, part in enumerate(parts):
        for text in form.texts(part):
            for at in range(len(text) - form.window + 1):
                places.setdefault(text[at : at + form.window], []).append((number, text, at))
    return places


def _run(data: bytes, at: int, text: bytes, start: int) -> bytes:
    """All of the text around `start` that stands in the data around `at`."""
    back = 0
    while back < min(at, start) and data[at - back - 1] == text[start - back - 1]:
        back += 1
    on = 0
    while at + on < len(data) and start + on < len(text) and data[at + on] == text[start + on]:
        on += 1
    return data[at - back : at + on]


def _is_slice(form: _Form, run: bytes) -> bool:
    symbols = form.symbols(run)
    return len(symbols) >= form.least and len(set(symbols)) >= _DISTINCT


def _base64_texts(part: bytes) -> Iterable[bytes]:
    """The characters that the template alone decides, after 0, 1 and 2 bytes of something else."""
    for before in range(3):
        first, last = (before * 8 + 5) // 6, (before + len(part)) * 8 // 6
        yield b64encode(bytes(before) + part)[first:last]


def _unescaped(data: bytes) -> bytes:
    """Text of a `repr` or of JSON as the bytes that it stands for."""
    return _ESCAPE.sub(_meant, data)


def _meant(escape: re.Match[bytes]) -> bytes:
    text = escape[1]
    if text[:1] in b"xu" and len(text) > 1:
        return bytes.fromhex(text[-2:].decode())
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(text, text)


def _pairs(run: bytes) -> Sequence[object]:
    return [run[at : at + 2] for at in range(0, len(run) - 1, 2)]


_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|u00[0-9a-fA-F]{2}|[nrtbf\\'\"/])")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_FORMS = (
    _Form("raw", lambda part: [part], bytes, 8, 17, list, SLICE_BYTES),
    _Form("escaped text", lambda part: [part], _unescaped, 8, 17, list, SLICE_BYTES),
    _Form(
        "twice escaped text",
        lambda part: [part],
        lambda data: _unescaped(_unescaped(data)),
        8,
        17,
        list,
        SLICE_BYTES,
    ),
    _Form("hex", lambda part: [part.hex().encode()], bytes.lower, 16, 33, _pairs, SLICE_BYTES),
    _Form(
        "spaced hex",
        lambda part: [part.hex().encode()],
        lambda data: data.lower().replace(b"0x", b"").translate(None, b" \t\r\n:,-"),
        16,
        33,
        _pairs,
        SLICE_BYTES,
    ),
    _Form("base64", _base64_texts, lambda data: data.translate(_URL_SAFE), 12, 20, list, 31),
    _Form(
        "numbers",
        lambda part: [",".join(map(str, part)).encode()],
        lambda data: data.translate(None, b" \t\r\n"),
        16,
        32,
        lambda run: run.split(b","),
        SLICE_BYTES,
    ),
)
