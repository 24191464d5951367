"""Shares of one guest."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from skerry.host.limits import CONNECTIONS, PACKETS_PER_S, READS, Budget, Seats, Turns


def test_a_guest_s_packets_are_counted_by_the_second():
    time_s = [5.0]
    budget = Budget(lambda: time_s[0])
    assert budget.take("a", PACKETS_PER_S)
    assert not budget.take("a", 1)
    assert budget.take("b", 1)
    time_s[0] = 6.0
    assert budget.take("a", 1)


class _Connection:
    def __init__(self) -> None:
        self.waits = True
        self.ended = False

    def end(self) -> None:
        self.ended = True


def _full() -> tuple[Seats, list[_Connection]]:
    seats, connections = Seats(), [_Connection() for _ in range(CONNECTIONS)]
    for each in connections:
        assert seats.take("a", each)
    return seats, connections


def test_a_new_connection_takes_the_place_of_the_one_idle_longest():
    seats, connections = _full()
    seats.used("a", connections[0])
    connections[1].waits = False
    assert seats.take("a", _Connection())
    assert [each for each in connections if each.ended] == [connections[2]]


def test_nobody_comes_in_once_the_vpc_has_gone():
    seats, connections = _full()
    seats.close()
    assert all(each.ended for each in connections)
    assert not seats.take("10.0.0.9", _Connection())


def test_nobody_else_pays_for_a_guest_s_connections():
    seats, connections = _full()
    assert seats.take("b", _Connection())
    assert not any(each.ended for each in connections)


def test_a_guest_whose_connections_are_all_busy_gets_no_more_of_them():
    seats, connections = _full()
    for each in connections:
        each.waits = False
    assert not seats.take("a", _Connection())
    seats.leave("a", connections[0])
    seats.leave("a", connections[0])
    assert seats.take("a", _Connection())


def test_a_vpc_s_crowd_does_not_keep_another_vpc_waiting():
    go_on = threading.Event()

    async def crowd() -> int:
        with ThreadPoolExecutor(READS + 1) as pool:
            slow, quick = Turns(pool), Turns(pool)
            waiting = [asyncio.ensure_future(slow.read(go_on.wait)) for _ in range(20)]
            await asyncio.sleep(0)
            found = await asyncio.wait_for(quick.read(lambda: 7), 2)
            go_on.set()
            await asyncio.gather(*waiting)
            return found

    try:
        assert asyncio.run(crowd()) == 7
    finally:
        go_on.set()
