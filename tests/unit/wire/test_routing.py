"""Requests find their operation by whatever they carry; test_round_trip routes every operation."""

import pytest

from skerry.kernel.errors import AwsError
from skerry.wire.http import HttpRequest
from skerry.wire.models import Models, UnknownService
from skerry.wire.routing import Router
from tests.unit.wire.client import SERVICES

ROUTER = Router(Models(), [*SERVICES, "elb"], base_hosts=("localhost", "cloud.test"))


def request(method="POST", path="/", query="", body=b"", **headers: str) -> HttpRequest:
    listed = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return HttpRequest(method, path, query, listed, body)


def scope(service: str) -> str:
    credential = f"AKID/20300101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"


def where(**how) -> tuple[str | None, str, str]:
    route = ROUTER.route(request(**how))
    return route.service, route.protocol, route.operation


def test_one_scope_of_two_services_is_told_apart_by_version():
    authorization = scope("elasticloadbalancing")
    old = b"Action=DescribeLoadBalancers&Version=2012-06-01"
    new = b"Action=DescribeLoadBalancers&Version=2015-12-01"
    assert where(body=old, authorization=authorization)[0] == "elb"
    assert where(body=new, authorization=authorization)[0] == "elbv2"


def test_an_unsigned_query_is_routed_by_host_or_version():
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
    assert where(body=body) == ("sts", "query", "AssumeRoleWithWebIdentity")
    body = b"Action=DescribeRegions&Version=2000-01-01"
    assert where(body=body, host="ec2.us-east-1.amazonaws.com:443")[0] == "ec2"


def test_a_query_may_be_a_get_and_presigned():
    credential = "AKID%2F20300101%2Feu-west-1%2Fsts%2Faws4_request"
    query = f"Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Credential={credential}"
    assert where(method="GET", query=query) == ("sts", "query", "GetCallerIdentity")


def test_cloudwatch_is_reached_in_each_of_its_protocols():
    authorization = scope("monitoring")
    target = "GraniteServiceVersion20100801"
    assert where(authorization=authorization, x_amz_target=f"{target}.ListMetrics")[1] == "json"
    path = f"/service/{target}/operation/ListMetrics"
    assert where(authorization=authorization, path=path)[1] == "smithy-rpc-v2-cbor"
    body = b"Action=ListMetrics&Version=2010-08-01"
    assert where(authorization=authorization, body=body)[1] == "query"


@pytest.mark.parametrize(
    ("host", "path", "labels"),
    [
        ("s3.amazonaws.com", "/bucket/a/b%20c//d", {"Bucket": "bucket", "Key": "a/b c//d"}),
        ("bucket.s3.amazonaws.com", "/key", {"Bucket": "bucket", "Key": "key"}),
        ("my.bucket.s3.eu-west-1.amazonaws.com", "/k", {"Bucket": "my.bucket", "Key": "k"}),
        ("bucket.s3-eu-west-1.amazonaws.com", "/k", {"Bucket": "bucket", "Key": "k"}),
        ("bucket.localhost:4566", "/k", {"Bucket": "bucket", "Key": "k"}),
        ("bucket.s3.cloud.test", "/k", {"Bucket": "bucket", "Key": "k"}),
        ("127.0.0.1:4566", "/bucket/k", {"Bucket": "bucket", "Key": "k"}),
    ],
)
def test_a_bucket_is_in_the_path_or_in_the_host(host, path, labels):
    route = ROUTER.route(request("GET", path, host=host, authorization=scope("s3")))
    assert (route.operation, dict(route.labels)) == ("GetObject", labels)


def test_an_anonymous_s3_request_is_routed_by_host():
    assert where(method="GET", path="/k", host="b.s3.amazonaws.com")[2] == "GetObject"


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", "/", "", "ListBuckets"),
        ("GET", "/b", "", "ListObjects"),
        ("GET", "/b/", "", "ListObjects"),
        ("GET", "/b", "list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", "/b", "list-type=3", "ListObjects"),
        ("GET", "/b", "lifecycle", "GetBucketLifecycleConfiguration"),
        ("GET", "/b", "lifecycle=", "GetBucketLifecycleConfiguration"),
        ("GET", "/b", "analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b", "analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("GET", "/b/k", "uploadId=1", "ListParts"),
        ("PUT", "/b/k", "uploadId=1&partNumber=2", "UploadPart"),
        ("DELETE", "/b/k", "uploadId=1", "AbortMultipartUpload"),
        ("DELETE", "/b", "analytics", "DeleteBucketAnalyticsConfiguration"),
        ("DELETE", "/b", "", "DeleteBucket"),
        ("POST", "/b", "delete", "DeleteObjects"),
        ("HEAD", "/b/k", "", "HeadObject"),
    ],
)
def test_s3_s_subresources_go_to_the_most_specific_operation(method, path, query, operation):
    found = where(method=method, path=path, query=query, authorization=scope("s3"))
    assert found == ("s3", "rest-xml", operation)


def test_s3_s_copies_are_told_by_their_header():
    how = {"method": "PUT", "path": "/b/k", "authorization": scope("s3")}
    assert where(**how)[2] == "PutObject"
    assert where(**how, x_amz_copy_source="/b/j")[2] == "CopyObject"
    assert where(**how, x_amz_copy_source="/b/j", query="partNumber=1&uploadId=2")[2] == (
        "UploadPartCopy"
    )


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"authorization": scope("ec2"), "body": b"Action=MakeTea&Version=1"}, "InvalidAction"),
        ({"authorization": scope("ec2")}, "MissingAction"),
        ({"authorization": scope("iam"), "body": b"Action=MakeTea"}, "InvalidAction"),
        ({"x_amz_target": "TrentService.MakeTea"}, "UnknownOperationException"),
        ({"x_amz_target": "Nobody.MakeTea"}, "UnknownOperationException"),
        ({"path": "/service/Nobody/operation/MakeTea"}, "UnknownOperationException"),
        ({"authorization": scope("s3"), "method": "PATCH", "path": "/b"}, "MethodNotAllowed"),
        ({"authorization": scope("route53"), "path": "/nowhere"}, "UnknownOperationException"),
        ({"authorization": scope("lambda"), "path": "/2015"}, "UnknownOperationException"),
        ({"method": "BREW", "path": "*"}, "UnknownOperationException"),
    ],
)
def test_what_leads_nowhere_has_its_protocol_s_error(how, code):
    with pytest.raises(AwsError) as caught:
        ROUTER.route(request(**how))
    assert caught.value.code == code
    assert ROUTER.guess(request(**how)).protocol


def test_a_guess_names_the_likeliest_protocol():
    guess = ROUTER.guess(request(authorization=scope("ec2"), body=b"Action=MakeTea"))
    assert (guess.service, guess.protocol) == ("ec2", "ec2")
    assert ROUTER.guess(request(x_amz_target="a.b")).protocol == "json"


def test_routing_reads_no_model_that_it_does_not_need():
    models = Models()
    router = Router(models, SERVICES)
    body = b"Action=DescribeInstances&Version=2016-11-15"
    router.route(request(body=body, authorization=scope("ec2")))
    assert list(models._services) == ["ec2"]


@pytest.mark.parametrize("name", ["nothing", "../ec2", "", "EC2/2016-11-15"])
def test_a_service_that_botocore_does_not_know_is_no_path(name):
    with pytest.raises(UnknownService):
        Models().service(name)
