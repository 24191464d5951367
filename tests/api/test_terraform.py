"""Terraform with HashiCorp's own AWS provider, unchanged, told nothing but an endpoint and credentials.

The provider is looked for in SKERRY_TERRAFORM_PLUGINS, then in Terraform's own plugin directories.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from skerry.drivers.compute.port import Power
from skerry.drivers.disks.port import Disks
from skerry.operations import credentials_of
from tests.api.serving import RunningCloud

MISSION = """
provider "aws" {
  region = "us-east-1"
}

resource "aws_instance" "web" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t2.micro"
}
"""

CATALOGUE = """
provider "aws" {
  region = "us-east-1"
}

data "aws_ami" "newest" {
  most_recent = true
  owners      = ["amazon"]
  filter {
    name   = "name"
    values = ["tiny*"]
  }
}

data "aws_availability_zones" "all" {
  state = "available"
}

data "aws_ec2_instance_type" "small" {
  instance_type = "t3.small"
}

resource "aws_key_pair" "mine" {
  key_name   = "mine"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAIyTDDYc8RSCKZFki60eCa3zryj3trWyLoxy5kmyT8O me"
  tags       = { team = "a" }
}

resource "aws_ami" "copy" {
  name                = "copy"
  virtualization_type = "hvm"
  root_device_name    = "/dev/xvda"
  ebs_block_device {
    device_name = "/dev/xvda"
    snapshot_id = tolist(data.aws_ami.newest.block_device_mappings)[0].ebs.snapshot_id
    volume_size = 2
  }
}

resource "aws_instance" "web" {
  ami               = aws_ami.copy.id
  instance_type     = data.aws_ec2_instance_type.small.instance_type
  key_name          = aws_key_pair.mine.key_name
  availability_zone = data.aws_availability_zones.all.names[1]
  root_block_device {
    volume_size = 3
    volume_type = "gp2"
    tags        = { part = "root" }
  }
}
"""


def plugins() -> Path | None:
    home = Path.home()
    places = [
        os.environ.get("SKERRY_TERRAFORM_PLUGINS"),
        home / ".terraform.d" / "plugins",
        home / ".local" / "share" / "terraform" / "plugins",
        "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins",
    ]
    for place in places:
        if place and (Path(place) / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
            return Path(place)
    return None


pytestmark = [
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed here"),
    pytest.mark.skipif(
        plugins() is None,
        reason="no mirror of the AWS provider; name one in SKERRY_TERRAFORM_PLUGINS",
    ),
]


class Terraform:
    """One working directory; commands must succeed."""

    def __init__(self, folder: Path, cloud: RunningCloud) -> None:
        key_id, secret = credentials_of(cloud.cloud.config, "default")
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CHECKPOINT_DISABLE": "1",
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
        }

    def write(self, text: str) -> None:
        (self._folder / "main.tf").write_text(text)

    def init(self) -> None:
        self("init", f"-plugin-dir={plugins()}")

    def __call__(self, *arguments: str) -> str:
        done = self._run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def must_plan_nothing(self) -> None:
        done = self._run("plan", "-detailed-exitcode")
        assert done.returncode == 0, done.stdout + done.stderr

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", arguments[0], "-no-color", "-input=false", *arguments[1:]],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )


@pytest.fixture
def terraform(tmp_path: Path, cloud: RunningCloud) -> Terraform:
    return Terraform(tmp_path, cloud)


def _instances(cloud: RunningCloud) -> list[dict]:
    """Those not yet terminated."""
    states = [{"Name": "instance-state-name", "Values": ["pending", "running", "stop*"]}]
    reservations = cloud.default_client().describe_instances(Filters=states)["Reservations"]
    return [instance for each in reservations for instance in each["Instances"]]


def _nothing_is_left(cloud: RunningCloud) -> None:
    cloud.settle()
    client = cloud.default_client()
    assert _instances(cloud) == []
    assert client.describe_volumes()["Volumes"] == []
    assert client.describe_network_interfaces()["NetworkInterfaces"] == []
    assert client.describe_key_pairs()["KeyPairs"] == []
    assert client.describe_images(Owners=["self"])["Images"] == []
    compute = cloud.cloud.drivers.compute
    assert {compute.power(each) for each in compute.instances()} <= {Power.ABSENT}
    assert cloud.cloud.drivers.engines.get(Disks).volumes() == set()


def test_the_missions_own_file_is_planned_applied_changed_and_destroyed(
    terraform: Terraform, cloud: RunningCloud
):
    terraform.write(MISSION)
    terraform.init()
    assert "1 to add, 0 to change, 0 to destroy" in terraform("plan")
    terraform("apply", "-auto-approve")
    (made,) = _instances(cloud)
    assert made["State"]["Name"] == "running"
    terraform.must_plan_nothing()

    changed = MISSION.replace('"t2.micro"', '"t3.small"\n  tags = { Name = "web" }')
    terraform.write(changed)
    assert "0 to add, 1 to change, 0 to destroy" in terraform("plan")
    terraform("apply", "-auto-approve")
    (after,) = _instances(cloud)
    assert after["InstanceId"] == made["InstanceId"]
    assert (after["State"]["Name"], after["InstanceType"]) == ("running", "t3.small")
    assert after["Tags"] == [{"Key": "Name", "Value": "web"}]
    terraform.must_plan_nothing()

    terraform("destroy", "-auto-approve")
    _nothing_is_left(cloud)


def test_images_keys_types_and_zones_are_read_and_made(terraform: Terraform, cloud: RunningCloud):
    terraform.write(CATALOGUE)
    terraform.init()
    terraform("apply", "-auto-approve")
    (made,) = _instances(cloud)
    assert made["Placement"]["AvailabilityZone"] == "us-east-1b"
    assert made["KeyName"] == "mine"
    (volume,) = cloud.default_client().describe_volumes()["Volumes"]
    assert (volume["Size"], volume["VolumeType"]) == (3, "gp2")
    assert volume["Tags"] == [{"Key": "part", "Value": "root"}]
    terraform.must_plan_nothing()
    terraform("destroy", "-auto-approve")
    _nothing_is_left(cloud)
