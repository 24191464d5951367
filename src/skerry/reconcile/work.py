"""What a pass may use: engines, fresh reads, and saving what it observed."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from skerry.kernel.db import Base, Database
from skerry.kernel.engines import Engines
from skerry.kernel.region import Region
from skerry.kernel.wake import wake_id
from skerry.reconcile.verdict import Verdict

Port = TypeVar("Port")
Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Work:
    """A pass's surroundings. No transaction is open while a driver works: a slow engine blocks nobody."""

    database: Database
    engines: Engines
    region: Region

    def engine(self, port: type[Port]) -> Port:
        """The driver behind a port."""
        return self.engines.get(port)

    @contextmanager
    def read(self) -> Generator[Session]:
        """A snapshot of the whole cloud."""
        with self.database.read(None) as session:
            yield session

    def save(self, *rows: Base, wakes: Iterable[tuple[str, str]] = ()) -> None:
        """Write the observed columns that this pass changed, and wake others, in one transaction.

        Only changed columns are written, so that what actions wrote meanwhile stands.
        """
        with self.database.write(None) as session:
            session.add_all(rows)
            for kind, resource_id in wakes:
                wake_id(session, kind, resource_id)
            session.flush()
            session.commit()
            session.expunge_all()


@dataclass(frozen=True, slots=True)
class Reconciler:
    """How the rows of one table are made true.

    ``reconcile(work, row)`` gets a detached row; what it sets on it is saved with the verdict.
    """

    model: type[Base]
    reconcile: Callable[[Work, Any], Verdict]

    @property
    def kind(self) -> str:
        return self.model.__tablename__


@dataclass(frozen=True, slots=True)
class Sweep:
    """How leftovers in the world that no row stands behind are found and removed."""

    name: str
    found: Callable[[Engines], set[str]]  # ids that exist in the world
    wanted: Callable[[Session], set[str]]  # ids that rows stand behind
    remove: Callable[[Engines, str], None]
