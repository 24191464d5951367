"""Looking at instances."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from skerry.drivers.compute.port import Compute
from skerry.kernel.action import action
from skerry.kernel.errors import InvalidParameterCombination, InvalidParameterValue
from skerry.kernel.filters import select_rows
from skerry.kernel.paging import page
from skerry.kernel.tags import tags_of
from skerry.services.ec2.instance.api import find_instance, instance_facts, known_instances
from skerry.services.ec2.instance.model import State
from skerry.services.ec2.instance.view import status
from skerry.services.ec2.instance.view.filters import filters
from skerry.services.ec2.instance.view.instances import reservation_views

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        DescribeInstancesRequestTypeDef,
        DescribeInstanceStatusRequestTypeDef,
        GetConsoleOutputRequestTypeDef,
    )

    from skerry.kernel.context import Context

MIN_PAGE, MAX_PAGE = 5, 1000


@action("DescribeInstances")
def describe_instances(ctx: Context, req: DescribeInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html"""
    check_page(req)
    instances = known_instances(ctx, req.get("InstanceIds"))
    facts = instance_facts(ctx.db, ctx.region, instances)
    matching = select_rows(
        instances, req.get("Filters"), filters(facts), lambda one: facts.tags[one.id]
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {"Reservations": reservation_views(shown, facts), "NextToken": token}


@action("DescribeInstanceStatus")
def describe_instance_status(
    ctx: Context, req: DescribeInstanceStatusRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html"""
    check_page(req)
    instances = known_instances(ctx, req.get("InstanceIds"))
    if not req.get("IncludeAllInstances"):
        instances = [one for one in instances if one.state is State.RUNNING]
    tags = tags_of(ctx.db, [one.id for one in instances])
    matching = select_rows(
        instances,
        req.get("Filters"),
        status.filters(ctx.region, ctx.now),
        lambda one: tags[one.id],
    )
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "InstanceStatuses": [status.status_view(one, ctx.region, ctx.now) for one in shown],
        "NextToken": token,
    }


@action("GetConsoleOutput")
def get_console_output(ctx: Context, req: GetConsoleOutputRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html

    Always the latest output, of Nitro instances and others.
    """
    instance = find_instance(ctx, req["InstanceId"])
    output = ctx.engine(Compute).console(instance.id)
    return {
        "InstanceId": instance.id,
        "Timestamp": ctx.now,
        "Output": base64.b64encode(output).decode(),
    }


def check_page(req: Mapping[str, Any]) -> None:
    """Raise for a page of no allowed size, or of ids that are named one by one."""
    limit = req.get("MaxResults")
    if limit is None:
        return
    if req.get("InstanceIds"):
        raise InvalidParameterCombination(
            why="The parameter instancesSet cannot be used with the parameter maxResults"
        )
    if not MIN_PAGE <= limit <= MAX_PAGE:
        raise InvalidParameterValue(
            value=limit, name="maxResults", why=f"Expecting a value from {MIN_PAGE} to {MAX_PAGE}."
        )
