"""What Elastic IPs are called in reverse (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Elastic_Addressing_Reverse_DNS.html)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterValue, MissingParameter
from skerry.kernel.lookup import known_rows
from skerry.kernel.paging import page
from skerry.services.ec2.address.errors import AllocationNotFound
from skerry.services.ec2.address.model import Address
from skerry.services.ec2.address.view import attribute_view

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeAddressesAttributeRequestTypeDef,
        ModifyAddressAttributeRequestTypeDef,
        ResetAddressAttributeRequestTypeDef,
    )

    from skerry.kernel.context import Context

_LIMIT_CHARACTERS = 253
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


@action("DescribeAddressesAttribute")
def describe_addresses_attribute(
    ctx: Context, req: DescribeAddressesAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAddressesAttribute.html

    Of those that have a name.
    """
    known = known_rows(ctx.db, Address, req.get("AllocationIds"), AllocationNotFound)
    found = [each for each in known if each.domain_name is not None]
    shown, token = page(found, req, lambda one: one.id)
    return {"Addresses": [attribute_view(each) for each in shown], "NextToken": token}


@action("ModifyAddressAttribute")
def modify_address_attribute(
    ctx: Context, req: ModifyAddressAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyAddressAttribute.html

    VPCs' resolvers give the name from now on. That the name leads to the address is not checked: a
    cloud of one's own may not see the zone that says so.
    """
    (address,) = known_rows(ctx.db, Address, [req["AllocationId"]], AllocationNotFound)
    name = req.get("DomainName")
    if not name:
        raise MissingParameter(name="domainName")
    address.domain_name = _checked(name)
    return {"Address": attribute_view(address)}


@action("ResetAddressAttribute")
def reset_address_attribute(
    ctx: Context, req: ResetAddressAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetAddressAttribute.html"""
    (address,) = known_rows(ctx.db, Address, [req["AllocationId"]], AllocationNotFound)
    address.domain_name = None
    return {"Address": attribute_view(address)}


def _checked(name: str) -> str:
    """The name in lower case with its last dot. Raises InvalidParameterValue."""
    labels = name.lower().removesuffix(".").split(".")
    whole = ".".join(labels)
    if len(whole) > _LIMIT_CHARACTERS or not all(_LABEL.fullmatch(each) for each in labels):
        raise InvalidParameterValue(
            value=name, name="domainName", why="It is not the name of a host."
        )
    return f"{whole}."
