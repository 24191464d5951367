"""Reachability Analyzer by Terraform: a path, an analysis that is waited for, both destroyed."""

from pathlib import Path

import pytest

from tests.api.serving import RunningCloud
from tests.api.test_terraform import Terraform, pytestmark

__all__ = ["pytestmark"]

ANALYSIS = """
provider "aws" {
  region = "us-east-1"
}

data "aws_subnets" "all" {}

resource "aws_network_interface" "one" {
  subnet_id = data.aws_subnets.all.ids[0]
}

resource "aws_network_interface" "two" {
  subnet_id = data.aws_subnets.all.ids[1]
}

resource "aws_ec2_network_insights_path" "path" {
  source           = aws_network_interface.one.id
  destination      = aws_network_interface.two.arn
  destination_port = 443
  protocol         = "tcp"
  tags             = { team = "a" }
}

resource "aws_ec2_network_insights_path" "scoped" {
  source      = aws_network_interface.two.id
  destination = aws_network_interface.one.id
  protocol    = "udp"
  filter_at_source {
    source_port_range {
      from_port = 2000
      to_port   = 3000
    }
  }
}

resource "aws_ec2_network_insights_analysis" "analysis" {
  network_insights_path_id = aws_ec2_network_insights_path.path.id
}

output "found" {
  value = aws_ec2_network_insights_analysis.analysis.path_found
}
"""


@pytest.fixture
def terraform(tmp_path: Path, cloud: RunningCloud) -> Terraform:
    return Terraform(tmp_path, cloud)


def test_an_analysis_is_waited_for_and_destroyed_with_its_path(
    terraform: Terraform, cloud: RunningCloud
):
    client = cloud.default_client()
    terraform.write(ANALYSIS)
    terraform.init()
    assert "found = true" in terraform("apply", "-auto-approve")
    terraform.must_plan_nothing()
    (analysis,) = client.describe_network_insights_analyses()["NetworkInsightsAnalyses"]
    assert analysis["Status"] == "succeeded"
    terraform("destroy", "-auto-approve")
    assert client.describe_network_insights_analyses()["NetworkInsightsAnalyses"] == []
    assert client.describe_network_insights_paths()["NetworkInsightsPaths"] == []
