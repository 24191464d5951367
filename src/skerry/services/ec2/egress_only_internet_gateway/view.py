"""Egress-only internet gateways as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.egress_only_internet_gateway.model import EgressOnlyInternetGateway


def gateway_view(gateway: EgressOnlyInternetGateway, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeEgressOnlyInternetGateways shows it."""
    return {
        "EgressOnlyInternetGatewayId": gateway.id,
        "Attachments": [{"State": "attached", "VpcId": gateway.vpc_id}],
        "Tags": tag_list(tags),
    }


FILTERS: dict[str, Getter[EgressOnlyInternetGateway]] = {}
"""DescribeEgressOnlyInternetGateways filters by tags only."""
