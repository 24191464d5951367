"""Who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skerry.kernel.action import action
from skerry.kernel.arn import arn
from skerry.kernel.context import Context

if TYPE_CHECKING:
    from collections.abc import Mapping


@action("GetCallerIdentity")
def get_caller_identity(ctx: Context, req: Mapping[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
    del req
    return {
        "UserId": ctx.account_id,
        "Account": ctx.account_id,
        "Arn": arn("iam", "", ctx.account_id, "root"),
    }
