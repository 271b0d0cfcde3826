"""The first shape, one of two: units, people, nodes and what they wrote."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables."""
    _checkpoint()
    _employee()
    _event()
    _fork()
    _listening()
    _photo()
    _unit()
    _assignment()
    _claim()
    _node()
    _shift()
    _slot()


def _checkpoint() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("node", "epoch", name=op.f("pk_checkpoint")),
    )


def _employee() -> None:
    op.create_table(
        "employee",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("nip", sa.String(length=18), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("employment", sa.String(length=16), nullable=False),
        sa.Column("salutation", sa.String(length=8), nullable=True),
        sa.Column("grade", sa.String(length=64), server_default="", nullable=False),
        sa.Column("position", sa.String(length=120), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee")),
        sa.UniqueConstraint("nip", name=op.f("uq_employee_nip")),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("placed_ms", sa.BigInteger(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=True),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("photo", sa.String(length=64), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "epoch", "seq", name=op.f("pk_event")),
    )
    op.create_index(
        "ix_event_person",
        "event",
        ["person", "placed_ms"],
        unique=False,
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    )
    op.create_index(
        "ix_event_punches",
        "event",
        ["placed_ms"],
        unique=False,
        sqlite_where=sa.text("type = 'punch'"),
        postgresql_where=sa.text("type = 'punch'"),
    )
    op.create_index(
        "ix_event_photo",
        "event",
        [sa.text("substr(photo, 1, 8)")],
        unique=False,
        sqlite_where=sa.text("photo IS NOT NULL"),
        postgresql_where=sa.text("photo IS NOT NULL"),
    )


def _fork() -> None:
    op.create_table(
        "fork",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.String(length=64), nullable=False),
        sa.Column("stored_leaf", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fork")),
    )
    op.create_index(op.f("ix_fork_node"), "fork", ["node"], unique=False)


def _listening() -> None:
    op.create_table(
        "listening",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("node", "from_ms", "to_ms", name=op.f("pk_listening")),
    )


def _photo() -> None:
    op.create_table(
        "photo",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_photo")),
    )


def _unit() -> None:
    op.create_table(
        "unit",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("parent", sa.String(length=32), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), server_default="", nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["parent"], ["unit.code"], name=op.f("fk_unit_parent_unit")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_unit")),
    )


def _assignment() -> None:
    op.create_table(
        "assignment",
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("grp", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_assignment_employee_employee")),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_assignment_unit_unit")),
        sa.PrimaryKeyConstraint("employee", "valid_from", name=op.f("pk_assignment")),
    )
    op.create_index(op.f("ix_assignment_unit"), "assignment", ["unit"], unique=False)


def _claim() -> None:
    op.create_table(
        "claim",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.Column("node", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_claim_unit_unit")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_claim")),
    )


def _node() -> None:
    op.create_table(
        "node",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("event_key", sa.String(length=64), nullable=False),
        sa.Column("transport_key", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("software", sa.String(length=64), server_default="", nullable=False),
        sa.Column("clock_source", sa.String(length=16), server_default="", nullable=False),
        sa.Column("claimed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_event_ms", sa.BigInteger(), nullable=True),
        sa.Column("reported_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("backlog", sa.BigInteger(), nullable=True),
        sa.Column("photo_backlog", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_node_unit_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
    )
    op.create_index(op.f("ix_node_unit"), "node", ["unit"], unique=False)


def _shift() -> None:
    op.create_table(
        "shift",
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_shift_employee_employee")),
        sa.PrimaryKeyConstraint("employee", "day", name=op.f("pk_shift")),
    )


def _slot() -> None:
    op.create_table(
        "slot",
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("node", sa.String(length=16), server_default="", nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_slot_employee_employee")),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_slot_unit_unit")),
        sa.PrimaryKeyConstraint("unit", "node", "slot", name=op.f("pk_slot")),
    )
    op.create_index(op.f("ix_slot_employee"), "slot", ["employee"], unique=False)
