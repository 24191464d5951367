"""What RunInstances takes and refuses."""

import base64

import pytest

from tests.unit.services.calling import Tenant, counted_queries, refused
from tests.unit.services.ec2.instance.conftest import TINY, Reconciling, World

ONE = {"ImageId": TINY, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1}


@pytest.fixture(autouse=True)
def _images(reconciling: Reconciling):
    """The default image is known in every test here."""


def one(tenant: Tenant, **parameters) -> dict:
    (instance,) = tenant("RunInstances", **ONE | parameters)["Instances"]
    return instance


def subnet_of(tenant: Tenant, zone: str) -> str:
    filters = [{"Name": "availability-zone", "Values": [zone]}]
    return tenant("DescribeSubnets", Filters=filters)["Subnets"][0]["SubnetId"]


def test_a_launch_without_more_goes_to_the_default_vpc_with_a_public_address(tenant: Tenant):
    instance = one(tenant)
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert instance["StateReason"] == {"Code": "pending", "Message": "pending"}
    assert instance["InstanceType"] == "t2.micro"
    assert instance["PublicDnsName"].startswith("ec2-")
    assert [group["GroupName"] for group in instance["SecurityGroups"]] == ["default"]


def test_a_launch_that_names_no_type_is_a_t2_micro(tenant: Tenant):
    made = tenant("RunInstances", ImageId=TINY, MinCount=1, MaxCount=1)
    assert made["Instances"][0]["InstanceType"] == "t2.micro"


def test_each_resource_of_a_launch_has_its_own_tags(tenant: Tenant):
    kinds = ("instance", "volume", "network-interface")
    specifications = [
        {"ResourceType": kind, "Tags": [{"Key": "kind", "Value": kind}]} for kind in kinds
    ]
    instance = one(tenant, TagSpecifications=specifications)
    assert instance["Tags"] == [{"Key": "kind", "Value": "instance"}]
    shown = {tag["ResourceType"]: tag["Value"] for tag in tenant("DescribeTags")["Tags"]}
    assert shown == {kind: kind for kind in kinds}


def test_a_launch_cannot_tag_what_it_does_not_make(tenant: Tenant):
    with refused("InvalidParameterValue", "vpc"):
        one(tenant, TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "a"}]}])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterValue"),
        ({"MinCount": 1001, "MaxCount": 1001}, "InstanceLimitExceeded"),
        ({"ImageId": "ami-1"}, "InvalidAMIID.Malformed"),
        ({"ImageId": "ami-00000000000000000"}, "InvalidAMIID.NotFound"),
        ({"ImageId": ""}, "MissingParameter"),
        ({"InstanceType": "t9.gigantic"}, "InvalidParameterValue"),
        ({"KeyName": "nobody's"}, "InvalidKeyPair.NotFound"),
        ({"UserData": "%%%"}, "InvalidUserData.Malformed"),
        ({"UserData": "ünd"}, "InvalidUserData.Malformed"),
        ({"SubnetId": "subnet-00000000000000000"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroups": ["nobody's"]}, "InvalidGroup.NotFound"),
        ({"PrivateIpAddress": "10.0.0.1"}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "172.31.0.9", "MaxCount": 2}, "InvalidParameterCombination"),
        ({"Placement": {"AvailabilityZone": "mars-1a"}}, "InvalidParameterValue"),
        ({"Placement": {"AvailabilityZoneId": "mars1-az1"}}, "InvalidParameterValue"),
        ({"Placement": {"Tenancy": "dedicated"}}, "UnsupportedOperation"),
        ({"Placement": {"GroupName": "close"}}, "UnsupportedOperation"),
        ({"MetadataOptions": {"HttpPutResponseHopLimit": 65}}, "InvalidParameterValue"),
        ({"MetadataOptions": {"HttpProtocolIpv6": "enabled"}}, "UnsupportedOperation"),
        ({"CreditSpecification": {"CpuCredits": "endless"}}, "InvalidParameterValue"),
        (
            {"InstanceType": "m5.large", "CreditSpecification": {"CpuCredits": "unlimited"}},
            "InvalidParameterCombination",
        ),
        ({"CpuOptions": {"CoreCount": 2}}, "UnsupportedOperation"),
        ({"HibernationOptions": {"Configured": True}}, "UnsupportedOperation"),
        ({"EnclaveOptions": {"Enabled": True}}, "UnsupportedOperation"),
        ({"MaintenanceOptions": {"AutoRecovery": "disabled"}}, "UnsupportedOperation"),
        ({"InstanceMarketOptions": {"MarketType": "spot"}}, "UnsupportedOperation"),
        ({"IamInstanceProfile": {"Name": "web"}}, "UnsupportedOperation"),
        ({"LaunchTemplate": {"LaunchTemplateName": "web"}}, "UnsupportedOperation"),
        ({"KernelId": "aki-1"}, "UnsupportedOperation"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 9}}]},
            "UnsupportedOperation",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}]},
            "InvalidBlockDeviceMapping",
        ),
    ],
)
def test_what_cannot_be_launched_is_refused_and_nothing_is_made(
    tenant: Tenant, parameters: dict, code: str
):
    with refused(code):
        tenant("RunInstances", **ONE | parameters)
    assert tenant("DescribeInstances")["Reservations"] == []
    assert tenant("DescribeNetworkInterfaces")["NetworkInterfaces"] == []


def test_what_is_only_said_to_be_off_is_no_reason_to_refuse(tenant: Tenant):
    one(
        tenant,
        HibernationOptions={"Configured": False},
        EnclaveOptions={"Enabled": False},
        CpuOptions={"CoreCount": 1, "ThreadsPerCore": 1},
        CapacityReservationSpecification={"CapacityReservationPreference": "open"},
        PrivateDnsNameOptions={"HostnameType": "ip-name"},
        Placement={"Tenancy": "default", "GroupName": ""},
        BlockDeviceMappings=[{"DeviceName": "/dev/sdb", "NoDevice": ""}],
    )


@pytest.mark.parametrize(("size_bytes", "fits"), [(16384, True), (16385, False)])
def test_user_data_has_a_limit_before_it_is_encoded(tenant: Tenant, size_bytes: int, fits: bool):
    text = base64.b64encode(b"x" * size_bytes).decode()
    if not fits:
        with refused("InvalidParameterValue", "16384"):
            one(tenant, UserData=text)
        return
    instance_id = one(tenant, UserData=text)["InstanceId"]
    shown = tenant("DescribeInstanceAttribute", InstanceId=instance_id, Attribute="userData")
    assert shown["UserData"]["Value"] == text


def test_a_zone_is_chosen_by_name_by_id_or_by_subnet(tenant: Tenant):
    by_name = one(tenant, Placement={"AvailabilityZone": "us-east-1b"})
    by_id = one(tenant, Placement={"AvailabilityZoneId": "use1-az3"})
    by_subnet = one(tenant, SubnetId=subnet_of(tenant, "us-east-1c"))
    zones = [each["Placement"]["AvailabilityZone"] for each in (by_name, by_id, by_subnet)]
    assert zones == ["us-east-1b", "us-east-1c", "us-east-1c"]
    with refused("InvalidParameterValue", "us-east-1c"):
        one(
            tenant,
            SubnetId=subnet_of(tenant, "us-east-1c"),
            Placement={"AvailabilityZone": "us-east-1a"},
        )


def test_burstable_families_have_their_own_credit_default(tenant: Tenant):
    ids = [one(tenant, InstanceType=name)["InstanceId"] for name in ("t2.micro", "t3.micro")]
    shown = tenant("DescribeInstanceCreditSpecifications", InstanceIds=ids)
    credit = {
        each["InstanceId"]: each["CpuCredits"] for each in shown["InstanceCreditSpecifications"]
    }
    assert [credit[each] for each in ids] == ["standard", "unlimited"]


# --- interfaces -----------------------------------------------------------------------------------


def test_an_interface_block_says_what_the_interface_is(tenant: Tenant):
    subnet_id = subnet_of(tenant, "us-east-1b")
    block = {
        "DeviceIndex": 0,
        "SubnetId": subnet_id,
        "Description": "front",
        "DeleteOnTermination": False,
        "AssociatePublicIpAddress": False,
        "PrivateIpAddress": "172.31.16.77",
    }
    instance = one(tenant, NetworkInterfaces=[block])
    (interface,) = instance["NetworkInterfaces"]
    assert interface["Description"] == "front"
    assert interface["PrivateIpAddress"] == instance["PrivateIpAddress"] == "172.31.16.77"
    assert interface["Attachment"]["DeleteOnTermination"] is False
    assert "PublicIpAddress" not in instance
    assert instance["SubnetId"] == subnet_id


def test_an_instance_may_have_several_interfaces_but_then_no_automatic_address(tenant: Tenant):
    subnet_id = subnet_of(tenant, "us-east-1a")
    blocks = [{"DeviceIndex": index, "SubnetId": subnet_id} for index in (1, 0)]
    instance = one(tenant, InstanceType="m5.large", NetworkInterfaces=blocks)
    indexes = [each["Attachment"]["DeviceIndex"] for each in instance["NetworkInterfaces"]]
    assert indexes == [0, 1]
    assert "PublicIpAddress" not in instance


@pytest.mark.parametrize(
    ("blocks", "more", "code"),
    [
        ([{"DeviceIndex": 0}], {"SubnetId": "subnet-1"}, "InvalidParameterCombination"),
        ([{"DeviceIndex": 0}], {"SecurityGroupIds": ["sg-1"]}, "InvalidParameterCombination"),
        ([{"DeviceIndex": 0}], {"PrivateIpAddress": "1.2.3.4"}, "InvalidParameterCombination"),
        ([{}], {}, "InvalidParameterCombination"),
        ([{"DeviceIndex": 1}], {}, "InvalidParameterCombination"),
        ([{"DeviceIndex": 0}, {"DeviceIndex": 0}], {}, "InvalidParameterCombination"),
        (
            [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}, {"DeviceIndex": 1}],
            {},
            "InvalidParameterCombination",
        ),
        ([{"DeviceIndex": each} for each in range(3)], {}, "InvalidParameterCombination"),
        ([{"DeviceIndex": 0, "InterfaceType": "efa"}], {}, "UnsupportedOperation"),
        ([{"DeviceIndex": 0, "Ipv6AddressCount": 1}], {}, "InvalidParameterValue"),
        (
            [{"DeviceIndex": 0, "NetworkInterfaceId": "eni-00000000000000000"}],
            {},
            "InvalidNetworkInterfaceID.NotFound",
        ),
        (
            [{"DeviceIndex": 0, "NetworkInterfaceId": "eni-1", "SubnetId": "subnet-1"}],
            {},
            "InvalidParameterCombination",
        ),
    ],
)
def test_interface_blocks_that_make_no_sense_are_refused(
    tenant: Tenant, blocks: list, more: dict, code: str
):
    with refused(code):
        tenant("RunInstances", **ONE | more, NetworkInterfaces=blocks)


def test_interfaces_of_one_instance_are_in_one_zone(tenant: Tenant):
    blocks = [
        {"DeviceIndex": 0, "SubnetId": subnet_of(tenant, "us-east-1a")},
        {"DeviceIndex": 1, "SubnetId": subnet_of(tenant, "us-east-1b")},
    ]
    with refused("InvalidParameterCombination", "zone"):
        one(tenant, NetworkInterfaces=blocks)


def test_an_interface_that_is_in_use_cannot_be_taken(tenant: Tenant):
    taken = one(tenant)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    with refused("InvalidNetworkInterface.InUse"):
        one(tenant, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": taken}])


# --- many at once ---------------------------------------------------------------------------------


def test_instances_of_one_launch_are_one_reservation_numbered_in_order(tenant: Tenant):
    made = tenant("RunInstances", **ONE | {"MinCount": 5, "MaxCount": 5})
    assert [each["AmiLaunchIndex"] for each in made["Instances"]] == [0, 1, 2, 3, 4]
    one(tenant)
    shown = tenant("DescribeInstances")["Reservations"]
    counts = {each["ReservationId"]: len(each["Instances"]) for each in shown}
    assert counts[made["ReservationId"]] == 5
    assert len(counts) == 2


def test_describing_takes_the_same_few_queries_however_many_there_are(
    tenant: Tenant, world: World, database
):
    def queries() -> int:
        with counted_queries(database) as seen:
            tenant("DescribeInstances")
        return len([each for each in seen if each.startswith("SELECT")])

    one(tenant)
    few = queries()
    tenant("RunInstances", **ONE | {"MinCount": 30, "MaxCount": 30})
    assert queries() == few <= 10


def test_another_account_sees_nothing(tenant: Tenant, other_tenant: Tenant):
    instance_id = one(tenant)["InstanceId"]
    assert other_tenant("DescribeInstances")["Reservations"] == []
    with refused("InvalidInstanceID.NotFound"):
        other_tenant("DescribeInstances", InstanceIds=[instance_id])
