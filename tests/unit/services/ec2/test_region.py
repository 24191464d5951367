"""Where the cloud is, and what may be in it."""

from tests.unit.services.calling import Tenant, refused


def test_there_is_one_region(tenant: Tenant):
    (region,) = tenant("DescribeRegions", AllRegions=True)["Regions"]
    assert region["RegionName"] == "us-east-1"
    assert region["OptInStatus"] == "opt-in-not-required"
    with refused("InvalidParameterValue", "eu-west-1"):
        tenant("DescribeRegions", RegionNames=["eu-west-1"])
    filters = [{"Name": "region-name", "Values": ["eu-*"]}]
    assert tenant("DescribeRegions", Filters=filters)["Regions"] == []


def test_zones_are_found_by_name_id_and_filter(tenant: Tenant):
    zones = tenant("DescribeAvailabilityZones")["AvailabilityZones"]
    assert [zone["ZoneId"] for zone in zones] == ["use1-az1", "use1-az2", "use1-az3"]
    for parameters in (
        {"ZoneNames": ["us-east-1b"]},
        {"ZoneIds": ["use1-az2"]},
        {"Filters": [{"Name": "zone-id", "Values": ["*2"]}]},
    ):
        (zone,) = tenant("DescribeAvailabilityZones", **parameters)["AvailabilityZones"]
        assert (zone["ZoneName"], zone["State"]) == ("us-east-1b", "available")
    with refused("InvalidParameterValue", "[us-east-1z]"):
        tenant("DescribeAvailabilityZones", ZoneNames=["us-east-1z"])
    with refused("InvalidParameterValue", "[use1-az9]"):
        tenant("DescribeAvailabilityZones", ZoneIds=["use1-az9"])


def test_account_attributes_name_the_default_vpc(tenant: Tenant):
    shown = {
        each["AttributeName"]: each["AttributeValues"][0]["AttributeValue"]
        for each in tenant("DescribeAccountAttributes")["AccountAttributes"]
    }
    assert shown["default-vpc"] == tenant("DescribeVpcs")["Vpcs"][0]["VpcId"]
    assert shown["supported-platforms"] == "VPC"
    assert shown["vpc-max-security-groups-per-interface"] == "5"
    (only,) = tenant("DescribeAccountAttributes", AttributeNames=["default-vpc"])[
        "AccountAttributes"
    ]
    assert only["AttributeName"] == "default-vpc"


def test_volumes_are_not_encrypted_by_default(tenant: Tenant):
    assert tenant("GetEbsEncryptionByDefault")["EbsEncryptionByDefault"] is False
