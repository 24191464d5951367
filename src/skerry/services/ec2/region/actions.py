"""Where the cloud is, and what an account may have in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.filters import select_rows
from skerry.services.ec2.address.api import MAX_ADDRESSES
from skerry.services.ec2.instance.api import MAX_INSTANCES
from skerry.services.ec2.region.errors import RegionInvalid, ZoneIdInvalid, ZoneInvalid
from skerry.services.ec2.region.view import REGION_FILTERS, region_view, zone_filters, zone_view
from skerry.services.ec2.security_group.api import MAX_GROUPS_PER_INTERFACE
from skerry.services.ec2.vpc.api import default_vpc

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import (
        DescribeAccountAttributesRequestTypeDef,
        DescribeAvailabilityZonesRequestTypeDef,
        DescribeRegionsRequestTypeDef,
    )

    from skerry.kernel.context import Context


@action("DescribeRegions")
def describe_regions(ctx: Context, req: DescribeRegionsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html

    There is one region; asking for all of them, also those not opted into, shows no more.
    """
    for name in req.get("RegionNames") or ():
        if name != ctx.region.name:
            raise RegionInvalid(name=name)
    regions = select_rows([ctx.region.name], req.get("Filters"), REGION_FILTERS)
    return {"Regions": [region_view(each) for each in regions]}


@action("DescribeAvailabilityZones")
def describe_availability_zones(
    ctx: Context, req: DescribeAvailabilityZonesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html"""
    region = ctx.region
    names, ids = set(req.get("ZoneNames") or ()), set(req.get("ZoneIds") or ())
    zones = list(region.zones)
    for name in sorted(names - set(zones)):
        raise ZoneInvalid(name=name)
    for zone_id in sorted(ids - {region.zone_id(zone) for zone in zones}):
        raise ZoneIdInvalid(zone_id=zone_id)
    if names:
        zones = [zone for zone in zones if zone in names]
    if ids:
        zones = [zone for zone in zones if region.zone_id(zone) in ids]
    matching = select_rows(zones, req.get("Filters"), zone_filters(region))
    return {"AvailabilityZones": [zone_view(region, zone) for zone in matching]}


@action("DescribeAccountAttributes")
def describe_account_attributes(
    ctx: Context, req: DescribeAccountAttributesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html"""
    vpc = default_vpc(ctx)
    values = {
        "supported-platforms": "VPC",
        "default-vpc": vpc.id if vpc else "none",
        "max-instances": str(MAX_INSTANCES),
        "vpc-max-security-groups-per-interface": str(MAX_GROUPS_PER_INTERFACE),
        "max-elastic-ips": str(MAX_ADDRESSES),
        "vpc-max-elastic-ips": str(MAX_ADDRESSES),
    }
    wanted = req.get("AttributeNames") or list(values)
    return {
        "AccountAttributes": [
            {"AttributeName": name, "AttributeValues": [{"AttributeValue": values[name]}]}
            for name in wanted
        ]
    }
