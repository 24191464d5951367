"""Ansible's amazon.aws collection, unchanged: a VPC is made, made again without a change, and unmade.

Looked for in SKERRY_ANSIBLE (the folder of ansible-playbook), then on the PATH.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from skerry.operations import credentials_of
from tests.api.serving import RunningCloud

MAKE = """
- hosts: localhost
  gather_facts: false
  vars: {region: us-east-1}
  module_defaults:
    group/aws: {region: us-east-1}
  tasks:
    - amazon.aws.ec2_vpc_net: {name: main, cidr_block: 10.10.0.0/16, dns_support: true, dns_hostnames: true}
      register: net
    - amazon.aws.ec2_vpc_subnet:
        vpc_id: "{{ net.vpc.id }}"
        cidr: "10.10.{{ item }}.0/24"
        az: us-east-1a
        tags: {Name: "subnet-{{ item }}"}
      loop: [0, 1]
      register: subnets
    - amazon.aws.ec2_vpc_igw: {vpc_id: "{{ net.vpc.id }}"}
      register: gateway
    - amazon.aws.ec2_vpc_nat_gateway:
        subnet_id: "{{ subnets.results[0].subnet.id }}"
        if_exist_do_not_create: true
        wait: true
      register: nat
    - amazon.aws.ec2_vpc_route_table:
        vpc_id: "{{ net.vpc.id }}"
        tags: {Name: public}
        subnets: ["{{ subnets.results[0].subnet.id }}"]
        routes: [{dest: 0.0.0.0/0, gateway_id: "{{ gateway.gateway_id }}"}]
      register: public
    - amazon.aws.ec2_vpc_route_table:
        vpc_id: "{{ net.vpc.id }}"
        tags: {Name: private}
        subnets: ["{{ subnets.results[1].subnet.id }}"]
        routes: [{dest: 0.0.0.0/0, gateway_id: "{{ nat.nat_gateway_id }}"}]
      register: private
    - amazon.aws.ec2_security_group:
        name: front
        description: what may speak with the back
        vpc_id: "{{ net.vpc.id }}"
        rules: [{proto: tcp, ports: [80], cidr_ip: 0.0.0.0/0}]
      register: front
    - amazon.aws.ec2_security_group:
        name: back
        description: the back
        vpc_id: "{{ net.vpc.id }}"
        rules: [{proto: tcp, ports: [5432], group_id: "{{ front.group_id }}"}]
      register: back
    - amazon.aws.ec2_eni:
        subnet_id: "{{ subnets.results[1].subnet.id }}"
        description: spare
        private_ip_address: 10.10.1.10
        security_groups: ["{{ back.group_id }}"]
      register: card
"""

UNMAKE = """
    - amazon.aws.ec2_eni: {eni_id: "{{ card.interface.id }}", state: absent}
    - amazon.aws.ec2_security_group: {group_id: "{{ item }}", state: absent}
      loop: ["{{ back.group_id }}", "{{ front.group_id }}"]
    - amazon.aws.ec2_vpc_route_table:
        vpc_id: "{{ net.vpc.id }}"
        lookup: id
        route_table_id: "{{ item }}"
        state: absent
      loop: ["{{ private.route_table.id }}", "{{ public.route_table.id }}"]
    - amazon.aws.ec2_vpc_nat_gateway:
        nat_gateway_id: "{{ nat.nat_gateway_id }}"
        release_eip: true
        wait: true
        state: absent
    - amazon.aws.ec2_vpc_subnet: {vpc_id: "{{ net.vpc.id }}", cidr: "10.10.{{ item }}.0/24", state: absent}
      loop: [0, 1]
    - amazon.aws.ec2_vpc_igw: {vpc_id: "{{ net.vpc.id }}", state: absent}
    - amazon.aws.ec2_vpc_net: {vpc_id: "{{ net.vpc.id }}", state: absent}
"""


def playbook() -> str | None:
    return shutil.which("ansible-playbook", path=os.environ.get("SKERRY_ANSIBLE")) or shutil.which(
        "ansible-playbook"
    )


pytestmark = pytest.mark.skipif(
    playbook() is None, reason="no ansible-playbook; name its folder in SKERRY_ANSIBLE"
)


def play(folder: Path, cloud: RunningCloud, text: str) -> dict[str, int]:
    """Run the play; returns how many tasks did what. None may fail."""
    (folder / "play.yml").write_text(text)
    key_id, secret = credentials_of(cloud.cloud.config, "default")
    program = playbook()
    assert program
    done = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", "play.yml", "-e",
         f"ansible_python_interpreter={Path(program).with_name('python3')}"],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
        },
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return json.loads(done.stdout[done.stdout.index("{") :])["stats"]["localhost"]


def test_a_vpc_is_made_once_and_unmade(tmp_path: Path, cloud: RunningCloud):
    client = cloud.default_client()
    before = len(client.describe_vpcs()["Vpcs"])
    assert play(tmp_path, cloud, MAKE)["changed"] == 9
    assert play(tmp_path, cloud, MAKE)["changed"] == 0
    unmade = play(tmp_path, cloud, MAKE + UNMAKE)
    assert unmade["changed"] == 7
    cloud.settle()
    assert len(client.describe_vpcs()["Vpcs"]) == before
    assert client.describe_addresses()["Addresses"] == []
    assert client.describe_network_interfaces()["NetworkInterfaces"] == []
