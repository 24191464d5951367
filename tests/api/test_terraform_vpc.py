"""A whole VPC by Terraform: applied, planned again, changed, destroyed; nothing is left."""

from pathlib import Path

import pytest

from tests.api.serving import RunningCloud
from tests.api.test_terraform import Terraform, pytestmark

__all__ = ["pytestmark"]

NETWORK = """
provider "aws" {
  region = "us-east-1"
}

locals {
  zones = ["us-east-1a", "us-east-1b"]
}

resource "aws_vpc" "main" {
  cidr_block                       = "10.10.0.0/16"
  enable_dns_hostnames             = true
  assign_generated_ipv6_cidr_block = true
  tags                             = { Name = "main" }
}

resource "aws_vpc_ipv4_cidr_block_association" "more" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.11.0.0/16"
}

resource "aws_subnet" "public" {
  count                           = 2
  vpc_id                          = aws_vpc.main.id
  cidr_block                      = cidrsubnet("10.10.0.0/16", 8, count.index)
  ipv6_cidr_block                 = cidrsubnet(aws_vpc.main.ipv6_cidr_block, 8, count.index)
  assign_ipv6_address_on_creation = true
  availability_zone               = local.zones[count.index]
  map_public_ip_on_launch         = true
}

resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc_ipv4_cidr_block_association.more.vpc_id
  cidr_block        = cidrsubnet("10.11.0.0/16", 8, count.index)
  availability_zone = local.zones[count.index]
}

resource "aws_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_egress_only_internet_gateway" "main" {
  vpc_id = aws_vpc.main.id
}

resource "aws_eip" "nat" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway.main]
}

resource "aws_nat_gateway" "main" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[0].id
  tags          = { Name = "out" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }
  route {
    ipv6_cidr_block = "::/0"
    gateway_id      = aws_internet_gateway.main.id
  }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.main.id
  }
  route {
    ipv6_cidr_block        = "::/0"
    egress_only_gateway_id = aws_egress_only_internet_gateway.main.id
  }
  route {
    cidr_block                = aws_vpc.other.cidr_block
    vpc_peering_connection_id = aws_vpc_peering_connection.both.id
  }
}

resource "aws_route_table_association" "public" {
  count          = 2
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  count          = 2
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_network_acl" "private" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = aws_subnet.private[*].id
  ingress {
    rule_no    = 100
    protocol   = "tcp"
    action     = "allow"
    cidr_block = "10.0.0.0/8"
    from_port  = 1024
    to_port    = 65535
  }
  egress {
    rule_no    = 100
    protocol   = "-1"
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}

resource "aws_vpc_dhcp_options" "own" {
  domain_name         = "corp.test"
  domain_name_servers = ["AmazonProvidedDNS"]
}

resource "aws_vpc_dhcp_options_association" "own" {
  vpc_id          = aws_vpc.main.id
  dhcp_options_id = aws_vpc_dhcp_options.own.id
}

resource "aws_vpc" "other" {
  cidr_block = "10.20.0.0/16"
}

resource "aws_vpc_peering_connection" "both" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.other.id
  auto_accept = true
}

resource "aws_security_group" "front" {
  name   = "front"
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group" "back" {
  name   = "back"
  vpc_id = aws_vpc.main.id
}

resource "aws_vpc_security_group_ingress_rule" "back" {
  security_group_id            = aws_security_group.back.id
  referenced_security_group_id = aws_security_group.front.id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
}

resource "aws_vpc_security_group_egress_rule" "front" {
  security_group_id            = aws_security_group.front.id
  referenced_security_group_id = aws_security_group.back.id
  ip_protocol                  = "tcp"
  from_port                    = 80
  to_port                      = 80
}

resource "aws_vpc_endpoint" "sts" {
  vpc_id             = aws_vpc.main.id
  service_name       = "com.amazonaws.us-east-1.sts"
  vpc_endpoint_type  = "Interface"
  subnet_ids         = aws_subnet.private[*].id
  security_group_ids = [aws_security_group.back.id]
}

resource "aws_network_interface" "two" {
  subnet_id       = aws_subnet.private[0].id
  private_ips     = ["10.11.0.10", "10.11.0.11"]
  security_groups = [aws_security_group.back.id]
}
"""


@pytest.fixture
def terraform(tmp_path: Path, cloud: RunningCloud) -> Terraform:
    return Terraform(tmp_path, cloud)


def test_a_whole_vpc_is_applied_changed_and_destroyed(terraform: Terraform, cloud: RunningCloud):
    client = cloud.default_client()
    before = len(client.describe_vpcs()["Vpcs"])
    terraform.write(NETWORK)
    terraform.init()
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    (gateway,) = client.describe_nat_gateways()["NatGateways"]
    assert gateway["State"] == "available"
    changed = NETWORK.replace("rule_no    = 100", "rule_no    = 110", 1)
    changed = changed.replace(
        "from_port                    = 80", "from_port                    = 79"
    )
    terraform.write(changed.replace('"out"', '"way out"'))
    assert "0 to add, 4 to change, 0 to destroy" in terraform("plan")
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    terraform("destroy", "-auto-approve")
    cloud.settle()
    assert len(client.describe_vpcs()["Vpcs"]) == before
    assert client.describe_addresses()["Addresses"] == []
    assert client.describe_network_interfaces()["NetworkInterfaces"] == []
    (gateway,) = client.describe_nat_gateways()["NatGateways"]
    assert gateway["State"] == "deleted"
    assert len(cloud.cloud.drivers.network.vpcs()) == before
