"""Subnet actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.flow_log.api import forget_resource
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.route_table.api import forget_subnet
from skerry.services.ec2.subnet import api
from skerry.services.ec2.subnet.errors import (
    BlockNotFound,
    DefaultSubnetExists,
    Ipv6BlockExists,
    Ipv6BlockInUse,
    Ipv6RangeInvalid,
    NoFreeRange,
    NoIpv6Block,
    SubnetConflict,
    SubnetInUse,
    SubnetLimitExceeded,
    SubnetNotFound,
    SubnetRangeInvalid,
    ZoneUnknown,
)
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.subnet.view import (
    SubnetFacts,
    filters,
    ipv6_association,
    subnet_view,
)
from skerry.services.ec2.vpc.api import (
    DEFAULT_SUBNET_PREFIX,
    default_vpc,
    find_vpc,
    ipv4_networks,
    ipv6_networks,
    parse_cidr,
    parse_ipv6_cidr,
)
from skerry.services.ec2.vpc.errors import NoDefaultVpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Network

    from types_boto3_ec2.type_defs import (
        AssociateSubnetCidrBlockRequestTypeDef,
        CreateDefaultSubnetRequestTypeDef,
        CreateSubnetRequestTypeDef,
        DeleteSubnetRequestTypeDef,
        DescribeSubnetsRequestTypeDef,
        DisassociateSubnetCidrBlockRequestTypeDef,
        ModifySubnetAttributeRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.vpc.model import Vpc

MAX_SUBNETS_PER_VPC = 200

_NOT_BUILT = (
    "OutpostArn",
    "Ipv6Native",
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
)


@action("CreateSubnet")
def create_subnet(ctx: Context, req: CreateSubnetRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html"""
    asked: Mapping[str, Any] = dict(req)
    for name in _NOT_BUILT:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported.")
    vpc = find_vpc(ctx, req["VpcId"])
    text = req.get("CidrBlock")
    if not text:
        raise MissingParameter(name="cidrBlock")
    cidr = parse_cidr(text, "cidrBlock")
    if not 16 <= cidr.prefixlen <= 28 or not any(map(cidr.subnet_of, ipv4_networks(ctx.db, vpc))):
        raise SubnetRangeInvalid(cidr=text)
    present = _ranges(ctx, vpc.id)
    if len(present) >= MAX_SUBNETS_PER_VPC:
        raise SubnetLimitExceeded(vpc_id=vpc.id, limit=MAX_SUBNETS_PER_VPC)
    if any(cidr.overlaps(each) for each in present):
        raise SubnetConflict(cidr=text)
    zone = _zone(ctx, req) or ctx.region.zones[0]
    subnet = api.create_subnet(ctx.db, vpc, cidr, zone, ctx.now)
    ipv6 = req.get("Ipv6CidrBlock")
    if ipv6:
        _give_ipv6(ctx, subnet, vpc, ipv6)
    put_tags(ctx, "subnet", subnet.id, tags_on_create(req, "subnet"))
    ctx.wake(vpc)
    return {"Subnet": subnet_view(subnet, _facts(ctx, [subnet]))}


@action("CreateDefaultSubnet")
def create_default_subnet(ctx: Context, req: CreateDefaultSubnetRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDefaultSubnet.html"""
    if req.get("Ipv6Native"):
        raise UnsupportedOperation(why="Ipv6Native is not supported: subnets have one IPv4 block.")
    zone = _zone(ctx, req)
    if zone is None:
        raise MissingParameter(name="AvailabilityZone")
    vpc = default_vpc(ctx)
    if vpc is None:
        raise NoDefaultVpc
    present = ctx.db.scalar(
        select(Subnet.id).where(Subnet.vpc_id == vpc.id, Subnet.zone == zone, Subnet.default_for_az)
    )
    if present is not None:
        raise DefaultSubnetExists(subnet_id=present, zone=zone)
    taken = _ranges(ctx, vpc.id)
    candidates = vpc.network.subnets(new_prefix=DEFAULT_SUBNET_PREFIX)
    cidr = next((c for c in candidates if not any(c.overlaps(each) for each in taken)), None)
    if cidr is None:
        raise NoFreeRange(vpc_id=vpc.id)
    subnet = api.create_default_subnet(ctx.db, vpc, cidr, zone, ctx.now)
    ctx.wake(vpc)
    return {"Subnet": subnet_view(subnet, _facts(ctx, [subnet]))}


@action("DescribeSubnets")
def describe_subnets(ctx: Context, req: DescribeSubnetsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSubnets.html"""
    subnets = known_rows(ctx.db, Subnet, req.get("SubnetIds"), SubnetNotFound)
    facts = _facts(ctx, subnets)
    matching = select_rows(
        subnets, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {"Subnets": [subnet_view(each, facts) for each in shown], "NextToken": token}


@action("ModifySubnetAttribute")
def modify_subnet_attribute(ctx: Context, req: ModifySubnetAttributeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html"""
    subnet = api.find_subnet(ctx, req["SubnetId"])
    asked: Mapping[str, Any] = {k: v for k, v in req.items() if k not in ("SubnetId", "DryRun")}
    if len(asked) != 1:
        raise InvalidParameterCombination(why="Exactly one attribute must be modified at a time")
    match asked:
        case {"MapPublicIpOnLaunch": {"Value": bool(value)}}:
            subnet.map_public_ip = value
        case {"AssignIpv6AddressOnCreation": {"Value": bool(value)}}:
            if value and subnet.ipv6_cidr is None:
                raise NoIpv6Block(id=subnet.id)
            subnet.assign_ipv6 = value
        case {"PrivateDnsHostnameTypeOnLaunch": "ip-name"}:
            return
        case _ if all(value == {"Value": False} for value in asked.values()):
            return
        case _:
            raise UnsupportedOperation(why=f"{', '.join(asked)} cannot be modified in this cloud.")


@action("AssociateSubnetCidrBlock")
def associate_subnet_cidr_block(
    ctx: Context, req: AssociateSubnetCidrBlockRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateSubnetCidrBlock.html"""
    subnet = api.find_subnet(ctx, req["SubnetId"])
    if req.get("Ipv6IpamPoolId") or req.get("Ipv6NetmaskLength"):
        raise UnsupportedOperation(why="Name an Ipv6CidrBlock: pools of addresses are not built.")
    text = req.get("Ipv6CidrBlock")
    if not text:
        raise MissingParameter(name="ipv6CidrBlock")
    if subnet.ipv6_cidr is not None:
        raise Ipv6BlockExists(id=subnet.id)
    _give_ipv6(ctx, subnet, find_vpc(ctx, subnet.vpc_id), text)
    wake_id(ctx.db, "vpc", subnet.vpc_id)
    shown = ipv6_association(subnet, "associating")
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": shown}


@action("DisassociateSubnetCidrBlock")
def disassociate_subnet_cidr_block(
    ctx: Context, req: DisassociateSubnetCidrBlockRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateSubnetCidrBlock.html"""
    association_id = req["AssociationId"]
    subnet = ctx.db.scalar(select(Subnet).where(Subnet.ipv6_association_id == association_id))
    if subnet is None:
        raise BlockNotFound(id=association_id)
    if api.has_ipv6_addresses(ctx.db, subnet.id):
        raise Ipv6BlockInUse(id=subnet.id, cidr=subnet.ipv6_cidr)
    shown = ipv6_association(subnet, "disassociating")
    subnet.ipv6_cidr = subnet.ipv6_association_id = None
    subnet.assign_ipv6 = False
    ctx.db.flush()
    wake_id(ctx.db, "vpc", subnet.vpc_id)
    return {"SubnetId": subnet.id, "Ipv6CidrBlockAssociation": shown}


@action("DeleteSubnet")
def delete_subnet(ctx: Context, req: DeleteSubnetRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html"""
    subnet = api.find_subnet(ctx, req["SubnetId"])
    used = select(NetworkInterface.id).where(NetworkInterface.subnet_id == subnet.id).limit(1)
    if ctx.db.scalar(used) is not None:
        raise SubnetInUse(id=subnet.id)
    forget_subnet(ctx.db, subnet.id)
    forget_resource(ctx.db, subnet.id)
    drop_tags(ctx.db, [subnet.id])
    ctx.db.execute(delete(Subnet).where(Subnet.id == subnet.id))
    wake_id(ctx.db, "vpc", subnet.vpc_id)


def _give_ipv6(ctx: Context, subnet: Subnet, vpc: Vpc, text: str) -> None:
    """Raises Ipv6RangeInvalid, Ipv6Conflict."""
    cidr = parse_ipv6_cidr(text, "ipv6CidrBlock")
    if cidr.prefixlen != 64 or not any(map(cidr.subnet_of, ipv6_networks(ctx.db, vpc))):
        raise Ipv6RangeInvalid(cidr=text)
    if ctx.db.scalar(select(Subnet.id).where(Subnet.ipv6_cidr == str(cidr))) is not None:
        raise SubnetConflict(cidr=text)
    subnet.ipv6_cidr = str(cidr)
    subnet.ipv6_association_id = new_id("subnet-cidr-assoc")
    ctx.db.flush()


def _facts(ctx: Context, subnets: Sequence[Subnet]) -> SubnetFacts:
    tags = tags_of(ctx.db, [subnet.id for subnet in subnets])
    return SubnetFacts(ctx.region, api.free_ips(ctx, subnets), tags)


def _ranges(ctx: Context, vpc_id: str) -> list[IPv4Network]:
    return [each.network for each in ctx.db.scalars(select(Subnet).where(Subnet.vpc_id == vpc_id))]


def _zone(ctx: Context, req: Mapping[str, Any]) -> str | None:
    """The zone named, by name or id. Raises ZoneUnknown."""
    zones = ctx.region.zones
    by_id = {ctx.region.zone_id(zone): zone for zone in zones}
    name, zone_id = req.get("AvailabilityZone"), req.get("AvailabilityZoneId")
    if not name and not zone_id:
        return None
    found = name if name in zones else by_id.get(str(zone_id))
    if found is None or (name and name != found):
        raise ZoneUnknown(zone=name or zone_id, zones=", ".join(zones))
    return found
