"""The numbered entries of network ACLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from skerry.kernel.wake import wake_id
from skerry.services.ec2.network_acl import api
from skerry.services.ec2.network_acl.errors import EntryExists, EntryLimitExceeded, EntryNotFound
from skerry.services.ec2.network_acl.model import NetworkAcl, NetworkAclEntry
from skerry.services.ec2.network_acl.view import LAST_RULE
from skerry.services.ec2.vpc.api import parse_cidr, parse_ipv6_cidr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2.type_defs import (
        CreateNetworkAclEntryRequestTypeDef,
        DeleteNetworkAclEntryRequestTypeDef,
        ReplaceNetworkAclEntryRequestTypeDef,
    )

    from skerry.kernel.context import Context

MAX_ENTRIES = 40
"""In each direction: what AWS raises its limit of 20 to on request."""

_NUMBERS = {"icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58", "all": "-1"}
_PORTED = ("6", "17")
_ICMP, _ICMP6 = "1", "58"
_MAX_PROTOCOL, _MAX_PORT, _MAX_ICMP = 255, 65535, 255


@action("CreateNetworkAclEntry")
def create_network_acl_entry(ctx: Context, req: CreateNetworkAclEntryRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html"""
    acl = api.find_acl(ctx, req["NetworkAclId"])
    entry = _draft(ctx, acl, req)
    if _find(ctx, acl, egress=entry.egress, number=entry.number) is not None:
        raise EntryExists(number=entry.number)
    same = (NetworkAclEntry.network_acl_id == acl.id, NetworkAclEntry.egress == entry.egress)
    count = select(func.count()).select_from(NetworkAclEntry).where(*same)
    if (ctx.db.scalar(count) or 0) >= MAX_ENTRIES:
        raise EntryLimitExceeded(limit=MAX_ENTRIES)
    ctx.db.add(entry)
    wake_id(ctx.db, "vpc", acl.vpc_id)


@action("ReplaceNetworkAclEntry")
def replace_network_acl_entry(ctx: Context, req: ReplaceNetworkAclEntryRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceNetworkAclEntry.html"""
    acl = api.find_acl(ctx, req["NetworkAclId"])
    entry = _draft(ctx, acl, req)
    former = _find(ctx, acl, egress=entry.egress, number=entry.number)
    if former is None:
        raise EntryNotFound(number=entry.number, id=acl.id)
    ctx.db.delete(former)
    ctx.db.flush()
    ctx.db.add(entry)
    wake_id(ctx.db, "vpc", acl.vpc_id)


@action("DeleteNetworkAclEntry")
def delete_network_acl_entry(ctx: Context, req: DeleteNetworkAclEntryRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAclEntry.html"""
    acl = api.find_acl(ctx, req["NetworkAclId"])
    entry = _find(ctx, acl, egress=req["Egress"], number=req["RuleNumber"])
    if entry is None:
        raise EntryNotFound(number=req["RuleNumber"], id=acl.id)
    ctx.db.delete(entry)
    wake_id(ctx.db, "vpc", acl.vpc_id)


def _find(ctx: Context, acl: NetworkAcl, *, egress: bool, number: int) -> NetworkAclEntry | None:
    return ctx.db.scalar(
        select(NetworkAclEntry).where(
            NetworkAclEntry.network_acl_id == acl.id,
            NetworkAclEntry.egress == egress,
            NetworkAclEntry.number == number,
        )
    )


def _draft(ctx: Context, acl: NetworkAcl, req: Mapping[str, Any]) -> NetworkAclEntry:
    number: int = req["RuleNumber"]
    if not 1 <= number < LAST_RULE:
        raise InvalidParameterValue(
            value=number, name="ruleNumber", why=f"Rule numbers are 1 to {LAST_RULE - 1}."
        )
    protocol = _protocol(req["Protocol"])
    from_port, to_port = _ports(req) if protocol in _PORTED else (None, None)
    icmp_type, icmp_code = _icmp(req) if protocol in (_ICMP, _ICMP6) else (None, None)
    return NetworkAclEntry(
        account_id=ctx.account_id,
        network_acl_id=acl.id,
        egress=req["Egress"],
        number=number,
        allow=req["RuleAction"] == "allow",
        protocol=protocol,
        cidr=_cidr(req),
        from_port=from_port,
        to_port=to_port,
        icmp_type=icmp_type,
        icmp_code=icmp_code,
    )


def _cidr(req: Mapping[str, Any]) -> str:
    four, six = req.get("CidrBlock"), req.get("Ipv6CidrBlock")
    if four and six:
        raise InvalidParameterCombination(why="An entry is of one CIDR block.")
    if six:
        return str(parse_ipv6_cidr(six, "ipv6CidrBlock"))
    if not four:
        raise MissingParameter(name="cidrBlock")
    return str(parse_cidr(four, "cidrBlock"))


def _protocol(given: str) -> str:
    protocol = _NUMBERS.get(given.lower(), given)
    if protocol == "-1" or (protocol.isascii() and protocol.isdigit()
                            and int(protocol) <= _MAX_PROTOCOL):  # fmt: skip
        return str(int(protocol))
    raise InvalidParameterValue(
        value=given, name="protocol", why="Use -1 or the number of an IP protocol."
    )


def _ports(req: Mapping[str, Any]) -> tuple[int, int]:
    given: Mapping[str, int] = req.get("PortRange") or {}
    low, high = given.get("From"), given.get("To")
    if low is None or high is None:
        raise MissingParameter(name="portRange")
    if not 0 <= low <= high <= _MAX_PORT:
        raise InvalidParameterValue(
            value=f"{low}-{high}", name="portRange", why=f"Ports are 0 to {_MAX_PORT}, ascending."
        )
    return low, high


def _icmp(req: Mapping[str, Any]) -> tuple[int, int]:
    given: Mapping[str, int] = req.get("IcmpTypeCode") or {}
    kind, code = given.get("Type"), given.get("Code")
    if kind is None or code is None:
        raise MissingParameter(name="icmpTypeCode")
    for value in (kind, code):
        if not -1 <= value <= _MAX_ICMP:
            raise InvalidParameterValue(
                value=value, name="icmpTypeCode", why=f"Use -1 to {_MAX_ICMP}."
            )
    return kind, code
