"""A request that breaks its model gets AWS's own error; the sentences are AWS's."""

import gzip
import json

import pytest

from skerry.kernel.errors import AwsError
from skerry.wire.codec import Codecs
from skerry.wire.http import HttpRequest
from skerry.wire.patterns import compiled, matches
from skerry.wire.serialize.xml import UnknownMember

CODECS = Codecs()


def refused(service: str, operation: str, body: bytes | dict, **how) -> AwsError:
    raw = json.dumps(body).encode() if isinstance(body, dict) else body
    request = HttpRequest("POST", how.pop("path", "/"), how.pop("query", ""), [], raw)
    with pytest.raises(AwsError) as caught:
        CODECS.operation(service, operation, how.get("protocol")).parse(request, how.get("labels"))
    return caught.value


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        (b"MinCount=1", "MissingParameter", "The request must contain the parameter MaxCount"),
        (b"MinCount=1&MaxCount=1&Nope=1", "UnknownParameter", "The parameter Nope is not recogni"),
        (
            b"MinCount=1&MaxCount=1&Placement.Nope=1",
            "UnknownParameter",
            "The parameter Placement.Nope is not recognized",
        ),
        (b"MinCount=one&MaxCount=1", "InvalidParameterValue", "Value ( one ) for parameter minCo"),
        (b"MinCount=&MaxCount=1", "InvalidParameterValue", "Value (  ) for parameter minCount"),
        (b"MinCount=9999999999&MaxCount=1", "InvalidParameterValue", "Value ( 9999999999 ) for"),
        (
            b"MinCount=1&MaxCount=1&InstanceType=t9.huge",
            "InvalidParameterValue",
            "Value ( t9.huge ) for parameter instanceType is invalid.",
        ),
        (b"MinCount=1&MaxCount=1&EbsOptimized=perhaps", "InvalidParameterValue", "Value ( perhap"),
        (
            b"MinCount=1&MaxCount=1&BlockDeviceMapping.x.DeviceName=a",
            "UnknownParameter",
            "The parameter BlockDeviceMapping.x is not recognized",
        ),
        (b"MinCount=1&MinCount=2&MaxCount=1", "MalformedQueryString", "The query string"),
        (b"MinCount=1&MaxCount=1&KeyName=%ff", "MalformedQueryString", "The query string"),
        (b"MinCount=1&MaxCount=1&KeyName=%00", "MalformedQueryString", "The query string"),
    ],
)
def test_ec2_names_the_first_wrong_parameter(form, code, message):
    error = refused("ec2", "RunInstances", form)
    assert (error.code, error.message[: len(message)]) == (code, message)


def test_ec2_s_limits_read_as_aws_s():
    error = refused("ec2", "DescribeSecurityGroupRules", b"MaxResults=1")
    assert error.message == (
        "Value ( 1 ) for parameter maxResults is invalid. Expecting a value greater than 5."
    )


def test_query_services_report_every_broken_constraint_at_once():
    error = refused("iam", "CreateUser", b"UserName=a+b&Path=x")
    assert error.code == "ValidationError"
    assert error.message.startswith("2 validation errors detected: Value ")
    assert (
        "Value 'a b' at 'userName' failed to satisfy constraint: Member must satisfy regular "
        r"expression pattern: [\w+=,.@-]+"
    ) in error.message


def test_query_services_name_a_missing_member():
    error = refused("iam", "CreateUser", b"")
    assert error.message == (
        "1 validation error detected: Value null at 'userName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_query_services_name_list_entries():
    error = refused("iam", "CreateUser", b"UserName=a&Tags.member.1.Key=&Tags.member.1.Value=")
    assert "at 'tags.1.member.key'" in error.message
    error = refused("sts", "AssumeRole", b"DurationSeconds=x")
    assert error.code == "MalformedInput"


def test_query_services_ignore_what_they_do_not_know():
    request = HttpRequest("POST", "/", "", [], b"UserName=a&Nonsense.1=2")
    assert CODECS.operation("iam", "CreateUser").parse(request) == {"UserName": "a"}


def test_json_services_use_the_code_of_their_model():
    assert refused("kms", "CreateKey", {"KeySpec": "ROT13"}).code == "ValidationException"
    assert refused("logs", "CreateLogGroup", {"logGroupName": "*"}).code == (
        "InvalidParameterException"
    )
    assert refused("route53", "GetHostedZone", b"", labels={"Id": "x" * 99}).code == "InvalidInput"


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"nul", b'{"KeyId": 1}', b'{"KeyId": ["a"]}', b"\xff", b'{"KeyId": NaN}']
)
def test_json_of_the_wrong_kind_is_a_serialization_exception(body):
    assert refused("kms", "DescribeKey", body).code == "SerializationException"


def test_s3_has_codes_of_its_own():
    labels = {"Bucket": "b", "Key": "k"}
    assert refused("s3", "PutBucketTagging", b"<a", labels=labels).code == "MalformedXML"
    assert refused("s3", "PutBucketTagging", b"", labels=labels).code == ("MissingRequestBodyError")
    assert (
        refused("s3", "ListObjectsV2", b"", labels=labels, query="max-keys=x").code
        == "InvalidArgument"
    )


@pytest.mark.parametrize(
    ("service", "protocol", "code"),
    [
        ("ec2", "ec2", "InvalidAction"),
        ("iam", "query", "InvalidAction"),
        ("kms", "json", "UnknownOperationException"),
        ("cloudwatch", "smithy-rpc-v2-cbor", "UnknownOperationException"),
        ("s3", "rest-xml", "MethodNotAllowed"),
    ],
)
def test_an_unknown_action_has_its_protocol_s_error(service, protocol, code):
    with pytest.raises(AwsError) as caught:
        CODECS.operation(service, "MakeTea", protocol)
    assert caught.value.code == code


def test_unknown_members_of_an_answer_are_ignored_but_not_by_strict_codecs():
    answer = {"Instances": [{"InstanceId": "i-1", "Colour": "red"}]}
    body = CODECS.operation("ec2", "RunInstances").serialize(answer, "rid").body
    assert b"red" not in body
    with pytest.raises(UnknownMember):
        Codecs(strict=True).operation("ec2", "RunInstances").serialize(answer, "rid")


def test_members_without_a_value_are_left_out_of_an_answer():
    codec = CODECS.operation("ec2", "RunInstances")
    assert b"kernel" not in codec.serialize({"Instances": [{"KernelId": None}]}, "rid").body


def test_a_codec_knows_what_its_model_says():
    codec = CODECS.operation("ec2", "RunInstances")
    assert codec.has_dry_run
    assert codec.idempotency_token == "ClientToken"
    assert not codec.is_read_only
    assert codec.pagination is None
    assert "ImageId" in codec.input_members
    listing = CODECS.operation("ec2", "DescribeInstances")
    assert listing.is_read_only
    assert listing.idempotency_token is None
    assert listing.pagination is not None
    assert listing.pagination.results == ("Reservations",)
    assert listing.pagination.limit == "MaxResults"


def test_java_s_patterns_mean_the_same_in_python():
    tags = compiled(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")
    assert tags is not None
    assert matches(tags, "Straße 1 日本")
    assert not matches(tags, "a<b")
    ascii_only = compiled(r"\p{ASCII}+")
    assert ascii_only is not None
    assert matches(ascii_only, "a\n")
    assert not matches(ascii_only, "é")
    wide = compiled(r"[ -\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*")
    assert wide is not None
    assert matches(wide, "😀")


def test_a_compressed_body_is_read_as_if_it_were_not():
    document = {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}
    codec = CODECS.operation("cloudwatch", "PutMetricData", "json")
    body, header = gzip.compress(json.dumps(document).encode()), ("content-encoding", "gzip")
    assert codec.parse(HttpRequest("POST", "/", "", [header], body)) == document
    bomb = gzip.compress(b" " * (1 << 26))
    for broken in (body[:-9], b"no gzip", bomb):
        with pytest.raises(AwsError) as caught:
            codec.parse(HttpRequest("POST", "/", "", [header], broken))
        assert caught.value.code == "SerializationException"


def test_an_event_stream_is_refused_in_words():
    with pytest.raises(AwsError) as caught:
        CODECS.operation("logs", "StartLiveTail").serialize({}, "rid")
    assert caught.value.code == "UnsupportedOperation"
