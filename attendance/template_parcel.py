"""A template on its way between node and central: what is sealed, in both directions.

Only inside a seal (`attendance.sealing`) does it leave the memory of whoever made it.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Any

from attendance import seal
from attendance.enrolment import FINGERS
from attendance.errors import MalformedError
from attendance.people import EMPLOYEE_ID

VERSION = 1
MIN_TEMPLATE_BYTES = 64
MAX_TEMPLATE_BYTES = 8192
MAX_SEALED_BYTES = 16_384
"""Of a sealed parcel; a larger one is refused before it is opened."""
_MAX_CLASS_CHARS = 128


@dataclass(frozen=True, slots=True)
class Parcel:
    """One template with what it is; never printed.

    Attributes:
        person: employee id.
        finger: one of `attendance.enrolment.FINGERS`; "" where nobody knows.
        model_class: of the module that made it.
        data: the template as the module gives and takes it.
    """

    person: str
    finger: str
    model_class: str
    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """The bytes to seal."""
        return seal.canonical(
            {
                "v": VERSION,
                "person": self.person,
                "finger": self.finger,
                "class": self.model_class,
                "sha256": seal.sha256_hex(self.data),
                "data": b64encode(self.data).decode(),
            }
        )

    @classmethod
    def parse(cls, plain: bytes) -> "Parcel":
        """Read what was sealed. Unknown fields are passed over: nothing of a template is kept twice.

        Raises:
            MalformedError: a field is missing or wrong, or the template is none. The sentence never quotes
            it.
        """
        fields = _fields(plain)
        version = fields.get("v")
        if type(version) is not int or version != VERSION:
            raise MalformedError(f"this parcel is of another version than {VERSION}")
        person, finger, model_class = (fields.get(key) for key in ("person", "finger", "class"))
        if not isinstance(person, str) or not EMPLOYEE_ID.fullmatch(person):
            raise MalformedError("a parcel names no employee")
        if finger != "" and finger not in FINGERS:
            raise MalformedError("a parcel names no finger")
        if not isinstance(model_class, str) or not 0 < len(model_class) <= _MAX_CLASS_CHARS:
            raise MalformedError("a parcel names no class of modules")
        data = _template(fields.get("data"))
        if fields.get("sha256") != seal.sha256_hex(data):
            raise MalformedError("the template of a parcel is not the one that its hash names")
        return cls(person, str(finger), model_class, data)


def _fields(plain: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise MalformedError("a parcel is not JSON") from error
    if not isinstance(fields, dict) or seal.canonical(fields) != plain:
        raise MalformedError("a parcel is not in its canonical form")
    return fields


def _template(text: object) -> bytes:
    try:
        data = b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError as error:
        raise MalformedError("the template of a parcel is not base64") from error
    if not MIN_TEMPLATE_BYTES <= len(data) <= MAX_TEMPLATE_BYTES:
        raise MalformedError(f"a template has {MIN_TEMPLATE_BYTES} to {MAX_TEMPLATE_BYTES} bytes")
    if len(set(data)) == 1:
        raise MalformedError("a template of one repeated byte is none")
    return data
