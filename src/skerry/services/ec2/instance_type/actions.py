"""Instance type actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterValue
from skerry.kernel.filters import select_rows
from skerry.kernel.paging import page
from skerry.services.ec2.instance_type.catalog import CATALOG
from skerry.services.ec2.instance_type.errors import InstanceTypeInvalid
from skerry.services.ec2.instance_type.view import (
    FILTERS,
    OFFERING_FILTERS,
    Offering,
    instance_type_view,
    offering_view,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        DescribeInstanceTypeOfferingsRequestTypeDef,
        DescribeInstanceTypesRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance_type.model import InstanceType


@action("DescribeInstanceTypes")
def describe_instance_types(
    ctx: Context, req: DescribeInstanceTypesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html"""
    del ctx
    _check_limit(req.get("MaxResults"), 100)
    kinds = _named(req.get("InstanceTypes"))
    matching = select_rows(kinds, req.get("Filters"), FILTERS)
    shown, token = page(matching, req, lambda kind: kind.name)
    return {"InstanceTypes": [instance_type_view(each) for each in shown], "NextToken": token}


@action("DescribeInstanceTypeOfferings")
def describe_instance_type_offerings(
    ctx: Context, req: DescribeInstanceTypeOfferingsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html

    Every type is on offer in every zone.
    """
    _check_limit(req.get("MaxResults"), 1000)
    location_type = req.get("LocationType", "region")
    region = ctx.region
    locations: dict[str, Sequence[str]] = {
        "region": [region.name],
        "availability-zone": region.zones,
        "availability-zone-id": [region.zone_id(zone) for zone in region.zones],
    }
    offerings = [
        Offering(name, location_type, location)
        for name in CATALOG
        for location in locations.get(location_type, ())
    ]
    matching = select_rows(offerings, req.get("Filters"), OFFERING_FILTERS)
    shown, token = page(matching, req, lambda one: f"{one.instance_type} {one.location}")
    return {"InstanceTypeOfferings": [offering_view(each) for each in shown], "NextToken": token}


def _named(names: Sequence[str] | None) -> list[InstanceType]:
    if not names:
        return list(CATALOG.values())
    unknown = [name for name in names if name not in CATALOG]
    if unknown:
        raise InstanceTypeInvalid(names=", ".join(unknown))
    return [CATALOG[name] for name in dict.fromkeys(names)]


def _check_limit(limit: int | None, most: int) -> None:
    if limit is not None and not 5 <= limit <= most:
        raise InvalidParameterValue(
            value=limit, name="MaxResults", why=f"Expecting a value between 5 and {most}."
        )
