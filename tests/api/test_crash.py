"""The control plane dies at every step of every workflow; the next one converges, and nothing leaks."""

import os
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

import pytest

from skerry.assembly import Drivers
from skerry.drivers.compute.memory import MemoryCompute, MemoryHost
from skerry.drivers.compute.port import Power
from skerry.drivers.disks.memory import MemoryDisks, MemoryShelf
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.network.memory import MemoryFabric, MemoryNetwork
from tests.api.serving import TINY, RunningCloud, images_in_memory, serving
from tests.crashing import CrashPoints

STRIDE = int(os.environ.get("SKERRY_CRASH_STRIDE", "12"))
"""Every how many crossings a process dies; 1 tries them all (minutes)."""


class World:
    """What is outside a control plane and stays when it dies."""

    def __init__(self) -> None:
        self.host = MemoryHost()
        self.shelf = MemoryShelf()
        self.fabric = MemoryFabric()
        self.images: MemoryImages = images_in_memory()

    def drivers(self, points: CrashPoints | None = None) -> Drivers:
        compute, disks = MemoryCompute(self.host), MemoryDisks(self.shelf)
        network = MemoryNetwork(self.fabric)
        if points is None:
            return Drivers(compute, network, disks, self.images)
        return Drivers(
            points.around("compute", compute),
            points.around("network", network),
            points.around("disks", disks),
            self.images,
        )

    def running(self) -> set[str]:
        return {name for name, guest in self.host.guests.items() if guest.power is Power.RUNNING}


def _live_through(running: RunningCloud) -> None:
    """Each workflow of this cloud once; errors of a dying server are what a client would see."""
    ec2 = running.default_client()
    ids = [
        instance["InstanceId"]
        for instance in ec2.run_instances(
            ImageId=TINY, MinCount=2, MaxCount=2, InstanceType="t2.micro"
        )["Instances"]
    ]
    running.settle()
    address = ec2.allocate_address()
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=ids[0])
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0"
    )
    ec2.modify_instance_attribute(InstanceId=ids[0], Groups=[group])
    running.settle()
    _attach_and_detach(running, ids[0])
    ec2.stop_instances(InstanceIds=ids[:1])
    running.settle()
    ec2.start_instances(InstanceIds=ids[:1])
    ec2.reboot_instances(InstanceIds=ids[1:])
    running.settle()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    running.settle()
    default = [{"Name": "is-default", "Values": ["true"]}]
    home = ec2.describe_vpcs(Filters=default)["Vpcs"][0]["VpcId"]
    asked = ec2.create_vpc_peering_connection(VpcId=home, PeerVpcId=vpc)
    peering = asked["VpcPeeringConnection"]
    of_peering = {"VpcPeeringConnectionId": peering["VpcPeeringConnectionId"]}
    ec2.accept_vpc_peering_connection(**of_peering)
    endpoint = ec2.create_vpc_endpoint(
        VpcId=home,
        ServiceName="com.amazonaws.us-east-1.ec2",
        VpcEndpointType="Interface",
        SubnetIds=[ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
    )
    path = ec2.create_network_insights_path(
        Source=ids[0], Destination=ids[1], Protocol="tcp", DestinationPort=80
    )["NetworkInsightsPath"]["NetworkInsightsPathId"]
    ec2.start_network_insights_analysis(NetworkInsightsPathId=path)
    running.settle()
    _go_out_by_nat(running)
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpoint"]["VpcEndpointId"]])
    ec2.delete_vpc_peering_connection(**of_peering)
    running.settle()
    ec2.delete_vpc(VpcId=vpc)
    ec2.terminate_instances(InstanceIds=ids)
    running.settle()


def _go_out_by_nat(running: RunningCloud) -> None:
    """One NAT gateway stays and one goes, with routes for a prefix list that changes."""
    ec2 = running.default_client()
    subnet = {"SubnetId": ec2.describe_subnets()["Subnets"][0]["SubnetId"]}
    private = {**subnet, "ConnectivityType": "private"}
    stays, goes = (ec2.create_nat_gateway(**private)["NatGateway"] for _ in range(2))
    blocks = ec2.create_managed_prefix_list(
        PrefixListName="out", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "9.0.0.0/8"}]
    )["PrefixList"]["PrefixListId"]
    table = ec2.create_route_table(VpcId=stays["VpcId"])["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=table, **subnet)
    ec2.create_route(
        RouteTableId=table, DestinationPrefixListId=blocks, NatGatewayId=stays["NatGatewayId"]
    )
    running.settle()
    ec2.modify_managed_prefix_list(
        PrefixListId=blocks, CurrentVersion=1, AddEntries=[{"Cidr": "11.0.0.0/8"}]
    )
    ec2.delete_nat_gateway(NatGatewayId=goes["NatGatewayId"])
    running.settle()


def _check_the_ways_out(ec2, world: World) -> None:
    gateways = ec2.describe_nat_gateways()["NatGateways"]
    assert {one["State"] for one in gateways} <= {"available", "deleted"}
    available = {one["NatGatewayId"] for one in gateways if one["State"] == "available"}
    vpcs = world.fabric.vpcs.values()
    assert {one.nat_id for vpc in vpcs for one in vpc.nat_gateways} == available
    for one in ec2.describe_managed_prefix_lists()["PrefixLists"]:
        if (
            one["OwnerId"] == "AWS"
            or not ec2.get_managed_prefix_list_associations(PrefixListId=one["PrefixListId"])[
                "PrefixListAssociations"
            ]
        ):
            continue
        entries = ec2.get_managed_prefix_list_entries(PrefixListId=one["PrefixListId"])["Entries"]
        routes = {
            str(route.destination)
            for vpc in vpcs
            for subnet in vpc.subnets
            for route in subnet.routes
            if route.target in available
        }
        assert routes == {entry["Cidr"] for entry in entries}


def _attach_and_detach(running: RunningCloud, instance_id: str) -> None:
    """One interface comes to a running guest and stays, one comes and goes, one is taken by force."""
    ec2 = running.default_client()
    (described,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    subnet = {"SubnetId": described["Instances"][0]["SubnetId"]}
    stays = ec2.create_network_interface(**subnet, SecondaryPrivateIpAddressCount=1)
    for force in (False, True):
        goes = ec2.create_network_interface(**subnet)["NetworkInterface"]["NetworkInterfaceId"]
        attached = ec2.attach_network_interface(
            NetworkInterfaceId=goes, InstanceId=instance_id, DeviceIndex=1
        )
        running.settle()
        ec2.detach_network_interface(AttachmentId=attached["AttachmentId"], Force=force)
        running.settle()
        ec2.delete_network_interface(NetworkInterfaceId=goes)
    ec2.attach_network_interface(
        NetworkInterfaceId=stays["NetworkInterface"]["NetworkInterfaceId"],
        InstanceId=instance_id,
        DeviceIndex=1,
    )
    running.settle()


def _check_the_cards(world: World, interfaces: list[dict]) -> None:
    attached: defaultdict[str, set[str]] = defaultdict(set)
    for each in interfaces:
        if "InstanceId" in each.get("Attachment", {}):
            assert each["Attachment"]["Status"] == "attached"
            attached[each["Attachment"]["InstanceId"]].add(each["NetworkInterfaceId"])
    for instance_id in world.running():
        assert set(world.host.guests[instance_id].cards) == attached[instance_id]


def _check_that_the_world_matches(running: RunningCloud, world: World) -> None:
    ec2 = running.default_client()
    instances = [
        instance
        for page in ec2.describe_instances()["Reservations"]
        for instance in page["Instances"]
    ]
    states = {each["InstanceId"]: each["State"]["Name"] for each in instances}
    assert set(states.values()) <= {"running", "stopped", "terminated"}
    wanted = {name for name, state in states.items() if state == "running"}
    assert world.running() == wanted
    volumes = {each["VolumeId"] for each in ec2.describe_volumes()["Volumes"]}
    assert set(world.shelf.volumes) == volumes
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    running_ports = {
        each["NetworkInterfaceId"]
        for each in interfaces
        if each.get("Attachment", {}).get("InstanceId") in wanted
    }
    assert world.fabric.taps == running_ports
    _check_the_cards(world, interfaces)
    vpcs = {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]}
    assert set(world.fabric.vpcs) == vpcs
    peerings = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert {one["Status"]["Code"] for one in peerings} <= {
        "pending-acceptance",
        "active",
        "deleted",
    }
    active = {
        one["VpcPeeringConnectionId"] for one in peerings if one["Status"]["Code"] == "active"
    }
    held = [one.peering_id for vpc in world.fabric.vpcs.values() for one in vpc.peerings]
    assert sorted(held) == sorted([*active] * 2)
    analyses = ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"]
    assert {one["Status"] for one in analyses} <= {"succeeded"}
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert {one["State"] for one in endpoints} <= {"available"}
    _check_the_ways_out(ec2, world)
    for vpc in world.fabric.vpcs.values():
        known = {
            each["NetworkInterfaceId"]
            for each in interfaces
            if each["VpcId"] == vpc.vpc_id and each["InterfaceType"] != "nat_gateway"
        }
        assert {port.port_id for port in vpc.ports} == known


def _end_everything(running: RunningCloud, world: World) -> None:
    ec2 = running.default_client()
    instances = [
        instance["InstanceId"]
        for page in ec2.describe_instances()["Reservations"]
        for instance in page["Instances"]
    ]
    if instances:
        ec2.terminate_instances(InstanceIds=instances)
    running.settle()
    for each in ec2.describe_addresses()["Addresses"]:
        ec2.release_address(AllocationId=each["AllocationId"])
    assert not world.running()
    assert not world.shelf.volumes
    assert not world.fabric.taps


def _crossings(tmp_path: Path) -> list[str]:
    points = CrashPoints()
    world = World()
    with points.commits(), serving(tmp_path / "whole", world.drivers(points)) as running:
        running.settle()
        points.crossed.clear()
        _live_through(running)
        return list(points.crossed)


def _die_at(folder: Path, world: World, number: int) -> str:
    points = CrashPoints()
    with (
        suppress(Exception),  # whatever a client makes of a server that dies under it
        points.commits(),
        serving(folder, world.drivers(points)) as running,
    ):
        running.settle()
        running.dead = points.dead
        points.at = len(points.crossed) + number
        _live_through(running)
    return points.crossed[-1] if points.dead.is_set() else "nowhere"


@pytest.mark.timeout(900)
def test_a_control_plane_that_dies_at_any_step_converges_and_leaks_nothing(tmp_path: Path):
    total = len(_crossings(tmp_path))
    assert total > 60, "the workflows cross to the world far more often than this"
    began = time.monotonic()
    died: dict[int, str] = {}
    for number in range(1, total + 1, STRIDE):
        world, folder = World(), tmp_path / str(number)
        died[number] = _die_at(folder, world, number)
        with serving(folder, world.drivers()) as running:
            running.cloud.reconciler.scan()
            running.settle()
            _check_that_the_world_matches(running, world)
            _end_everything(running, world)
    places = set(died.values())
    print(
        f"{total} crossings, every {STRIDE}. tried, {time.monotonic() - began:.0f} s, at {places}"
    )
    survived = [number for number, place in died.items() if place == "nowhere"]
    # Passes merge differently each time, so a run may have fewer crossings than the one counted.
    assert all(number > total * 0.8 for number in survived), survived
