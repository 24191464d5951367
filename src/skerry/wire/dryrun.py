"""DryRun: do it all, keep nothing, say what would have happened.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html (DryRun)
"""

from collections.abc import Mapping
from typing import Any

from skerry.kernel.errors import AwsError


class DryRunOperation(AwsError):
    code = "DryRunOperation"
    text = "Request would have succeeded, but DryRun flag is set."
    status = 412


def refuse_to_keep(parameters: Mapping[str, Any]) -> None:
    """Raise DryRunOperation, which rolls the transaction back, if the request only asks."""
    if parameters.get("DryRun"):
        raise DryRunOperation
