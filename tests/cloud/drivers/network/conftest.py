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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failure says what the network looked like: a machine far away cannot be asked afterwards."""
    report = yield
    network = getattr(item, "funcargs", {}).get("network")
    if report.when == "call" and report.failed and network is not None:
        report.sections.append(("network", picture_of(network)))
    return report


def picture_of(network: OvnNetwork) -> str:
    """Neighbours of the world, ports as OVN sees them, and what the switch last did."""
    places = network._places
    southbound = ("ovn-sbctl", f"--db=unix:{places.southbound}", "--timeout=5", "--format=csv")
    switch = ("ovs-appctl", "-t", str(places.folder / "vswitchd.ctl"))
    asked = (
        ("ip", "-n", LAN, "neigh"),
        (
            *southbound,
            "--columns=logical_port,type,chassis,up,nat_addresses",
            "list",
            "Port_Binding",
        ),
        (*southbound, "--columns=logical_port,ip,mac", "list", "MAC_Binding"),
        (*switch, "dpctl/dump-flows"),
    )
    told = []
    for command in asked:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        told += [f"$ {' '.join(command)}", said.stdout[-3000:] + said.stderr]
    return "\n".join(told)


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
