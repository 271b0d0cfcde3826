"""Events keep one index, which grows at its end; photos know their events, and marks lie by day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SUBJECTS_SO_FAR = """
INSERT INTO photo_subject (sha256, node, epoch, seq)
SELECT photo.sha256, event.node, event.epoch, event.seq FROM event JOIN photo ON photo.sha256 = event.photo
"""


def upgrade() -> None:
    """Look the subjects up once, then change the indexes."""
    op.create_table(
        "photo_subject",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["photo.sha256"], name=op.f("fk_photo_subject_sha256_photo")),
        sa.PrimaryKeyConstraint("sha256", "node", "epoch", "seq", name=op.f("pk_photo_subject")),
    )
    op.execute(_SUBJECTS_SO_FAR)
    for index in ("ix_event_photo", "ix_event_person", "ix_event_punches"):
        op.drop_index(index, "event")
    op.create_index(
        "ix_event_punches",
        "event",
        ["placed_ms", "person"],
        unique=False,
        sqlite_where=sa.text("type = 'punch'"),
        postgresql_where=sa.text("type = 'punch'"),
    )
    _mark_by_day()


def _mark_by_day() -> None:
    op.execute("CREATE TABLE dirty_day_before AS SELECT person, day FROM dirty_day")
    op.drop_table("dirty_day")
    op.create_table(
        "dirty_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("day", "person", name=op.f("pk_dirty_day")),
    )
    op.execute("INSERT INTO dirty_day (day, person) SELECT day, person FROM dirty_day_before")
    op.drop_table("dirty_day_before")
