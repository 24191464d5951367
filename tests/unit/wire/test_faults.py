"""Errors arrive at botocore's client with their code, message, status and members."""

from collections import Counter

import pytest

from skerry.kernel.errors import AwsError
from skerry.wire.codec import Codecs
from tests.unit.wire.client import offered, parsed, service_model
from tests.unit.wire.generate import Generator

CODECS = Codecs()
EVERY_PROTOCOL = pytest.mark.parametrize(("service", "protocol"), offered())
MESSAGE = 'It\'s <odd> & "é".'


class Unmodelled(AwsError):
    code = "SomethingOdd"
    text = "{what}"
    status = 418


class NotFound(AwsError):
    code = "InvalidInstanceID.NotFound"
    text = "The instance ID '{instance_id}' does not exist"


def declared(code: str) -> type[AwsError]:
    return type("Declared", (AwsError,), {"code": code, "text": MESSAGE})


@EVERY_PROTOCOL
def test_every_modelled_error_arrives_with_its_code_status_and_members(service, protocol):
    model = service_model(service)
    codes = Counter(name for shape in model.error_shapes for name in names(shape))
    for shape in model.error_shapes:
        members = Generator(shape.name).structure(shape)
        fields = {name: value for name, value in members.items() if name.lower() != "message"}
        code = shape.error_code if codes[shape.error_code] == 1 else shape.name
        by_code, by_name = (
            CODECS.fault(service, protocol, declared(code)(**fields), "rid")
            for code in (code, shape.name)
        )
        assert (by_code.status, by_code.body) == (by_name.status, by_name.body), shape.name
        modelled = shape.metadata.get("error", {}).get("httpStatusCode", 400)
        assert by_code.status == modelled, shape.name
        found = parsed(by_code, protocol, None)["Error"]
        assert found["Message"] == MESSAGE
        assert found["Code"] == (shape.name if is_named(service, protocol) else shape.error_code)
        if service != "s3":  # S3's errors have members of its own that no model describes
            modelled_members = parsed(by_code, protocol, shape)
            assert {
                name: value for name, value in modelled_members.items() if name in fields
            } == fields, shape.name


def names(shape) -> set[str]:
    return {shape.name, shape.error_code}


def test_of_two_errors_with_one_code_the_operations_own_is_meant():
    codec = CODECS.operation("cloudwatch", "GetDashboard", "json")
    response = codec.fault(declared("ResourceNotFound")(), "rid")
    assert b'"__type":"DashboardNotFoundError"' in response.body
    assert dict(response.headers)["x-amzn-query-error"] == "ResourceNotFound;Sender"


def is_named(service: str, protocol: str) -> bool:
    """JSON and CBOR carry the shape's name, except where old clients know a code instead."""
    is_translated = "awsQueryCompatible" in service_model(service).metadata
    return protocol in ("json", "rest-json", "smithy-rpc-v2-cbor") and not is_translated


@EVERY_PROTOCOL
def test_any_other_error_arrives_as_it_is(service, protocol):
    response = CODECS.fault(service, protocol, Unmodelled(what=MESSAGE), "rid")
    found = parsed(response, protocol, None)
    assert response.status == 418
    assert found["Error"]["Code"] == "SomethingOdd"
    assert found["Error"]["Message"] == MESSAGE
    assert found["ResponseMetadata"]["RequestId"] == "rid"


def test_an_operations_codec_gives_its_faults():
    codec = CODECS.operation("ec2", "DescribeInstances")
    response = codec.fault(NotFound(instance_id="i-1"), "rid")
    assert response.status == 400
    assert b"<RequestID>rid</RequestID>" in response.body
    assert b"<Code>InvalidInstanceID.NotFound</Code>" in response.body


@pytest.mark.parametrize("protocol", ["ec2", "query", "json", "rest-json", "rest-xml"])
def test_an_error_needs_no_service(protocol):
    response = CODECS.fault(None, protocol, Unmodelled(what="x"), "rid")
    assert parsed(response, protocol, None)["Error"]["Code"] == "SomethingOdd"
