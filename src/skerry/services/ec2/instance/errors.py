"""Errors of instances."""

from skerry.kernel.errors import AwsError


class InstanceNotFound(AwsError):
    code = "InvalidInstanceID.NotFound"
    text = "The instance ID '{id}' does not exist"


class InstancesNotFound(AwsError):
    code = "InvalidInstanceID.NotFound"
    text = "The instance IDs '{ids}' do not exist"


class InstanceMalformed(AwsError):
    code = "InvalidInstanceID.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class InstanceNotStopped(AwsError):
    code = "IncorrectInstanceState"
    text = "The instance '{id}' is not in the 'stopped' state."


class InstanceNotRunning(AwsError):
    code = "IncorrectInstanceState"
    text = "The instance '{id}' is not in the 'running' state."


class InstanceGone(AwsError):
    code = "IncorrectInstanceState"
    text = "The instance '{id}' is terminated; it can be changed no more."


class CannotStart(AwsError):
    code = "IncorrectInstanceState"
    text = "The instance '{id}' is not in a state from which it can be started."


class CannotStop(AwsError):
    code = "IncorrectInstanceState"
    text = "This instance '{id}' is not in a state from which it can be stopped."


class TerminationProtected(AwsError):
    code = "OperationNotPermitted"
    text = (
        "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance "
        "attribute and try again."
    )


class StopProtected(AwsError):
    code = "OperationNotPermitted"
    text = (
        "The instance '{id}' may not be stopped. Modify its 'disableApiStop' instance attribute "
        "and try again."
    )


class InsufficientInstanceCapacity(AwsError):
    code = "InsufficientInstanceCapacity"
    text = (
        "We currently do not have sufficient {instance_type} capacity in the Availability Zone you "
        "requested ({zone}): {count} fit now. Stop or terminate instances, or use a smaller type."
    )


class InstanceLimitExceeded(AwsError):
    code = "InstanceLimitExceeded"
    text = "You have requested more instances ({count}) than your current limit of {limit} allows."


class UserDataMalformed(AwsError):
    code = "InvalidUserData.Malformed"
    text = "Invalid BASE64 encoding of user data."


class UserDataTooLong(AwsError):
    code = "InvalidParameterValue"
    text = "User data is limited to {limit_bytes} bytes"


class ZoneUnknown(AwsError):
    code = "InvalidParameterValue"
    text = "Invalid availability zone: [{zone}]"


class ManyInterfaces(AwsError):
    code = "InvalidInstanceID"
    text = (
        "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID "
        "for the operation instead."
    )


class NotBurstable(AwsError):
    code = "UnsupportedOperation"
    text = "The instance '{id}' of type {instance_type} is not a burstable performance instance."
