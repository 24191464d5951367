"""Errors of volumes."""

from skerry.kernel.errors import AwsError


class VolumeNotFound(AwsError):
    code = "InvalidVolume.NotFound"
    text = "The volume '{id}' does not exist."


class VolumeMalformed(AwsError):
    code = "InvalidVolumeID.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class VolumeInUse(AwsError):
    code = "VolumeInUse"
    text = "Volume {id} is currently attached to {instance_id}"


class VolumeNotAvailable(AwsError):
    code = "IncorrectState"
    text = "The volume '{id}' is '{state}'."


class RootTooSmall(AwsError):
    code = "InvalidBlockDeviceMapping"
    text = (
        "Volume of size {size_gib}GB is smaller than snapshot '{snapshot_id}', "
        "expect size >= {least_gib}GB"
    )


class RootMappingInvalid(AwsError):
    code = "InvalidBlockDeviceMapping"
    text = "{why}"
