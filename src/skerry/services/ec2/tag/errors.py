"""Errors of tags."""

from skerry.kernel.errors import AwsError


class ResourceIdInvalid(AwsError):
    code = "InvalidID"
    text = "The ID '{id}' is not valid"
