"""Errors of Elastic IPs and the public pool."""

from skerry.kernel.errors import AwsError


class AllocationNotFound(AwsError):
    code = "InvalidAllocationID.NotFound"
    text = "The allocation ID '{id}' does not exist"


class AddressNotFound(AwsError):
    code = "InvalidAddress.NotFound"
    text = "Address '{address}' not found."


class AddressNotOurs(AwsError):
    code = "AuthFailure"
    text = "The address '{address}' does not belong to you."


class AddressMalformed(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid IPv4 address: {address}"


class AssociationNotFound(AwsError):
    code = "InvalidAssociationID.NotFound"
    text = "The association ID '{id}' does not exist"


class AddressInUse(AwsError):
    code = "InvalidIPAddress.InUse"
    text = "The address '{address}' is in use."


class AddressLocked(AwsError):
    code = "InvalidAddress.Locked"
    text = (
        "The address with allocation id '{id}' cannot be released because it is locked to your "
        "account: remove its reverse DNS record first."
    )


class AlreadyAssociated(AwsError):
    code = "Resource.AlreadyAssociated"
    text = "resource {id} is already associated with associate-id {association_id}"


class AddressLimitExceeded(AwsError):
    code = "AddressLimitExceeded"
    text = "The maximum number of addresses has been reached."


class PoolEmpty(AwsError):
    code = "InsufficientAddressCapacity"
    text = "Not enough addresses available to fulfill the request."


class NoInternetGateway(AwsError):
    code = "Gateway.NotAttached"
    text = "Network {vpc_id} is not attached to any internet gateway"


class PrivateAddressUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Address {address} does not belong to network interface {id}"


class BorderGroupUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Value ({value}) for parameter networkBorderGroup is invalid. It is {region} here."
