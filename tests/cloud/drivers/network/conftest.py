"""One network for all tests here: real daemons, in namespaces of our own; the world is a namespace too."""

import os
import shutil
import subprocess
import tempfile
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from skerry.drivers.network import namespaces
from skerry.drivers.network.ovn.driver import OvnNetwork, OvnSettings
from tests.cloud.drivers.network.stations import Station

CLOUD, LAN = "nettest", "skn-lan"


@pytest.fixture(scope="session")
def network():
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if shutil.which("ovn-northd") is None:
        pytest.skip("OVN is not installed")
    folder = Path(tempfile.mkdtemp(prefix="skn-", dir="/tmp"))
    namespaces.ensure(LAN)
    settings = OvnSettings(CLOUD, folder, IPv4Network("198.18.99.0/24"), outside=LAN)
    network = OvnNetwork(settings)
    network.start()
    yield network
    network.stop()
    namespaces.remove(LAN)
    shutil.rmtree(folder)
    left = subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True, check=False)
    assert left.stdout == "", "daemons are left behind"
    assert not namespaces.named_like(f"skerry-{CLOUD}")


@pytest.fixture
def world(network: OvnNetwork):
    """Makes VPCs and stations; afterwards nothing of them is left."""
    stations: list[Station] = []

    class World:
        def apply(self, vpc):
            network.apply(vpc)

        def station(self, port):
            stations.append(Station(network, port))
            return stations[-1]

    yield World()
    for station in stations:
        station.remove()
    for vpc_id in network.vpcs():
        network.remove(vpc_id)
    assert network.vpcs() == set()
    assert network.service_namespaces() == {}
    assert network.plugged() == set()
    assert not namespaces.named_like("skn-") - {LAN}
