"""Interfaces and their addresses as Terraform's own AWS provider sees them."""

from tests.api.serving import RunningCloud
from tests.api.test_terraform import Terraform, pytestmark, terraform

__all__ = ["pytestmark", "terraform"]

INTERFACES = """
provider "aws" {
  region = "us-east-1"
}

resource "aws_vpc" "one" {
  cidr_block                       = "10.0.0.0/16"
  assign_generated_ipv6_cidr_block = true
}

resource "aws_internet_gateway" "one" {
  vpc_id = aws_vpc.one.id
}

resource "aws_subnet" "one" {
  vpc_id            = aws_vpc.one.id
  cidr_block        = "10.0.1.0/24"
  ipv6_cidr_block   = cidrsubnet(aws_vpc.one.ipv6_cidr_block, 8, 1)
  availability_zone = "us-east-1a"
}

resource "aws_network_interface" "first" {
  subnet_id   = aws_subnet.one.id
  private_ips = ["10.0.1.10", "10.0.1.11"]
  description = "first"
}

resource "aws_network_interface" "second" {
  subnet_id          = aws_subnet.one.id
  private_ips_count  = SECONDARY
  ipv6_address_count = 1
  source_dest_check  = false
  tags               = { Name = "second" }
}

resource "aws_instance" "web" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.medium"
  network_interface {
    network_interface_id = aws_network_interface.first.id
    device_index         = 0
  }
}

resource "aws_network_interface_attachment" "second" {
  instance_id          = aws_instance.web.id
  network_interface_id = aws_network_interface.second.id
  device_index         = 1
}

resource "aws_network_interface" "third" {
  subnet_id = aws_subnet.one.id
  attachment {
    instance     = aws_instance.web.id
    device_index = 2
  }
}

resource "aws_eip" "further" {
  domain                    = "vpc"
  network_interface         = aws_network_interface.first.id
  associate_with_private_ip = "10.0.1.11"
  depends_on                = [aws_internet_gateway.one]
}

resource "aws_eip" "second" {
  domain = "vpc"
}

resource "aws_eip_association" "second" {
  allocation_id        = aws_eip.second.id
  network_interface_id = aws_network_interface.second.id
  depends_on           = [aws_internet_gateway.one]
}

resource "aws_eip_domain_name" "second" {
  allocation_id = aws_eip.second.allocation_id
  domain_name   = "mail.example.com"
}

data "aws_network_interface" "second" {
  id         = aws_network_interface.second.id
  depends_on = [aws_network_interface_attachment.second]
}
"""


def test_interfaces_and_addresses_are_made_changed_and_destroyed(
    terraform: Terraform, cloud: RunningCloud
):
    terraform.write(INTERFACES.replace("SECONDARY", "1"))
    terraform.init()
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    ec2 = cloud.default_client()
    (reservation,) = ec2.describe_instances()["Reservations"]
    interfaces = reservation["Instances"][0]["NetworkInterfaces"]
    assert [len(each["PrivateIpAddresses"]) for each in interfaces] == [2, 2, 1]
    assert [len(each["Ipv6Addresses"]) for each in interfaces] == [0, 1, 0]
    leading = {each["PrivateIpAddress"] for each in ec2.describe_addresses()["Addresses"]}
    assert leading == {"10.0.1.11", interfaces[1]["PrivateIpAddress"]}

    terraform.write(INTERFACES.replace("SECONDARY", "3"))
    terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    (reservation,) = ec2.describe_instances()["Reservations"]
    interfaces = reservation["Instances"][0]["NetworkInterfaces"]
    assert [len(each["PrivateIpAddresses"]) for each in interfaces] == [2, 4, 1]

    terraform("destroy", "-auto-approve")
    cloud.settle()
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert ec2.describe_addresses()["Addresses"] == []
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1
