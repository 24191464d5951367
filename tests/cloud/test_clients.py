"""The commands and files that newcomers copy, word for word, with the clients that they have."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skerry.operations import credentials_of
from tests.api.test_terraform import MISSION, plugins
from tests.cloud.guests import SSH
from tests.cloud.image_cache import CACHE
from tests.cloud.real_cloud import RealCloud, until

DEBIANS_CLI = Path("/usr/bin/aws")
SEED = (
    "aws ec2 create-key-pair --key-name my-key-pair --query KeyMaterial --output text",
    "aws ec2 create-security-group --group-name my-security-group --description 'My security group'",
    (
        "aws ec2 authorize-security-group-ingress --group-name my-security-group --protocol tcp"
        " --port 22 --cidr 0.0.0.0/0"
    ),
    (
        "aws ec2 run-instances --image-id ami-0abcdef1234567890 --count 1 --instance-type t2.micro"
        " --key-name my-key-pair --security-groups my-security-group"
    ),
)


def _current_cli() -> Path:
    """AWS CLI version 1 of today from PyPI, in a virtual environment of the cache."""
    folder = CACHE / "awscli-1"
    if not (folder / "bin" / "aws").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
        pip = [str(folder / "bin" / "pip"), "install", "-q", "awscli"]
        done = subprocess.run(pip, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode != 0:
            shutil.rmtree(folder)
            pytest.skip(f"pip could not install the current awscli: {done.stderr.strip()[-300:]}")
    return folder / "bin" / "aws"


@pytest.fixture(params=["debian's 2.9", "current v1"])
def aws(request: pytest.FixtureRequest, cloud: RealCloud, tmp_path: Path):
    """Runs one line in a shell that has evaluated ``skerry env`` of a fresh account; returns its output."""
    program = DEBIANS_CLI if request.param == "debian's 2.9" else _current_cli()
    if not program.exists():
        pytest.skip(f"{program} is not installed (apt-get install awscli)")
    environ = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    exports = cloud.command("env", "--account", cloud.account(), **environ)

    def run(line: str) -> str:
        done = subprocess.run(
            ["bash", "-c", f"{exports}\n{line}"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


def test_the_seed_commands_word_for_word(cloud: RealCloud, aws, tmp_path: Path):
    material, _, _, launched = (aws(line) for line in SEED)
    pem = tmp_path / "my-key-pair.pem"
    pem.write_text(material)
    pem.chmod(0o400)
    instance_id = json.loads(launched)["Instances"][0]["InstanceId"]
    describe = f"aws ec2 describe-instances --instance-ids {instance_id}"
    try:
        aws(f"aws ec2 wait instance-running --instance-ids {instance_id}")
        address = aws(
            f"{describe} --query 'Reservations[0].Instances[0].PublicIpAddress' --output text"
        ).strip()
        until(lambda: cloud.banner(address), 60, "the guest greets")
        done = cloud.outside(*SSH, "-i", str(pem), f"ec2-user@{address}", "hostname")
        private = aws(
            f"{describe} --query 'Reservations[0].Instances[0].PrivateIpAddress' --output text"
        )
        assert done.stdout.strip() == f"ip-{private.strip().replace('.', '-')}", done.stderr
    finally:
        aws(f"aws ec2 terminate-instances --instance-ids {instance_id}")
        until(lambda: "terminated" in aws(describe), 30, "it is gone", 0.5)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed here")
@pytest.mark.skipif(
    plugins() is None, reason="no mirror of the AWS provider; name one in SKERRY_TERRAFORM_PLUGINS"
)
def test_terraform_makes_and_destroys_a_real_machine(cloud: RealCloud, tmp_path: Path):
    account = cloud.account()
    key_id, secret = credentials_of(cloud.config, account)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CHECKPOINT_DISABLE": "1",
        "AWS_ENDPOINT_URL": cloud.config.endpoint_url,
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
    }

    def terraform(*words: str) -> str:
        done = subprocess.run(
            ["terraform", words[0], "-no-color", "-input=false", *words[1:]],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (tmp_path / "main.tf").write_text(MISSION)
    terraform("init", f"-plugin-dir={plugins()}")
    terraform("apply", "-auto-approve")
    (reservation,) = cloud.client(account).describe_instances()["Reservations"]
    (made,) = reservation["Instances"]
    assert made["State"]["Name"] == "running"
    assert (cloud.folder / "guests" / made["InstanceId"] / "process").exists()
    terraform("plan", "-detailed-exitcode")
    terraform("destroy", "-auto-approve")
