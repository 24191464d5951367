"""Ports at whose addresses the host answers, in its VPC's service namespace."""

from dataclasses import replace

from skerry.drivers.network import namespaces
from skerry.drivers.network.commands import run
from skerry.drivers.network.ovn.driver import OvnNetwork
from tests.cloud.drivers.network.stations import becomes, serve_in, stop
from tests.topologies import OUT, group, port, tcp, vpc

VPC_ID, TWIN_ID = "vpc-0d", "vpc-0e"


def topology(vpc_id: str = VPC_ID):
    """A station in each of two subnets, and a hosted port in the second that lets port 80 in."""
    plain, web = group(f"sg-plain-{vpc_id}", OUT), group(f"sg-web-{vpc_id}", tcp("web", 80), OUT)
    near = port(vpc_id, 1, "10.0.1.10", plain.group_id)
    beside = port(vpc_id, 2, "10.0.2.10", plain.group_id)
    hosted = port(vpc_id, 3, "10.0.2.99", web.group_id, hosted=True)
    return vpc(vpc_id, (plain, web), (near, beside, hosted)), near, beside, hosted


def test_the_host_answers_at_a_hosted_ports_address_behind_its_security_group(network, world):
    made, near, beside, hosted = topology()
    world.apply(made)
    stations = [world.station(near), world.station(beside)]
    address = str(hosted.addresses[0])
    listeners: list = []
    for number in (80, 81):
        serve_in(network.service_namespaces()[VPC_ID].name, number, listeners, address)
    try:
        for each in stations:
            becomes(True, lambda each=each: each.reaches(address, 80))
            assert not each.reaches(address, 81, 0.3), "its group lets port 80 in and no other"
        world.apply(replace(made, ports=made.ports[:2]))
        assert not stations[1].reaches(address, 80, 0.3)
        world.apply(made)
    finally:
        stop(listeners)


def test_equal_addresses_of_two_vpcs_are_two(network, world):
    listeners: list = []
    stations = {}
    for vpc_id in (VPC_ID, TWIN_ID):
        made, near, _, hosted = topology(vpc_id)
        world.apply(made)
        stations[vpc_id] = world.station(near)
    address = str(hosted.addresses[0])
    serve_in(network.service_namespaces()[TWIN_ID].name, 80, listeners, address)
    try:
        becomes(True, lambda: stations[TWIN_ID].reaches(address, 80))
        assert not stations[VPC_ID].reaches(address, 80, 0.3)
    finally:
        stop(listeners)


def test_a_new_process_finds_the_wires_and_removes_those_of_no_port(network: OvnNetwork, world):
    made, *_ = topology()
    world.apply(made)
    name = network.service_namespaces()[VPC_ID].name

    def wires() -> set[str]:
        listing = run("ip", "-o", "-n", name, "link", "show")
        devices = {line.split(": ")[1].partition("@")[0] for line in listing.splitlines()}
        return {each for each in devices if each.startswith("hst")}

    before = wires()
    assert len(before) == 1
    network._services._hosted._done.clear()
    network._services._whole.clear()
    world.apply(made)
    assert wires() == before
    network._services._hosted._done.clear()
    world.apply(replace(made, ports=made.ports[:2]))
    assert wires() == set()
    assert not before & network._switch.ports().keys()
    assert namespaces.exists(name)
