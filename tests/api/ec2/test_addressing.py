"""What a VPC is of: blocks of both families, what DHCP hands out, ways out for IPv6."""

from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.network import port
from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Network
from tests.api.serving import RunningCloud


def refusal(call, **parameters) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def dual(ec2) -> str:
    """Id of a VPC of both families."""
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    return made["Vpc"]["VpcId"]


def described(ec2, vpc_id: str):
    (vpc,) = ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    return vpc


def applied(cloud: RunningCloud, vpc_id: str) -> port.Vpc:
    cloud.settle()
    network = cloud.cloud.drivers.engines.get(Network)
    assert isinstance(network, MemoryNetwork)
    return network.fabric.vpcs[vpc_id]


def test_a_dual_stack_vpc_reaches_the_network(ec2, cloud: RunningCloud, dual: str):
    block = IPv6Network(described(ec2, dual)["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
    own = next(block.subnets(new_prefix=64))
    ec2.associate_vpc_cidr_block(VpcId=dual, CidrBlock="10.1.0.0/16")
    subnet = ec2.create_subnet(VpcId=dual, CidrBlock="10.1.1.0/24", Ipv6CidrBlock=str(own))
    subnet_id = subnet["Subnet"]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
    made = ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]
    (address,) = made["Ipv6Addresses"]
    network = applied(cloud, dual)
    assert network.cidrs == (IPv4Network("10.0.0.0/16"), IPv4Network("10.1.0.0/16"))
    assert network.ipv6_cidrs == (block,)
    assert network.subnets[0].ipv6 == own
    assert ip_address(address["Ipv6Address"]) in network.ports[0].addresses


def test_what_is_used_of_a_block_keeps_it(ec2, dual: str):
    association = described(ec2, dual)["Ipv6CidrBlockAssociationSet"][0]
    own = str(next(IPv6Network(association["Ipv6CidrBlock"]).subnets(new_prefix=64)))
    subnet_id = ec2.create_subnet(VpcId=dual, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    of_subnet = ec2.associate_subnet_cidr_block(SubnetId=subnet_id, Ipv6CidrBlock=own)
    of_subnet_id = of_subnet["Ipv6CidrBlockAssociation"]["AssociationId"]
    interface = ec2.create_network_interface(SubnetId=subnet_id, Ipv6AddressCount=1)
    whole = {"AssociationId": association["AssociationId"]}
    assert refusal(ec2.disassociate_vpc_cidr_block, **whole) == "InvalidCidrBlock.InUse"
    code = refusal(ec2.disassociate_subnet_cidr_block, AssociationId=of_subnet_id)
    assert code == "InvalidCidrBlock.InUse"
    interface_id = interface["NetworkInterface"]["NetworkInterfaceId"]
    ec2.delete_network_interface(NetworkInterfaceId=interface_id)
    ec2.disassociate_subnet_cidr_block(AssociationId=of_subnet_id)
    ec2.disassociate_vpc_cidr_block(**whole)
    assert described(ec2, dual)["Ipv6CidrBlockAssociationSet"] == []


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("ipv6-cidr-block-association.ipv6-cidr-block", "Ipv6CidrBlock"),
        ("ipv6-cidr-block-association.association-id", "AssociationId"),
        ("ipv6-cidr-block-association.ipv6-pool", "Ipv6Pool"),
    ],
)
def test_vpcs_are_found_by_their_ipv6_block(ec2, dual: str, name: str, member: str):
    value = described(ec2, dual)["Ipv6CidrBlockAssociationSet"][0][member]
    found = ec2.describe_vpcs(Filters=[{"Name": name, "Values": [value]}])["Vpcs"]
    assert [vpc["VpcId"] for vpc in found] == [dual]


def test_options_of_dhcp_reach_the_network(ec2, cloud: RunningCloud, dual: str):
    made = ec2.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["corp.example"]},
            {"Key": "domain-name-servers", "Values": ["10.0.0.53", "AmazonProvidedDNS"]},
            {"Key": "ntp-servers", "Values": ["169.254.169.123"]},
        ]
    )
    options_id = made["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options_id, VpcId=dual)
    assert applied(cloud, dual).dhcp == port.Dhcp(
        domain="corp.example",
        resolvers=(ip_address("10.0.0.53"), ip_address("10.0.0.2")),
        time_servers=(ip_address("169.254.169.123"),),
    )
    assert refusal(ec2.delete_dhcp_options, DhcpOptionsId=options_id) == "DependencyViolation"
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=dual)
    ec2.delete_dhcp_options(DhcpOptionsId=options_id)


def test_ipv6_leaves_by_an_egress_only_gateway(ec2, cloud: RunningCloud, dual: str):
    made = {
        ec2.create_egress_only_internet_gateway(VpcId=dual, ClientToken="once")[
            "EgressOnlyInternetGateway"
        ]["EgressOnlyInternetGatewayId"]
        for _ in range(2)
    }
    (gateway_id,) = made
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [dual]}])[
        "RouteTables"
    ]
    ec2.create_subnet(VpcId=dual, CidrBlock="10.0.1.0/24")
    ec2.create_route(
        RouteTableId=table["RouteTableId"],
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=gateway_id,
    )
    network = applied(cloud, dual)
    assert network.egress_only
    assert network.subnets[0].routes == (port.Route(IPv6Network("::/0"), port.EGRESS_INTERNET),)
    assert refusal(ec2.delete_vpc, VpcId=dual) == "DependencyViolation"
    ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway_id)
    assert applied(cloud, dual).subnets[0].routes[0].target == port.BLACKHOLE


def test_default_networks_come_back(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    (gateway,) = ec2.describe_internet_gateways()["InternetGateways"]
    gateway_id = gateway["InternetGatewayId"]
    assert refusal(ec2.delete_internet_gateway, InternetGatewayId=gateway_id) == (
        "DependencyViolation"
    )
    ec2.detach_internet_gateway(InternetGatewayId=gateway_id, VpcId=vpc["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=gateway_id)
    assert refusal(ec2.delete_vpc, VpcId=vpc["VpcId"]) == "DependencyViolation"
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    assert ec2.describe_vpcs()["Vpcs"] == []
    again = ec2.create_default_vpc()["Vpc"]
    assert (again["IsDefault"], again["CidrBlock"]) == (True, "172.31.0.0/16")
    assert refusal(ec2.create_default_vpc) == "DefaultVpcAlreadyExists"
    subnets = ec2.describe_subnets()["Subnets"]
    assert len(subnets) == 3
    ec2.delete_subnet(SubnetId=subnets[0]["SubnetId"])
    zone = subnets[0]["AvailabilityZone"]
    made = ec2.create_default_subnet(AvailabilityZone=zone)["Subnet"]
    assert (made["DefaultForAz"], made["MapPublicIpOnLaunch"]) == (True, True)
    assert refusal(ec2.create_default_subnet, AvailabilityZone=zone) == (
        "DefaultSubnetAlreadyExistsInAvailabilityZone"
    )
