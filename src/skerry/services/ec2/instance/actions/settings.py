"""Settings that may change at any time: metadata service, CPU credits, monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import AwsError, InvalidParameterValue, UnsupportedOperation
from skerry.kernel.filters import select_rows
from skerry.kernel.paging import page
from skerry.services.ec2.instance.actions.describe import check_page
from skerry.services.ec2.instance.api import find_lasting_instance, known_instances
from skerry.services.ec2.instance.errors import NotBurstable
from skerry.services.ec2.instance.view.instances import metadata_view
from skerry.services.ec2.instance_type.api import find_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_ec2.type_defs import (
        DescribeInstanceCreditSpecificationsRequestTypeDef,
        ModifyInstanceCreditSpecificationRequestTypeDef,
        ModifyInstanceMetadataOptionsRequestTypeDef,
        MonitorInstancesRequestTypeDef,
        UnmonitorInstancesRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance.model import Instance

CREDITS = ("standard", "unlimited")
MAX_HOPS = 64


@action("ModifyInstanceMetadataOptions")
def modify_instance_metadata_options(
    ctx: Context, req: ModifyInstanceMetadataOptionsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html"""
    instance = find_lasting_instance(ctx, req["InstanceId"])
    if req.get("HttpProtocolIpv6") == "enabled":
        raise UnsupportedOperation(why="The metadata service has no IPv6 endpoint here.")
    hops = req.get("HttpPutResponseHopLimit")
    check_hop_limit(hops)
    instance.metadata_tokens = req.get("HttpTokens") or instance.metadata_tokens
    instance.metadata_hop_limit = hops or instance.metadata_hop_limit
    if endpoint := req.get("HttpEndpoint"):
        instance.metadata_enabled = endpoint == "enabled"
    if tags := req.get("InstanceMetadataTags"):
        instance.metadata_tags = tags == "enabled"
    return {"InstanceId": instance.id, "InstanceMetadataOptions": metadata_view(instance)}


@action("DescribeInstanceCreditSpecifications")
def describe_instance_credit_specifications(
    ctx: Context, req: DescribeInstanceCreditSpecificationsRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceCreditSpecifications.html

    Without ids: the burstable instances that are "unlimited".
    """
    check_page(req)
    ids = req.get("InstanceIds")
    instances = known_instances(ctx, ids)
    if ids:
        _check_burstable(instances)
    else:
        instances = [
            one for one in instances if _is_burstable(one) and one.cpu_credits == "unlimited"
        ]
    matching = select_rows(instances, req.get("Filters"), {"instance-id": lambda one: one.id})
    shown, token = page(matching, req, lambda one: one.id)
    return {
        "InstanceCreditSpecifications": [
            {"InstanceId": one.id, "CpuCredits": one.cpu_credits} for one in shown
        ],
        "NextToken": token,
    }


@action("ModifyInstanceCreditSpecification")
def modify_instance_credit_specification(
    ctx: Context, req: ModifyInstanceCreditSpecificationRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceCreditSpecification.html"""
    done: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for item in req["InstanceCreditSpecifications"]:
        instance_id, wanted = item["InstanceId"], item.get("CpuCredits") or "standard"
        try:
            check_credits(wanted)
            instance = find_lasting_instance(ctx, instance_id)
            _check_burstable([instance])
            instance.cpu_credits = wanted
            done.append({"InstanceId": instance_id})
        except AwsError as error:
            refused.append({"InstanceId": instance_id, "Error": _refusal(error)})
    return {
        "SuccessfulInstanceCreditSpecifications": done,
        "UnsuccessfulInstanceCreditSpecifications": refused,
    }


@action("MonitorInstances")
def monitor_instances(ctx: Context, req: MonitorInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_MonitorInstances.html"""
    return _monitor(ctx, req["InstanceIds"], is_on=True)


@action("UnmonitorInstances")
def unmonitor_instances(ctx: Context, req: UnmonitorInstancesRequestTypeDef) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UnmonitorInstances.html"""
    return _monitor(ctx, req["InstanceIds"], is_on=False)


def check_hop_limit(hops: int | None) -> None:
    """Raises InvalidParameterValue."""
    if hops is not None and not 1 <= hops <= MAX_HOPS:
        raise InvalidParameterValue(
            value=hops, name="HttpPutResponseHopLimit", why=f"Use 1 to {MAX_HOPS}."
        )


def check_credits(text: str) -> None:
    """Raises InvalidParameterValue."""
    if text not in CREDITS:
        raise InvalidParameterValue(
            value=text, name="CpuCredits", why=f"Use one of: {', '.join(CREDITS)}."
        )


def _monitor(ctx: Context, ids: Sequence[str], *, is_on: bool) -> dict[str, Any]:
    instances = known_instances(ctx, ids)
    for one in instances:
        one.detailed_monitoring = is_on
    state = "pending" if is_on else "disabling"
    return {
        "InstanceMonitorings": [
            {"InstanceId": one.id, "Monitoring": {"State": state}} for one in instances
        ]
    }


def _is_burstable(instance: Instance) -> bool:
    return find_type(instance.instance_type).burstable


def _check_burstable(instances: Sequence[Instance]) -> None:
    for one in instances:
        if not _is_burstable(one):
            raise NotBurstable(id=one.id, instance_type=one.instance_type)


_CODES_OF_REFUSAL = {
    "InvalidInstanceID.Malformed",
    "InvalidInstanceID.NotFound",
    "IncorrectInstanceState",
}


def _refusal(error: AwsError) -> dict[str, str]:
    """The few codes that this answer may hold (UnsuccessfulInstanceCreditSpecificationErrorCode)."""
    known = error.code if error.code in _CODES_OF_REFUSAL else None
    return {"Code": known or "InstanceCreditSpecification.NotSupported", "Message": error.message}
