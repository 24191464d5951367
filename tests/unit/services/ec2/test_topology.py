"""From rows to the value a network driver applies."""

import time
from ipaddress import IPv4Address, IPv4Network

import pytest
from sqlalchemy import select

from skerry.drivers.network import port
from skerry.drivers.network.port import Network
from skerry.kernel.db import Database
from skerry.kernel.engines import Engines
from skerry.kernel.wake import Wake
from skerry.reconcile.sweep import sweep
from skerry.reconcile.verdict import Done, Gone
from skerry.reconcile.work import Work
from skerry.services.ec2.network_interface import api as interfaces
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.subnet.api import default_subnet
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.reconcile import SWEEP_VPCS, reconcile_vpc
from skerry.services.ec2.vpc.topology import topology_of
from tests.unit.services.calling import Tenant, counted_queries

ANYWHERE = IPv4Network("0.0.0.0/0")


class RecordingNetwork:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.applied: dict[str, port.Vpc] = {}

    def apply(self, vpc: port.Vpc) -> None:
        self.applied[vpc.vpc_id] = vpc

    def remove(self, vpc_id: str) -> None:
        self.applied.pop(vpc_id, None)

    def vpcs(self) -> set[str]:
        return set(self.applied)


@pytest.fixture
def network() -> RecordingNetwork:
    return RecordingNetwork()


@pytest.fixture
def work(tenant: Tenant, network: RecordingNetwork) -> Work:
    return Work(tenant.database, Engines({Network: network}), tenant.region)


def rows_of(tenant: Tenant, vpc_id: str | None = None) -> port.Vpc:
    vpc_id = vpc_id or tenant("DescribeVpcs")["Vpcs"][0]["VpcId"]
    with tenant.database.read(None) as session:
        return topology_of(session, session.get_one(Vpc, vpc_id))


def add_interfaces(tenant: Tenant, count: int) -> list[str]:
    with tenant.writing() as ctx:
        subnet = default_subnet(ctx, None)
        groups = resolve_groups(ctx, subnet.vpc_id, None, None)
        made = []
        for _ in range(count):
            interface = interfaces.create_interface(ctx, subnet, groups, None, "", {})
            made.append(interface.id)
        return made


def test_the_default_vpc_as_the_network_sees_it(tenant: Tenant):
    vpc = rows_of(tenant)
    assert vpc.cidrs == (IPv4Network("172.31.0.0/16"),)
    assert (vpc.internet, vpc.dns, vpc.domain) == (True, True, "ec2.internal")
    assert len(vpc.subnets) == 3
    for subnet in vpc.subnets:
        assert subnet.routes == (port.Route(ANYWHERE, "internet"),)
        assert subnet.acl == tuple(
            port.AclEntry(100, egress, True, None, None, None, ANYWHERE) for egress in (False, True)
        )
    (group,) = vpc.groups
    peers = {(rule.egress, rule.protocol, rule.peers) for rule in group.rules}
    assert peers == {
        (False, None, port.Peers(group_id=group.group_id)),
        (True, None, port.Peers(cidr=ANYWHERE)),
    }


def test_rules_reach_the_network_by_number_and_ipv6_ones_stay_behind(tenant: Tenant):
    group_id = tenant("CreateSecurityGroup", GroupName="g", Description="d")["GroupId"]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 23, "IpRanges": [{"CidrIp": "9.0.0.0/8"}]}
    ping = {**ssh, "IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}
    esp = {**ssh, "IpProtocol": "50"}
    ssh["Ipv6Ranges"] = [{"CidrIpv6": "::/0"}]
    tenant("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[ssh, ping, esp])
    group = next(group for group in rows_of(tenant).groups if group.group_id == group_id)
    inward = {(r.protocol, r.from_port, r.to_port) for r in group.rules if not r.egress}
    assert inward == {(6, 22, 23), (1, 8, -1), (50, None, None)}


def test_interfaces_are_ports_with_their_public_addresses(tenant: Tenant):
    first, second = add_interfaces(tenant, 2)
    with tenant.writing() as ctx:
        interfaces.give_public_ip(ctx, ctx.db.get_one(NetworkInterface, first))
    address = tenant("AllocateAddress")
    tenant("AssociateAddress", AllocationId=address["AllocationId"], NetworkInterfaceId=second)
    vpc = rows_of(tenant)
    ports = {one.port_id: one for one in vpc.ports}
    assert ports.keys() == {first, second}
    assert ports[first].group_ids == (vpc.groups[0].group_id,)
    public = {one.port_id: one for one in vpc.public}
    assert public[second].public == IPv4Address(address["PublicIp"])
    for port_id in (first, second):
        assert (public[port_id].private,) == ports[port_id].addresses


def test_a_route_to_a_detached_gateway_is_a_black_hole(tenant: Tenant):
    (gateway,) = tenant("DescribeInternetGateways")["InternetGateways"]
    ids = {"InternetGatewayId": gateway["InternetGatewayId"]}
    tenant("DetachInternetGateway", **ids, VpcId=gateway["Attachments"][0]["VpcId"])
    vpc = rows_of(tenant)
    assert not vpc.internet
    assert vpc.subnets[0].routes == (port.Route(ANYWHERE, "blackhole"),)


def test_a_subnet_with_a_table_of_its_own_has_only_its_routes(tenant: Tenant):
    (table, *_) = tenant("DescribeRouteTables")["RouteTables"]
    own = tenant("CreateRouteTable", VpcId=table["VpcId"])["RouteTable"]["RouteTableId"]
    subnet_id = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    tenant("AssociateRouteTable", RouteTableId=own, SubnetId=subnet_id)
    routes = {subnet.subnet_id: subnet.routes for subnet in rows_of(tenant).subnets}
    assert routes.pop(subnet_id) == ()
    assert set(routes.values()) == {(port.Route(ANYWHERE, "internet"),)}


def test_the_same_rows_give_the_same_value_in_few_queries(tenant: Tenant):
    add_interfaces(tenant, 20)
    with counted_queries(tenant.database) as queries:
        first = rows_of(tenant)
    assert first == rows_of(tenant)
    # Three more are the tenant's own DescribeVpcs and the row itself.
    assert len([query for query in queries if query.startswith("SELECT")]) <= 21


def test_a_thousand_interfaces_are_read_in_milliseconds(tenant: Tenant):
    add_interfaces(tenant, 1000)
    vpc_id = tenant("DescribeVpcs")["Vpcs"][0]["VpcId"]
    took_s = []
    for _ in range(5):
        start = time.perf_counter()
        assert len(rows_of(tenant, vpc_id).ports) == 1000
        took_s.append(time.perf_counter() - start)
    print(f"1,000 ports: {min(took_s) * 1000:.1f} ms")
    assert min(took_s) < 0.05


def test_reconciling_applies_and_then_removes(
    tenant: Tenant, network: RecordingNetwork, work: Work
):
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]

    def reconcile():
        with tenant.database.read(None) as session:
            row = session.get_one(Vpc, vpc_id)
        return reconcile_vpc(work, row)

    for _ in range(2):
        assert reconcile() == Done()
        assert network.applied[vpc_id] == rows_of(tenant, vpc_id)
    tenant("DeleteVpc", VpcId=vpc_id)
    for _ in range(2):
        assert reconcile() == Gone()
        assert vpc_id not in network.applied


def test_a_pass_that_began_before_a_delete_does_not_bring_the_vpc_back(
    tenant: Tenant, network: RecordingNetwork, work: Work
):
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with tenant.database.read(None) as session:
        row = session.get_one(Vpc, vpc_id)
    tenant("DeleteVpc", VpcId=vpc_id)
    assert reconcile_vpc(work, row) == Done()
    assert network.applied == {}


def test_a_vpc_without_a_row_is_swept(tenant: Tenant, network: RecordingNetwork, work: Work):
    orphan = port.Vpc("vpc-0dead", (IPv4Network("10.0.0.0/16"),), False, "", True)
    network.apply(orphan)
    network.apply(rows_of(tenant))
    assert sweep(work, SWEEP_VPCS) == {"vpc-0dead"}
    assert len(network.applied) == 1


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("CreateSecurityGroup", {"GroupName": "g", "Description": "d"}),
        ("AuthorizeSecurityGroupIngress", {"GroupName": "default", "IpProtocol": "tcp",
                                           "FromPort": 1, "ToPort": 1, "CidrIp": "9.0.0.0/8"}),
        ("RevokeSecurityGroupIngress", {"GroupName": "default", "IpProtocol": "tcp",
                                        "FromPort": 1, "ToPort": 1, "CidrIp": "9.0.0.0/8"}),
        ("ModifyVpcAttribute", {"VpcId": "vpc", "EnableDnsSupport": {"Value": False}}),
        ("CreateSubnet", {"VpcId": "vpc", "CidrBlock": "172.31.200.0/24"}),
        ("CreateNetworkInterface", {"SubnetId": "subnet"}),
    ],
)  # fmt: skip
def test_what_changes_a_network_wakes_its_vpc(tenant: Tenant, action: str, parameters: dict):
    real = {
        "vpc": tenant("DescribeVpcs")["Vpcs"][0]["VpcId"],
        "subnet": tenant("DescribeSubnets")["Subnets"][0]["SubnetId"],
    }
    before = wakes(tenant.database)
    tenant(
        action, **{k: real.get(v, v) if isinstance(v, str) else v for k, v in parameters.items()}
    )
    after = wakes(tenant.database)
    assert after["vpc", real["vpc"]] > before["vpc", real["vpc"]]


def wakes(database: Database) -> dict[tuple[str, str], int]:
    with database.read(None) as session:
        return {(w.kind, w.resource_id): w.revision for w in session.scalars(select(Wake))}
