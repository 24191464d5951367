"""The network in memory."""

import pytest

from skerry.drivers.network.memory import MemoryFabric, MemoryNetwork
from tests.conformance.network import NetworkConformance, one_vpc


class TestMemoryNetwork(NetworkConformance):
    @pytest.fixture
    def network(self) -> MemoryNetwork:
        return MemoryNetwork()


def test_the_world_outlives_its_driver():
    fabric = MemoryFabric()
    first = MemoryNetwork(fabric)
    first.apply(one_vpc())
    first.plug("eni-1")
    first.close()
    second = MemoryNetwork(fabric)
    assert (second.vpcs(), second.plugged()) == ({"vpc-0a"}, {"eni-1"})
    assert fabric.changes == 1
    second.apply(one_vpc())
    assert fabric.changes == 1, "the same value again changes nothing"
