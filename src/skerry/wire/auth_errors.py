"""Why a signature is refused, as each family of services says it.

Sources: EC2 API Reference "Error codes"; IAM User Guide "Troubleshoot Signature Version 4";
"Common Errors" of the query and JSON services; S3 API Reference "Error responses".
"""

from dataclasses import dataclass

from skerry.kernel.errors import AwsError, MissingParameter


class MissingAuthenticationToken(AwsError):
    code = "MissingAuthenticationToken"
    text = "Request is missing Authentication Token"
    status = 403


class MissingAuthenticationTokenException(MissingAuthenticationToken):
    code = "MissingAuthenticationTokenException"
    status = 400


class IncompleteSignature(AwsError):
    code = "IncompleteSignature"
    text = "{details}"


class IncompleteSignatureException(IncompleteSignature):
    code = "IncompleteSignatureException"


class InvalidClientTokenId(AwsError):
    code = "InvalidClientTokenId"
    text = "The security token included in the request is invalid."
    status = 403


class UnrecognizedClientException(InvalidClientTokenId):
    code = "UnrecognizedClientException"
    status = 400


class SignatureDoesNotMatch(AwsError):
    code = "SignatureDoesNotMatch"
    text = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your AWS Secret Access Key and signing method. Consult the service documentation for "
        "details."
    )
    status = 403


class InvalidSignatureException(SignatureDoesNotMatch):
    code = "InvalidSignatureException"
    status = 400


class SignatureRefused(SignatureDoesNotMatch):
    text = "{details}"


class InvalidSignatureRefused(InvalidSignatureException):
    text = "{details}"


class ExpiredToken(AwsError):
    code = "ExpiredToken"
    text = "The security token included in the request is expired"
    status = 403


class ExpiredTokenException(ExpiredToken):
    code = "ExpiredTokenException"
    status = 400


class AuthFailure(AwsError):
    code = "AuthFailure"
    text = "AWS was not able to validate the provided access credentials"
    status = 401


class RequestExpired(AwsError):
    code = "RequestExpired"
    text = "Request has expired."


class AccessDenied(AwsError):
    code = "AccessDenied"
    text = "Access Denied"
    status = 403


class UrlExpired(AccessDenied):
    text = "Request has expired"


class HeadersNotSigned(AccessDenied):
    text = "There were headers present in the request which were not signed"


class InvalidAccessKeyId(AwsError):
    code = "InvalidAccessKeyId"
    text = "The AWS Access Key Id you provided does not exist in our records."
    status = 403


class S3SignatureDoesNotMatch(SignatureDoesNotMatch):
    text = (
        "The request signature we calculated does not match the signature you provided. Check "
        "your key and signing method."
    )


class RequestTimeTooSkewed(AwsError):
    code = "RequestTimeTooSkewed"
    text = "The difference between the request time and the current time is too large."
    status = 403


class InvalidToken(AwsError):
    code = "InvalidToken"
    text = "The provided token is malformed or otherwise invalid."


class S3ExpiredToken(ExpiredToken):
    text = "The provided token has expired."
    status = 400


class AuthorizationHeaderMalformed(AwsError):
    code = "AuthorizationHeaderMalformed"
    text = "The authorization header is malformed; {details}"


class AuthorizationQueryParametersError(AwsError):
    code = "AuthorizationQueryParametersError"
    text = "{details}"


class ContentSha256Mismatch(AwsError):
    code = "XAmzContentSHA256Mismatch"
    text = "The provided 'x-amz-content-sha256' header does not match what was computed."


class MissingContentSha256(AwsError):
    code = "InvalidRequest"
    text = "Missing required header for this request: x-amz-content-sha256"


class IncompleteBody(AwsError):
    code = "IncompleteBody"
    text = "The request body terminated unexpectedly"


@dataclass(frozen=True, slots=True)
class Refusals:
    """One family's error for each reason; all take ``details``, which few show."""

    missing: type[AwsError]
    incomplete: type[AwsError]
    incomplete_url: type[AwsError]
    unknown_key: type[AwsError]
    mismatch: type[AwsError]
    too_old: type[AwsError]
    too_new: type[AwsError]
    url_expired: type[AwsError]
    bad_token: type[AwsError]
    expired_token: type[AwsError]
    wrong_scope: type[AwsError]


class MissingAccessKey(MissingParameter):
    text = "The request must contain the parameter AWSAccessKeyId"


_EC2 = Refusals(
    missing=MissingAccessKey,
    incomplete=AuthFailure,
    incomplete_url=AuthFailure,
    unknown_key=AuthFailure,
    mismatch=AuthFailure,
    too_old=RequestExpired,
    too_new=AuthFailure,
    url_expired=RequestExpired,
    bad_token=AuthFailure,
    expired_token=RequestExpired,
    wrong_scope=AuthFailure,
)
_QUERY = Refusals(
    missing=MissingAuthenticationToken,
    incomplete=IncompleteSignature,
    incomplete_url=IncompleteSignature,
    unknown_key=InvalidClientTokenId,
    mismatch=SignatureDoesNotMatch,
    too_old=SignatureRefused,
    too_new=SignatureRefused,
    url_expired=SignatureRefused,
    bad_token=InvalidClientTokenId,
    expired_token=ExpiredToken,
    wrong_scope=SignatureRefused,
)
_JSON = Refusals(
    missing=MissingAuthenticationTokenException,
    incomplete=IncompleteSignatureException,
    incomplete_url=IncompleteSignatureException,
    unknown_key=UnrecognizedClientException,
    mismatch=InvalidSignatureException,
    too_old=InvalidSignatureRefused,
    too_new=InvalidSignatureRefused,
    url_expired=InvalidSignatureRefused,
    bad_token=UnrecognizedClientException,
    expired_token=ExpiredTokenException,
    wrong_scope=InvalidSignatureRefused,
)
_S3 = Refusals(
    missing=AccessDenied,
    incomplete=AuthorizationHeaderMalformed,
    incomplete_url=AuthorizationQueryParametersError,
    unknown_key=InvalidAccessKeyId,
    mismatch=S3SignatureDoesNotMatch,
    too_old=RequestTimeTooSkewed,
    too_new=RequestTimeTooSkewed,
    url_expired=UrlExpired,
    bad_token=InvalidToken,
    expired_token=S3ExpiredToken,
    wrong_scope=AuthorizationHeaderMalformed,
)


def refusals(service: str | None, protocol: str) -> Refusals:
    """The family that a service of this name and protocol belongs to."""
    if service == "s3":
        return _S3
    if protocol == "ec2":
        return _EC2
    return _QUERY if protocol in ("query", "rest-xml") else _JSON
