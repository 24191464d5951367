"""Regions, zones and account attributes as responses show them."""

from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.region import Region

OPT_IN = "opt-in-not-required"


def endpoint(region: str) -> str:
    """The name AWS gives its own endpoint; ours is wherever the operator put it."""
    return f"ec2.{region}.amazonaws.com"


def zone_group(region: Region) -> str:
    """The one group of zones."""
    return f"{region.name}-zg-1"


def region_view(region: str) -> dict[str, Any]:
    """As DescribeRegions shows it."""
    return {"RegionName": region, "Endpoint": endpoint(region), "OptInStatus": OPT_IN}


def zone_view(region: Region, zone: str) -> dict[str, Any]:
    """As DescribeAvailabilityZones shows it."""
    return {
        "ZoneName": zone,
        "ZoneId": region.zone_id(zone),
        "ZoneType": "availability-zone",
        "State": "available",
        "Messages": [],
        "RegionName": region.name,
        "GroupName": zone_group(region),
        "NetworkBorderGroup": region.name,
        "OptInStatus": OPT_IN,
    }


REGION_FILTERS: dict[str, Getter[str]] = {
    "endpoint": endpoint,
    "opt-in-status": lambda _: OPT_IN,
    "region-name": lambda region: region,
}


def zone_filters(region: Region) -> dict[str, Getter[str]]:
    """The filters of DescribeAvailabilityZones."""
    return {
        "group-name": lambda _: zone_group(region),
        "message": lambda _: None,
        "opt-in-status": lambda _: OPT_IN,
        "parent-zone-id": lambda _: None,
        "parent-zone-name": lambda _: None,
        "region-name": lambda _: region.name,
        "state": lambda _: "available",
        "zone-id": region.zone_id,
        "zone-name": lambda zone: zone,
        "zone-type": lambda _: "availability-zone",
    }
