"""Callers first: work that nobody waits for begins when no call is under way, or has waited long enough.

Python runs one thread at a time; a pass that begins while an answer is being written makes its caller wait
for both.
"""

import threading
import time

QUIET_S = 0.003
"""So long after the last call another is not to be expected at once; a client's next call comes sooner."""
PATIENCE_S = 0.5
"""The longest that background work is put off; from then on it shares the processor with calls."""


class Foreground:
    """Counts the calls under way: ``with foreground: answer()``. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        self._quiet_since = float("-inf")  # by the monotonic clock

    def __enter__(self) -> None:
        with self._lock:
            self._calls += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._calls -= 1
            self._quiet_since = time.monotonic()

    def is_quiet(self) -> bool:
        """Whether background work disturbs nobody now."""
        with self._lock:
            return self._calls == 0 and time.monotonic() >= self._quiet_since + QUIET_S
