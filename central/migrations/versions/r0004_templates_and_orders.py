"""Slots get a finger and a history; templates, searches, findings, orders and PINs get their tables."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables, and widen `slot`."""
    _export_refusal()
    _finding()
    _module()
    _orders_document()
    _pin_envelope()
    _enrolment_request()
    _person_key()
    _pin()
    _placement()
    _slot_past()
    _template()
    _template_search()
    _slot()
    _retirement()


def _export_refusal() -> None:
    op.create_table(
        "export_refusal",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "slot", name=op.f("pk_export_refusal")),
    )


def _finding() -> None:
    op.create_table(
        "finding",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("other", sa.String(length=32), nullable=True),
        sa.Column("template", sa.String(length=32), nullable=True),
        sa.Column("other_template", sa.String(length=32), nullable=True),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("photo", sa.String(length=64), nullable=True),
        sa.Column("other_photo", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=True),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_employee"), "finding", ["employee"], unique=False)
    op.create_index("ix_finding_state", "finding", ["state"], unique=False)


def _module() -> None:
    op.create_table(
        "module",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("model_class", sa.String(length=128), nullable=False),
        sa.Column("serial", sa.String(length=64), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("usable", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("template_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("recovery", sa.Text(), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_module")),
    )


def _orders_document() -> None:
    op.create_table(
        "orders_document",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_orders_document")),
    )


def _pin_envelope() -> None:
    op.create_table(
        "pin_envelope",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_pin_envelope")),
    )


def _enrolment_request() -> None:
    op.create_table(
        "enrolment_request",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("fingers", sa.String(length=64), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.Column("requested_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["employee"], ["employee.id"], name=op.f("fk_enrolment_request_employee_employee")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_request")),
    )
    op.create_index(op.f("ix_enrolment_request_employee"), "enrolment_request", ["employee"], unique=False)
    op.create_index("ix_enrolment_request_node_state", "enrolment_request", ["node", "state"], unique=False)


def _person_key() -> None:
    op.create_table(
        "person_key",
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("kek", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_person_key_employee_employee")),
        sa.PrimaryKeyConstraint("employee", name=op.f("pk_person_key")),
    )


def _pin() -> None:
    op.create_table(
        "pin",
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("monthly_quota", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.String(length=80), nullable=False),
        sa.Column("set_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_pin_employee_employee")),
        sa.PrimaryKeyConstraint("employee", name=op.f("pk_pin")),
        sa.UniqueConstraint("number", name=op.f("uq_pin_number")),
    )


def _placement() -> None:
    op.create_table(
        "placement",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("do", sa.String(length=16), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("finger", sa.String(length=16), server_default="", nullable=False),
        sa.Column("template", sa.String(length=32), nullable=True),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ordered_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_placement_employee_employee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement")),
    )
    op.create_index(op.f("ix_placement_employee"), "placement", ["employee"], unique=False)
    op.create_index("ix_placement_node_state", "placement", ["node", "state"], unique=False)


def _slot_past() -> None:
    op.create_table(
        "slot_past",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=True),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("learned_ms", sa.BigInteger(), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_slot_past_employee_employee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot_past")),
    )
    op.create_index(op.f("ix_slot_past_employee"), "slot_past", ["employee"], unique=False)
    op.create_index("ix_slot_past_unit_until", "slot_past", ["unit", "until_ms"], unique=False)


def _template() -> None:
    op.create_table(
        "template",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("employee", sa.String(length=32), nullable=False),
        sa.Column("finger", sa.String(length=16), nullable=False),
        sa.Column("model_class", sa.String(length=128), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("origin_node", sa.String(length=16), nullable=False),
        sa.Column("origin_slot", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_template_employee_employee")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
    )
    op.create_index(op.f("ix_template_employee"), "template", ["employee"], unique=False)


def _template_search() -> None:
    op.create_table(
        "template_search",
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("library", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_again", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["template"], ["template.id"], name=op.f("fk_template_search_template_template")
        ),
        sa.PrimaryKeyConstraint("template", "node", name=op.f("pk_template_search")),
    )
    op.create_index("ix_template_search_node_state", "template_search", ["node", "state"], unique=False)


def _slot() -> None:
    op.add_column("slot", sa.Column("finger", sa.String(length=16), server_default="", nullable=False))
    op.add_column("slot", sa.Column("template", sa.String(length=32), nullable=True))
    op.add_column("slot", sa.Column("since_ms", sa.BigInteger(), nullable=True))
    op.add_column("slot", sa.Column("proven_ms", sa.BigInteger(), nullable=True))
    op.add_column("slot", sa.Column("event", sa.String(length=64), nullable=True))
    waiting = sa.text("proven_ms IS NULL AND template IS NOT NULL")
    op.create_index(
        "ix_slot_unproven", "slot", ["unit", "node"], sqlite_where=waiting, postgresql_where=waiting
    )


def _retirement() -> None:
    """Until now only the log of deeds said when a node was taken out of service."""
    op.add_column("node", sa.Column("retired_at_ms", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE node SET retired_at_ms = (SELECT min(at_ms) FROM audit_log"
        " WHERE action = 'node-retired' AND subject = node.id) WHERE state = 'retired'"
    )
