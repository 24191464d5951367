"""Which names a VPC's resolver knows itself."""

import pytest
from sqlalchemy import update

from skerry.services.ec2.metadata.names import Known, known_name, resolves
from skerry.services.ec2.vpc_peering.model import PeeringSide
from tests.unit.services.calling import Tenant


def _known(guest, name: str):
    with guest.tenant.database.read(None) as session:
        return known_name(session, guest.tenant.region, guest.vpc_id, name)


def test_the_private_name_of_an_instance_is_its_address_and_back(launch):
    guest = launch()
    name = guest.instance["PrivateDnsName"]
    reverse = ".".join(reversed(guest.ip.split("."))) + ".in-addr.arpa"
    assert _known(guest, name) == Known("A", guest.ip)
    assert _known(guest, reverse) == Known("PTR", name)


def test_a_private_name_that_nobody_has_does_not_exist(launch):
    guest = launch()
    assert _known(guest, "ip-172-31-0-250.ec2.internal") == Known("A", None)
    assert _known(guest, "250.0.31.172.in-addr.arpa") == Known("PTR", None)


def test_a_public_name_is_the_private_address_inside_and_the_public_one_outside(
    launch, tenant, other_tenant
):
    guest = launch()
    shown = tenant("DescribeInstances")["Reservations"][0]["Instances"][0]
    name, public = shown["PublicDnsName"], shown["PublicIpAddress"]
    assert _known(guest, name) == Known("A", guest.ip)
    stranger = other_tenant("DescribeVpcs")["Vpcs"][0]["VpcId"]
    with tenant.database.read(None) as session:
        assert known_name(session, tenant.region, stranger, name) == Known("A", public)


def test_the_world_s_names_are_asked_of_the_world(launch):
    guest = launch()
    reverse = ("8.8.8.8", "1.999.1.1", "²", "8.8", "172", "x")
    for name in ("example.com", "", *(f"{each}.in-addr.arpa" for each in reverse)):
        assert _known(guest, name) is None


def test_a_vpc_without_dns_support_has_no_resolver(launch, tenant):
    guest = launch()
    with tenant.database.read(None) as session:
        assert resolves(session, guest.vpc_id)
    tenant("ModifyVpcAttribute", VpcId=guest.vpc_id, EnableDnsSupport={"Value": False})
    with tenant.database.read(None) as session:
        assert not resolves(session, guest.vpc_id)


@pytest.mark.parametrize(
    "name",
    [
        "5.0.0.10.in-addr.arpa",
        "1.1.168.192.in-addr.arpa",
        "9.9.254.169.in-addr.arpa",
        "168.192.in-addr.arpa",
        "10.in-addr.arpa",
        "b._dns-sd._udp.0.1.168.192.in-addr.arpa",
        f"1.{'0.' * 29}d.f.ip6.arpa",
    ],
)
def test_private_addresses_of_other_networks_are_nobody_s(launch, name):
    """The host's resolvers would tell of the host's own network."""
    assert _known(launch(), name) == Known("PTR", None)


def test_a_public_address_has_the_public_name(launch):
    found = _known(launch(), "9.0.18.198.in-addr.arpa")
    assert found == Known("PTR", "ec2-198-18-0-9.compute-1.amazonaws.com")


def test_an_elastic_ip_is_called_what_its_owner_says_and_leads_to_a_secondary_address(
    launch, tenant: Tenant
):
    guest = launch(SubnetId=tenant("DescribeSubnets")["Subnets"][0]["SubnetId"])
    interface_id = guest.instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    given = tenant(
        "AssignPrivateIpAddresses",
        NetworkInterfaceId=interface_id,
        SecondaryPrivateIpAddressCount=1,
    )
    (second,) = (each["PrivateIpAddress"] for each in given["AssignedPrivateIpAddresses"])
    elastic = tenant("AllocateAddress")
    one = {"AllocationId": elastic["AllocationId"]}
    tenant("AssociateAddress", **one, NetworkInterfaceId=interface_id, PrivateIpAddress=second)
    tenant("ModifyAddressAttribute", **one, DomainName="mail.example.com")
    octets = elastic["PublicIp"].split(".")
    reverse = ".".join(reversed(octets)) + ".in-addr.arpa"
    assert _known(guest, reverse) == Known("PTR", "mail.example.com")
    public_name = f"ec2-{'-'.join(octets)}.compute-1.amazonaws.com"
    assert _known(guest, public_name) == Known("A", second)
    assert _known(guest, f"ip-{second.replace('.', '-')}.ec2.internal") == Known("A", second)


def test_an_endpoints_names_are_its_addresses(launch, tenant: Tenant):
    guest = launch()
    subnet = tenant("DescribeSubnets")["Subnets"][0]
    made = tenant(
        "CreateVpcEndpoint",
        VpcId=guest.vpc_id,
        ServiceName="com.amazonaws.us-east-1.sts",
        VpcEndpointType="Interface",
        SubnetIds=[subnet["SubnetId"]],
    )["VpcEndpoint"]
    (one,) = tenant("DescribeNetworkInterfaces", NetworkInterfaceIds=made["NetworkInterfaceIds"])[
        "NetworkInterfaces"
    ]
    for entry in made["DnsEntries"]:
        assert _known(guest, entry["DnsName"]) == Known("A", one["PrivateIpAddress"])
    assert _known(guest, "nobody.sts.us-east-1.vpce.amazonaws.com") == Known("A", None)
    assert _known(guest, "ec2.us-east-1.amazonaws.com") is None


def test_a_peers_public_name_is_private_when_the_peer_lets_it(launch, tenant: Tenant):
    guest = launch()
    near = tenant("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    asked = tenant("CreateVpcPeeringConnection", VpcId=near, PeerVpcId=guest.vpc_id)
    one = {"VpcPeeringConnectionId": asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]}
    tenant("AcceptVpcPeeringConnection", **one)
    with tenant.database.write(None) as session:
        session.execute(update(PeeringSide).values(applied=True))
    (shown,) = tenant("DescribeInstances")["Reservations"][0]["Instances"]
    public = shown["PublicIpAddress"]
    name = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"

    def seen_from_near() -> Known | None:
        with tenant.database.read(None) as session:
            return known_name(session, tenant.region, near, name)

    assert seen_from_near() == Known("A", public)
    lets = {"AllowDnsResolutionFromRemoteVpc": True}
    tenant("ModifyVpcPeeringConnectionOptions", **one, RequesterPeeringConnectionOptions=lets)
    assert seen_from_near() == Known("A", public), "that is the other side's leave"
    tenant("ModifyVpcPeeringConnectionOptions", **one, AccepterPeeringConnectionOptions=lets)
    assert seen_from_near() == Known("A", guest.ip)
    tenant("DeleteVpcPeeringConnection", **one)
    assert seen_from_near() == Known("A", public)
