"""Whatever bytes arrive, the answer is an AWS error: never another exception, never much memory.

SKERRY_WIRE_EXAMPLES=5000 looks deeper.
"""

import json
import os
import random
import time
import tracemalloc
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from skerry.kernel.errors import AwsError
from skerry.wire.codec import Codecs
from skerry.wire.http import HttpRequest
from skerry.wire.routing import Router
from skerry.wire.sigv4 import Secret, Verifier
from tests.unit.wire.client import SERVICES, botocore_request, offered, received, service_model
from tests.unit.wire.generate import Generator, Impossible

CODECS = Codecs()
EXAMPLES = int(os.environ.get("SKERRY_WIRE_EXAMPLES", "150"))
SECRET = Secret("AKID", "secret", None, "123456789012")
ROUTER = Router(CODECS.models, SERVICES)
VERIFIER = Verifier()
NOW = datetime(2030, 1, 1, tzinfo=UTC)

quickly = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def survive(request: HttpRequest) -> None:
    """Everything that the gateway does before it knows who asks."""
    route = ROUTER.guess(request)
    try:
        route = ROUTER.route(request)
        VERIFIER.verify(request, route, lambda _: SECRET, NOW)
    except AwsError as error:
        CODECS.fault(route.service, route.protocol, error, "rid")
    if route.operation:
        codec = CODECS.operation(route.service or "", route.operation, route.protocol)
        try:
            codec.parse(request, route.labels)
        except AwsError as error:
            codec.fault(error, "rid")


@cache
def real_requests() -> list[HttpRequest]:
    """A few real requests of every service and protocol."""
    chooser, found = random.Random(7), []
    for service, protocol in offered():
        model = service_model(service)
        for name in chooser.sample(model.operation_names, 8):
            operation = model.operation_model(name)
            try:
                shape = operation.input_shape
                value = (
                    Generator(name, form=True, form_lists=False).structure(shape) if shape else {}
                )
            except Impossible:
                continue
            request = received(botocore_request(operation, protocol, value))
            scope = f"AKID/20300101/us-east-1/{model.signing_name}/aws4_request"
            signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
            signed = [("authorization", signature), ("x-amz-date", "20300101T000000Z")]
            found.append(
                HttpRequest(
                    request.method,
                    request.path,
                    request.query,
                    [*request.headers, *signed],
                    request.body,
                )
            )
    return found


def mutated(raw: bytes, chooser: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(chooser.randint(1, 6)):
        at = chooser.randrange(len(data) + 1)
        match chooser.randrange(5):
            case 0:
                data[at : at + 1] = chooser.randbytes(1)
            case 1:
                del data[at : at + chooser.randint(1, 9)]
            case 2:
                data[at:at] = data[: chooser.randint(0, 40)]
            case 3:
                data[at:at] = chooser.choice((b"\0", b"%", b"%ff", b"&", b"=", b".", b"\xff", b"<"))
            case _:
                data[at:at] = chooser.choice(
                    (b"9" * 40, b"[" * 40, b'"', b"\\ud800", b"1.", b"&#0;")
                )
    return bytes(data)


@quickly
@given(seed=st.integers(0, 1 << 32))
def test_a_mutated_request_ends_in_an_answer(seed):
    chooser = random.Random(seed)
    for request in chooser.sample(real_requests(), 12):
        part = chooser.randrange(4)
        headers = list(request.headers)
        if part == 1:
            at = chooser.randrange(len(headers))
            name, value = headers[at]
            headers[at] = (name, mutated(value.encode(), chooser).decode("latin-1"))
        survive(
            HttpRequest(
                request.method,
                mutated(request.path.encode(), chooser).decode("latin-1")
                if part == 2
                else request.path,
                mutated(request.query.encode(), chooser).decode("latin-1")
                if part == 3
                else request.query,
                headers,
                mutated(request.body, chooser) if part == 0 else request.body,
            )
        )


@quickly
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "BREW"]),
    path=st.binary(max_size=40),
    query=st.binary(max_size=60),
    header=st.binary(max_size=60),
    body=st.binary(max_size=200),
    scope=st.sampled_from([*SERVICES, "monitoring", "elasticloadbalancing"]),
)
def test_random_bytes_end_in_an_answer(method, path, query, header, body, scope):
    authorization = f"AWS4-HMAC-SHA256 Credential=A/20300101/r/{scope}/aws4_request, SignedHeaders="
    for headers in (
        [("authorization", header.decode("latin-1"))],
        [("authorization", authorization + header.decode("latin-1"))],
        [("x-amz-target", header.decode("latin-1"))],
        [("authorization", authorization), ("host", header.decode("latin-1"))],
    ):
        survive(
            HttpRequest(
                method, "/" + path.decode("latin-1"), query.decode("latin-1"), headers, body
            )
        )


@pytest.mark.parametrize(("service", "protocol"), offered())
def test_random_documents_end_in_an_answer(service, protocol):
    chooser = random.Random(service + protocol)
    names = service_model(service).operation_names
    for name in chooser.sample(names, min(len(names), 25)):
        codec = CODECS.operation(service, name, protocol)
        for body in bodies(chooser):
            request = HttpRequest("POST", "/", body[:50].decode("latin-1"), [], body)
            try:
                codec.parse(request, {"Bucket": "\0", "Key": "\ud800"})
            except AwsError as error:
                codec.fault(error, "rid")


def bodies(chooser: random.Random) -> list[bytes]:
    deep = 100_000
    return [
        b"",
        chooser.randbytes(200),
        b"[" * deep,
        b'{"a":' * deep,
        b"<a>" * deep,
        b"\x81" * deep,
        b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\x7f" * 8,
        b"\xc1\xfb\x7f\xf0" + b"\0" * 6,
        b"\xc1\x1b" + b"\xff" * 8,
        b"a." * deep + b"=1",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a></b>",
        b'"\\ud800"',
        json.dumps({"Name": "\ud800", "KeyId": "\ud800"}).encode(),
        b"9" * 5000,
        b'{"MaxResults": ' + b"9" * 5000 + b"}",
        b"true",
        b"null",
        b"1e999",
    ]


def test_a_list_s_numbers_allocate_nothing():
    body = b"&".join(b"Filter.%d.Name=a" % index for index in (999_999_999, 1, 500_000_000))
    codec = CODECS.operation("ec2", "DescribeInstances")
    tracemalloc.start()
    found = codec.parse(HttpRequest("POST", "/", "", [], body))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {"Filters": [{"Name": "a"}] * 3}
    assert peak_bytes < 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"Filter.9999999999.Name=a",
        b"Filter.-1.Name=a",
        b"Filter.1e3.Name=a",
        b"Filter.\xd9\xa1.Name=a",
        b"&".join(b"InstanceId.%d=i" % index for index in range(20_001)),
        b"Filter.1=a&Filter.1.Name=b",
        b"." * 10_000 + b"=1",
    ],
)
def test_a_form_that_is_no_list_is_refused(body):
    with pytest.raises(AwsError):
        CODECS.operation("ec2", "DescribeInstances").parse(HttpRequest("POST", "/", "", [], body))


def test_no_pattern_of_a_model_can_be_made_to_hang():
    attacks = [unit * 3000 for unit in ("a", "a-", "a/", ":", " ", "arn:aws:a:", "a.", "=,", "0")]
    for service in SERVICES:
        model = service_model(service)
        for name in model.shape_names:
            shape = model.shape_for(name)
            if shape.type_name != "string" or "pattern" not in shape.metadata:
                continue
            limit = shape.metadata.get("max", 20_000)
            started = time.perf_counter()
            for attack in attacks:
                check(shape.metadata["pattern"], attack[: limit - 1] + "\n")
            assert time.perf_counter() - started < 1, (service, name, shape.metadata["pattern"])


def check(source: str, text: str) -> None:
    from skerry.wire.patterns import compiled, matches

    pattern = compiled(source)
    if pattern is not None:
        matches(pattern, text)
