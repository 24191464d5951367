"""VPC endpoints and the services behind them as responses show them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region
from skerry.kernel.tags import tag_list
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint, VpcEndpointInterface

OFFERED = ("ec2", "sts")
"""The services of this cloud that an endpoint can be made for."""
FULL_ACCESS = (
    '{"Statement": [{"Action": "*", "Effect": "Allow", "Principal": "*", "Resource": "*"}]}'
)
_ZONE_OF_VPCE_NAMES = "Z7HUB22UULQXV"


def service_name(region: Region, service: str) -> str:
    """``com.amazonaws.us-east-1.ec2``."""
    return f"com.amazonaws.{region.name}.{service}"


def private_name(region: Region, service: str) -> str:
    """The name that clients use by default, ``ec2.us-east-1.amazonaws.com``."""
    return f"{service}.{region.name}.amazonaws.com"


def public_domain(region: Region, service: str) -> str:
    """Where the names of single endpoints are, ``ec2.us-east-1.vpce.amazonaws.com``."""
    return f"{service}.{region.name}.vpce.amazonaws.com"


def own_names(region: Region, endpoint: VpcEndpoint, zones: Sequence[str]) -> dict[str | None, str]:
    """Zone (None: all of them) → name of this endpoint alone.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
    """
    stem, domain = f"{endpoint.id}-{endpoint.label}", public_domain(region, endpoint.service)
    return {None: f"{stem}.{domain}"} | {zone: f"{stem}-{zone}.{domain}" for zone in zones}


def state(endpoint: VpcEndpoint) -> str:
    """As on the wire: in lower case, whatever AWS's model says."""
    if not endpoint.wanted:
        return "deleting"
    return "available" if endpoint.applied else "pending"


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What responses show of endpoints beyond their own rows."""

    region: Region
    interfaces: Mapping[str, Sequence[VpcEndpointInterface]]  # by endpoint
    group_names: Mapping[str, str]
    tags: Mapping[str, Mapping[str, str]]


def endpoint_view(one: VpcEndpoint, facts: EndpointFacts) -> dict[str, Any]:
    """As DescribeVpcEndpoints shows it."""
    interfaces = facts.interfaces.get(one.id, ())
    return {
        "VpcEndpointId": one.id,
        "VpcEndpointType": "Interface",
        "VpcId": one.vpc_id,
        "ServiceName": service_name(facts.region, one.service),
        "ServiceRegion": facts.region.name,
        "State": state(one),
        "PolicyDocument": one.policy,
        "RouteTableIds": [],
        "SubnetIds": [each.subnet_id for each in interfaces],
        "Groups": [
            {"GroupId": each, "GroupName": facts.group_names[each]}
            for each in one.group_ids
            if each in facts.group_names
        ],
        "IpAddressType": "ipv4",
        "DnsOptions": {"DnsRecordIpType": "ipv4"},
        "PrivateDnsEnabled": one.private_dns,
        "RequesterManaged": False,
        "NetworkInterfaceIds": [each.interface_id for each in interfaces],
        "DnsEntries": _dns_entries(one, interfaces, facts.region),
        "CreationTimestamp": one.created_at,
        "OwnerId": one.account_id,
        "Tags": tag_list(facts.tags[one.id]),
    }


def filters(region: Region) -> dict[str, Getter[VpcEndpoint]]:
    """The filters of DescribeVpcEndpoints."""
    return {
        "ip-address-type": lambda _: "ipv4",
        "service-name": lambda one: service_name(region, one.service),
        "service-region": lambda _: region.name,
        "vpc-id": lambda one: one.vpc_id,
        "vpc-endpoint-id": lambda one: one.id,
        "vpc-endpoint-state": state,
        "vpc-endpoint-type": lambda _: "Interface",
    }


def service_view(region: Region, service: str) -> dict[str, Any]:
    """As DescribeVpcEndpointServices shows it.

    Endpoint policies are not told of as supported: nothing here would enforce them.
    """
    name = private_name(region, service)
    unique = hashlib.sha256(service_name(region, service).encode()).hexdigest()[:16]
    return {
        "ServiceName": service_name(region, service),
        "ServiceId": f"vpce-svc-0{unique}",
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": region.name,
        "AvailabilityZones": list(region.zones),
        "AvailabilityZoneIds": [region.zone_id(zone) for zone in region.zones],
        "Owner": "amazon",
        "BaseEndpointDnsNames": [public_domain(region, service)],
        "PrivateDnsName": name,
        "PrivateDnsNames": [{"PrivateDnsName": name}],
        "PrivateDnsNameVerificationState": "verified",
        "VpcEndpointPolicySupported": False,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": ["ipv4"],
        "Tags": [],
    }


def service_filters(region: Region) -> dict[str, Getter[str]]:
    """The filters of DescribeVpcEndpointServices."""
    return {
        "owner": lambda _: "amazon",
        "service-name": lambda one: service_name(region, one),
        "service-region": lambda _: region.name,
        "service-type": lambda _: "Interface",
        "supported-ip-address-types": lambda _: "ipv4",
    }


def _dns_entries(
    one: VpcEndpoint, interfaces: Sequence[VpcEndpointInterface], region: Region
) -> list[dict[str, str]]:
    names = own_names(region, one, [each.zone for each in interfaces])
    entries = [{"DnsName": name, "HostedZoneId": _ZONE_OF_VPCE_NAMES} for name in names.values()]
    if one.private_dns:
        zone_id = "Z" + hashlib.sha256(one.id.encode()).hexdigest()[:20].upper()
        entries.append({"DnsName": private_name(region, one.service), "HostedZoneId": zone_id})
    return entries
