"""Signatures made by botocore's own signers are accepted; each fault has AWS's own error."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from skerry.kernel.errors import AwsError
from skerry.wire.chunked import ChunkKey
from skerry.wire.http import HttpRequest
from skerry.wire.routing import Route
from skerry.wire.sigv4 import Secret, Verifier
from tests.unit.wire.client import received

SECRET = Secret("AKIDEXAMPLE", "wJalrXUtnFEMI", None, "123456789012")
TEMPORARY = Secret("ASIAEXAMPLE", "tempsecret", "the/token+==", "123456789012")
SECRETS = {secret.access_key_id: secret for secret in (SECRET, TEMPORARY)}

EC2 = Route("ec2", "ec2", "DescribeInstances", {}, "ec2")
IAM = Route("iam", "query", "ListUsers", {}, "iam")
KMS = Route("kms", "json", "ListKeys", {}, "kms")
S3 = Route("s3", "rest-xml", "PutObject", {}, "s3")
FAMILIES = [EC2, IAM, KMS, S3]
BODY = b"Action=DescribeInstances&Version=2016-11-15"
CHUNK = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"


def now() -> datetime:
    return datetime.now(UTC)


def unsigned(route: Route, *, method="POST", body=BODY, path="/", headers=None) -> AWSRequest:
    url = f"https://{route.signing_name}.us-east-1.example{path}"
    return AWSRequest(method=method, url=url, data=body, headers=headers or {})


def sign(request: AWSRequest, route: Route, secret: Secret = SECRET, signer=None) -> HttpRequest:
    signer = signer or (auth.S3SigV4Auth if route is S3 else auth.SigV4Auth)
    keys = Credentials(secret.access_key_id, secret.secret, secret.session_token)
    signer(keys, route.signing_name, "us-east-1").add_auth(request)
    return received(request)


def signed(route: Route, secret: Secret = SECRET, **how) -> HttpRequest:
    return sign(unsigned(route, **how), route, secret)


def presigned(
    route: Route, secret: Secret = SECRET, *, expires=60, path="/?Action=A"
) -> HttpRequest:
    kind = auth.S3SigV4QueryAuth if route is S3 else auth.SigV4QueryAuth
    keys = Credentials(secret.access_key_id, secret.secret, secret.session_token)
    request = unsigned(route, method="GET", body=b"", path=path)
    kind(keys, route.signing_name, "us-east-1", expires=expires).add_auth(request)
    return received(request)


def verify(request: HttpRequest, route: Route, at: datetime | None = None):
    return Verifier().verify(request, route, SECRETS.get, at or now())


def code(request: HttpRequest, route: Route, at: datetime | None = None) -> str:
    with pytest.raises(AwsError) as caught:
        verify(request, route, at)
    return caught.value.code


def with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    kept = [(key, held) for key, held in request.headers if key != name]
    return replace(request, headers=kept if value is None else [*kept, (name, value)])


@pytest.mark.parametrize("route", FAMILIES, ids=lambda route: route.service)
class TestEveryFamily:
    def test_a_signed_request_names_its_account_and_region(self, route):
        identity = verify(signed(route), route)
        assert identity.account_id == "123456789012"
        assert identity.access_key_id == "AKIDEXAMPLE"
        assert identity.region == "us-east-1"

    def test_a_temporary_key_needs_its_token(self, route):
        request = signed(route, TEMPORARY)
        assert verify(request, route).access_key_id == "ASIAEXAMPLE"
        wrong = with_header(request, "x-amz-security-token", "other")
        missing = with_header(request, "x-amz-security-token", None)
        expected = {"ec2": "AuthFailure", "iam": "InvalidClientTokenId"}
        expected |= {"kms": "UnrecognizedClientException", "s3": "InvalidToken"}
        assert code(wrong, route) == code(missing, route) == expected[route.service]

    def test_a_presigned_url_is_accepted_until_it_expires(self, route):
        for secret in (SECRET, TEMPORARY):
            request = presigned(route, secret)
            assert verify(request, route, now() + timedelta(seconds=50)).region == "us-east-1"
        expected = {"ec2": "RequestExpired", "iam": "SignatureDoesNotMatch"}
        expected |= {"kms": "InvalidSignatureException", "s3": "AccessDenied"}
        assert code(request, route, now() + timedelta(seconds=70)) == expected[route.service]

    def test_a_url_may_live_for_a_week_and_no_longer(self, route):
        verify(presigned(route, expires=604800), route, now() + timedelta(days=6))
        expected = {"ec2": "AuthFailure", "iam": "IncompleteSignature"}
        expected |= {
            "kms": "IncompleteSignatureException",
            "s3": "AuthorizationQueryParametersError",
        }
        assert code(presigned(route, expires=604801), route) == expected[route.service]

    def test_nothing_signed_may_change(self, route):
        request = signed(route, path="/a%20b?x=1")
        expected = {"ec2": "AuthFailure", "iam": "SignatureDoesNotMatch"}
        expected |= {"kms": "InvalidSignatureException", "s3": "SignatureDoesNotMatch"}
        changes = [
            replace(request, method="PUT"),
            replace(request, path="/a%20c"),
            replace(request, query="x=2"),
            replace(request, query="x=1&y"),
            with_header(request, "host", "elsewhere"),
        ]
        for changed in changes:
            assert code(changed, route) == expected[route.service]
        assert code(replace(request, body=b"other"), route) == (
            "XAmzContentSHA256Mismatch" if route is S3 else expected[route.service]
        )

    def test_a_wrong_secret_is_refused(self, route):
        expected = {"ec2": "AuthFailure", "iam": "SignatureDoesNotMatch"}
        expected |= {"kms": "InvalidSignatureException", "s3": "SignatureDoesNotMatch"}
        request = signed(route, replace(SECRET, secret="guess"))
        assert code(request, route) == expected[route.service]

    def test_an_unknown_key_is_refused(self, route):
        expected = {"ec2": "AuthFailure", "iam": "InvalidClientTokenId"}
        expected |= {"kms": "UnrecognizedClientException", "s3": "InvalidAccessKeyId"}
        request = signed(route, replace(SECRET, access_key_id="AKIDOTHER"))
        assert code(request, route) == expected[route.service]

    def test_a_clock_may_be_a_quarter_of_an_hour_off(self, route):
        request = signed(route)
        for minutes in (-14, 14):
            verify(request, route, now() + timedelta(minutes=minutes))
        old = {"ec2": "RequestExpired", "iam": "SignatureDoesNotMatch"}
        old |= {"kms": "InvalidSignatureException", "s3": "RequestTimeTooSkewed"}
        new = old | {"ec2": "AuthFailure"}
        assert code(request, route, now() + timedelta(minutes=16)) == old[route.service]
        assert code(request, route, now() - timedelta(minutes=16)) == new[route.service]

    def test_no_signature_at_all_is_said_plainly(self, route):
        expected = {"ec2": "MissingParameter", "iam": "MissingAuthenticationToken"}
        expected |= {"kms": "MissingAuthenticationTokenException", "s3": "AccessDenied"}
        assert code(received(unsigned(route)), route) == expected[route.service]

    def test_a_broken_authorization_header_is_incomplete(self, route):
        expected = {"ec2": "AuthFailure", "iam": "IncompleteSignature"}
        expected |= {"kms": "IncompleteSignatureException", "s3": "AuthorizationHeaderMalformed"}
        request = signed(route)
        header = request.header("authorization") or ""
        for broken in (
            "",
            "Basic YTpi",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=,,SignedHeaders",
            header.replace("aws4_request", "aws5_request"),
            header.replace("SignedHeaders=host", "SignedHeaders=most"),
            header.replace("/20", "/19", 1),
        ):
            assert (
                code(with_header(request, "authorization", broken), route)
                == (expected[route.service])
            ), broken
        undated = with_header(request, "x-amz-date", None)
        assert code(undated, route) == expected[route.service]
        assert code(with_header(request, "x-amz-date", "soon"), route) == expected[route.service]

    def test_a_signature_for_another_service_is_refused(self, route):
        other = Route(route.service, route.protocol, "", {}, "lambda")
        expected = {"ec2": "AuthFailure", "iam": "SignatureDoesNotMatch"}
        expected |= {"kms": "InvalidSignatureException", "s3": "AuthorizationHeaderMalformed"}
        assert code(sign(unsigned(route), other), route) == expected[route.service]

    def test_an_ended_temporary_key_is_expired(self, route):
        ended = replace(TEMPORARY, expires_at=now() - timedelta(seconds=1))
        expected = {"ec2": "RequestExpired", "iam": "ExpiredToken"}
        expected |= {"kms": "ExpiredTokenException", "s3": "ExpiredToken"}
        with pytest.raises(AwsError) as caught:
            Verifier().verify(signed(route, TEMPORARY), route, lambda _: ended, now())
        assert caught.value.code == expected[route.service]


def test_odd_paths_queries_and_headers_are_canonicalised_as_botocore_does():
    for path in ("//a/./b/../c%20d/", "/ü/%C3%BC", "/?b=2&a=1&a=0&c", "/?a=%20%2B~&b=%C3%A9"):
        route = IAM
        request = signed(route, path=path, headers={"X-Amz-Thing": "  many   spaces "})
        assert verify(request, route).region == "us-east-1", path
    for path in ("/bucket//a/../b%2Bc", "/bucket/a%20b~c?list-type=2&prefix=a%2Fb"):
        assert verify(signed(S3, path=path), S3).region == "us-east-1", path


def test_s3_wants_every_amz_header_signed():
    assert code(with_header(signed(S3), "x-amz-acl", "public-read"), S3) == "AccessDenied"


def test_s3_wants_a_content_hash():
    request = signed(S3)
    assert code(with_header(request, "x-amz-content-sha256", None), S3) == "InvalidRequest"


def test_s3_takes_an_unsigned_payload():
    request = unsigned(S3, body=b"anything")
    request.context["payload_signing_enabled"] = False
    request.headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD"
    request.context["client_config"] = None
    assert verify(sign(request, S3), S3).request.body == b"anything"


def test_no_other_service_takes_an_unsigned_payload():
    request = unsigned(IAM, headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert code(sign(request, IAM), IAM) == "SignatureDoesNotMatch"


def test_signing_keys_are_cached_and_the_cache_is_bounded():
    verifier = Verifier()
    for _ in range(3):
        verifier.verify(signed(EC2), EC2, SECRETS.get, now())
    assert verifier._signing_key.cache_info().hits == 2
    assert verifier._signing_key.cache_info().maxsize == 1024


def test_a_secret_never_shows_in_its_repr():
    assert SECRET.secret not in repr(SECRET)


class Streaming(auth.S3SigV4Auth):
    """botocore's signer with a streaming payload's name for a hash."""

    kind = CHUNK

    def payload(self, request):
        return self.kind


def chunked(chunks: list[bytes], kind: str = CHUNK, trailer: tuple[str, str] | None = None):
    """A chunked upload, framed as the S3 API Reference says."""
    size = sum(map(len, chunks))
    signer = type("Signer", (Streaming,), {"kind": kind})
    headers = {"x-amz-decoded-content-length": str(size), "content-encoding": "aws-chunked,gzip"}
    request = sign(unsigned(S3, method="PUT", body=b"", headers=headers), S3, signer=signer)
    seed = (request.header("authorization") or "").rpartition("Signature=")[2]
    timestamp = request.header("x-amz-date") or ""
    key = Verifier()._signing_key(SECRET.secret, timestamp[:8], "us-east-1", "s3")
    chain = ChunkKey(key, timestamp, f"{timestamp[:8]}/us-east-1/s3/aws4_request", seed)
    body, last = b"", seed
    nothing = sha256(b"").hexdigest()
    for chunk in [*chunks, b""]:
        head = f"{len(chunk):x}"
        if kind.startswith(CHUNK):
            last = chain.signature(
                "AWS4-HMAC-SHA256-PAYLOAD", last, nothing, sha256(chunk).hexdigest()
            )
            head += f";chunk-signature={last}"
        body += head.encode() + b"\r\n" + chunk + (b"\r\n" if chunk else b"")
    if trailer is not None:
        line = f"{trailer[0]}:{trailer[1]}"
        body += f"{line}\r\n".encode()
        if kind.startswith(CHUNK):
            digest = sha256(f"{line}\n".encode()).hexdigest()
            signature = chain.signature("AWS4-HMAC-SHA256-TRAILER", last, digest)
            body += f"x-amz-trailer-signature:{signature}\r\n".encode()
    return replace(request, body=body + b"\r\n")


def test_a_chunked_body_is_verified_and_unframed():
    request = verify(chunked([b"a" * 70_000, b"b"]), S3).request
    assert request.body == b"a" * 70_000 + b"b"
    assert request.header("content-encoding") == "gzip"


@pytest.mark.parametrize("kind", [f"{CHUNK}-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_chunked_body_s_trailers_become_headers(kind):
    request = verify(chunked([b"abc"], kind, ("x-amz-checksum-crc32", "NSRBwg==")), S3).request
    assert request.body == b"abc"
    assert request.header("x-amz-checksum-crc32") == "NSRBwg=="


def test_no_chunk_and_no_trailer_may_change():
    request = chunked([b"first", b"second"])
    changed = replace(request, body=request.body.replace(b"second", b"sEcond"))
    assert code(changed, S3) == "SignatureDoesNotMatch"
    request = chunked([b"abc"], f"{CHUNK}-TRAILER", ("x-amz-checksum-crc32", "NSRBwg=="))
    changed = replace(request, body=request.body.replace(b"NSRBwg", b"XXXXwg"))
    assert code(changed, S3) == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    "body", [b"", b"0", b"zz\r\n", b"5;chunk-signature=00\r\nabc", b"3\r\nabc"]
)
def test_a_chunked_body_that_is_no_such_thing_is_refused(body):
    assert code(replace(chunked([b"abc"]), body=body), S3) in (
        "IncompleteBody",
        "SignatureDoesNotMatch",
    )


def test_a_chunked_body_shorter_than_announced_is_incomplete():
    request = chunked([b"abc"], "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
    assert code(replace(request, body=b"0\r\n\r\n"), S3) == "IncompleteBody"
