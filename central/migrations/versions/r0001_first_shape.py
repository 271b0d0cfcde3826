"""The first shape: units, people, nodes, their events, rules, days, accounts and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_APPEND_ONLY_SQLITE = """
CREATE TRIGGER audit_log_no_{verb} BEFORE {verb} ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
_APPEND_ONLY_FUNCTION = """
CREATE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
"""
_APPEND_ONLY_POSTGRESQL = """
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit_log_append_only()
"""


def upgrade() -> None:
    """Create everything."""
    _attendance_day()
    _audit_log()
    _checkpoint()
    _dirty_day()
    _dirty_node()
    _employee()
    _event()
    _fork()
    _listening()
    _opened_day()
    _photo()
    _policy_document()
    _roster_document()
    _throttle()
    _unit()
    _account()
    _assignment()
    _claim()
    _node()
    _shift()
    _slot()
    _session()
    _sign_in_link()
    _keep_audit_log_append_only()


def _keep_audit_log_append_only() -> None:
    """Central's own code never alters an entry; the database refuses it to everybody else's too."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(_APPEND_ONLY_SQLITE.format(verb=verb))
    else:
        op.execute(_APPEND_ONLY_FUNCTION)
        op.execute(_APPEND_ONLY_POSTGRESQL)


def _attendance_day() -> None:
    op.create_table(
        "attendance_day",
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("check_in_ms", sa.BigInteger(), nullable=True),
        sa.Column("check_out_ms", sa.BigInteger(), nullable=True),
        sa.Column("in_event", sa.String(length=64), nullable=True),
        sa.Column("out_event", sa.String(length=64), nullable=True),
        sa.Column("late_minutes", sa.Integer(), nullable=False),
        sa.Column("late_tier", sa.String(length=16), nullable=True),
        sa.Column("early_minutes", sa.Integer(), nullable=False),
        sa.Column("early_tier", sa.String(length=16), nullable=True),
        sa.Column("missing_in", sa.Boolean(), nullable=False),
        sa.Column("missing_out", sa.Boolean(), nullable=False),
        sa.Column("present_on_day_off", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.String(length=64), nullable=False),
        sa.Column("grp", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("person", "day", name=op.f("pk_attendance_day")),
    )
    op.create_index("ix_attendance_day_day_unit", "attendance_day", ["day", "unit"], unique=False)


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_action_subject", "audit_log", ["action", "subject"], unique=False)


def _checkpoint() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("node", "epoch", name=op.f("pk_checkpoint")),
    )


def _dirty_day() -> None:
    op.create_table(
        "dirty_day",
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("person", "day", name=op.f("pk_dirty_day")),
    )


def _dirty_node() -> None:
    op.create_table(
        "dirty_node",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_dirty_node")),
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
        sa.Column("leaf", sa.String(length=64), nullable=False),
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
        "ix_event_photo",
        "event",
        ["photo"],
        unique=False,
        sqlite_where=sa.text("photo IS NOT NULL"),
        postgresql_where=sa.text("photo IS NOT NULL"),
    )
    op.create_index(
        "ix_event_punches",
        "event",
        ["placed_ms"],
        unique=False,
        sqlite_where=sa.text("type = 'punch'"),
        postgresql_where=sa.text("type = 'punch'"),
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


def _opened_day() -> None:
    op.create_table(
        "opened_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_opened_day")),
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


def _policy_document() -> None:
    op.create_table(
        "policy_document",
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_policy_document")),
    )


def _roster_document() -> None:
    op.create_table(
        "roster_document",
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("node", "serial", name=op.f("pk_roster_document")),
    )


def _throttle() -> None:
    op.create_table(
        "throttle",
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_throttle")),
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


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("full_name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=32), nullable=True),
        sa.Column("employee", sa.String(length=32), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("totp_secret", sa.String(length=64), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["employee"], ["employee.id"], name=op.f("fk_account_employee_employee")),
        sa.ForeignKeyConstraint(["unit"], ["unit.code"], name=op.f("fk_account_unit_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
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


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account", _SERIAL, nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_session_account_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account"), "session", ["account"], unique=False)


def _sign_in_link() -> None:
    op.create_table(
        "sign_in_link",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("account", _SERIAL, nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_sign_in_link_account_account")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in_link")),
    )
