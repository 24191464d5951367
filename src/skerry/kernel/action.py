"""An action is one function: ``(ctx, request) -> response``, named after AWS's operation."""

from collections.abc import Callable
from inspect import getmembers
from types import ModuleType
from typing import Any, TypeVar

Handler = Callable[..., Any]
Function = TypeVar("Function", bound=Handler)

_READS = ("Describe", "Get", "List", "Head")


def action(name: str) -> Callable[[Function], Function]:
    """Mark a function as the handler of AWS's operation ``name``."""

    def mark(function: Function) -> Function:
        function.__dict__["aws_action"] = name
        return function

    return mark


def actions_of(*modules: ModuleType) -> dict[str, Handler]:
    """Operation name → handler, of all marked functions in these modules."""
    found: dict[str, Handler] = {}
    for module in modules:
        for _, member in getmembers(module, callable):
            name = getattr(member, "__dict__", {}).get("aws_action")
            if name is not None and member.__module__ == module.__name__:
                found[name] = member
    return found


def only_reads(name: str) -> bool:
    """Whether an operation changes nothing, told by its verb as AWS names them."""
    return name.startswith(_READS)
