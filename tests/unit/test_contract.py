"""What EC2 has and we do not: a list in the repository that only shrinks."""

from pathlib import Path

from skerry.services.ec2.service import ACTIONS
from skerry.wire.models import Models

MISSING = Path(__file__).parents[1] / "contract" / "missing_ec2.txt"


def test_the_list_of_what_is_missing_is_true():
    """An action that was built leaves the list; one that AWS added since joins it with botocore's update."""
    operations = set(Models().service("ec2").operation_names)
    assert ACTIONS.keys() <= operations, "a handler for an action that AWS does not have"
    assert set(MISSING.read_text().split()) == operations - ACTIONS.keys()
