"""Flow log actions. Logs are delivered as files of the form that S3 has; nothing else takes them yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from skerry.kernel.action import action
from skerry.kernel.errors import MissingParameter, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.ids import new_id
from skerry.kernel.lookup import check_ids, known_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import drop_tags, put_tags, tags_of, tags_on_create
from skerry.kernel.wake import wake_id
from skerry.services.ec2.flow_log.errors import (
    DestinationInvalid,
    FlowLogExists,
    FlowLogMalformed,
    FlowLogNotFound,
    FormatInvalid,
    IntervalInvalid,
    TooManyResources,
)
from skerry.services.ec2.flow_log.model import FlowLog
from skerry.services.ec2.flow_log.view import (
    DEFAULT_FORMAT,
    FIELDS,
    FILTERS,
    fields_of,
    flow_log_view,
    is_format,
)
from skerry.services.ec2.network_interface.api import find_interface
from skerry.services.ec2.subnet.api import find_subnet
from skerry.services.ec2.vpc.api import find_vpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateFlowLogsRequestTypeDef,
        DeleteFlowLogsRequestTypeDef,
        DescribeFlowLogsRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_RESOURCES = 25
_DESTINATION = re.compile(
    r"arn:aws:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(/[A-Za-z0-9!_.*'()/=-]*)?"
)


@action("CreateFlowLogs")
def create_flow_logs(ctx: Context, req: CreateFlowLogsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateFlowLogs.html"""
    if len(req["ResourceIds"]) > MAX_RESOURCES:
        raise TooManyResources(limit=MAX_RESOURCES)
    wanted = _wanted(req)
    tags = tags_on_create(req, "vpc-flow-log")
    made: list[str] = []
    refused: list[dict[str, Any]] = []
    for resource_id in dict.fromkeys(req["ResourceIds"]):
        vpc_id = _vpc_of(ctx, req["ResourceType"], resource_id)
        if _exists(ctx, resource_id, wanted):
            error = {"Code": FlowLogExists.code, "Message": FlowLogExists.text}
            refused.append({"ResourceId": resource_id, "Error": error})
            continue
        one = FlowLog(
            id=new_id("fl"),
            account_id=ctx.account_id,
            resource_id=resource_id,
            vpc_id=vpc_id,
            created_at=ctx.now,
            **wanted,
        )
        ctx.db.add(one)
        ctx.db.flush()
        put_tags(ctx, "vpc-flow-log", one.id, tags)
        wake_id(ctx.db, "vpc", vpc_id)
        made.append(one.id)
    token = req.get("ClientToken")
    return {"FlowLogIds": made, "Unsuccessful": refused, "ClientToken": token}


@action("DescribeFlowLogs")
def describe_flow_logs(ctx: Context, req: DescribeFlowLogsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html"""
    ids = req.get("FlowLogIds")
    check_ids(ids, "fl", FlowLogMalformed)
    found = known_rows(ctx.db, FlowLog, ids, FlowLogNotFound)
    tags = tags_of(ctx.db, [one.id for one in found])
    matching = select_rows(found, req.get("Filter"), FILTERS, lambda one: tags[one.id])
    shown, token = page(matching, req, lambda one: one.id)
    return {"FlowLogs": [flow_log_view(one, tags[one.id]) for one in shown], "NextToken": token}


@action("DeleteFlowLogs")
def delete_flow_logs(ctx: Context, req: DeleteFlowLogsRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteFlowLogs.html

    What was delivered stays.
    """
    ids = req["FlowLogIds"]
    check_ids(ids, "fl", FlowLogMalformed)
    for one in known_rows(ctx.db, FlowLog, ids, FlowLogNotFound) if ids else ():
        drop_tags(ctx.db, [one.id])
        ctx.db.execute(delete(FlowLog).where(FlowLog.id == one.id))
        wake_id(ctx.db, "vpc", one.vpc_id)
    return {"Unsuccessful": []}


def _wanted(req: CreateFlowLogsRequestTypeDef) -> dict[str, Any]:
    """The columns that the request decides, the same for all its resources."""
    if req.get("LogDestinationType", "cloud-watch-logs") != "s3":
        raise UnsupportedOperation(why="Flow logs are delivered to the log destination type s3.")
    if req.get("TagFieldSpecifications"):
        raise UnsupportedOperation(why="Fields of tags are not supported in flow logs.")
    if not req.get("TrafficType"):
        raise MissingParameter(name="TrafficType")
    interval_s = req.get("MaxAggregationInterval", 600)
    if interval_s not in (60, 600):
        raise IntervalInvalid(interval_s=interval_s)
    options = req.get("DestinationOptions") or {}
    if options.get("FileFormat", "plain-text") != "plain-text":
        raise UnsupportedOperation(why="Flow logs are written as plain text.")
    return {
        "traffic_type": req.get("TrafficType"),
        "destination": _destination(req.get("LogDestination")),
        "format": _format(req.get("LogFormat") or DEFAULT_FORMAT),
        "interval_s": interval_s,
        "hive": bool(options.get("HiveCompatiblePartitions", False)),
        "per_hour": bool(options.get("PerHourPartition", False)),
    }


def _destination(arn: str | None) -> str:
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-path.html"""
    if not arn:
        raise MissingParameter(name="LogDestination")
    found = _DESTINATION.fullmatch(arn)
    if found is None:
        raise DestinationInvalid(arn=arn, why="")
    bucket: str = found.group(1)
    folders = (found.group(2) or "").split("/")
    if ".." in bucket or {".", ".."} & set(folders):
        raise DestinationInvalid(arn=arn, why="A folder has a name of its own.")
    if "AWSLogs" in folders:
        raise DestinationInvalid(arn=arn, why="AWSLogs is a reserved term.")
    return arn


def _format(asked: str) -> str:
    if not is_format(asked):
        raise FormatInvalid(why="Expecting fields such as ${srcaddr}, with spaces between.")
    unknown = [name for name in fields_of(asked) if name not in FIELDS]
    if unknown:
        raise FormatInvalid(why=f"Unknown fields: {', '.join(unknown)}")
    return asked


def _vpc_of(ctx: Context, resource_type: str, resource_id: str) -> str:
    """Where the resource is. Raises the "not found" error of its kind."""
    match resource_type:
        case "VPC":
            return find_vpc(ctx, resource_id).id
        case "Subnet":
            return find_subnet(ctx, resource_id).vpc_id
        case "NetworkInterface":
            return find_interface(ctx, resource_id).vpc_id
        case _:
            raise UnsupportedOperation(why=f"{resource_type} has no flow logs here.")


def _exists(ctx: Context, resource_id: str, wanted: Mapping[str, Any]) -> bool:
    query = select(FlowLog.id).where(
        FlowLog.resource_id == resource_id,
        FlowLog.traffic_type == wanted["traffic_type"],
        FlowLog.destination == wanted["destination"],
        FlowLog.format == wanted["format"],
    )
    return ctx.db.scalar(query) is not None
