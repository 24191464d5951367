"""Changing VPC endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_interface.api import find_interface, set_groups
from skerry.services.ec2.security_group.api import resolve_groups
from skerry.services.ec2.vpc.api import find_vpc
from skerry.services.ec2.vpc_endpoint import api
from skerry.services.ec2.vpc_endpoint.actions import parts
from skerry.services.ec2.vpc_endpoint.errors import NoGroupLeft, NotInGroup, RouteTablesUnfit
from skerry.services.ec2.vpc_endpoint.view import FULL_ACCESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import ModifyVpcEndpointRequestTypeDef

    from skerry.kernel.context import Context
    from skerry.services.ec2.vpc_endpoint.model import VpcEndpoint


@action("ModifyVpcEndpoint")
def modify_vpc_endpoint(ctx: Context, req: ModifyVpcEndpointRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html"""
    endpoint = api.find_endpoint(ctx, req["VpcEndpointId"])
    if req.get("AddRouteTableIds") or req.get("RemoveRouteTableIds"):
        raise RouteTablesUnfit
    parts.check_addressing(req)
    _change_policy(endpoint, req.get("PolicyDocument"), reset=bool(req.get("ResetPolicy")))
    _change_private_name(ctx, endpoint, req.get("PrivateDnsEnabled"))
    _change_groups(
        ctx, endpoint, req.get("AddSecurityGroupIds") or (), req.get("RemoveSecurityGroupIds") or ()
    )
    parts.remove_subnets(ctx, endpoint, req.get("RemoveSubnetIds") or ())
    groups = resolve_groups(ctx, endpoint.vpc_id, endpoint.group_ids, None)
    parts.add_subnets(ctx, endpoint, groups, parts.wanted_addresses(req, "AddSubnetIds"))
    ctx.wake(endpoint)
    wake_id(ctx.db, "vpc", endpoint.vpc_id)
    return {"Return": True}


def _change_policy(endpoint: VpcEndpoint, document: str | None, *, reset: bool) -> None:
    if reset and document:
        raise InvalidParameterCombination(
            why="Either a policy document or a reset of the policy, not both."
        )
    if reset:
        endpoint.policy = FULL_ACCESS
    endpoint.policy = parts.policy(document) or endpoint.policy


def _change_private_name(ctx: Context, endpoint: VpcEndpoint, wanted: bool | None) -> None:  # noqa: FBT001 - as the request has it
    if wanted and not endpoint.private_dns:
        parts.check_private_name(ctx, find_vpc(ctx, endpoint.vpc_id), endpoint.service)
    endpoint.private_dns = endpoint.private_dns if wanted is None else wanted


def _change_groups(
    ctx: Context, endpoint: VpcEndpoint, added: Sequence[str], removed: Sequence[str]
) -> None:
    if not added and not removed:
        return
    for group_id in removed:
        if group_id not in endpoint.group_ids:
            raise NotInGroup(id=group_id, endpoint_id=endpoint.id)
    left = [each for each in endpoint.group_ids if each not in removed]
    wanted = [*left, *(each for each in added if each not in left)]
    if not wanted:
        raise NoGroupLeft
    groups = resolve_groups(ctx, endpoint.vpc_id, wanted, None)
    endpoint.group_ids = wanted
    for each in api.interfaces_of_endpoints(ctx.db, [endpoint.id])[endpoint.id]:
        set_groups(ctx.db, find_interface(ctx, each.interface_id), groups)
