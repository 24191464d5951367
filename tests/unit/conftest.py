"""What spares time in all unit tests, for they are many."""

import gc

import pytest
from sqlalchemy import Engine, create_engine, event

from skerry.kernel import db


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Modules and models stay: looking through them again and again took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # as the daemon


@pytest.fixture(scope="package", autouse=True)
def _databases_are_quick():
    """Statements are compiled once, as in a daemon, not once per database; no disk is waited for.

    No unit test cuts the power, which is all that an unsynced file would not survive. Of this package only:
    other tiers keep the database as it is.
    """
    first = create_engine("sqlite://")
    first.connect().close()  # its dialect learns what it talks to
    compiled: dict = {}
    configure = db._use_immediate_transactions

    def configure_quickly(engine: Engine) -> None:
        configure(engine)
        engine.dialect = first.dialect  # a part of the key of what is compiled
        engine.update_execution_options(compiled_cache=compiled)
        event.listen(engine, "connect", _without_syncs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_use_immediate_transactions", configure_quickly)
        yield
    first.dispose()


def _without_syncs(connection, _record) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()
