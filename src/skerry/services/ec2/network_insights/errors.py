"""Errors of Reachability Analyzer."""

from skerry.kernel.errors import AwsError


class PathNotFound(AwsError):
    code = "InvalidNetworkInsightsPathId.NotFound"
    text = "The networkInsightsPath ID '{id}' does not exist"


class PathMalformed(AwsError):
    code = "InvalidNetworkInsightsPathId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class AnalysisNotFound(AwsError):
    code = "InvalidNetworkInsightsAnalysisId.NotFound"
    text = "The networkInsightsAnalysis ID '{id}' does not exist"


class AnalysisMalformed(AwsError):
    code = "InvalidNetworkInsightsAnalysisId.Malformed"
    text = 'Invalid id: "{id}" (expecting "{prefix}-...")'


class AnalysisExists(AwsError):
    code = "AnalysisExistsForNetworkInsightsPath"
    text = "The path '{id}' has analyses. Delete them first."


class SourceNotFound(AwsError):
    code = "NetworkInsightsSource.NotFound"
    text = "The source '{id}' does not exist"


class DestinationNotFound(AwsError):
    code = "NetworkInsightsDestination.NotFound"
    text = "The destination '{id}' does not exist"


class PathLimitExceeded(AwsError):
    code = "NetworkInsightsPath.LimitExceeded"
    text = "The maximum number of paths has been reached: {limit}."


class AnalysisLimitExceeded(AwsError):
    code = "NetworkInsightsAnalysis.LimitExceeded"
    text = "The maximum number of analyses has been reached: {limit}."
