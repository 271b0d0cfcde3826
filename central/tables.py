"""Every table of central. Times are milliseconds since 1970 UTC (`_ms`), days are dates in a unit's zone.

What nodes wrote (`event`, `fork`, `listening`) is never altered; what is derived (`attendance_day`) can be
deleted and folded again from it. Changes of this file come with a migration and its tester.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SERIAL = BigInteger().with_variant(Integer, "sqlite")
_ID = String(32)
_NODE = String(16)
_HASH = String(64)


def _ms(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(f"{name}_ms", BigInteger, nullable=nullable)


# --- who and where

unit = Table(
    "unit",
    metadata,
    Column("code", _ID, primary_key=True),
    Column("name", String(120), nullable=False),
    Column("parent", _ID, ForeignKey("unit.code"), nullable=True),
    Column("zone", String(64), nullable=False),
    Column("kind", String(32), nullable=False, server_default=""),
    Column("valid_from", Date, nullable=True),
    Column("valid_to", Date, nullable=True),
)

employee = Table(
    "employee",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("nip", String(18), nullable=True, unique=True),
    Column("name", String(120), nullable=False),
    Column("employment", String(16), nullable=False),
    Column("salutation", String(8), nullable=True),
    Column("grade", String(64), nullable=False, server_default=""),
    Column("position", String(120), nullable=False, server_default=""),
)

assignment = Table(
    "assignment",
    metadata,
    Column("employee", _ID, ForeignKey("employee.id"), primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date, nullable=True),
    Column("unit", _ID, ForeignKey("unit.code"), nullable=False, index=True),
    Column("grp", String(32), nullable=False),
)

slot = Table(
    "slot",
    metadata,
    # node "" means every node of the unit
    Column("unit", _ID, ForeignKey("unit.code"), primary_key=True),
    Column("node", _NODE, primary_key=True, server_default=""),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("employee", _ID, ForeignKey("employee.id"), nullable=False, index=True),
    Column("finger", String(16), nullable=False, server_default=""),  # "" where nobody knows
    Column("template", _ID, nullable=True),  # what is in it, where the safe holds it too
    _ms("since", nullable=True),  # null: from before slots had a history
    _ms("proven", nullable=True),  # first live match; null where none is known
    Column("event", String(64), nullable=True),  # node/epoch/seq of what filled it; null: by hand
    # What waits for its first live match: asked for with every batch.
    Index(
        "ix_slot_unproven",
        "unit",
        "node",
        sqlite_where=text("proven_ms IS NULL AND template IS NOT NULL"),
        postgresql_where=text("proven_ms IS NULL AND template IS NOT NULL"),
    ),
)

# Who held a place before. Punches of that time are theirs, and their days wait for that node. Always of one
# node: which nodes a unit had then is known when the place changes hands, and never after.
slot_past = Table(
    "slot_past",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("unit", _ID, nullable=False),
    Column("node", _NODE, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("employee", _ID, ForeignKey("employee.id"), nullable=False, index=True),
    _ms("since", nullable=True),
    _ms("until"),  # when the books said so
    _ms("learned", nullable=True),  # when the node had heard it; null: it may still book for them
    Column("event", String(64), nullable=True),  # of what had filled it
    Index("ix_slot_past_unit_until", "unit", "until_ms"),
)

shift = Table(
    "shift",
    metadata,
    Column("employee", _ID, ForeignKey("employee.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("name", String(32), nullable=False),
)

# --- nodes and what they wrote

node = Table(
    "node",
    metadata,
    Column("id", _NODE, primary_key=True),
    Column("unit", _ID, ForeignKey("unit.code"), nullable=False, index=True),
    Column("event_key", _HASH, nullable=False),
    Column("transport_key", _HASH, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # active | distrusted | retired
    Column("state_reason", Text, nullable=False, server_default=""),
    Column("software", String(64), nullable=False, server_default=""),
    Column("clock_source", String(16), nullable=False, server_default=""),
    _ms("claimed_at"),
    _ms("retired_at", nullable=True),
    _ms("last_seen", nullable=True),  # any signed request
    _ms("last_event", nullable=True),  # wall clock of the last event handed in
    _ms("reported_until", nullable=True),  # the same, of the last one with a trusted clock: the watermark
    Column("backlog", BigInteger, nullable=True),  # what the node says of itself; for display only
    Column("photo_backlog", BigInteger, nullable=True),
)

claim = Table(
    "claim",
    metadata,
    Column("token_sha256", _HASH, primary_key=True),
    Column("unit", _ID, ForeignKey("unit.code"), nullable=False),
    _ms("created"),
    _ms("expires"),
    _ms("used", nullable=True),
    Column("node", _NODE, nullable=True),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("node", _NODE, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("head", _HASH, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("node", _NODE, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", String(32), nullable=False),
    _ms("wall"),  # as the node's clock said
    _ms("placed"),  # where days look for it: wall_ms where that can be, else when it was received
    Column("trusted", Boolean, nullable=False),
    Column("person", _ID, nullable=True),  # who central takes it for; null where nobody is known
    Column("slot", Integer, nullable=True),
    Column("kind", String(16), nullable=True),  # what the node's rules made of it
    Column("header", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=True),  # null: erased by law
    Column("photo", _HASH, nullable=True),
    _ms("received"),
)
# The only one beside the key. It grows at its end, where a batch of one office touches a page or two. Begun
# with the person or a photo's hash, every event touched another page, which took longer than storing it.
Index(
    "ix_event_punches",
    event.c.placed_ms,
    event.c.person,
    sqlite_where=text("type = 'punch'"),
    postgresql_where=text("type = 'punch'"),
)

fork = Table(
    "fork",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("node", _NODE, nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("leaf", _HASH, nullable=False),
    Column("stored_leaf", _HASH, nullable=False),
    Column("batch", LargeBinary, nullable=False),  # the signed bytes: the proof against whoever holds the key
    _ms("received"),
)

listening = Table(
    "listening",
    metadata,
    Column("node", _NODE, primary_key=True),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("to_ms", BigInteger, primary_key=True, autoincrement=False),
)

photo = Table(
    "photo",
    metadata,
    Column("sha256", _HASH, primary_key=True),
    Column("size_bytes", Integer, nullable=False),
    Column("node", _NODE, nullable=False),
    _ms("received"),
)

# Which events name a photo that is here: usually one, more where a node saw the same picture twice.
photo_subject = Table(
    "photo_subject",
    metadata,
    Column("sha256", _HASH, ForeignKey("photo.sha256"), primary_key=True),
    Column("node", _NODE, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
)

# --- rules and rosters

policy_document = Table(
    "policy_document",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),  # the signed text as nodes get it
    Column("sha256", _HASH, nullable=False),
    Column("name", String(64), nullable=False),
    _ms("created"),
)

roster_document = Table(
    "roster_document",
    metadata,
    Column("node", _NODE, primary_key=True),
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
    Column("content_sha256", _HASH, nullable=False),
    _ms("created"),
)

# --- sensors, and the templates in them

module = Table(
    "module",
    metadata,
    # the newest `module` event of each node
    Column("node", _NODE, primary_key=True),
    Column("model", String(64), nullable=False),
    Column("model_class", String(128), nullable=False),
    Column("serial", String(64), nullable=True),
    Column("capacity", Integer, nullable=False),
    Column("usable", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    Column("template_key", _HASH, nullable=False),
    Column("state", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column(
        "recovery", Text, nullable=True
    ),  # password and address, sealed for central; kept when a later one has none
    Column("event", String(64), nullable=False),  # node/epoch/seq
    _ms("at"),
)

person_key = Table(
    "person_key",
    metadata,
    # Destroying this row is what erases a person's templates, in backups of `template` too.
    Column("employee", _ID, ForeignKey("employee.id"), primary_key=True),
    Column("kek", Integer, nullable=False),  # version of the key-encryption key, which lies in no database
    Column("wrapped", LargeBinary, nullable=False),
    _ms("created"),
)

template = Table(
    "template",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("employee", _ID, ForeignKey("employee.id"), nullable=False, index=True),
    Column("finger", String(16), nullable=False),
    Column("model_class", String(128), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # AES-256-GCM under the person's key, nonce first
    Column("origin_node", _NODE, nullable=False),
    Column("origin_slot", Integer, nullable=False),
    Column("state", String(16), nullable=False),  # searching | clear | held
    _ms("created"),
)

template_search = Table(
    "template_search",
    metadata,
    Column("template", _ID, ForeignKey("template.id"), primary_key=True),
    Column("node", _NODE, primary_key=True),
    Column("state", String(16), nullable=False),  # waiting | clear | hit | refused
    Column("library", Integer, nullable=True),  # templates that it was compared with
    Column("reason", String(32), nullable=False, server_default=""),
    _ms("asked"),
    Column("asked_again", Integer, nullable=False, server_default="0"),  # how often, after an answer
    _ms("ended", nullable=True),
    Index("ix_template_search_node_state", "node", "state"),
)

finding = Table(
    "finding",
    metadata,
    # Two people whose fingers a sensor takes for one. Nobody is punished by it: people decide.
    Column("id", _SERIAL, primary_key=True),
    Column("kind", String(16), nullable=False),  # search | enrolment
    Column("employee", _ID, nullable=False, index=True),  # whose new finger it was
    Column("other", _ID, nullable=True),  # who holds the slot that answered; null where nobody is known
    Column("template", _ID, nullable=True),
    Column("other_template", _ID, nullable=True),  # what the books have in the slot that answered
    Column("node", _NODE, nullable=False),
    Column("slot", Integer, nullable=True),
    Column("score", Integer, nullable=True),
    Column("event", String(64), nullable=False),  # node/epoch/seq of what told it
    Column("photo", _HASH, nullable=True),  # of the new one's enrolment
    Column("other_photo", _HASH, nullable=True),  # of the other's enrolment, or their newest punch
    Column("state", String(16), nullable=False),  # open | chance | same-person | cheat | cheat-other
    Column("decided_by", String(80), nullable=True),
    Column("note", Text, nullable=False, server_default=""),
    _ms("since", nullable=True),  # somebody may have been booked by the new finger from then on
    _ms("opened"),
    _ms("decided", nullable=True),
    Index("ix_finding_state", "state"),
)

placement = Table(
    "placement",
    metadata,
    # Orders to install and to purge; the id is the order's.
    Column("id", String(64), primary_key=True),
    Column("do", String(16), nullable=False),  # install | purge
    Column("node", _NODE, nullable=False),
    Column("employee", _ID, ForeignKey("employee.id"), nullable=False, index=True),
    Column("finger", String(16), nullable=False, server_default=""),
    Column("template", _ID, nullable=True),
    Column("slots", Text, nullable=False),  # numbers joined by spaces; one where it is an install
    Column("reason", String(32), nullable=False, server_default=""),  # of a purge, or of a failure
    Column("state", String(16), nullable=False),  # open | done | failed | withdrawn | stated
    _ms("ordered"),
    _ms("ended", nullable=True),
    Index("ix_placement_node_state", "node", "state"),
)

export_refusal = Table(
    "export_refusal",
    metadata,
    # Slots whose template a node could not hand in: not asked for again until people or the slot change.
    Column("node", _NODE, primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("employee", _ID, nullable=False),
    Column("reason", String(32), nullable=False),
    _ms("at"),
)

enrolment_request = Table(
    "enrolment_request",
    metadata,
    Column("id", String(64), primary_key=True),  # the order's
    Column("node", _NODE, nullable=False),
    Column("employee", _ID, ForeignKey("employee.id"), nullable=False, index=True),
    Column("fingers", String(64), nullable=False),  # two, joined by a space
    Column("legal_basis", Text, nullable=False),
    Column("notice", Text, nullable=False),
    Column("requested_by", String(80), nullable=False),
    Column(
        "state", String(16), nullable=False
    ),  # waiting | running | enrolled | refused | expired | cancelled
    Column("reason", String(32), nullable=False, server_default=""),
    Column("event", String(64), nullable=True),  # node/epoch/seq of what told the end
    _ms("requested"),
    _ms("expires"),
    _ms("begun", nullable=True),
    _ms("ended", nullable=True),
    Index("ix_enrolment_request_node_state", "node", "state"),
)

orders_document = Table(
    "orders_document",
    metadata,
    # Only the newest of each node: what was ordered stands in the tables above.
    Column("node", _NODE, primary_key=True),
    Column("serial", Integer, nullable=False),
    Column("data", Text, nullable=False),
    Column("content_sha256", _HASH, nullable=False),
    _ms("created"),
)

pin = Table(
    "pin",
    metadata,
    Column("employee", _ID, ForeignKey("employee.id"), primary_key=True),
    Column("number", String(16), nullable=False, unique=True),  # what is typed before the PIN
    Column("hash", Text, nullable=False),
    Column("reason", Text, nullable=False),  # why fingers can't be read
    Column("monthly_quota", Integer, nullable=False),
    Column("set_by", String(80), nullable=False),
    _ms("set"),
)

pin_envelope = Table(
    "pin_envelope",
    metadata,
    # Sealing is never twice the same: kept, so that a roster changes only when the PINs in it do.
    Column("node", _NODE, primary_key=True),
    Column("content_sha256", _HASH, nullable=False),
    Column("sealed", Text, nullable=False),
)

# --- derived: days

attendance_day = Table(
    "attendance_day",
    metadata,
    Column("person", _ID, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("unit", _ID, nullable=False),
    Column("code", String(16), nullable=False),
    Column("final", Boolean, nullable=False),  # nothing that is still on its way can change it
    Column("check_in_ms", BigInteger, nullable=True),
    Column("check_out_ms", BigInteger, nullable=True),
    Column("in_event", String(64), nullable=True),  # node/epoch/seq
    Column("out_event", String(64), nullable=True),
    Column("late_minutes", Integer, nullable=False),
    Column("late_tier", String(16), nullable=True),
    Column("early_minutes", Integer, nullable=False),
    Column("early_tier", String(16), nullable=True),
    Column("missing_in", Boolean, nullable=False),
    Column("missing_out", Boolean, nullable=False),
    Column("present_on_day_off", Boolean, nullable=False),
    Column("flags", Text, nullable=False),  # sorted, joined by spaces
    Column("waiting_for", Text, nullable=False),  # nodes that keep the gate open, joined by spaces
    Column("policy_id", String(64), nullable=False),
    Column("grp", String(32), nullable=False),
    Index("ix_attendance_day_day_unit", "day", "unit"),
)

dirty_day = Table(
    "dirty_day",
    metadata,
    # The day first: a fold takes many people of one day together, and reads that day's punches once.
    Column("day", Date, primary_key=True),
    Column("person", _ID, primary_key=True),
)

dirty_node = Table(
    "dirty_node",
    metadata,
    Column("node", _NODE, primary_key=True),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
)

opened_day = Table("opened_day", metadata, Column("day", Date, primary_key=True), _ms("opened"))

# --- people who sign in

account = Table(
    "account",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("full_name", String(120), nullable=False),
    Column("role", String(16), nullable=False),
    Column("unit", _ID, ForeignKey("unit.code"), nullable=True),  # null: the whole regency
    Column("employee", _ID, ForeignKey("employee.id"), nullable=True),
    Column("password_hash", Text, nullable=True),  # null: only a sign-in link opens it
    Column("totp_secret", String(64), nullable=True),
    Column("totp_last_step", BigInteger, nullable=True),
    Column("active", Boolean, nullable=False),
    _ms("created"),
)

throttle = Table(
    "throttle",
    metadata,
    Column("subject", String(160), primary_key=True),
    Column("failures", Integer, nullable=False),
    _ms("last"),
    _ms("blocked_until"),
)

session = Table(
    "session",
    metadata,
    Column("token_sha256", _HASH, primary_key=True),
    Column("account", _SERIAL, ForeignKey("account.id"), nullable=False, index=True),
    _ms("created"),
    _ms("expires"),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("token_sha256", _HASH, primary_key=True),
    Column("account", _SERIAL, ForeignKey("account.id"), nullable=False),
    _ms("expires"),
    _ms("used", nullable=True),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    _ms("at"),
    Column("actor", String(80), nullable=False),
    Column("action", String(48), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_audit_log_action_subject", "action", "subject"),
)
