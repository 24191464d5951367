"""What the firewalls decided is told, of ports that ask for it and of no others."""

import subprocess
import time
from dataclasses import replace
from ipaddress import IPv4Network

from skerry.drivers.network.port import AclEntry, Flow, FlowLog
from tests.cloud.drivers.network.stations import becomes
from tests.topologies import ANYWHERE, OPEN_ACL, OUT, group, port, tcp, vpc

VPC_ID = "vpc-0f"


def pair(near: FlowLog, far: FlowLog, acl=OPEN_ACL):
    """Two ports in two subnets; the far one lets port 80 in."""
    web = group("sg-flows", tcp("web", 80), OUT)
    first = port(VPC_ID, 1, "10.0.1.10", "sg-flows", log=near)
    second = port(VPC_ID, 2, "10.0.2.10", "sg-flows", log=far)
    return vpc(VPC_ID, (web,), (first, second), acl=acl), first, second


def told(network, within_s: float = 2.0, enough: int = 1) -> list[Flow]:
    found: list[Flow] = []
    end = time.monotonic() + within_s
    while time.monotonic() < end and len(found) < enough:
        found += network.flows()
        time.sleep(0.02)
    return found + list(network.flows())


def test_a_rejected_packet_is_told_where_it_was_rejected(network, world):
    made, first, second = pair(FlowLog.NONE, FlowLog.REJECT)
    world.apply(made)
    near, far = world.station(first), world.station(second)
    far.serve(80)
    becomes(True, lambda: near.reaches(far.address, 80))
    network.flows()
    assert not near.reaches(far.address, 81, 0.3)
    flows = told(network)
    assert {(f.port_id, f.ingress, f.accepted, f.protocol) for f in flows} == {
        (second.port_id, True, False, 6)
    }
    assert {(str(f.source), str(f.destination), f.destination_port) for f in flows} == {
        ("10.0.1.10", "10.0.2.10", 81)
    }
    assert flows[0].tcp_flags == 2, "the first packet of a connection"


def test_an_accepted_connection_is_told_at_both_ends(network, world):
    made, first, second = pair(FlowLog.ACCEPT, FlowLog.ALL)
    world.apply(made)
    near, far = world.station(first), world.station(second)
    far.serve(80)
    becomes(True, lambda: near.reaches(far.address, 80))
    ends = {(f.port_id, f.ingress) for f in told(network, enough=8) if f.accepted}
    assert ends == {(first.port_id, False), (second.port_id, True)}


def test_a_network_acl_is_told_of_too_and_what_nobody_logs_is_not(network, world):
    closed = AclEntry(50, False, False, 6, 80, 80, IPv4Network("10.0.1.0/24"))
    opened = AclEntry(100, False, True, None, None, None, ANYWHERE)
    out = AclEntry(100, True, True, None, None, None, ANYWHERE)
    made, first, second = pair(FlowLog.NONE, FlowLog.ALL, acl=(closed, opened, out))
    world.apply(made)
    near, far = world.station(first), world.station(second)
    becomes(True, lambda: ping(near, far.address) is False)
    assert not near.reaches(far.address, 80, 0.3)
    rejected = {(f.port_id, f.destination_port) for f in told(network, enough=4) if not f.accepted}
    assert (second.port_id, 80) in rejected
    silent = tuple(replace(each, log=FlowLog.NONE) for each in made.ports)
    world.apply(replace(made, ports=silent))
    network.flows()
    assert not near.reaches(far.address, 80, 0.3)
    assert told(network, within_s=0.3) == []


def ping(station, address: str) -> bool:
    command = ["ip", "netns", "exec", station.name, "ping", "-c1", "-W1", address]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
