"""Errors of flow logs."""

from skerry.kernel.errors import AwsError


class FlowLogNotFound(AwsError):
    code = "InvalidFlowLogId.NotFound"
    text = "These flow log ids in the input list are not found: [TotalCount: 1] {id}"


class FlowLogMalformed(AwsError):
    code = "InvalidFlowLogId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class FlowLogExists(AwsError):
    code = "FlowLogAlreadyExists"
    text = "Error. There is an existing Flow Log with the same configuration and log destination."


class DestinationInvalid(AwsError):
    code = "InvalidParameter"
    text = "LogDestination: {arn} is not the ARN of a bucket, arn:aws:s3:::bucket[/folder/]. {why}"


class FormatInvalid(AwsError):
    code = "InvalidParameter"
    text = "LogFormat: {why}"


class IntervalInvalid(AwsError):
    code = "InvalidParameter"
    text = "MaxAggregationInterval: {interval_s} is invalid. Expecting 60 or 600 seconds."


class TooManyResources(AwsError):
    code = "InvalidParameter"
    text = "At most {limit} resources may be named in one request."
