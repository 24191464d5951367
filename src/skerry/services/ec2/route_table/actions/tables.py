"""Route tables and which subnets use them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from skerry.kernel.action import action
from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_interface.model import NetworkInterface
from skerry.services.ec2.route_table import api
from skerry.services.ec2.route_table.actions import targets
from skerry.services.ec2.route_table.errors import (
    AlreadyAssociated,
    AssociationNotFound,
    MainAssociation,
    OtherNetwork,
    RouteTableInUse,
    RouteTableLimitExceeded,
    RouteTableMalformed,
    RouteTableNotFound,
    VpnGatewayNotFound,
)
from skerry.services.ec2.route_table.model import Route, RouteTable, RouteTableAssociation
from skerry.services.ec2.route_table.view import TableFacts, filters, route_table_view
from skerry.services.ec2.subnet.api import find_subnet
from skerry.services.ec2.vpc.api import blocks_of, find_vpc
from skerry.services.ec2.vpc.model import Vpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from types_boto3_ec2.type_defs import (
        AssociateRouteTableRequestTypeDef,
        CreateRouteTableRequestTypeDef,
        DeleteRouteTableRequestTypeDef,
        DescribeRouteTablesRequestTypeDef,
        DisableVgwRoutePropagationRequestTypeDef,
        DisassociateRouteTableRequestTypeDef,
        EnableVgwRoutePropagationRequestTypeDef,
        ReplaceRouteTableAssociationRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_TABLES_PER_VPC = 200


@action("CreateRouteTable")
def create_route_table(ctx: Context, req: CreateRouteTableRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRouteTable.html"""
    vpc = find_vpc(ctx, req["VpcId"])
    count = ctx.db.scalar(
        select(func.count()).select_from(RouteTable).where(RouteTable.vpc_id == vpc.id)
    )
    if (count or 0) >= MAX_TABLES_PER_VPC:
        raise RouteTableLimitExceeded(vpc_id=vpc.id, limit=MAX_TABLES_PER_VPC)
    table = api.create_table(ctx.db, vpc, ctx.now)
    put_tags(ctx, "route-table", table.id, tags_on_create(req, "route-table"))
    return {"RouteTable": route_table_view(table, _facts(ctx, [table]))}


@action("DescribeRouteTables")
def describe_route_tables(ctx: Context, req: DescribeRouteTablesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html"""
    ids = req.get("RouteTableIds")
    check_ids(ids, "rtb", RouteTableMalformed)
    tables = known_rows(ctx.db, RouteTable, ids, RouteTableNotFound)
    facts = _facts(ctx, tables)
    matching = select_rows(
        tables, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {"RouteTables": [route_table_view(each, facts) for each in shown], "NextToken": token}


@action("DeleteRouteTable")
def delete_route_table(ctx: Context, req: DeleteRouteTableRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRouteTable.html"""
    table = api.find_table(ctx, req["RouteTableId"])
    used = select(RouteTableAssociation.id).where(RouteTableAssociation.route_table_id == table.id)
    if ctx.db.scalar(used.limit(1)) is not None:
        raise RouteTableInUse(id=table.id)
    api.delete_table(ctx.db, table.id)


@action("AssociateRouteTable")
def associate_route_table(ctx: Context, req: AssociateRouteTableRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html

    The same pair again gives the association there is.
    """
    table = api.find_table(ctx, req["RouteTableId"])
    if req.get("GatewayId") or req.get("PublicIpv4Pool"):
        raise UnsupportedOperation(why="Only subnets can be associated with a route table.")
    subnet_id = req.get("SubnetId")
    if not subnet_id:
        raise MissingParameter(name="subnetId")
    subnet = find_subnet(ctx, subnet_id)
    if subnet.vpc_id != table.vpc_id:
        raise OtherNetwork(id=table.id, vpc_id=subnet.vpc_id)
    present = ctx.db.scalar(
        select(RouteTableAssociation).where(RouteTableAssociation.subnet_id == subnet.id)
    )
    if present is not None and present.route_table_id != table.id:
        raise AlreadyAssociated(id=table.id)
    association = present or api.associate(ctx.db, table, subnet.id)
    wake_id(ctx.db, "vpc", table.vpc_id)
    return {"AssociationId": association.id, "AssociationState": {"State": "associated"}}


@action("DisassociateRouteTable")
def disassociate_route_table(ctx: Context, req: DisassociateRouteTableRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateRouteTable.html"""
    association = _find_association(ctx, req["AssociationId"])
    if association.subnet_id is None:
        raise MainAssociation(id=association.id)
    this = RouteTableAssociation.id == association.id
    ctx.db.execute(delete(RouteTableAssociation).where(this))
    wake_id(ctx.db, "vpc", association.vpc_id)


@action("ReplaceRouteTableAssociation")
def replace_route_table_association(
    ctx: Context, req: ReplaceRouteTableAssociationRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html

    Of the main association this changes which table is the VPC's main one.
    """
    association = _find_association(ctx, req["AssociationId"])
    table = api.find_table(ctx, req["RouteTableId"])
    if table.vpc_id != association.vpc_id:
        raise OtherNetwork(id=table.id, vpc_id=association.vpc_id)
    association.id = new_id("rtbassoc")
    association.route_table_id = table.id
    ctx.db.flush()
    wake_id(ctx.db, "vpc", table.vpc_id)
    return {"NewAssociationId": association.id, "AssociationState": {"State": "associated"}}


@action("EnableVgwRoutePropagation")
def enable_vgw_route_propagation(
    ctx: Context, req: EnableVgwRoutePropagationRequestTypeDef
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableVgwRoutePropagation.html

    There are no virtual private gateways in this cloud, so none is ever found.
    """
    api.find_table(ctx, req["RouteTableId"])
    raise VpnGatewayNotFound(id=req["GatewayId"])


@action("DisableVgwRoutePropagation")
def disable_vgw_route_propagation(
    ctx: Context, req: DisableVgwRoutePropagationRequestTypeDef
) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisableVgwRoutePropagation.html"""
    api.find_table(ctx, req["RouteTableId"])
    raise VpnGatewayNotFound(id=req["GatewayId"])


def _find_association(ctx: Context, association_id: str) -> RouteTableAssociation:
    return known_rows(ctx.db, RouteTableAssociation, [association_id], AssociationNotFound)[0]


def _facts(ctx: Context, tables: Sequence[RouteTable]) -> TableFacts:
    routes: defaultdict[str, list[Route]] = defaultdict(list)
    for route in ctx.db.scalars(select(Route).order_by(Route.destination)):
        routes[route.route_table_id].append(route)
    associations: defaultdict[str, list[RouteTableAssociation]] = defaultdict(list)
    for each in ctx.db.scalars(select(RouteTableAssociation).order_by(RouteTableAssociation.id)):
        associations[each.route_table_id].append(each)
    machines = select(
        NetworkInterface.id, NetworkInterface.instance_id, NetworkInterface.account_id
    ).where(NetworkInterface.instance_id.is_not(None))
    return TableFacts(
        routes=routes,
        associations=associations,
        blocks=_blocks(ctx, {table.vpc_id for table in tables}),
        living=targets.living(ctx),
        machines={each: (str(i), owner) for each, i, owner in ctx.db.execute(machines).tuples()},
        tags=tags_of(ctx.db, [table.id for table in tables]),
    )


def _blocks(ctx: Context, vpc_ids: Iterable[str]) -> dict[str, list[str]]:
    ids = list(vpc_ids)
    further = blocks_of(ctx.db, ids)
    primary = ctx.db.execute(select(Vpc.id, Vpc.cidr).where(Vpc.id.in_(ids))).tuples()
    return {each: [cidr, *(block.cidr for block in further[each])] for each, cidr in primary}
