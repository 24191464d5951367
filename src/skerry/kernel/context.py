"""What a handler is given besides the request."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from skerry.kernel.db import Base
from skerry.kernel.engines import Engines
from skerry.kernel.region import Region
from skerry.kernel.wake import wake

Port = TypeVar("Port")


@dataclass(frozen=True, slots=True)
class Context:
    """One request's surroundings: who asks, where, when, and in which transaction."""

    db: Session
    account_id: str
    region: Region
    request_id: str
    now: datetime
    engines: Engines
    access_key_id: str = ""

    def engine(self, port: type[Port]) -> Port:
        """The driver behind a port, e.g. ``ctx.engine(Compute)``."""
        return self.engines.get(port)

    def wake(self, row: Base) -> None:
        """Have this row reconciled when the transaction commits."""
        wake(self.db, row)
