"""Errors of instance types."""

from skerry.kernel.errors import AwsError


class InstanceTypeInvalid(AwsError):
    code = "InvalidInstanceType"
    text = "The following supplied instance types do not exist: [{names}]"


class InstanceTypeUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid value '{name}' for InstanceType."
