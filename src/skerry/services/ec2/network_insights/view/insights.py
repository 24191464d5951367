"""Paths and analyses as responses show them."""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.arn import arn
from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.network_insights.model import NetworkInsightsAnalysis, NetworkInsightsPath
from skerry.services.ec2.network_insights.view.components import RESOURCE_TYPES

PATH, ANALYSIS = "network-insights-path", "network-insights-analysis"


def resource_arn(region: str, account_id: str, resource_id: str) -> str:
    """The ARN of what may be an end of a path."""
    kind = RESOURCE_TYPES[resource_id.partition("-")[0]]
    return arn("ec2", region, account_id, f"{kind}/{resource_id}")


def path_view(row: NetworkInsightsPath, region: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeNetworkInsightsPaths shows it."""

    def arn_of(resource_id: str | None) -> str | None:
        return resource_arn(region, row.account_id, resource_id) if resource_id else None

    return {
        "NetworkInsightsPathId": row.id,
        "NetworkInsightsPathArn": arn("ec2", region, row.account_id, f"{PATH}/{row.id}"),
        "CreatedDate": row.created_at,
        "Source": row.source,
        "SourceArn": arn_of(row.source),
        "Destination": row.destination,
        "DestinationArn": arn_of(row.destination),
        "SourceIp": row.source_ip,
        "DestinationIp": row.destination_ip,
        "Protocol": row.protocol,
        "DestinationPort": row.destination_port,
        "FilterAtSource": row.filter_at_source or None,
        "FilterAtDestination": row.filter_at_destination or None,
        "Tags": tag_list(tags),
    }


def analysis_view(
    row: NetworkInsightsAnalysis, region: str, tags: Mapping[str, str]
) -> dict[str, Any]:
    """As DescribeNetworkInsightsAnalyses shows it."""
    return {
        "NetworkInsightsAnalysisId": row.id,
        "NetworkInsightsAnalysisArn": arn("ec2", region, row.account_id, f"{ANALYSIS}/{row.id}"),
        "NetworkInsightsPathId": row.path_id,
        "FilterInArns": row.filter_in_arns or None,
        "FilterOutArns": row.filter_out_arns or None,
        "StartDate": row.started_at,
        "Status": str(row.status),
        "StatusMessage": row.failure,
        "WarningMessage": row.warning,
        "NetworkPathFound": row.found,
        "ForwardPathComponents": row.forward or None,
        "ReturnPathComponents": row.back or None,
        "Explanations": row.explanations or None,
        "SuggestedAccounts": row.suggested_accounts or None,
        "Tags": tag_list(tags),
    }


def _filtered(at: str, name: str) -> Getter[NetworkInsightsPath]:
    """A member of one of a path's filters; a range is shown as "from-to"."""

    def get(row: NetworkInsightsPath) -> str | None:
        own = row.filter_at_source if at == "source" else row.filter_at_destination
        value = own.get(name)
        return f"{value['FromPort']}-{value['ToPort']}" if isinstance(value, dict) else value

    return get


PATH_FILTERS: dict[str, Getter[NetworkInsightsPath]] = {
    "destination": lambda row: row.destination,
    "protocol": lambda row: row.protocol,
    "source": lambda row: row.source,
    **{
        f"filter-at-{at}.{name}": _filtered(at, member)
        for at in ("source", "destination")
        for name, member in (
            ("source-address", "SourceAddress"),
            ("source-port-range", "SourcePortRange"),
            ("destination-address", "DestinationAddress"),
            ("destination-port-range", "DestinationPortRange"),
        )
    },
}
ANALYSIS_FILTERS: dict[str, Getter[NetworkInsightsAnalysis]] = {
    "path-found": lambda row: row.found,
    "status": lambda row: str(row.status),
}
