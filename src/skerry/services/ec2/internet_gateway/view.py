"""Internet gateways as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.internet_gateway.model import InternetGateway


def internet_gateway_view(gateway: InternetGateway, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeInternetGateways shows it; AWS calls an attached one "available"."""
    attachments = [{"State": "available", "VpcId": gateway.vpc_id}] if gateway.vpc_id else []
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": gateway.account_id,
        "Attachments": attachments,
        "Tags": tag_list(tags),
    }


FILTERS: dict[str, Getter[InternetGateway]] = {
    "attachment.state": lambda gateway: "available" if gateway.vpc_id else None,
    "attachment.vpc-id": lambda gateway: gateway.vpc_id,
    "internet-gateway-id": lambda gateway: gateway.id,
    "owner-id": lambda gateway: gateway.account_id,
}
