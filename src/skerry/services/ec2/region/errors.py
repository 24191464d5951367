"""Errors of regions and zones."""

from skerry.kernel.errors import AwsError


class RegionInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid region provided: {name}"


class ZoneInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid availability zone: [{name}]"


class ZoneIdInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid availability zone-id: [{zone_id}]"
