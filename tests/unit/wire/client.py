"""What botocore's client does, without a network: its requests to ours, our answers to its own."""

from functools import cache
from urllib.parse import urlsplit

from botocore import parsers, serialize
from botocore.awsrequest import AWSRequest, HeadersDict, prepare_request_dict
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from skerry.wire.http import HttpRequest, HttpResponse

SERVICES = (
    *("ec2", "sts", "iam", "elbv2", "autoscaling", "cloudwatch", "logs", "s3", "kms"),
    *("cloudformation", "route53", "ecs", "budgets", "ce", "cloudtrail"),
)
# Without the SDK's extras: they make S3's Expires a time, which on the wire is any text.
LOADER = Loader(include_default_extras=False)


@cache
def service_model(name: str) -> ServiceModel:
    return ServiceModel(LOADER.load_service_model(name, "service-2"), name)


def offered() -> list[tuple[str, str]]:
    return [
        (service, protocol)
        for service in SERVICES
        for protocol in service_model(service).metadata["protocols"]
    ]


def botocore_request(operation: OperationModel, protocol: str, parameters: dict) -> AWSRequest:
    serializer = serialize.create_serializer(protocol, include_validation=False)
    found = serializer.serialize_to_request(parameters, operation)
    prepare_request_dict(found, "https://endpoint.example")
    return AWSRequest(
        method=found["method"], url=found["url"], data=found["body"], headers=found["headers"]
    )


def received(request: AWSRequest) -> HttpRequest:
    """The request as our server sees it."""
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = [
        (name.lower(), value.decode("latin-1") if isinstance(value, bytes) else str(value))
        for name, value in prepared.headers.items()
    ]
    if not any(name == "host" for name, _ in headers):
        headers.append(("host", parts.netloc))
    body = prepared.body or b""
    if not isinstance(body, bytes | bytearray | str):
        body = body.read()
    raw = body.encode() if isinstance(body, str) else bytes(body)
    return HttpRequest(prepared.method, parts.path or "/", parts.query, headers, raw)


def parsed(response: HttpResponse, protocol: str, shape, *, streaming: bool = False) -> dict:
    """What botocore's client makes of our answer."""
    parser = parsers.create_parser(protocol)
    return parser.parse(
        {
            "status_code": response.status,
            "headers": HeadersDict(dict(response.headers)),
            # botocore gives a streaming body as a stream; anything but bytes it leaves alone.
            "body": bytearray(response.body) if streaming else response.body,
            "context": {},
        },
        shape,
    )
