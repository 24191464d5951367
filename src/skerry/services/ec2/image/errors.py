"""Errors of images."""

from skerry.kernel.errors import AwsError


class ImageNotFound(AwsError):
    code = "InvalidAMIID.NotFound"
    text = "The image id '[{id}]' does not exist"


class ImageMalformed(AwsError):
    code = "InvalidAMIID.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class ImageNotYours(AwsError):
    code = "AuthFailure"
    text = "Not authorized for image:{id}"


class ImageNameTaken(AwsError):
    code = "InvalidAMIName.Duplicate"
    text = "AMI name {name} is already in use by AMI {id}"


class ImageNameMalformed(AwsError):
    code = "InvalidAMIName.Malformed"
    text = (
        "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, "
        "spaces, and '(', ')', '[', ']', '.', '-', '/', \"'\", '@' and '_'"
    )


class SnapshotNotFound(AwsError):
    code = "InvalidSnapshot.NotFound"
    text = "The snapshot '{id}' does not exist."


class SnapshotMalformed(AwsError):
    code = "InvalidSnapshotID.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class AccountIdMalformed(AwsError):
    code = "InvalidAMIAttributeItemValue"
    text = 'Invalid attribute item value "{value}" for userId item type.'


class SnapshotTooLarge(AwsError):
    code = "InvalidBlockDeviceMapping"
    text = (
        "Volume of size {size_gib}GB is smaller than snapshot '{snapshot_id}', "
        "expect size >= {least_gib}GB"
    )


class GroupInvalid(AwsError):
    code = "InvalidAMIAttributeItemValue"
    text = 'Invalid attribute item value "{value}" for userGroup item type.'
