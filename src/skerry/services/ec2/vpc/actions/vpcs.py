"""VPC actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.context import Context
from skerry.kernel.errors import InvalidParameterCombination, MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.egress_only_internet_gateway.api import egress_only_gateway_of
from skerry.services.ec2.flow_log.api import forget_resource
from skerry.services.ec2.internet_gateway.model import InternetGateway
from skerry.services.ec2.network_acl.api import delete_default_acl, has_other_acls
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.route_table.api import delete_table, main_table
from skerry.services.ec2.route_table.model import RouteTable
from skerry.services.ec2.security_group.api import DEFAULT, delete_default_group
from skerry.services.ec2.security_group.model import SecurityGroup
from skerry.services.ec2.subnet.model import Subnet
from skerry.services.ec2.vpc import api
from skerry.services.ec2.vpc.errors import (
    DefaultVpcExists,
    VpcInUse,
    VpcLimitExceeded,
    VpcNotFound,
)
from skerry.services.ec2.vpc.model import Vpc
from skerry.services.ec2.vpc.view import VpcFacts, filters, vpc_view
from skerry.services.ec2.vpc_endpoint.api import has_endpoints
from skerry.services.ec2.vpc_peering.api import keeps_vpc, withdraw_requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        CreateVpcRequestTypeDef,
        DeleteVpcRequestTypeDef,
        DescribeVpcAttributeRequestTypeDef,
        DescribeVpcsRequestTypeDef,
        ModifyVpcAttributeRequestTypeDef,
        ModifyVpcTenancyRequestTypeDef,
    )

MAX_VPCS = 100
"""AWS starts at 5 and raises on request up to 100s; a cloud of one's own needs no request."""

_NOT_BUILT = (
    "Ipv6Pool",
    "Ipv6CidrBlock",
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
)


@action("CreateVpc")
def create_vpc(ctx: Context, req: CreateVpcRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html"""
    asked: Mapping[str, Any] = dict(req)
    for name in _NOT_BUILT:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported: name a CidrBlock.")
    if req.get("InstanceTenancy", "default") != "default":
        raise UnsupportedOperation(why="Only the tenancy 'default' is supported.")
    cidr_text = req.get("CidrBlock")
    if not cidr_text:
        raise MissingParameter(name="cidrBlock")
    cidr = api.parse_cidr(cidr_text, "cidrBlock")
    api.check_range(cidr, cidr_text)
    _check_room(ctx)
    vpc = api.create_vpc(ctx.db, ctx.account_id, ctx.region, cidr, ctx.now)
    if req.get("AmazonProvidedIpv6CidrBlock"):
        api.add_ipv6_block(ctx.db, vpc, ctx.region)
    put_tags(ctx, "vpc", vpc.id, tags_on_create(req, "vpc"))
    return {"Vpc": vpc_view(vpc, _facts(ctx, [vpc])) | {"State": "pending"}}


@action("CreateDefaultVpc")
def create_default_vpc(ctx: Context, req: Mapping[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDefaultVpc.html"""
    del req
    if api.default_vpc(ctx) is not None:
        raise DefaultVpcExists
    _check_room(ctx)
    vpc = api.create_default_vpc(ctx.db, ctx.account_id, ctx.region, ctx.now)
    return {"Vpc": vpc_view(vpc, _facts(ctx, [vpc])) | {"State": "pending"}}


@action("DescribeVpcs")
def describe_vpcs(ctx: Context, req: DescribeVpcsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcs.html"""
    vpcs = known_rows(ctx.db, Vpc, req.get("VpcIds"), VpcNotFound, Vpc.wanted)
    facts = _facts(ctx, vpcs)
    matching = select_rows(vpcs, req.get("Filters"), filters(facts), lambda vpc: facts.tags[vpc.id])
    shown, token = page(matching, req, lambda vpc: vpc.id)
    return {"Vpcs": [vpc_view(vpc, facts) for vpc in shown], "NextToken": token}


@action("DescribeVpcAttribute")
def describe_vpc_attribute(ctx: Context, req: DescribeVpcAttributeRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcAttribute.html"""
    vpc = api.find_vpc(ctx, req["VpcId"])
    match req["Attribute"]:
        case "enableDnsSupport":
            shown = {"EnableDnsSupport": {"Value": vpc.dns_support}}
        case "enableDnsHostnames":
            shown = {"EnableDnsHostnames": {"Value": vpc.dns_hostnames}}
        case _:
            shown = {"EnableNetworkAddressUsageMetrics": {"Value": False}}
    return {"VpcId": vpc.id, **shown}


@action("ModifyVpcAttribute")
def modify_vpc_attribute(ctx: Context, req: ModifyVpcAttributeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html"""
    vpc = api.find_vpc(ctx, req["VpcId"])
    support, hostnames = req.get("EnableDnsSupport"), req.get("EnableDnsHostnames")
    if req.get("EnableNetworkAddressUsageMetrics", {}).get("Value"):
        raise UnsupportedOperation(why="Network address usage metrics are not supported.")
    if support is not None and hostnames is not None:
        raise InvalidParameterCombination(why="Only one attribute may be modified at a time")
    if support is not None:
        vpc.dns_support = bool(support.get("Value"))
    elif hostnames is not None:
        vpc.dns_hostnames = bool(hostnames.get("Value"))
    ctx.wake(vpc)


@action("ModifyVpcTenancy")
def modify_vpc_tenancy(ctx: Context, req: ModifyVpcTenancyRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcTenancy.html

    It changes to "default" only, which is what every VPC has here.
    """
    vpc = api.find_vpc(ctx, req["VpcId"])
    vpc.tenancy = req["InstanceTenancy"]
    return {"ReturnValue": True}


@action("DeleteVpc")
def delete_vpc(ctx: Context, req: DeleteVpcRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html

    The row stays, hidden, until the network has the VPC no more.
    """
    vpc = api.find_vpc(ctx, req["VpcId"])
    if _is_in_use(ctx, vpc):
        raise VpcInUse(id=vpc.id)
    withdraw_requests(ctx.db, vpc.id, ctx.now)
    forget_resource(ctx.db, vpc.id)
    delete_table(ctx.db, main_table(ctx.db, vpc.id).id)
    delete_default_acl(ctx.db, vpc.id)
    delete_default_group(ctx.db, vpc.id)
    drop_tags(ctx.db, [vpc.id])
    vpc.wanted = False
    ctx.wake(vpc)


def _is_in_use(ctx: Context, vpc: Vpc) -> bool:
    """Whether the VPC has more in it than what every VPC has."""
    main = main_table(ctx.db, vpc.id)
    inside = (
        select(Subnet.id).where(Subnet.vpc_id == vpc.id),
        select(NetworkInterface.id).where(NetworkInterface.vpc_id == vpc.id),
        select(InternetGateway.id).where(InternetGateway.vpc_id == vpc.id),
        select(SecurityGroup.id).where(
            SecurityGroup.vpc_id == vpc.id, SecurityGroup.name != DEFAULT
        ),
        select(RouteTable.id).where(RouteTable.vpc_id == vpc.id, RouteTable.id != main.id),
    )
    if has_other_acls(ctx.db, vpc.id) or has_endpoints(ctx.db, vpc.id):
        return True
    if egress_only_gateway_of(ctx.db, vpc.id) is not None:
        return True
    if keeps_vpc(ctx.db, vpc.id, ctx.now):
        return True
    return any(ctx.db.scalar(query.limit(1)) is not None for query in inside)


def _facts(ctx: Context, vpcs: Sequence[Vpc]) -> VpcFacts:
    ids = [vpc.id for vpc in vpcs]
    return VpcFacts(ctx.region, api.blocks_of(ctx.db, ids), tags_of(ctx.db, ids))


def _check_room(ctx: Context) -> None:
    count = ctx.db.scalar(select(func.count()).select_from(Vpc).where(Vpc.wanted)) or 0
    if count >= MAX_VPCS:
        raise VpcLimitExceeded(limit=MAX_VPCS)
