"""Elastic IPs, auto-assigned public addresses, and the pool they share."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from skerry.services.ec2.network_interface import api as interfaces
from skerry.services.ec2.network_interface.model import NetworkInterface
from tests.unit.services.calling import Tenant, refused

POOL = IPv4Network("198.18.0.0/24")


def new_interface(tenant: Tenant, **parameters) -> str:
    subnet_id = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    made = tenant("CreateNetworkInterface", SubnetId=subnet_id, **parameters)
    return made["NetworkInterface"]["NetworkInterfaceId"]


def show(tenant: Tenant, interface_id: str) -> dict:
    found = tenant("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])
    return found["NetworkInterfaces"][0]


def give_public_ip(tenant: Tenant, interface_id: str) -> str:
    with tenant.writing() as ctx:
        interfaces.give_public_ip(ctx, ctx.db.get_one(NetworkInterface, interface_id))
    return show(tenant, interface_id)["Association"]["PublicIp"]


@pytest.fixture
def interface_id(tenant: Tenant) -> str:
    return new_interface(tenant)


def test_an_address_comes_from_the_pool_without_its_ends_and_the_hosts_own(tenant: Tenant):
    tiny = replace(tenant, region=replace(tenant.region, public_pool=IPv4Network("192.0.2.0/29")))
    given = [tiny("AllocateAddress", Domain="vpc")["PublicIp"] for _ in range(5)]
    assert sorted(given) == [f"192.0.2.{n}" for n in range(2, 7)]
    with refused("InsufficientAddressCapacity"):
        tiny("AllocateAddress", Domain="vpc")


def test_no_two_accounts_and_no_two_kinds_share_an_address(tenant: Tenant, other_tenant: Tenant):
    small = replace(tenant.region, public_pool=IPv4Network("192.0.2.0/28"))
    mine, theirs = replace(tenant, region=small), replace(other_tenant, region=small)
    given = [give_public_ip(mine, new_interface(mine)) for _ in range(4)]
    given += [give_public_ip(theirs, new_interface(theirs)) for _ in range(4)]
    given += [mine("AllocateAddress")["PublicIp"] for _ in range(2)]
    given += [theirs("AllocateAddress")["PublicIp"] for _ in range(3)]
    assert len(set(given)) == 13
    for each in (mine, theirs):
        with refused("InsufficientAddressCapacity"):
            each("AllocateAddress")


def test_a_free_address_of_the_pool_can_be_asked_for(tenant: Tenant, other_tenant: Tenant):
    assert tenant("AllocateAddress", Address="198.18.0.77")["PublicIp"] == "198.18.0.77"
    for taken in ("198.18.0.77", "198.18.0.1", "198.18.0.255", "8.8.8.8"):
        with refused("InvalidAddress.NotFound"):
            other_tenant("AllocateAddress", Address=taken)


def test_the_quota_of_addresses(tenant: Tenant):
    for _ in range(50):
        tenant("AllocateAddress")
    with refused("AddressLimitExceeded", "The maximum number of addresses has been reached."):
        tenant("AllocateAddress")


def test_an_associated_address_is_shown_on_both_sides(tenant: Tenant, interface_id: str):
    address = tenant("AllocateAddress")
    assert IPv4Address(address["PublicIp"]) in POOL
    made = tenant(
        "AssociateAddress",
        AllocationId=address["AllocationId"],
        NetworkInterfaceId=interface_id,
    )
    (shown,) = tenant("DescribeAddresses", PublicIps=[address["PublicIp"]])["Addresses"]
    assert shown["NetworkInterfaceId"] == interface_id
    assert shown["AssociationId"] == made["AssociationId"]
    association = show(tenant, interface_id)["Association"]
    assert association["AllocationId"] == address["AllocationId"]
    assert association["IpOwnerId"] == tenant.account_id
    name = f"ec2-{address['PublicIp'].replace('.', '-')}.compute-1.amazonaws.com"
    assert association["PublicDnsName"] == name
    with refused("InvalidIPAddress.InUse"):
        tenant("ReleaseAddress", AllocationId=address["AllocationId"])
    tenant("DisassociateAddress", AssociationId=made["AssociationId"])
    assert "Association" not in show(tenant, interface_id)
    tenant("ReleaseAddress", AllocationId=address["AllocationId"])
    with refused("InvalidAllocationID.NotFound"):
        tenant("DescribeAddresses", AllocationIds=[address["AllocationId"]])


def test_an_elastic_address_takes_the_place_of_an_automatic_one(tenant: Tenant, interface_id: str):
    automatic = give_public_ip(tenant, interface_id)
    assert show(tenant, interface_id)["Association"]["IpOwnerId"] == "amazon"
    address = tenant("AllocateAddress")
    ids = {"AllocationId": address["AllocationId"], "NetworkInterfaceId": interface_id}
    tenant("AssociateAddress", **ids)
    assert show(tenant, interface_id)["Association"]["PublicIp"] == address["PublicIp"]
    assert tenant("AllocateAddress", Address=automatic)["PublicIp"] == automatic


def test_associating_again_is_the_same_association(tenant: Tenant, interface_id: str):
    ids = {
        "AllocationId": tenant("AllocateAddress")["AllocationId"],
        "NetworkInterfaceId": interface_id,
    }
    assert tenant("AssociateAddress", **ids) == tenant("AssociateAddress", **ids)


def test_an_address_moves_unless_that_is_forbidden(tenant: Tenant, interface_id: str):
    other_id = new_interface(tenant)
    first, second = (tenant("AllocateAddress")["AllocationId"] for _ in range(2))
    tenant("AssociateAddress", AllocationId=first, NetworkInterfaceId=interface_id)
    tenant("AssociateAddress", AllocationId=second, NetworkInterfaceId=other_id)
    move = {"AllocationId": first, "NetworkInterfaceId": other_id}
    with refused("Resource.AlreadyAssociated", f"resource {first} is already associated"):
        tenant("AssociateAddress", **move, AllowReassociation=False)
    tenant("AssociateAddress", **move)
    shown = {a["AllocationId"]: a for a in tenant("DescribeAddresses")["Addresses"]}
    assert shown[first]["NetworkInterfaceId"] == other_id
    assert "AssociationId" not in shown[second]
    assert "Association" not in show(tenant, interface_id)


def test_an_address_needs_an_internet_gateway_to_lead_through(tenant: Tenant):
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]
    made = tenant("CreateNetworkInterface", SubnetId=subnet["SubnetId"])
    ids = {"NetworkInterfaceId": made["NetworkInterface"]["NetworkInterfaceId"]}
    with refused(
        "Gateway.NotAttached", f"Network {vpc_id} is not attached to any internet gateway"
    ):
        tenant("AssociateAddress", AllocationId=tenant("AllocateAddress")["AllocationId"], **ids)


def test_a_gateway_with_addresses_mapped_through_it_stays(tenant: Tenant, interface_id: str):
    give_public_ip(tenant, interface_id)
    (gateway,) = tenant("DescribeInternetGateways")["InternetGateways"]
    ids = {
        "InternetGatewayId": gateway["InternetGatewayId"],
        "VpcId": gateway["Attachments"][0]["VpcId"],
    }
    with refused("DependencyViolation", "mapped public address"):
        tenant("DetachInternetGateway", **ids)


def test_anothers_address_cannot_be_named_by_its_number(tenant: Tenant, other_tenant: Tenant):
    theirs = other_tenant("AllocateAddress")["PublicIp"]
    with refused("AuthFailure", f"The address '{theirs}' does not belong to you."):
        tenant("ReleaseAddress", PublicIp=theirs)
    with refused("InvalidAddress.NotFound"):
        tenant("DescribeAddresses", PublicIps=[theirs])


def test_addresses_are_found_by_tag(tenant: Tenant):
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "for", "Value": "mail"}]}]
    wanted = tenant("AllocateAddress", TagSpecifications=tags)["AllocationId"]
    tenant("AllocateAddress")
    filters = [{"Name": "tag:for", "Values": ["mail"]}]
    found = tenant("DescribeAddresses", Filters=filters)["Addresses"]
    assert [address["AllocationId"] for address in found] == [wanted]
    attributes = tenant("DescribeAddressesAttribute", AllocationIds=[wanted])["Addresses"]
    assert attributes == [], "it has no name of its own"


def test_an_unknown_instance_cannot_have_an_address(tenant: Tenant):
    address_id = tenant("AllocateAddress")["AllocationId"]
    with refused("InvalidInstanceID.NotFound"):
        tenant("AssociateAddress", AllocationId=address_id, InstanceId="i-00000000000000000")
