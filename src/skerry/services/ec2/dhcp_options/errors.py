"""Errors of DHCP options."""

from skerry.kernel.errors import AwsError


class DhcpOptionsNotFound(AwsError):
    code = "InvalidDhcpOptionID.NotFound"
    text = "The dhcpOption ID '{id}' does not exist"


class DhcpOptionsMalformed(AwsError):
    code = "InvalidDhcpOptionsId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class DhcpOptionsInUse(AwsError):
    code = "DependencyViolation"
    text = "The dhcpOptions '{id}' has dependencies and cannot be deleted."


class OptionValueInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({value}) for parameter value is invalid. {why}"


class OptionUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({key}) for parameter dhcpConfiguration.key is invalid. Unknown DHCP option; use one of {keys}."


class OptionNamedTwice(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({key}) for parameter dhcpConfiguration.key is invalid. Each DHCP option is given once."
