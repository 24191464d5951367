"""Flow logs as responses show them, and the fields that their records may have."""

import re
from collections.abc import Mapping
from typing import Any

from skerry.kernel.filters import Getter
from skerry.kernel.tags import tag_list
from skerry.services.ec2.flow_log.model import FlowLog

FIELDS: dict[str, int] = {
    **dict.fromkeys(
        (
            *("version", "account-id", "interface-id", "srcaddr", "dstaddr", "srcport"),
            *("dstport", "protocol", "packets", "bytes", "start", "end", "action", "log-status"),
        ),
        2,
    ),
    **dict.fromkeys(
        (
            *("vpc-id", "subnet-id", "instance-id", "tcp-flags", "type"),
            *("pkt-srcaddr", "pkt-dstaddr"),
        ),
        3,
    ),
    **dict.fromkeys(("region", "az-id", "sublocation-type", "sublocation-id"), 4),
    **dict.fromkeys(
        ("pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path"), 5
    ),
}
"""Field → the version that brought it.

https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

DEFAULT_FORMAT = " ".join(f"${{{name}}}" for name, version in FIELDS.items() if version == 2)
_FIELD = re.compile(r"\$\{([^{}]*)\}")


def fields_of(log_format: str) -> list[str]:
    """The fields of a format, in its order."""
    return _FIELD.findall(log_format)


def is_format(log_format: str) -> bool:
    """Whether it is fields with spaces between, and nothing else."""
    return bool(log_format) and _FIELD.sub("", log_format).strip(" ") == ""


def _status(one: FlowLog) -> str:
    return "SUCCESS" if one.failure is None else "FAILED"


def flow_log_view(one: FlowLog, tags: Mapping[str, str]) -> dict[str, Any]:
    """As DescribeFlowLogs shows it."""
    return {
        "FlowLogId": one.id,
        "FlowLogStatus": "ACTIVE",
        "ResourceId": one.resource_id,
        "TrafficType": one.traffic_type,
        "LogDestinationType": "s3",
        "LogDestination": one.destination,
        "LogFormat": one.format,
        "MaxAggregationInterval": one.interval_s,
        "DestinationOptions": {
            "FileFormat": "plain-text",
            "HiveCompatiblePartitions": one.hive,
            "PerHourPartition": one.per_hour,
        },
        "DeliverLogsStatus": _status(one),
        "DeliverLogsErrorMessage": one.failure,
        "CreationTime": one.created_at,
        "Tags": tag_list(tags),
    }


FILTERS: dict[str, Getter[FlowLog]] = {
    "deliver-log-status": _status,
    "flow-log-id": lambda one: one.id,
    "log-destination-type": lambda _: "s3",
    "log-group-name": lambda _: None,
    "resource-id": lambda one: one.resource_id,
    "traffic-type": lambda one: one.traffic_type,
}
