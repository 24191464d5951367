"""Errors of managed prefix lists."""

from skerry.kernel.errors import AwsError


class PrefixListNotFound(AwsError):
    code = "InvalidPrefixListID.NotFound"
    text = "The prefix list ID '{id}' does not exist"


class PrefixListMalformed(AwsError):
    code = "InvalidPrefixListId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class PrefixListNotOurs(AwsError):
    code = "OperationNotPermitted"
    text = "The prefix list '{id}' is AWS's own: it cannot be changed."


class PrefixListMaxEntriesExceeded(AwsError):
    code = "PrefixListMaxEntriesExceeded"
    text = "The prefix list can have at most {limit} entries; it would have {count}."


class PrefixListVersionMismatch(AwsError):
    code = "PrefixListVersionMismatch"
    text = "The prefix list has the incorrect version number."


class PrefixListLimitExceeded(AwsError):
    code = "PrefixListLimitExceeded"
    text = "The maximum number of prefix lists has been reached: {limit}."


class InvalidModification(AwsError):
    code = "InvalidPrefixListModification"
    text = "{why}"


class EntryInvalid(AwsError):
    code = "InvalidParameterValue"
    text = "{why}"
