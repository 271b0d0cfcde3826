"""A central with synthetic offices, people, nodes and punches written straight into its tables."""

import io
import shutil
import tempfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import Connection, insert, select, update

from attendance.chain import GENESIS, Link, make_event
from attendance.moment import ClockState, Moment, to_ms
from attendance.punch import Punch
from attendance.seal import public_hex, sha256_hex
from central import tables
from central.accounts import Role, create_account, set_password
from central.app import app_for
from central.config import CentralConfig
from central.installation import initialise
from central.office import Office, open_office
from central.sessions import make_link

WIB = ZoneInfo("Asia/Jakarta")
DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 8, 12, 30, tzinfo=WIB)
PASSWORD = "kuda-laut-menari-77"
_SALT = "0" * 32
_BOOT = "00000000-0000-4000-8000-000000000001"


class StillClock:
    """A clock that stands until a test moves it."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now_ms(self) -> int:
        return to_ms(self.at)


@cache
def _template() -> Path:
    """An empty installation, made once for a test run and copied for each world."""
    folder = Path(tempfile.mkdtemp(prefix="hadir-template-"))
    initialise(CentralConfig(data_dir=folder / "data", plain_http=True))
    return folder / "data"


class BoardWorld:
    """One central over one folder; `like` is a closed world whose books it starts with."""

    def __init__(self, folder: Path, *, like: "BoardWorld | None" = None, **settings: Any) -> None:
        shutil.copytree(like.office.config.data_dir if like else _template(), folder / "data")
        config = CentralConfig(data_dir=folder / "data", plain_http=True, **settings)
        self.clock = StillClock()
        self.office: Office = replace(open_office(config), clock=self.clock)
        self._links: dict[str, Link] = dict(like._links) if like else {}
        self.accounts: dict[Role, int] = dict(like.accounts) if like else {}
        self.picture = like.picture if like else ""

    def app(self) -> Flask:
        app = app_for(self.office)
        app.config["TESTING"] = True
        return app

    def close(self) -> None:
        self.office.database.close()

    # --- offices, people, nodes ---------------------------------------------------------------------------

    def unit(self, code: str, name: str, parent: str | None = None, kind: str = "skpd") -> None:
        with self.office.database.write() as connection:
            connection.execute(
                insert(tables.unit).values(
                    code=code, name=name, parent=parent, zone="Asia/Jakarta", kind=kind
                )
            )

    def person(self, id_: str, name: str, unit: str, nip: str | None = None) -> None:
        self.people([(id_, name, unit, nip)])

    def people(self, rows: list[tuple[str, str, str, str | None]]) -> None:
        with self.office.database.write() as connection:
            connection.execute(
                insert(tables.employee),
                [{"id": i, "nip": nip, "name": name, "employment": "pns"} for i, name, _, nip in rows],
            )
            connection.execute(
                insert(tables.assignment),
                [
                    {"employee": i, "valid_from": date(2020, 1, 1), "unit": unit, "grp": "umum"}
                    for i, _, unit, _ in rows
                ],
            )

    def node(self, id_: str, unit: str, *, seen: datetime | None = NOW, state: str = "active") -> None:
        key = public_hex(Ed25519PrivateKey.from_private_bytes(sha256_hex(id_.encode()).encode()[:32]))
        with self.office.database.write() as connection:
            connection.execute(
                insert(tables.node).values(
                    id=id_,
                    unit=unit,
                    event_key=key,
                    transport_key=key,
                    epoch=1,
                    state=state,
                    software="0.1.0",
                    clock_source="system",
                    claimed_at_ms=to_ms(NOW - timedelta(days=30)),
                    last_seen_ms=to_ms(seen) if seen else None,
                    backlog=0,
                    photo_backlog=0,
                )
            )

    def seen(self, node: str, when: datetime | None) -> None:
        with self.office.database.write() as connection:
            connection.execute(
                update(tables.node)
                .where(tables.node.c.id == node)
                .values(last_seen_ms=to_ms(when) if when else None)
            )

    # --- what nodes wrote ---------------------------------------------------------------------------------

    def event(
        self,
        node: str,
        kind: str,
        at: datetime,
        content: dict[str, Any],
        *,
        person: str | None = None,
        punch_kind: str | None = None,
        photo: str | None = None,
        state: ClockState = ClockState.ANCHORED,
        connection: Connection | None = None,
    ) -> str:
        """Store an event as `ingest` would, and return node/epoch/seq."""
        if connection is None:
            with self.office.database.write() as own:
                return self.event(
                    node,
                    kind,
                    at,
                    content,
                    person=person,
                    punch_kind=punch_kind,
                    photo=photo,
                    state=state,
                    connection=own,
                )
        link = self._links.get(node, Link(node, 1, 0, GENESIS))
        moment = Moment(to_ms(at), _BOOT, 1_000 + link.size, 1_000 + link.size, None, state)
        made = make_event(link, kind, moment, content, salt=_SALT, photo=photo)
        self._links[node] = Link(node, 1, made.seq, made.leaf)
        connection.execute(
            insert(tables.event).values(
                node=node,
                epoch=1,
                seq=made.seq,
                type=kind,
                wall_ms=to_ms(at),
                placed_ms=to_ms(at),
                trusted=state is not ClockState.DOUBTFUL,
                person=person,
                slot=content.get("slot") if kind == "punch" else None,
                kind=punch_kind,
                header=made.header,
                body=made.body,
                photo=photo,
                received_ms=to_ms(at),
            )
        )
        here = tables.photo.c.sha256
        if photo is not None and connection.scalar(select(here).where(here == photo)) is not None:
            connection.execute(
                insert(tables.photo_subject).values(sha256=photo, node=node, epoch=1, seq=made.seq)
            )
        self._held(connection, self._links[node])
        return f"{node}/1/{made.seq}"

    def _held(self, connection: Connection, link: Link) -> None:
        point = tables.checkpoint.c
        known = connection.scalar(select(point.size).where(point.node == link.node, point.epoch == 1))
        values = {"size": link.size, "head": link.head}
        if known is None:
            connection.execute(insert(tables.checkpoint).values(node=link.node, epoch=1, **values))
        else:
            connection.execute(update(tables.checkpoint).where(point.node == link.node).values(**values))

    def punch(
        self,
        node: str,
        person: str,
        at: datetime,
        kind: str,
        *,
        minutes: int = 0,
        photo: str | None = None,
        state: ClockState = ClockState.ANCHORED,
        connection: Connection | None = None,
    ) -> str:
        content = Punch(
            person, 1, 120, kind, at.date(), minutes, 1, 1, None if photo else "no-camera"
        ).content()
        return self.event(
            node,
            "punch",
            at,
            content,
            person=person,
            punch_kind=kind,
            photo=photo,
            state=state,
            connection=connection,
        )

    def photo(self, node: str, seed: int, text: str = "") -> str:
        """Store a synthetic picture and return its hash."""
        data = picture(seed, text)
        name = sha256_hex(data)
        path = self.office.config.photo_dir / name[:2] / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        with self.office.database.write() as connection:
            connection.execute(
                insert(tables.photo).values(
                    sha256=name, size_bytes=len(data), node=node, received_ms=to_ms(NOW)
                )
            )
        return name

    def day(
        self, person: str, unit: str, code: str, *, day: date = DAY, connection: Connection, **values: Any
    ) -> None:
        """Write a settled or running day; only what differs from an empty one is named."""
        connection.execute(
            tables.attendance_day.delete().where(
                tables.attendance_day.c.person == person, tables.attendance_day.c.day == day
            )
        )
        row = {
            "final": code not in ("pending", "H") or day < DAY,
            "late_minutes": 0,
            "early_minutes": 0,
            "missing_in": False,
            "missing_out": False,
            "present_on_day_off": False,
            "flags": "",
            "waiting_for": "",
            "policy_id": "asn-2023",
            "grp": "umum",
        }
        connection.execute(
            insert(tables.attendance_day).values(
                person=person, day=day, unit=unit, code=code, **{**row, **values}
            )
        )

    def arrive(
        self, node: str, person: str, unit: str, at: datetime, *, late: int = 0, photo: str | None = None
    ) -> str:
        """One person comes in: the punch and the day as it then stands."""
        with self.office.database.write() as connection:
            reference = self.punch(
                node, person, at, "late" if late else "in", minutes=late, photo=photo, connection=connection
            )
            self.day(
                person,
                unit,
                "pending",
                day=at.astimezone(WIB).date(),
                connection=connection,
                check_in_ms=to_ms(at),
                in_event=reference,
                late_minutes=late,
                late_tier="TL1" if late else None,
                waiting_for=node,
            )
        return reference

    # --- people who sign in ---------------------------------------------------------------------------------

    def account(
        self,
        name: str,
        role: Role,
        *,
        unit: str | None = None,
        employee: str | None = None,
        password: str | None = None,
    ) -> int:
        with self.office.database.write() as connection:
            made = create_account(
                connection,
                name,
                role,
                password=None,
                now_ms=self.clock.now_ms(),
                full_name=name.replace(".", " ").title(),
                unit_code=unit,
                employee=employee,
            )
            if password is not None:
                set_password(connection, made, password, actor=name, now_ms=self.clock.now_ms())
            return made

    def link(self, account: int) -> str:
        """The path of a fresh one-time link."""
        with self.office.database.write() as connection:
            return f"/masuk/{make_link(connection, account, self.clock.now_ms(), timedelta(hours=1))}"


def picture(seed: int, text: str = "") -> bytes:
    """A small synthetic doorway with somebody in it; nobody real."""
    skin = [(214, 160, 120), (186, 130, 94), (160, 108, 78), (198, 148, 110)][seed % 4]
    shirt = [(96, 88, 62), (40, 74, 112), (120, 120, 124), (58, 96, 74)][(seed // 4) % 4]
    image = Image.new("RGB", (480, 360), [(196, 204, 210), (210, 204, 190), (186, 196, 190)][seed % 3])
    pen = ImageDraw.Draw(image)
    pen.rectangle((40 + seed % 60, 30, 200 + seed % 60, 360), fill=(150, 126, 98))
    pen.rectangle((0, 320, 480, 360), fill=(140, 140, 136))
    left = 180 + (seed * 37) % 80
    pen.ellipse((left - 40, 220, left + 160, 460), fill=shirt)
    pen.ellipse((left + 8, 80, left + 112, 214), fill=skin)
    if seed % 2:
        pen.chord((left - 8, 62, left + 128, 230), 150, 30, fill=(70 + seed % 90, 50, 60))
        pen.ellipse((left + 20, 100, left + 100, 208), fill=skin)
    else:
        pen.chord((left + 4, 66, left + 116, 190), 180, 360, fill=(30, 26, 26))
    pen.ellipse((left + 34, 136, left + 44, 146), fill=(30, 30, 30))
    pen.ellipse((left + 76, 136, left + 86, 146), fill=(30, 30, 30))
    pen.arc((left + 40, 150, left + 80, 184), 20, 160, fill=(110, 50, 50), width=4)
    pen.rectangle((0, 0, 480, 22), fill=(20, 20, 20))
    pen.text((8, 5), text or "KAMERA TIRUAN", fill=(240, 240, 240))
    target = io.BytesIO()
    image.save(target, "JPEG", quality=80)
    return target.getvalue()
