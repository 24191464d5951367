"""Prefix lists by Terraform: in a rule and a route, entries and sizes changed, destroyed."""

from pathlib import Path

import pytest

from tests.api.serving import RunningCloud
from tests.api.test_terraform import Terraform, pytestmark

__all__ = ["pytestmark"]

NETWORK = """
provider "aws" {
  region = "us-east-1"
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.us-east-1.s3"
}

data "aws_prefix_list" "s3" {
  name = "com.amazonaws.us-east-1.s3"
}

resource "aws_vpc" "main" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_ec2_managed_prefix_list" "office" {
  name           = "office"
  address_family = "IPv4"
  max_entries    = 5
  entry {
    cidr        = "192.0.2.0/24"
    description = "first floor"
  }
  entry {
    cidr = "198.51.100.0/24"
  }
  tags = { team = "a" }
}

resource "aws_ec2_managed_prefix_list" "empty" {
  name           = "by entry"
  address_family = "IPv6"
  max_entries    = 2
}

resource "aws_ec2_managed_prefix_list_entry" "one" {
  prefix_list_id = aws_ec2_managed_prefix_list.empty.id
  cidr           = "2001:db8::/32"
  description    = "documentation"
}

resource "aws_route_table" "main" {
  vpc_id = aws_vpc.main.id
  route {
    destination_prefix_list_id = aws_ec2_managed_prefix_list.office.id
    gateway_id                 = aws_internet_gateway.main.id
  }
}

resource "aws_route" "six" {
  route_table_id             = aws_vpc.main.main_route_table_id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.empty.id
  gateway_id                 = aws_internet_gateway.main.id
}

resource "aws_security_group" "main" {
  name   = "main"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "office" {
  security_group_id = aws_security_group.main.id
  prefix_list_id    = aws_ec2_managed_prefix_list.office.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.main.id
  prefix_list_id    = data.aws_ec2_managed_prefix_list.s3.id
  ip_protocol       = "-1"
}
"""


@pytest.fixture
def terraform(tmp_path: Path, cloud: RunningCloud) -> Terraform:
    return Terraform(tmp_path, cloud)


def test_lists_are_applied_changed_and_destroyed(terraform: Terraform, cloud: RunningCloud):
    client = cloud.default_client()
    own = [{"Name": "prefix-list-name", "Values": ["office", "by entry"]}]
    terraform.write(NETWORK)
    terraform.init()
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    changed = NETWORK.replace("198.51.100.0/24", "203.0.113.0/24")
    terraform.write(changed)
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    terraform.write(changed.replace("max_entries    = 5", "max_entries    = 20"))
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    office = client.describe_managed_prefix_lists(Filters=own[:1])["PrefixLists"]
    assert {one["MaxEntries"] for one in office} == {20, 2}
    terraform("destroy", "-auto-approve")
    assert client.describe_managed_prefix_lists(Filters=own)["PrefixLists"] == []
