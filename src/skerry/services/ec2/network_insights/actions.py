"""Actions of Reachability Analyzer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import delete, func, select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.services.ec2.network_insights.api.ends import find_end
from skerry.services.ec2.network_insights.api.requests import (
    account_and_id,
    check_address,
    check_arns,
    path_filter,
)
from skerry.services.ec2.network_insights.errors import (
    AnalysisExists,
    AnalysisLimitExceeded,
    AnalysisMalformed,
    AnalysisNotFound,
    DestinationNotFound,
    PathLimitExceeded,
    PathMalformed,
    PathNotFound,
    SourceNotFound,
)
from skerry.services.ec2.network_insights.model import NetworkInsightsAnalysis, NetworkInsightsPath
from skerry.services.ec2.network_insights.view.insights import (
    ANALYSIS,
    ANALYSIS_FILTERS,
    PATH,
    PATH_FILTERS,
    analysis_view,
    path_view,
)

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_ec2.type_defs import (
        CreateNetworkInsightsPathRequestTypeDef,
        DeleteNetworkInsightsAnalysisRequestTypeDef,
        DeleteNetworkInsightsPathRequestTypeDef,
        DescribeNetworkInsightsAnalysesRequestTypeDef,
        DescribeNetworkInsightsPathsRequestTypeDef,
        StartNetworkInsightsAnalysisRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.kernel.errors import AwsError

MAX_PATHS, MAX_ANALYSES = 1000, 10_000
"""https://docs.aws.amazon.com/vpc/latest/reachability/reachability-analyzer-limits.html"""


@action("CreateNetworkInsightsPath")
def create_network_insights_path(
    ctx: Context, req: CreateNetworkInsightsPathRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInsightsPath.html"""
    row = NetworkInsightsPath(
        id=new_id("nip"),
        account_id=ctx.account_id,
        source=_resource(ctx, req["Source"], SourceNotFound),
        destination=_destination(ctx, req),
        source_ip=check_address(req.get("SourceIp"), "SourceIp"),
        destination_ip=check_address(req.get("DestinationIp"), "DestinationIp"),
        protocol=req["Protocol"],
        destination_port=req.get("DestinationPort"),
        filter_at_source=path_filter(req.get("FilterAtSource"), "FilterAtSource"),
        filter_at_destination=path_filter(req.get("FilterAtDestination"), "FilterAtDestination"),
        created_at=ctx.now,
    )
    count = select(func.count()).select_from(NetworkInsightsPath)
    if (ctx.db.scalar(count) or 0) >= MAX_PATHS:
        raise PathLimitExceeded(limit=MAX_PATHS)
    ctx.db.add(row)
    ctx.db.flush()
    tags = tags_on_create(req, PATH)
    put_tags(ctx, PATH, row.id, tags)
    return {"NetworkInsightsPath": path_view(row, ctx.region.name, tags)}


@action("DescribeNetworkInsightsPaths")
def describe_network_insights_paths(
    ctx: Context, req: DescribeNetworkInsightsPathsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsPaths.html"""
    ids = req.get("NetworkInsightsPathIds")
    check_ids(ids, "nip", PathMalformed)
    rows = known_rows(ctx.db, NetworkInsightsPath, ids, PathNotFound)
    tags = tags_of(ctx.db, [row.id for row in rows])
    matching = select_rows(rows, req.get("Filters"), PATH_FILTERS, lambda row: tags[row.id])
    shown, token = page(matching, req, lambda row: row.id)
    views = [path_view(row, ctx.region.name, tags[row.id]) for row in shown]
    return {"NetworkInsightsPaths": views, "NextToken": token}


@action("DeleteNetworkInsightsPath")
def delete_network_insights_path(
    ctx: Context, req: DeleteNetworkInsightsPathRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInsightsPath.html"""
    row = _path(ctx, req["NetworkInsightsPathId"])
    of_path = NetworkInsightsAnalysis.path_id == row.id
    if ctx.db.scalar(select(NetworkInsightsAnalysis.id).where(of_path).limit(1)) is not None:
        raise AnalysisExists(id=row.id)
    drop_tags(ctx.db, [row.id])
    ctx.db.execute(delete(NetworkInsightsPath).where(NetworkInsightsPath.id == row.id))
    return {"NetworkInsightsPathId": row.id}


@action("StartNetworkInsightsAnalysis")
def start_network_insights_analysis(
    ctx: Context, req: StartNetworkInsightsAnalysisRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StartNetworkInsightsAnalysis.html"""
    path = _path(ctx, req["NetworkInsightsPathId"])
    if req.get("AdditionalAccounts"):
        raise UnsupportedOperation(
            why="Analyses across accounts need AWS Organizations, which are not supported."
        )
    count = select(func.count()).select_from(NetworkInsightsAnalysis)
    if (ctx.db.scalar(count) or 0) >= MAX_ANALYSES:
        raise AnalysisLimitExceeded(limit=MAX_ANALYSES)
    row = NetworkInsightsAnalysis(
        id=new_id("nia"),
        account_id=ctx.account_id,
        path_id=path.id,
        filter_in_arns=check_arns(req.get("FilterInArns"), "FilterInArns"),
        filter_out_arns=check_arns(req.get("FilterOutArns"), "FilterOutArns"),
        started_at=ctx.now,
        forward=[],
        back=[],
        explanations=[],
        suggested_accounts=[],
    )
    ctx.db.add(row)
    ctx.db.flush()
    ctx.wake(row)
    tags = tags_on_create(req, ANALYSIS)
    put_tags(ctx, ANALYSIS, row.id, tags)
    return {"NetworkInsightsAnalysis": analysis_view(row, ctx.region.name, tags)}


@action("DescribeNetworkInsightsAnalyses")
def describe_network_insights_analyses(
    ctx: Context, req: DescribeNetworkInsightsAnalysesRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInsightsAnalyses.html"""
    ids = req.get("NetworkInsightsAnalysisIds")
    check_ids(ids, "nia", AnalysisMalformed)
    rows = known_rows(ctx.db, NetworkInsightsAnalysis, ids, AnalysisNotFound)
    path_id = req.get("NetworkInsightsPathId")
    if path_id is not None:
        rows = [row for row in rows if row.path_id == _path(ctx, path_id).id]
    begin = cast("datetime | None", req.get("AnalysisStartTime"))
    end = cast("datetime | None", req.get("AnalysisEndTime"))
    rows = [
        row
        for row in rows
        if (begin is None or row.started_at >= begin) and (end is None or row.started_at <= end)
    ]
    tags = tags_of(ctx.db, [row.id for row in rows])
    matching = select_rows(rows, req.get("Filters"), ANALYSIS_FILTERS, lambda row: tags[row.id])
    shown, token = page(matching, req, lambda row: row.id)
    views = [analysis_view(row, ctx.region.name, tags[row.id]) for row in shown]
    return {"NetworkInsightsAnalyses": views, "NextToken": token}


@action("DeleteNetworkInsightsAnalysis")
def delete_network_insights_analysis(
    ctx: Context, req: DeleteNetworkInsightsAnalysisRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInsightsAnalysis.html"""
    analysis_id = req["NetworkInsightsAnalysisId"]
    check_ids([analysis_id], "nia", AnalysisMalformed)
    (row,) = known_rows(ctx.db, NetworkInsightsAnalysis, [analysis_id], AnalysisNotFound)
    drop_tags(ctx.db, [row.id])
    ctx.db.execute(delete(NetworkInsightsAnalysis).where(NetworkInsightsAnalysis.id == row.id))
    return {"NetworkInsightsAnalysisId": row.id}


def _path(ctx: Context, path_id: str) -> NetworkInsightsPath:
    check_ids([path_id], "nip", PathMalformed)
    return known_rows(ctx.db, NetworkInsightsPath, [path_id], PathNotFound)[0]


def _resource(ctx: Context, given: str, unknown: type[AwsError]) -> str:
    """The id of an end of a path, given by its id or ARN. Raises ``unknown``."""
    account_id, resource_id = account_and_id(given)
    if account_id not in (None, ctx.account_id):
        raise UnsupportedOperation(
            why="Analyses across accounts need AWS Organizations, which are not supported."
        )
    if find_end(ctx.db, ctx.account_id, resource_id) is None:
        raise unknown(id=given)
    return resource_id


def _destination(ctx: Context, req: CreateNetworkInsightsPathRequestTypeDef) -> str | None:
    """The destination's id; None: the path leads to an address. Raises DestinationNotFound."""
    at_source = req.get("FilterAtSource") or {}
    if at_source and ("SourceIp" in req or "DestinationPort" in req):
        raise InvalidParameterCombination(
            why="FilterAtSource can't be used together with SourceIp or DestinationPort."
        )
    if req.get("FilterAtDestination") and "DestinationIp" in req:
        raise InvalidParameterCombination(
            why="FilterAtDestination can't be used together with DestinationIp."
        )
    given = req.get("Destination")
    if given is None:
        if not req.get("DestinationIp") and not at_source.get("DestinationAddress"):
            raise MissingParameter(name="Destination")
        return None
    found = _resource(ctx, given, DestinationNotFound)
    if found == account_and_id(req["Source"])[1]:
        raise InvalidParameterValue(
            value=given, name="Destination", why="It is the source as well."
        )
    return found
