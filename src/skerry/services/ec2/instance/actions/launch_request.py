"""What a RunInstances request asks for, checked, with defaults filled in."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skerry.kernel.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from skerry.services.ec2.image.api import find_image
from skerry.services.ec2.instance.actions.settings import check_credits, check_hop_limit
from skerry.services.ec2.instance.errors import (
    InstanceLimitExceeded,
    UserDataMalformed,
    UserDataTooLong,
    ZoneUnknown,
)
from skerry.services.ec2.instance_type.api import find_type
from skerry.services.ec2.key_pair.api import find_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skerry.kernel.context import Context
    from skerry.services.ec2.image.model import Image
    from skerry.services.ec2.instance_type.model import InstanceType

DEFAULT_TYPE = "t2.micro"
"""EC2's own default, m1.small, is a type of a generation that nobody starts any more."""
MAX_PER_LAUNCH = 1000
USER_DATA_LIMIT_BYTES = 16384
TAGGED_TYPES = ("instance", "network-interface", "volume")

_NOT_BUILT = (
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerators",
    "IamInstanceProfile",
    "InstanceMarketOptions",
    "KernelId",
    "LaunchTemplate",
    "LicenseSpecifications",
    "Operator",
    "RamdiskId",
    "SecondaryInterfaces",
)
_ONLY_THIS: dict[str, dict[str, Any]] = {
    "CapacityReservationSpecification": {"CapacityReservationPreference": ("open", "none")},
    "EnclaveOptions": {"Enabled": (False,)},
    "HibernationOptions": {"Configured": (False,)},
    "MaintenanceOptions": {"AutoRecovery": ("default",)},
    "NetworkPerformanceOptions": {"BandwidthWeighting": ("default",)},
    "Placement": {
        "AvailabilityZone": None,
        "AvailabilityZoneId": None,
        "GroupName": ("",),
        "Tenancy": ("default",),
    },
    "PrivateDnsNameOptions": {
        "HostnameType": ("ip-name",),
        "EnableResourceNameDnsARecord": (False,),
        "EnableResourceNameDnsAAAARecord": (False,),
    },
}
"""Structures of which only these members with these values can be honoured; None: any value."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A checked request; what is left of ``asked`` needs no check."""

    asked: Mapping[str, Any]
    least: int
    most: int
    image: Image
    kind: InstanceType
    key_name: str | None
    public_key: str | None
    user_data: bytes
    zone: str | None
    cpu_credits: str
    root_mapping: Mapping[str, Any] | None

    @property
    def metadata(self) -> Mapping[str, Any]:
        return structure(self.asked, "MetadataOptions")


def structure(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A structure of the request; empty when it was left out."""
    return asked.get(name) or {}


def read_launch(ctx: Context, asked: Mapping[str, Any]) -> Launch:
    """Raises what is wrong with the request itself; subnets, groups and room are looked at later."""
    _refuse_what_is_not_built(asked)
    _check_tagged_types(asked)
    _check_counts(asked["MinCount"], asked["MaxCount"])
    image_id = asked.get("ImageId")
    if not image_id:
        raise MissingParameter(name="ImageId")
    image = find_image(ctx, image_id)
    kind = find_type(asked.get("InstanceType") or DEFAULT_TYPE)
    _check_cpu(structure(asked, "CpuOptions"), kind)
    key = find_key(ctx, asked["KeyName"]) if asked.get("KeyName") else None
    metadata = structure(asked, "MetadataOptions")
    if metadata.get("HttpProtocolIpv6") == "enabled":
        raise UnsupportedOperation(why="The metadata service has no IPv6 endpoint here.")
    check_hop_limit(metadata.get("HttpPutResponseHopLimit"))
    credit = structure(asked, "CreditSpecification").get("CpuCredits")
    if credit:
        check_credits(credit)
        if not kind.burstable:
            raise InvalidParameterCombination(
                why=f"CreditSpecification cannot be specified for instance type {kind.name}"
            )
    return Launch(
        asked=asked,
        least=asked["MinCount"],
        most=asked["MaxCount"],
        image=image,
        kind=kind,
        key_name=key and key.name,
        public_key=key and key.public_key,
        user_data=decode_user_data(asked.get("UserData") or ""),
        zone=_zone(ctx, structure(asked, "Placement")),
        cpu_credits=credit or kind.family.default_cpu_credits,
        root_mapping=_root_mapping(asked.get("BlockDeviceMappings") or (), image),
    )


def decode_user_data(text: str) -> bytes:
    """Raises UserDataMalformed, UserDataTooLong."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as bad:
        raise UserDataMalformed from bad
    return check_user_data(data)


def check_user_data(data: bytes) -> bytes:
    """Raises UserDataTooLong."""
    if len(data) > USER_DATA_LIMIT_BYTES:
        raise UserDataTooLong(limit_bytes=USER_DATA_LIMIT_BYTES)
    return data


def _refuse_what_is_not_built(asked: Mapping[str, Any]) -> None:
    for name in _NOT_BUILT:
        if asked.get(name):
            raise UnsupportedOperation(why=f"{name} is not supported.")
    for name, members in _ONLY_THIS.items():
        for member, value in structure(asked, name).items():
            allowed = members.get(member, ())
            if value is not None and allowed is not None and value not in allowed:
                raise UnsupportedOperation(why=f"{name}.{member} '{value}' is not supported.")


def _check_tagged_types(asked: Mapping[str, Any]) -> None:
    for specification in asked.get("TagSpecifications") or ():
        kind = specification.get("ResourceType")
        if kind not in TAGGED_TYPES:
            raise InvalidParameterValue(
                value=kind,
                name="resourceType",
                why=f"A launch can tag: {', '.join(TAGGED_TYPES)}.",
            )


def _check_counts(least: int, most: int) -> None:
    if least < 1:
        raise InvalidParameterValue(value=least, name="minCount", why="Use at least 1.")
    if most < least:
        raise InvalidParameterValue(
            value=most, name="maxCount", why=f"It must not be less than minCount ({least})."
        )
    if least > MAX_PER_LAUNCH:
        raise InstanceLimitExceeded(count=least, limit=MAX_PER_LAUNCH)


def _check_cpu(options: Mapping[str, Any], kind: InstanceType) -> None:
    own = {"CoreCount": kind.cores, "ThreadsPerCore": kind.vcpus // kind.cores}
    for member, value in options.items():
        if value is not None and value != own.get(member):
            raise UnsupportedOperation(
                why=f"CpuOptions.{member} of {kind.name} cannot be changed to {value}."
            )


def _zone(ctx: Context, placement: Mapping[str, Any]) -> str | None:
    zone: str | None = placement.get("AvailabilityZone")
    zone_id: str | None = placement.get("AvailabilityZoneId")
    by_id = {ctx.region.zone_id(each): each for each in ctx.region.zones}
    if zone and zone not in ctx.region.zones:
        raise ZoneUnknown(zone=zone)
    if zone_id and zone_id not in by_id:
        raise ZoneUnknown(zone=zone_id)
    if zone and zone_id and by_id[zone_id] != zone:
        raise InvalidParameterCombination(why=f"{zone_id} is not the zone {zone}.")
    return zone or (by_id[zone_id] if zone_id else None)


def _root_mapping(mappings: Sequence[Mapping[str, Any]], image: Image) -> Mapping[str, Any] | None:
    """The mapping of the root device. Others are refused, unless they only take a device away."""
    root: Mapping[str, Any] | None = None
    for mapping in mappings:
        name: str = mapping.get("DeviceName") or ""
        if name == image.root_device_name:
            root = mapping
        elif mapping.get("NoDevice") is None:
            raise UnsupportedOperation(
                why=f"The device '{name}' cannot be mapped: only the root device, "
                f"'{image.root_device_name}', is supported."
            )
    return root
