"""Subnets as responses show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skerry.kernel.arn import arn
from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.subnet.model import Subnet


@dataclass(frozen=True, slots=True)
class SubnetFacts:
    """What responses show of subnets beyond their own rows."""

    region: Region
    free_ips: Mapping[str, int]
    tags: Mapping[str, Mapping[str, str]]


def subnet_view(subnet: Subnet, facts: SubnetFacts) -> dict[str, Any]:
    """As DescribeSubnets shows it."""
    return {
        "SubnetId": subnet.id,
        "SubnetArn": _arn(subnet, facts),
        "OwnerId": subnet.account_id,
        "VpcId": subnet.vpc_id,
        "State": "available",
        "CidrBlock": subnet.cidr,
        "AvailableIpAddressCount": facts.free_ips[subnet.id],
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": facts.region.zone_id(subnet.zone),
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": subnet.map_public_ip,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6,
        "Ipv6CidrBlockAssociationSet": [ipv6_association(subnet)] if subnet.ipv6_cidr else [],
        "Ipv6Native": False,
        "EnableDns64": False,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": "ip-name",
            "EnableResourceNameDnsARecord": False,
            "EnableResourceNameDnsAAAARecord": False,
        },
        "Tags": tag_list(facts.tags[subnet.id]),
    }


def ipv6_association(subnet: Subnet, state: str = "associated") -> dict[str, Any]:
    """The subnet's IPv6 block as responses show it."""
    return {
        "AssociationId": subnet.ipv6_association_id,
        "Ipv6CidrBlock": subnet.ipv6_cidr,
        "Ipv6CidrBlockState": {"State": state},
    }


def filters(facts: SubnetFacts) -> dict[str, Getter[Subnet]]:
    """The filters of DescribeSubnets, with the old names that AWS still takes."""
    names: dict[str, Getter[Subnet]] = {
        "availability-zone": lambda one: one.zone,
        "availability-zone-id": lambda one: facts.region.zone_id(one.zone),
        "available-ip-address-count": lambda one: facts.free_ips[one.id],
        "cidr-block": lambda one: one.cidr,
        "customer-owned-ipv4-pool": lambda _: None,
        "default-for-az": lambda one: one.default_for_az,
        "enable-dns64": lambda _: False,
        "ipv6-cidr-block-association.association-id": lambda one: one.ipv6_association_id,
        "ipv6-cidr-block-association.ipv6-cidr-block": lambda one: one.ipv6_cidr,
        "ipv6-cidr-block-association.state": lambda one: "associated" if one.ipv6_cidr else None,
        "ipv6-native": lambda _: False,
        "map-customer-owned-ip-on-launch": lambda _: False,
        "map-public-ip-on-launch": lambda one: one.map_public_ip,
        "outpost-arn": lambda _: None,
        "owner-id": lambda one: one.account_id,
        "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": lambda _: False,
        "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": lambda _: False,
        "private-dns-name-options-on-launch.hostname-type": lambda _: "ip-name",
        "state": lambda _: "available",
        "subnet-arn": lambda one: _arn(one, facts),
        "subnet-id": lambda one: one.id,
        "vpc-id": lambda one: one.vpc_id,
    }
    return names | {
        "availabilityZone": names["availability-zone"],
        "availabilityZoneId": names["availability-zone-id"],
        "cidr": names["cidr-block"],
        "cidrBlock": names["cidr-block"],
        "defaultForAz": names["default-for-az"],
    }


def _arn(subnet: Subnet, facts: SubnetFacts) -> str:
    return arn("ec2", facts.region.name, subnet.account_id, f"subnet/{subnet.id}")
