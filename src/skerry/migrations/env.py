"""Alembic's entry: runs the versions over the connection that `skerry.database` hands in."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from skerry.database import all_tables
from skerry.kernel.db import UtcDateTime


def render(kind: str, thing: object, context_: AutogenContext) -> str | Literal[False]:
    """Write our own column type by its short name, with its import."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        context_.imports.add("from skerry.kernel.db import UtcDateTime")
        return "UtcDateTime()"
    return False


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=all_tables(),
        render_as_batch=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
