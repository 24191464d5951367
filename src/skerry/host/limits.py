"""How much of what all share one guest may take: packets in a second, connections, threads that read."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, Protocol, TypeVar

PACKETS_PER_S = 1024
CONNECTIONS = 16  # of one guest
READS = 2  # of one VPC at a time

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Budget:
    """Packets that each address may send in a second to metadata and names together.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-limits
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._second = 0
        self._spent: Counter[str] = Counter()

    def take(self, address: str, packets: int) -> bool:
        """False: the guest has had its share of this second."""
        second = int(self._clock_s())
        if second != self._second:
            self._second = second
            self._spent.clear()
        if self._spent[address] + packets > PACKETS_PER_S:
            return False
        self._spent[address] += packets
        return True


class Seated(Protocol):
    """A connection. ``waits``: for its guest to say something, not for us."""

    @property
    def waits(self) -> bool: ...

    def end(self) -> None: ...


class Seats:
    """Open connections by address: a guest that has its fill pays for a new one with the one idle longest."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[Seated, None]] = {}
        self._is_closed = False

    def take(self, address: str, connection: Seated) -> bool:
        """False: all of this guest's connections are busy, or the VPC has gone."""
        if self._is_closed:
            return False
        taken = self._taken.setdefault(address, {})
        if len(taken) >= CONNECTIONS:
            idle = next((each for each in taken if each.waits), None)
            if idle is None:
                return False
            del taken[idle]
            idle.end()
        taken[connection] = None
        return True

    def used(self, address: str, connection: Seated) -> None:
        """It did something: others have been idle for longer."""
        taken = self._taken.get(address, {})
        if connection in taken:
            del taken[connection]
            taken[connection] = None

    def leave(self, address: str, connection: Seated) -> None:
        """It is closed; no-op if it has no seat."""
        taken = self._taken.get(address, {})
        taken.pop(connection, None)
        if not taken:
            self._taken.pop(address, None)

    def close(self) -> None:
        """The VPC has gone: end every connection, also those that were accepted but not seen yet."""
        self._is_closed = True
        for taken in self._taken.values():
            for each in taken:
                each.end()


class Turns:
    """One VPC's use of the threads that read rows: a few at a time, so that nobody waits behind its crowd."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(READS)

    async def read(
        self,
        work: Callable[Parameters, Result],
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Result:
        """Do it in a thread, when it is our turn."""
        async with self._free:
            future = self._pool.submit(work, *args, **kwargs)
            return await asyncio.wrap_future(future)


class Limits:
    """What is shared out in one VPC."""

    def __init__(self, pool: Executor) -> None:
        self.budget = Budget()
        self.seats = Seats()
        self.turns = Turns(pool)
