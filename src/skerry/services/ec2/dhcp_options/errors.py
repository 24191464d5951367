"""Errors of DHCP options."""

from skerry.kernel.errors import AwsError


class DhcpOptionsNotFound(AwsError):
    code = "InvalidDhcpOptionID.NotFound"
    text = "The dhcpOption ID '{id}' does not exist"
