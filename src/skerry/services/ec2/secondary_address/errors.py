"""Errors of interfaces' further addresses."""

from skerry.kernel.errors import AwsError


class AddressLimitReached(AwsError):
    code = "PrivateIpAddressLimitExceeded"
    text = "Number of private addresses will exceed limit."


class Ipv6LimitReached(AwsError):
    code = "InvalidParameterValue"
    text = "Number of IPv6 addresses will exceed limit."


class NotAssigned(AwsError):
    code = "InvalidParameterValue"
    text = "Some of [{addresses}] addresses are not assigned to interface {id}"


class PrimaryStays(AwsError):
    code = "InvalidParameterValue"
    text = "The primary IP address '{address}' of interface {id} cannot be unassigned."


class NotReassignable(AwsError):
    code = "InvalidParameterValue"
    text = "The address {address} is primary on interface {id}, and cannot be reassigned."


class AddressNamedTwice(AwsError):
    code = "InvalidParameterValue"
    text = "Address {address} is specified more than once."
