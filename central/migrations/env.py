"""Alembic's entry: runs the steps on the connection that `central.schema` hands over, never on its own."""

from alembic import context

from central.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
