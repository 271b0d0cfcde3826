"""Nodes that have told of their sensor, and requests to enrol, in the books of a central."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from attendance.moment import to_ms
from central.enrolment_requests import Wanted
from central.office import Office
from central.tables import enrolment_request, module


def tell_module(office: Office, node: str) -> None:
    """As after the `module` event of a node."""
    with office.database.write() as connection:
        connection.execute(
            insert(module).values(
                node=node,
                model="r503",
                model_class="r503/1536/-/3",
                capacity=200,
                usable=200,
                used=4,
                template_key="5" * 64,
                state="trusted",
                detail="",
                event=f"{node}/1/1",
                at_ms=0,
            )
        )


def wanted(node: str, person: str, **changes: Any) -> Wanted:
    """A good request, but for what is named."""
    good = {"fingers": ("right-index", "left-index"), "legal_basis": "SK 800/12", "notice": "v1"}
    return Wanted(node, person, **{**good, **changes})


def enter_request(
    office: Office, name: str, node: str, person: str, at: datetime, state: str, **changes: Any
) -> str:
    """A request as it stands in the books."""
    values = {
        "id": name,
        "node": node,
        "employee": person,
        "fingers": "right-index left-index",
        "legal_basis": "SK 800/12",
        "notice": "v1",
        "requested_by": "admin",
        "state": state,
        "requested_ms": to_ms(at),
        "expires_ms": to_ms(at) + 900_000,
    }
    with office.database.write() as connection:
        connection.execute(insert(enrolment_request).values({**values, **changes}))
    return name
