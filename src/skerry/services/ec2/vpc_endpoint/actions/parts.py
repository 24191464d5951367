"""What making and changing an endpoint have in common: its subnets, its name, its policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.services.ec2.network_interface.api import (
    create_managed_interface,
    delete_interface,
    find_interface,
)
from skerry.services.ec2.subnet.api import find_subnet
from skerry.services.ec2.vpc_endpoint import api
from skerry.services.ec2.vpc_endpoint.errors import (
    AddressTypeUnfit,
    NotInSubnet,
    PolicyMalformed,
    PrivateDnsNeedsDns,
    PrivateDnsTaken,
    SubnetOfOtherVpc,
    SubnetsInSameZone,
)
from skerry.services.ec2.vpc_endpoint.model import VpcEndpointInterface
from skerry.services.ec2.vpc_endpoint.view import FULL_ACCESS, private_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skerry.kernel.context import Context
    from skerry.services.ec2.security_group.model import SecurityGroup
    from skerry.services.ec2.vpc.model import Vpc
    from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint


def wanted_addresses(req: Mapping[str, Any], member: str) -> dict[str, str | None]:
    """Subnet id → the address asked for there, None for any; of the subnets that ``member`` lists
    and those that are configured one by one.
    """
    wanted: dict[str, str | None] = dict.fromkeys(req.get(member) or ())
    given: Sequence[Mapping[str, str]] = req.get("SubnetConfigurations") or ()
    for each in given:
        if each.get("Ipv6"):
            raise AddressTypeUnfit(type="ipv6")
        if not each.get("SubnetId"):
            raise MissingParameter(name="SubnetConfiguration.SubnetId")
        wanted[each["SubnetId"]] = each.get("Ipv4")
    return wanted


def add_subnets(
    ctx: Context,
    endpoint: VpcEndpoint,
    groups: Sequence[SecurityGroup],
    wanted: Mapping[str, str | None],
) -> None:
    """An interface in each of these subnets, at most one in a zone.

    Raises SubnetsInSameZone, SubnetOfOtherVpc, and what finding a subnet and an address in it does.
    """
    zones = {
        each.zone: each.subnet_id
        for each in api.interfaces_of_endpoints(ctx.db, [endpoint.id])[endpoint.id]
    }
    for subnet_id, address in wanted.items():
        subnet = find_subnet(ctx, subnet_id)
        if subnet.vpc_id != endpoint.vpc_id:
            raise SubnetOfOtherVpc(id=subnet.id, vpc_id=endpoint.vpc_id)
        if subnet.zone in zones:
            raise SubnetsInSameZone(id=subnet.id, other=zones[subnet.zone])
        zones[subnet.zone] = subnet.id
        description = f"VPC Endpoint Interface {endpoint.id}"
        interface = create_managed_interface(
            ctx, subnet, groups, address, description, "vpc_endpoint"
        )
        ctx.db.add(
            VpcEndpointInterface(
                interface_id=interface.id,
                endpoint_id=endpoint.id,
                account_id=endpoint.account_id,
                subnet_id=subnet.id,
                zone=subnet.zone,
            )
        )
    ctx.db.flush()


def remove_subnets(ctx: Context, endpoint: VpcEndpoint, subnet_ids: Sequence[str]) -> None:
    """Raises NotInSubnet."""
    present = {
        each.subnet_id: each.interface_id
        for each in api.interfaces_of_endpoints(ctx.db, [endpoint.id])[endpoint.id]
    }
    for subnet_id in dict.fromkeys(subnet_ids):
        if subnet_id not in present:
            raise NotInSubnet(id=subnet_id, endpoint_id=endpoint.id)
        delete_interface(ctx.db, find_interface(ctx, present[subnet_id]))


def check_addressing(req: Mapping[str, Any]) -> None:
    """Refuse what is not IPv4. Raises AddressTypeUnfit, UnsupportedOperation."""
    options: Mapping[str, Any] = req.get("DnsOptions") or {}
    for asked in (req.get("IpAddressType"), options.get("DnsRecordIpType")):
        if asked not in (None, "ipv4", "service-defined"):
            raise AddressTypeUnfit(type=asked)
    for name in (
        "PrivateDnsOnlyForInboundResolverEndpoint",
        "PrivateDnsPreference",
        "PrivateDnsSpecifiedDomains",
    ):
        if options.get(name):
            raise UnsupportedOperation(why=f"The DNS option {name} is not supported.")


def check_private_name(ctx: Context, vpc: Vpc, service: str) -> None:
    """Raises PrivateDnsNeedsDns, PrivateDnsTaken."""
    if not (vpc.dns_support and vpc.dns_hostnames):
        raise PrivateDnsNeedsDns(vpc_id=vpc.id)
    if api.has_private_name(ctx.db, vpc.id, service):
        raise PrivateDnsTaken(name=private_name(ctx.region, service), vpc_id=vpc.id)


def policy(document: str | None) -> str | None:
    """The policy as it is kept: full access, the only one that is not promising too much.

    Raises PolicyMalformed, UnsupportedOperation.
    """
    if not document:
        return None
    try:
        given: object = json.loads(document)
    except ValueError as bad:
        raise PolicyMalformed from bad
    if not isinstance(given, dict):
        raise PolicyMalformed
    whole: dict[str, Any] = json.loads(FULL_ACCESS)
    if _statements(cast("dict[str, Any]", given)) != _statements(whole):
        raise UnsupportedOperation(
            why="Endpoint policies are not enforced here, so only full access can be asked for."
        )
    return document


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a policy says, however it is written."""
    found: object = document.get("Statement")
    listed = cast("list[object]", found) if isinstance(found, list) else [found]
    said: list[dict[str, Any]] = []
    for each in listed:
        one = dict(cast("dict[str, Any]", each)) if isinstance(each, dict) else {"?": each}
        one.pop("Sid", None)
        for name in ("Action", "Resource", "Principal"):
            if one.get(name) in (["*"], {"AWS": "*"}, {"AWS": ["*"]}):
                one[name] = "*"
        said.append(one)
    return said
