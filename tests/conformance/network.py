"""What every network driver does, real or in memory. Subclass and give the fixture."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from skerry.drivers.network.port import Network, Vpc
from skerry.drivers.network.topology import BrokenTopologyError
from tests.topologies import OUT, group, port, tcp, vpc

PORT_ID = "eni-0123456789abcdef0"


def one_vpc(vpc_id: str = "vpc-0a") -> Vpc:
    """One server that may be asked on port 80."""
    name = f"sg-{vpc_id}"
    ports = [port(vpc_id, 1, "10.0.1.10", name)]
    public = [(f"198.18.99.{int(vpc_id[-2:], 16)}", ports[0])]
    return vpc(vpc_id, [group(name, OUT, tcp("web", 80))], ports, public)


class NetworkConformance:
    """The port's promises, one test each."""

    @pytest.fixture
    def network(self) -> Network:
        raise NotImplementedError

    def test_a_vpc_is_there_once_applied_and_gone_once_removed(self, network):
        network.apply(one_vpc())
        network.apply(one_vpc())
        assert network.vpcs() == {"vpc-0a"}
        network.remove("vpc-0a")
        network.remove("vpc-0a")
        assert network.vpcs() == set()

    def test_removing_one_vpc_leaves_the_others(self, network):
        for vpc_id in ("vpc-0a", "vpc-0b"):
            network.apply(one_vpc(vpc_id))
        network.remove("vpc-0a")
        assert network.vpcs() == {"vpc-0b"}

    def test_eight_threads_that_apply_eight_vpcs_make_eight(self, network):
        ids = [f"vpc-1{number}" for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda vpc_id: network.apply(one_vpc(vpc_id)), ids))
        assert network.vpcs() == set(ids)

    def test_a_vpc_that_refers_to_what_it_does_not_hold_is_refused_and_nothing_of_it_made(
        self, network
    ):
        whole = one_vpc()
        for broken in (
            replace(whole, groups=()),
            replace(whole, subnets=()),
            replace(whole, ports=()),
            replace(whole, groups=(group("sg-vpc-0a", tcp("web", 80, group_id="sg-nobody")),)),
        ):
            with pytest.raises(BrokenTopologyError):
                network.apply(broken)
        assert network.vpcs() == set()

    def test_watchers_hear_of_vpcs_that_come_and_go_and_of_nothing_else(self, network):
        calls: list[int] = []
        network.watch(lambda: calls.append(len(network.vpcs())))
        network.apply(one_vpc())
        network.apply(one_vpc())
        network.apply(replace(one_vpc(), public=()))
        network.remove("vpc-0a")
        assert calls == [1, 0]

    def test_a_port_is_plugged_once_and_unplugged_without_trace(self, network):
        name = network.plug(PORT_ID)
        assert network.plug(PORT_ID) == name
        assert len(name) <= 15, "interface names have 15 characters at most"
        assert network.plugged() == {PORT_ID}
        network.unplug(PORT_ID)
        network.unplug(PORT_ID)
        assert network.plugged() == set()
