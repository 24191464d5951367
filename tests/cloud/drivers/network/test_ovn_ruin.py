"""Worse than one dead daemon: all of them at once, lost databases, a rebooted host, a killed control plane."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from skerry.drivers.network import namespaces, taps
from skerry.drivers.network.commands import run, succeeds
from skerry.drivers.network.ovn.daemons import PathTooLongError
from skerry.drivers.network.ovn.driver import BadNameError, OvnNetwork, OvnSettings
from tests.cloud.drivers.network.conftest import LAN
from tests.cloud.drivers.network.stations import ask, becomes, connect
from tests.conformance.network import PORT_ID, one_vpc
from tests.topologies import OUT, group, port, tcp, vpc

A = "vpc-0a"


@pytest.fixture
def pair(world):
    """A VPC with a client and a server, and the two stations."""
    ports = [port(A, 1, "10.0.1.10", "sg-web"), port(A, 2, "10.0.2.11", "sg-web")]
    value = vpc(A, [group("sg-web", OUT, tcp("web", 80))], ports, [("198.18.99.10", ports[0])])
    world.apply(value)
    one, two = (world.station(each) for each in ports)
    two.serve(80)
    becomes(True, lambda: one.reaches(two.address, 80, 0.3))
    return value, one, two


@pytest.fixture
def other(network):
    """Makes a network of its own, beside the one that all tests share."""
    made: list[OvnNetwork] = []

    def make(cloud: str, folder: Path | None = None) -> OvnNetwork:
        folder = folder or Path(tempfile.mkdtemp(prefix="skn-", dir="/tmp"))
        settings = OvnSettings(cloud, folder, IPv4Network("198.18.98.0/24"), outside=LAN)
        made.append(OvnNetwork(settings))
        return made[-1]

    yield make
    for each in made:
        each.stop()
        shutil.rmtree(each._settings.state_dir, ignore_errors=True)


def _kill_all(network: OvnNetwork) -> None:
    for daemon in network._daemons:
        pid = daemon.pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


def _content(network: OvnNetwork) -> list[str]:
    """Every row that a VPC owns, without what differs from database to database."""
    dump = ("ovsdb-client", "dump", f"unix:{network._places.northbound}", "OVN_Northbound")
    lines = run(*dump, "-f", "csv").splitlines()
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
    stripped = (re.sub(r"\[[U, ]*\]", "[…]", uuid.sub("U", line)) for line in lines)
    return sorted(line for line in stripped if "skerry:vpc" in line)


def test_all_daemons_killed_at_once_come_back_and_a_tcp_session_survives(pair, network):
    _, one, two = pair
    with connect(one.name, two.address, 80) as session:
        assert ask(session, "before").endswith("before")
        pids = [daemon.pid() for daemon in network._daemons]
        _kill_all(network)
        becomes(True, lambda: all(_came_back(network, pids)))
        assert ask(session, "after", 10).endswith("after")


def _came_back(network: OvnNetwork, pids: list[int | None]) -> list[bool]:
    daemons = zip(network._daemons, pids, strict=True)
    return [daemon.pid() not in (None, pid) for daemon, pid in daemons]


def test_a_lost_northbound_database_is_rebuilt_the_same_by_applying_again(pair, network):
    value, one, two = pair
    before = _content(network)
    nb = network._daemons[0]
    nb._database.unlink()
    killed = nb.pid()
    os.kill(killed, signal.SIGKILL)
    becomes(True, lambda: nb.pid() not in (None, killed))
    becomes(False, lambda: one.reaches(two.address, 80, 0.3))
    network.apply(value)
    assert network.rows_touched > 20
    assert one.reaches(two.address, 80), "applied means that the data plane has it"
    assert _content(network) == before


def test_applies_from_many_threads_wait_together(network, world):
    values = [one_vpc(f"vpc-2{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(network.apply, values))
    began = time.monotonic()
    network.apply(replace(values[0], public=()))
    alone_s = time.monotonic() - began
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda value: network.apply(replace(value, groups=_more(value))), values))
    assert time.monotonic() - began < max(1.0, 8 * alone_s)


def _more(value):
    name = value.groups[0].group_id
    return (group(name, OUT, tcp("web", 80), tcp("alt", 81)),)


def test_two_clouds_in_one_process_do_not_know_each_other(other, network, world):
    second = other("nettest2")
    second.start()
    second.apply(one_vpc("vpc-0b"))
    world.apply(one_vpc("vpc-0a"))
    assert second.vpcs() == set(second.service_namespaces()) == {"vpc-0b"}
    assert network.vpcs() == set(network.service_namespaces()) == {"vpc-0a"}


def test_stopping_leaves_nothing_on_the_host(other):
    network = other("nettest3")
    network.start()
    network.apply(one_vpc())
    network.plug(PORT_ID)
    assert all(daemon.pid() for daemon in network._daemons)
    network.stop()
    assert not any(daemon.pid() for daemon in network._daemons)
    running = ("pgrep", "-f", str(network._places.folder))
    assert not succeeds(*running)
    assert not namespaces.named_like("skerry-nettest3")
    in_lan = ("ip", "netns", "exec", LAN)
    assert "sku-nettest3" not in run("ip", "-n", LAN, "-o", "link", "show")
    assert not succeeds(*in_lan, "nft", "list", "table", "ip", "skerry_nettest3")
    assert {path.suffix for path in network._places.folder.iterdir()} == {".log"}


def test_after_a_reboot_everything_comes_back_from_what_is_applied(other):
    network = other("nettest4")
    network.start()
    network.apply(one_vpc())
    network.plug(PORT_ID)
    network.close()
    _kill_all(network)  # a reboot: files stay; processes, namespaces and devices do not
    for name in namespaces.named_like("skerry-nettest4"):
        namespaces.remove(name)
    again = other("nettest4", network._settings.state_dir)
    again.start()
    assert again.plugged() == set(), "a tap that is gone is not plugged"
    again.apply(one_vpc())
    assert set(again.service_namespaces()) == {"vpc-0a"}
    again.plug(PORT_ID)
    assert again.plugged() == {PORT_ID}
    again.close()


_CONTROL_PLANE = """
import sys, time
from ipaddress import IPv4Network
from pathlib import Path
from skerry.drivers.network.ovn.driver import OvnNetwork, OvnSettings
network = OvnNetwork(OvnSettings("nettest5", Path(sys.argv[1]), IPv4Network("198.18.98.0/24"), sys.argv[2]))
network.start()
print("up", flush=True)
time.sleep(60)
"""


def test_a_killed_control_plane_takes_no_daemon_with_it(other):
    network = other("nettest5")
    folder = network._settings.state_dir
    command = (sys.executable, "-c", _CONTROL_PLANE, str(folder), LAN)
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        os.killpg(process.pid, signal.SIGKILL)
    pids = [daemon.pid() for daemon in network._daemons]
    assert None not in pids
    began = time.monotonic()
    network.start()
    assert time.monotonic() - began < 1
    assert [daemon.pid() for daemon in network._daemons] == pids


def test_names_and_folders_that_cannot_work_are_refused_at_once(tmp_path):
    pool = IPv4Network("198.18.98.0/24")
    for name in ("", "UPPER", "eleven-long", "a b", "x-vpc-1"):
        with pytest.raises(BadNameError):
            OvnSettings(name, tmp_path, pool)
    with pytest.raises(PathTooLongError, match="state_dir of at most"):
        OvnNetwork(OvnSettings("ok", Path("/tmp") / ("x" * 90), pool))


def test_a_tap_has_no_offloads_and_the_mtu_of_its_vpc(network: OvnNetwork):
    name = network.plug(PORT_ID)
    assert name == taps.tap_name(PORT_ID)
    details = run("ip", "-n", network.namespace, "-d", "link", "show", name)
    assert "mtu 9001" in details
    assert "vnet_hdr off" in details
    assert "persist on" in details
    network.unplug(PORT_ID)
