"""What a guest gets for each path, with and without a token."""

import base64
import json

import pytest

from skerry.services.ec2.metadata.answers import VERSIONS
from skerry.services.ec2.metadata.subject import find_subject
from tests.unit.services.calling import counted_queries
from tests.unit.services.ec2.metadata.conftest import NOW_S, Guest


def test_the_root_lists_versions_and_a_version_its_branches(launch):
    guest = launch()
    assert guest.text("/").split("\n") == list(VERSIONS)
    assert guest.text("/latest/").split("\n") == ["dynamic/", "meta-data/"]


def test_the_facts_of_an_instance_are_those_that_the_api_shows(launch, tenant):
    tenant("CreateKeyPair", KeyName="mine", KeyType="ed25519")
    guest = launch(KeyName="mine")
    shown = guest.instance
    for path, value in {
        "instance-id": shown["InstanceId"],
        "ami-id": shown["ImageId"],
        "instance-type": "t2.micro",
        "local-ipv4": shown["PrivateIpAddress"],
        "hostname": shown["PrivateDnsName"],
        "placement/availability-zone": shown["Placement"]["AvailabilityZone"],
        "placement/region": "us-east-1",
        "mac": shown["NetworkInterfaces"][0]["MacAddress"],
        "security-groups": "default",
    }.items():
        assert guest.text(f"/latest/meta-data/{path}") == value
    mac = guest.text("/2021-03-23/meta-data/network/interfaces/macs/")
    nic = f"/latest/meta-data/network/interfaces/macs/{mac}"
    assert guest.text(f"{nic}vpc-id") == shown["VpcId"]
    assert guest.text(f"{nic}vpc-ipv4-cidr-blocks") == "172.31.0.0/16"


def test_every_interface_is_listed_with_every_address(launch, tenant):
    guest = launch()
    subnet_id = guest.instance["SubnetId"]
    made = tenant("CreateNetworkInterface", SubnetId=subnet_id, SecondaryPrivateIpAddressCount=1)
    second = made["NetworkInterface"]
    tenant(
        "AttachNetworkInterface",
        NetworkInterfaceId=second["NetworkInterfaceId"],
        InstanceId=guest.instance["InstanceId"],
        DeviceIndex=1,
    )
    further = second["PrivateIpAddresses"][1]["PrivateIpAddress"]
    elastic = tenant("AllocateAddress")
    tenant(
        "AssociateAddress",
        AllocationId=elastic["AllocationId"],
        NetworkInterfaceId=second["NetworkInterfaceId"],
        PrivateIpAddress=further,
    )
    guest.ip = further  # it may ask from any of its addresses
    assert guest.text("/latest/meta-data/instance-id") == guest.instance["InstanceId"]
    assert guest.text("/latest/meta-data/local-ipv4") == guest.instance["PrivateIpAddress"]
    macs = guest.text("/latest/meta-data/network/interfaces/macs/").split()
    assert len(macs) == 2
    nic = f"/latest/meta-data/network/interfaces/macs/{second['MacAddress']}"
    assert guest.text(f"{nic}/device-number") == "1"
    assert guest.text(f"{nic}/local-ipv4s").split() == [second["PrivateIpAddress"], further]
    assert guest.text(f"{nic}/public-ipv4s") == elastic["PublicIp"]
    assert guest.text(f"{nic}/ipv4-associations/{elastic['PublicIp']}") == further


def test_a_key_pair_is_listed_with_its_name_and_asked_for_by_number(launch, tenant):
    tenant("CreateKeyPair", KeyName="mine", KeyType="ed25519")
    guest = launch(KeyName="mine")
    assert guest.text("/latest/meta-data/public-keys/") == "0=mine"
    assert guest.text("/latest/meta-data/public-keys/0/") == "openssh-key"
    key = guest.text("/latest/meta-data/public-keys/0/openssh-key")
    assert key.startswith("ssh-ed25519 ")


def test_user_data_are_the_raw_bytes_and_404_without(launch):
    raw = b"#!/bin/sh\n\x00\xff"
    guest = launch(UserData=base64.b64encode(raw).decode())
    found = guest.ask("/latest/user-data")
    assert (found.body, found.content_type) == (raw, "application/octet-stream")
    assert launch().ask("/latest/user-data").status == 404


def test_the_identity_document_names_the_instance_and_its_account(launch, tenant):
    guest = launch()
    document = json.loads(guest.text("/latest/dynamic/instance-identity/document"))
    assert document["instanceId"] == guest.instance["InstanceId"]
    assert document["accountId"] == tenant.account_id
    assert document["privateIp"] == guest.ip


def test_tags_are_there_only_when_allowed(launch):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}]
    shy = launch(TagSpecifications=tags)
    assert shy.ask("/latest/meta-data/tags/").status == 404
    open_ = launch(TagSpecifications=tags, MetadataOptions={"InstanceMetadataTags": "enabled"})
    assert open_.text("/latest/meta-data/tags/instance/Name") == "web"


@pytest.mark.parametrize(
    "path", ["/nope", "/latest/nope", "/latest/meta-data/instance-id/x", "/a" * 600]
)
def test_an_unknown_path_is_404(launch, path):
    assert launch().ask(path).status == 404


def test_a_token_opens_what_requires_one(launch):
    guest = launch(MetadataOptions={"HttpTokens": "required"})
    assert guest.ask("/latest/meta-data/").status == 401
    made = guest.token()
    assert made.status == 200
    assert guest.text("/latest/meta-data/", **{"x-aws-ec2-metadata-token": made.body.decode()})


def test_a_token_is_good_for_its_time_and_its_instance_alone(launch):
    guest, other = launch(), launch()
    token = {"x-aws-ec2-metadata-token": guest.token("60").body.decode()}
    assert guest.ask("/latest/", at_s=NOW_S + 58, **token).status == 200
    assert guest.ask("/latest/", at_s=NOW_S + 61, **token).status == 401
    assert other.ask("/latest/", **token).status == 401


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 5000])
def test_a_bad_token_is_refused_even_where_none_is_required(launch, token):
    guest = launch(MetadataOptions={"HttpTokens": "optional"})
    assert guest.ask("/latest/meta-data/").status == 200
    assert guest.ask("/latest/meta-data/", **{"x-aws-ec2-metadata-token": token}).status == 401


@pytest.mark.parametrize(
    "ttl", ["", "0", "-1", "21601", "x", "9" * 4000, "²", "00000000199999", "1 "]
)
def test_a_token_needs_a_time_to_live_between_a_second_and_six_hours(launch, ttl):
    assert launch().token(ttl).status == 400


def test_a_request_that_came_through_a_proxy_gets_no_token(launch):
    headers = {"x-aws-ec2-metadata-token-ttl-seconds": "60", "x-forwarded-for": "1.2.3.4"}
    assert launch().ask("/latest/api/token", "PUT", **headers).status == 403


def test_only_the_token_s_answer_is_limited_in_hops(launch):
    guest = launch(MetadataOptions={"HttpPutResponseHopLimit": 3})
    assert guest.token().hop_limit == 3
    assert guest.ask("/latest/").hop_limit is None


def test_other_methods_are_refused_and_a_disabled_endpoint_refuses_all(launch):
    assert launch().ask("/latest/", "POST").status == 405
    closed = launch(MetadataOptions={"HttpEndpoint": "disabled"})
    assert closed.ask("/latest/").status == 403
    assert closed.token().status == 403


def test_equal_addresses_in_two_vpcs_are_two_instances(launch, other_tenant, tenant):
    subnet = tenant("DescribeSubnets")["Subnets"][0]
    twin = other_tenant("DescribeSubnets")["Subnets"]
    twin_id = next(each["SubnetId"] for each in twin if each["CidrBlock"] == subnet["CidrBlock"])
    address = subnet["CidrBlock"].rsplit(".", 1)[0] + ".77"
    one = launch(SubnetId=subnet["SubnetId"], PrivateIpAddress=address)
    two = Guest(other_tenant, SubnetId=twin_id, PrivateIpAddress=address)
    assert one.ip == two.ip
    assert one.text("/latest/meta-data/instance-id") == one.instance["InstanceId"]
    assert two.text("/latest/meta-data/instance-id") == two.instance["InstanceId"]


def test_an_address_that_nobody_has_is_nobody(launch, tenant, region):
    guest = launch()
    assert find_subject(tenant.database, region, guest.vpc_id, "172.31.0.250") is None


def test_a_plain_question_is_one_read_and_a_listing_a_few(launch, tenant):
    guest = launch()
    for path, most in {"/latest/meta-data/instance-id": 2, "/latest/meta-data/": 14}.items():
        with counted_queries(tenant.database) as seen:
            guest.text(path)
        assert len(seen) <= most, seen


def test_a_public_name_is_there_only_where_the_vpc_gives_names(launch, tenant):
    guest = launch()
    assert guest.text("/latest/meta-data/public-hostname").startswith("ec2-198-18-0-")
    tenant("ModifyVpcAttribute", VpcId=guest.vpc_id, EnableDnsHostnames={"Value": False})
    assert guest.ask("/latest/meta-data/public-hostname").status == 404
    assert guest.text("/latest/meta-data/public-ipv4").startswith("198.18.0.")
    assert "public-hostname" not in guest.text("/latest/meta-data/").split("\n")


def test_every_name_of_every_listing_has_something_behind_it(launch, tenant):
    tenant("CreateKeyPair", KeyName="mine", KeyType="ed25519")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "0=a", "Value": "v"}]}]
    guest = launch(
        KeyName="mine",
        TagSpecifications=tags,
        MetadataOptions={"InstanceMetadataTags": "enabled"},
        UserData=base64.b64encode(b"x").decode(),
    )
    leaves, waiting = [], ["/latest/"]
    while waiting:
        folder = waiting.pop()
        for name in guest.text(folder).split("\n"):
            if name.endswith("/"):
                waiting.append(folder + name)
            elif folder.endswith("/public-keys/"):
                waiting.append(f"{folder}{name.split('=')[0]}/")
            else:
                leaves.append(folder + name)
    assert [path for path in leaves if guest.ask(path).status != 200] == []
    assert len(leaves) > 35


def test_a_tag_with_a_slash_is_not_among_paths(launch):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a/b", "Value": "1"}]}]
    guest = launch(TagSpecifications=tags, MetadataOptions={"InstanceMetadataTags": "enabled"})
    assert guest.text("/latest/meta-data/tags/instance/") == ""


def test_a_tag_with_an_equals_sign_is_asked_for_by_its_whole_name(launch):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "0=a", "Value": "1"}]}]
    guest = launch(TagSpecifications=tags, MetadataOptions={"InstanceMetadataTags": "enabled"})
    assert guest.text("/latest/meta-data/tags/instance/0=a") == "1"
    assert guest.ask("/latest/meta-data/tags/instance/0").status == 404
