"""Events lose the two indexes that cost more than they did; a photo says by itself which events name it."""

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
    op.drop_index("ix_event_photo", "event")
    op.drop_index("ix_event_person", "event")
    op.create_index(
        "ix_event_day_person",
        "event",
        [sa.text("(placed_ms / 86400000)"), "person"],
        unique=False,
        sqlite_where=sa.text("person IS NOT NULL"),
        postgresql_where=sa.text("person IS NOT NULL"),
    )
