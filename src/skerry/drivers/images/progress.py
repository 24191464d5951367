"""How long work tells how far it is."""

from collections.abc import Callable

# Called with the step under way and how much of the whole is done, 0 to 1.
Progress = Callable[[str, float], None]
