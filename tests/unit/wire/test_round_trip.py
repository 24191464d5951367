"""What botocore's client sends, we read; what we answer, it reads: every operation, every protocol.

SKERRY_WIRE_EXAMPLES=100 looks deeper.
"""

import os
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from skerry.kernel.errors import AwsError
from skerry.wire.codec import Codecs
from skerry.wire.http import HttpRequest
from skerry.wire.routing import Router
from tests.unit.wire.client import (
    SERVICES,
    botocore_request,
    offered,
    parsed,
    received,
    service_model,
)
from tests.unit.wire.generate import Generator, Impossible

CODECS = Codecs(strict=True)
EXAMPLES = int(os.environ.get("SKERRY_WIRE_EXAMPLES", "4"))
# The models state few constraints that contradict each other; these may stay untested.
MAX_IMPOSSIBLE_SHARE = 0.01

# Two members of the deprecated S3 notification share one element, so it has no one reading.
AMBIGUOUS = ("GetBucketNotification", "PutBucketNotification")

deeply = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
seeds = given(seed=st.integers(0, 1 << 32))
every_protocol = pytest.mark.parametrize(("service", "protocol"), offered())


@cache
def router() -> Router:
    return Router(CODECS.models, SERVICES)


def scoped(request: HttpRequest, service: str) -> HttpRequest:
    """The request with the credential scope that a signature would give it."""
    model = service_model(service)
    scope = f"AKID/20300101/us-east-1/{model.signing_name}/aws4_request"
    header = ("authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Sig…")
    return HttpRequest(
        request.method, request.path, request.query, [*request.headers, header], request.body
    )


@every_protocol
@deeply
@seeds
def test_what_a_client_sends_is_routed_and_read_to_the_same_value(service, protocol, seed):
    model = service_model(service)
    impossible: list[str] = []
    for name in model.operation_names:
        if name in AMBIGUOUS:
            continue
        operation = model.operation_model(name)
        is_form = protocol in ("ec2", "query")
        generator = Generator(f"{seed}/{name}", form=is_form, form_lists=protocol != "ec2")
        try:
            value = generator.structure(operation.input_shape) if operation.input_shape else {}
        except Impossible as why:
            impossible.append(f"{name}: {why}")
            continue
        request = scoped(received(botocore_request(operation, protocol, value)), service)
        route = router().route(request)
        assert route.service == service, name
        assert is_same(operation, model.operation_model(route.operation)), (name, route.operation)
        codec = CODECS.operation(service, name, protocol)
        try:
            found = codec.parse(request, route.labels)
        except AwsError as error:
            raise AssertionError(f"{name} {value!r}: {error}") from error
        if "ContentLength" not in value:
            found.pop("ContentLength", None)  # the HTTP client sends it unasked
        assert found == value, f"{name}:\n{found}\n{value}"
    assert len(impossible) <= MAX_IMPOSSIBLE_SHARE * len(model.operation_names), impossible


def is_same(wanted, found) -> bool:
    """S3's and Route 53's models have operations that no request can tell apart."""
    return wanted.name == found.name or (
        wanted.http["method"] == found.http["method"]
        and wanted.http["requestUri"] == found.http["requestUri"]
        and wanted.service_model.service_name == "s3"
        and wanted.name in ("GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification",
                            "PutBucketNotification", "ListDirectoryBuckets")
    )  # fmt: skip


@every_protocol
@deeply
@seeds
def test_what_we_answer_a_client_reads_to_the_same_value(service, protocol, seed):
    model = service_model(service)
    impossible: list[str] = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.has_event_stream_output or name in AMBIGUOUS:
            continue
        shape = operation.output_shape
        try:
            value = Generator(f"{seed}/{name}").structure(shape) if shape else {}
        except Impossible as why:
            impossible.append(f"{name}: {why}")
            continue
        response = CODECS.operation(service, name, protocol).serialize(value, "the-request-id")
        found = parsed(response, protocol, shape, streaming=operation.has_streaming_output)
        metadata = found.pop("ResponseMetadata", {})
        if shape is not None or protocol != "smithy-rpc-v2-cbor":
            assert metadata["RequestId"] == "the-request-id", name
        assert found == expected(value, shape, operation), f"{name}:\n{found}\n{value}"
    assert len(impossible) <= MAX_IMPOSSIBLE_SHARE * len(model.operation_names), impossible


def expected(value: dict, shape, operation) -> dict:
    """``value`` with what botocore fills in itself."""
    filled = dict(value)
    for name, member in shape.members.items() if shape else ():
        location = member.serialization.get("location")
        if location == "headers":
            filled.setdefault(name, {})
        elif location == "statusCode":
            filled.setdefault(name, operation.http.get("responseCode", 200))
    payload = shape.serialization.get("payload") if shape else None
    if payload and payload not in filled:
        filled[payload] = filled_payload(shape.members[payload])
    return filled


def filled_payload(member):
    return {"blob": b"", "string": ""}.get(member.type_name, {})
