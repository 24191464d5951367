"""Making, showing and deleting VPC endpoints.

Gateway endpoints are for S3 and DynamoDB only, which this cloud does not have.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import put_tags, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_interface.api import delete_interface, find_interface
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.vpc.api import find_vpc
from skerry.services.ec2.vpc_endpoint import api
from skerry.services.ec2.vpc_endpoint.actions import parts
from skerry.services.ec2.vpc_endpoint.errors import (
    EndpointLimitExceeded,
    EndpointMalformed,
    EndpointNotFound,
    EndpointToDeleteNotFound,
    EndpointTypeUnfit,
    RouteTablesUnfit,
    ServiceNameInvalid,
)
from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint
from skerry.services.ec2.vpc_endpoint.view import (
    FULL_ACCESS,
    OFFERED,
    endpoint_view,
    filters,
    service_filters,
    service_name,
    service_view,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateVpcEndpointRequestTypeDef,
        DeleteVpcEndpointsRequestTypeDef,
        DescribeVpcEndpointServicesRequestTypeDef,
        DescribeVpcEndpointsRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.kernel.region import Region

MAX_PER_VPC = 50


@action("CreateVpcEndpoint")
def create_vpc_endpoint(ctx: Context, req: CreateVpcEndpointRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html"""
    vpc = find_vpc(ctx, req["VpcId"])
    service = _service(ctx.region, req)
    if req.get("RouteTableIds"):
        raise RouteTablesUnfit
    parts.check_addressing(req)
    private_dns = bool(req.get("PrivateDnsEnabled", True))
    if private_dns:
        parts.check_private_name(ctx, vpc, service)
    count = select(func.count()).select_from(VpcEndpoint).where(VpcEndpoint.vpc_id == vpc.id)
    if (ctx.db.scalar(count) or 0) >= MAX_PER_VPC:
        raise EndpointLimitExceeded(vpc_id=vpc.id, limit=MAX_PER_VPC)
    groups = resolve_groups(ctx, vpc.id, req.get("SecurityGroupIds"), None)
    endpoint = VpcEndpoint(
        id=new_id("vpce"),
        account_id=ctx.account_id,
        vpc_id=vpc.id,
        service=service,
        label=secrets.token_hex(4),
        private_dns=private_dns,
        policy=parts.policy(req.get("PolicyDocument")) or FULL_ACCESS,
        group_ids=[group.id for group in groups],
        created_at=ctx.now,
    )
    ctx.db.add(endpoint)
    ctx.db.flush()
    parts.add_subnets(ctx, endpoint, groups, parts.wanted_addresses(req, "SubnetIds"))
    ctx.wake(endpoint)
    wake_id(ctx.db, "vpc", vpc.id)
    put_tags(ctx, "vpc-endpoint", endpoint.id, tags_on_create(req, "vpc-endpoint"))
    facts = api.endpoint_facts(ctx.db, ctx.region, [endpoint])
    return {
        "VpcEndpoint": endpoint_view(endpoint, facts),
        "ClientToken": req.get("ClientToken"),
    }


@action("DescribeVpcEndpoints")
def describe_vpc_endpoints(ctx: Context, req: DescribeVpcEndpointsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html"""
    ids = req.get("VpcEndpointIds")
    check_ids(ids, "vpce", EndpointMalformed)
    endpoints = known_rows(ctx.db, VpcEndpoint, ids, EndpointNotFound)
    facts = api.endpoint_facts(ctx.db, ctx.region, endpoints)
    matching = select_rows(
        endpoints, req.get("Filters"), filters(ctx.region), lambda one: facts.tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {"VpcEndpoints": [endpoint_view(one, facts) for one in shown], "NextToken": token}


@action("DeleteVpcEndpoints")
def delete_vpc_endpoints(ctx: Context, req: DeleteVpcEndpointsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpcEndpoints.html

    Those that are not there are told of in the answer; the others go.
    """
    check_ids(req["VpcEndpointIds"], "vpce", EndpointMalformed)
    refused: list[dict[str, Any]] = []
    for endpoint_id in dict.fromkeys(req["VpcEndpointIds"]):
        endpoint = ctx.db.scalar(select(VpcEndpoint).where(VpcEndpoint.id == endpoint_id))
        if endpoint is None:
            why = EndpointToDeleteNotFound(id=endpoint_id)
            error = {"Code": why.code, "Message": why.message}
            refused.append({"ResourceId": endpoint_id, "Error": error})
        else:
            _delete(ctx, endpoint)
    return {"Unsuccessful": refused}


@action("DescribeVpcEndpointServices")
def describe_vpc_endpoint_services(
    ctx: Context, req: DescribeVpcEndpointServicesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html"""
    known = {service_name(ctx.region, each): each for each in OFFERED}
    for name in req.get("ServiceNames") or ():
        if name not in known:
            raise ServiceNameInvalid(name=name)
    if req.get("ServiceRegions", [ctx.region.name]) != [ctx.region.name]:
        raise UnsupportedOperation(why="There is one region: services of others cannot be shown.")
    asked = [known[name] for name in req.get("ServiceNames") or known]
    matching = select_rows(asked, req.get("Filters"), service_filters(ctx.region), _no_tags)
    shown, token = page(matching, req, lambda one: one)
    return {
        "ServiceNames": [service_name(ctx.region, each) for each in shown],
        "ServiceDetails": [service_view(ctx.region, each) for each in shown],
        "NextToken": token,
    }


def _service(region: Region, req: Mapping[str, Any]) -> str:
    """The service asked for; without a type, AWS means a gateway."""
    for name in ("ServiceNetworkArn", "ResourceConfigurationArn"):
        if req.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported: endpoints are for services.")
    if req.get("ServiceRegion", region.name) != region.name:
        raise UnsupportedOperation(why="There is one region: services of others have no endpoint.")
    asked = req.get("ServiceName")
    if not asked:
        raise MissingParameter(name="ServiceName")
    for each in OFFERED:
        if asked == service_name(region, each):
            wanted = req.get("VpcEndpointType", "Gateway")
            if wanted != "Interface":
                raise EndpointTypeUnfit(type=wanted)
            return each
    raise ServiceNameInvalid(name=asked)


def _delete(ctx: Context, endpoint: VpcEndpoint) -> None:
    for each in api.interfaces_of_endpoints(ctx.db, [endpoint.id])[endpoint.id]:
        delete_interface(ctx.db, find_interface(ctx, each.interface_id))
    endpoint.wanted = False
    ctx.db.flush()
    ctx.wake(endpoint)
    wake_id(ctx.db, "vpc", endpoint.vpc_id)


def _no_tags(_: str) -> dict[str, str]:
    return {}
