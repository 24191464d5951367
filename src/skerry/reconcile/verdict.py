"""What a pass concludes."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Done:
    """The world matches the row; look again only when woken."""


@dataclass(frozen=True, slots=True)
class Again:
    """Not yet, or a deadline lies ahead: look again after this many seconds."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing of the resource is left in the world: delete the row."""


Verdict: TypeAlias = Done | Again | Gone
"""A pass that raises is tried again with growing pauses."""
