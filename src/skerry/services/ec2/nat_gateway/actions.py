"""Making, showing and deleting NAT gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake, wake_id
from skerry.services.ec2.address.api import named_address
from skerry.services.ec2.internet_gateway.api import gateway_of_vpc
from skerry.services.ec2.nat_gateway import api
from skerry.services.ec2.nat_gateway.errors import (
    NatGatewayLimitExceeded,
    NatGatewayMalformed,
    NatGatewayNotFound,
)
from skerry.services.ec2.nat_gateway.model import NatGateway
from skerry.services.ec2.nat_gateway.view import filters, nat_gateway_view
from skerry.services.ec2.network_interface.api import (
    create_managed_interface,
    delete_interface,
    find_interface,
)
from skerry.services.ec2.subnet.api import find_subnet
from skerry.services.ec2.subnet.model import Subnet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateNatGatewayRequestTypeDef,
        DeleteNatGatewayRequestTypeDef,
        DescribeNatGatewaysRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.address.model import Address

MAX_PER_ZONE = 50
"""AWS starts at 5 and raises on request; a cloud of one's own needs no request."""

_NOT_BUILT = (
    "AvailabilityZoneAddresses",
    "SecondaryAllocationIds",
    "SecondaryPrivateIpAddressCount",
    "SecondaryPrivateIpAddresses",
)


@action("CreateNatGateway")
def create_nat_gateway(ctx: Context, req: CreateNatGatewayRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html

    One that cannot work is made all the same, in the state ``failed`` with the reason, as in EC2.
    """
    subnet_id = _subnet_id(req)
    subnet = find_subnet(ctx, subnet_id)
    connectivity = req.get("ConnectivityType") or "public"
    address = _address(ctx, req, connectivity)
    _check_room(ctx, subnet)
    gateway = NatGateway(
        id=new_id("nat"),
        account_id=ctx.account_id,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        connectivity=connectivity,
        allocation_id=address and address.id,
        failure=_failure(ctx, subnet, address),
        created_at=ctx.now,
        wanted=True,
        applied=False,
    )
    if gateway.failure is None:
        _connect(ctx, gateway, subnet, req.get("PrivateIpAddress"), address)
    ctx.db.add(gateway)
    ctx.db.flush()
    tags = tags_on_create(req, "natgateway")
    put_tags(ctx, "natgateway", gateway.id, tags)
    wake(ctx.db, gateway)
    wake_id(ctx.db, "vpc", gateway.vpc_id)
    return {"ClientToken": req.get("ClientToken"), "NatGateway": nat_gateway_view(gateway, tags)}


@action("DescribeNatGateways")
def describe_nat_gateways(ctx: Context, req: DescribeNatGatewaysRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNatGateways.html"""
    ids = req.get("NatGatewayIds")
    check_ids(ids, "nat", NatGatewayMalformed)
    gateways = known_rows(ctx.db, NatGateway, ids, NatGatewayNotFound)
    tags = tags_of(ctx.db, [gateway.id for gateway in gateways])
    matching = select_rows(gateways, req.get("Filter"), filters(), lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "NatGateways": [nat_gateway_view(each, tags[each.id]) for each in shown],
        "NextToken": token,
    }


@action("DeleteNatGateway")
def delete_nat_gateway(ctx: Context, req: DeleteNatGatewayRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNatGateway.html

    Its Elastic IP stays allocated; routes to it become black holes.
    """
    gateway = api.find_nat_gateway(ctx, req["NatGatewayId"])
    gateway.wanted = False
    ctx.db.flush()
    if gateway.interface_id is not None:
        delete_interface(ctx.db, find_interface(ctx, gateway.interface_id))
    wake(ctx.db, gateway)
    wake_id(ctx.db, "vpc", gateway.vpc_id)
    return {"NatGatewayId": gateway.id}


def _subnet_id(req: Mapping[str, Any]) -> str:
    for name in _NOT_BUILT:
        if req.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported.")
    if (req.get("AvailabilityMode") or "zonal") != "zonal" or req.get("VpcId"):
        raise UnsupportedOperation(why="NAT gateways are of a zone: name a subnet.")
    subnet_id: str | None = req.get("SubnetId")
    if not subnet_id:
        raise MissingParameter(name="subnetId")
    return subnet_id


def _address(ctx: Context, req: Mapping[str, Any], connectivity: str) -> Address | None:
    allocation_id: str | None = req.get("AllocationId")
    if connectivity == "private":
        if allocation_id:
            raise InvalidParameterCombination(
                why="AllocationId cannot be specified for a NAT gateway of ConnectivityType private."
            )
        return None
    if not allocation_id:
        raise MissingParameter(name="allocationId")
    return named_address(ctx, allocation_id, None)


def _check_room(ctx: Context, subnet: Subnet) -> None:
    query = (
        select(func.count())
        .select_from(NatGateway)
        .join(Subnet, Subnet.id == NatGateway.subnet_id)
        .where(Subnet.zone == subnet.zone, NatGateway.wanted, NatGateway.failure.is_(None))
    )
    if (ctx.db.scalar(query) or 0) >= MAX_PER_ZONE:
        raise NatGatewayLimitExceeded(limit=MAX_PER_ZONE, zone=subnet.zone)


def _failure(ctx: Context, subnet: Subnet, address: Address | None) -> str | None:
    if address is None:
        return None
    if gateway_of_vpc(ctx.db, subnet.vpc_id) is None:
        return "Gateway.NotAttached"
    return "Resource.AlreadyAssociated" if address.association_id else None


def _connect(
    ctx: Context, gateway: NatGateway, subnet: Subnet, wanted: str | None, address: Address | None
) -> None:
    description = f"Interface for NAT Gateway {gateway.id}"
    interface = create_managed_interface(ctx, subnet, (), wanted, description, api.INTERFACE_TYPE)
    gateway.interface_id = interface.id
    gateway.private_ip = interface.private_ip
    if address is None:
        return
    address.association_id = gateway.association_id = new_id("eipassoc")
    address.network_interface_id = interface.id
    address.private_ip = interface.private_ip
    gateway.public_ip = address.public_ip
