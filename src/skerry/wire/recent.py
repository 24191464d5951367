"""Access keys are looked up once a second, not once a request."""

import time
from collections.abc import Callable

from skerry.wire.sigv4 import Secret

KEPT_S = 1.0
"""How long a key that was switched off may still sign, on top of requests under way."""
_MOST = 10_000


class RecentSecrets:
    """``secret_of`` with a short memory of keys that exist. Thread-safe."""

    def __init__(self, secret_of: Callable[[str], Secret | None]) -> None:
        self._secret_of = secret_of
        self._known: dict[
            str, tuple[Secret, float]
        ] = {}  # … and until when, by the monotonic clock

    def __call__(self, access_key_id: str) -> Secret | None:
        known = self._known.get(access_key_id)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        found = self._secret_of(access_key_id)
        if found is None:
            self._known.pop(access_key_id, None)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[access_key_id] = (found, time.monotonic() + KEPT_S)
        return found
