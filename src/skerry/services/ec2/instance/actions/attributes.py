"""Attributes of one instance, read one at a time and changed one at a time."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.kernel.wake import wake_id
from skerry.services.ec2.instance.actions.launch_request import check_user_data, decode_user_data
from skerry.services.ec2.instance.api import find_instance, find_lasting_instance
from skerry.services.ec2.instance.errors import InstanceGone, InstanceNotStopped, ManyInterfaces
from skerry.services.ec2.instance.model import State
from skerry.services.ec2.instance.view.instances import block_device_views
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.network_interface.api import interfaces_of, set_groups
from skerry.services.ec2.security_group.api import group_identifiers, resolve_groups
from skerry.services.ec2.volume.api import volumes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from types_boto3_ec2.type_defs import (
        DescribeInstanceAttributeRequestTypeDef,
        ModifyInstanceAttributeRequestTypeDef,
        ResetInstanceAttributeRequestTypeDef,
    )

    from skerry.kernel.context import Context
    from skerry.services.ec2.instance.model import Instance
    from skerry.services.ec2.network_interface.model import NetworkInterface

_BEHAVIORS = ("stop", "terminate")


@action("DescribeInstanceAttribute")
def describe_instance_attribute(
    ctx: Context, req: DescribeInstanceAttributeRequestTypeDef
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceAttribute.html"""
    instance = find_instance(ctx, req["InstanceId"])
    return {"InstanceId": instance.id, **_READERS[req["Attribute"]](ctx, instance)}


@action("ModifyInstanceAttribute")
def modify_instance_attribute(ctx: Context, req: ModifyInstanceAttributeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html

    Either the attribute's own parameter, or its name in ``Attribute`` with ``Value``.
    """
    instance = find_lasting_instance(ctx, req["InstanceId"])
    name, value = _wanted(dict(req))
    writer = _WRITERS.get(name)
    if writer is None:
        raise UnsupportedOperation(why=f"The attribute '{name}' cannot be modified.")
    writer(ctx, instance, value)


@action("ResetInstanceAttribute")
def reset_instance_attribute(ctx: Context, req: ResetInstanceAttributeRequestTypeDef) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetInstanceAttribute.html

    Kernel and RAM disk are always the image's own.
    """
    instance = find_lasting_instance(ctx, req["InstanceId"])
    match req["Attribute"]:
        case "sourceDestCheck":
            _write_source_dest_check(ctx, instance, value=True)
        case "kernel" | "ramdisk":
            _check_stopped(instance)
        case other:
            raise InvalidParameterValue(
                value=other, name="attribute", why="It cannot be reset to a default."
            )


# --- reading --------------------------------------------------------------------------------------


def _primary(ctx: Context, instance: Instance) -> NetworkInterface:
    """The only interface. Raises ManyInterfaces, InstanceGone."""
    interfaces = interfaces_of(ctx.db, [instance.id])[instance.id]
    if not interfaces:
        raise InstanceGone(id=instance.id)
    if len(interfaces) > 1:
        raise ManyInterfaces(id=instance.id)
    return interfaces[0]


def _block_devices(ctx: Context, instance: Instance) -> dict[str, Any]:
    volumes = volumes_of(ctx.db, [instance.id])[instance.id]
    return {"BlockDeviceMappings": block_device_views(volumes)}


def _groups(ctx: Context, instance: Instance) -> dict[str, Any]:
    interface = _primary(ctx, instance)
    return {"Groups": group_identifiers(ctx.db, [interface.id])[interface.id]}


def _source_dest_check(ctx: Context, instance: Instance) -> dict[str, Any]:
    return {"SourceDestCheck": {"Value": _primary(ctx, instance).source_dest_check}}


def _user_data(_: Context, instance: Instance) -> dict[str, Any]:
    encoded = base64.b64encode(instance.user_data).decode()
    return {"UserData": {"Value": encoded} if encoded else {}}


def _column(member: str, column: str) -> Callable[[Context, Instance], dict[str, Any]]:
    return lambda _, instance: {member: {"Value": getattr(instance, column)}}


def _fixed(shown: dict[str, Any]) -> Callable[[Context, Instance], dict[str, Any]]:
    return lambda _ctx, _instance: shown


_READERS: dict[str, Callable[[Context, Instance], dict[str, Any]]] = {
    "blockDeviceMapping": _block_devices,
    "disableApiStop": _column("DisableApiStop", "disable_api_stop"),
    "disableApiTermination": _column("DisableApiTermination", "disable_api_termination"),
    "ebsOptimized": _column("EbsOptimized", "ebs_optimized"),
    "enaSupport": _fixed({"EnaSupport": {"Value": True}}),
    "enclaveOptions": _fixed({"EnclaveOptions": {"Enabled": False}}),
    "groupSet": _groups,
    "instanceInitiatedShutdownBehavior": _column(
        "InstanceInitiatedShutdownBehavior", "shutdown_behavior"
    ),
    "instanceType": _column("InstanceType", "instance_type"),
    "kernel": _fixed({"KernelId": {}}),
    "productCodes": _fixed({"ProductCodes": []}),
    "ramdisk": _fixed({"RamdiskId": {}}),
    "rootDeviceName": _column("RootDeviceName", "root_device_name"),
    "sourceDestCheck": _source_dest_check,
    "sriovNetSupport": _fixed({"SriovNetSupport": {}}),
    "userData": _user_data,
}


# --- writing --------------------------------------------------------------------------------------


def _wanted(asked: Mapping[str, Any]) -> tuple[str, Any]:
    """The one attribute to change, by the name DescribeInstanceAttribute has for it, and its value."""
    changes = {
        name: value
        for name, value in asked.items()
        if name not in ("InstanceId", "DryRun", "Attribute", "Value") and value is not None
    }
    by_name: str | None = asked.get("Attribute")
    if len(changes) + (by_name is not None) > 1:
        raise InvalidParameterCombination(why="Fields for multiple attribute types specified")
    if by_name is not None:
        if asked.get("Value") is None and by_name != "userData":
            raise MissingParameter(name="value")
        return by_name, _typed(by_name, asked.get("Value") or "")
    for member, value in changes.items():
        name = _ATTRIBUTE_OF.get(member, member[0].lower() + member[1:])
        return name, value.get("Value") if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] - of the model's own types
    raise MissingParameter(name="attribute")


_ATTRIBUTE_OF = {"BlockDeviceMappings": "blockDeviceMapping", "Groups": "groupSet"}
_BOOLEANS = ("disableApiStop", "disableApiTermination", "ebsOptimized", "sourceDestCheck")


def _typed(attribute: str, text: str) -> str | bool | bytes:
    """A value given as text, as the attribute's own parameter would give it."""
    if attribute == "userData":
        return decode_user_data(text)
    if attribute not in _BOOLEANS:
        return text
    if text.lower() not in ("true", "false"):
        raise InvalidParameterValue(value=text, name="value", why="Use 'true' or 'false'.")
    return text.lower() == "true"


def _check_stopped(instance: Instance) -> None:
    if instance.state is not State.STOPPED:
        raise InstanceNotStopped(id=instance.id)


def _write_type(_: Context, instance: Instance, value: str) -> None:
    _check_stopped(instance)
    kind = find_type(value)
    was_burstable = find_type(instance.instance_type).burstable
    instance.instance_type = kind.name
    if kind.burstable and not was_burstable:
        instance.cpu_credits = kind.family.default_cpu_credits


def _write_user_data(_: Context, instance: Instance, value: bytes | None) -> None:
    _check_stopped(instance)
    instance.user_data = check_user_data(value or b"")


def _write_ebs_optimized(_: Context, instance: Instance, value: object) -> None:
    _check_stopped(instance)
    instance.ebs_optimized = bool(value)


def _write_disable_api_stop(_: Context, instance: Instance, value: object) -> None:
    instance.disable_api_stop = bool(value)


def _write_disable_api_termination(_: Context, instance: Instance, value: object) -> None:
    instance.disable_api_termination = bool(value)


def _write_shutdown_behavior(_: Context, instance: Instance, value: str) -> None:
    if value not in _BEHAVIORS:
        raise InvalidParameterValue(
            value=value,
            name="instanceInitiatedShutdownBehavior",
            why=f"Use one of: {', '.join(_BEHAVIORS)}.",
        )
    instance.shutdown_behavior = value


def _write_source_dest_check(ctx: Context, instance: Instance, value: object) -> None:
    interface = _primary(ctx, instance)
    interface.source_dest_check = bool(value)
    wake_id(ctx.db, "vpc", interface.vpc_id)


def _write_groups(ctx: Context, instance: Instance, value: Sequence[str]) -> None:
    interface = _primary(ctx, instance)
    set_groups(ctx.db, interface, resolve_groups(ctx, interface.vpc_id, value, None))


def _write_block_devices(
    ctx: Context, instance: Instance, value: Sequence[Mapping[str, Any]]
) -> None:
    """Only what happens at termination can be changed."""
    volumes = {each.device_name: each for each in volumes_of(ctx.db, [instance.id])[instance.id]}
    for mapping in value:
        name: str = mapping.get("DeviceName") or ""
        ebs: Mapping[str, Any] = mapping.get("Ebs") or {}
        volume = volumes.get(name)
        if volume is None:
            raise InvalidParameterValue(
                value=name, name="deviceName", why="No volume is attached there."
            )
        if ebs.get("VolumeId") not in (None, volume.id) or "DeleteOnTermination" not in ebs:
            raise UnsupportedOperation(why="Only DeleteOnTermination can be modified.")
        volume.delete_on_termination = bool(ebs["DeleteOnTermination"])


_WRITERS: dict[str, Callable[[Context, Instance, Any], None]] = {
    "blockDeviceMapping": _write_block_devices,
    "disableApiStop": _write_disable_api_stop,
    "disableApiTermination": _write_disable_api_termination,
    "ebsOptimized": _write_ebs_optimized,
    "groupSet": _write_groups,
    "instanceInitiatedShutdownBehavior": _write_shutdown_behavior,
    "instanceType": _write_type,
    "sourceDestCheck": _write_source_dest_check,
    "userData": _write_user_data,
}
