"""Elastic IPs: allocate, show, release."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from skerry.kernel.action import action
from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import known_rows
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.address import api
from skerry.services.ec2.address.errors import (
    AddressInUse,
    AddressLimitExceeded,
    AddressLocked,
    AddressMalformed,
    AddressNotFound,
    AllocationNotFound,
    BorderGroupUnknown,
)
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.address.view import AddressFacts, address_view, filters
from skerry.services.ec2.network_interface.model import NetworkInterface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        AllocateAddressRequestTypeDef,
        DescribeAddressesRequestTypeDef,
        ReleaseAddressRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("AllocateAddress")
def allocate_address(ctx: Context, req: AllocateAddressRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html"""
    if req.get("CustomerOwnedIpv4Pool") or req.get("IpamPoolId"):
        raise UnsupportedOperation(why="Addresses come from the cloud's own public pool only.")
    if req.get("PublicIpv4Pool", "amazon") != "amazon":
        raise UnsupportedOperation(why="The only public pool is 'amazon'.")
    _check_border_group(ctx, req.get("NetworkBorderGroup"))
    count = ctx.db.scalar(select(func.count()).select_from(Address)) or 0
    if count >= api.MAX_ADDRESSES:
        raise AddressLimitExceeded
    wanted = req.get("Address")
    address = Address(
        id=new_id("eipalloc"),
        account_id=ctx.account_id,
        public_ip=_claim(ctx, wanted) if wanted else api.take_from_pool(ctx.db, ctx.region),
        created_at=ctx.now,
    )
    ctx.db.add(address)
    ctx.db.flush()
    put_tags(ctx, "elastic-ip", address.id, tags_on_create(req, "elastic-ip"))
    return {
        "AllocationId": address.id,
        "Domain": "vpc",
        "NetworkBorderGroup": ctx.region.name,
        "PublicIp": address.public_ip,
        "PublicIpv4Pool": "amazon",
    }


@action("DescribeAddresses")
def describe_addresses(ctx: Context, req: DescribeAddressesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddresses.html"""
    found = _asked_for(ctx, req.get("AllocationIds"), req.get("PublicIps"))
    facts = _facts(ctx, found)
    matching = select_rows(
        found, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id]
    )
    ordered = sorted(matching, key=lambda one: one.id)
    return {"Addresses": [address_view(each, facts) for each in ordered]}


@action("ReleaseAddress")
def release_address(ctx: Context, req: ReleaseAddressRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html"""
    _check_border_group(ctx, req.get("NetworkBorderGroup"))
    address = api.named_address(ctx, req.get("AllocationId"), req.get("PublicIp"))
    if address is None:
        raise MissingParameter(name="allocationId")
    if address.association_id is not None:
        raise AddressInUse(address=address.public_ip)
    if address.domain_name is not None:
        raise AddressLocked(id=address.id)
    drop_tags(ctx.db, [address.id])
    ctx.db.execute(delete(Address).where(Address.id == address.id))


def _asked_for(
    ctx: Context, ids: Sequence[str] | None, public_ips: Sequence[str] | None
) -> list[Address]:
    if not public_ips:
        return known_rows(ctx.db, Address, ids, AllocationNotFound)
    addresses = known_rows(ctx.db, Address, ids, AllocationNotFound) if ids else []
    query = select(Address).where(Address.public_ip.in_(public_ips))
    by_ip = {address.public_ip: address for address in ctx.db.scalars(query)}
    for each in public_ips:
        if each not in by_ip:
            raise AddressNotFound(address=each)
    addresses += by_ip.values()
    return list({address.id: address for address in addresses}.values())


def _facts(ctx: Context, addresses: Sequence[Address]) -> AddressFacts:
    attached = (
        select(NetworkInterface.id, NetworkInterface.instance_id)
        .join(Address, Address.network_interface_id == NetworkInterface.id)
        .where(NetworkInterface.instance_id.is_not(None))
    )
    instances = dict(ctx.db.execute(attached).tuples().all())
    tags = tags_of(ctx.db, [address.id for address in addresses])
    return AddressFacts(ctx.region.name, instances, tags)


def _claim(ctx: Context, text: str) -> str:
    """The very address asked for, when it is the pool's and free."""
    try:
        wanted = IPv4Address(text)
    except AddressValueError as bad:
        raise AddressMalformed(address=text) from bad
    if not api.is_usable(ctx.region.public_pool, wanted) or api.addresses_in_use(ctx.db, [text]):
        raise AddressNotFound(address=text)
    return text


def _check_border_group(ctx: Context, group: str | None) -> None:
    if group not in (None, "", ctx.region.name):
        raise BorderGroupUnknown(value=group, region=ctx.region.name)
