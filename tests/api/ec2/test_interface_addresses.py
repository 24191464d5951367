"""Interfaces with several addresses, and Elastic IPs that lead to each of them."""

import pytest
from botocore.exceptions import ClientError

from skerry.drivers.network.memory import MemoryNetwork
from skerry.drivers.network.port import Network
from tests.api.serving import TINY, RunningCloud


def refusal(call, **parameters) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


@pytest.fixture
def subnet(ec2) -> dict:
    return ec2.describe_subnets()["Subnets"][0]


@pytest.fixture
def at(subnet):
    """The nth address of the subnet."""
    base = subnet["CidrBlock"].rsplit(".", 1)[0]
    return lambda number: f"{base}.{number}"


def create(ec2, subnet, **parameters) -> dict:
    made = ec2.create_network_interface(SubnetId=subnet["SubnetId"], **parameters)
    return made["NetworkInterface"]


def private(shown: dict) -> dict[str, bool]:
    return {each["PrivateIpAddress"]: each["Primary"] for each in shown["PrivateIpAddresses"]}


def show(ec2, interface_id: str) -> dict:
    return ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"][
        0
    ]


def test_addresses_are_given_as_they_are_named(ec2, subnet, at):
    listed = [
        {"PrivateIpAddress": at(30), "Primary": False},
        {"PrivateIpAddress": at(20), "Primary": True},
    ]
    shown = create(ec2, subnet, PrivateIpAddresses=listed)
    assert shown["PrivateIpAddress"] == at(20)
    assert private(shown) == {at(20): True, at(30): False}
    names = [each["PrivateDnsName"] for each in shown["PrivateIpAddresses"]]
    assert names == [f"ip-{at(n).replace('.', '-')}.ec2.internal" for n in (20, 30)]
    counted = create(ec2, subnet, PrivateIpAddress=at(40), SecondaryPrivateIpAddressCount=2)
    assert list(private(counted).values()) == [True, False, False]
    free = ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"][0]
    assert free["AvailableIpAddressCount"] == subnet["AvailableIpAddressCount"] - 5


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"primary": [20, 21]}, "InvalidParameterCombination"),
        ({"single": 20, "primary": [21]}, "InvalidParameterCombination"),
        ({"others": [20, 21], "SecondaryPrivateIpAddressCount": 1}, "InvalidParameterCombination"),
        ({"primary": [20], "others": [21, 21]}, "InvalidParameterValue"),
        ({"primary": [20], "others": [20]}, "InvalidIPAddress.InUse"),
        ({"primary": [20], "others": [3]}, "InvalidParameterValue"),
        ({"SecondaryPrivateIpAddressCount": 50}, "PrivateIpAddressLimitExceeded"),
        ({"SecondaryPrivateIpAddressCount": -1}, "InvalidParameterValue"),
        ({"Ipv4PrefixCount": 1}, "UnsupportedOperation"),
        ({"InterfaceType": "efa"}, "UnsupportedOperation"),
        ({"PrivateIpAddresses": [{"Primary": True}]}, "MissingParameter"),
    ],
)
def test_addresses_that_cannot_be_are_refused_and_nothing_is_made(
    ec2, subnet, at, parameters, code
):
    asked = dict(parameters)
    listed = [{"PrivateIpAddress": at(n), "Primary": True} for n in asked.pop("primary", [])] + [
        {"PrivateIpAddress": at(n)} for n in asked.pop("others", [])
    ]
    if listed:
        asked["PrivateIpAddresses"] = listed
    if "single" in asked:
        asked["PrivateIpAddress"] = at(asked.pop("single"))
    call = ec2.create_network_interface
    assert refusal(call, SubnetId=subnet["SubnetId"], **asked) == code
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_addresses_come_and_go(ec2, cloud: RunningCloud, settle, subnet, at):
    one = create(ec2, subnet, PrivateIpAddress=at(20))
    id_ = {"NetworkInterfaceId": one["NetworkInterfaceId"]}
    given = ec2.assign_private_ip_addresses(**id_, PrivateIpAddresses=[at(31), at(30)])
    assert [each["PrivateIpAddress"] for each in given["AssignedPrivateIpAddresses"]] == [
        at(31),
        at(30),
    ]
    counted = ec2.assign_private_ip_addresses(**id_, SecondaryPrivateIpAddressCount=1)
    (third,) = (each["PrivateIpAddress"] for each in counted["AssignedPrivateIpAddresses"])
    shown = show(ec2, one["NetworkInterfaceId"])
    assert list(private(shown)) == [at(20), at(31), at(30), third]
    settle()
    network = cloud.cloud.drivers.engines.get(Network)
    assert isinstance(network, MemoryNetwork)
    (port,) = network.fabric.vpcs[subnet["VpcId"]].ports
    assert [str(each) for each in port.addresses] == [at(20), at(31), at(30), third]

    assert (
        refusal(ec2.create_network_interface, SubnetId=subnet["SubnetId"], PrivateIpAddress=at(30))
        == "InvalidIPAddress.InUse"
    )
    ec2.unassign_private_ip_addresses(**id_, PrivateIpAddresses=[at(31), third])
    assert list(private(show(ec2, one["NetworkInterfaceId"]))) == [at(20), at(30)]
    take = ec2.unassign_private_ip_addresses
    assert refusal(take, **id_, PrivateIpAddresses=[at(31)]) == "InvalidParameterValue"
    assert refusal(take, **id_, PrivateIpAddresses=[at(20)]) == "InvalidParameterValue"
    create(ec2, subnet, PrivateIpAddress=at(31))
    ec2.delete_network_interface(**id_)
    create(ec2, subnet, PrivateIpAddress=at(30))


def test_filters_find_an_interface_by_any_of_its_addresses(ec2, subnet, at):
    one = create(ec2, subnet, PrivateIpAddress=at(20), SecondaryPrivateIpAddressCount=1)
    create(ec2, subnet)
    second = one["PrivateIpAddresses"][1]["PrivateIpAddress"]

    def found(name: str, *values: str) -> list[str]:
        answer = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": values}])
        return [each["NetworkInterfaceId"] for each in answer["NetworkInterfaces"]]

    assert found("addresses.private-ip-address", second) == [one["NetworkInterfaceId"]]
    assert found("addresses.primary", "false") == [one["NetworkInterfaceId"]]
    assert len(found("addresses.primary", "true")) == 2


def test_an_address_moves_to_another_interface_with_its_elastic_ip(ec2, subnet, at):
    one = create(ec2, subnet, PrivateIpAddress=at(20))["NetworkInterfaceId"]
    two = create(ec2, subnet, PrivateIpAddress=at(21))["NetworkInterfaceId"]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=one, PrivateIpAddresses=[at(30)])
    elastic = ec2.allocate_address()
    ec2.associate_address(
        AllocationId=elastic["AllocationId"], NetworkInterfaceId=one, PrivateIpAddress=at(30)
    )
    take = ec2.assign_private_ip_addresses
    assert refusal(take, NetworkInterfaceId=two, PrivateIpAddresses=[at(30)]) == (
        "InvalidIPAddress.InUse"
    )
    moved = {"NetworkInterfaceId": two, "AllowReassignment": True}
    take(**moved, PrivateIpAddresses=[at(30)])
    assert list(private(show(ec2, one))) == [at(20)]
    shown = show(ec2, two)["PrivateIpAddresses"]
    assert shown[1]["Association"]["PublicIp"] == elastic["PublicIp"]
    (address,) = ec2.describe_addresses()["Addresses"]
    assert (address["NetworkInterfaceId"], address["PrivateIpAddress"]) == (two, at(30))
    assert refusal(take, **moved, PrivateIpAddresses=[at(20)]) == "InvalidParameterValue"
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=two, PrivateIpAddresses=[at(30)])
    (address,) = ec2.describe_addresses()["Addresses"]
    assert "AssociationId" not in address


def test_an_interface_has_an_elastic_ip_for_each_of_its_addresses(
    ec2, cloud: RunningCloud, settle, subnet
):
    ids = [ec2.allocate_address()["AllocationId"] for _ in range(3)]
    (instance,) = ec2.run_instances(
        ImageId=TINY, MinCount=1, MaxCount=1, InstanceType="t3.medium", SubnetId=subnet["SubnetId"]
    )["Instances"]
    settle()
    interface_id = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.assign_private_ip_addresses(
        NetworkInterfaceId=interface_id, SecondaryPrivateIpAddressCount=1
    )
    (first, second) = private(show(ec2, interface_id))
    automatic = show(ec2, interface_id)["Association"]["PublicIp"]
    to = {"NetworkInterfaceId": interface_id}
    ec2.associate_address(AllocationId=ids[1], **to, PrivateIpAddress=second)
    assert show(ec2, interface_id)["Association"]["PublicIp"] == automatic
    ec2.associate_address(AllocationId=ids[0], **to)
    shown = show(ec2, interface_id)
    assert shown["Association"]["AllocationId"] == ids[0]
    assert [each["Association"]["AllocationId"] for each in shown["PrivateIpAddresses"]] == ids[:2]
    (described,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    (listed,) = described["NetworkInterfaces"]
    assert described["PublicIpAddress"] == listed["Association"]["PublicIp"]
    assert [each["PrivateIpAddress"] for each in listed["PrivateIpAddresses"]] == [first, second]
    settle()
    network = cloud.cloud.drivers.engines.get(Network)
    assert isinstance(network, MemoryNetwork)
    leading = {str(each.private) for each in network.fabric.vpcs[subnet["VpcId"]].public}
    assert leading == {first, second}

    call = ec2.associate_address
    again = call(AllocationId=ids[0], **to)
    assert again["AssociationId"] == shown["Association"]["AssociationId"]
    one_only = {"AllowReassociation": False, **to, "PrivateIpAddress": second}
    assert refusal(call, AllocationId=ids[2], **one_only) == "Resource.AlreadyAssociated"
    assert refusal(call, AllocationId=ids[0], **one_only) == "Resource.AlreadyAssociated"
    assert refusal(call, AllocationId=ids[2], **to, PrivateIpAddress="10.9.9.9") == (
        "InvalidParameterValue"
    )
    call(AllocationId=ids[2], **to, PrivateIpAddress=second)
    spare = ec2.describe_addresses(AllocationIds=[ids[1]])["Addresses"][0]
    assert "AssociationId" not in spare
    ec2.disassociate_address(PublicIp=described["PublicIpAddress"])
    assert show(ec2, interface_id)["Association"]["IpOwnerId"] == "amazon"


def test_an_elastic_ip_of_a_machine_with_two_interfaces_needs_one_named(ec2, settle, subnet):
    (instance,) = ec2.run_instances(
        ImageId=TINY, MinCount=1, MaxCount=1, InstanceType="t3.medium", SubnetId=subnet["SubnetId"]
    )["Instances"]
    settle()
    second = create(ec2, subnet)["NetworkInterfaceId"]
    ec2.attach_network_interface(
        NetworkInterfaceId=second, InstanceId=instance["InstanceId"], DeviceIndex=1
    )
    settle()
    elastic = ec2.allocate_address()["AllocationId"]
    call = ec2.associate_address
    assert refusal(call, AllocationId=elastic, InstanceId=instance["InstanceId"]) == (
        "InvalidInstanceID"
    )
    call(AllocationId=elastic, NetworkInterfaceId=second)
    (address,) = ec2.describe_addresses()["Addresses"]
    assert address["InstanceId"] == instance["InstanceId"]


def test_an_address_has_the_reverse_name_that_it_is_given(ec2, other_ec2):
    made = ec2.allocate_address()
    one = {"AllocationId": made["AllocationId"]}
    plain = {**one, "PublicIp": made["PublicIp"]}
    named = plain | {"PtrRecord": "mail.example.com."}
    assert ec2.modify_address_attribute(**one, DomainName="Mail.example.com")["Address"] == named
    shown = ec2.describe_addresses_attribute(
        AllocationIds=[made["AllocationId"]], Attribute="domain-name"
    )
    assert shown["Addresses"] == [named]
    assert refusal(ec2.release_address, **one) == "InvalidAddress.Locked"
    assert refusal(other_ec2.modify_address_attribute, **one, DomainName="a.b") == (
        "InvalidAllocationID.NotFound"
    )
    for bad in ("-a.example.com", "a..b", "a b", "x" * 64 + ".com", ".".join(["abcd"] * 60)):
        assert refusal(ec2.modify_address_attribute, **one, DomainName=bad) == (
            "InvalidParameterValue"
        )
    assert refusal(ec2.modify_address_attribute, **one) == "MissingParameter"
    answer = ec2.reset_address_attribute(**one, Attribute="domain-name")
    assert answer["Address"] == plain
    assert ec2.describe_addresses_attribute()["Addresses"] == []
    ec2.release_address(**one)


@pytest.fixture
def dual_stack(ec2) -> dict:
    """A subnet of both families."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (shown,) = ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"]
    block = shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    made = ec2.create_subnet(
        VpcId=vpc["VpcId"], CidrBlock="10.0.1.0/24", Ipv6CidrBlock=block.replace("/56", "/64")
    )
    return ec2.describe_subnets(SubnetIds=[made["Subnet"]["SubnetId"]])["Subnets"][0]


def ipv6(shown: dict) -> list[str]:
    return [each["Ipv6Address"] for each in shown["Ipv6Addresses"]]


def test_ipv6_addresses_come_and_go(ec2, cloud: RunningCloud, settle, dual_stack):
    prefix = dual_stack["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].removesuffix("/64")
    made = create(ec2, dual_stack, Ipv6Addresses=[{"Ipv6Address": f"{prefix}0042"}])
    assert ipv6(made) == [f"{prefix}42"]
    one = {"NetworkInterfaceId": made["NetworkInterfaceId"]}
    (given,) = ec2.assign_ipv6_addresses(**one, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    shown = show(ec2, made["NetworkInterfaceId"])
    assert ipv6(shown) == [f"{prefix}42", given]
    assert shown["Ipv6Address"] == f"{prefix}42"
    settle()
    network = cloud.cloud.drivers.engines.get(Network)
    assert isinstance(network, MemoryNetwork)
    (port,) = network.fabric.vpcs[dual_stack["VpcId"]].ports
    assert [str(each) for each in port.addresses] == [
        made["PrivateIpAddress"],
        f"{prefix}42",
        given,
    ]
    found = ec2.describe_network_interfaces(
        Filters=[{"Name": "ipv6-addresses.ipv6-address", "Values": [given]}]
    )
    assert len(found["NetworkInterfaces"]) == 1
    call = ec2.assign_ipv6_addresses
    assert refusal(call, **one, Ipv6Addresses=[given]) == "InvalidIPAddress.InUse"
    assert refusal(call, **one, Ipv6Addresses=["2001:db8::1"]) == "InvalidParameterValue"
    assert refusal(call, **one, Ipv6Addresses=["10.0.1.9"]) == "InvalidParameterValue"
    assert refusal(call, **one, Ipv6AddressCount=51) == "InvalidParameterValue"
    assert refusal(call, **one) == "MissingParameter"
    gone = ec2.unassign_ipv6_addresses(**one, Ipv6Addresses=[f"{prefix}0042"])
    assert gone["UnassignedIpv6Addresses"] == [f"{prefix}42"]
    assert ipv6(show(ec2, made["NetworkInterfaceId"])) == [given]
    again = {"Ipv6Addresses": [f"{prefix}42"]}
    assert refusal(ec2.unassign_ipv6_addresses, **one, **again) == "InvalidParameterValue"


def test_a_subnet_gives_ipv6_addresses_when_it_is_told_to(ec2, subnet, dual_stack):
    assert ipv6(create(ec2, dual_stack)) == []
    ec2.modify_subnet_attribute(
        SubnetId=dual_stack["SubnetId"], AssignIpv6AddressOnCreation={"Value": True}
    )
    assert len(ipv6(create(ec2, dual_stack))) == 1
    assert ipv6(create(ec2, dual_stack, Ipv6AddressCount=0)) == []
    (instance,) = ec2.run_instances(
        ImageId=TINY, MinCount=1, MaxCount=1, SubnetId=dual_stack["SubnetId"]
    )["Instances"]
    (address,) = ipv6(instance["NetworkInterfaces"][0])
    assert instance["Ipv6Address"] == address
    call = ec2.create_network_interface
    plain = {"SubnetId": subnet["SubnetId"]}
    assert refusal(call, **plain, Ipv6AddressCount=1) == "InvalidParameterValue"


def test_a_primary_ipv6_address_stays(ec2, dual_stack):
    made = create(ec2, dual_stack, Ipv6AddressCount=2, EnablePrimaryIpv6=True)
    assert [each["IsPrimaryIpv6"] for each in made["Ipv6Addresses"]] == [True, False]
    one = {"NetworkInterfaceId": made["NetworkInterfaceId"]}
    first, second = ipv6(made)
    call = ec2.unassign_ipv6_addresses
    assert refusal(call, **one, Ipv6Addresses=[first]) == "InvalidParameterValue"
    call(**one, Ipv6Addresses=[second])
    other = {"SubnetId": dual_stack["SubnetId"], "EnablePrimaryIpv6": True}
    assert refusal(ec2.create_network_interface, **other) == "InvalidParameterCombination"


def test_instances_are_launched_with_several_interfaces_and_addresses(ec2, settle, dual_stack):
    blocks = [
        {
            "DeviceIndex": 0,
            "SubnetId": dual_stack["SubnetId"],
            "SecondaryPrivateIpAddressCount": 1,
            "Ipv6AddressCount": 1,
        },
        {"DeviceIndex": 1, "SubnetId": dual_stack["SubnetId"], "Description": "eth1"},
    ]
    launch = {"ImageId": TINY, "InstanceType": "t3.medium", "MinCount": 2, "MaxCount": 2}
    made = ec2.run_instances(**launch, NetworkInterfaces=blocks)["Instances"]
    settle()
    described = ec2.describe_instances(InstanceIds=[each["InstanceId"] for each in made])
    shown = [one for each in described["Reservations"] for one in each["Instances"]]
    for instance in shown:
        first, second = instance["NetworkInterfaces"]
        assert [each["Primary"] for each in first["PrivateIpAddresses"]] == [True, False]
        assert len(ipv6(first)) == 1
        assert (second["Attachment"]["DeviceIndex"], second["Description"]) == (1, "eth1")
        assert ipv6(second) == []
    every = [
        address["PrivateIpAddress"]
        for instance in shown
        for interface in instance["NetworkInterfaces"]
        for address in interface["PrivateIpAddresses"]
    ]
    assert len(every) == len(set(every)) == 6

    (one,) = ec2.run_instances(
        ImageId=TINY,
        MinCount=1,
        MaxCount=1,
        SubnetId=dual_stack["SubnetId"],
        Ipv6AddressCount=1,
    )["Instances"]
    assert one["Ipv6Address"] == ipv6(one["NetworkInterfaces"][0])[0]

    call = ec2.run_instances
    many = [blocks[0] | {"SecondaryPrivateIpAddressCount": 6}]
    assert refusal(call, **launch, NetworkInterfaces=many) == "PrivateIpAddressLimitExceeded"
    named = [{"PrivateIpAddress": "10.0.1.50", "Primary": True}, {"PrivateIpAddress": "10.0.1.51"}]
    several = [{"DeviceIndex": 0, "SubnetId": dual_stack["SubnetId"], "PrivateIpAddresses": named}]
    assert refusal(call, **launch, NetworkInterfaces=several) == "InvalidParameterCombination"
    (alone,) = call(**launch | {"MinCount": 1, "MaxCount": 1}, NetworkInterfaces=several)[
        "Instances"
    ]
    assert list(private(alone["NetworkInterfaces"][0])) == ["10.0.1.50", "10.0.1.51"]
