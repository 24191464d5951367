"""An instance that may ask for its metadata."""

import pytest

from skerry.drivers.compute.memory import MemoryCompute
from skerry.drivers.compute.port import Compute
from skerry.drivers.images.label import ImageLabel
from skerry.drivers.images.memory import MemoryImages
from skerry.drivers.images.port import Images
from skerry.kernel.clock import now
from skerry.kernel.engines import Engines
from skerry.services.ec2.image.api import register_builtin
from skerry.services.ec2.metadata.answers import Answer, Question, answer
from skerry.services.ec2.metadata.subject import find_subject

TINY = "ami-0abcdef1234567890"
SECRET = b"s" * 32
NOW_S = 1_000_000.0


@pytest.fixture
def engines() -> Engines:
    images = MemoryImages()
    images.add(ImageLabel(TINY, "tiny", "the default image", "ec2-user"))
    return Engines({Compute: MemoryCompute(), Images: images})


class Guest:
    """An instance as the metadata server sees it."""

    def __init__(self, tenant, **wanted) -> None:
        self.tenant = tenant
        with tenant.database.write(None) as session:
            for image in tenant.engines.get(Images).all():
                register_builtin(session, image, now())
        launched = tenant(
            "RunInstances", ImageId=TINY, MinCount=1, MaxCount=1, InstanceType="t2.micro", **wanted
        )
        self.instance = launched["Instances"][0]
        self.vpc_id = self.instance["VpcId"]
        self.ip = self.instance["PrivateIpAddress"]

    def subject(self):
        return find_subject(self.tenant.database, self.tenant.region, self.vpc_id, self.ip)

    def ask(self, path: str, method: str = "GET", at_s: float = NOW_S, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer(Question(method, path, named), self.subject(), SECRET, at_s)

    def text(self, path: str, **headers: str) -> str:
        found = self.ask(path, **headers)
        assert found.status == 200, found.body
        return found.body.decode()

    def token(self, ttl: str = "60") -> Answer:
        return self.ask("/latest/api/token", "PUT", **{"x-aws-ec2-metadata-token-ttl-seconds": ttl})


@pytest.fixture
def launch(tenant):
    return lambda **wanted: Guest(tenant, **wanted)
