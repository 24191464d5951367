"""Network interfaces and their private addresses."""

import pytest

from skerry.services.ec2.network_interface import api
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.subnet.api import allocate_private_ip, default_subnet, find_subnet
from tests.unit.services.calling import Tenant, counted_queries, refused


@pytest.fixture
def subnet_id(tenant: Tenant) -> str:
    vpc_id = tenant("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return tenant("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/28")["Subnet"]["SubnetId"]


def create(tenant: Tenant, subnet_id: str, **parameters) -> dict:
    made = tenant("CreateNetworkInterface", SubnetId=subnet_id, **parameters)
    return made["NetworkInterface"]


def show(tenant: Tenant, interface_id: str) -> dict:
    found = tenant("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])
    return found["NetworkInterfaces"][0]


def attach(tenant: Tenant, interface_id: str) -> None:
    with tenant.writing() as ctx:
        interface = api.find_interface(ctx, interface_id)
        api.attach_interface(ctx, interface, "i-0123456789abcdef0", 0, delete_on_termination=True)


def test_a_new_interface_is_in_the_default_group_and_available(tenant: Tenant, subnet_id: str):
    interface_id = create(tenant, subnet_id, Description="eth7")["NetworkInterfaceId"]
    shown = show(tenant, interface_id)
    assert (shown["Status"], shown["Description"]) == ("available", "eth7")
    assert [group["GroupName"] for group in shown["Groups"]] == ["default"]
    assert (
        shown["PrivateDnsName"] == f"ip-{shown['PrivateIpAddress'].replace('.', '-')}.ec2.internal"
    )
    assert shown["MacAddress"].startswith("02:")


def test_a_subnet_gives_all_but_five_of_its_addresses(tenant: Tenant, subnet_id: str):
    given = {create(tenant, subnet_id)["PrivateIpAddress"] for _ in range(11)}
    assert given == {f"10.0.1.{n}" for n in range(4, 15)}
    (subnet,) = tenant("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    assert subnet["AvailableIpAddressCount"] == 0
    with refused("InsufficientFreeAddressesInSubnet"):
        create(tenant, subnet_id)


@pytest.mark.parametrize(
    ("address", "saying"),
    [
        ("10.0.2.5", "does not fall within the subnet's address range"),
        ("10.0.1.3", "reserved address range"),
        ("10.0.1.15", "reserved address range"),
        ("10.0.1", "invalid"),
        ("fe80::1", "invalid"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused(tenant: Tenant, subnet_id, address, saying):
    with refused("InvalidParameterValue", saying):
        create(tenant, subnet_id, PrivateIpAddress=address)


def test_an_address_in_use_is_refused(tenant: Tenant, subnet_id: str):
    create(tenant, subnet_id, PrivateIpAddress="10.0.1.9")
    with refused("InvalidIPAddress.InUse", "Address 10.0.1.9 is in use."):
        create(tenant, subnet_id, PrivateIpAddress="10.0.1.9")


def test_taking_an_address_reads_no_more_of_a_fuller_subnet(tenant: Tenant, subnet_id: str):
    subnet = tenant("DescribeSubnets", Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    with tenant.writing() as ctx:
        row = find_subnet(ctx, subnet["Subnets"][0]["SubnetId"])
        with counted_queries(tenant.database) as queries:
            allocate_private_ip(ctx, row, None)
    assert len(queries) == 1
    assert "IN (" in queries[0]


def test_five_groups_at_most(tenant: Tenant, subnet_id: str):
    (subnet,) = tenant("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    groups = [
        tenant("CreateSecurityGroup", GroupName=f"g{n}", Description="d", VpcId=subnet["VpcId"])
        for n in range(6)
    ]
    ids = [group["GroupId"] for group in groups]
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        create(tenant, subnet_id, Groups=ids)
    interface = create(tenant, subnet_id, Groups=ids[:5])
    assert [group["GroupId"] for group in interface["Groups"]] == ids[:5]


def test_a_group_of_another_vpc_is_refused(tenant: Tenant, subnet_id: str):
    group_id = tenant("CreateSecurityGroup", GroupName="g", Description="d")["GroupId"]
    with refused("InvalidParameter", "belong to different networks"):
        create(tenant, subnet_id, Groups=[group_id])


def test_attributes_are_changed_one_at_a_time(tenant: Tenant, subnet_id: str):
    interface_id = create(tenant, subnet_id)["NetworkInterfaceId"]
    attach(tenant, interface_id)
    attachment_id = show(tenant, interface_id)["Attachment"]["AttachmentId"]
    kept = {"AttachmentId": attachment_id, "DeleteOnTermination": False}

    def modify(**change):
        tenant("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, **change)

    with refused("InvalidParameterCombination"):
        modify(Description={"Value": "x"}, SourceDestCheck={"Value": False})
    modify(Description={"Value": "uplink"})
    modify(SourceDestCheck={"Value": False})
    modify(Attachment=kept)
    shown = show(tenant, interface_id)
    assert (shown["Description"], shown["SourceDestCheck"]) == ("uplink", False)
    assert shown["Attachment"]["DeleteOnTermination"] is False
    with refused("InvalidAttachmentID.NotFound"):
        modify(Attachment={**kept, "AttachmentId": "eni-attach-00000000000000000"})

    def attribute(name: str) -> dict:
        ask = {"NetworkInterfaceId": interface_id, "Attribute": name}
        return tenant("DescribeNetworkInterfaceAttribute", **ask)

    assert attribute("description")["Description"] == {"Value": "uplink"}
    assert attribute("sourceDestCheck")["SourceDestCheck"] == {"Value": False}
    assert attribute("attachment")["Attachment"]["AttachmentId"] == attachment_id
    assert attribute("groupSet")["Groups"][0]["GroupName"] == "default"


def test_an_attached_interface_cannot_be_deleted(tenant: Tenant, subnet_id: str):
    interface_id = create(tenant, subnet_id)["NetworkInterfaceId"]
    attach(tenant, interface_id)
    with refused("InvalidParameterValue"):
        tenant("DeleteNetworkInterface", NetworkInterfaceId=interface_id)


def test_a_deleted_interface_leaves_its_elastic_ip_to_its_owner(tenant: Tenant):
    subnet_id = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    interface_id = create(tenant, subnet_id)["NetworkInterfaceId"]
    address_id = tenant("AllocateAddress")["AllocationId"]
    tenant("AssociateAddress", AllocationId=address_id, NetworkInterfaceId=interface_id)
    tenant("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    (address,) = tenant("DescribeAddresses")["Addresses"]
    assert "AssociationId" not in address


def test_malformed_and_unknown_ids_are_told_apart(tenant: Tenant):
    with refused("InvalidNetworkInterfaceId.Malformed"):
        tenant("DescribeNetworkInterfaces", NetworkInterfaceIds=["eth0"])
    with refused("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-"):
        tenant("DescribeNetworkInterfaces", NetworkInterfaceIds=["eni-00000000000000000"])


def test_an_automatic_address_goes_at_a_stop_and_comes_back_at_a_start(tenant: Tenant):
    subnet_id = tenant("DescribeSubnets")["Subnets"][0]["SubnetId"]
    interface_id = create(tenant, subnet_id)["NetworkInterfaceId"]
    with tenant.writing() as ctx:
        interface = ctx.db.get_one(NetworkInterface, interface_id)
        api.restore_public_ip(ctx.db, ctx.region, interface)
        assert interface.public_ip is None  # never asked for one
        api.give_public_ip(ctx, interface)
        assert interface.public_ip is not None
        api.take_public_ip(ctx.db, interface)
        assert interface.public_ip is None
        api.restore_public_ip(ctx.db, ctx.region, interface)
        assert interface.public_ip is not None


def test_interfaces_of_instances_come_in_the_order_of_their_devices(tenant: Tenant, subnet_id: str):
    ids = [create(tenant, subnet_id)["NetworkInterfaceId"] for _ in range(3)]
    with tenant.writing() as ctx:
        for index, interface_id in zip((2, 0, 1), ids, strict=True):
            interface = api.find_interface(ctx, interface_id)
            api.attach_interface(ctx, interface, "i-1", index, delete_on_termination=True)
        found = api.interfaces_of(ctx.db, ["i-1", "i-2"])
    assert [one.id for one in found["i-1"]] == [ids[1], ids[2], ids[0]]
    assert found["i-2"] == []


def test_a_describe_of_many_interfaces_makes_few_queries(tenant: Tenant, subnet_id: str):
    for _ in range(10):
        create(tenant, subnet_id)
    with counted_queries(tenant.database) as queries:
        tenant("DescribeNetworkInterfaces")
    assert len([query for query in queries if query.startswith("SELECT")]) <= 8


def test_a_managed_interface_is_in_use_and_left_alone(tenant: Tenant):
    with tenant.writing() as ctx:
        subnet = default_subnet(ctx, None)
        groups = resolve_groups(ctx, subnet.vpc_id, None, None)
        made = api.create_managed_interface(ctx, subnet, groups, None, "d", "vpc_endpoint")
    managed = [{"Name": "requester-managed", "Values": ["true"]}]
    (shown,) = tenant("DescribeNetworkInterfaces", Filters=managed)["NetworkInterfaces"]
    assert shown["NetworkInterfaceId"] == made.id
    assert (shown["InterfaceType"], shown["Status"]) == ("vpc_endpoint", "in-use")
    assert shown["Attachment"]["InstanceOwnerId"] == shown["RequesterId"] == "amazon-aws"
    assert shown["Attachment"]["AttachmentId"].startswith("ela-attach-")
    with refused("InvalidParameterValue"):
        tenant("DeleteNetworkInterface", NetworkInterfaceId=made.id)
    with refused("OperationNotPermitted"):
        tenant(
            "ModifyNetworkInterfaceAttribute",
            NetworkInterfaceId=made.id,
            Description={"Value": "mine"},
        )
