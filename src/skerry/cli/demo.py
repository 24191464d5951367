"""demo: from nothing to a shell in a virtual machine, the way the AWS CLI does it."""

import shlex
import subprocess
import time
from pathlib import Path
from typing import Any

import click
from botocore.exceptions import ClientError
from botocore.session import Session

from skerry.cli.lifecycle import bring_up
from skerry.cli.process import configured
from skerry.cli.screen import say
from skerry.config import Config

IMAGE = "ami-0abcdef1234567890"
KEY = "my-key-pair"
GROUP = "my-security-group"
SSH_PATIENCE_S = 120.0


@click.command()
def demo() -> None:
    """Start the cloud, launch a virtual machine, log in by ssh and show it."""
    began = time.monotonic()
    config = configured()
    bring_up(config)
    ec2 = ec2_client(config)
    key = _key_pair(ec2, config)
    _security_group(ec2)
    address = _instance(ec2)
    say(f"$ ssh -i {key} ec2-user@{address}")
    click.echo(
        _ssh(key, address, "hostname; uname -sr; ip -o -4 addr show dev eth0; df -h /; uptime")
    )
    say(f"[green]a real machine answered[/] after {time.monotonic() - began:.1f} s")
    say('yours to use:  eval "$(./skerry env)"  &&  aws ec2 describe-instances')


def ec2_client(config: Config) -> Any:
    """An EC2 client as the AWS CLI uses it, with the default account's key."""
    from skerry.operations import credentials_of  # noqa: PLC0415

    key_id, secret = credentials_of(config, "default")
    return Session().create_client(
        "ec2",
        region_name=config.region,
        endpoint_url=config.endpoint_url,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


def _key_pair(ec2: Any, config: Config) -> Path:
    file = config.state_dir / "demo" / f"{KEY}.pem"
    say(f"$ aws ec2 create-key-pair --key-name {KEY} --key-type ed25519")
    if file.exists() and _exists(lambda: ec2.describe_key_pairs(KeyNames=[KEY])):
        return file
    ec2.delete_key_pair(KeyName=KEY)
    made = ec2.create_key_pair(KeyName=KEY, KeyType="ed25519")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(made["KeyMaterial"])
    return file


def _security_group(ec2: Any) -> None:
    say(f"$ aws ec2 create-security-group --group-name {GROUP} --description demo")
    say(f"$ aws ec2 authorize-security-group-ingress --group-name {GROUP} --protocol tcp --port 22")
    if _exists(lambda: ec2.describe_security_groups(GroupNames=[GROUP])):
        return
    ec2.create_security_group(GroupName=GROUP, Description="demo")
    ec2.authorize_security_group_ingress(
        GroupName=GROUP, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )


def _instance(ec2: Any) -> str:
    """The public address of a running demo machine."""
    say(
        f"$ aws ec2 run-instances --image-id {IMAGE} --count 1 --instance-type t2.micro"
        f" --key-name {KEY} --security-groups {GROUP}"
    )
    found = ec2.describe_instances(
        Filters=[
            {"Name": "tag:Name", "Values": ["demo"]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
    )["Reservations"]
    if found:
        instance = found[0]["Instances"][0]
    else:
        instance = ec2.run_instances(
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            InstanceType="t2.micro",
            KeyName=KEY,
            SecurityGroups=[GROUP],
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "demo"}]}
            ],
        )["Instances"][0]
        waiter = ec2.get_waiter("instance_running")
        waiter.wait(InstanceIds=[instance["InstanceId"]], WaiterConfig={"Delay": 1})
        answer = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
        instance = answer["Reservations"][0]["Instances"][0]
    say(f"{instance['InstanceId']} is running at {instance['PublicIpAddress']}")
    return instance["PublicIpAddress"]


def _ssh(key: Path, address: str, command: str) -> str:
    """What ``command`` prints in the guest; waits for the guest's boot."""
    options = "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    options += " -o LogLevel=ERROR -o ConnectTimeout=2"
    login = ["ssh", *shlex.split(options), "-i", str(key), f"ec2-user@{address}", command]
    end = time.monotonic() + SSH_PATIENCE_S
    while True:
        done = subprocess.run(login, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.rstrip()
        if time.monotonic() > end:
            raise click.ClickException(
                f"the machine does not answer by ssh: {done.stderr.strip()}; see `skerry logs`"
            )
        time.sleep(0.2)


def _exists(ask: Any) -> bool:
    try:
        ask()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code", "").endswith(("NotFound", "Duplicate")):
            return False
        raise
    return True
