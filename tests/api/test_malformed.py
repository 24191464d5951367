"""Ten thousand malformed requests: each gets an answer that an AWS client can parse, none a 5xx."""

import http.client
import json
import random
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.session import Session

from skerry.operations import credentials_of
from tests.api.serving import TINY, RunningCloud

REQUESTS = 10_000
HUGE = "A" * 20_000
ODD = [
    "",
    "\x00",
    "-1",
    "99999999999999999999",
    "é漢😀",
    "%",
    "' OR 1=1 --",
    "${x}",
    "../..",
    "NaN",
    HUGE,
]
CALLS = [
    ("RunInstances", {"ImageId": TINY, "MinCount": 1, "MaxCount": 1, "DryRun": True}),
    ("DescribeInstances", {"Filters": [{"Name": "tag:a", "Values": ["b*"]}], "MaxResults": 5}),
    ("AuthorizeSecurityGroupIngress", {"GroupName": "default", "IpProtocol": "tcp", "FromPort": 1,
                                       "ToPort": 2, "CidrIp": "1.2.3.4/32", "DryRun": True}),
    ("CreateTags", {"Resources": ["i-0123456789abcdef0"], "Tags": [{"Key": "k", "Value": "v"}]}),
    ("CreateVpc", {"CidrBlock": "10.0.0.0/16", "DryRun": True}),
    ("ImportKeyPair", {"KeyName": "k", "PublicKeyMaterial": b"ssh-rsa AAAA", "DryRun": True}),
    ("ModifyInstanceAttribute", {"InstanceId": "i-0123456789abcdef0", "UserData": {"Value": b"x"}}),
    ("DescribeImages", {"Owners": ["amazon"], "Filters": [{"Name": "name", "Values": ["*"]}]}),
]  # fmt: skip


class Client:
    """Signs what it is given, well-formed or not, and reads what comes back."""

    def __init__(self, cloud: RunningCloud) -> None:
        key_id, secret = credentials_of(cloud.cloud.config, "default")
        self._auth = SigV4Auth(Credentials(key_id, secret), "ec2", "us-east-1")
        self._url = cloud.endpoint_url
        self._connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=30)

    def signed(self, body: bytes, method: str = "POST", path: str = "/") -> AWSRequest:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = AWSRequest(method, self._url + path, headers, body)
        self._auth.add_auth(request)
        return request

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]):
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return response.status, response.getheader("content-type") or "", response.read()

    def close(self) -> None:
        self._connection.close()


def _bodies() -> list[bytes]:
    model = Session().get_service_model("ec2")
    from botocore.serialize import create_serializer

    serializer = create_serializer("ec2", include_validation=False)
    found = []
    for name, parameters in CALLS:
        made = serializer.serialize_to_request(parameters, model.operation_model(name))["body"]
        text = "&".join(f"{key}={_quoted(value)}" for key, value in made.items())
        found.append(text.encode())
    return found


def _quoted(value: object) -> str:
    from urllib.parse import quote

    return quote(value if isinstance(value, bytes) else str(value))


def _mutated(body: bytes, chance: random.Random) -> bytes:
    if chance.randrange(8) == 0:
        return chance.randbytes(chance.randrange(0, 3000))
    if chance.randrange(7) == 0:
        return _with_random_bytes(body, chance)
    fields = body.split(b"&")
    at = chance.randrange(len(fields))
    name = fields[at].split(b"=")[0]
    number = chance.choice([b".0", b".-1", b".999999999", b".x", str(chance.random()).encode()])
    odd = _quoted(chance.choice(ODD)).encode()
    fields[at : at + 1] = chance.choice(
        [
            [],
            [name + b"=" + odd],
            [fields[at], odd + b"." + str(chance.randrange(10**12)).encode() + b"=x"],
            [fields[at].replace(b".1", number)],
            [fields[at]] * chance.choice([2, 50]),
            [name + b".a.b.c.d=1"],
        ]
    )
    return b"&".join(fields)


def _with_random_bytes(body: bytes, chance: random.Random) -> bytes:
    raw = bytearray(body)
    for _ in range(chance.randrange(1, 20)):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw)


def _check(status: int, content_type: str, body: bytes) -> None:
    assert status < 500, body[:500]
    assert b"Traceback" not in body
    if status != 200 and body:
        if "json" in content_type or "cbor" in content_type:
            assert "cbor" in content_type or json.loads(body)
        elif "xml" in content_type:
            ElementTree.fromstring(body)


def _check_that_nothing_is_half_made(cloud: RunningCloud) -> None:
    """A mutation that leaves a request valid (it may lose its DryRun) makes a whole instance."""
    cloud.settle()
    for page in cloud.default_client().describe_instances()["Reservations"]:
        for instance in page["Instances"]:
            assert instance["State"]["Name"] == "running"
            assert instance["NetworkInterfaces"]
            assert instance["BlockDeviceMappings"]


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


@pytest.mark.timeout(240)
def test_ten_thousand_malformed_requests_get_no_5xx_no_traceback_and_take_no_memory(
    cloud: RunningCloud,
):
    chance, client, bodies = random.Random(7), Client(cloud), _bodies()
    statuses: dict[int, int] = {}
    settled_mib = 0.0
    for number in range(REQUESTS):
        if number == REQUESTS // 4:
            settled_mib = _resident_mib()
        body = _mutated(chance.choice(bodies), chance)
        if number % 10 == 9:  # unsigned, or signed and then broken
            headers = (
                {} if chance.random() < 0.5 else dict(client.signed(bodies[0]).headers.items())
            )
            method = chance.choice(["POST", "GET", "PUT", "DELETE", "PATCH"])
            answer = client.send(
                method, chance.choice(["/", "/?Action=x", "/a/b?c", "/%00"]), body, headers
            )
        else:
            request = client.signed(body)
            answer = client.send("POST", "/", body, dict(request.headers.items()))
        _check(*answer)
        statuses[answer[0]] = statuses.get(answer[0], 0) + 1
    client.close()
    assert statuses.get(400, 0) > REQUESTS / 3, (
        "most of them reach validation and are refused there"
    )
    assert _resident_mib() - settled_mib < 20
    _check_that_nothing_is_half_made(cloud)


def test_a_body_that_is_too_large_is_refused(cloud: RunningCloud):
    client = Client(cloud)
    status, _, body = client.send("POST", "/", b"A" * (17 * 2**20), {})
    client.close()
    assert status == 413
    assert b"RequestEntityTooLarge" in body
